/* Policy files: platform.accept by itself. */
#include <string.h>

#include "contract_case.h"
#include "relying/contract/policy_file.h"

#define H16 "0123456789abcdef"
#define H64 H16 H16 H16 H16
#define H96 H64 H16 H16

static cof_status parse(const char *text, cof_policy *out, char *first, size_t size)
{
    cof_diagnostics *problems = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf printed = {.limit = 65536};
    assert_ok(cof_diagnostics_new("policy.yaml", cof_view_text(text), &problems, NULL));
    const cof_status status = cof_policy_file_parse(cof_view_text(text), problems, out, NULL);
    assert_ok(cof_diagnostics_print(problems, &printed, NULL));
    const char *all = NULL;
    assert_ok(cof_buf_text(&printed, &all, NULL));
    (void)snprintf(first, size, "%.*s", (int)strcspn(all, "\n"), all);
    cof_diagnostics_free(problems);
    return status;
}

static void every_platform_is_read(void **state)
{
    (void)state;
    static const char text[] =
        "accept:\n"
        "  - {type: simulated, measurements: [" H64 "], root: " H64 "}\n"
        "  - {type: sgx, signer: " H64 ", product: 1, minimum_svn: 2, tcb: azure}\n"
        "  - type: tdx\n"
        "    measurements: [" H96 "]\n"
        "    rtmrs: {1: " H96 "}\n"
        "    tcb: {statuses: [UpToDate, OutOfDate], advisories: any, minimum_evaluation: 18}\n"
        "  - {type: sev-snp, measurements: [" H96 "], host_data: " H64 ", id_keys: [" H96
        "], minimum_tcb: {snp: 8, microcode: 209}}\n"
        "  - {type: azure-cvm, measurements: [" H96 "], pcrs: {0: " H64 ", 23: " H64
        "}, console: true}\n";
    static cof_policy policy;
    char first[256];
    if (parse(text, &policy, first, sizeof first) != COF_OK) {
        fail_msg("%s", first);
    }
    assert_int_equal(policy.count, 5);
    assert_int_equal(policy.entries[0].root.bytes[1], 0x23);
    assert_true(policy.entries[1].has_signer);
    assert_true(cof_tcb_policy_equal(&policy.entries[1].tcb, &cof_tcb_azure));
    assert_int_equal(policy.entries[2].rtmr_mask, 2);
    assert_int_equal(policy.entries[2].tcb.minimum_evaluation, 18);
    assert_true(policy.entries[2].tcb.any_advisory);
    assert_int_equal(policy.entries[3].minimum_tcb.microcode, 209);
    assert_int_equal(policy.entries[3].minimum_tcb.bootloader, 0);
    assert_int_equal(policy.entries[4].pcrs.mask, 1U | (1U << 23));
    assert_true(policy.entries[4].allows_console);
}

static void json_and_the_key_of_a_job_are_read_too(void **state)
{
    (void)state;
    static cof_policy policy;
    char first[256];
    assert_ok(parse("{\"platform\":{\"accept\":[{\"type\":\"sgx\",\"measurements\":[\"" H64
                    "\"]}]}}",
                    &policy, first, sizeof first));
    assert_int_equal(policy.count, 1);
    assert_int_equal(policy.entries[0].tee, COF_TEE_SGX);
}

static void what_is_left_open_is_named_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *text, *problem;
    } bads[] = {
        {"accept: [sgx]", "policy.yaml:1:10: no measurement is given, so nothing would be "
                          "accepted; write {type: ..., measurements: [...]}"},
        {"accept:\n  - {type: simulated, measurements: [" H64 "]}",
         "policy.yaml:2:5: which installation's simulated platform is not said; write root: <hex>; "
         "coffer up --json prints it"},
        {"accept:\n  - {type: tdx, measurement: [" H96 "]}",
         "policy.yaml:2:17: unknown key \"measurement\" in a platform; did you mean "
         "\"measurements\"?"},
        {"accept:\n  - {type: tdx, debug: true, measurements: [" H96 "]}",
         "policy.yaml:2:17: unknown key \"debug\" in a platform; the keys are type, measurements, "
         "rtmrs, tcb"},
        {"{}", "policy.yaml:1:1: missing key \"accept\" in the policy"},
    };
    for (size_t i = 0; i < sizeof bads / sizeof bads[0]; i++) {
        static cof_policy policy;
        char first[256];
        assert_status(parse(bads[i].text, &policy, first, sizeof first), CONTRACT_INVALID);
        assert_string_equal(first, bads[i].problem);
    }
}

int main(int argc, char **argv)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    case_folder = argc > 1 ? argv[1] : ".";
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_platform_is_read),
        cmocka_unit_test(json_and_the_key_of_a_job_are_read_too),
        cmocka_unit_test(what_is_left_open_is_named_with_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
