/* The SGX extension of simulated PCK certificates: DER, written from the inside out. */
#include <string.h>

#include "local/platform/pki.h"
#include "tcb/wire/writer.h"

enum {
    DER_INTEGER = 0x02,
    DER_OCTETS = 0x04,
    DER_OID = 0x06,
    DER_ENUMERATED = 0x0a,
    DER_SEQUENCE = 0x30,
    PART_MAX = 1024
};

/* 1.2.840.113741.1.13.1, room for two more arcs */
static const uint8_t sgx_arcs[] = {0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01};

/* TCB components 1 to 16; the first is not zero, so that a reader which mixes them up is noticed.
 */
const uint8_t cof_pki_cpu_svn[COF_PKI_CPU_SVN_SIZE] = {1, 1, 2, 2, 0xff, 1};

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

/* SEQUENCE { OID arcs.suffix, value } */
static cof_status put_pair(cof_buf *out, cof_view suffix, uint8_t tag, cof_view content,
                           cof_err *err)
{
    uint8_t oid[sizeof sgx_arcs + 2];
    memcpy(oid, sgx_arcs, sizeof sgx_arcs);
    memcpy(oid + sizeof sgx_arcs, suffix.data, suffix.size);
    COF_CLEANUP(cof_buf_free) cof_buf pair = {0};
    cof_buf_init(&pair, PART_MAX);
    COF_TRY(put(&pair, DER_OID, cof_view_of(oid, sizeof sgx_arcs + suffix.size), err));
    COF_TRY(put(&pair, tag, content, err));
    return put(out, DER_SEQUENCE, cof_buf_view(&pair), err);
}

static cof_status put_member(cof_buf *out, uint8_t arc, uint8_t tag, cof_view content, cof_err *err)
{
    return put_pair(out, cof_view_of(&arc, 1), tag, content, err);
}

static cof_status put_tcb(cof_buf *out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf tcb = {0};
    cof_buf_init(&tcb, PART_MAX);
    for (size_t i = 0; i < COF_PKI_CPU_SVN_SIZE; i++) {
        const uint8_t arcs[2] = {2, (uint8_t)(i + 1)};
        const uint8_t number[2] = {0, cof_pki_cpu_svn[i]};
        /* A number from 0x80 needs a leading zero, else it would read as negative. */
        const size_t skip = number[1] < 0x80 ? 1 : 0;
        COF_TRY(put_pair(&tcb, cof_view_of(arcs, 2), DER_INTEGER,
                         cof_view_of(number + skip, 2 - skip), err));
    }
    static const uint8_t pce_svn[] = {13};
    static const uint8_t pce_svn_arcs[] = {2, 17};
    static const uint8_t cpu_svn_arcs[] = {2, 18};
    COF_TRY(
        put_pair(&tcb, cof_view_of(pce_svn_arcs, 2), DER_INTEGER, cof_view_of(pce_svn, 1), err));
    COF_TRY(put_pair(&tcb, cof_view_of(cpu_svn_arcs, 2), DER_OCTETS,
                     cof_view_of(cof_pki_cpu_svn, sizeof cof_pki_cpu_svn), err));
    return put_member(out, 2, DER_SEQUENCE, cof_buf_view(&tcb), err);
}

cof_status cof_pki_sgx_extension(const uint8_t ppid[static 16], cof_buf *out_der, cof_err *err)
{
    static const uint8_t zeros[6] = {0};
    COF_CLEANUP(cof_buf_free) cof_buf members = {0};
    cof_buf_init(&members, PART_MAX);
    COF_TRY(put_member(&members, 1, DER_OCTETS, cof_view_of(ppid, 16), err));
    COF_TRY(put_tcb(&members, err));
    COF_TRY(put_member(&members, 3, DER_OCTETS, cof_view_of(zeros, 2), err)); /* PCE id */
    COF_TRY(put_member(&members, 4, DER_OCTETS, cof_view_of(zeros, 6),
                       err)); /* FMSPC: no product of Intel's */
    COF_TRY(put_member(&members, 5, DER_ENUMERATED, cof_view_of(zeros, 1), err)); /* standard */
    return put(out_der, DER_SEQUENCE, cof_buf_view(&members), err);
}
