#include "tcb/data/rows.h"

#include "harness/cof_test.h"
#include "tcb/base/limits.h"

static const cof_table_shape shape = {
    .values = COF_TABLE_F32, .labels = COF_TABLE_CLASS, .columns = 3, .classes = 2};

static cof_rows *make_rows(size_t count, size_t memory_limit)
{
    cof_rows *rows = NULL;
    assert_ok(cof_rows_new(&shape, memory_limit, &rows, NULL));
    for (size_t i = 0; i < count; i++) {
        void *values = NULL;
        void *label = NULL;
        assert_ok(cof_rows_values_place(rows, &values, NULL));
        assert_ok(cof_rows_label_place(rows, &label, NULL));
        for (size_t k = 0; k < 3; k++) {
            ((float *)values)[k] = (float)(3 * i + k);
        }
        *(int32_t *)label = (int32_t)(i % 2);
        cof_rows_values_commit(rows);
        cof_rows_label_commit(rows);
    }
    return rows;
}

static void rows_of_two_inputs_are_joined_in_order(void **state)
{
    (void)state;
    enum { FIRST = 300000, SECOND = 7 };
    COF_CLEANUP(cof_rows_drop_) cof_rows *first = make_rows(FIRST, 1u << 30);
    COF_CLEANUP(cof_rows_drop_) cof_rows *second = make_rows(SECOND, 1u << 30);
    COF_CLEANUP(cof_free_drop_) float *values = calloc((FIRST + SECOND) * 3, sizeof *values);
    COF_CLEANUP(cof_free_drop_) int32_t *labels = calloc(FIRST + SECOND, sizeof *labels);
    const cof_table whole = {
        .shape = shape, .rows = FIRST + SECOND, .values = values, .labels = labels};
    cof_table part = {0};
    assert_ok(cof_table_part(&whole, 0, FIRST, &part, NULL));
    assert_ok(cof_rows_move(first, &part, NULL));
    assert_ok(cof_table_part(&whole, FIRST, SECOND, &part, NULL));
    assert_ok(cof_rows_move(second, &part, NULL));
    for (size_t i = 0; i < 3 * FIRST; i++) {
        assert_true(values[i] == (float)i);
    }
    for (size_t i = 0; i < 3 * SECOND; i++) {
        assert_true(values[(size_t)3 * FIRST + i] == (float)i);
    }
    assert_int_equal(labels[FIRST + 1], 1);
    assert_int_equal(cof_rows_count(first), 0);
    assert_true(cof_rows_memory(first) < 64 * 1024);
}

static void a_part_beyond_its_table_is_refused(void **state)
{
    (void)state;
    const cof_table table = {.shape = shape, .rows = 10};
    cof_table part = {0};
    assert_ok(cof_table_part(&table, 10, 0, &part, NULL));
    assert_status(cof_table_part(&table, 11, 0, &part, NULL), BAD_ARGUMENT);
    assert_status(cof_table_part(&table, 4, 7, &part, NULL), BAD_ARGUMENT);
    assert_status(cof_table_part(&table, 1, SIZE_MAX, &part, NULL), BAD_ARGUMENT);
}

static void rows_are_not_moved_to_a_table_of_another_shape(void **state)
{
    (void)state;
    COF_CLEANUP(cof_rows_drop_) cof_rows *rows = make_rows(5, 1u << 20);
    cof_table table = {.shape = shape, .rows = 6};
    assert_status(cof_rows_move(rows, &table, NULL), BAD_ARGUMENT);
    table.rows = 5;
    table.shape.columns = 4;
    assert_status(cof_rows_move(rows, &table, NULL), BAD_ARGUMENT);
    table.shape = shape;
    table.shape.classes = 3;
    assert_status(cof_rows_move(rows, &table, NULL), BAD_ARGUMENT);
    assert_int_equal(cof_rows_count(rows), 5);
}

static void the_memory_limit_counts_values_and_labels(void **state)
{
    (void)state;
    COF_CLEANUP(cof_rows_drop_) cof_rows *rows = make_rows(4, 4 * 16);
    void *place = NULL;
    assert_status(cof_rows_values_place(rows, &place, NULL), MEMORY_LIMIT);
    assert_status(cof_rows_label_place(rows, &place, NULL), MEMORY_LIMIT);
}

static void a_row_without_or_of_too_many_features_is_refused(void **state)
{
    (void)state;
    cof_rows *rows = NULL;
    cof_table_shape wrong = shape;
    wrong.columns = 0;
    assert_status(cof_rows_new(&wrong, 1u << 20, &rows, NULL), LIMIT);
    wrong.columns = COF_LIMIT_FEATURES + 1;
    assert_status(cof_rows_new(&wrong, 1u << 20, &rows, NULL), LIMIT);
}

static void a_table_too_large_to_count_is_refused(void **state)
{
    (void)state;
    size_t values = 0;
    size_t labels = 0;
    assert_ok(cof_table_bytes(&shape, 10, &values, &labels, NULL));
    assert_int_equal(values, 120);
    assert_int_equal(labels, 40);
    assert_status(cof_table_bytes(&shape, SIZE_MAX / 8, &values, &labels, NULL), LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_two_inputs_are_joined_in_order),
        cmocka_unit_test(a_part_beyond_its_table_is_refused),
        cmocka_unit_test(rows_are_not_moved_to_a_table_of_another_shape),
        cmocka_unit_test(the_memory_limit_counts_values_and_labels),
        cmocka_unit_test(a_row_without_or_of_too_many_features_is_refused),
        cmocka_unit_test(a_table_too_large_to_count_is_refused),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
