#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tcb/base/status.h"

static void every_row_has_a_text_an_exit_code_and_a_unique_name(void **state)
{
    (void)state;
    for (int i = 1; i < COF_STATUS_COUNT; i++) {
        const cof_status_info *info = cof_status_describe((cof_status)i);
        assert_true(strlen(info->text) > 10);
        assert_true(info->exit_code >= 64 && info->exit_code <= 78);
        assert_true(info->http >= 400 && info->http < 600);
        cof_status found = COF_OK;
        assert_true(cof_status_from_name(info->name, &found));
        assert_int_equal(found, i);
    }
}

static void a_value_outside_the_table_is_internal(void **state)
{
    (void)state;
    assert_string_equal(cof_status_describe(COF_STATUS_COUNT)->name, "INTERNAL");
    assert_string_equal(cof_status_describe((cof_status)-1)->name, "INTERNAL");
    cof_status found = COF_OK;
    assert_false(cof_status_from_name("NO_SUCH_STATUS", &found));
    assert_int_equal(found, COF_OK);
}

static cof_status fails(cof_err *err)
{
    return COF_FAIL(err, TRUNCATED, "%d bytes are missing", 7);
}

static cof_status passes_on(cof_err *err)
{
    COF_TRY(fails(err));
    return COF_OK;
}

static void a_failure_says_what_and_where(void **state)
{
    (void)state;
    cof_err err = {0};
    assert_int_equal(passes_on(&err), COF_E_TRUNCATED);
    assert_int_equal(err.status, COF_E_TRUNCATED);
    assert_string_equal(err.detail, "7 bytes are missing");
    assert_non_null(strstr(err.file, "test_status.c"));
    cof_err_context(&err, "chunk %d", 3);
    assert_string_equal(err.detail, "chunk 3: 7 bytes are missing");
    assert_int_equal(fails(NULL), COF_E_TRUNCATED);
}

static void a_long_context_is_cut_and_never_overflows(void **state)
{
    (void)state;
    cof_err err = {0};
    (void)fails(&err);
    for (int i = 0; i < 100; i++) {
        cof_err_context(&err, "level %d of a deep call", i);
    }
    assert_true(strlen(err.detail) < sizeof err.detail);
    assert_int_equal(strncmp(err.detail, "level 99", 8), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_has_a_text_an_exit_code_and_a_unique_name),
        cmocka_unit_test(a_value_outside_the_table_is_internal),
        cmocka_unit_test(a_failure_says_what_and_where),
        cmocka_unit_test(a_long_context_is_cut_and_never_overflows),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
