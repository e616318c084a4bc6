/* What an owner accepts, and what is refused however genuine it is. */
#include <string.h>

#include "harness/cof_test.h"
#include "harness/cof_verify.h"
#include "relying/policy/policy.h"
#include "unit/relying/rig.h"

static rig_platform platform;
static cof_facts facts;
static cof_digest accepted;

static int set_up(void **state)
{
    (void)state;
    rig_make(&platform, &(rig_options){0});
    assert_ok(
        verify_quote(cof_buf_view(&platform.quote), &platform.pin, 1, RIG_NOW, &facts, NULL, NULL));
    memcpy(accepted.bytes, facts.sgx.mrenclave, sizeof accepted.bytes);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    rig_free(&platform);
    return 0;
}

static cof_accept simulated_entry(void)
{
    cof_accept entry = {
        .tee = COF_TEE_SIMULATED, .root = platform.pin.spki, .measurement_count = 1};
    memcpy(entry.measurements[0], accepted.bytes, sizeof accepted.bytes);
    return entry;
}

static cof_status judge(const cof_facts *what, const cof_accept *entry, cof_checks *checks)
{
    cof_policy policy = {0};
    assert_ok(cof_policy_add(&policy, entry, NULL));
    return cof_policy_judge(what, &policy, checks, NULL);
}

static void what_the_policy_names_is_accepted(void **state)
{
    (void)state;
    cof_checks checks = {0};
    const cof_accept entry = simulated_entry();
    assert_ok(judge(&facts, &entry, &checks));
    assert_true(cof_checks_all_ok(&checks));
    assert_int_equal(checks.count, 4);
}

static void an_empty_policy_accepts_nothing(void **state)
{
    (void)state;
    const cof_policy policy = {0};
    cof_root_pin roots[COF_POLICY_ROOTS_MAX];
    assert_status(cof_policy_judge(&facts, &policy, NULL, NULL), PLATFORM_REFUSED);
    assert_int_equal(cof_policy_roots(&policy, roots), 0);
}

static void a_policy_without_simulated_refuses_simulated_evidence(void **state)
{
    (void)state;
    cof_policy policy = {0};
    cof_root_pin roots[COF_POLICY_ROOTS_MAX];
    cof_facts ignored = {0};
    cof_checks checks = {0};
    cof_accept entry = simulated_entry();
    entry.tee = COF_TEE_SGX;
    assert_ok(cof_policy_add(&policy, &entry, NULL));
    /* Its roots do not hold the simulated one: the evidence is not even genuine. */
    const size_t count = cof_policy_roots(&policy, roots);
    assert_int_equal(count, 1);
    assert_int_equal(roots[0].family, COF_ROOT_INTEL);
    assert_status(
        verify_quote(cof_buf_view(&platform.quote), roots, count, RIG_NOW, &ignored, NULL, NULL),
        EVIDENCE_UNTRUSTED);
    /* And where a caller verified it under another list, the policy refuses the platform. */
    assert_status(cof_policy_judge(&facts, &policy, &checks, NULL), PLATFORM_REFUSED);
    assert_string_equal(cof_checks_first_failed(&checks)->name, "policy.platform");
    assert_string_equal(cof_checks_first_failed(&checks)->expected, "sgx");
    assert_string_equal(cof_checks_first_failed(&checks)->actual, "simulated");
}

/* Facts with a vendor's type and another family of roots were not verified by this project. */
static void a_root_of_another_family_is_refused(void **state)
{
    (void)state;
    cof_facts hardware = facts;
    cof_accept entry = simulated_entry();
    hardware.tee = COF_TEE_SGX;
    hardware.hardware = COF_TEE_SGX;
    hardware.tcb.status = COF_TCB_UP_TO_DATE;
    entry.tee = COF_TEE_SGX;
    entry.tcb = cof_tcb_up_to_date;
    assert_status(judge(&hardware, &entry, NULL), EVIDENCE_UNTRUSTED);
    hardware.root = cof_root_intel;
    assert_ok(judge(&hardware, &entry, NULL));
    hardware.tcb.status = COF_TCB_UNRATED;
    assert_status(judge(&hardware, &entry, NULL), TCB_REFUSED);
}

static void a_debuggable_enclave_is_refused(void **state)
{
    (void)state;
    const cof_accept entry = simulated_entry();
    cof_facts debug = facts;
    debug.is_debuggable = true;
    assert_status(judge(&debug, &entry, NULL), EVIDENCE_DEBUG);
    debug.is_debuggable = false;
    debug.sgx.flags |= COF_SGX_FLAG_DEBUG;
    assert_status(judge(&debug, &entry, NULL), EVIDENCE_DEBUG);
}

static void another_installation_is_refused(void **state)
{
    (void)state;
    cof_accept entry = simulated_entry();
    entry.root.bytes[31] ^= 1;
    assert_status(judge(&facts, &entry, NULL), EVIDENCE_UNTRUSTED);
    cof_facts intel = facts;
    intel.root.family = COF_ROOT_INTEL;
    entry = simulated_entry();
    assert_status(judge(&intel, &entry, NULL), EVIDENCE_UNTRUSTED);
}

static void another_program_is_refused(void **state)
{
    (void)state;
    cof_accept entry = simulated_entry();
    entry.measurements[0][0] ^= 0x80;
    cof_checks checks = {0};
    assert_status(judge(&facts, &entry, &checks), MEASUREMENT_REFUSED);
    assert_string_equal(cof_checks_first_failed(&checks)->name, "policy.measurement");
    entry.measurement_count = 0;
    assert_status(judge(&facts, &entry, NULL), MEASUREMENT_REFUSED);
    memcpy(entry.measurements[1], accepted.bytes, sizeof accepted.bytes);
    entry.measurement_count = 2;
    assert_ok(judge(&facts, &entry, NULL));
}

/* A measurement accepted under one root is not accepted under another. */
static void a_measurement_counts_for_its_own_root_only(void **state)
{
    (void)state;
    cof_policy policy = {0};
    cof_accept elsewhere = simulated_entry();
    cof_accept here = simulated_entry();
    elsewhere.root.bytes[0] ^= 1;
    here.measurements[0][0] ^= 1;
    assert_ok(cof_policy_add(&policy, &elsewhere, NULL));
    assert_ok(cof_policy_add(&policy, &here, NULL));
    assert_status(cof_policy_judge(&facts, &policy, NULL, NULL), MEASUREMENT_REFUSED);
}

static void a_policy_has_a_limit(void **state)
{
    (void)state;
    cof_policy policy = {0};
    const cof_accept entry = simulated_entry();
    for (int i = 0; i < COF_POLICY_ENTRIES_MAX; i++) {
        assert_ok(cof_policy_add(&policy, &entry, NULL));
    }
    assert_status(cof_policy_add(&policy, &entry, NULL), LIMIT);
}

static void checks_never_lose_a_failure(void **state)
{
    (void)state;
    static cof_checks checks;
    checks = (cof_checks){0};
    assert_false(cof_checks_all_ok(&checks));
    for (int i = 0; i < COF_CHECKS_MAX; i++) {
        assert_true(cof_check_add(&checks, "a", true, "x", "%s", "x"));
    }
    assert_true(cof_checks_all_ok(&checks));
    assert_false(cof_check_add(&checks, "b", false, "x", "%s", "y"));
    assert_false(cof_checks_all_ok(&checks));
}

static void checks_hold_printable_text_only(void **state)
{
    (void)state;
    static cof_checks checks;
    checks = (cof_checks){0};
    char text[1000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    (void)cof_check_add(&checks, "a\x1b[2J", false, "tab\there", "%s\n", "\x7f\xff");
    (void)cof_check_add(&checks, text, false, text, "%s", text);
    assert_string_equal(checks.items[0].name, "a?[2J");
    assert_string_equal(checks.items[0].expected, "tab?here");
    assert_string_equal(checks.items[0].actual, "???");
    assert_int_equal(strlen(checks.items[1].actual), COF_CHECK_TEXT_SIZE - 1);
    json_t *array = NULL;
    assert_ok(cof_checks_to_json(&checks, &array, NULL));
    assert_int_equal(json_array_size(array), 2);
    assert_true(json_is_false(json_object_get(json_array_get(array, 0), "ok")));
    json_decref(array);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_policy_names_is_accepted),
        cmocka_unit_test(an_empty_policy_accepts_nothing),
        cmocka_unit_test(a_policy_without_simulated_refuses_simulated_evidence),
        cmocka_unit_test(a_root_of_another_family_is_refused),
        cmocka_unit_test(a_debuggable_enclave_is_refused),
        cmocka_unit_test(another_installation_is_refused),
        cmocka_unit_test(another_program_is_refused),
        cmocka_unit_test(a_measurement_counts_for_its_own_root_only),
        cmocka_unit_test(a_policy_has_a_limit),
        cmocka_unit_test(checks_never_lose_a_failure),
        cmocka_unit_test(checks_hold_printable_text_only),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
