#include "harness/cof_test.h"

#include <string.h>

#include "local/vault/key_policy.h"

#define ISSUER "https://localhost:8443"
#define POLICY(conditions)                                                                         \
    "{\"version\":\"1.0.0\",\"anyOf\":[{\"authority\":\"" ISSUER "\",\"allOf\":[" conditions "]}]" \
    "}"
#define CLAIM(name, value) "{\"claim\":\"" name "\",\"equals\":" value "}"

static cof_status parse(const char *text)
{
    COF_CLEANUP(cof_key_policy_drop_) cof_key_policy *policy = NULL;
    return cof_key_policy_parse(cof_view_text(text), &policy, NULL);
}

static cof_status judge_as(const char *issuer, const char *text, const char *claims_text,
                           json_t *checks)
{
    COF_CLEANUP(cof_key_policy_drop_) cof_key_policy *policy = NULL;
    COF_JSON json_t *claims = NULL;
    assert_ok(cof_key_policy_parse(cof_view_text(text), &policy, NULL));
    assert_ok(cof_json_parse(cof_view_text(claims_text), 65536, &claims, NULL));
    return cof_key_policy_judge(policy, issuer, claims, checks, NULL);
}

static cof_status judge(const char *text, const char *claims)
{
    return judge_as(ISSUER, text, claims, NULL);
}

static void what_is_not_exactly_a_policy_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "[]",
        "{}",
        "5",
        "{\"version\":\"1.0.0\"}",
        "{\"version\":\"1.0.0\",\"anyOf\":[]}",
        "{\"version\":\"1.0.0\",\"anyOf\":{}}",
        "{\"version\":1,\"anyOf\":[{}]}",
        POLICY(""),
        POLICY("5"),
        POLICY("{}"),
        POLICY(CLAIM("a", "null")),
        POLICY(CLAIM("a", "[1]")),
        POLICY(CLAIM("a", "{}")),
        POLICY(CLAIM("", "1")),
        POLICY(CLAIM(".a", "1")),
        POLICY(CLAIM("a.", "1")),
        POLICY(CLAIM("a..b", "1")),
        POLICY("{\"claim\":\"a\"}"),
        POLICY("{\"claim\":5,\"equals\":1}"),
        POLICY("{\"claim\":\"a\",\"equals\":1,\"or\":2}"),
        POLICY("{\"claim\":\"a\",\"greater\":1}"),
        POLICY("{\"claim\":\"a\",\"equals\":1,\"equals\":2}"),
        POLICY("{\"allOf\":[]}"),
        POLICY("{\"anyOf\":[" CLAIM("a", "1") "],\"allOf\":[" CLAIM("a", "1") "]}"),
        POLICY("{\"anyOf\":[" CLAIM("a", "1") "],\"anyof\":[" CLAIM("a", "1") "]}"),
        POLICY(CLAIM("a", "\"\\u0000\"")),
        POLICY("{\"noneOf\":[" CLAIM("a", "1") "]}"),
        "{\"version\":\"1.0.0\",\"anyOf\":[{\"allOf\":[" CLAIM("a", "1") "]}]}",
        "{\"version\":\"1.0.0\",\"anyOf\":[{\"authority\":\"\",\"allOf\":[" CLAIM("a", "1") "]}]}",
        "{\"version\":\"1.0.0\",\"anyOf\":[{\"authority\":\"x\",\"allOf\":[" CLAIM(
            "a", "1") "],\"more\":1}]}"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const cof_status status = parse(texts[i]);
        if (status != COF_E_BAD_FORMAT && status != COF_E_BAD_JSON) {
            fail_msg("%s: %s", texts[i], cof_status_describe(status)->name);
        }
    }
    assert_status(parse("{\"version\":\"0.2\",\"anyOf\":[{\"authority\":\"x\",\"allOf\":[" CLAIM(
                      "a", "1") "]}]}"),
                  BAD_VERSION);
}

static void deep_and_long_policies_are_refused(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 200000};
    assert_ok(cof_buf_append_text(
        &text, "{\"version\":\"1.0.0\",\"anyOf\":[{\"authority\":\"x\",\"allOf\":[", NULL));
    for (int i = 0; i < 20; i++) {
        assert_ok(cof_buf_append_text(&text, "{\"anyOf\":[", NULL));
    }
    assert_ok(cof_buf_append_text(&text, CLAIM("a", "1"), NULL));
    for (int i = 0; i < 20; i++) {
        assert_ok(cof_buf_append_text(&text, "]}", NULL));
    }
    assert_ok(cof_buf_append_text(&text, "]}]}", NULL));
    cof_key_policy *policy = NULL;
    const cof_status deep = cof_key_policy_parse(cof_buf_view(&text), &policy, NULL);
    assert_true(deep == COF_E_LIMIT || deep == COF_E_BAD_JSON);
    cof_buf_clear(&text);
    assert_ok(cof_buf_append_text(
        &text, "{\"version\":\"1.0.0\",\"anyOf\":[{\"authority\":\"x\",\"anyOf\":[", NULL));
    for (int i = 0; i < 4097; i++) {
        assert_ok(cof_buf_append_text(&text, CLAIM("a", "1") ",", NULL));
    }
    assert_ok(cof_buf_append_text(&text, CLAIM("a", "1") "]}]}", NULL));
    assert_status(cof_key_policy_parse(cof_buf_view(&text), &policy, NULL), LIMIT);
    assert_null(policy);
}

static void every_condition_of_all_must_hold(void **state)
{
    (void)state;
    const char *policy = POLICY(CLAIM("a", "1") "," CLAIM("b.c", "\"x\""));
    assert_ok(judge(policy, "{\"a\":1,\"b\":{\"c\":\"x\"}}"));
    assert_status(judge(policy, "{\"a\":1,\"b\":{\"c\":\"y\"}}"), RELEASE_REFUSED);
    assert_status(judge(policy, "{\"a\":1,\"b.c\":\"x\"}"), RELEASE_REFUSED);
    assert_status(judge(policy, "{\"a\":1}"), RELEASE_REFUSED);
    assert_status(judge(policy, "{}"), RELEASE_REFUSED);
}

static void one_condition_of_any_is_enough(void **state)
{
    (void)state;
    const char *policy = POLICY("{\"ANYOF\":[" CLAIM("a", "1") "," CLAIM("a", "2") "]}");
    assert_ok(judge(policy, "{\"a\":1}"));
    assert_ok(judge(policy, "{\"a\":2}"));
    assert_status(judge(policy, "{\"a\":3}"), RELEASE_REFUSED);
}

static void scalars_are_compared_as_their_text(void **state)
{
    (void)state;
    static const struct {
        const char *equals;
        const char *found;
        bool is_met;
    } rows[] = {{"false", "false", true},
                {"\"false\"", "false", true},
                {"\"FALSE\"", "false", true},
                {"false", "\"False\"", true},
                {"true", "1", false},
                {"false", "0", false},
                {"0", "0", true},
                {"\"0\"", "0", true},
                {"0", "\"0\"", true},
                {"\"00\"", "0", false},
                {"\"x\"", "\"X\"", false},
                {"\"\"", "null", false},
                {"\"null\"", "null", false},
                {"1", "1.0", true},
                {"1.5", "1.5", true},
                {"\"x\"", "[\"x\"]", false},
                {"\"x\"", "{\"x\":1}", false},
                {"\"a\"", "\"a\\u0000b\"", false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char policy[256];
        char claims[128];
        (void)snprintf(policy, sizeof policy, POLICY("{\"claim\":\"a\",\"equals\":%s}"),
                       rows[i].equals);
        (void)snprintf(claims, sizeof claims, "{\"a\":%s}", rows[i].found);
        COF_JSON json_t *parsed = NULL;
        if (cof_json_parse(cof_view_text(claims), 128, &parsed, NULL) != COF_OK) {
            continue; /* NUL in a text: no token has it */
        }
        assert_int_equal(judge(policy, claims) == COF_OK, rows[i].is_met);
    }
}

static void arrays_cannot_be_walked(void **state)
{
    (void)state;
    assert_status(judge(POLICY(CLAIM("a.0", "1")), "{\"a\":[1]}"), RELEASE_REFUSED);
    assert_status(judge(POLICY(CLAIM("a.b", "1")), "{\"a\":[{\"b\":1}]}"), RELEASE_REFUSED);
}

static void another_issuer_meets_nothing(void **state)
{
    (void)state;
    const char *policy = POLICY(CLAIM("a", "1"));
    assert_ok(judge_as(ISSUER "/", policy, "{\"a\":1}", NULL));
    assert_status(judge_as("https://localhost:8444", policy, "{\"a\":1}", NULL), RELEASE_REFUSED);
    assert_status(judge_as(ISSUER ".evil", policy, "{\"a\":1}", NULL), RELEASE_REFUSED);
    assert_status(judge_as("", policy, "{\"a\":1}", NULL), RELEASE_REFUSED);
}

static void all_of_two_authorities_is_never_met_by_one(void **state)
{
    (void)state;
    const char *policy =
        "{\"version\":\"1.0.0\",\"allOf\":[{\"authority\":\"" ISSUER "\",\"allOf\":[" CLAIM(
            "a", "1") "]},{\"authority\":\"https://other\",\"allOf\":[" CLAIM("a", "1") "]}]}";
    assert_status(judge(policy, "{\"a\":1}"), RELEASE_REFUSED);
}

static void a_refusal_is_explained_condition_by_condition(void **state)
{
    (void)state;
    COF_JSON json_t *checks = json_array();
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 4096};
    assert_status(judge_as(ISSUER, POLICY(CLAIM("a", "1") "," CLAIM("b", "2") "," CLAIM("c", "3")),
                           "{\"a\":1,\"b\":9}", checks),
                  RELEASE_REFUSED);
    assert_ok(cof_json_print(checks, &text, NULL));
    assert_view_text(cof_buf_view(&text),
                     "[{\"claim\":\"authority\",\"expected\":\"" ISSUER "\",\"found\":\"" ISSUER
                     "\",\"met\":true},"
                     "{\"claim\":\"a\",\"expected\":1,\"found\":1,\"met\":true},"
                     "{\"claim\":\"b\",\"expected\":2,\"found\":9,\"met\":false},"
                     "{\"claim\":\"c\",\"expected\":3,\"found\":null,\"met\":false}]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_exactly_a_policy_is_refused),
        cmocka_unit_test(deep_and_long_policies_are_refused),
        cmocka_unit_test(every_condition_of_all_must_hold),
        cmocka_unit_test(one_condition_of_any_is_enough),
        cmocka_unit_test(scalars_are_compared_as_their_text),
        cmocka_unit_test(arrays_cannot_be_walked),
        cmocka_unit_test(another_issuer_meets_nothing),
        cmocka_unit_test(all_of_two_authorities_is_never_met_by_one),
        cmocka_unit_test(a_refusal_is_explained_condition_by_condition),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
