#include <string.h>

#include "harness/cof_test.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"

static cof_status parse(const char *text, json_t **out, cof_err *err)
{
    return cof_json_parse(cof_view_text(text), COF_LIMIT_JSON_BYTES, out, err);
}

static void assert_refused(const char *text, size_t size)
{
    json_t *value = NULL;
    cof_err err = {0};
    const cof_status status =
        cof_json_parse(cof_view_of(text, size), COF_LIMIT_JSON_BYTES, &value, &err);
    if (status != COF_E_BAD_JSON) {
        print_message("# %s\n", text);
    }
    assert_status(status, BAD_JSON);
    assert_null(value);
}

static void values_of_each_type_are_read(void **state)
{
    (void)state;
    COF_JSON json_t *value = NULL;
    assert_ok(parse(" {\"a\" : [ 1 , -2.5e1,true,\tfalse,null , {} , [ ] ],\r\n\"b\":\"x\"} ",
                    &value, NULL));
    const json_t *array = json_object_get(value, "a");
    assert_int_equal(json_array_size(array), 7);
    assert_int_equal(json_integer_value(json_array_get(array, 0)), 1);
    assert_true(json_real_value(json_array_get(array, 1)) == -25.0);
    assert_true(json_is_true(json_array_get(array, 2)));
    assert_true(json_is_false(json_array_get(array, 3)));
    assert_true(json_is_null(json_array_get(array, 4)));
    assert_true(json_is_object(json_array_get(array, 5)));
    assert_true(json_is_array(json_array_get(array, 6)));
    assert_string_equal(json_string_value(json_object_get(value, "b")), "x");
}

static void a_whole_text_may_be_one_scalar(void **state)
{
    (void)state;
    static const char *const rows[] = {"1", "\"\"", "true", " null ", "-0", "0", "1E+2", "0.0"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        COF_JSON json_t *value = NULL;
        assert_ok(parse(rows[i], &value, NULL));
        assert_non_null(value);
    }
}

static void escapes_are_decoded(void **state)
{
    (void)state;
    COF_JSON json_t *value = NULL;
    assert_ok(parse("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e4\\u20AC\\ud83d\\uDE00\x7f\"", &value,
                    NULL));
    assert_string_equal(json_string_value(value),
                        "\"\\/\b\f\n\r\tA\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\x7f");
}

static void what_is_not_json_is_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {"",
                                       " ",
                                       "{",
                                       "}",
                                       "[",
                                       "]",
                                       "[1",
                                       "[1,",
                                       "[1,]",
                                       "[,1]",
                                       "[1 2]",
                                       "{\"a\"}",
                                       "{\"a\":}",
                                       "{\"a\":1,}",
                                       "{,}",
                                       "{a:1}",
                                       "{1:1}",
                                       "{\"a\" 1}",
                                       "{\"a\":1 \"b\":2}",
                                       "'a'",
                                       "tru",
                                       "True",
                                       "nul",
                                       "falsey",
                                       "NaN",
                                       "Infinity",
                                       "-Infinity",
                                       "-",
                                       "+1",
                                       "01",
                                       "-01",
                                       "1.",
                                       ".5",
                                       "1.e1",
                                       "1e",
                                       "1e+",
                                       "0x10",
                                       "1,2",
                                       "\"",
                                       "\"a",
                                       "\"\\\"",
                                       "\"\\x\"",
                                       "\"\\",
                                       "\"\\u12\"",
                                       "\"\\u12g4\"",
                                       "\"\\u",
                                       "\"\\ud800\"",
                                       "\"\\udc00\"",
                                       "\"\\ud800\\n\"",
                                       "\"\\ud800\\ud800\"",
                                       "\"\\ud800x\"",
                                       "\"a\nb\"",
                                       "\"\x01\"",
                                       "{} {}",
                                       "{}x",
                                       "// c\n{}",
                                       "/**/1",
                                       "\xef\xbb\xbf{}",
                                       "\"\xff\"",
                                       "\"\xed\xa0\x80\"",
                                       "1e999",
                                       "-1e999",
                                       "9223372036854775808",
                                       "-9223372036854775809",
                                       "\v1",
                                       "[1]]",
                                       "{\"a\":1}}"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_refused(rows[i], strlen(rows[i]));
    }
}

static void a_nul_is_refused_raw_and_escaped(void **state)
{
    (void)state;
    assert_refused("\"a\\u0000b\"", 10);
    assert_refused("\"a\0b\"", 5);
    assert_refused("{}\0", 3);
    assert_refused("{\"a\\u0000\":1}", 13);
    assert_refused("\0", 1);
}

static void a_member_that_stands_twice_is_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {"{\"a\":1,\"a\":1}", "{\"a\":1,\"b\":{\"c\":1,\"c\":2}}",
                                       "{\"a\":1,\"\\u0061\":2}", "{\"\":1,\"\":2}"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_refused(rows[i], strlen(rows[i]));
    }
}

static void nesting_is_allowed_to_the_limit_and_no_deeper(void **state)
{
    (void)state;
    char text[2 * (COF_LIMIT_JSON_DEPTH + 1) + 1] = {0};
    memset(text, '[', COF_LIMIT_JSON_DEPTH);
    memset(text + COF_LIMIT_JSON_DEPTH, ']', COF_LIMIT_JSON_DEPTH);
    COF_JSON json_t *value = NULL;
    assert_ok(parse(text, &value, NULL));
    memset(text, '[', COF_LIMIT_JSON_DEPTH + 1);
    json_t *none = NULL;
    assert_status(parse(text, &none, NULL), LIMIT);
    /* Brackets inside a string do not nest. */
    memset(text, '[', sizeof text - 1);
    text[0] = '"';
    text[sizeof text - 2] = '"';
    COF_JSON json_t *string = NULL;
    assert_ok(parse(text, &string, NULL));
}

static void a_text_or_number_over_its_limit_is_refused(void **state)
{
    (void)state;
    json_t *value = NULL;
    assert_status(cof_json_parse(cof_view_text("[1]"), 2, &value, NULL), LIMIT);
    char number[200] = {0};
    memset(number, '1', sizeof number - 1);
    number[1] = '.';
    assert_refused(number, 130);
    COF_JSON json_t *fits = NULL;
    assert_ok(cof_json_parse(cof_view_of(number, 128), 128, &fits, NULL));
}

static void an_error_says_where_and_does_not_quote_the_text(void **state)
{
    (void)state;
    json_t *value = NULL;
    cof_err err = {0};
    assert_status(parse("{\"secret\": hunter2}", &value, &err), BAD_JSON);
    assert_string_equal(err.detail, "not a JSON value at offset 11");
}

static void integers_keep_all_their_digits(void **state)
{
    (void)state;
    COF_JSON json_t *value = NULL;
    assert_ok(parse("[9223372036854775807,-9223372036854775808]", &value, NULL));
    assert_true(json_integer_value(json_array_get(value, 0)) == INT64_MAX);
    assert_true(json_integer_value(json_array_get(value, 1)) == INT64_MIN);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_each_type_are_read),
        cmocka_unit_test(a_whole_text_may_be_one_scalar),
        cmocka_unit_test(escapes_are_decoded),
        cmocka_unit_test(what_is_not_json_is_refused),
        cmocka_unit_test(a_nul_is_refused_raw_and_escaped),
        cmocka_unit_test(a_member_that_stands_twice_is_refused),
        cmocka_unit_test(nesting_is_allowed_to_the_limit_and_no_deeper),
        cmocka_unit_test(a_text_or_number_over_its_limit_is_refused),
        cmocka_unit_test(an_error_says_where_and_does_not_quote_the_text),
        cmocka_unit_test(integers_keep_all_their_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
