/* TPM 2.0 quotes (TPM 2.0 Library Specification, part 2, 10.12: TPMS_ATTEST): a strict reader. */
#ifndef COF_VERIFY_TPM_QUOTE_H
#define COF_VERIFY_TPM_QUOTE_H

#include "tcb/base/buf.h"
#include "tcb/crypto/digest.h"

enum { COF_PCR_COUNT = 24, COF_TPM_EXTRA_MAX = 64, COF_TPM_QUOTE_MAX = 1024 };

/** Platform configuration registers of the SHA-256 bank. Bit i of mask: values[i] is there. */
typedef struct cof_pcrs {
    uint32_t mask;
    cof_digest values[COF_PCR_COUNT];
} cof_pcrs;

typedef struct cof_tpm_quote {
    uint8_t extra[COF_TPM_EXTRA_MAX]; /* extraData: what was quoted over */
    size_t extra_size;
    uint64_t clock;
    uint32_t reset_count, restart_count;
    bool is_clock_safe;
    uint64_t firmware_version;
    uint32_t pcr_mask; /* SHA-256 bank only; bit i: PCR i */
    cof_digest pcr_digest;
} cof_tpm_quote;

/**
 * Reads a TPMS_ATTEST: magic, type QUOTE, exactly one selection, of the SHA-256 bank, nothing left
 * over. @return COF_OK, COF_E_LIMIT, COF_E_TRUNCATED, COF_E_TRAILING_BYTES, COF_E_BAD_FORMAT,
 * COF_E_UNSUPPORTED (another bank, or several).
 */
COF_MUST_USE cof_status cof_tpm_quote_parse(cof_view bytes, cof_tpm_quote *out, cof_err *err);

/** Do these values give the quote's digest, for exactly the PCRs that it selects? @return COF_OK,
 * COF_E_EVIDENCE_INVALID, COF_E_CRYPTO. */
COF_MUST_USE cof_status cof_tpm_quote_check_pcrs(const cof_tpm_quote *quote, const cof_pcrs *pcrs,
                                                 cof_err *err);

#endif
