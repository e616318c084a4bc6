#include <string.h>

#include "harness/cof_test.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"

typedef cof_status printer(const json_t *value, cof_buf *out, cof_err *err);

static void assert_prints(printer *print, const char *text, const char *expected)
{
    COF_JSON json_t *value = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 4096};
    assert_ok(cof_json_parse(cof_view_text(text), 4096, &value, NULL));
    assert_ok(print(value, &out, NULL));
    assert_view_text(cof_buf_view(&out), expected);
}

static void the_example_of_rfc_8785_section_3_2_2_holds(void **state)
{
    (void)state;
    assert_prints(
        cof_json_canonical,
        "{\"numbers\": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],"
        "\"string\": \"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\","
        "\"literals\": [null, true, false]}",
        "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
        "\"string\":\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
}

static void members_are_sorted_by_utf16_code_units(void **state)
{
    (void)state;
    /* RFC 8785 section 3.2.3, whose emoji comes before U+FB33 as it does only in UTF-16 */
    assert_prints(cof_json_canonical,
                  "{\"\\u20ac\":1,\"\\r\":2,\"\\ufb33\":3,\"1\":4,\"\\ud83d\\ude00\":5,\"\\u0080\":"
                  "6,\"\\u00f6\":7}",
                  "{\"\\r\":2,\"1\":4,\"\xc2\x80\":6,\"\xc3\xb6\":7,\"\xe2\x82\xac\":1,"
                  "\"\xf0\x9f\x98\x80\":5,\"\xef\xac\xb3\":3}");
    assert_prints(cof_json_canonical,
                  "{\"ab\":1,\"a\":2,\"\":3,\"b\":4,\"B\":5,\"\\uee00\":6,\"\\udbff\\udfff\":7,"
                  "\"\\ud7ff\":8}",
                  "{\"\":3,\"B\":5,\"a\":2,\"ab\":1,\"b\":4,\"\xed\x9f\xbf\":8,"
                  "\"\xf4\x8f\xbf\xbf\":7,\"\xee\xb8\x80\":6}");
    /* Each pair in both orders, so that it is compared both ways. */
    assert_prints(cof_json_canonical, "{\"\\ufb33\":3,\"\\ud83d\\ude00\":5}",
                  "{\"\xf0\x9f\x98\x80\":5,\"\xef\xac\xb3\":3}");
    assert_prints(cof_json_canonical, "{\"\\ud83d\\ude00\":5,\"\\ufb33\":3}",
                  "{\"\xf0\x9f\x98\x80\":5,\"\xef\xac\xb3\":3}");
}

static void each_control_character_has_its_own_escape(void **state)
{
    (void)state;
    assert_prints(cof_json_canonical, "\"\\b\\t\\n\\f\\r\\u0001\\u001F\\u007f\\/\\u2028\"",
                  "\"\\b\\t\\n\\f\\r\\u0001\\u001f\x7f/\xe2\x80\xa8\"");
}

static void an_integer_beyond_2_to_53_is_not_canonical(void **state)
{
    (void)state;
    assert_prints(cof_json_canonical, "[9007199254740992,-9007199254740992,-0,0,1.0,-0.0,1e2]",
                  "[9007199254740992,-9007199254740992,0,0,1,0,100]");
    static const char *const rows[] = {"[9007199254740993]", "[-9007199254740993]"};
    for (size_t i = 0; i < 2; i++) {
        COF_JSON json_t *value = NULL;
        COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 64};
        assert_ok(cof_json_parse(cof_view_text(rows[i]), 64, &value, NULL));
        assert_status(cof_json_canonical(value, &out, NULL), BAD_JSON);
        assert_int_equal(out.size, 0);
        assert_ok(cof_json_print(value, &out, NULL));
    }
}

static void a_print_keeps_the_order_and_the_type_of_numbers(void **state)
{
    (void)state;
    assert_prints(
        cof_json_print,
        " { \"b\" : 1.0 , \"a\" : [ 9007199254740993 , 1e300, 0.1 ] , \"c\" : {} , \"d\" : [ ] } ",
        "{\"b\":1.0,\"a\":[9007199254740993,1e+300,0.1],\"c\":{},\"d\":[]}");
}

static void a_value_over_the_limits_leaves_nothing_behind(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 10};
    COF_JSON json_t *text = json_string("0123456789");
    assert_ok(cof_buf_append_text(&out, "x", NULL));
    assert_status(cof_json_print(text, &out, NULL), LIMIT);
    assert_status(cof_json_canonical(text, &out, NULL), LIMIT);
    assert_view_text(cof_buf_view(&out), "x");
    COF_JSON json_t *deep = json_array();
    for (int i = 0; i < COF_LIMIT_JSON_DEPTH + 1; i++) {
        json_t *outer = json_array();
        assert_int_equal(json_array_append_new(outer, deep), 0);
        deep = outer;
    }
    COF_CLEANUP(cof_buf_free) cof_buf room = {.limit = 1000};
    assert_status(cof_json_canonical(deep, &room, NULL), LIMIT);
    assert_status(cof_json_print(NULL, &room, NULL), NO_MEMORY);
    assert_int_equal(room.size, 0);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_rfc_8785_section_3_2_2_holds),
        cmocka_unit_test(members_are_sorted_by_utf16_code_units),
        cmocka_unit_test(each_control_character_has_its_own_escape),
        cmocka_unit_test(an_integer_beyond_2_to_53_is_not_canonical),
        cmocka_unit_test(a_print_keeps_the_order_and_the_type_of_numbers),
        cmocka_unit_test(a_value_over_the_limits_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
