/* Whole runs: what they learn, that they repeat to the bit, and how they fail. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "train_kit.h"

static cof_train_report run(const cof_train_spec *spec, const kit_table *kit, const kit_table *test,
                            cof_buf *out_state)
{
    COF_CLEANUP(cof_trainer_drop_) cof_trainer *trainer = NULL;
    cof_err err = {0};
    if (cof_trainer_new(spec, &kit->table, test != NULL ? &test->table : NULL, &trainer, &err) !=
        COF_OK) {
        fail_msg("%s", err.detail);
    }
    kit_train(trainer);
    cof_train_report report;
    assert_ok(cof_trainer_report(trainer, &report, NULL));
    if (out_state != NULL) {
        kit_save(trainer, out_state);
    }
    report.validation_confusion = NULL; /* the trainer's, which goes */
    report.test_confusion = NULL;
    return report;
}

static void a_line_is_found_by_linear_regression(void **state)
{
    (void)state;
    COF_CLEANUP(kit_table_drop_)
    kit_table *kit = kit_table_new(COF_TASK_REGRESSION, 400, 2, 0, false, 5);
    for (size_t r = 0; r < 400; r++) {
        kit->targets[r] = 3.0f * kit->numbers[2 * r] - 2.0f * kit->numbers[2 * r + 1] + 0.5f;
    }
    cof_train_spec spec = kit_spec(COF_TASK_REGRESSION, 2, 0, 0);
    spec.epochs = 60;
    const cof_train_report report = run(&spec, kit, NULL, NULL);
    assert_true(report.test.rmse < 1e-3 && report.test.mae < 1e-3 && report.validation.rmse < 1e-3);
    assert_true(fabs(report.test.loss - report.test.rmse * report.test.rmse) < 1e-9);
}

static void a_separable_binary_task_is_learned_by_logistic_regression(void **state)
{
    (void)state;
    COF_CLEANUP(kit_table_drop_)
    kit_table *kit = kit_table_new(COF_TASK_BINARY, 500, 4, 2, false, 5);
    for (size_t r = 0; r < 500; r++) {
        kit->classes[r] = kit->numbers[4 * r] + kit->numbers[4 * r + 1] > 0 ? 1 : 0;
    }
    cof_train_spec spec = kit_spec(COF_TASK_BINARY, 4, 2, 0);
    spec.epochs = 40;
    const cof_train_report report = run(&spec, kit, NULL, NULL);
    assert_true(report.test.accuracy > 0.95 && report.test.auc > 0.99 && report.test.f1 > 0.95);
}

/* Exclusive or: no linear model gets beyond chance. */
static void only_a_hidden_layer_learns_exclusive_or(void **state)
{
    (void)state;
    COF_CLEANUP(kit_table_drop_)
    kit_table *kit = kit_table_new(COF_TASK_BINARY, 800, 2, 2, false, 5);
    for (size_t r = 0; r < 800; r++) {
        kit->classes[r] = (kit->numbers[2 * r] > 0) != (kit->numbers[2 * r + 1] > 0) ? 1 : 0;
    }
    for (int activation = 0; activation < 2; activation++) {
        cof_train_spec spec = kit_spec(COF_TASK_BINARY, 2, 2, 16);
        spec.activation = (cof_activation)activation;
        spec.epochs = 60;
        spec.optimizer = (cof_optimizer){.kind = COF_OPTIMIZER_ADAMW,
                                         .learning_rate = 0.02,
                                         .beta1 = 0.9,
                                         .beta2 = 0.999,
                                         .epsilon = 1e-8,
                                         .weight_decay = 0.001};
        assert_true(run(&spec, kit, NULL, NULL).test.accuracy > 0.93);
    }
    cof_train_spec linear = kit_spec(COF_TASK_BINARY, 2, 2, 0);
    linear.epochs = 60;
    assert_true(run(&linear, kit, NULL, NULL).test.accuracy < 0.7);
}

static void many_classes_are_learned_from_bytes(void **state)
{
    (void)state;
    COF_CLEANUP(kit_table_drop_)
    kit_table *kit = kit_table_new(COF_TASK_CLASSES, 900, 6, 3, true, 5);
    COF_CLEANUP(kit_table_drop_)
    kit_table *test = kit_table_new(COF_TASK_CLASSES, 300, 6, 3, true, 6);
    cof_train_spec spec = kit_spec(COF_TASK_CLASSES, 6, 3, 24);
    spec.epochs = 60;
    spec.test = 0;
    const cof_train_report report = run(&spec, kit, test, NULL);
    assert_int_equal(report.test.rows, 300);
    assert_int_equal(report.validation.rows, 180);
    assert_true(report.test.accuracy > 0.85 && report.test.f1 > 0.8);
}

/* The share of the rare class's validation rows that are found. */
static double recall_of(const cof_train_spec *spec, const kit_table *kit)
{
    COF_CLEANUP(cof_trainer_drop_) cof_trainer *trainer = NULL;
    assert_ok(cof_trainer_new(spec, &kit->table, NULL, &trainer, NULL));
    kit_train(trainer);
    cof_train_report report;
    assert_ok(cof_trainer_report(trainer, &report, NULL));
    const double missed = (double)report.validation_confusion[2];
    const double found = (double)report.validation_confusion[3];
    assert_true(missed + found > 0);
    return found / (missed + found);
}

static void balanced_weights_find_more_of_the_rare_class(void **state)
{
    (void)state;
    COF_CLEANUP(kit_table_drop_)
    kit_table *kit = kit_table_new(COF_TASK_BINARY, 1000, 2, 2, false, 5);
    for (size_t r = 0; r < 1000; r++) {
        /* Overlapping classes, 1 of 20 rare. */
        kit->classes[r] = r % 20 == 0 ? 1 : 0;
        kit->numbers[2 * r] += kit->classes[r] == 1 ? 0.7f : 0.0f;
    }
    cof_train_spec spec = kit_spec(COF_TASK_BINARY, 2, 2, 0);
    spec.epochs = 30;
    const double plain = recall_of(&spec, kit);
    spec.class_weights = COF_CLASS_WEIGHTS_BALANCED;
    assert_true(recall_of(&spec, kit) > plain + 0.2);
}

/* Rows of a batch, of an evaluation, of a table that no batch divides: all of them count. */
static void rows_that_fill_no_batch_are_trained_on_too(void **state)
{
    (void)state;
    COF_CLEANUP(kit_table_drop_)
    kit_table *kit = kit_table_new(COF_TASK_REGRESSION, 143, 3, 0, false, 5);
    cof_train_spec spec = kit_spec(COF_TASK_REGRESSION, 3, 0, 5);
    spec.validation = 0;
    spec.test = 0;
    spec.epochs = 1;
    static const size_t batches[] = {1, 16, 142, 143, 144, 60000};
    static const size_t steps[] = {143, 9, 2, 1, 1, 1};
    for (size_t b = 0; b < 6; b++) {
        spec.batch = batches[b];
        COF_CLEANUP(cof_trainer_drop_) cof_trainer *trainer = NULL;
        assert_ok(cof_trainer_new(&spec, &kit->table, NULL, &trainer, NULL));
        assert_int_equal(cof_trainer_steps_per_epoch(trainer), steps[b]);
        kit_train(trainer);
        assert_int_equal(cof_trainer_steps_done(trainer), steps[b]);
        cof_train_report report;
        assert_ok(cof_trainer_report(trainer, &report, NULL));
        assert_true(report.validation.rows == 0 && isnan(report.validation.loss) &&
                    isnan(report.test.rmse));
    }
    /* One step over all rows: the loss before it is that of the first parameters, whatever the
     * batch was to be. */
    spec.batch = 143;
    COF_CLEANUP(cof_trainer_drop_) cof_trainer *trainer = NULL;
    assert_ok(cof_trainer_new(&spec, &kit->table, NULL, &trainer, NULL));
    float first[143];
    assert_ok(cof_trainer_predict(trainer, &kit->table, 0, 143, first, NULL));
    double expected = 0;
    for (size_t r = 0; r < 143; r++) {
        expected += pow((double)first[r] - (double)kit->targets[r], 2) / 143;
    }
    kit_train(trainer);
    assert_true(fabs(cof_trainer_history(trainer, 0)->train_loss - expected) < 1e-6);
}

static void the_same_job_gives_the_same_bits_for_any_threads(void **state)
{
    (void)state;
    COF_CLEANUP(kit_table_drop_)
    kit_table *kit = kit_table_new(COF_TASK_CLASSES, 700, 40, 7, false, 5);
    cof_train_spec spec = kit_spec(COF_TASK_CLASSES, 40, 7, 100);
    spec.hidden_count = 2;
    spec.hidden[1] = 60;
    spec.batch = 150; /* 150 rows of 10,500 parameters: enough that threads are used */
    spec.epochs = 2;
    for (int p = 0; p < COF_PATH_COUNT; p++) {
        spec.path = (cof_kernel_path)p;
        if (!cof_path_is_available(spec.path)) {
            continue;
        }
        COF_CLEANUP(cof_buf_free) cof_buf first = {0};
        spec.threads = 1;
        (void)run(&spec, kit, NULL, &first);
        static const size_t threads[] = {1, 2, 4};
        for (size_t t = 0; t < 3; t++) {
            COF_CLEANUP(cof_buf_free) cof_buf again = {0};
            spec.threads = threads[t];
            (void)run(&spec, kit, NULL, &again);
            assert_true(cof_view_equal(cof_buf_view(&first), cof_buf_view(&again)));
        }
    }
}

static void another_seed_gives_another_model(void **state)
{
    (void)state;
    COF_CLEANUP(kit_table_drop_)
    kit_table *kit = kit_table_new(COF_TASK_BINARY, 100, 3, 2, false, 5);
    cof_train_spec spec = kit_spec(COF_TASK_BINARY, 3, 2, 4);
    const double first = run(&spec, kit, NULL, NULL).validation.loss;
    spec.seed = 8;
    assert_true(run(&spec, kit, NULL, NULL).validation.loss != first);
}

/* Labels without meaning: validation gets worse sooner or later, and the best parameters must come
 * back. */
static void early_stopping_gives_back_the_best_epoch(void **state)
{
    (void)state;
    COF_CLEANUP(kit_table_drop_)
    kit_table *kit = kit_table_new(COF_TASK_BINARY, 120, 8, 2, false, 5);
    for (size_t r = 0; r < 120; r++) {
        kit->classes[r] = (r * 7919) % 13 > 6 ? 1 : 0;
    }
    static const cof_stop_metric metrics[] = {COF_STOP_LOSS, COF_STOP_ACCURACY, COF_STOP_AUC};
    for (size_t m = 0; m < 3; m++) {
        cof_train_spec spec = kit_spec(COF_TASK_BINARY, 8, 2, 32);
        spec.epochs = 100;
        spec.stop = metrics[m];
        spec.patience = 3;
        COF_CLEANUP(cof_trainer_drop_) cof_trainer *trainer = NULL;
        assert_ok(cof_trainer_new(&spec, &kit->table, NULL, &trainer, NULL));
        kit_train(trainer);
        cof_train_report report;
        assert_ok(cof_trainer_report(trainer, &report, NULL));
        assert_true(report.is_stopped_early);
        assert_int_equal(report.epochs, report.best_epoch + 3);
        const cof_metrics *best = &cof_trainer_history(trainer, report.best_epoch - 1)->validation;
        const cof_metrics *last = &cof_trainer_history(trainer, report.epochs - 1)->validation;
        assert_true(report.validation.loss == best->loss && report.validation.auc == best->auc);
        assert_true(report.validation.loss != last->loss);
        for (uint64_t e = 0; e < report.epochs; e++) {
            const cof_metrics *other = &cof_trainer_history(trainer, e)->validation;
            assert_true(m != 0 || other->loss >= best->loss);
            assert_true(m != 1 || other->accuracy <= best->accuracy);
            assert_true(m != 2 || other->auc <= best->auc);
        }
    }
}

static void a_loss_that_is_not_finite_fails_and_names_the_step(void **state)
{
    (void)state;
    COF_CLEANUP(kit_table_drop_)
    kit_table *kit = kit_table_new(COF_TASK_REGRESSION, 100, 3, 0, false, 5);
    for (int p = 0; p < COF_PATH_COUNT; p++) {
        cof_train_spec spec = kit_spec(COF_TASK_REGRESSION, 3, 0, 0);
        spec.path = (cof_kernel_path)p;
        spec.optimizer.learning_rate = 1e6;
        spec.epochs = 50;
        COF_CLEANUP(cof_trainer_drop_) cof_trainer *trainer = NULL;
        if (!cof_path_is_available(spec.path)) {
            continue;
        }
        assert_ok(cof_trainer_new(&spec, &kit->table, NULL, &trainer, NULL));
        const cof_train_hooks hooks = {0};
        cof_err err = {0};
        assert_status(cof_trainer_run(trainer, &hooks, &err), NUMERIC);
        assert_non_null(strstr(err.detail, "epoch"));
        cof_train_event event = COF_TRAIN_STEPPED;
        assert_status(cof_trainer_step(trainer, &event, NULL), NUMERIC);
        COF_CLEANUP(cof_buf_free) cof_buf state_bytes = {.limit = 1 << 20};
        assert_status(cof_trainer_save(trainer, &state_bytes, NULL), NUMERIC);
    }
}

static void the_plan_is_what_is_taken_and_the_limit_is_kept(void **state)
{
    (void)state;
    COF_CLEANUP(kit_table_drop_)
    kit_table *kit = kit_table_new(COF_TASK_BINARY, 100, 3, 2, false, 5);
    cof_train_spec spec = kit_spec(COF_TASK_BINARY, 3, 2, 40);
    spec.stop = COF_STOP_LOSS;
    spec.patience = 2;
    spec.threads = 2;
    cof_plan plan;
    assert_ok(cof_train_plan(&spec, &kit->table.shape, 100, 0, &plan, NULL));
    size_t sum = 0;
    for (size_t i = 0; i < COF_PLAN_PARTS; i++) {
        assert_true(plan.bytes[i] > 0);
        sum += plan.bytes[i];
    }
    assert_int_equal(sum, plan.total_bytes);
    assert_int_equal(plan.bytes[COF_PLAN_DATA], 100 * 3 * 4 + 100 * 4);
    COF_CLEANUP(cof_trainer_drop_) cof_trainer *trainer = NULL;
    spec.memory_limit = plan.total_bytes;
    assert_ok(cof_trainer_new(&spec, &kit->table, NULL, &trainer, NULL));
    assert_int_equal(cof_trainer_plan(trainer)->total_bytes, plan.total_bytes);
    cof_trainer *refused = NULL;
    cof_err err = {0};
    char numbers[COF_ERR_DETAIL_SIZE];
    spec.memory_limit--;
    (void)snprintf(numbers, sizeof numbers, "training needs %zu bytes where %zu are allowed",
                   plan.total_bytes, plan.total_bytes - 1);
    assert_status(cof_trainer_new(&spec, &kit->table, NULL, &refused, &err), MEMORY_LIMIT);
    assert_string_equal(err.detail, numbers);
    assert_status(cof_train_plan(&spec, &kit->table.shape, 100, 0, &plan, NULL), MEMORY_LIMIT);
    assert_null(refused);
}

static void the_largest_job_is_refused_not_overflowed(void **state)
{
    (void)state;
    cof_train_spec spec =
        kit_spec(COF_TASK_CLASSES, COF_LIMIT_FEATURES, COF_LIMIT_CLASSES, COF_LIMIT_WIDTH);
    spec.hidden_count = COF_LIMIT_LAYERS;
    for (size_t i = 0; i < COF_LIMIT_LAYERS; i++) {
        spec.hidden[i] = COF_LIMIT_WIDTH;
    }
    spec.batch = COF_LIMIT_BATCH;
    spec.epochs = COF_LIMIT_EPOCHS;
    spec.threads = COF_LIMIT_THREADS;
    const cof_table_shape shape = {.values = COF_TABLE_F32,
                                   .labels = COF_TABLE_CLASS,
                                   .columns = COF_LIMIT_FEATURES,
                                   .classes = COF_LIMIT_CLASSES};
    cof_plan plan;
    cof_err err = {0};
    assert_status(cof_train_plan(&spec, &shape, UINT32_MAX, 0, &plan, &err), MEMORY_LIMIT);
    assert_status(cof_train_plan(&spec, &shape, SIZE_MAX, 0, &plan, NULL), LIMIT);
    spec.test = 0;
    assert_status(cof_train_plan(&spec, &shape, 10, SIZE_MAX, &plan, NULL), LIMIT);
}

static void jobs_and_tables_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    COF_CLEANUP(kit_table_drop_)
    kit_table *kit = kit_table_new(COF_TASK_BINARY, 50, 3, 2, false, 5);
    COF_CLEANUP(kit_table_drop_)
    kit_table *bytes = kit_table_new(COF_TASK_BINARY, 50, 3, 2, true, 5);
    COF_CLEANUP(kit_table_drop_)
    kit_table *wide = kit_table_new(COF_TASK_BINARY, 50, 4, 2, false, 5);
    cof_train_spec spec = kit_spec(COF_TASK_BINARY, 3, 2, 0);
    cof_trainer *trainer = NULL;
    assert_status(cof_trainer_new(&spec, &wide->table, NULL, &trainer, NULL), SCHEMA_MISMATCH);
    assert_status(cof_trainer_new(&spec, &kit->table, &kit->table, &trainer, NULL), BAD_ARGUMENT);
    spec.test = 0;
    assert_status(cof_trainer_new(&spec, &kit->table, &bytes->table, &trainer, NULL),
                  SCHEMA_MISMATCH);
    assert_status(cof_trainer_new(&spec, &kit->table, &wide->table, &trainer, NULL),
                  SCHEMA_MISMATCH);
    kit->classes[3] = 7;
    assert_status(cof_trainer_new(&spec, &kit->table, NULL, &trainer, NULL), DATA_INVALID);
    kit->classes[3] = 1;
    spec.path = (cof_kernel_path)COF_PATH_COUNT;
    assert_status(cof_trainer_new(&spec, &kit->table, NULL, &trainer, NULL), KERNEL_UNAVAILABLE);
    assert_null(trainer);
}

static void reports_and_predictions_keep_to_their_rows(void **state)
{
    (void)state;
    COF_CLEANUP(kit_table_drop_)
    kit_table *kit = kit_table_new(COF_TASK_CLASSES, 300, 3, 4, false, 5);
    const cof_train_spec spec = kit_spec(COF_TASK_CLASSES, 3, 4, 8);
    COF_CLEANUP(cof_trainer_drop_) cof_trainer *trainer = NULL;
    assert_ok(cof_trainer_new(&spec, &kit->table, NULL, &trainer, NULL));
    cof_train_report report;
    assert_status(cof_trainer_report(trainer, &report, NULL), BAD_ARGUMENT);
    kit_train(trainer);
    assert_ok(cof_trainer_report(trainer, &report, NULL));
    uint64_t rows = 0;
    for (size_t i = 0; i < 16; i++) {
        rows += report.validation_confusion[i];
    }
    assert_int_equal(rows, 60);
    static float all[300 * 4];
    float one[4];
    assert_ok(cof_trainer_predict(trainer, &kit->table, 0, 300, all, NULL));
    assert_ok(cof_trainer_predict(trainer, &kit->table, 299, 1, one, NULL));
    assert_memory_equal(all + 4 * 299, one, sizeof one);
    assert_true(fabs((double)(one[0] + one[1] + one[2] + one[3]) - 1) < 1e-6);
    assert_status(cof_trainer_predict(trainer, &kit->table, 299, 2, one, NULL), BAD_ARGUMENT);
    assert_status(cof_trainer_predict(trainer, &kit->table, 301, 0, one, NULL), BAD_ARGUMENT);
}

struct counted {
    uint64_t epochs;
    uint64_t checkpoints;
};

static cof_status count_epoch(void *context, const cof_train_progress *progress, cof_err *err)
{
    struct counted *counted = context;
    (void)err;
    counted->epochs++;
    assert_int_equal(progress->epoch, counted->epochs);
    assert_int_equal(progress->steps, counted->epochs * 5);
    assert_true(isfinite(progress->train_loss) && isfinite(progress->validation.loss));
    return COF_OK;
}

static cof_status count_checkpoint(void *context, const cof_trainer *trainer, cof_err *err)
{
    struct counted *counted = context;
    (void)trainer;
    counted->checkpoints++;
    return counted->checkpoints == 9 ? COF_FAIL(err, CANCELLED, "enough") : COF_OK;
}

static void hooks_are_called_where_the_job_says(void **state)
{
    (void)state;
    COF_CLEANUP(kit_table_drop_)
    kit_table *kit = kit_table_new(COF_TASK_BINARY, 100, 3, 2, false, 5);
    cof_train_spec spec = kit_spec(COF_TASK_BINARY, 3, 2, 0); /* 70 rows: 5 steps of 16 */
    spec.checkpoint_every_epochs = 2;
    spec.checkpoint_every_steps = 3;
    struct counted counted = {0};
    const cof_train_hooks hooks = {
        .context = &counted, .on_epoch = count_epoch, .on_checkpoint = count_checkpoint};
    COF_CLEANUP(cof_trainer_drop_) cof_trainer *trainer = NULL;
    assert_ok(cof_trainer_new(&spec, &kit->table, NULL, &trainer, NULL));
    assert_ok(cof_trainer_run(trainer, &hooks, NULL));
    assert_int_equal(counted.epochs, 4);
    assert_int_equal(counted.checkpoints, 4 + 2);
    cof_train_event event = COF_TRAIN_STEPPED;
    assert_ok(cof_trainer_step(trainer, &event, NULL));
    assert_int_equal(event, COF_TRAIN_FINISHED);
    COF_CLEANUP(cof_trainer_drop_) cof_trainer *again = NULL;
    assert_ok(cof_trainer_new(&spec, &kit->table, NULL, &again, NULL));
    counted = (struct counted){.checkpoints = 5};
    assert_status(cof_trainer_run(again, &hooks, NULL), CANCELLED);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_found_by_linear_regression),
        cmocka_unit_test(a_separable_binary_task_is_learned_by_logistic_regression),
        cmocka_unit_test(only_a_hidden_layer_learns_exclusive_or),
        cmocka_unit_test(many_classes_are_learned_from_bytes),
        cmocka_unit_test(balanced_weights_find_more_of_the_rare_class),
        cmocka_unit_test(rows_that_fill_no_batch_are_trained_on_too),
        cmocka_unit_test(the_same_job_gives_the_same_bits_for_any_threads),
        cmocka_unit_test(another_seed_gives_another_model),
        cmocka_unit_test(early_stopping_gives_back_the_best_epoch),
        cmocka_unit_test(a_loss_that_is_not_finite_fails_and_names_the_step),
        cmocka_unit_test(the_plan_is_what_is_taken_and_the_limit_is_kept),
        cmocka_unit_test(the_largest_job_is_refused_not_overflowed),
        cmocka_unit_test(jobs_and_tables_that_do_not_fit_are_refused),
        cmocka_unit_test(reports_and_predictions_keep_to_their_rows),
        cmocka_unit_test(hooks_are_called_where_the_job_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
