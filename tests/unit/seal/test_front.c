#include <string.h>

#include "seal_kit.h"

/* A good front, made fresh for each edit. */
static void make_front(cof_buf *out)
{
    cof_buf_init(out, 1 << 20);
    const cof_seal_header header = kit_header(COF_SEAL_MODEL, "model");
    cof_digest digest = {0};
    kit_seal(&header, (cof_view){0}, out, &digest);
}

static cof_status parse(cof_view bytes)
{
    COF_CLEANUP(cof_front_drop_) cof_front *front = NULL;
    return cof_front_parse(bytes, &front, NULL);
}

typedef struct edit {
    const char *what;
    size_t offset;
    uint8_t value;
    cof_status status;
} edit;

static void each_field_out_of_its_range_is_refused(void **state)
{
    (void)state;
    const edit edits[] = {
        {"magic", 0, 'D', COF_E_BAD_FORMAT},
        {"version 2", 8, 2, COF_E_BAD_VERSION},
        {"version 257", 9, 1, COF_E_BAD_VERSION},
        {"kind 0", 10, 0, COF_E_BAD_FORMAT},
        {"kind 6", 10, 6, COF_E_BAD_FORMAT},
        {"kind 256", 11, 1, COF_E_BAD_FORMAT},
        {"chunk size", 12, 1, COF_E_BAD_FORMAT},
        {"size 2^48", 22, 1, COF_E_LIMIT},
        {"capacity 4097", 72, 1, COF_E_BAD_FORMAT},
        {"capacity 0", 73, 0, COF_E_BAD_FORMAT},
        {"capacity 20480", 73, 0x50, COF_E_BAD_FORMAT},
        {"name size 0", 76, 0, COF_E_BAD_FORMAT},
        {"name size 129", 76, 129, COF_E_BAD_FORMAT},
        {"name with a slash", 78, '/', COF_E_BAD_FORMAT},
        {"name with a NUL", 80, 0, COF_E_BAD_FORMAT},
        {"name not UTF-8", 80, 0xff, COF_E_BAD_FORMAT},
    };
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        COF_CLEANUP(cof_buf_free) cof_buf front = {0};
        make_front(&front);
        assert_ok(parse(cof_buf_view(&front)));
        front.data[edits[i].offset] = edits[i].value;
        if (parse(cof_buf_view(&front)) != edits[i].status) {
            fail_msg("%s was not refused as it should be", edits[i].what);
        }
    }
}

static void a_zero_object_id_is_refused(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf front = {0};
    make_front(&front);
    memset(front.data + 24, 0, 16);
    assert_status(parse(cof_buf_view(&front)), BAD_FORMAT);
}

static void a_dataset_with_a_context_is_refused(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf front = {0};
    make_front(&front);
    front.data[10] = COF_SEAL_DATASET;
    assert_status(parse(cof_buf_view(&front)), BAD_FORMAT);
    memset(front.data + 40, 0, 32);
    assert_ok(parse(cof_buf_view(&front)));
}

static void a_front_of_another_size_is_refused(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf front = {0};
    make_front(&front);
    assert_status(parse(cof_view_of(front.data, front.size - 1)), TRUNCATED);
    assert_status(parse(cof_view_of(front.data, 77)), TRUNCATED);
    assert_ok(cof_buf_append_text(&front, "x", NULL));
    assert_status(parse(cof_buf_view(&front)), TRAILING_BYTES);
}

/* The largest object is announced by 78 bytes: they alone must not cost memory. */
static void the_largest_front_is_computed_not_allocated(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf front = {0};
    make_front(&front);
    memset(front.data + 16, 0, 8);
    front.data[21] = 0x10; /* 2^44 */
    size_t size = 0;
    assert_ok(cof_front_size(cof_view_of(front.data, 78), &size, NULL));
    assert_int_equal(size, 78 + 5 + 32 + ((size_t)16 << 28) + 4096);
    assert_status(parse(cof_buf_view(&front)), TRUNCATED);
    front.data[16] = 1;
    assert_status(cof_front_size(cof_view_of(front.data, 78), &size, NULL), LIMIT);
}

static void each_malformed_recipients_area_is_refused(void **state)
{
    (void)state;
    enum { AREA = 78 + 5 + 32 + 16 }; /* count 2, used 4; algorithm 1, size 2, "job", size 2, 40 */
    const edit edits[] = {
        {"no recipient", AREA, 0, COF_E_BAD_FORMAT},
        {"two announced, one there", AREA, 2, COF_E_BAD_FORMAT},
        {"33 recipients", AREA, 33, COF_E_BAD_FORMAT},
        {"used too small", AREA + 2, 47, COF_E_BAD_FORMAT},
        {"used too large", AREA + 2, 49, COF_E_BAD_FORMAT},
        {"used over the area", AREA + 3, 0x10, COF_E_BAD_FORMAT},
        {"used 2^24 and more", AREA + 5, 1, COF_E_BAD_FORMAT},
        {"algorithm 0", AREA + 6, 0, COF_E_BAD_FORMAT},
        {"algorithm 3", AREA + 6, 3, COF_E_BAD_FORMAT},
        {"RSA of 40 bytes", AREA + 6, 1, COF_E_BAD_FORMAT},
        {"kid size 0", AREA + 7, 0, COF_E_BAD_FORMAT},
        {"kid over the end", AREA + 8, 0x02, COF_E_BAD_FORMAT},
        {"kid not \"job\"", AREA + 9, 'k', COF_E_BAD_FORMAT},
        {"kid not printable", AREA + 9, 0x7f, COF_E_BAD_FORMAT},
        {"wrapped size 41", AREA + 12, 41, COF_E_BAD_FORMAT},
        {"not zero after the mac", AREA + 6 + 48 + 32, 1, COF_E_BAD_FORMAT},
        {"not zero at the end", AREA + 4095, 1, COF_E_BAD_FORMAT},
    };
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        COF_CLEANUP(cof_buf_free) cof_buf front = {0};
        make_front(&front);
        assert_ok(parse(cof_buf_view(&front)));
        assert_int_equal(front.data[AREA + 2], 48);
        front.data[edits[i].offset] = edits[i].value;
        if (parse(cof_buf_view(&front)) != edits[i].status) {
            fail_msg("%s was not refused as it should be", edits[i].what);
        }
    }
}

static void a_recipient_that_stands_twice_is_refused(void **state)
{
    (void)state;
    enum { AREA = 78 + 5 + 32 + 16, ENTRY = 48 };
    COF_CLEANUP(cof_buf_free) cof_buf front = {0};
    make_front(&front);
    uint8_t *area = front.data + AREA;
    uint8_t entry[ENTRY];
    memcpy(entry, area + 6, ENTRY);
    memmove(area + 6 + 2 * ENTRY, area + 6 + ENTRY, 32);
    memcpy(area + 6 + ENTRY, entry, ENTRY);
    area[0] = 2;
    area[2] = 2 * ENTRY;
    assert_status(parse(cof_buf_view(&front)), BAD_FORMAT);
}

static void names_are_strict_utf8(void **state)
{
    (void)state;
    static const char *const good[] = {"a",
                                       "...",
                                       "a b",
                                       "\xc2\xa0",
                                       "\xe2\x82\xac",
                                       "\xed\x9f\xbf",
                                       "\xf0\x9f\x94\x92",
                                       "\xf4\x8f\xbf\xbf"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        COF_CLEANUP(cof_buf_free) cof_buf front = {.limit = 1 << 20};
        const cof_seal_header header = kit_header(COF_SEAL_MODEL, good[i]);
        cof_digest digest = {0};
        kit_seal(&header, (cof_view){0}, &front, &digest);
        assert_ok(parse(cof_buf_view(&front)));
    }
    /* Four bytes in the place of "mode" of "model". */
    static const char *const bad[] = {"\xf4\x90\x80\x80", "\xf0\x80\x80\xaf", "a\xe2\x82z",
                                      "\xed\xbf\xbfz",    "ab\x80z",          "a\xe0\x81\x81",
                                      "\xf0\x80\x81\x81"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        COF_CLEANUP(cof_buf_free) cof_buf front = {0};
        make_front(&front);
        memcpy(front.data + 78, bad[i], 4);
        assert_status(parse(cof_buf_view(&front)), BAD_FORMAT);
    }
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_field_out_of_its_range_is_refused),
        cmocka_unit_test(a_zero_object_id_is_refused),
        cmocka_unit_test(a_dataset_with_a_context_is_refused),
        cmocka_unit_test(a_front_of_another_size_is_refused),
        cmocka_unit_test(the_largest_front_is_computed_not_allocated),
        cmocka_unit_test(each_malformed_recipients_area_is_refused),
        cmocka_unit_test(a_recipient_that_stands_twice_is_refused),
        cmocka_unit_test(names_are_strict_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
