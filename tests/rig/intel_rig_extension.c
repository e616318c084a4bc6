/* The SGX extension of PCK certificates: DER, written from the inside out. */
#include <string.h>

#include "rig/intel_rig_parts.h"
#include "tcb/wire/writer.h"

enum {
    DER_BOOLEAN = 0x01,
    DER_INTEGER = 0x02,
    DER_OCTETS = 0x04,
    DER_OID = 0x06,
    DER_ENUMERATED = 0x0a,
    DER_SEQUENCE = 0x30
};

const uint8_t intel_rig_components[16] = {11, 11, 2, 2, 255, 1, 0, 3};
const uint8_t intel_rig_fmspc[6] = {0x00, 0x80, 0x6f, 0x05, 0x00, 0x00};

static cof_status put(cof_buf *out, uint8_t tag, cof_view content, cof_err *err)
{
    COF_TRY(cof_write_u8(out, tag, err));
    if (content.size >= 0x100) {
        COF_TRY(cof_write_u8(out, 0x82, err));
        COF_TRY(cof_write_u8(out, (uint8_t)(content.size >> 8), err));
    } else if (content.size >= 0x80) {
        COF_TRY(cof_write_u8(out, 0x81, err));
    }
    COF_TRY(cof_write_u8(out, (uint8_t)content.size, err));
    return cof_buf_append(out, content, err);
}

/* SEQUENCE { OID 1.2.840.113741.1.13.1.arc[.sub], value }; sub 0: none. */
static cof_status put_pair(cof_buf *out, uint8_t arc, uint8_t sub, uint8_t tag, cof_view content,
                           cof_err *err)
{
    const uint8_t oid[] = {0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01, arc, sub};
    COF_CLEANUP(cof_buf_free) cof_buf pair = {.limit = INTEL_RIG_DER_MAX};
    COF_TRY(put(&pair, DER_OID, cof_view_of(oid, sizeof oid - (sub == 0 ? 1 : 0)), err));
    COF_TRY(put(&pair, tag, content, err));
    return put(out, DER_SEQUENCE, cof_buf_view(&pair), err);
}

static cof_status put_number(cof_buf *out, uint8_t sub, uint16_t number, cof_err *err)
{
    const uint8_t bytes[3] = {0, (uint8_t)(number >> 8), (uint8_t)number};
    size_t skip = number < 0x100 ? 2 : 1;
    /* A number whose first bit is set needs a leading zero, else it would read as negative. */
    skip -= bytes[skip] >= 0x80 ? 1 : 0;
    return put_pair(out, 2, sub, DER_INTEGER, cof_view_of(bytes + skip, 3 - skip), err);
}

static cof_status put_tcb(const intel_rig_platform *platform, cof_buf *out, cof_err *err)
{
    const uint8_t *components =
        platform->components == NULL ? intel_rig_components : platform->components;
    const uint8_t *cpu_svn = platform->cpu_svn == NULL ? components : platform->cpu_svn;
    COF_CLEANUP(cof_buf_free) cof_buf tcb = {.limit = INTEL_RIG_DER_MAX};
    for (uint8_t i = 0; i < 16; i++) {
        COF_TRY(put_number(&tcb, (uint8_t)(i + 1), components[i], err));
    }
    COF_TRY(
        put_number(&tcb, 17, platform->pce_svn == 0 ? INTEL_RIG_PCE_SVN : platform->pce_svn, err));
    COF_TRY(put_pair(&tcb, 2, 18, DER_OCTETS, cof_view_of(cpu_svn, 16), err));
    return put_pair(out, 2, 0, DER_SEQUENCE, cof_buf_view(&tcb), err);
}

/* What only the Platform CA certifies. */
static cof_status put_platform(const intel_rig_platform *platform, cof_buf *out, cof_err *err)
{
    static const uint8_t instance[16] = {0x9a, 1, 2, 3};
    const bool truths[3] = {!platform->is_static, !platform->has_no_cached_keys,
                            !platform->is_smt_disabled};
    COF_CLEANUP(cof_buf_free) cof_buf configuration = {.limit = INTEL_RIG_DER_MAX};
    COF_TRY(put_pair(out, 6, 0, DER_OCTETS, cof_view_of(instance, sizeof instance), err));
    for (uint8_t i = 0; i < 3; i++) {
        const uint8_t truth = truths[i] ? 0xff : 0;
        COF_TRY(put_pair(&configuration, 7, (uint8_t)(i + 1), DER_BOOLEAN, cof_view_of(&truth, 1),
                         err));
    }
    return put_pair(out, 7, 0, DER_SEQUENCE, cof_buf_view(&configuration), err);
}

cof_status intel_rig_sgx_extension(const intel_rig_platform *platform, cof_buf *out, cof_err *err)
{
    static const uint8_t ppid[16] = {0x70, 0x70, 0x69, 0x64};
    static const uint8_t zeros[2] = {0};
    if (platform->extension.data != NULL) {
        return cof_buf_append(out, platform->extension, err);
    }
    const uint8_t *pce_id = platform->pce_id == NULL ? zeros : platform->pce_id;
    const uint8_t *fmspc = platform->fmspc == NULL ? intel_rig_fmspc : platform->fmspc;
    COF_CLEANUP(cof_buf_free) cof_buf members = {.limit = INTEL_RIG_DER_MAX};
    COF_TRY(put_pair(&members, 1, 0, DER_OCTETS, cof_view_of(ppid, sizeof ppid), err));
    COF_TRY(put_tcb(platform, &members, err));
    COF_TRY(put_pair(&members, 3, 0, DER_OCTETS, cof_view_of(pce_id, 2), err));
    COF_TRY(put_pair(&members, 4, 0, DER_OCTETS, cof_view_of(fmspc, 6), err));
    COF_TRY(put_pair(&members, 5, 0, DER_ENUMERATED, cof_view_of(&platform->sgx_type, 1), err));
    if (!platform->is_processor_ca) {
        COF_TRY(put_platform(platform, &members, err));
    }
    return put(out, DER_SEQUENCE, cof_buf_view(&members), err);
}
