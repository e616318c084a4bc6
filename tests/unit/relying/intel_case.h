/* One verification of a quote of the Intel rig. */
#ifndef TEST_INTEL_CASE_H
#define TEST_INTEL_CASE_H

#include "harness/cof_test.h"
#include "relying/verify/intel/dcap.h"
#include "rig/intel_rig.h"

/** Verifies the rig's quote under its own root, with collateral opened anew. */
static inline cof_status intel_verify(const intel_rig *rig, cof_view quote, int64_t now_unix_s,
                                      cof_facts *facts, cof_checks *checks, cof_err *err)
{
    COF_CLEANUP(cof_intel_collateral_drop_) cof_intel_collateral *collateral = NULL;
    assert_ok(cof_intel_collateral_new(&rig->collateral, &rig->pin, &collateral, NULL));
    const cof_dcap_input input = {.quote = quote,
                                  .collateral = collateral,
                                  .roots = &rig->pin,
                                  .root_count = 1,
                                  .now_unix_s = now_unix_s};
    return cof_dcap_verify(&input, facts, checks, err);
}

/** Makes evidence, verifies it, and gives what it says. Fails the test when it does not verify. */
static inline void intel_facts(const intel_rig_options *options, cof_facts *facts)
{
    intel_rig rig;
    cof_err err = {0};
    assert_ok(intel_rig_make(&rig, options, NULL));
    const cof_status status =
        intel_verify(&rig, cof_buf_view(&rig.quote), INTEL_RIG_NOW, facts, NULL, &err);
    if (status != COF_OK) {
        fail_msg("%s: %s", cof_status_describe(status)->name, err.detail);
    }
    intel_rig_free(&rig);
}

#endif
