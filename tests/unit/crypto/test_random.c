#include <string.h>

#include "harness/cof_test.h"
#include "tcb/crypto/random.h"

static void no_two_fills_are_alike_and_no_byte_is_left_out(void **state)
{
    (void)state;
    uint8_t a[64] = {0};
    uint8_t b[64] = {0};
    uint8_t seen[64] = {0};
    for (int i = 0; i < 20; i++) {
        assert_ok(cof_random((cof_span){a, sizeof a}, NULL));
        assert_ok(cof_random((cof_span){b, sizeof b}, NULL));
        assert_memory_not_equal(a, b, sizeof a);
        for (size_t k = 0; k < sizeof a; k++) {
            seen[k] |= a[k];
        }
    }
    /* A byte that is 0 twenty times over: once in 256^20. */
    for (size_t k = 0; k < sizeof seen; k++) {
        assert_int_not_equal(seen[k], 0);
    }
}

static void nothing_is_written_outside(void **state)
{
    (void)state;
    uint8_t bytes[3] = {7, 7, 7};
    assert_ok(cof_random((cof_span){bytes + 1, 0}, NULL));
    assert_ok(cof_random((cof_span){NULL, 0}, NULL));
    assert_int_equal(bytes[1], 7);
    assert_ok(cof_random((cof_span){bytes + 1, 1}, NULL));
    assert_true(bytes[0] == 7 && bytes[2] == 7);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_two_fills_are_alike_and_no_byte_is_left_out),
        cmocka_unit_test(nothing_is_written_outside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
