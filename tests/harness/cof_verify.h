/* Verification of a quote without collateral, as the simulated platform's are. */
#ifndef TEST_COF_VERIFY_H
#define TEST_COF_VERIFY_H

#include "relying/verify/evidence.h"

static inline cof_status verify_quote(cof_view quote, const cof_root_pin *roots, size_t root_count,
                                      int64_t now_unix_s, cof_facts *out_facts, cof_checks *checks,
                                      cof_err *err)
{
    const cof_evidence_input input = {
        .evidence = quote, .roots = roots, .root_count = root_count, .now_unix_s = now_unix_s};
    return cof_evidence_verify(&input, out_facts, checks, err);
}

#endif
