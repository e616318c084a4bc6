/* Each allocation of each function of tcb/wire fails once: the status says so, and nothing else
 * changes. */
#include <string.h>

#include "harness/cof_alloc_fail.h"
#include "harness/cof_test.h"
#include "tcb/wire/json.h"
#include "tcb/wire/reader.h"
#include "tcb/wire/text.h"
#include "tcb/wire/writer.h"

static const char text[] = "{\"name\":\"a rather long string, longer than any small buffer of a "
                           "parser\\u00e4\",\"list\":[1,2.5,"
                           "true,null,[{}]],\"number\":0.12345678901234567,\"a\":1,\"b\":2,\"c\":3,"
                           "\"d\":4,\"e\":5,\"f\":6,\"g\":7}";

static cof_status parse(void *context)
{
    COF_JSON json_t *value = NULL;
    const cof_status status = cof_json_parse(cof_view_text(text), sizeof text, &value, NULL);
    if (status == COF_OK) {
        assert_true(json_equal(value, context)); /* a value that came is the whole value */
    } else {
        assert_null(value);
    }
    return status;
}

static void a_parse_gives_the_whole_value_or_none(void **state)
{
    (void)state;
    COF_JSON json_t *whole = NULL;
    assert_ok(cof_json_parse(cof_view_text(text), sizeof text, &whole, NULL));
    assert_true(cof_alloc_fail_each(parse, whole, &(const cof_status){COF_OK}) > 30);
}

static cof_status print(void *context)
{
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 4096};
    COF_CLEANUP(cof_buf_free) cof_buf canonical = {.limit = 4096};
    COF_TRY(cof_json_print(context, &out, NULL));
    return cof_json_canonical(context, &canonical, NULL);
}

static void a_print_is_whole_or_empty(void **state)
{
    (void)state;
    COF_JSON json_t *whole = NULL;
    assert_ok(cof_json_parse(cof_view_text(text), sizeof text, &whole, NULL));
    assert_true(cof_alloc_fail_each(print, whole, &(const cof_status){COF_OK}) > 4);
}

static cof_status build(void *context)
{
    (void)context;
    COF_JSON json_t *object = json_object();
    COF_JSON json_t *array = json_array();
    if (object == NULL || array == NULL) {
        return COF_E_NO_MEMORY;
    }
    for (int i = 0; i < 20; i++) {
        COF_TRY(cof_json_append(array, json_integer(i), NULL));
        COF_TRY(
            cof_json_set(object, (const char[]){(char)('a' + i), '\0'}, json_string("x"), NULL));
    }
    return COF_OK;
}

static void a_value_that_is_set_is_never_lost(void **state)
{
    (void)state;
    assert_true(cof_alloc_fail_each(build, NULL, &(const cof_status){COF_OK}) > 40);
}

static cof_status encode(void *context)
{
    (void)context;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 4096};
    COF_CLEANUP(cof_buf_free) cof_buf back = {.limit = 4096};
    COF_CLEANUP(cof_buf_free) cof_buf other = {.limit = 4096};
    COF_TRY(cof_base64url_encode(cof_view_text(text), &out, NULL));
    COF_TRY(cof_base64url_decode(cof_buf_view(&out), &back, NULL));
    COF_TRY(cof_base64_encode(cof_view_text(text), &other, NULL));
    cof_buf_clear(&back);
    COF_TRY(cof_base64_decode(cof_buf_view(&other), &back, NULL));
    COF_TRY(cof_hex_encode(cof_buf_view(&back), &other, NULL));
    return cof_write_u64le(&other, 1, NULL);
}

static void encoders_and_decoders_say_that_memory_is_out(void **state)
{
    (void)state;
    assert_true(cof_alloc_fail_each(encode, NULL, &(const cof_status){COF_OK}) > 3);
}

int main(void)
{
    cof_alloc_fail_hook_jansson();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_parse_gives_the_whole_value_or_none),
        cmocka_unit_test(a_print_is_whole_or_empty),
        cmocka_unit_test(a_value_that_is_set_is_never_lost),
        cmocka_unit_test(encoders_and_decoders_say_that_memory_is_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
