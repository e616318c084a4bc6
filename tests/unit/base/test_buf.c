#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tcb/base/buf.h"
#include "tcb/base/size.h"

static void bytes_come_back_as_they_went_in(void **state)
{
    (void)state;
    cof_buf buf;
    cof_buf_init(&buf, 10000);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(cof_buf_append(&buf, cof_view_text("12345"), NULL), COF_OK);
    }
    assert_int_equal(buf.size, 5000);
    assert_memory_equal(buf.data + 4995, "12345", 5);
    cof_buf_free(&buf);
    assert_null(buf.data);
}

static void a_buffer_never_grows_over_its_limit(void **state)
{
    (void)state;
    cof_buf buf;
    cof_err err = {0};
    uint8_t *place = NULL;
    cof_buf_init(&buf, 8);
    assert_int_equal(cof_buf_append(&buf, cof_view_text("12345678"), &err), COF_OK);
    assert_int_equal(cof_buf_append(&buf, cof_view_text("9"), &err), COF_E_LIMIT);
    assert_int_equal(cof_buf_extend(&buf, SIZE_MAX, &place, &err), COF_E_LIMIT);
    assert_null(place);
    assert_int_equal(buf.size, 8);
    assert_memory_equal(buf.data, "12345678", 8);
    cof_buf_free(&buf);
}

static void formatted_text_is_appended_and_can_be_a_c_string(void **state)
{
    (void)state;
    cof_buf buf;
    const char *text = NULL;
    cof_buf_init(&buf, 100);
    assert_int_equal(cof_buf_printf(&buf, NULL, "%s-%d", "a", 5), COF_OK);
    assert_int_equal(cof_buf_text(&buf, &text, NULL), COF_OK);
    assert_string_equal(text, "a-5");
    assert_int_equal(buf.size, 3);
    cof_buf_clear(&buf);
    assert_int_equal(buf.data[0], 0);
    cof_buf_free(&buf);
}

static void sizes_that_overflow_are_refused(void **state)
{
    (void)state;
    size_t out = 0;
    assert_int_equal(cof_size_add(SIZE_MAX, 1, &out, NULL), COF_E_LIMIT);
    assert_int_equal(cof_size_mul(SIZE_MAX / 2, 3, &out, NULL), COF_E_LIMIT);
    assert_int_equal(cof_size_mul(3, 5, &out, NULL), COF_OK);
    assert_int_equal(out, 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_come_back_as_they_went_in),
        cmocka_unit_test(a_buffer_never_grows_over_its_limit),
        cmocka_unit_test(formatted_text_is_appended_and_can_be_a_c_string),
        cmocka_unit_test(sizes_that_overflow_are_refused),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
