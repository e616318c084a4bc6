/* The decision as a whole, and as JSON. */
#include <string.h>

#include "harness/cof_test.h"
#include "relying/policy/decision.h"
#include "tcb/wire/json.h"
#include "unit/relying/rig.h"

static rig_platform platform;
static cof_decision decision;

static int set_up(void **state)
{
    (void)state;
    rig_make(&platform, &(rig_options){0});
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    rig_free(&platform);
    return 0;
}

static cof_evidence_input input_of(const rig_platform *rig)
{
    return (cof_evidence_input){.evidence = cof_buf_view(&rig->quote),
                                .roots = &rig->pin,
                                .root_count = 1,
                                .now_unix_s = RIG_NOW};
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    assert_non_null(text);
    return text;
}

static void genuine_evidence_is_accepted_and_explained(void **state)
{
    (void)state;
    const cof_evidence_input input = input_of(&platform);
    COF_JSON json_t *claims = json_pack("{s:i}", "a", 1);
    COF_JSON json_t *object = NULL;
    assert_ok(cof_decide(&input, NULL, platform.report_data, &decision, NULL));
    assert_true(decision.is_accepted);
    assert_ok(cof_decision_to_json(&decision, claims, &object, NULL));
    assert_string_equal(text_of(object, "verdict"), "accepted");
    assert_string_equal(text_of(object, "type"), "simulated");
    assert_string_equal(text_of(object, "status"), "Genuine");
    assert_string_equal(text_of(object, "code"), "OK");
    assert_string_equal(text_of(object, "reason"), "");
    assert_true(json_equal(json_object_get(object, "claims"), claims));
    size_t i = 0;
    json_t *check = NULL;
    json_array_foreach(json_object_get(object, "checks"), i, check)
    {
        assert_true(json_is_true(json_object_get(check, "ok")));
        assert_true(text_of(check, "name")[0] != '\0');
        (void)text_of(check, "source");
        (void)text_of(check, "expected");
        (void)text_of(check, "actual");
    }
    assert_true(i > 5);
}

static void a_refusal_says_what_was_expected_and_found(void **state)
{
    (void)state;
    const cof_evidence_input input = input_of(&platform);
    uint8_t other[COF_REPORT_DATA_SIZE];
    COF_JSON json_t *object = NULL;
    memcpy(other, platform.report_data, sizeof other);
    other[63] ^= 1;
    assert_ok(cof_decide(&input, NULL, other, &decision, NULL));
    assert_false(decision.is_accepted);
    assert_true(decision.is_genuine);
    assert_ok(cof_decision_to_json(&decision, NULL, &object, NULL));
    assert_string_equal(text_of(object, "verdict"), "refused");
    assert_string_equal(text_of(object, "code"), "EVIDENCE_BINDING");
    assert_true(strlen(text_of(object, "reason")) > 0);
    const cof_check *failed = cof_checks_first_failed(&decision.checks);
    assert_string_equal(failed->name, "report_data");
    assert_string_not_equal(failed->expected, failed->actual);
}

static void evidence_that_is_not_genuine_has_no_facts(void **state)
{
    (void)state;
    cof_evidence_input input = input_of(&platform);
    COF_JSON json_t *object = NULL;
    input.evidence.size--;
    assert_ok(cof_decide(&input, NULL, NULL, &decision, NULL));
    assert_false(decision.is_accepted);
    assert_false(decision.is_genuine);
    assert_ok(cof_decision_to_json(&decision, NULL, &object, NULL));
    assert_string_equal(text_of(object, "type"), "sgx"); /* what it looks like */
    assert_string_equal(text_of(object, "status"), "EVIDENCE_INVALID");
    assert_int_equal(json_object_size(json_object_get(object, "claims")), 0);
}

static void debug_is_refused_without_a_policy_too(void **state)
{
    (void)state;
    rig_platform debug;
    rig_make(&debug,
             &(rig_options){.flags = COF_SGX_FLAG_INIT | COF_SGX_FLAG_DEBUG | COF_SGX_FLAG_MODE64});
    const cof_evidence_input input = input_of(&debug);
    assert_ok(cof_decide(&input, NULL, NULL, &decision, NULL));
    assert_false(decision.is_accepted);
    assert_status(decision.status, EVIDENCE_DEBUG);
    rig_free(&debug);
}

static void a_policy_decides_when_there_is_one(void **state)
{
    (void)state;
    static cof_policy policy;
    const cof_evidence_input input = input_of(&platform);
    policy = (cof_policy){.count = 1};
    policy.entries[0] =
        (cof_accept){.tee = COF_TEE_SIMULATED, .root = platform.pin.spki, .measurement_count = 1};
    memcpy(policy.entries[0].measurements[0], platform.mrenclave, sizeof platform.mrenclave);
    assert_ok(cof_decide(&input, &policy, NULL, &decision, NULL));
    assert_true(decision.is_accepted);
    policy.entries[0].measurements[0][0] ^= 1;
    assert_ok(cof_decide(&input, &policy, NULL, &decision, NULL));
    assert_status(decision.status, MEASUREMENT_REFUSED);
    policy.count = 0;
    assert_ok(cof_decide(&input, &policy, NULL, &decision, NULL));
    assert_status(decision.status, PLATFORM_REFUSED);
}

static void a_zeroed_decision_accepts_nothing(void **state)
{
    (void)state;
    COF_JSON json_t *object = NULL;
    memset(&decision, 0, sizeof decision);
    assert_ok(cof_decision_to_json(&decision, NULL, &object, NULL));
    assert_string_equal(text_of(object, "verdict"), "refused");
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(genuine_evidence_is_accepted_and_explained),
        cmocka_unit_test(a_refusal_says_what_was_expected_and_found),
        cmocka_unit_test(evidence_that_is_not_genuine_has_no_facts),
        cmocka_unit_test(debug_is_refused_without_a_policy_too),
        cmocka_unit_test(a_policy_decides_when_there_is_one),
        cmocka_unit_test(a_zeroed_decision_accepts_nothing),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
