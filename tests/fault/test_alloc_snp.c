/*
 * Each allocation of one verification of SNP evidence fails once, OpenSSL's included. A lack of
 * memory may look like evidence that is not genuine, but never makes evidence genuine: that all
 * signatures were verified is seen from evidence that has a wrong one.
 */
#include "harness/cof_alloc_fail.h"
#include "harness/cof_test.h"
#include "relying/verify/amd/snp.h"
#include "rig/amd_rig.h"
#include "tcb/wire/text.h"

typedef struct fixture {
    amd_rig rig;
    cof_buf evidence;
    cof_freshness seen;
    cof_facts facts;
    cof_checks checks;
} fixture;

static cof_status verify(void *context)
{
    fixture *with = context;
    cof_err err = {0};
    const cof_snp_input input = {.report = cof_buf_view(&with->rig.report),
                                 .collateral = &with->rig.collateral,
                                 .roots = with->rig.pins,
                                 .root_count = 3,
                                 .now_unix_s = AMD_RIG_NOW,
                                 .seen = &with->seen};
    with->checks = (cof_checks){0};
    with->facts.tee = COF_TEE_NONE;
    const cof_status status = cof_snp_verify(&input, &with->facts, &with->checks, &err);
    assert_int_equal(status == COF_OK, with->facts.tee == COF_TEE_SEV_SNP);
    assert_true(status != COF_OK || cof_checks_all_ok(&with->checks));
    return status;
}

/* Refused in every case: what comes back must be a refusal. */
static cof_status verify_forged(void *context)
{
    const cof_status status = verify(context);
    assert_int_not_equal(status, COF_OK);
    return status == COF_E_EVIDENCE_INVALID ? COF_OK : status;
}

static cof_status split(void *context)
{
    fixture *with = context;
    cof_view report = {0};
    COF_CLEANUP(cof_collateral_free) cof_collateral found = {0};
    return cof_snp_evidence_split(cof_buf_view(&with->evidence), &report, &found, NULL);
}

static cof_status split_json(void *context)
{
    fixture *with = context;
    COF_CLEANUP(cof_buf_free) cof_buf report = {.limit = COF_SNP_REPORT_SIZE};
    COF_CLEANUP(cof_collateral_free) cof_collateral found = {0};
    return cof_snp_json_split(cof_buf_view(&with->evidence), &report, &found, NULL);
}

/* What a lack of memory inside OpenSSL is taken for. */
static const cof_status also[] = {COF_E_EVIDENCE_INVALID,
                                  COF_E_EVIDENCE_UNTRUSTED,
                                  COF_E_COLLATERAL_INVALID,
                                  COF_E_COLLATERAL_MISMATCH,
                                  COF_E_CRYPTO,
                                  COF_OK};

static fixture with;

static void each_failing_allocation_ends_in_a_refusal(void **state)
{
    (void)state;
    const amd_rig_options options = {.is_chain_whole = true};
    assert_ok(amd_rig_make(&with.rig, &options, NULL));
    assert_ok(verify(&with));
    assert_true(cof_alloc_fail_each(verify, &with, also) > 100);
    assert_ok(verify(&with));
    amd_rig_free(&with.rig);
}

static void no_failing_allocation_makes_forged_evidence_genuine(void **state)
{
    (void)state;
    static const amd_rig_options forged[] = {
        {.report = {.late_patches = {{0x90, 1}}}},
        {.certificates = {[AMD_RIG_CA] = {.is_broken = true}}},
    };
    for (size_t i = 0; i < sizeof forged / sizeof forged[0]; i++) {
        assert_ok(amd_rig_make(&with.rig, &forged[i], NULL));
        assert_true(cof_alloc_fail_each(verify_forged, &with, also) > 100);
        amd_rig_free(&with.rig);
    }
}

static const cof_status only_memory[] = {COF_OK};

static void splitting_a_table_survives_each_failing_allocation(void **state)
{
    (void)state;
    /* Two certificates, whose content does not matter here, and the end. */
    static const uint8_t table[24 * 3 + 16] = {
        0x4a, 0xb7, 0xb3, 0x79, 0xbb, 0xac, 0x4f, 0xe4, 0xa0, 0x2f, 0x05, 0xae,
        0xf3, 0x27, 0xc7, 0x82, 72,   0,    0,    0,    9,    0,    0,    0,
        0xc0, 0xb4, 0x06, 0xa4, 0xa8, 0x03, 0x49, 0x52, 0x97, 0x43, 0x3f, 0xb6,
        0x01, 0x4c, 0xd0, 0xae, 75,   0,    0,    0,    9,    0,    0,    0};
    assert_ok(amd_rig_make(&with.rig, &(amd_rig_options){0}, NULL));
    with.evidence = (cof_buf){.limit = 4096};
    assert_ok(cof_buf_append(&with.evidence, cof_buf_view(&with.rig.report), NULL));
    assert_ok(cof_buf_append(&with.evidence, cof_view_of(table, sizeof table), NULL));
    assert_true(cof_alloc_fail_each(split, &with, only_memory) > 3);
    cof_buf_free(&with.evidence);
    amd_rig_free(&with.rig);
}

static void splitting_json_survives_each_failing_allocation(void **state)
{
    (void)state;
    const amd_rig_options options = {.is_chain_whole = true};
    assert_ok(amd_rig_make(&with.rig, &options, NULL));
    with.evidence = (cof_buf){.limit = 65536};
    assert_ok(cof_buf_append_text(&with.evidence, "{\"SnpReport\":\"", NULL));
    assert_ok(cof_base64url_encode(cof_buf_view(&with.rig.report), &with.evidence, NULL));
    assert_ok(cof_buf_append_text(&with.evidence, "\",\"VcekCertChain\":\"", NULL));
    assert_ok(cof_base64url_encode(
        cof_collateral_view(&with.rig.collateral, COF_COLLATERAL_AMD_CHAIN), &with.evidence, NULL));
    assert_ok(cof_buf_append_text(&with.evidence, "\"}", NULL));
    assert_true(cof_alloc_fail_each(split_json, &with, only_memory) > 10);
    cof_buf_free(&with.evidence);
    amd_rig_free(&with.rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_failing_allocation_ends_in_a_refusal),
        cmocka_unit_test(no_failing_allocation_makes_forged_evidence_genuine),
        cmocka_unit_test(splitting_a_table_survives_each_failing_allocation),
        cmocka_unit_test(splitting_json_survives_each_failing_allocation),
    };
    if (!cof_alloc_fail_hook_openssl()) {
        return 1;
    }
    cof_alloc_fail_hook_jansson();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
