#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tcb/base/buf.h"
#include "tcb/base/wipe.h"

static void every_differing_bit_is_seen(void **state)
{
    (void)state;
    uint8_t a[32] = {0};
    uint8_t b[32] = {0};
    assert_true(cof_secret_equal(a, b, sizeof a));
    for (size_t bit = 0; bit < 256; bit++) {
        b[bit / 8] = (uint8_t)(1U << (bit % 8));
        assert_false(cof_secret_equal(a, b, sizeof a));
        b[bit / 8] = 0;
    }
    assert_true(cof_secret_equal(a, b, 0));
}

static void a_wiped_secret_is_gone(void **state)
{
    (void)state;
    uint8_t secret[16];
    memset(secret, 0x5A, sizeof secret);
    cof_wipe(secret, sizeof secret);
    for (size_t i = 0; i < sizeof secret; i++) {
        assert_int_equal(secret[i], 0);
    }
    cof_wipe(NULL, 0);
}

static void a_buffer_that_grows_moves_and_keeps_its_bytes(void **state)
{
    (void)state;
    cof_buf buf;
    cof_buf_init(&buf, 1 << 20);
    assert_int_equal(cof_buf_append(&buf, cof_view_text("SECRET-SECRET-SECRET"), NULL), COF_OK);
    const uint8_t *old = buf.data;
    uint8_t *place = NULL;
    assert_int_equal(cof_buf_extend(&buf, 100000, &place, NULL), COF_OK);
    assert_ptr_not_equal(old, buf.data);
    assert_memory_equal(buf.data, "SECRET", 6);
    cof_buf_free(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_differing_bit_is_seen),
        cmocka_unit_test(a_wiped_secret_is_gone),
        cmocka_unit_test(a_buffer_that_grows_moves_and_keeps_its_bytes),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
