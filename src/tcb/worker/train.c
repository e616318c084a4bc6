#include "tcb/base/size.h"
#include "tcb/wire/json.h"
#include "tcb/worker/checkpoint.h"
#include "tcb/worker/disclose.h"
#include "tcb/worker/spec.h"

static bool discloses_progress(const cof_worker *worker)
{
    return (worker->contract->disclose & COF_CONTRACT_DISCLOSE_PROGRESS) != 0;
}

/* A checkpoint's bytes stand beside the plan while they are sealed: the contract's memory covers
 * both. */
static cof_status check_memory(const cof_worker *worker, size_t *out_bytes, cof_err *err)
{
    size_t need = cof_trainer_plan(worker->trainer)->total_bytes;
    if (worker->contract->training.checkpoint_every_epochs > 0) {
        COF_TRY(cof_size_add(need, cof_trainer_save_size(worker->trainer), &need, err));
    }
    const uint64_t limit = worker->contract->limits.memory_bytes;
    if (need > limit) {
        return COF_FAIL(err, MEMORY_LIMIT, "%zu bytes are needed, %llu are allowed", need,
                        (unsigned long long)limit);
    }
    *out_bytes = need;
    return COF_OK;
}

static cof_status say_validated(cof_worker *worker, cof_err *err)
{
    const cof_split *split = cof_trainer_split(worker->trainer);
    const cof_worker_inputs *inputs = &worker->inputs;
    return cof_worker_event(worker, "validated",
                            json_pack("{s:I,s:I,s:I,s:I,s:I}", "rows",
                                      (json_int_t)(inputs->train.rows + inputs->test.rows),
                                      "columns", (json_int_t)inputs->train.shape.columns, "train",
                                      (json_int_t)split->train, "validation",
                                      (json_int_t)split->validation, "test",
                                      (json_int_t)(split->test + inputs->test.rows)),
                            err);
}

static cof_status say_initialised(cof_worker *worker, size_t memory, cof_err *err)
{
    const uint64_t parameters = cof_worker_parameter_count(cof_trainer_spec(worker->trainer));
    COF_JSON json_t *members =
        json_pack("{s:I,s:I,s:s}", "parameters", (json_int_t)parameters, "memory",
                  (json_int_t)memory, "kernel", cof_path_name(worker->path));
    if (members == NULL) {
        return COF_FAIL(err, NO_MEMORY, "event");
    }
    if (discloses_progress(worker)) {
        const uint64_t resumed = cof_trainer_epochs_done(worker->trainer);
        COF_TRY(cof_json_set(members, "resumed", json_integer((json_int_t)resumed), err));
    }
    return cof_worker_event(worker, "initialised", json_incref(members), err);
}

static cof_status on_epoch(void *context, const cof_train_progress *progress, cof_err *err)
{
    cof_worker *worker = context;
    if (!discloses_progress(worker)) {
        return COF_OK;
    }
    return cof_worker_event(worker, "training",
                            cof_disclose_epoch(progress, worker->contract->disclose), err);
}

static cof_status on_checkpoint(void *context, const cof_trainer *trainer, cof_err *err)
{
    cof_worker *worker = context;
    COF_CLEANUP(cof_buf_free) cof_buf state;
    cof_buf_init(&state, cof_trainer_save_size(trainer));
    COF_TRY(cof_buf_reserve(&state, cof_trainer_save_size(trainer), err));
    COF_TRY(cof_trainer_save(trainer, &state, err));
    COF_TRY(cof_worker_put_checkpoint(worker, &state, err));
    json_t *members =
        discloses_progress(worker)
            ? json_pack("{s:I}", "epoch", (json_int_t)cof_trainer_epochs_done(trainer))
            : json_object();
    return cof_worker_event(worker, "checkpointed", members, err);
}

cof_status cof_worker_train(cof_worker *worker, cof_err *err)
{
    cof_train_spec spec;
    size_t memory = 0;
    const cof_table *test = worker->inputs.test.rows > 0 ? &worker->inputs.test : NULL;
    cof_worker_spec(worker->contract, worker->inputs.train.shape.columns, worker->path, &spec);
    COF_TRY(cof_trainer_new(&spec, &worker->inputs.train, test, &worker->trainer, err));
    COF_TRY(check_memory(worker, &memory, err));
    COF_TRY(say_validated(worker, err));
    if (worker->checkpoint.size > 0) {
        COF_TRY(cof_trainer_load(worker->trainer, cof_buf_view(&worker->checkpoint), err));
        cof_buf_free(&worker->checkpoint);
    }
    COF_TRY(say_initialised(worker, memory, err));
    const cof_train_hooks hooks = {
        .context = worker, .on_epoch = on_epoch, .on_checkpoint = on_checkpoint};
    return cof_trainer_run(worker->trainer, &hooks, err);
}
