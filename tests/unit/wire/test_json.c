#include <math.h>
#include <string.h>

#include "harness/cof_test.h"
#include "tcb/wire/json.h"

static json_t *sample(void)
{
    json_t *value = NULL;
    assert_ok(cof_json_parse(
        cof_view_text(
            "{\"text\":\"abc\",\"int\":42,\"real\":2.5,\"yes\":true,\"no\":false,\"null\":null,"
            "\"hex\":\"00Ff\",\"bytes\":\"AQID\",\"list\":[1],\"map\":{}}"),
        1000, &value, NULL));
    return value;
}

static void members_of_the_right_type_are_found(void **state)
{
    (void)state;
    COF_JSON json_t *object = sample();
    json_t *member = NULL;
    const char *text = NULL;
    int64_t integer = 0;
    double number = 0;
    bool flag = false;
    uint8_t bytes[2] = {9, 9};
    COF_CLEANUP(cof_buf_free) cof_buf decoded = {.limit = 3};
    assert_ok(cof_json_get(object, "list", JSON_ARRAY, &member, NULL));
    assert_int_equal(json_array_size(member), 1);
    assert_ok(cof_json_get_text(object, "text", 3, &text, NULL));
    assert_string_equal(text, "abc");
    assert_ok(cof_json_get_int(object, "int", 42, 42, &integer, NULL));
    assert_int_equal(integer, 42);
    assert_ok(cof_json_get_number(object, "int", 0, 42, &number, NULL));
    assert_true(number == 42);
    assert_ok(cof_json_get_number(object, "real", 2.5, 3, &number, NULL));
    assert_true(number == 2.5);
    assert_ok(cof_json_get_bool(object, "yes", &flag, NULL));
    assert_true(flag);
    assert_ok(cof_json_get_bool(object, "no", &flag, NULL));
    assert_false(flag);
    assert_ok(cof_json_get_hex(object, "hex", bytes, sizeof bytes, NULL));
    assert_memory_equal(bytes, "\x00\xff", 2);
    assert_ok(cof_json_get_base64url(object, "bytes", &decoded, NULL));
    assert_view_text(cof_buf_view(&decoded), "\x01\x02\x03");
}

static void a_missing_member_is_named(void **state)
{
    (void)state;
    COF_JSON json_t *object = sample();
    COF_JSON json_t *array = json_array();
    cof_err err = {0};
    json_t *member = NULL;
    assert_status(cof_json_get(object, "seed", JSON_INTEGER, &member, &err), BAD_FORMAT);
    assert_string_equal(err.detail, "\"seed\" is missing");
    assert_status(cof_json_get(array, "seed", JSON_INTEGER, &member, &err), BAD_FORMAT);
    assert_status(cof_json_get(NULL, "seed", JSON_INTEGER, &member, &err), BAD_FORMAT);
    assert_null(member);
}

static void a_member_of_another_type_is_refused(void **state)
{
    (void)state;
    COF_JSON json_t *object = sample();
    static const char *const keys[] = {"text", "int",  "real", "yes",   "no",
                                       "null", "list", "map",  "absent"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const char *text = NULL;
        int64_t integer = 7;
        double number = 7;
        bool flag = true;
        json_t *member = NULL;
        cof_buf bytes = {.limit = 10};
        const bool is_text = strcmp(keys[i], "text") == 0;
        const bool is_int = strcmp(keys[i], "int") == 0;
        const bool is_real = strcmp(keys[i], "real") == 0;
        assert_true((cof_json_get_text(object, keys[i], 10, &text, NULL) == COF_OK) == is_text);
        assert_true((cof_json_get_int(object, keys[i], 0, 50, &integer, NULL) == COF_OK) == is_int);
        assert_true((cof_json_get_number(object, keys[i], 0, 50, &number, NULL) == COF_OK) ==
                    (is_int || is_real));
        assert_true((cof_json_get_bool(object, keys[i], &flag, NULL) == COF_OK) ==
                    (i == 3 || i == 4));
        assert_true((cof_json_get(object, keys[i], JSON_OBJECT, &member, NULL) == COF_OK) ==
                    (i == 7));
        assert_status(cof_json_get_hex(object, keys[i], &bytes, 2, NULL), BAD_FORMAT);
        if (!is_text) {
            assert_status(cof_json_get_base64url(object, keys[i], &bytes, NULL), BAD_FORMAT);
            assert_null(text);
        }
        cof_buf_free(&bytes);
    }
}

static void a_value_out_of_range_is_refused(void **state)
{
    (void)state;
    COF_JSON json_t *object = sample();
    const char *text = NULL;
    int64_t integer = 7;
    double number = 7;
    cof_err err = {0};
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {.limit = 2};
    assert_status(cof_json_get_text(object, "text", 2, &text, NULL), LIMIT);
    assert_status(cof_json_get_int(object, "int", 43, 50, &integer, &err), BAD_FORMAT);
    assert_string_equal(err.detail, "\"int\" is not from 43 to 50");
    assert_status(cof_json_get_int(object, "int", 0, 41, &integer, NULL), BAD_FORMAT);
    assert_status(cof_json_get_number(object, "real", 2.6, 9, &number, NULL), BAD_FORMAT);
    assert_status(cof_json_get_number(object, "real", 0, 2.4, &number, NULL), BAD_FORMAT);
    assert_status(cof_json_get_number(object, "real", (double)NAN, 9, &number, NULL), BAD_FORMAT);
    assert_status(cof_json_get_base64url(object, "bytes", &bytes, NULL), LIMIT);
    assert_true(integer == 7 && number == 7 && text == NULL);
    COF_JSON json_t *with_nul = json_pack("{s:s%}", "a", "x\0y", (size_t)3);
    assert_non_null(with_nul);
    assert_status(cof_json_get_text(with_nul, "a", 10, &text, NULL), BAD_FORMAT);
}

static void a_member_that_is_not_known_is_named_and_cleaned(void **state)
{
    (void)state;
    static const char *const keys[] = {"a", "b"};
    COF_JSON json_t *value = NULL;
    COF_JSON json_t *array = json_array();
    cof_err err = {0};
    assert_ok(
        cof_json_parse(cof_view_text("{\"a\":1,\"e\\n\\\"vil\xc3\xa4\":2}"), 100, &value, NULL));
    assert_status(cof_json_only(value, keys, 2, &err), BAD_FORMAT);
    assert_string_equal(err.detail, "\"e??vil??\" is not known");
    assert_status(cof_json_only(array, keys, 2, NULL), BAD_FORMAT);
    COF_JSON json_t *good = json_pack("{s:i}", "b", 1);
    assert_ok(cof_json_only(good, keys, 2, NULL));
    assert_status(cof_json_only(good, keys, 1, NULL), BAD_FORMAT);
    COF_JSON json_t *empty = json_object();
    assert_ok(cof_json_only(empty, NULL, 0, NULL));
}

static void setting_takes_the_value_over_and_sees_a_missing_one(void **state)
{
    (void)state;
    COF_JSON json_t *object = json_object();
    COF_JSON json_t *array = json_array();
    assert_ok(cof_json_set(object, "a", json_integer(1), NULL));
    assert_status(cof_json_set(object, "b", NULL, NULL), NO_MEMORY);
    assert_ok(cof_json_append(array, json_string("x"), NULL));
    assert_status(cof_json_append(array, NULL, NULL), NO_MEMORY);
    assert_int_equal(json_object_size(object), 1);
    assert_int_equal(json_array_size(array), 1);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_of_the_right_type_are_found),
        cmocka_unit_test(a_missing_member_is_named),
        cmocka_unit_test(a_member_of_another_type_is_refused),
        cmocka_unit_test(a_value_out_of_range_is_refused),
        cmocka_unit_test(a_member_that_is_not_known_is_named_and_cleaned),
        cmocka_unit_test(setting_takes_the_value_over_and_sees_a_missing_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
