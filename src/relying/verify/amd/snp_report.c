#include "relying/verify/amd/snp_report.h"

#include <string.h>

#include "tcb/wire/reader.h"

enum {
    VERSION_FIRST = 2,
    VERSION_CPUID = 3,       /* from here on the report names its processor */
    VERSION_MITIGATIONS = 5, /* from here on the mitigation vectors are there */
    VERSION_LAST = 5,
    ALGORITHM_ECDSA_P384_SHA384 = 1,
    SIGNATURE_COMPONENT_SIZE = 72,
    SIGNATURE_TAIL_SIZE = 368
};

/* POLICY: bits 26 and up are reserved. The guest's owner chose it: an unknown bit is an unknown
 * wish. */
#define POLICY_KNOWN ((UINT64_C(1) << 26) - 1)

/* KEY_INFO */
#define KEY_INFO_AUTHOR        UINT32_C(1)
#define KEY_INFO_MASKED        UINT32_C(2)
#define KEY_INFO_SIGNER_SHIFT  2
#define KEY_INFO_SIGNER_MASK   UINT32_C(7)
#define KEY_INFO_RESERVED_MASK (~UINT32_C(0x1f))

const char *cof_snp_product_name(cof_snp_product product)
{
    switch (product) {
    case COF_SNP_MILAN:
        return "Milan";
    case COF_SNP_GENOA:
        return "Genoa";
    case COF_SNP_TURIN:
        return "Turin";
    case COF_SNP_NONE:
        break;
    }
    return "none";
}

cof_snp_tcb cof_snp_tcb_of(uint64_t version, cof_snp_product product)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(version >> (8 * i));
    }
    if (product == COF_SNP_TURIN) {
        return (cof_snp_tcb){.fmc = bytes[0],
                             .bootloader = bytes[1],
                             .tee = bytes[2],
                             .snp = bytes[3],
                             .microcode = bytes[7]};
    }
    return (cof_snp_tcb){
        .bootloader = bytes[0], .tee = bytes[1], .snp = bytes[6], .microcode = bytes[7]};
}

uint64_t cof_snp_tcb_reserved(cof_snp_product product)
{
    return product == COF_SNP_TURIN ? UINT64_C(0x00ffffff00000000) : UINT64_C(0x0000ffffffff0000);
}

/* Reserved means zero: what gets a meaning one day must not be accepted by a reader that does not
 * know it. */
static cof_status read_reserved(cof_reader *reader, size_t size, cof_err *err)
{
    cof_view bytes = {0};
    COF_TRY(cof_read_view(reader, size, &bytes, err));
    for (size_t i = 0; i < bytes.size; i++) {
        if (bytes.data[i] != 0) {
            return COF_FAIL(err, BAD_FORMAT, "SNP report: reserved byte 0x%03zx is not zero",
                            reader->position - size + i);
        }
    }
    return COF_OK;
}

static cof_status product_of(const cof_snp_report *report, cof_snp_product *out, cof_err *err)
{
    const uint8_t family = report->cpuid_family;
    const uint8_t model = report->cpuid_model;
    if (family == 0x19 && model <= 0x0f) {
        *out = COF_SNP_MILAN;
    } else if (family == 0x19 && ((model >= 0x10 && model <= 0x1f) || (model & 0xf0) == 0xa0)) {
        *out = COF_SNP_GENOA;
    } else if (family == 0x1a && model <= 0x1f) {
        *out = COF_SNP_TURIN;
    } else {
        return COF_FAIL(err, UNSUPPORTED,
                        "SNP report: a processor of family 0x%02x, model 0x%02x is not known",
                        family, model);
    }
    return COF_OK;
}

static cof_status read_key_info(cof_reader *reader, cof_snp_report *report, cof_err *err)
{
    uint32_t key_info = 0;
    COF_TRY(cof_read_u32le(reader, &key_info, err));
    if ((key_info & KEY_INFO_RESERVED_MASK) != 0) {
        return COF_FAIL(err, BAD_FORMAT, "SNP report: key info 0x%08x", key_info);
    }
    const uint32_t signer = key_info >> KEY_INFO_SIGNER_SHIFT & KEY_INFO_SIGNER_MASK;
    if (signer != COF_SNP_VCEK && signer != COF_SNP_VLEK) {
        return COF_FAIL(err, UNSUPPORTED, "SNP report: signing key %u, expected 0 or 1", signer);
    }
    report->has_author_key = (key_info & KEY_INFO_AUTHOR) != 0;
    report->is_chip_masked = (key_info & KEY_INFO_MASKED) != 0;
    report->signer = signer == COF_SNP_VLEK ? COF_SNP_VLEK : COF_SNP_VCEK;
    return COF_OK;
}

/* 0x000 to 0x04f */
static cof_status read_head(cof_reader *reader, cof_snp_report *report, cof_err *err)
{
    uint32_t algorithm = 0;
    COF_TRY(cof_read_u32le(reader, &report->version, err));
    if (report->version < VERSION_FIRST || report->version > VERSION_LAST) {
        return COF_FAIL(err, BAD_VERSION, "SNP report: version %u, expected %d to %d",
                        report->version, VERSION_FIRST, VERSION_LAST);
    }
    COF_TRY(cof_read_u32le(reader, &report->guest_svn, err));
    COF_TRY(cof_read_u64le(reader, &report->policy, err));
    if ((report->policy & COF_SNP_POLICY_RESERVED_ONE) == 0 ||
        (report->policy & ~POLICY_KNOWN) != 0) {
        return COF_FAIL(err, BAD_FORMAT, "SNP report: policy 0x%016llx",
                        (unsigned long long)report->policy);
    }
    COF_TRY(cof_read_copy(reader, report->family_id, sizeof report->family_id, err));
    COF_TRY(cof_read_copy(reader, report->image_id, sizeof report->image_id, err));
    COF_TRY(cof_read_u32le(reader, &report->vmpl, err));
    COF_TRY(cof_read_u32le(reader, &algorithm, err));
    if (algorithm != ALGORITHM_ECDSA_P384_SHA384) {
        return COF_FAIL(err, UNSUPPORTED, "SNP report: signature algorithm %u, expected 1",
                        algorithm);
    }
    COF_TRY(cof_read_u64le(reader, &report->current_tcb, err));
    /* What the processor has switched on: firmware adds bits (Turin's sets bit 6, which has no
     * published name), so unknown ones are not refused. A policy names those that it needs. */
    COF_TRY(cof_read_u64le(reader, &report->platform_info, err));
    COF_TRY(read_key_info(reader, report, err));
    return read_reserved(reader, 4, err);
}

/* 0x050 to 0x187 */
static cof_status read_identities(cof_reader *reader, cof_snp_report *report, cof_err *err)
{
    COF_TRY(cof_read_copy(reader, report->report_data, sizeof report->report_data, err));
    COF_TRY(cof_read_copy(reader, report->measurement, sizeof report->measurement, err));
    COF_TRY(cof_read_copy(reader, report->host_data, sizeof report->host_data, err));
    COF_TRY(cof_read_copy(reader, report->id_key_digest, sizeof report->id_key_digest, err));
    COF_TRY(
        cof_read_copy(reader, report->author_key_digest, sizeof report->author_key_digest, err));
    COF_TRY(cof_read_copy(reader, report->report_id, sizeof report->report_id, err));
    COF_TRY(cof_read_copy(reader, report->report_id_ma, sizeof report->report_id_ma, err));
    return cof_read_u64le(reader, &report->reported_tcb, err);
}

/* 0x188 to 0x1df */
static cof_status read_processor(cof_reader *reader, cof_snp_report *report, cof_err *err)
{
    if (report->version >= VERSION_CPUID) {
        COF_TRY(cof_read_u8(reader, &report->cpuid_family, err));
        COF_TRY(cof_read_u8(reader, &report->cpuid_model, err));
        COF_TRY(cof_read_u8(reader, &report->cpuid_stepping, err));
        COF_TRY(product_of(report, &report->product, err));
        COF_TRY(read_reserved(reader, 21, err));
    } else {
        COF_TRY(read_reserved(reader, 24, err));
    }
    return cof_read_copy(reader, report->chip_id, sizeof report->chip_id, err);
}

/* 0x1e0 to 0x29f */
static cof_status read_firmware(cof_reader *reader, cof_snp_report *report, cof_err *err)
{
    COF_TRY(cof_read_u64le(reader, &report->committed_tcb, err));
    COF_TRY(cof_read_u8(reader, &report->current_build, err));
    COF_TRY(cof_read_u8(reader, &report->current_minor, err));
    COF_TRY(cof_read_u8(reader, &report->current_major, err));
    COF_TRY(read_reserved(reader, 1, err));
    COF_TRY(cof_read_u8(reader, &report->committed_build, err));
    COF_TRY(cof_read_u8(reader, &report->committed_minor, err));
    COF_TRY(cof_read_u8(reader, &report->committed_major, err));
    COF_TRY(read_reserved(reader, 1, err));
    COF_TRY(cof_read_u64le(reader, &report->launch_tcb, err));
    if (report->version >= VERSION_MITIGATIONS) {
        COF_TRY(cof_read_u64le(reader, &report->launch_mitigations, err));
        COF_TRY(cof_read_u64le(reader, &report->current_mitigations, err));
    } else {
        COF_TRY(read_reserved(reader, 16, err));
    }
    return read_reserved(reader, COF_SNP_SIGNED_SIZE - reader->position, err);
}

/* R or S: 72 bytes, little endian, of which P-384 fills 48. */
static cof_status read_scalar(cof_reader *reader, uint8_t out[static COF_SNP_SCALAR_SIZE],
                              cof_err *err)
{
    uint8_t little[COF_SNP_SCALAR_SIZE];
    COF_TRY(cof_read_copy(reader, little, sizeof little, err));
    for (size_t i = 0; i < sizeof little; i++) {
        out[i] = little[sizeof little - 1 - i];
    }
    return read_reserved(reader, SIGNATURE_COMPONENT_SIZE - COF_SNP_SCALAR_SIZE, err);
}

cof_status cof_snp_report_parse(cof_view bytes, cof_snp_report *out, cof_err *err)
{
    cof_snp_report report = {.product = COF_SNP_NONE};
    cof_reader reader = cof_reader_of(bytes);
    COF_TRY(read_head(&reader, &report, err));
    COF_TRY(read_identities(&reader, &report, err));
    COF_TRY(read_processor(&reader, &report, err));
    COF_TRY(read_firmware(&reader, &report, err));
    COF_TRY(read_scalar(&reader, report.r, err));
    COF_TRY(read_scalar(&reader, report.s, err));
    COF_TRY(read_reserved(&reader, SIGNATURE_TAIL_SIZE, err));
    COF_TRY(cof_reader_finish(&reader, err));
    *out = report;
    return COF_OK;
}
