/* Which epoch is the best and which is the last, from the measures alone. */
#include <math.h>

#include "tcb/train/trainer_internal.h"
#include "train_kit.h"

static cof_train_spec spec_of(cof_stop_metric stop, size_t patience)
{
    cof_train_spec spec = kit_spec(COF_TASK_BINARY, 3, 2, 0);
    spec.epochs = 10;
    spec.stop = stop;
    spec.patience = patience;
    return spec;
}

/* Goes on by epochs with these values of every measure until finished, at most count. */
static cof_position after(const cof_train_spec *spec, const double *values, size_t count)
{
    cof_position position = {.step = 3, .loss_sum = 2};
    for (size_t i = 0; i < count && !position.is_finished; i++) {
        const cof_metrics metrics = {
            .rows = 5, .loss = values[i], .accuracy = values[i], .auc = values[i]};
        cof_position_advance(spec, &metrics, &position);
    }
    return position;
}

static void an_equal_value_is_no_improvement(void **state)
{
    (void)state;
    static const cof_stop_metric metrics[] = {COF_STOP_LOSS, COF_STOP_ACCURACY, COF_STOP_AUC};
    for (size_t m = 0; m < 3; m++) {
        const cof_train_spec spec = spec_of(metrics[m], 2);
        const double lower[] = {0.7, 0.6, 0.6, 0.6, 0.6};
        const double higher[] = {0.5, 0.6, 0.6, 0.6, 0.6};
        const cof_position position = after(&spec, m == 0 ? lower : higher, 5);
        assert_int_equal(position.best_epoch, 2);
        assert_int_equal(position.epoch, 4);
        assert_true(position.is_finished);
    }
}

static void an_improvement_within_patience_goes_on(void **state)
{
    (void)state;
    const cof_train_spec spec = spec_of(COF_STOP_LOSS, 2);
    const cof_position position = after(&spec, (const double[]){5, 6, 4, 6, 3, 6, 6}, 7);
    assert_int_equal(position.best_epoch, 5);
    assert_int_equal(position.epoch, 7);
    assert_true(position.is_finished);
    assert_false(after(&spec, (const double[]){5, 6, 4, 6, 3, 6}, 6).is_finished);
}

static void a_value_without_meaning_is_never_the_best(void **state)
{
    (void)state;
    const cof_train_spec spec = spec_of(COF_STOP_AUC, 3);
    const double nan = (double)NAN;
    assert_int_equal(after(&spec, (const double[]){nan, 0.1, nan}, 3).best_epoch, 2);
    const cof_position position = after(&spec, (const double[]){nan, nan, nan, nan}, 4);
    assert_int_equal(position.best_epoch, 0);
    assert_int_equal(position.epoch, 3);
    assert_true(position.is_finished);
}

static void without_early_stopping_all_epochs_are_done(void **state)
{
    (void)state;
    const cof_train_spec spec = spec_of(COF_STOP_NONE, 0);
    const double values[12] = {0};
    const cof_position position = after(&spec, values, 12);
    assert_int_equal(position.epoch, 10);
    assert_int_equal(position.best_epoch, 0);
    assert_int_equal(position.step, 0);
    assert_true(position.loss_sum == 0);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_equal_value_is_no_improvement),
        cmocka_unit_test(an_improvement_within_patience_goes_on),
        cmocka_unit_test(a_value_without_meaning_is_never_the_best),
        cmocka_unit_test(without_early_stopping_all_epochs_are_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
