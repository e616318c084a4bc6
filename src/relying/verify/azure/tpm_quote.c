#include "relying/verify/azure/tpm_quote.h"

#include <string.h>

#include "relying/verify/azure/tpm_attest.h"

enum { SELECTION_BYTES = 3 };

/* TPML_PCR_SELECTION with one element. A quote over other banks as well would say more than its
 * digest of one bank proves, and one over nothing would say nothing. */
static cof_status read_selection(cof_reader *reader, uint32_t *out_mask, cof_err *err)
{
    uint32_t count = 0;
    uint16_t bank = 0;
    uint8_t size = 0;
    uint8_t bits[SELECTION_BYTES];
    COF_TRY(cof_read_u32be(reader, &count, err));
    if (count != 1) {
        return COF_FAIL(err, UNSUPPORTED, "a TPM quote over %u banks of PCRs", (unsigned)count);
    }
    COF_TRY(cof_tpm_read_u16(reader, &bank, err));
    if (bank != COF_TPM_ALG_SHA256) {
        return COF_FAIL(err, UNSUPPORTED, "a TPM quote over the PCRs of bank 0x%04x", bank);
    }
    COF_TRY(cof_read_u8(reader, &size, err));
    if (size != SELECTION_BYTES) {
        return COF_FAIL(err, BAD_FORMAT, "a TPM quote's selection of %u bytes", size);
    }
    COF_TRY(cof_read_copy(reader, bits, sizeof bits, err));
    *out_mask = bits[0] | (uint32_t)bits[1] << 8 | (uint32_t)bits[2] << 16;
    if (*out_mask == 0) {
        return COF_FAIL(err, BAD_FORMAT, "a TPM quote that selects no PCR");
    }
    return COF_OK;
}

cof_status cof_tpm_quote_parse(cof_view bytes, cof_tpm_quote *out, cof_err *err)
{
    if (bytes.size > COF_TPM_QUOTE_MAX) {
        return COF_FAIL(err, LIMIT, "a TPM quote of %zu bytes, at most %d", bytes.size,
                        COF_TPM_QUOTE_MAX);
    }
    cof_tpm_quote quote = {0};
    cof_tpm_attest attest = {0};
    cof_reader reader = cof_reader_of(bytes);
    cof_view digest = {0};
    COF_TRY(cof_tpm_attest_read(&reader, COF_TPM_ST_ATTEST_QUOTE, &attest, err));
    COF_TRY(read_selection(&reader, &quote.pcr_mask, err));
    COF_TRY(cof_tpm_read_sized(&reader, sizeof quote.pcr_digest.bytes, &digest, err));
    COF_TRY(cof_reader_finish(&reader, err));
    if (digest.size != sizeof quote.pcr_digest.bytes) {
        return COF_FAIL(err, BAD_FORMAT, "a TPM quote's PCR digest of %zu bytes", digest.size);
    }
    memcpy(quote.pcr_digest.bytes, digest.data, digest.size);
    if (attest.extra.size > 0) {
        memcpy(quote.extra, attest.extra.data, attest.extra.size);
    }
    quote.extra_size = attest.extra.size;
    quote.clock = attest.clock;
    quote.reset_count = attest.reset_count;
    quote.restart_count = attest.restart_count;
    quote.is_clock_safe = attest.is_clock_safe;
    quote.firmware_version = attest.firmware_version;
    *out = quote;
    return COF_OK;
}

cof_status cof_tpm_quote_check_pcrs(const cof_tpm_quote *quote, const cof_pcrs *pcrs, cof_err *err)
{
    if (pcrs->mask != quote->pcr_mask) {
        return COF_FAIL(err, EVIDENCE_INVALID, "the quote selects PCRs 0x%06x, values of 0x%06x",
                        (unsigned)quote->pcr_mask, (unsigned)pcrs->mask);
    }
    uint8_t values[COF_PCR_COUNT * COF_DIGEST_SIZE];
    size_t size = 0;
    for (size_t i = 0; i < COF_PCR_COUNT; i++) {
        if ((pcrs->mask >> i & 1) != 0) {
            memcpy(values + size, pcrs->values[i].bytes, COF_DIGEST_SIZE);
            size += COF_DIGEST_SIZE;
        }
    }
    cof_digest digest = {0};
    COF_TRY(cof_digest_of(cof_view_of(values, size), &digest, err));
    if (!cof_digest_equal(&digest, &quote->pcr_digest)) {
        return COF_FAIL(err, EVIDENCE_INVALID, "the PCR values are not those of the quote");
    }
    return COF_OK;
}
