#include "tcb/data/idx.h"

#include <string.h>

#include "harness/cof_test.h"
#include "tcb/base/limits.h"

/* Three images of 2 x 2. */
static const uint8_t values[] = {0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 2,  0,   0,
                                 0, 2, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 255, 0};
static const uint8_t labels[] = {0, 0, 8, 1, 0, 0, 0, 3, 2, 0, 1};

static cof_status feed(cof_idx *idx, cof_status (*take)(cof_idx *, cof_view, cof_err *),
                       cof_view bytes, size_t piece, cof_err *err)
{
    for (size_t at = 0; at < bytes.size; at += piece) {
        const size_t size = bytes.size - at < piece ? bytes.size - at : piece;
        COF_TRY(take(idx, cof_view_of(bytes.data + at, size), err));
    }
    return COF_OK;
}

static cof_status read_both(cof_idx *idx, cof_view data, cof_view classes, size_t piece,
                            cof_rows **out_rows, cof_err *err)
{
    COF_TRY(feed(idx, cof_idx_values, data, piece, err));
    COF_TRY(feed(idx, cof_idx_labels, classes, piece, err));
    return cof_idx_finish(idx, out_rows, err);
}

#define VIEW(array) cof_view_of((array), sizeof(array))

static void images_and_labels_become_a_table(void **state)
{
    (void)state;
    for (size_t piece = 1; piece < 40; piece++) {
        COF_CLEANUP(cof_idx_drop_) cof_idx *idx = NULL;
        COF_CLEANUP(cof_rows_drop_) cof_rows *rows = NULL;
        uint8_t moved[12] = {0};
        int32_t classes[3] = {0};
        assert_ok(cof_idx_new(3, 1000, &idx, NULL));
        assert_ok(read_both(idx, VIEW(values), VIEW(labels), piece, &rows, NULL));
        assert_int_equal(cof_rows_count(rows), 3);
        cof_table table = {
            .shape = *cof_rows_shape(rows), .rows = 3, .values = moved, .labels = classes};
        assert_int_equal(table.shape.columns, 4);
        assert_int_equal(table.shape.values, COF_TABLE_U8);
        assert_ok(cof_rows_move(rows, &table, NULL));
        assert_memory_equal(moved, values + 16, 12);
        assert_int_equal(classes[0], 2);
        assert_int_equal(classes[2], 1);
    }
}

typedef struct bad_header {
    uint8_t bytes[24];
    size_t size;
    const char *status;
} bad_header;

static const bad_header bad_headers[] = {
    {{1, 0, 8, 3}, 4, "BAD_FORMAT"},
    {{0, 1, 8, 3}, 4, "BAD_FORMAT"},
    {{0, 0, 9, 3}, 4, "UNSUPPORTED"},
    {{0, 0, 13, 3}, 4, "UNSUPPORTED"},
    {{0, 0, 8, 0}, 4, "UNSUPPORTED"},
    {{0, 0, 8, 5}, 4, "UNSUPPORTED"},
    {{0, 0, 8, 1, 0, 0, 0, 0}, 8, "DATA_EMPTY"},
    {{0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 2}, 16, "DATA_EMPTY"},
    {{0, 0, 8, 2, 0, 0, 0, 3, 255, 255, 255, 255}, 12, "LIMIT"},
    {{0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 255, 255, 0, 0, 255, 255}, 16, "LIMIT"},
    {{0, 0, 8, 4, 255, 255, 255, 255, 0, 2, 0, 0, 0, 0, 0, 2, 0, 0, 0, 2}, 20, "LIMIT"},
    {{0, 0, 8, 1, 255, 255, 255, 255}, 8, "MEMORY_LIMIT"},
};

static void bad_headers_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad_headers / sizeof bad_headers[0]; i++) {
        COF_CLEANUP(cof_idx_drop_) cof_idx *idx = NULL;
        assert_ok(cof_idx_new(3, 1000, &idx, NULL));
        const cof_status status = feed(
            idx, cof_idx_values, cof_view_of(bad_headers[i].bytes, bad_headers[i].size), 1, NULL);
        assert_string_equal(cof_status_describe(status)->name, bad_headers[i].status);
        assert_int_equal(cof_idx_values(idx, VIEW(values), NULL), status);
    }
}

static void a_file_cut_anywhere_is_refused(void **state)
{
    (void)state;
    for (size_t size = 0; size < sizeof values; size++) {
        COF_CLEANUP(cof_idx_drop_) cof_idx *idx = NULL;
        assert_ok(cof_idx_new(3, 1000, &idx, NULL));
        assert_ok(feed(idx, cof_idx_values, cof_view_of(values, size), 64, NULL));
        assert_status(cof_idx_finish(idx, NULL, NULL), TRUNCATED);
    }
    for (size_t size = 0; size < sizeof labels; size++) {
        COF_CLEANUP(cof_idx_drop_) cof_idx *idx = NULL;
        assert_ok(cof_idx_new(3, 1000, &idx, NULL));
        assert_status(read_both(idx, VIEW(values), cof_view_of(labels, size), 64, NULL, NULL),
                      TRUNCATED);
    }
}

static void a_byte_after_the_end_is_refused(void **state)
{
    (void)state;
    COF_CLEANUP(cof_idx_drop_) cof_idx *idx = NULL;
    COF_CLEANUP(cof_idx_drop_) cof_idx *other = NULL;
    assert_ok(cof_idx_new(3, 1000, &idx, NULL));
    assert_ok(cof_idx_values(idx, VIEW(values), NULL));
    assert_status(cof_idx_values(idx, cof_view_of("x", 1), NULL), TRAILING_BYTES);
    assert_ok(cof_idx_new(3, 1000, &other, NULL));
    assert_ok(cof_idx_values(other, VIEW(values), NULL));
    assert_ok(cof_idx_labels(other, VIEW(labels), NULL));
    assert_status(cof_idx_labels(other, cof_view_of("x", 1), NULL), TRAILING_BYTES);
}

static void a_label_beyond_the_classes_is_counted_and_refused(void **state)
{
    (void)state;
    COF_CLEANUP(cof_idx_drop_) cof_idx *idx = NULL;
    cof_rows *rows = NULL;
    assert_ok(cof_idx_new(2, 1000, &idx, NULL));
    assert_status(read_both(idx, VIEW(values), VIEW(labels), 64, &rows, NULL), DATA_INVALID);
    const cof_problems *problems = cof_idx_problems(idx);
    assert_int_equal(problems->total, 1);
    assert_int_equal(problems->kept[0].kind, COF_PROBLEM_BAD_LABEL);
    assert_int_equal(problems->kept[0].first_row, 1);
    assert_null(rows);
}

static void another_number_of_labels_is_refused(void **state)
{
    (void)state;
    static const uint8_t four[] = {0, 0, 8, 1, 0, 0, 0, 4, 2, 0, 1, 0};
    COF_CLEANUP(cof_idx_drop_) cof_idx *idx = NULL;
    assert_ok(cof_idx_new(3, 1000, &idx, NULL));
    assert_status(read_both(idx, VIEW(values), VIEW(four), 64, NULL, NULL), SCHEMA_MISMATCH);
}

static void labels_of_two_dimensions_are_refused(void **state)
{
    (void)state;
    COF_CLEANUP(cof_idx_drop_) cof_idx *idx = NULL;
    assert_ok(cof_idx_new(3, 1000, &idx, NULL));
    assert_status(read_both(idx, VIEW(values), VIEW(values), 64, NULL, NULL), UNSUPPORTED);
}

static void labels_before_the_values_are_refused(void **state)
{
    (void)state;
    COF_CLEANUP(cof_idx_drop_) cof_idx *idx = NULL;
    assert_ok(cof_idx_new(3, 1000, &idx, NULL));
    assert_status(cof_idx_labels(idx, VIEW(labels), NULL), TRUNCATED);
}

static void a_table_over_the_memory_limit_is_refused_from_its_header(void **state)
{
    (void)state;
    COF_CLEANUP(cof_idx_drop_) cof_idx *idx = NULL;
    cof_err err = {0};
    assert_ok(cof_idx_new(3, 23, &idx, NULL));
    assert_status(cof_idx_values(idx, cof_view_of(values, 16), &err), MEMORY_LIMIT);
    assert_non_null(strstr(err.detail, "24"));
    assert_non_null(strstr(err.detail, "23"));
}

static void class_counts_out_of_range_are_refused(void **state)
{
    (void)state;
    cof_idx *idx = NULL;
    assert_status(cof_idx_new(1, 1000, &idx, NULL), BAD_ARGUMENT);
    assert_status(cof_idx_new(COF_LIMIT_CLASSES + 1, 1000, &idx, NULL), BAD_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images_and_labels_become_a_table),
        cmocka_unit_test(bad_headers_are_refused),
        cmocka_unit_test(a_file_cut_anywhere_is_refused),
        cmocka_unit_test(a_byte_after_the_end_is_refused),
        cmocka_unit_test(a_label_beyond_the_classes_is_counted_and_refused),
        cmocka_unit_test(another_number_of_labels_is_refused),
        cmocka_unit_test(labels_of_two_dimensions_are_refused),
        cmocka_unit_test(labels_before_the_values_are_refused),
        cmocka_unit_test(a_table_over_the_memory_limit_is_refused_from_its_header),
        cmocka_unit_test(class_counts_out_of_range_are_refused),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
