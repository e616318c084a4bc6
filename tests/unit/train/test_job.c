#include <math.h>

#include "tcb/train/job.h"
#include "train_kit.h"

static void the_jobs_of_the_tests_are_valid(void **state)
{
    (void)state;
    const cof_train_spec specs[] = {kit_spec(COF_TASK_REGRESSION, 3, 0, 0),
                                    kit_spec(COF_TASK_BINARY, 3, 2, 4),
                                    kit_spec(COF_TASK_CLASSES, 3, 5, 4)};
    for (size_t i = 0; i < 3; i++) {
        assert_ok(cof_train_spec_check(&specs[i], NULL));
    }
    assert_int_equal(cof_train_outputs(&specs[0]), 1);
    assert_int_equal(cof_train_outputs(&specs[1]), 1);
    assert_int_equal(cof_train_outputs(&specs[2]), 5);
}

/* One value changed, and the job is refused. */
#define REFUSED(change)                                                                            \
    do {                                                                                           \
        cof_train_spec spec = kit_spec(COF_TASK_BINARY, 3, 2, 4);                                  \
        cof_err err = {0};                                                                         \
        change;                                                                                    \
        assert_status(cof_train_spec_check(&spec, &err), BAD_ARGUMENT);                            \
        assert_true(err.detail[0] != '\0');                                                        \
    } while (0)

static void sizes_out_of_range_are_refused(void **state)
{
    (void)state;
    REFUSED(spec.columns = 0);
    REFUSED(spec.columns = COF_LIMIT_FEATURES + 1);
    REFUSED(spec.hidden[0] = 0);
    REFUSED(spec.hidden[0] = COF_LIMIT_WIDTH + 1);
    REFUSED(spec.hidden_count = 0);
    REFUSED(spec.hidden_count = COF_LIMIT_LAYERS + 1);
    REFUSED(spec.model = COF_MODEL_LINEAR);
    REFUSED(spec.model = (cof_model_kind)7);
    REFUSED(spec.activation = (cof_activation)7);
    REFUSED(spec.epochs = 0);
    REFUSED(spec.epochs = (size_t)COF_LIMIT_EPOCHS + 1);
    REFUSED(spec.batch = 0);
    REFUSED(spec.batch = COF_LIMIT_BATCH + 1);
    REFUSED(spec.threads = 0);
    REFUSED(spec.threads = COF_LIMIT_THREADS + 1);
}

static void classes_must_fit_the_task(void **state)
{
    (void)state;
    REFUSED(spec.classes = 3);
    REFUSED(spec.task = COF_TASK_REGRESSION);
    REFUSED(spec.task = (cof_task)9);
    REFUSED(spec.task = COF_TASK_CLASSES; spec.classes = 1);
    REFUSED(spec.task = COF_TASK_CLASSES; spec.classes = COF_LIMIT_CLASSES + 1);
    REFUSED(spec.class_weights = (cof_class_weights)4);
    REFUSED(spec.task = COF_TASK_REGRESSION; spec.classes = 0;
            spec.class_weights = COF_CLASS_WEIGHTS_BALANCED);
}

static void fractions_must_leave_rows_to_train_on(void **state)
{
    (void)state;
    REFUSED(spec.validation = -0.1);
    REFUSED(spec.validation = 0.91);
    REFUSED(spec.validation = (double)NAN);
    REFUSED(spec.test = 1.5);
    REFUSED(spec.validation = 0.5; spec.test = 0.5);
}

static void optimizer_values_must_make_sense(void **state)
{
    (void)state;
    REFUSED(spec.optimizer.learning_rate = 0);
    REFUSED(spec.optimizer.learning_rate = (double)NAN);
    REFUSED(spec.optimizer.learning_rate = (double)INFINITY);
    REFUSED(spec.optimizer.momentum = 1);
    REFUSED(spec.optimizer.weight_decay = -1);
    REFUSED(spec.optimizer.kind = (cof_optimizer_kind)5);
    REFUSED(spec.optimizer.kind = COF_OPTIMIZER_ADAMW); /* epsilon 0 */
    REFUSED(spec.optimizer.kind = COF_OPTIMIZER_ADAMW; spec.optimizer.epsilon = 1e-8;
            spec.optimizer.beta1 = 1);
    REFUSED(spec.optimizer.kind = COF_OPTIMIZER_ADAMW; spec.optimizer.epsilon = 1e-8;
            spec.optimizer.beta2 = -0.5);
}

static void stopping_early_needs_a_measure_that_there_is(void **state)
{
    (void)state;
    REFUSED(spec.stop = COF_STOP_LOSS; spec.patience = 0);
    REFUSED(spec.stop = COF_STOP_LOSS; spec.patience = 1; spec.validation = 0);
    REFUSED(spec.stop = COF_STOP_AUC; spec.patience = 1; spec.task = COF_TASK_CLASSES);
    REFUSED(spec.stop = COF_STOP_ACCURACY; spec.patience = 1; spec.task = COF_TASK_REGRESSION;
            spec.classes = 0);
    REFUSED(spec.stop = (cof_stop_metric)8; spec.patience = 1);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_jobs_of_the_tests_are_valid),
        cmocka_unit_test(sizes_out_of_range_are_refused),
        cmocka_unit_test(classes_must_fit_the_task),
        cmocka_unit_test(fractions_must_leave_rows_to_train_on),
        cmocka_unit_test(optimizer_values_must_make_sense),
        cmocka_unit_test(stopping_early_needs_a_measure_that_there_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
