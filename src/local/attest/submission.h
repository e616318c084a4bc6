/* What a caller of the attestation service sends: evidence, and the data that it is about. */
#ifndef COF_LOCAL_SUBMISSION_H
#define COF_LOCAL_SUBMISSION_H

#include "local/attest/claims.h"

enum { COF_NONCE_BYTES = 256 };

/** A request taken apart; nothing of it is verified. Zeroed is empty. */
typedef struct cof_submission {
    json_t *body;
    cof_buf evidence; /* for AzureGuest: the AttestationInfo */
    cof_buf runtime_bytes;
    json_t *runtime;
    cof_buf init_bytes;
    json_t *init_time;
    bool has_init_time;
    char nonce[COF_NONCE_BYTES];
    const char *draft;      /* draftPolicyForAttestation: a policy's text; NULL: none */
    cof_attest_extra extra; /* points into the above */
} cof_submission;

/**
 * Reads {"quote" or "report","runtimeData":{"data","dataType"},"initTimeData":{…},"nonce",
 * "draftPolicyForAttestation"}; only the evidence must be there. For AzureGuest reads
 * {"AttestationInfo"}, in any case.
 *
 * @param s  zeroed; must stay where it is; freed by the caller, also after a failure
 * @return COF_OK, COF_E_BAD_JSON, COF_E_BAD_FORMAT, COF_E_LIMIT, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_submission_read(cof_attest_kind kind, cof_view text, cof_submission *s,
                                            cof_err *err);

/** Is there runtime data that the evidence must be bound to? */
bool cof_submission_has_runtime(const cof_submission *s);

/**
 * Is initTimeData, where there is some, what the guest was started with? Its SHA-256 is the first
 * half of CONFIGID (SGX), HOST_DATA (SEV-SNP), or MRCONFIGID before zeros (TDX, where SHA-384 over
 * all of it is taken too). Adds a check. @return COF_OK, COF_E_EVIDENCE_BINDING, COF_E_CRYPTO.
 */
COF_MUST_USE cof_status cof_submission_check_init_time(const cof_submission *s,
                                                       const cof_facts *facts, cof_checks *checks,
                                                       cof_err *err);

void cof_submission_free(cof_submission *s);

#endif
