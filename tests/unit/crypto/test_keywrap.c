#include "harness/cof_hex.h"
#include "tcb/crypto/keywrap.h"
#include "vectors/crypto/vectors.h"

static const char wrapped_hex[] =
    "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21";

static void the_example_of_rfc_3394_section_4_6_holds_both_ways(void **state)
{
    (void)state;
    COF_HEX(wrap_bytes, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
    COF_HEX(key_bytes, "00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f");
    cof_wrap_key wrap;
    cof_data_key key;
    cof_data_key opened = {{0}};
    memcpy(wrap.bytes, wrap_bytes.data, sizeof wrap.bytes);
    memcpy(key.bytes, key_bytes.data, sizeof key.bytes);
    uint8_t wrapped[COF_WRAPPED_DATA_KEY_SIZE];
    assert_ok(cof_data_key_wrap(&wrap, &key, wrapped, NULL));
    assert_hex(wrapped, sizeof wrapped, wrapped_hex);
    assert_ok(cof_data_key_unwrap(&wrap, wrapped, &opened, NULL));
    assert_memory_equal(opened.bytes, key.bytes, sizeof key.bytes);
}

static void every_flipped_bit_is_refused_and_writes_no_key(void **state)
{
    (void)state;
    COF_HEX(wrap_bytes, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
    COF_HEX(wrapped, wrapped_hex);
    cof_wrap_key wrap;
    memcpy(wrap.bytes, wrap_bytes.data, sizeof wrap.bytes);
    for (size_t bit = 0; bit < 8 * wrapped.size; bit++) {
        cof_data_key opened = {{0}};
        const cof_data_key zeros = {{0}};
        wrapped.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_status(cof_data_key_unwrap(&wrap, wrapped.data, &opened, NULL), KEY_MISMATCH);
        assert_memory_equal(opened.bytes, zeros.bytes, sizeof zeros.bytes);
        wrapped.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

static void assert_kwp(const char *plain_hex, const char *expected_hex)
{
    COF_HEX(key, kwp_key_hex);
    COF_HEX(plain, plain_hex);
    COF_HEX(expected, expected_hex);
    COF_CLEANUP(cof_buf_free) cof_buf wrapped = {.limit = expected.size};
    COF_CLEANUP(cof_buf_free) cof_buf opened = {.limit = plain.size};
    assert_ok(cof_kwp_wrap(key.data, cof_buf_view(&plain), &wrapped, NULL));
    assert_hex(wrapped.data, wrapped.size, expected_hex);
    assert_ok(cof_kwp_unwrap(key.data, cof_buf_view(&wrapped), &opened, NULL));
    assert_hex(opened.data, opened.size, plain_hex);
    opened.limit = plain.size * 2 - 1;
    assert_status(cof_kwp_unwrap(key.data, cof_buf_view(&wrapped), &opened, NULL), LIMIT);
    assert_int_equal(opened.size, plain.size);
}

static void wrapping_with_padding_agrees_with_another_implementation(void **state)
{
    (void)state;
    assert_kwp(kwp_short_hex, kwp_short_wrapped_hex);
    assert_kwp(kwp_long_hex, kwp_long_wrapped_hex);
}

static void every_size_comes_back(void **state)
{
    (void)state;
    COF_HEX(key, kwp_key_hex);
    uint8_t plain[70];
    memset(plain, 0x5A, sizeof plain);
    for (size_t size = 1; size <= sizeof plain; size++) {
        COF_CLEANUP(cof_buf_free) cof_buf wrapped = {.limit = 100};
        COF_CLEANUP(cof_buf_free) cof_buf opened = {.limit = 100};
        assert_ok(cof_kwp_wrap(key.data, cof_view_of(plain, size), &wrapped, NULL));
        assert_int_equal(wrapped.size, (size + 7) / 8 * 8 + 8);
        assert_ok(cof_kwp_unwrap(key.data, cof_buf_view(&wrapped), &opened, NULL));
        assert_int_equal(opened.size, size);
        assert_memory_equal(opened.data, plain, size);
    }
}

static void what_was_not_wrapped_is_refused(void **state)
{
    (void)state;
    COF_HEX(key, kwp_key_hex);
    COF_HEX(wrapped, kwp_long_wrapped_hex);
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 2000};
    for (size_t bit = 0; bit < 8 * wrapped.size; bit += 97) {
        wrapped.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_status(cof_kwp_unwrap(key.data, cof_buf_view(&wrapped), &out, NULL), KEY_MISMATCH);
        wrapped.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    static const size_t sizes[] = {0, 8, 15, 17, 1231};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        assert_status(cof_kwp_unwrap(key.data, cof_view_of(wrapped.data, sizes[i]), &out, NULL),
                      KEY_MISMATCH);
    }
    assert_int_equal(out.size, 0);
    assert_status(cof_kwp_wrap(key.data, (cof_view){0}, &out, NULL), BAD_ARGUMENT);
    cof_buf small = {.limit = 20};
    assert_status(cof_kwp_wrap(key.data, cof_buf_view(&wrapped), &small, NULL), LIMIT);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_rfc_3394_section_4_6_holds_both_ways),
        cmocka_unit_test(every_flipped_bit_is_refused_and_writes_no_key),
        cmocka_unit_test(wrapping_with_padding_agrees_with_another_implementation),
        cmocka_unit_test(every_size_comes_back),
        cmocka_unit_test(what_was_not_wrapped_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
