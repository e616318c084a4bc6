#include "tcb/train/trainer.h"

#include <math.h>
#include <string.h>

#include "tcb/base/size.h"
#include "tcb/base/wipe.h"
#include "tcb/train/trainer_internal.h"

/* The places of a run, counted or taken: see plan.h. */
static cof_status place_all(cof_trainer *trainer, cof_plan *plan, cof_err *err)
{
    const cof_train_spec *spec = &trainer->spec;
    const size_t rows = trainer->split.train + trainer->split.validation + trainer->split.test;
    const size_t test_rows = trainer->test.rows > 0 ? trainer->test.rows : trainer->split.test;
    void *place[6] = {NULL};
    COF_TRY(cof_network_place(spec, &trainer->network, plan, err));
    if (spec->stop != COF_STOP_NONE) {
        COF_TRY(cof_plan_take(plan, COF_PLAN_BEST, trainer->network.block_count, sizeof(float),
                              &place[0], err));
    }
    COF_TRY(cof_plan_take(plan, COF_PLAN_ORDER, rows, sizeof(uint32_t), &place[1], err));
    COF_TRY(cof_plan_take(plan, COF_PLAN_ORDER, trainer->split.train, sizeof(uint32_t), &place[2],
                          err));
    COF_TRY(cof_plan_take(plan, COF_PLAN_ORDER, 2 * trainer->standard.count, sizeof(float),
                          &place[3], err));
    COF_TRY(cof_plan_take(plan, COF_PLAN_ORDER, spec->classes, sizeof(float), &place[4], err));
    COF_TRY(cof_plan_take(plan, COF_PLAN_METRICS, spec->epochs, sizeof(cof_train_progress),
                          &place[5], err));
    COF_TRY(cof_meter_place(&trainer->validation, spec, trainer->split.validation, plan, err));
    COF_TRY(cof_meter_place(&trainer->test_meter, spec, test_rows, plan, err));
    COF_TRY(
        cof_plan_count(plan, COF_PLAN_THREADS, (spec->threads - 1) * COF_POOL_STACK_BYTES, err));
    COF_TRY(cof_plan_count(plan, COF_PLAN_THREADS, sizeof *trainer, err));
    trainer->best = place[0];
    trainer->split.rows = place[1];
    trainer->order = place[2];
    trainer->standard.mean = place[3];
    trainer->standard.scale =
        trainer->standard.mean != NULL ? trainer->standard.mean + trainer->standard.count : NULL;
    trainer->class_weights = place[4];
    trainer->history = place[5];
    return COF_OK;
}

static cof_status count_table(cof_plan *plan, const cof_table_shape *shape, size_t rows,
                              cof_err *err)
{
    size_t values = 0;
    size_t bytes = 0;
    COF_TRY(cof_size_mul(rows, shape->columns, &values, err));
    COF_TRY(cof_size_mul(values, cof_table_value_size(shape->values), &bytes, err));
    COF_TRY(cof_plan_count(plan, COF_PLAN_DATA, bytes, err));
    COF_TRY(cof_size_mul(rows, COF_TABLE_LABEL_SIZE, &bytes, err));
    return cof_plan_count(plan, COF_PLAN_DATA, bytes, err);
}

/* Everything that follows from the spec and the numbers of rows. Leaves the plan counted, no place
 * taken. */
static cof_status plan_all(cof_trainer *trainer, const cof_table_shape *shape, size_t rows,
                           size_t test_rows, cof_err *err)
{
    const cof_train_spec *spec = &trainer->spec;
    COF_TRY(cof_train_spec_check(spec, err));
    COF_TRY(cof_dataset_check_shape(spec, shape, err));
    if (test_rows > 0 && spec->test > 0) {
        return COF_FAIL(err, BAD_ARGUMENT, "a fraction of test rows and a separate test set");
    }
    if (test_rows > COF_TRAIN_ROWS_LIMIT) {
        return COF_FAIL(err, LIMIT, "%zu test rows where at most %u are allowed", test_rows,
                        COF_TRAIN_ROWS_LIMIT);
    }
    COF_TRY(cof_split_count(spec, rows, &trainer->split, err));
    trainer->test.rows = test_rows;
    trainer->standard.count = cof_standard_count(shape);
    cof_network_shape(spec, &trainer->network);
    trainer->plan = (cof_plan){0};
    COF_TRY(count_table(&trainer->plan, shape, rows, err));
    COF_TRY(count_table(&trainer->plan, shape, test_rows, err));
    COF_TRY(place_all(trainer, &trainer->plan, err));
    return cof_plan_check(&trainer->plan, spec->memory_limit, err);
}

cof_status cof_train_plan(const cof_train_spec *spec, const cof_table_shape *shape, size_t rows,
                          size_t test_rows, cof_plan *out_plan, cof_err *err)
{
    COF_CLEANUP(cof_trainer_drop_) cof_trainer *trainer = calloc(1, sizeof *trainer);
    if (trainer == NULL) {
        return COF_FAIL(err, NO_MEMORY, "plan");
    }
    trainer->spec = *spec;
    COF_TRY(plan_all(trainer, shape, rows, test_rows, err));
    *out_plan = trainer->plan;
    return COF_OK;
}

static cof_status take_memory(cof_trainer *trainer, cof_err *err)
{
    const size_t planned = trainer->plan.arena_bytes;
    COF_TRY(cof_arena_init(&trainer->arena, planned, err));
    cof_plan taken = {.arena = &trainer->arena};
    COF_TRY(place_all(trainer, &taken, err));
    if (trainer->arena.used != planned) {
        return COF_FAIL(err, INTERNAL, "planned %zu bytes, took %zu", planned, trainer->arena.used);
    }
    return COF_OK;
}

static cof_status prepare_data(cof_trainer *trainer, cof_err *err)
{
    const cof_train_spec *spec = &trainer->spec;
    COF_TRY(cof_dataset_check(spec, &trainer->table, err));
    if (trainer->test.rows > 0) {
        if (trainer->test.shape.values != trainer->table.shape.values) {
            return COF_FAIL(err, SCHEMA_MISMATCH,
                            "test rows have another type of values than training rows");
        }
        COF_TRY(cof_dataset_check(spec, &trainer->test, err));
    }
    cof_split_fill(spec, &trainer->split);
    COF_TRY(cof_split_digest(spec, &trainer->split, &trainer->order_digest, err));
    COF_TRY(cof_train_job_digest(spec, &trainer->job_digest, err));
    /* The first activations are not needed yet: at least 128 rows of more than columns floats,
     * where 2 doubles a column are wanted. */
    double *sums = (double *)(void *)trainer->network.value[0];
    COF_TRY(
        cof_standard_fit(spec, &trainer->table, &trainer->split, sums, &trainer->standard, err));
    memset(sums, 0, 2 * trainer->standard.count * sizeof *sums);
    if (spec->task != COF_TASK_REGRESSION) {
        cof_class_weights_fit(spec, &trainer->table, &trainer->split, trainer->class_weights);
    }
    return COF_OK;
}

cof_status cof_trainer_new(const cof_train_spec *spec, const cof_table *table,
                           const cof_table *test, cof_trainer **out_trainer, cof_err *err)
{
    COF_CLEANUP(cof_trainer_drop_) cof_trainer *trainer = calloc(1, sizeof *trainer);
    if (trainer == NULL) {
        return COF_FAIL(err, NO_MEMORY, "trainer");
    }
    trainer->spec = *spec;
    COF_TRY(plan_all(trainer, &table->shape, table->rows, test != NULL ? test->rows : 0, err));
    trainer->table = *table;
    if (test != NULL) {
        trainer->test = *test;
    }
    const cof_kernels *kernels = NULL;
    COF_TRY(cof_kernels_of(spec->path, &kernels, err));
    COF_TRY(take_memory(trainer, err));
    COF_TRY(prepare_data(trainer, err));
    COF_TRY(cof_pool_new(spec->threads, &trainer->pool, err));
    trainer->network.kernels = kernels;
    trainer->network.pool = trainer->pool;
    trainer->network.standard = &trainer->standard;
    trainer->network.class_weights = trainer->class_weights;
    cof_network_start(spec, &trainer->network);
    cof_split_order(spec, &trainer->split, 0, trainer->order);
    *out_trainer = cof_trainer_take(&trainer);
    return COF_OK;
}

void cof_trainer_free(cof_trainer *trainer)
{
    if (trainer == NULL) {
        return;
    }
    cof_pool_free(trainer->pool);
    cof_arena_free(&trainer->arena);
    cof_wipe(trainer, sizeof *trainer);
    free(trainer);
}

static void evaluate(cof_trainer *trainer, const cof_batch *rows, cof_meter *meter,
                     cof_metrics *out)
{
    cof_network *network = &trainer->network;
    cof_meter_reset(meter);
    for (size_t done = 0; done < rows->count; done += network->capacity) {
        cof_batch batch = *rows;
        batch.rows = rows->rows != NULL ? rows->rows + done : NULL;
        batch.first = rows->first + done;
        batch.count =
            rows->count - done < network->capacity ? rows->count - done : network->capacity;
        cof_network_evaluate(network, &batch);
        for (size_t i = 0; i < batch.count; i++) {
            const size_t row = cof_batch_row(&batch, i);
            if (network->task == COF_TASK_REGRESSION) {
                cof_meter_add_number(meter, cof_table_numbers(batch.table)[row], network->score[i],
                                     network->loss[i]);
            } else {
                const size_t actual = (size_t)cof_table_classes(batch.table)[row];
                cof_meter_add_class(meter, actual, network->class[i], network -> score[i],
                                    network -> loss[i]);
            }
        }
    }
    cof_meter_finish(meter, out);
}

static void evaluate_validation(cof_trainer *trainer, cof_metrics *out)
{
    const cof_batch rows = {.table = &trainer->table,
                            .rows = trainer->split.rows + trainer->split.train,
                            .count = trainer->split.validation};
    evaluate(trainer, &rows, &trainer->validation, out);
}

static void evaluate_test(cof_trainer *trainer, cof_metrics *out)
{
    const cof_split *split = &trainer->split;
    cof_batch rows = {.table = &trainer->table,
                      .rows = split->rows + split->train + split->validation,
                      .count = split->test};
    if (trainer->test.rows > 0) {
        rows = (cof_batch){.table = &trainer->test, .count = trainer->test.rows};
    }
    evaluate(trainer, &rows, &trainer->test_meter, out);
}

static bool parameters_are_finite(const cof_network *network)
{
    for (size_t i = 0; i < network->block_count; i++) {
        if (!isfinite(network->parameters[i])) {
            return false;
        }
    }
    return true;
}

static cof_status finish_epoch(cof_trainer *trainer, cof_err *err)
{
    const cof_train_spec *spec = &trainer->spec;
    cof_position *position = &trainer->position;
    cof_train_progress *progress = &trainer->history[position->epoch];
    *progress = (cof_train_progress){
        .epoch = position->epoch + 1,
        .epochs = spec->epochs,
        .steps = cof_trainer_steps_done(trainer),
        .train_loss = position->loss_sum / (double)trainer->split.train,
        .learning_rate = spec->optimizer.learning_rate,
    };
    evaluate_validation(trainer, &progress->validation);
    if ((progress->validation.rows > 0 && !isfinite(progress->validation.loss)) ||
        !parameters_are_finite(&trainer->network)) {
        trainer->has_failed = true;
        return COF_FAIL(err, NUMERIC, "after epoch %llu", (unsigned long long)progress->epoch);
    }
    cof_position_advance(spec, &progress->validation, position);
    if (position->best_epoch == position->epoch) {
        memcpy(trainer->best, trainer->network.parameters,
               trainer->network.block_count * sizeof(float));
    }
    if (!position->is_finished) {
        cof_split_order(spec, &trainer->split, position->epoch, trainer->order);
    } else if (position->best_epoch > 0) {
        memcpy(trainer->network.parameters, trainer->best,
               trainer->network.block_count * sizeof(float));
        cof_network_refresh(&trainer->network);
    }
    return COF_OK;
}

cof_status cof_trainer_step(cof_trainer *trainer, cof_train_event *out_event, cof_err *err)
{
    cof_position *position = &trainer->position;
    if (trainer->has_failed) {
        return COF_FAIL(err, NUMERIC, "training has failed before");
    }
    if (position->is_finished) {
        *out_event = COF_TRAIN_FINISHED;
        return COF_OK;
    }
    const size_t done = position->step * trainer->spec.batch;
    const size_t left = trainer->split.train - done;
    const cof_batch batch = {.table = &trainer->table,
                             .rows = trainer->order + done,
                             .count = left < trainer->spec.batch ? left : trainer->spec.batch};
    const cof_update update =
        cof_update_of(&trainer->spec.optimizer, cof_trainer_steps_done(trainer) + 1);
    const double loss = cof_network_train(&trainer->network, &batch, &update);
    if (!isfinite(loss)) {
        trainer->has_failed = true;
        return COF_FAIL(err, NUMERIC, "the loss is not finite in epoch %llu, step %llu",
                        (unsigned long long)position->epoch + 1,
                        (unsigned long long)position->step + 1);
    }
    position->loss_sum += loss;
    position->step++;
    cof_train_event event = COF_TRAIN_STEPPED;
    if (position->step == cof_trainer_steps_per_epoch(trainer)) {
        COF_TRY(finish_epoch(trainer, err));
        event = position->is_finished ? COF_TRAIN_FINISHED : COF_TRAIN_EPOCH_DONE;
    }
    *out_event = event;
    return COF_OK;
}

cof_status cof_trainer_epoch(cof_trainer *trainer, cof_train_event *out_event, cof_err *err)
{
    cof_train_event event = COF_TRAIN_STEPPED;
    while (event == COF_TRAIN_STEPPED) {
        COF_TRY(cof_trainer_step(trainer, &event, err));
    }
    *out_event = event;
    return COF_OK;
}

cof_status cof_trainer_run(cof_trainer *trainer, const cof_train_hooks *hooks, cof_err *err)
{
    while (!trainer->position.is_finished) {
        cof_train_event event = COF_TRAIN_STEPPED;
        COF_TRY(cof_trainer_step(trainer, &event, err));
        if (event != COF_TRAIN_STEPPED && hooks->on_epoch != NULL) {
            COF_TRY(hooks->on_epoch(hooks->context, &trainer->history[trainer->position.epoch - 1],
                                    err));
        }
        if (hooks->on_checkpoint != NULL && cof_trainer_checkpoint_is_due(trainer)) {
            COF_TRY(hooks->on_checkpoint(hooks->context, trainer, err));
        }
    }
    return COF_OK;
}

bool cof_trainer_checkpoint_is_due(const cof_trainer *trainer)
{
    const cof_train_spec *spec = &trainer->spec;
    const cof_position *position = &trainer->position;
    if (position->step > 0) {
        return spec->checkpoint_every_steps > 0 &&
               position->step % spec->checkpoint_every_steps == 0;
    }
    return position->epoch > 0 && spec->checkpoint_every_epochs > 0 &&
           position->epoch % spec->checkpoint_every_epochs == 0;
}

bool cof_trainer_is_finished(const cof_trainer *trainer)
{
    return trainer->position.is_finished;
}

uint64_t cof_trainer_epochs_done(const cof_trainer *trainer)
{
    return trainer->position.epoch;
}

uint64_t cof_trainer_steps_done(const cof_trainer *trainer)
{
    return trainer->position.epoch * cof_trainer_steps_per_epoch(trainer) + trainer->position.step;
}

size_t cof_trainer_steps_per_epoch(const cof_trainer *trainer)
{
    return (trainer->split.train + trainer->spec.batch - 1) / trainer->spec.batch;
}

const cof_train_progress *cof_trainer_history(const cof_trainer *trainer, uint64_t epoch)
{
    return &trainer->history[epoch];
}

const cof_train_spec *cof_trainer_spec(const cof_trainer *trainer)
{
    return &trainer->spec;
}

const cof_plan *cof_trainer_plan(const cof_trainer *trainer)
{
    return &trainer->plan;
}

const cof_split *cof_trainer_split(const cof_trainer *trainer)
{
    return &trainer->split;
}

cof_status cof_trainer_report(cof_trainer *trainer, cof_train_report *out, cof_err *err)
{
    const cof_position *position = &trainer->position;
    if (!position->is_finished) {
        return COF_FAIL(err, BAD_ARGUMENT, "training has not finished");
    }
    cof_train_report report = {
        .epochs = position->epoch,
        .best_epoch = position->best_epoch > 0 ? position->best_epoch : position->epoch,
        .is_stopped_early = position->epoch < trainer->spec.epochs,
        .classes = trainer->spec.classes,
        .validation_confusion = trainer->validation.confusion,
        .test_confusion = trainer->test_meter.confusion,
    };
    evaluate_validation(trainer, &report.validation);
    evaluate_test(trainer, &report.test);
    *out = report;
    return COF_OK;
}

cof_status cof_trainer_predict(cof_trainer *trainer, const cof_table *table, size_t first,
                               size_t count, float *out, cof_err *err)
{
    COF_TRY(cof_dataset_check_shape(&trainer->spec, &table->shape, err));
    if (table->shape.values != trainer->table.shape.values) {
        return COF_FAIL(err, SCHEMA_MISMATCH, "type of values");
    }
    if (first > table->rows || count > table->rows - first) {
        return COF_FAIL(err, BAD_ARGUMENT, "%zu rows from %zu where there are %zu", count, first,
                        table->rows);
    }
    const size_t capacity = trainer->network.capacity;
    for (size_t done = 0; done < count; done += capacity) {
        const cof_batch batch = {.table = table,
                                 .first = first + done,
                                 .count = count - done < capacity ? count - done : capacity};
        cof_network_predict(&trainer->network, &batch, out + done * trainer->network.outputs);
    }
    return COF_OK;
}
