/*
 * Is this SGX or TDX quote genuine? Structure, PCK chain under a pinned root, revocation lists, TCB
 * info, QE identity, the quoting enclave's report, the quote's own signature, the TDX module, the
 * TCB level. The order and the rules are those of Intel's quote verification; where that is lenient
 * (future dates, white space in signed JSON, debug quoting enclaves), this is not.
 *
 * A quote under a SIMULATED root has no collateral: it is verified as far as its signatures, and is
 * of type COF_TEE_SIMULATED, which only a policy that names that root accepts.
 */
#ifndef COF_VERIFY_DCAP_H
#define COF_VERIFY_DCAP_H

#include "relying/policy/checks.h"
#include "relying/verify/freshness.h"
#include "relying/verify/intel/intel_collateral.h"

/** What a quote is verified with. Zeroed members mean: none. */
typedef struct cof_dcap_input {
    cof_view quote;
    cof_intel_collateral *collateral; /* required under COF_ROOT_INTEL */
    const cof_root_pin *roots;
    size_t root_count;
    int64_t now_unix_s;
    cof_freshness *seen; /* older collateral is refused; noted on success. NULL: no memory */
} cof_dcap_input;

/**
 * Verifies a quote. Stops at the first failure; fills checks as far as it got. Fills of facts what
 * belongs to SGX and TDX: tee, hardware, root, evidence_digest, report_data, is_debuggable, tcb,
 * collateral, pck, sgx or td.
 *
 * @param checks     may be NULL
 * @param out_facts  written only on success
 * @return as cof_evidence_verify.
 */
COF_MUST_USE cof_status cof_dcap_verify(const cof_dcap_input *input, cof_facts *out_facts,
                                        cof_checks *checks, cof_err *err);

#endif
