/*
 * Each allocation of one verification of Intel evidence fails once, OpenSSL's included. A lack of
 * memory may look like evidence or collateral that is not genuine, but never makes either genuine:
 * forged evidence is refused whichever allocation fails.
 */
#include <string.h>

#include "harness/cof_alloc_fail.h"
#include "unit/relying/intel_case.h"

typedef struct fixture {
    intel_rig rig;
    cof_freshness seen;
    cof_freshness before;
    cof_facts facts;
    cof_checks checks;
} fixture;

static fixture with;

static cof_status verify(void *context)
{
    fixture *now = context;
    cof_err err = {0};
    COF_CLEANUP(cof_intel_collateral_drop_) cof_intel_collateral *collateral = NULL;
    now->checks = (cof_checks){0};
    now->facts.tee = COF_TEE_NONE;
    now->before = now->seen;
    COF_TRY(cof_intel_collateral_new(&now->rig.collateral, &now->rig.pin, &collateral, &err));
    const cof_dcap_input input = {.quote = cof_buf_view(&now->rig.quote),
                                  .collateral = collateral,
                                  .roots = &now->rig.pin,
                                  .root_count = 1,
                                  .now_unix_s = INTEL_RIG_NOW,
                                  .seen = &now->seen};
    const cof_status status = cof_dcap_verify(&input, &now->facts, &now->checks, &err);
    assert_int_equal(status == COF_OK, now->facts.tee == COF_TEE_TDX);
    assert_true(status != COF_OK || cof_checks_all_ok(&now->checks));
    if (status != COF_OK) {
        assert_memory_equal(&now->seen, &now->before, sizeof now->seen);
    }
    return status;
}

/* Refused in every case: what comes back must be a refusal. */
static cof_status verify_forged(void *context)
{
    const cof_status status = verify(context);
    assert_int_not_equal(status, COF_OK);
    const bool is_the_right_one = status == COF_E_EVIDENCE_INVALID ||
                                  status == COF_E_EVIDENCE_REVOKED ||
                                  status == COF_E_COLLATERAL_INVALID;
    return is_the_right_one ? COF_OK : status;
}

/* What a lack of memory inside OpenSSL is taken for. */
static const cof_status also[] = {COF_E_EVIDENCE_INVALID,
                                  COF_E_EVIDENCE_UNTRUSTED,
                                  COF_E_COLLATERAL_INVALID,
                                  COF_E_COLLATERAL_MISMATCH,
                                  COF_E_EVIDENCE_REVOKED,
                                  COF_E_CRYPTO,
                                  COF_OK};

static void each_failing_allocation_ends_in_a_refusal(void **state)
{
    (void)state;
    assert_ok(intel_rig_make(&with.rig, &(intel_rig_options){.form = INTEL_RIG_TDX_V5_1_5}, NULL));
    assert_ok(verify(&with));
    assert_true(cof_alloc_fail_each(verify, &with, also) > 100);
    assert_ok(verify(&with));
    intel_rig_free(&with.rig);
}

static void no_failing_allocation_makes_forged_evidence_genuine(void **state)
{
    (void)state;
    static const intel_rig_options forged[] = {
        {.form = INTEL_RIG_TDX_V4, .quote.late_patches = {{200, 1}}},
        {.form = INTEL_RIG_TDX_V4, .pck_crl.revoked = {INTEL_RIG_LEAF}},
        {.form = INTEL_RIG_TDX_V4, .tcb.document.signed_by = INTEL_RIG_STRANGER},
    };
    for (size_t i = 0; i < sizeof forged / sizeof forged[0]; i++) {
        assert_ok(intel_rig_make(&with.rig, &forged[i], NULL));
        assert_true(cof_alloc_fail_each(verify_forged, &with, also) > 100);
        intel_rig_free(&with.rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_failing_allocation_ends_in_a_refusal),
        cmocka_unit_test(no_failing_allocation_makes_forged_evidence_genuine),
    };
    if (!cof_alloc_fail_hook_openssl()) {
        return 1;
    }
    cof_alloc_fail_hook_jansson();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
