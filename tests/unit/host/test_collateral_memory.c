/* Out of memory is a status: each allocation of the readers of collateral fails once. */
#include "harness/cof_alloc_fail.h"
#include "harness/cof_test.h"

#include "host/collateral/answer.h"
#include "host/collateral/cache_entry.h"
#include "host/collateral/forms.h"
#include "relying/verify/bundle.h"

static const char bundle_text[] =
    "{\"fetched\":\"2027-01-01T00:00:00Z\",\"for\":{\"ca\":\"platform\",\"fmspc\":\"00906ed50000\","
    "\"hardware\":\"sgx\"},\"format\":\"coffer-collateral/1\",\"items\":{\"pck_crl.der\":\"MAA\","
    "\"tcbinfo.json\":\"e30\"}}";

static const char info_text[] =
    "{\"tcbInfo\":{\"id\":\"SGX\",\"issueDate\":\"2026-12-20T10:00:00Z\","
    "\"nextUpdate\":\"2027-01-19T10:00:00Z\",\"fmspc\":\"00906ED50000\","
    "\"tcbEvaluationDataNumber\":17,\"tcbLevels\":[]},\"signature\":\"00\"}";

static cof_status read_bundle(void *context)
{
    COF_CLEANUP(cof_bundle_free) cof_bundle bundle = {0};
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_BUNDLE_MAX};
    (void)context;
    COF_TRY(cof_bundle_parse(cof_view_text(bundle_text), &bundle, NULL));
    return cof_bundle_print(&bundle, &text, NULL);
}

static cof_status read_answer(void *context)
{
    COF_CLEANUP(cof_collateral_free) cof_collateral items = {0};
    (void)context;
    return cof_answer_item(COF_COLLATERAL_TCB_INFO, cof_view_text(info_text), &items, NULL);
}

static cof_status read_header(void *context)
{
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 4096};
    (void)context;
    return cof_form_chain_header("-----BEGIN%20CERTIFICATE-----%0AMAMC+QU%3D%0A"
                                 "-----END%20CERTIFICATE-----%0A",
                                 &out, NULL);
}

static cof_status read_entry(void *context)
{
    static const char text[] =
        "{\"format\":\"coffer-collateral-cache/1\",\"key\":\"key\",\"fetched\":1,\"refresh\":2,"
        "\"items\":{}}";
    COF_CLEANUP(cof_cache_entry_free) cof_cache_entry entry = {0};
    (void)context;
    return cof_cache_entry_parse(cof_view_text(text), "key", &entry, NULL);
}

static void each_allocation_may_fail(void **state)
{
    static const cof_status nothing_else[] = {COF_OK};
    (void)state;
    assert_true(cof_alloc_fail_each(read_bundle, NULL, nothing_else) > 20);
    assert_true(cof_alloc_fail_each(read_answer, NULL, nothing_else) > 10);
    assert_true(cof_alloc_fail_each(read_header, NULL, nothing_else) > 2);
    assert_true(cof_alloc_fail_each(read_entry, NULL, nothing_else) > 5);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    cof_alloc_fail_hook_jansson();
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_allocation_may_fail)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
