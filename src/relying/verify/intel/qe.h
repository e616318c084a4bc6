/* Is the quoting enclave the one that Intel publishes, and does it vouch for the quote's
 * attestation key? */
#ifndef COF_VERIFY_QE_H
#define COF_VERIFY_QE_H

#include "relying/policy/checks.h"
#include "relying/verify/intel/quote.h"
#include "relying/verify/intel/tcb_info.h"

/**
 * The QE report: signed by the PCK key, initialised and not debuggable, made over the attestation
 * key and the authentication data (all 64 bytes of its report data).
 *
 * @param err  not NULL
 * @return COF_OK, COF_E_EVIDENCE_INVALID, COF_E_CRYPTO.
 */
COF_MUST_USE cof_status cof_qe_check_report(const cof_quote *quote, const cof_ec_key *pck_key,
                                            cof_checks *checks, cof_err *err);

/**
 * The QE report against the published identity: masked MISCSELECT and attributes, MRSIGNER, product
 * id, and the level that its security version reaches.
 *
 * @param out_level  borrows from identity
 * @return COF_OK, COF_E_EVIDENCE_INVALID (another enclave), COF_E_TCB_UNKNOWN (no level).
 */
COF_MUST_USE cof_status cof_qe_check_identity(const cof_sgx_report *qe_report,
                                              const cof_qe_identity *identity,
                                              const cof_svn_level **out_level, cof_checks *checks,
                                              cof_err *err);

#endif
