#include <string.h>

#include "harness/cof_test.h"
#include "tcb/wire/reader.h"
#include "tcb/wire/writer.h"

static void numbers_stand_in_the_order_of_their_name(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf buf = {.limit = 64};
    assert_ok(cof_write_u8(&buf, 0x01, NULL));
    assert_ok(cof_write_u16le(&buf, 0x0203, NULL));
    assert_ok(cof_write_u32le(&buf, 0x04050607, NULL));
    assert_ok(cof_write_u64le(&buf, 0x08090A0B0C0D0E0F, NULL));
    assert_ok(cof_write_u32be(&buf, 0x10111213, NULL));
    assert_ok(cof_write_u64be(&buf, 0x1415161718191A1B, NULL));
    static const uint8_t expected[] = {0x01, 0x03, 0x02, 0x07, 0x06, 0x05, 0x04, 0x0F, 0x0E,
                                       0x0D, 0x0C, 0x0B, 0x0A, 0x09, 0x08, 0x10, 0x11, 0x12,
                                       0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1A, 0x1B};
    assert_int_equal(buf.size, sizeof expected);
    assert_memory_equal(buf.data, expected, sizeof expected);
}

static void what_was_written_is_read(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf buf = {.limit = 64};
    assert_ok(cof_write_u8(&buf, 0xF1, NULL));
    assert_ok(cof_write_u16le(&buf, 0xF203, NULL));
    assert_ok(cof_write_u32le(&buf, 0xF4050607, NULL));
    assert_ok(cof_write_u64le(&buf, 0xF8090A0B0C0D0E0F, NULL));
    assert_ok(cof_write_u32be(&buf, 0xF0111213, NULL));
    assert_ok(cof_write_u64be(&buf, 0xF415161718191A1B, NULL));
    cof_reader reader = cof_reader_of(cof_buf_view(&buf));
    uint8_t u8 = 0;
    uint16_t u16 = 0;
    uint32_t u32 = 0;
    uint64_t u64 = 0;
    assert_ok(cof_read_u8(&reader, &u8, NULL));
    assert_ok(cof_read_u16le(&reader, &u16, NULL));
    assert_int_equal(u8, 0xF1);
    assert_int_equal(u16, 0xF203);
    assert_ok(cof_read_u32le(&reader, &u32, NULL));
    assert_int_equal(u32, 0xF4050607);
    assert_ok(cof_read_u64le(&reader, &u64, NULL));
    assert_true(u64 == 0xF8090A0B0C0D0E0F);
    assert_status(cof_reader_finish(&reader, NULL), TRAILING_BYTES);
    assert_ok(cof_read_u32be(&reader, &u32, NULL));
    assert_int_equal(u32, 0xF0111213);
    assert_ok(cof_read_u64be(&reader, &u64, NULL));
    assert_true(u64 == 0xF415161718191A1B);
    assert_ok(cof_reader_finish(&reader, NULL));
}

static void a_read_beyond_the_end_changes_nothing(void **state)
{
    (void)state;
    static const uint8_t bytes[3] = {1, 2, 3};
    cof_reader reader = cof_reader_of(cof_view_of(bytes, sizeof bytes));
    uint8_t copy[4] = {9, 9, 9, 9};
    uint32_t u32 = 77;
    uint64_t u64 = 77;
    cof_view view = {0};
    cof_err err = {0};
    assert_status(cof_read_u32le(&reader, &u32, &err), TRUNCATED);
    assert_string_equal(err.detail, "4 bytes needed at offset 0, 3 left");
    assert_status(cof_read_u32be(&reader, &u32, NULL), TRUNCATED);
    assert_status(cof_read_u64le(&reader, &u64, NULL), TRUNCATED);
    assert_status(cof_read_u64be(&reader, &u64, NULL), TRUNCATED);
    assert_status(cof_read_copy(&reader, copy, sizeof copy, NULL), TRUNCATED);
    assert_status(cof_read_view(&reader, SIZE_MAX, &view, NULL), TRUNCATED);
    assert_int_equal(cof_reader_left(&reader), 3);
    assert_int_equal(u32, 77);
    assert_int_equal(u64, 77);
    assert_int_equal(copy[0], 9);
    assert_ok(cof_read_view(&reader, 2, &view, NULL));
    assert_ptr_equal(view.data, bytes);
    uint16_t u16 = 77;
    assert_status(cof_read_u16le(&reader, &u16, NULL), TRUNCATED);
    assert_ok(cof_read_copy(&reader, copy, 1, NULL));
    assert_int_equal(copy[0], 3);
    assert_status(cof_read_u8(&reader, copy, NULL), TRUNCATED);
    assert_ok(cof_reader_finish(&reader, NULL));
}

static void an_empty_view_reads_as_nothing(void **state)
{
    (void)state;
    cof_reader reader = cof_reader_of((cof_view){0});
    cof_view view = {(const uint8_t *)"x", 1};
    assert_ok(cof_read_view(&reader, 0, &view, NULL));
    assert_int_equal(view.size, 0);
    assert_ok(cof_read_copy(&reader, NULL, 0, NULL));
    assert_ok(cof_reader_finish(&reader, NULL));
}

static void a_number_that_does_not_fit_the_limit_is_not_written(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf buf = {.limit = 7};
    assert_status(cof_write_u64le(&buf, 1, NULL), LIMIT);
    assert_status(cof_write_u64be(&buf, 1, NULL), LIMIT);
    assert_int_equal(buf.size, 0);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_stand_in_the_order_of_their_name),
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(a_read_beyond_the_end_changes_nothing),
        cmocka_unit_test(an_empty_view_reads_as_nothing),
        cmocka_unit_test(a_number_that_does_not_fit_the_limit_is_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
