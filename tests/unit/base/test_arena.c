#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tcb/base/arena.h"

static void what_was_planned_fits_exactly_and_nothing_more(void **state)
{
    (void)state;
    size_t plan = 0;
    size_t need = 0;
    for (size_t bytes = 1; bytes < 200; bytes += 33) {
        assert_int_equal(cof_arena_need(bytes, &need, NULL), COF_OK);
        plan += need;
    }
    cof_arena arena;
    assert_int_equal(cof_arena_init(&arena, plan, NULL), COF_OK);
    void *place = NULL;
    for (size_t bytes = 1; bytes < 200; bytes += 33) {
        assert_int_equal(cof_arena_take(&arena, bytes, &place, NULL), COF_OK);
        assert_int_equal((uintptr_t)place % COF_ARENA_ALIGN, 0);
        assert_int_equal(*(uint8_t *)place, 0);
        memset(place, 0xAA, bytes);
    }
    assert_int_equal(arena.used, arena.size);
    assert_int_equal(cof_arena_take(&arena, 1, &place, NULL), COF_E_NO_MEMORY);
    cof_arena_free(&arena);
    assert_null(arena.base);
}

static void a_request_that_overflows_is_refused(void **state)
{
    (void)state;
    size_t need = 0;
    cof_arena arena = {0};
    void *place = NULL;
    assert_int_equal(cof_arena_need(SIZE_MAX, &need, NULL), COF_E_LIMIT);
    assert_int_equal(cof_arena_take(&arena, SIZE_MAX, &place, NULL), COF_E_LIMIT);
    assert_int_equal(cof_arena_init(&arena, SIZE_MAX / 2, NULL), COF_E_NO_MEMORY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_planned_fits_exactly_and_nothing_more),
        cmocka_unit_test(a_request_that_overflows_is_refused),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
