#include <math.h>
#include <string.h>

#include "tcb/train/dataset.h"
#include "train_kit.h"

enum { ROWS = 103 };

static cof_split split_of(const cof_train_spec *spec, uint32_t *rows)
{
    cof_split split;
    assert_ok(cof_split_count(spec, ROWS, &split, NULL));
    split.rows = rows;
    cof_split_fill(spec, &split);
    return split;
}

static void every_row_is_in_exactly_one_part(void **state)
{
    (void)state;
    uint32_t rows[ROWS];
    uint8_t seen[ROWS] = {0};
    const cof_train_spec spec = kit_spec(COF_TASK_BINARY, 3, 2, 0);
    const cof_split split = split_of(&spec, rows);
    assert_int_equal(split.validation, 20);
    assert_int_equal(split.test, 10);
    assert_int_equal(split.train, 73);
    for (size_t i = 0; i < ROWS; i++) {
        seen[rows[i]]++;
    }
    for (size_t i = 0; i < ROWS; i++) {
        assert_int_equal(seen[i], 1);
    }
}

static void the_split_depends_on_the_seed_alone(void **state)
{
    (void)state;
    uint32_t first[ROWS];
    uint32_t again[ROWS];
    cof_train_spec spec = kit_spec(COF_TASK_BINARY, 3, 2, 0);
    (void)split_of(&spec, first);
    spec.batch = 3;
    spec.epochs = 99;
    spec.threads = 2;
    (void)split_of(&spec, again);
    assert_memory_equal(first, again, sizeof first);
    spec.seed++;
    (void)split_of(&spec, again);
    assert_memory_not_equal(first, again, sizeof first);
}

/* The held-out rows come first in the permutation: giving more to one part moves no row of the
 * parts before it. */
static void validation_rows_do_not_depend_on_the_test_fraction(void **state)
{
    (void)state;
    uint32_t first[ROWS];
    uint32_t again[ROWS];
    cof_train_spec spec = kit_spec(COF_TASK_BINARY, 3, 2, 0);
    const cof_split a = split_of(&spec, first);
    spec.test = 0.3;
    const cof_split b = split_of(&spec, again);
    assert_int_equal(a.validation, b.validation);
    assert_memory_equal(first + a.train, again + b.train, a.validation * sizeof first[0]);
}

static void each_epoch_has_its_own_order_of_the_training_rows(void **state)
{
    (void)state;
    uint32_t rows[ROWS];
    uint32_t orders[3][ROWS];
    const cof_train_spec spec = kit_spec(COF_TASK_BINARY, 3, 2, 0);
    const cof_split split = split_of(&spec, rows);
    const uint64_t epochs[3] = {0, 1, 0};
    for (size_t e = 0; e < 3; e++) {
        uint64_t sums[2] = {0, 0};
        cof_split_order(&spec, &split, epochs[e], orders[e]);
        for (size_t i = 0; i < split.train; i++) {
            sums[0] += (uint64_t)1 + rows[i] * (uint64_t)rows[i];
            sums[1] += (uint64_t)1 + orders[e][i] * (uint64_t)orders[e][i];
        }
        assert_true(sums[0] == sums[1]);
    }
    assert_memory_not_equal(orders[0], orders[1], split.train * sizeof(uint32_t));
    assert_memory_equal(orders[0], orders[2], split.train * sizeof(uint32_t));
}

static void a_split_without_rows_to_train_or_stop_on_is_refused(void **state)
{
    (void)state;
    cof_train_spec spec = kit_spec(COF_TASK_BINARY, 3, 2, 0);
    cof_split split;
    assert_status(cof_split_count(&spec, 0, &split, NULL), DATA_EMPTY);
    assert_ok(cof_split_count(&spec, 1, &split, NULL));
    spec.stop = COF_STOP_LOSS;
    spec.patience = 1;
    assert_status(cof_split_count(&spec, 4, &split, NULL), DATA_EMPTY);
    assert_ok(cof_split_count(&spec, 5, &split, NULL));
    assert_status(cof_split_count(&spec, (size_t)UINT32_MAX + 1, &split, NULL), LIMIT);
}

static void the_order_digest_names_everything_that_decides_the_order(void **state)
{
    (void)state;
    uint32_t rows[ROWS];
    cof_train_spec spec = kit_spec(COF_TASK_BINARY, 3, 2, 0);
    cof_split split = split_of(&spec, rows);
    cof_digest first;
    cof_digest other;
    assert_ok(cof_split_digest(&spec, &split, &first, NULL));
    for (int change = 0; change < 5; change++) {
        cof_train_spec changed = spec;
        cof_split cut = split;
        changed.seed += change == 0;
        changed.batch += change == 1;
        cut.train += change == 2;
        cut.validation += change == 3;
        cut.test += change == 4;
        assert_ok(cof_split_digest(&changed, &cut, &other, NULL));
        assert_false(cof_digest_equal(&first, &other));
    }
}

static void standardization_is_of_the_training_rows_only(void **state)
{
    (void)state;
    uint32_t rows[ROWS];
    COF_CLEANUP(kit_table_drop_)
    kit_table *kit = kit_table_new(COF_TASK_BINARY, ROWS, 3, 2, false, 1);
    const cof_train_spec spec = kit_spec(COF_TASK_BINARY, 3, 2, 0);
    const cof_split split = split_of(&spec, rows);
    for (size_t r = 0; r < ROWS; r++) {
        kit->numbers[r * 3 + 1] = 5.0f; /* a constant column */
        kit->numbers[r * 3 + 2] = 1e6f;
    }
    for (size_t i = 0; i < split.train; i++) {
        /* 1 and 3 in turn, last row 2: mean 2, deviation sqrt(72/73). */
        kit->numbers[rows[i] * 3] = i + 1 == split.train ? 2.0f : i % 2 == 0 ? 1.0f : 3.0f;
        kit->numbers[rows[i] * 3 + 2] = 1e6f + (float)(i % 2);
    }
    float mean[3];
    float scale[3];
    double sums[6];
    cof_standard standard = {.count = 3, .mean = mean, .scale = scale};
    assert_ok(cof_standard_fit(&spec, &kit->table, &split, sums, &standard, NULL));
    assert_true(mean[0] == 2.0f);
    assert_true(fabs((double)scale[0] - 1.0 / sqrt(72.0 / 73.0)) < 1e-7);
    assert_true(mean[1] == 5.0f && scale[1] == 1.0f);
    assert_true(fabs((double)scale[2] - 2.0) < 1e-3);
    cof_train_spec plain = spec;
    plain.standardize = false;
    assert_ok(cof_standard_fit(&plain, &kit->table, &split, sums, &standard, NULL));
    assert_true(mean[0] == 0.0f && scale[0] == 1.0f);
}

static void bytes_have_one_mean_and_scale(void **state)
{
    (void)state;
    uint32_t rows[ROWS];
    COF_CLEANUP(kit_table_drop_)
    kit_table *kit = kit_table_new(COF_TASK_BINARY, ROWS, 4, 2, true, 1);
    cof_train_spec spec = kit_spec(COF_TASK_BINARY, 4, 2, 0);
    const cof_split split = split_of(&spec, rows);
    for (size_t i = 0; i < (size_t)ROWS * 4; i++) {
        kit->bytes[i] = i % 2 == 0 ? 100 : 200;
    }
    float mean[1];
    float scale[1];
    double sums[2];
    cof_standard standard = {
        .count = cof_standard_count(&kit->table.shape), .mean = mean, .scale = scale};
    assert_int_equal(standard.count, 1);
    assert_ok(cof_standard_fit(&spec, &kit->table, &split, sums, &standard, NULL));
    assert_true(mean[0] == 150.0f && scale[0] == 0.02f);
    spec.standardize = false;
    assert_ok(cof_standard_fit(&spec, &kit->table, &split, sums, &standard, NULL));
    assert_true(mean[0] == 0.0f && scale[0] == 1.0f / 255.0f);
}

static void balanced_weights_even_the_classes_out(void **state)
{
    (void)state;
    uint32_t rows[ROWS];
    COF_CLEANUP(kit_table_drop_)
    kit_table *kit = kit_table_new(COF_TASK_CLASSES, ROWS, 3, 3, false, 1);
    cof_train_spec spec = kit_spec(COF_TASK_CLASSES, 3, 3, 0);
    const cof_split split = split_of(&spec, rows);
    for (size_t i = 0; i < split.train; i++) {
        kit->classes[rows[i]] = i < 10 ? 1 : 0; /* 63, 10 and 0 rows */
    }
    float weights[3];
    cof_class_weights_fit(&spec, &kit->table, &split, weights);
    assert_true(weights[0] == 1.0f && weights[1] == 1.0f && weights[2] == 1.0f);
    spec.class_weights = COF_CLASS_WEIGHTS_BALANCED;
    cof_class_weights_fit(&spec, &kit->table, &split, weights);
    assert_true(weights[0] == (float)(73.0 / (3.0 * 63)) && weights[1] == (float)(73.0 / 30) &&
                weights[2] == 0.0f);
}

static void tables_that_do_not_fit_the_job_are_refused(void **state)
{
    (void)state;
    COF_CLEANUP(kit_table_drop_)
    kit_table *kit = kit_table_new(COF_TASK_BINARY, 10, 3, 2, false, 1);
    const cof_train_spec spec = kit_spec(COF_TASK_BINARY, 3, 2, 0);
    assert_ok(cof_dataset_check(&spec, &kit->table, NULL));
    cof_table changed = kit->table;
    changed.shape.columns = 2;
    assert_status(cof_dataset_check(&spec, &changed, NULL), SCHEMA_MISMATCH);
    changed = kit->table;
    changed.shape.classes = 3;
    assert_status(cof_dataset_check(&spec, &changed, NULL), SCHEMA_MISMATCH);
    changed = kit->table;
    changed.shape.labels = COF_TABLE_NUMBER;
    assert_status(cof_dataset_check(&spec, &changed, NULL), SCHEMA_MISMATCH);
    changed = kit->table;
    changed.shape.values = (cof_table_values)0;
    assert_status(cof_dataset_check(&spec, &changed, NULL), SCHEMA_MISMATCH);
    changed = kit->table;
    changed.rows = 0;
    assert_status(cof_dataset_check(&spec, &changed, NULL), DATA_EMPTY);
}

static void bad_values_are_counted_and_located_but_not_shown(void **state)
{
    (void)state;
    cof_err err = {0};
    COF_CLEANUP(kit_table_drop_)
    kit_table *kit = kit_table_new(COF_TASK_BINARY, 10, 3, 2, false, 1);
    cof_train_spec spec = kit_spec(COF_TASK_BINARY, 3, 2, 0);
    kit->classes[4] = 2;
    assert_status(cof_dataset_check(&spec, &kit->table, &err), DATA_INVALID);
    assert_non_null(strstr(err.detail, "row 4"));
    kit->classes[4] = -1;
    assert_status(cof_dataset_check(&spec, &kit->table, &err), DATA_INVALID);
    kit->classes[4] = 1;
    kit->numbers[5 * 3 + 2] = NAN;
    kit->numbers[9 * 3] = INFINITY;
    assert_status(cof_dataset_check(&spec, &kit->table, &err), DATA_INVALID);
    assert_string_equal(err.detail, "2 features not finite, first at row 5, column 2");
    COF_CLEANUP(kit_table_drop_)
    kit_table *numbers = kit_table_new(COF_TASK_REGRESSION, 10, 3, 0, false, 1);
    spec = kit_spec(COF_TASK_REGRESSION, 3, 0, 0);
    numbers->targets[7] = NAN;
    assert_status(cof_dataset_check(&spec, &numbers->table, &err), DATA_INVALID);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_in_exactly_one_part),
        cmocka_unit_test(the_split_depends_on_the_seed_alone),
        cmocka_unit_test(validation_rows_do_not_depend_on_the_test_fraction),
        cmocka_unit_test(each_epoch_has_its_own_order_of_the_training_rows),
        cmocka_unit_test(a_split_without_rows_to_train_or_stop_on_is_refused),
        cmocka_unit_test(the_order_digest_names_everything_that_decides_the_order),
        cmocka_unit_test(standardization_is_of_the_training_rows_only),
        cmocka_unit_test(bytes_have_one_mean_and_scale),
        cmocka_unit_test(balanced_weights_even_the_classes_out),
        cmocka_unit_test(tables_that_do_not_fit_the_job_are_refused),
        cmocka_unit_test(bad_values_are_counted_and_located_but_not_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
