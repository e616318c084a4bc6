/* One verification of a report that the AMD rig made. */
#ifndef TEST_SNP_CASE_H
#define TEST_SNP_CASE_H

#include "harness/cof_test.h"
#include "relying/verify/amd/snp.h"
#include "rig/amd_rig.h"

static inline cof_status snp_verify(const amd_rig *rig, int64_t now_unix_s, cof_freshness *seen,
                                    cof_facts *facts, cof_checks *checks, cof_err *err)
{
    const cof_snp_input input = {.report = cof_buf_view(&rig->report),
                                 .collateral = &rig->collateral,
                                 .roots = rig->pins,
                                 .root_count = 3,
                                 .now_unix_s = now_unix_s,
                                 .seen = seen};
    *checks = (cof_checks){0};
    *err = (cof_err){0};
    return cof_snp_verify(&input, facts, checks, err);
}

#endif
