/* Measures against values worked out by hand. */
#include <math.h>
#include <string.h>

#include "harness/cof_test.h"
#include "tcb/train/metrics.h"

enum { MOST = 64 };

static uint64_t scores[MOST];
static uint64_t confusion[16];

static cof_meter meter_of(cof_task task, size_t classes)
{
    cof_meter meter = {.task = task, .classes = classes, .capacity = MOST};
    meter.scores = task == COF_TASK_BINARY ? scores : NULL;
    meter.confusion = task == COF_TASK_REGRESSION ? NULL : confusion;
    cof_meter_reset(&meter);
    return meter;
}

static cof_metrics binary(const float *logits, const size_t *actual, size_t count)
{
    cof_meter meter = meter_of(COF_TASK_BINARY, 2);
    for (size_t i = 0; i < count; i++) {
        cof_meter_add_class(&meter, actual[i], logits[i] > 0 ? 1 : 0, logits[i], 0.5f);
    }
    cof_metrics out;
    cof_meter_finish(&meter, &out);
    return out;
}

static void about(double found, double expected)
{
    if (!(fabs(found - expected) < 1e-12)) {
        fail_msg("%.15g where %.15g is expected", found, expected);
    }
}

static void auc_counts_pairs_and_half_of_ties(void **state)
{
    (void)state;
    /* Positives 3, 1, -1; negatives 2, -1, -2: pairs in order (3: 3), (1: 2), (-1: 1 and a
     * tie): 6.5 of 9. */
    about(binary((const float[]){3, 2, 1, -1, -1, -2}, (const size_t[]){1, 0, 1, 1, 0, 0}, 6).auc,
          6.5 / 9);
    /* All the same score: a coin. */
    about(binary((const float[]){2, 2, 2, 2, 2}, (const size_t[]){1, 0, 1, 0, 0}, 5).auc, 0.5);
    about(binary((const float[]){-3, -2, 1, 2}, (const size_t[]){0, 0, 1, 1}, 4).auc, 1);
    about(binary((const float[]){-3, -2, 1, 2}, (const size_t[]){1, 1, 0, 0}, 4).auc, 0);
    /* Zeros of both signs are one score. */
    about(binary((const float[]){-0.0f, 0.0f}, (const size_t[]){1, 0}, 2).auc, 0.5);
}

static void auc_of_one_class_has_no_meaning(void **state)
{
    (void)state;
    assert_true(isnan(binary((const float[]){1, 2}, (const size_t[]){1, 1}, 2).auc));
    assert_true(isnan(binary((const float[]){1, 2}, (const size_t[]){0, 0}, 2).auc));
}

static void auc_is_the_share_of_pairs_at_every_size(void **state)
{
    (void)state;
    uint32_t seed = 1;
    for (size_t count = 2; count <= MOST; count++) {
        float logits[MOST];
        size_t actual[MOST];
        for (size_t i = 0; i < count; i++) {
            seed = seed * 1664525U + 1013904223U;
            logits[i] = (float)((int)(seed >> 28) - 8); /* many ties */
            actual[i] = i < 2 ? i : seed >> 27 & 1;
        }
        double good = 0;
        double pairs = 0;
        for (size_t i = 0; i < count; i++) {
            for (size_t j = 0; j < count; j++) {
                if (actual[i] == 1 && actual[j] == 0) {
                    good += logits[i] > logits[j] ? 1 : logits[i] < logits[j] ? 0 : 0.5;
                    pairs++;
                }
            }
        }
        about(binary(logits, actual, count).auc, good / pairs);
    }
}

static void binary_measures_are_those_of_the_table(void **state)
{
    (void)state;
    /* 3 true positives, 1 false positive, 2 false negatives, 2 true negatives. */
    const cof_metrics m = binary((const float[]){1, 1, 1, 1, -1, -1, -1, -1},
                                 (const size_t[]){1, 1, 1, 0, 1, 1, 0, 0}, 8);
    about(m.accuracy, 5.0 / 8);
    about(m.f1, 2.0 * 3 / (2.0 * 3 + 1 + 2));
    about(m.loss, 0.5);
    assert_int_equal(m.rows, 8);
    assert_int_equal(confusion[0], 2);
    assert_int_equal(confusion[1], 1);
    assert_int_equal(confusion[2], 2);
    assert_int_equal(confusion[3], 3);
    assert_true(isnan(m.rmse) && isnan(m.mae));
}

static void f1_without_any_positive_is_zero(void **state)
{
    (void)state;
    about(binary((const float[]){-1, -1}, (const size_t[]){1, 0}, 2).f1, 0);
}

static void macro_f1_is_the_mean_over_classes_that_occur(void **state)
{
    (void)state;
    cof_meter meter = meter_of(COF_TASK_CLASSES, 4);
    /* Class 3 neither occurs nor is predicted. */
    static const size_t pairs[][2] = {{0, 0}, {0, 0}, {0, 1}, {1, 1},
                                      {1, 2}, {2, 2}, {2, 0}, {2, 2}};
    for (size_t i = 0; i < 8; i++) {
        cof_meter_add_class(&meter, pairs[i][0], pairs[i][1], 0, 0.25f);
    }
    cof_metrics m;
    cof_meter_finish(&meter, &m);
    about(m.f1, (2.0 * 2 / (3 + 3) + 2.0 * 1 / (2 + 2) + 2.0 * 2 / (3 + 3)) / 3);
    about(m.accuracy, 5.0 / 8);
    assert_true(isnan(m.auc));
}

static void distances_of_a_regression_are_right(void **state)
{
    (void)state;
    cof_meter meter = meter_of(COF_TASK_REGRESSION, 0);
    cof_meter_add_number(&meter, 1, 3, 4);
    cof_meter_add_number(&meter, 2, 1, 1);
    cof_metrics m;
    cof_meter_finish(&meter, &m);
    about(m.rmse, sqrt(2.5));
    about(m.mae, 1.5);
    about(m.loss, 2.5);
    assert_true(isnan(m.accuracy) && isnan(m.f1) && isnan(m.auc));
}

static void nothing_measured_is_nan_and_a_reset_forgets(void **state)
{
    (void)state;
    cof_meter meter = meter_of(COF_TASK_BINARY, 2);
    cof_meter_add_class(&meter, 1, 0, -1, 9);
    cof_meter_reset(&meter);
    cof_metrics m;
    cof_meter_finish(&meter, &m);
    assert_true(m.rows == 0 && isnan(m.loss) && isnan(m.accuracy) && isnan(m.auc) && isnan(m.f1));
    assert_int_equal(confusion[2], 0);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(auc_counts_pairs_and_half_of_ties),
        cmocka_unit_test(auc_of_one_class_has_no_meaning),
        cmocka_unit_test(auc_is_the_share_of_pairs_at_every_size),
        cmocka_unit_test(binary_measures_are_those_of_the_table),
        cmocka_unit_test(f1_without_any_positive_is_zero),
        cmocka_unit_test(macro_f1_is_the_mean_over_classes_that_occur),
        cmocka_unit_test(distances_of_a_regression_are_right),
        cmocka_unit_test(nothing_measured_is_nan_and_a_reset_forgets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
