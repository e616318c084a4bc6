/* Runtime data (docs/formats/worker-protocol.md): the strict reader, and its binding to evidence.
 */
#ifndef COF_VERIFY_RUNTIME_H
#define COF_VERIFY_RUNTIME_H

#include "relying/policy/checks.h"
#include "relying/verify/intel/quote.h"
#include "tcb/crypto/digest.h"
#include "tcb/crypto/rsa.h"

enum { COF_RUN_ID_SIZE = 16, COF_RUNTIME_TEXT_SIZE = 33 };

/** What the enclave says about itself. Zeroed is valid and empty; free with cof_runtime_free. */
typedef struct cof_runtime {
    cof_rsa_key *transfer; /* coffer-transfer: what keys are wrapped to */
    cof_ec_key *sign;      /* coffer-sign: what signs the receipt */
    cof_digest contract;
    uint8_t run[COF_RUN_ID_SIZE];
    char kernel[COF_RUNTIME_TEXT_SIZE];
    char version[COF_RUNTIME_TEXT_SIZE];
} cof_runtime;

/**
 * Reads runtime data: canonical JSON with exactly the members and the two keys of the format.
 *
 * @return COF_OK, COF_E_LIMIT, COF_E_BAD_JSON, COF_E_BAD_FORMAT (members, order of keys, not
 * canonical), COF_E_BAD_KEY.
 */
COF_MUST_USE cof_status cof_runtime_parse(cof_view bytes, cof_runtime *out_runtime, cof_err *err);

/** Frees the keys and clears the rest. */
void cof_runtime_free(cof_runtime *runtime);

/**
 * Is the evidence for these bytes? All 64 bytes of report data are compared: SHA-256(bytes), then
 * zeros. Works for any runtime data, not only for the format above. Adds the check "binding".
 *
 * @return COF_OK, COF_E_EVIDENCE_BINDING, COF_E_CRYPTO.
 */
COF_MUST_USE cof_status
cof_runtime_check_binding(cof_view bytes, const uint8_t report_data[static COF_REPORT_DATA_SIZE],
                          cof_checks *checks, cof_err *err);

#endif
