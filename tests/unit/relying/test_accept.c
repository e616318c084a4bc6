/* Members of platform.accept: what is read, what is refused, and that writing is reading's inverse.
 */
#include <string.h>

#include "harness/cof_test.h"
#include "relying/policy/policy.h"
#include "tcb/wire/json.h"

#define H4  "0123"
#define H16 H4 H4 H4 H4
#define H64 H16 H16 H16 H16
#define H96 H64 H16 H16
#define X64 "f" H16 H16 H16 "012301230123012"
#define X96 X64 H16 H16

static json_t *parse_json(const char *text)
{
    json_t *value = NULL;
    assert_ok(cof_json_parse(cof_view_text(text), 65536, &value, NULL));
    return value;
}

static cof_status parse(const char *text, cof_accept *out, cof_err *err)
{
    json_t *value = parse_json(text);
    const cof_status status = cof_accept_parse(value, out, err);
    json_decref(value);
    return status;
}

static const char *const good[] = {
    "{\"measurements\":[\"" H64 "\"],\"root\":\"" H64 "\",\"type\":\"simulated\"}",
    "{\"measurements\":[\"" H64 "\",\"" X64 "\"],\"type\":\"sgx\"}",
    "{\"minimum_svn\":3,\"product\":7,\"signer\":\"" H64 "\",\"type\":\"sgx\"}",
    "{\"measurements\":[\"" H64 "\"],\"tcb\":{\"advisories\":[\"INTEL-SA-00334\"],"
    "\"minimum_evaluation\":17,\"statuses\":[\"UpToDate\",\"SWHardeningNeeded\"]},\"type\":"
    "\"sgx\"}",
    "{\"measurements\":[\"" H96 "\"],\"rtmrs\":{\"0\":\"" H96 "\",\"3\":\"" X96
    "\"},\"type\":\"tdx\"}",
    "{\"measurements\":[\"" H96 "\"],\"tcb\":{\"advisories\":\"any\",\"minimum_evaluation\":0,"
    "\"statuses\":[\"OutOfDate\"]},\"type\":\"tdx\"}",
    "{\"host_data\":\"" H64 "\",\"id_keys\":[\"" H96 "\",\"" X96 "\"],\"measurements\":[\"" H96
    "\"],\"minimum_tcb\":{\"bootloader\":3,\"fmc\":0,\"microcode\":115,\"snp\":8,\"tee\":0},"
    "\"type\":\"sev-snp\"}",
    "{\"measurements\":[\"" H96 "\"],\"type\":\"sev-snp\"}",
    "{\"console\":true,\"measurements\":[\"" H96 "\"],\"pcrs\":{\"11\":\"" X64 "\",\"4\":\"" H64
    "\"},\"type\":\"azure-cvm\"}",
};

static void what_is_written_is_what_was_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        cof_accept accept;
        cof_err err = {0};
        json_t *printed = NULL;
        COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 65536};
        if (parse(good[i], &accept, &err) != COF_OK) {
            fail_msg("%s: %s", good[i], err.detail);
        }
        assert_ok(cof_accept_print(&accept, &printed, NULL));
        assert_ok(cof_json_canonical(printed, &text, NULL));
        json_decref(printed);
        assert_view_text(cof_buf_view(&text), good[i]);
    }
}

static void every_type_says_what_it_is(void **state)
{
    (void)state;
    cof_accept accept;
    assert_ok(parse(good[4], &accept, NULL));
    assert_int_equal(accept.tee, COF_TEE_TDX);
    assert_int_equal(accept.rtmr_mask, 0x9);
    assert_true(cof_tcb_policy_equal(&accept.tcb, &cof_tcb_up_to_date));
    assert_ok(parse(good[8], &accept, NULL));
    assert_int_equal(accept.pcrs.mask, (1U << 4) | (1U << 11));
    assert_true(accept.allows_console);
}

typedef struct bad {
    const char *text;
    const char *detail; /* a part of it */
} bad;

static void what_is_not_exact_is_refused(void **state)
{
    (void)state;
    static const bad bads[] = {
        {"{}", "type"},
        {"{\"type\":\"nitro\"}", "type"},
        {"{\"type\":\"sgx\"}", "measurements"},
        {"{\"type\":\"sgx\",\"measurements\":[]}", "measurements"},
        {"{\"type\":\"sgx\",\"measurements\":[\"" H96 "\"]}", "measurements"},
        {"{\"type\":\"sgx\",\"measurements\":[1]}", "measurements"},
        {"{\"type\":\"sgx\",\"measurements\":[\"" H64 "\",\"" H64 "\"]}", "twice"},
        {"{\"type\":\"sgx\",\"measurements\":[\"A" H16 H16 H16 "012301230123012\"]}", "lower"},
        {"{\"type\":\"sgx\",\"measurements\":[\"" H64 "\"],\"root\":\"" H64 "\"}", "root"},
        {"{\"type\":\"sgx\",\"measurements\":[\"" H64 "\"],\"debug\":true}", "debug"},
        {"{\"type\":\"sgx\",\"measurements\":[\"" H64 "\"],\"product\":1}", "signer"},
        {"{\"type\":\"sgx\",\"signer\":\"" H64 "\"}", "product"},
        {"{\"type\":\"sgx\",\"signer\":\"" H64 "\",\"product\":65536,\"minimum_svn\":0}",
         "product"},
        {"{\"type\":\"sgx\",\"measurements\":[\"" H64 "\"],\"signer\":\"" H64
         "\",\"product\":1,\"minimum_svn\":0}",
         "measurements"},
        {"{\"type\":\"sgx\",\"measurements\":[\"" H64
         "\"],\"tcb\":{\"advisories\":[],\"minimum_evaluation\":0,\"statuses\":[\"UpToDate\"]}}",
         "default"},
        {"{\"type\":\"sgx\",\"measurements\":[\"" H64
         "\"],\"tcb\":{\"advisories\":[],\"minimum_evaluation\":0,\"statuses\":[\"Revoked\"]}}",
         "never"},
        {"{\"type\":\"sgx\",\"measurements\":[\"" H64
         "\"],\"tcb\":{\"advisories\":[],\"minimum_evaluation\":0,\"statuses\":[]}}",
         "empty"},
        {"{\"type\":\"sgx\",\"measurements\":[\"" H64
         "\"],\"tcb\":{\"advisories\":\"all\",\"minimum_evaluation\":0,\"statuses\":"
         "[\"OutOfDate\"]}}",
         "advisories"},
        {"{\"type\":\"sgx\",\"measurements\":[\"" H64
         "\"],\"tcb\":{\"minimum_evaluation\":0,\"statuses\":[\"OutOfDate\"]}}",
         "advisories"},
        {"{\"type\":\"simulated\",\"measurements\":[\"" H64 "\"]}", "root"},
        {"{\"type\":\"simulated\",\"measurements\":[\"" H64 "\"],\"root\":\"00\"}", "root"},
        {"{\"type\":\"tdx\",\"measurements\":[\"" H64 "\"]}", "measurements"},
        {"{\"type\":\"tdx\",\"measurements\":[\"" H96 "\"],\"rtmrs\":{}}", "rtmrs"},
        {"{\"type\":\"tdx\",\"measurements\":[\"" H96 "\"],\"rtmrs\":{\"4\":\"" H96 "\"}}",
         "rtmrs"},
        {"{\"type\":\"tdx\",\"measurements\":[\"" H96 "\"],\"rtmrs\":{\"01\":\"" H96 "\"}}",
         "rtmrs"},
        {"{\"type\":\"tdx\",\"measurements\":[\"" H96 "\"],\"pcrs\":{\"1\":\"" H64 "\"}}", "pcrs"},
        {"{\"type\":\"sev-snp\",\"measurements\":[\"" H96 "\"],\"tcb\":{}}", "tcb"},
        {"{\"type\":\"sev-snp\",\"measurements\":[\"" H96 "\"],\"minimum_tcb\":{\"snp\":1}}",
         "bootloader"},
        {"{\"type\":\"sev-snp\",\"measurements\":[\"" H96 "\"],\"id_keys\":[]}", "id_keys"},
        {"{\"type\":\"azure-cvm\",\"measurements\":[\"" H96 "\"]}", "pcrs"},
        {"{\"type\":\"azure-cvm\",\"measurements\":[\"" H96 "\"],\"pcrs\":{\"24\":\"" H64 "\"}}",
         "pcrs"},
        {"{\"type\":\"azure-cvm\",\"measurements\":[\"" H96 "\"],\"pcrs\":{\"4\":\"" H64
         "\"},\"console\":false}",
         "console"},
    };
    for (size_t i = 0; i < sizeof bads / sizeof bads[0]; i++) {
        cof_accept accept;
        cof_err err = {0};
        assert_status(parse(bads[i].text, &accept, &err), BAD_FORMAT);
        if (strstr(err.detail, bads[i].detail) == NULL) {
            fail_msg("%s: %s", bads[i].text, err.detail);
        }
    }
}

static void a_policy_names_each_platform_once(void **state)
{
    (void)state;
    cof_policy policy;
    json_t *item = parse_json(good[1]);
    json_t *list = json_pack("[O,O]", item, item);
    assert_status(cof_policy_from_json(list, &policy, NULL), BAD_FORMAT);
    assert_int_equal(policy.count, 0);
    json_array_remove(list, 0);
    assert_ok(cof_policy_from_json(list, &policy, NULL));
    assert_int_equal(policy.count, 1);
    json_array_clear(list);
    assert_status(cof_policy_from_json(list, &policy, NULL), BAD_FORMAT);
    json_decref(list);
    json_decref(item);
}

static void a_policy_trusts_the_roots_of_what_it_names(void **state)
{
    (void)state;
    static const struct {
        size_t item;
        size_t roots;
        cof_root_family first;
    } cases[] = {{0, 1, COF_ROOT_SIMULATED},
                 {1, 1, COF_ROOT_INTEL},
                 {4, 1, COF_ROOT_INTEL},
                 {7, 3, COF_ROOT_AMD_MILAN},
                 {8, 4, COF_ROOT_INTEL}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cof_policy policy = {0};
        cof_accept accept;
        cof_root_pin roots[COF_POLICY_ROOTS_MAX];
        assert_ok(parse(good[cases[i].item], &accept, NULL));
        assert_ok(cof_policy_add(&policy, &accept, NULL));
        assert_int_equal(cof_policy_roots(&policy, roots), cases[i].roots);
        assert_int_equal(roots[0].family, cases[i].first);
    }
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_what_was_read),
        cmocka_unit_test(every_type_says_what_it_is),
        cmocka_unit_test(what_is_not_exact_is_refused),
        cmocka_unit_test(a_policy_names_each_platform_once),
        cmocka_unit_test(a_policy_trusts_the_roots_of_what_it_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
