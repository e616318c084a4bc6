/*
 * The part of JMESPath that attestation policies have. Expected results: those that do not end in
 * an error were compared with jmespath.py 1.1.0 (the specification's own implementation).
 */
#include <string.h>

#include "harness/cof_test.h"
#include "relying/maa/jmespath.h"

typedef struct search_case {
    const char *query, *data, *expected;
} search_case;

static cof_status search(const char *query, const char *data, size_t steps, cof_buf *out,
                         cof_err *err)
{
    COF_CLEANUP(cof_jmes_query_drop_) cof_jmes_query *parsed = NULL;
    COF_JSON json_t *value = NULL;
    COF_JSON json_t *result = NULL;
    cof_maa_budget budget = {.steps = steps, .bytes = 1 << 20};
    assert_ok(cof_json_parse(cof_view_text(data), 1 << 20, &value, NULL));
    COF_TRY(cof_jmes_parse(query, &parsed, err));
    COF_TRY(cof_jmes_search(parsed, value, &budget, &result, err));
    return cof_json_print(result, out, err);
}

static const search_case results[] = {
    {"a", "{\"a\":1}", "1"},
    {"b", "{\"a\":1}", "null"},
    {"a", "[1]", "null"},
    {"@", "[1,\"x\"]", "[1,\"x\"]"},
    {"\"a b\".\"c\\u00e9\"", "{\"a b\":{\"c\xc3\xa9\":true}}", "true"},
    {"a.b.c", "{\"a\":{\"b\":{\"c\":\"deep\"}}}", "\"deep\""},
    {"a.b.c", "{\"a\":{\"b\":3}}", "null"},
    {" a \t. b ", "{\"a\":{\"b\":3}}", "3"},
    {"a[1]", "{\"a\":[0,1,2]}", "1"},
    {"[-1]", "[0,1,2]", "2"},
    {"[3]", "[0,1,2]", "null"},
    {"[-4]", "[0,1,2]", "null"},
    {"a[0]", "{\"a\":\"text\"}", "null"},
    {"values[2]", "{\"values\":[0,1,2,3,4]}", "2"},
    {"[*].a", "[{\"a\":1},{\"b\":2},{\"a\":3}]", "[1,3]"},
    {"[*].a", "{\"a\":1}", "null"},
    {"[*]", "[1,null,2]", "[1,2]"},
    {"a[*].b[0]", "{\"a\":[{\"b\":[1,2]},{\"b\":[3]}]}", "[1,3]"},
    {"a[*].b | [0]", "{\"a\":[{\"b\":[1,2]},{\"b\":[3]}]}", "[1,2]"},
    {"*.a", "{\"x\":{\"a\":1},\"y\":{\"a\":2}}", "[1,2]"},
    {"x.*", "{\"x\":{\"a\":1,\"b\":2}}", "[1,2]"},
    {"[*, *]", "{\"a\":1}", "[[1],[1]]"},
    {"[]", "[[1,[2]],3]", "[1,[2],3]"},
    {"a[].b", "{\"a\":[[{\"b\":1}],[{\"b\":2}],{\"b\":3}]}", "[1,2,3]"},
    {"a[*].b[]", "{\"a\":[{\"b\":[1]},{\"b\":[2,3]}]}", "[1,2,3]"},
    {"[?a==`1`].b", "[{\"a\":1,\"b\":\"x\"},{\"a\":2,\"b\":\"y\"}]", "[\"x\"]"},
    {"[? a > `1` && b != 'y']", "[{\"a\":2,\"b\":\"x\"},{\"a\":2,\"b\":\"y\"}]",
     "[{\"a\":2,\"b\":\"x\"}]"},
    {"[?a == `1` || a == `3`].a", "[{\"a\":1},{\"a\":2},{\"a\":3}]", "[1,3]"},
    {"[?!a]", "[{\"a\":true},{\"a\":false},{\"a\":[]},{\"a\":\"\"},{}]",
     "[{\"a\":false},{\"a\":[]},{\"a\":\"\"},{}]"},
    {"[?a]", "{\"a\":1}", "null"},
    {"[?(a || b) && c].c", "[{\"a\":1,\"c\":1},{\"b\":1,\"c\":2},{\"c\":3},{\"a\":1}]", "[1,2]"},
    {"[?a][0]", "[{\"a\":[7]}]", "[]"},
    {"[?a] | [0]", "[{\"a\":7}]", "{\"a\":7}"},
    {"!a == b", "{\"a\":false,\"b\":true}", "true"},
    {"!a == b", "{\"a\":0,\"b\":1}", "false"},
    {"!a.b", "{\"a\":{\"b\":true}}", "null"},
    {"!(a.b)", "{\"a\":{\"b\":true}}", "false"},
    {"a || b", "{\"a\":[],\"b\":2}", "2"},
    {"a && b", "{\"a\":0,\"b\":2}", "2"},
    {"a == b", "{\"a\":{\"x\":1,\"y\":[1]},\"b\":{\"y\":[1.0],\"x\":1}}", "true"},
    {"a == b", "{\"a\":[1,2],\"b\":[1,2,3]}", "false"},
    {"a == b", "{\"a\":{\"x\":1},\"b\":{\"y\":1}}", "false"},
    {"a == `1`", "{\"a\":true}", "false"},
    {"a == '1'", "{\"a\":1}", "false"},
    {"a != `null`", "{}", "false"},
    {"a < `1.5`", "{\"a\":1}", "true"},
    {"a >= `2`", "{\"a\":2}", "true"},
    {"a <= `1`", "{\"a\":2}", "false"},
    {"a < 'x'", "{\"a\":1}", "null"},
    {"`9007199254740993` > `9007199254740992`", "null", "true"},
    {"`\"a\\`b\"`", "null", "\"a`b\""},
    {"`{\"a\": [1, null]}`.a", "null", "[1,null]"},
    {"'it\\'s \\\\n'", "null", "\"it's \\\\\\\\n\""},
    {"''", "null", "\"\""},
    {"[a, b]", "{\"a\":1}", "[1,null]"},
    {"[a, b]", "null", "null"},
    {"a.[b, c]", "{\"a\":{\"b\":1,\"c\":2}}", "[1,2]"},
    {"{x: a, \"y z\": b}", "{\"a\":1,\"b\":2}", "{\"x\":1,\"y z\":2}"},
    {"a.{x: b}", "{\"a\":null}", "null"},
    {"a | b", "{\"a\":{\"b\":1}}", "1"},
    {"length(@)", "\"\xc3\xa9t\xc3\xa9\"", "3"},
    {"length(a)", "{\"a\":{\"x\":1,\"y\":2}}", "2"},
    {"length ( a )", "{\"a\":[]}", "0"},
    {"contains(a, 'b')", "{\"a\":\"abc\"}", "true"},
    {"contains(a, `2`)", "{\"a\":[1,2.0]}", "true"},
    {"contains(a, `3`)", "{\"a\":[1,2]}", "false"},
    {"starts_with(a, 'ab')", "{\"a\":\"abc\"}", "true"},
    {"ends_with(a, 'bc')", "{\"a\":\"abc\"}", "true"},
    {"ends_with(a, 'xabc')", "{\"a\":\"abc\"}", "false"},
    {"equals_ignore_case(a, 'WDBOOT.sys')", "{\"a\":\"wdboot.SYS\"}", "true"},
    {"equals_ignore_case(a, 'x')", "{}", "false"},
    {"keys(@)", "{\"b\":1,\"a\":2}", "[\"b\",\"a\"]"},
    {"values(@)", "{\"b\":1,\"a\":2}", "[1,2]"},
    {"not_null(a, b, c)", "{\"c\":3}", "3"},
    {"not_null(a)", "{}", "null"},
    {"[*].type(@)", "[1,1.5,\"x\",true,[],{}]",
     "[\"number\",\"number\",\"string\",\"boolean\",\"array\",\"object\"]"},
    {"type(@)", "null", "\"null\""},
    {"to_array(a)", "{\"a\":1}", "[1]"},
    {"to_array(a)", "{\"a\":[1]}", "[1]"},
    {"to_string(a)", "{\"a\":[1,\"x\"]}", "\"[1,\\\"x\\\"]\""},
    {"to_string(a)", "{\"a\":\"x\"}", "\"x\""},
    {"to_number(a)", "{\"a\":\"12\"}", "12"},
    {"to_number(a)", "{\"a\":\"x\"}", "null"},
    {"to_number(a)", "{\"a\":true}", "null"},
    {"join(', ', a)", "{\"a\":[\"x\",\"y\"]}", "\"x, y\""},
    {"join(', ', a)", "{\"a\":[]}", "\"\""},
    {"reverse(a)", "{\"a\":[1,2]}", "[2,1]"},
    {"max(a)", "{\"a\":[1,3,2.5]}", "3"},
    {"min(a)", "{\"a\":[\"b\",\"a\"]}", "\"a\""},
    {"max(a)", "{\"a\":[]}", "null"},
};

static void a_query_gives_what_the_specification_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof results / sizeof results[0]; i++) {
        COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 4096};
        const char *text = NULL;
        cof_err err = {0};
        const cof_status status = search(results[i].query, results[i].data, 1000, &out, &err);
        if (status != COF_OK) {
            print_message("# %s: %s\n", results[i].query, err.detail);
        }
        assert_ok(status);
        assert_ok(cof_buf_text(&out, &text, NULL));
        assert_string_equal(text, results[i].expected);
    }
}

static const search_case refusals[] = {
    {"", "{}", "JmesPath column 1: expected an expression"},
    {"a.", "{}", "JmesPath column 3: expected a name, '*', '[' or '{' after '.'"},
    {".a", "{}", "JmesPath column 1: expected an expression"},
    {"a b", "{}", "JmesPath column 3: unexpected here"},
    {"a *", "{}", "JmesPath column 3: unexpected here"},
    {"a[", "{}", "JmesPath column 3: expected a number or '*'"},
    {"a[x]", "{}", "JmesPath column 3: expected a number or '*'"},
    {"a[0", "{}", "JmesPath column 4: expected ']'"},
    {"a[0:1]", "{}", "JmesPath column 4: slices are not supported"},
    {"a[:1]", "{}", "JmesPath column 3: slices are not supported"},
    {"a[-]", "{}", "JmesPath column 3: expected a digit after '-'"},
    {"a[1234567890]", "{}", "JmesPath column 3: an index has too many digits"},
    {"[?a", "{}", "JmesPath column 4: expected ']'"},
    {"[*]a", "{}", "JmesPath column 4: unexpected here"},
    {"[a b]", "{}", "JmesPath column 4: expected ',' or ']'"},
    {"{a}", "{}", "JmesPath column 3: expected ':'"},
    {"{'a': b}", "{}", "JmesPath column 2: expected a name"},
    {"{a: b", "{}", "JmesPath column 6: expected ',' or '}'"},
    {"(a", "{}", "JmesPath column 3: expected ')'"},
    {"a.(b)", "{}", "JmesPath column 3: expected a name, '*', '[' or '{' after '.'"},
    {"'a", "{}", "JmesPath column 1: a quote is not closed"},
    {"'a\\", "{}", "JmesPath column 1: a quote is not closed"},
    {"`a`", "{}", "JmesPath column 1: the literal is not JSON"},
    {"``", "{}", "JmesPath column 1: the literal is not JSON"},
    {"\"a\\x\"", "{}", "JmesPath column 1: the literal is not JSON"},
    {"a = b", "{}", "JmesPath column 3: unexpected character"},
    {"a & b", "{}", "JmesPath column 3: expression references (&) are not supported"},
    {"sort_by(a, &b)", "{}", "JmesPath column 1: there is no such function here"},
    {"length()", "{}", "JmesPath column 9: the function takes another number of arguments"},
    {"length(a, b)", "{}", "JmesPath column 13: the function takes another number of arguments"},
    {"length(a", "{}", "JmesPath column 9: expected ',' or ')'"},
    {"length(@)", "5", "JmesPath length() takes a string, an array or an object"},
    {"contains(@, 'x')", "5", "JmesPath contains() takes a string or an array first"},
    {"starts_with(@, 'x')", "5", "JmesPath starts_with() takes two strings"},
    {"keys(@)", "[]", "JmesPath keys() takes an object"},
    {"join('', @)", "[1]", "JmesPath join() takes a string and an array of strings"},
    {"reverse(@)", "5", "JmesPath reverse() takes an array"},
    {"max(@)", "[1,\"a\"]", "JmesPath max() takes an array of numbers or of strings"},
    {"min(@)", "[true]", "JmesPath min() takes an array of numbers or of strings"},
};

static void what_is_not_a_query_is_told_with_its_column(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 4096};
        cof_err err = {0};
        assert_status(search(refusals[i].query, refusals[i].data, 1000, &out, &err),
                      POLICY_EVALUATION);
        assert_string_equal(err.detail, refusals[i].expected);
    }
}

static void repeat(cof_buf *buf, const char *text, size_t times)
{
    for (size_t i = 0; i < times; i++) {
        assert_ok(cof_buf_append_text(buf, text, NULL));
    }
}

static cof_status search_repeated(const char *unit, size_t times, const char *tail, size_t steps)
{
    COF_CLEANUP(cof_buf_free) cof_buf query = {.limit = 1 << 20};
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 1 << 20};
    const char *text = NULL;
    repeat(&query, unit, times);
    repeat(&query, tail, 1);
    assert_ok(cof_buf_text(&query, &text, NULL));
    return search(text, "[1,[2,3]]", steps, &out, NULL);
}

static void depth_length_and_steps_are_bounded(void **state)
{
    (void)state;
    const size_t many = 100000;
    assert_ok(search_repeated("!", COF_JMES_DEPTH - 1, "@", many));
    assert_status(search_repeated("!", COF_JMES_DEPTH, "@", many), POLICY_EVALUATION);
    assert_ok(search_repeated("@|", 500, "@", many));
    assert_status(search_repeated("@|", 600, "@", many), POLICY_EVALUATION);
    assert_status(search_repeated(" ", COF_JMES_QUERY_BYTES, "@", many), POLICY_EVALUATION);
    assert_status(search_repeated("@|", 500, "@", 400), POLICY_EVALUATION);
    /* Doubling a value and writing it down is stopped by the bytes, comparing it by the steps. */
    assert_status(search_repeated("[@,@]|", 60, "to_string(@)", many), POLICY_EVALUATION);
    assert_status(search_repeated("[@,@]|", 60, "[0]==[1]", many), POLICY_EVALUATION);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_query_gives_what_the_specification_says),
        cmocka_unit_test(what_is_not_a_query_is_told_with_its_column),
        cmocka_unit_test(depth_length_and_steps_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
