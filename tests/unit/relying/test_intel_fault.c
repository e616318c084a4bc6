/* Each allocation of reading Intel's documents fails once: the status says so, nothing leaks, and
 * what a caller holds stays as it was. */
#include <string.h>

#include "harness/cof_alloc_fail.h"
#include "harness/cof_test.h"
#include "relying/verify/collateral.h"
#include "relying/verify/intel/tcb_info.h"
#include "rig/intel_rig.h"

static intel_rig rig;
static cof_tcb_info info;
static cof_qe_identity identity;

static cof_status read_tcb(void *context)
{
    const cof_view text = cof_collateral_view(&rig.collateral, COF_COLLATERAL_TCB_INFO);
    cof_signed_json cut = {0};
    (void)context;
    memset(&info, 0, sizeof info);
    COF_TRY(cof_signed_json_cut(text, "tcbInfo", &cut, NULL));
    const cof_status status = cof_tcb_info_parse(cut.body, &info, NULL);
    assert_int_equal(info.level_count, status == COF_OK ? 2 : 0);
    return status;
}

static cof_status read_qe(void *context)
{
    const cof_view text = cof_collateral_view(&rig.collateral, COF_COLLATERAL_QE_IDENTITY);
    cof_signed_json cut = {0};
    (void)context;
    memset(&identity, 0, sizeof identity);
    COF_TRY(cof_signed_json_cut(text, "enclaveIdentity", &cut, NULL));
    const cof_status status = cof_qe_identity_parse(cut.body, &identity, NULL);
    assert_int_equal(identity.level_count, status == COF_OK ? 2 : 0);
    return status;
}

static void documents_without_memory_are_not_read(void **state)
{
    (void)state;
    assert_true(cof_alloc_fail_each(read_tcb, NULL, &(const cof_status){COF_OK}) > 100);
    assert_true(cof_alloc_fail_each(read_qe, NULL, &(const cof_status){COF_OK}) > 40);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    cof_alloc_fail_hook_jansson();
    const intel_rig_options options = {.form = INTEL_RIG_TDX_V4};
    if (intel_rig_make(&rig, &options, NULL) != COF_OK) {
        return 1;
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(documents_without_memory_are_not_read)};
    const int result = cmocka_run_group_tests(tests, NULL, NULL);
    intel_rig_free(&rig);
    return result;
}
