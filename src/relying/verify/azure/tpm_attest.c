#include "relying/verify/azure/tpm_attest.h"

enum { EXTRA_MAX = 64 };

cof_status cof_tpm_read_u16(cof_reader *reader, uint16_t *out, cof_err *err)
{
    cof_view bytes = {0};
    COF_TRY(cof_read_view(reader, sizeof *out, &bytes, err));
    *out = (uint16_t)(bytes.data[0] << 8 | bytes.data[1]);
    return COF_OK;
}

cof_status cof_tpm_read_sized(cof_reader *reader, size_t max, cof_view *out, cof_err *err)
{
    uint16_t size = 0;
    COF_TRY(cof_tpm_read_u16(reader, &size, err));
    if (size > max) {
        return COF_FAIL(err, BAD_FORMAT, "TPM structure: a field of %u bytes, at most %zu", size,
                        max);
    }
    return cof_read_view(reader, size, out, err);
}

cof_status cof_tpm_read_name(cof_reader *reader, cof_view *out_digest, cof_err *err)
{
    cof_view name = {0};
    COF_TRY(cof_tpm_read_sized(reader, COF_TPM_NAME_SIZE, &name, err));
    if (name.size != COF_TPM_NAME_SIZE || name.data[0] != COF_TPM_ALG_SHA256 >> 8 ||
        name.data[1] != (COF_TPM_ALG_SHA256 & 0xff)) {
        return COF_FAIL(err, BAD_FORMAT, "TPM structure: a name that is not a SHA-256");
    }
    *out_digest = cof_view_of(name.data + 2, name.size - 2);
    return COF_OK;
}

static cof_status read_clock(cof_reader *reader, cof_tpm_attest *attest, cof_err *err)
{
    uint8_t safe = 0;
    COF_TRY(cof_read_u64be(reader, &attest->clock, err));
    COF_TRY(cof_read_u32be(reader, &attest->reset_count, err));
    COF_TRY(cof_read_u32be(reader, &attest->restart_count, err));
    COF_TRY(cof_read_u8(reader, &safe, err));
    if (safe > 1) {
        return COF_FAIL(err, BAD_FORMAT, "TPM structure: the clock's state is %u", safe);
    }
    attest->is_clock_safe = safe == 1;
    return COF_OK;
}

cof_status cof_tpm_attest_read(cof_reader *reader, uint16_t type, cof_tpm_attest *out, cof_err *err)
{
    cof_tpm_attest attest = {0};
    uint32_t magic = 0;
    uint16_t actual = 0;
    cof_view signer = {0};
    COF_TRY(cof_read_u32be(reader, &magic, err));
    /* Only what a TPM itself made starts so: a restricted key signs nothing else that does. */
    if (magic != COF_TPM_GENERATED) {
        return COF_FAIL(err, BAD_FORMAT, "TPM structure: magic 0x%08x", (unsigned)magic);
    }
    COF_TRY(cof_tpm_read_u16(reader, &actual, err));
    if (actual != type) {
        return COF_FAIL(err, BAD_FORMAT, "TPM structure: type 0x%04x, expected 0x%04x", actual,
                        type);
    }
    COF_TRY(cof_tpm_read_name(reader, &signer, err));
    COF_TRY(cof_tpm_read_sized(reader, EXTRA_MAX, &attest.extra, err));
    COF_TRY(read_clock(reader, &attest, err));
    COF_TRY(cof_read_u64be(reader, &attest.firmware_version, err));
    *out = attest;
    return COF_OK;
}
