/* Is what a caller of the attestation service sent genuine, and for this data? */
#ifndef COF_LOCAL_ATTEST_JUDGE_H
#define COF_LOCAL_ATTEST_JUDGE_H

#include "local/attest/guest.h"
#include "local/attest/submission.h"
#include "local/attest/warm.h"

/** What evidence is judged with. All is borrowed. */
typedef struct cof_attest_trust {
    const cof_root_pin *roots;
    size_t root_count;
    cof_collateral_source *collateral; /* NULL: none */
    cof_attest_warm *warm;             /* NULL: collateral is opened anew each time */
    cof_freshness *seen;
    int64_t now_unix_s;
} cof_attest_trust;

/**
 * Verifies the evidence, that it is of the kind, that it was made over the data that came along,
 * and that the vendor has not revoked the platform's TCB. What it says otherwise (a debuggable
 * enclave, a TCB that is out of date) is for policies to judge.
 *
 * @param guest  for COF_ATTEST_AZURE_GUEST: zeroed, is filled; freed by the caller, also after a
 * failure
 * @param checks  filled as far as it got
 * @return COF_OK, COF_E_PLATFORM_REFUSED (evidence of another kind), COF_E_EVIDENCE_BINDING,
 * COF_E_TCB_REVOKED, or as cof_evidence_verify.
 */
COF_MUST_USE cof_status cof_attest_judge(const cof_attest_trust *trust, cof_attest_kind kind,
                                         const cof_submission *s, cof_guest *guest,
                                         cof_facts *out_facts, cof_checks *checks, cof_err *err);

#endif
