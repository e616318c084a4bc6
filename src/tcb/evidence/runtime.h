/* Runtime data: what the enclave says about itself under its evidence
 * (docs/formats/worker-protocol.md). */
#ifndef COF_EVIDENCE_RUNTIME_H
#define COF_EVIDENCE_RUNTIME_H

#include "tcb/crypto/digest.h"
#include "tcb/crypto/ec.h"
#include "tcb/crypto/rsa.h"
#include "tcb/evidence/quote_source.h"

/** What goes into runtime data. All is borrowed; of the keys, only the public halves are printed.
 */
typedef struct cof_runtime_spec {
    const cof_rsa_key *transfer; /* kid coffer-transfer */
    const cof_ec_key *sign;      /* kid coffer-sign */
    cof_digest contract;
    uint8_t run[16];
    const char *kernel;  /* "scalar", "avx2", "avx512" */
    const char *version; /* of the worker */
} cof_runtime_spec;

/** Appends the runtime data, canonical JSON. @return COF_OK, COF_E_CRYPTO, COF_E_LIMIT,
 * COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_runtime_print(const cof_runtime_spec *spec, cof_buf *out, cof_err *err);

/** The report data that binds runtime data: SHA-256, then 32 zero bytes. @return COF_OK,
 * COF_E_CRYPTO. */
COF_MUST_USE cof_status cof_runtime_report_data(cof_view runtime,
                                                uint8_t out[static COF_QUOTE_REPORT_DATA_SIZE],
                                                cof_err *err);

#endif
