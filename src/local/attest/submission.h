/* What a caller of the attestation service sends: a quote, and the data that it is about. */
#ifndef COF_LOCAL_SUBMISSION_H
#define COF_LOCAL_SUBMISSION_H

#include "local/attest/claims.h"

enum { COF_NONCE_BYTES = 256 };

/** A request taken apart; nothing of it is verified. Zeroed is empty. */
typedef struct cof_submission {
    json_t *body;
    cof_buf quote;
    cof_buf runtime_bytes;
    json_t *runtime;
    cof_buf init_bytes;
    json_t *init_time;
    char nonce[COF_NONCE_BYTES];
    cof_attest_extra extra; /* points into the above */
} cof_submission;

/**
 * Reads {"quote","runtimeData":{"data","dataType"},"initTimeData":{…},"nonce"}; only quote must be
 * there.
 *
 * @param s  zeroed; must stay where it is; freed by the caller, also after a failure
 * @return COF_OK, COF_E_BAD_JSON, COF_E_BAD_FORMAT, COF_E_LIMIT, COF_E_UNSUPPORTED (a draft
 * policy), COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_submission_read(cof_view text, cof_submission *s, cof_err *err);

/** Is there runtime data that the quote must be bound to? */
bool cof_submission_has_runtime(const cof_submission *s);

/** Is initTimeData, where there is some, what the enclave was configured with? @return COF_OK,
 * COF_E_EVIDENCE_BINDING, COF_E_CRYPTO. */
COF_MUST_USE cof_status cof_submission_check_init_time(const cof_submission *s,
                                                       const cof_facts *facts, cof_err *err);

void cof_submission_free(cof_submission *s);

#endif
