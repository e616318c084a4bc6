/* Each allocation of reading and evaluating a policy fails once: the status says so, nothing
 * leaks, nothing is permitted. */
#include "harness/cof_alloc_fail.h"
#include "harness/cof_test.h"
#include "relying/maa/maa.h"
#include "tcb/wire/json.h"

static const char text[] =
    "version=1.2;configurationrules{=>issueproperty(type=\"p\",value=1);};"
    "authorizationrules{c:[type==\"a\",value!=\"z\"]&&![type==\"none\"]=>permit();};"
    "issuancerules{c:[type==\"a\"]&&d:[type==\"b\"]=>issue(type=\"x\",value=AppendString(c.value,"
    "d.value));e:[type==\"j\"]=>issue(type=\"y\",value=JsonToClaimValue(JmesPath(e.value,"
    "\"[?k == `1` || \\\"l m\\\" == 'x'].{v: type(n), w: [k, keys(@)]} | [0].v\")));"
    "s:[type==\"a\"]=>issue(type=\"z\",value=IsSubsetOf(s.value,\"q\"));};";

static cof_status parse_and_print(void *context)
{
    (void)context;
    COF_CLEANUP(cof_maa_policy_drop_) cof_maa_policy *policy = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 1 << 16};
    COF_TRY(cof_maa_parse(cof_view_text(text), &policy, NULL, NULL));
    return cof_maa_print(policy, &out, NULL);
}

typedef struct evaluation {
    cof_maa_policy *policy;
    json_t *claims;
} evaluation;

static cof_status evaluate(void *context)
{
    const evaluation *e = context;
    COF_CLEANUP(cof_maa_outcome_free) cof_maa_outcome outcome = {0};
    const cof_status status = cof_maa_evaluate(e->policy, e->claims, &outcome, NULL);
    assert_true(status == COF_OK ? outcome.is_permitted : outcome.issued == NULL);
    return status;
}

static void a_policy_that_cannot_be_read_for_memory_is_no_policy(void **state)
{
    (void)state;
    assert_true(cof_alloc_fail_each(parse_and_print, NULL, &(const cof_status){COF_OK}) > 30);
}

static void an_evaluation_without_memory_permits_nothing(void **state)
{
    (void)state;
    COF_CLEANUP(cof_maa_policy_drop_) cof_maa_policy *policy = NULL;
    COF_JSON json_t *claims = NULL;
    const char claims_text[] = "{\"a\":[\"q\",\"q\"],\"b\":[\"r\",\"s\"],\"j\":[{\"k\":1,\"n\":\"mn"
                               "\"},{\"l m\":\"x\"}]}";
    assert_ok(cof_maa_parse(cof_view_text(text), &policy, NULL, NULL));
    assert_ok(cof_json_parse(cof_view_text(claims_text), 4096, &claims, NULL));
    json_t *list = json_object_get(claims, "j");
    json_t *wrapped = json_pack("[O]", list);
    assert_int_equal(json_object_set_new(claims, "j", wrapped), 0);
    evaluation e = {.policy = policy, .claims = claims};
    assert_true(cof_alloc_fail_each(evaluate, &e, &(const cof_status){COF_OK}) > 50);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    cof_alloc_fail_hook_jansson();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_policy_that_cannot_be_read_for_memory_is_no_policy),
        cmocka_unit_test(an_evaluation_without_memory_permits_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
