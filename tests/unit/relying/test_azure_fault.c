/* Each allocation of reading, verifying and writing evidence fails once: the status says so, no
 * facts come out, nothing leaks. */
#include "harness/cof_alloc_fail.h"
#include "harness/cof_test.h"
#include "rig/azure_rig.h"

enum { ROOM = 64 * 1024 };

static azure_rig snp;
static azure_rig tdx;

static int set_up(void **state)
{
    (void)state;
    assert_ok(azure_rig_make(&snp, AZURE_RIG_SNP, NULL));
    assert_ok(azure_rig_make(&tdx, AZURE_RIG_TDX, NULL));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    azure_rig_free(&snp);
    azure_rig_free(&tdx);
    return 0;
}

typedef struct attempt {
    const azure_rig *rig;
    cof_view evidence;
} attempt;

static cof_status verify(void *context)
{
    const attempt *a = context;
    const cof_evidence_input input = {.evidence = a->evidence,
                                      .collateral = a->rig->collateral,
                                      .roots = a->rig->pins,
                                      .root_count = a->rig->pin_count,
                                      .now_unix_s = AZURE_RIG_NOW};
    cof_facts facts = {0};
    const cof_status status = cof_evidence_verify(&input, &facts, NULL, NULL);
    assert_int_equal(facts.tee, status == COF_OK ? COF_TEE_AZURE_CVM : COF_TEE_NONE);
    return status;
}

static cof_status read_need(void *context)
{
    const attempt *a = context;
    cof_collateral_need need = {0};
    return cof_evidence_need(a->evidence, &need, NULL);
}

static cof_status read_and_print(void *context)
{
    const attempt *a = context;
    COF_CLEANUP(cof_azure_evidence_free) cof_azure_evidence evidence = {0};
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = ROOM};
    COF_TRY(cof_azure_evidence_parse(a->evidence, &evidence, NULL));
    return cof_azure_evidence_print(&evidence, &out, NULL);
}

static cof_status verify_info(void *context)
{
    const attempt *a = context;
    COF_CLEANUP(cof_azure_evidence_free) cof_azure_evidence evidence = {0};
    const cof_evidence_input input = {.evidence = a->evidence,
                                      .collateral = a->rig->collateral,
                                      .roots = a->rig->pins,
                                      .root_count = a->rig->pin_count,
                                      .now_unix_s = AZURE_RIG_NOW};
    cof_facts facts = {0};
    COF_TRY(cof_azure_attestation_info_parse(a->evidence, &evidence, NULL));
    return cof_azure_cvm_verify(&evidence, &input, &facts, NULL, NULL);
}

static void no_allocation_that_fails_makes_evidence_genuine(void **state)
{
    (void)state;
    static const azure_rig *const rigs[] = {&snp, &tdx};
    for (size_t i = 0; i < 2; i++) {
        COF_CLEANUP(cof_azure_evidence_free) cof_azure_evidence evidence = {0};
        COF_CLEANUP(cof_buf_free) cof_buf json = {.limit = ROOM};
        const azure_rig_options options = {.has_ak_certificate = true, .has_certificates = i == 0};
        assert_ok(azure_rig_evidence(rigs[i], &options, &evidence, NULL));
        assert_ok(cof_azure_evidence_print(&evidence, &json, NULL));
        attempt a = {.rig = rigs[i], .evidence = cof_buf_view(&json)};
        const cof_status none = COF_OK;
        assert_true(cof_alloc_fail_each(verify, &a, &none) > 50);
        assert_true(cof_alloc_fail_each(read_need, &a, &none) > 20);
        assert_true(cof_alloc_fail_each(read_and_print, &a, &none) > 20);
    }
}

static void nor_an_attestation_info(void **state)
{
    (void)state;
    static const azure_rig *const rigs[] = {&snp, &tdx};
    for (size_t i = 0; i < 2; i++) {
        COF_CLEANUP(cof_buf_free) cof_buf info = {.limit = ROOM};
        const azure_rig_options options = {.has_encryption_key = true};
        assert_ok(azure_rig_attestation_info(rigs[i], &options, &info, NULL));
        attempt a = {.rig = rigs[i], .evidence = cof_buf_view(&info)};
        assert_true(cof_alloc_fail_each(verify_info, &a, &(const cof_status){COF_OK}) > 50);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_allocation_that_fails_makes_evidence_genuine),
        cmocka_unit_test(nor_an_attestation_info),
    };
    cof_alloc_fail_hook_jansson();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
