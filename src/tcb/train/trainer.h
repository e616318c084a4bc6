/*
 * A training run: a resumable object that goes forward by steps.
 *
 *     cof_trainer_new → (cof_trainer_load) → cof_trainer_step … until COF_TRAIN_FINISHED
 *                     → cof_trainer_report, cof_trainer_predict, cof_safetensors_write
 *
 * With the same spec and data the result is the same to the bit: for any number of threads, and
 * wherever it was saved and loaded between. All memory is taken by cof_trainer_new.
 */
#ifndef COF_TRAIN_TRAINER_H
#define COF_TRAIN_TRAINER_H

#include "tcb/base/buf.h"
#include "tcb/train/dataset.h"
#include "tcb/train/metrics.h"
#include "tcb/train/plan.h"

typedef struct cof_trainer cof_trainer;

typedef enum cof_train_event {
    COF_TRAIN_STEPPED,    /* one batch, not the last of its epoch */
    COF_TRAIN_EPOCH_DONE, /* the last batch of an epoch, which was then evaluated */
    COF_TRAIN_FINISHED /* the same, and there is no further epoch; the best parameters are in place
                        */
} cof_train_event;

/** What is known after an epoch. NaN where a measure has no meaning. */
typedef struct cof_train_progress {
    uint64_t epoch; /* epochs done, from 1 */
    uint64_t epochs;
    uint64_t steps;    /* batches done in all */
    double train_loss; /* mean over the epoch's steps, with class weights */
    double learning_rate;
    cof_metrics validation;
} cof_train_progress;

typedef struct cof_train_report {
    uint64_t epochs;     /* done */
    uint64_t best_epoch; /* whose parameters these are; = epochs without early stopping */
    bool is_stopped_early;
    cof_metrics validation;
    cof_metrics test;
    size_t classes;                       /* side of the two matrices; 0 for regression */
    const uint64_t *validation_confusion; /* (classes, classes): [actual][predicted]; borrowed from
                                             the trainer */
    const uint64_t *test_confusion;
} cof_train_report;

/**
 * What a run will take, before there is data: every byte, the tables included.
 *
 * @param rows       of the training table
 * @param test_rows  of the separate test table; 0 when there is none
 * @return COF_OK, COF_E_MEMORY_LIMIT naming both numbers, or as cof_train_spec_check,
 * cof_split_count
 */
COF_MUST_USE cof_status cof_train_plan(const cof_train_spec *spec, const cof_table_shape *shape,
                                       size_t rows, size_t test_rows, cof_plan *out_plan,
                                       cof_err *err);

/**
 * Checks spec and data, plans, takes the memory, splits, standardizes, sets the first parameters.
 *
 * @param table  kept: the arrays must outlive the trainer
 * @param test   separate test rows, kept, or NULL; then spec->test must be 0
 * @return COF_OK, COF_E_BAD_ARGUMENT, COF_E_SCHEMA_MISMATCH, COF_E_DATA_EMPTY, COF_E_DATA_INVALID,
 * COF_E_LIMIT, COF_E_MEMORY_LIMIT, COF_E_KERNEL_UNAVAILABLE, COF_E_NUMERIC, COF_E_NO_MEMORY,
 * COF_E_CRYPTO
 */
COF_MUST_USE cof_status cof_trainer_new(const cof_train_spec *spec, const cof_table *table,
                                        const cof_table *test, cof_trainer **out_trainer,
                                        cof_err *err);

/** Accepts NULL; wipes. */
void cof_trainer_free(cof_trainer *trainer);
COF_OWNED(cof_trainer, cof_trainer_free);

/**
 * Trains on one batch; at the end of an epoch evaluates the validation rows and decides whether to
 * go on. A finished trainer does nothing more. @return COF_OK, COF_E_NUMERIC naming epoch and step;
 * then the trainer can only be freed.
 */
COF_MUST_USE cof_status cof_trainer_step(cof_trainer *trainer, cof_train_event *out_event,
                                         cof_err *err);

/** Steps to the end of the epoch. @return as cof_trainer_step. */
COF_MUST_USE cof_status cof_trainer_epoch(cof_trainer *trainer, cof_train_event *out_event,
                                          cof_err *err);

/** What cof_trainer_run calls; each may be NULL. A failure ends the run with it. */
typedef struct cof_train_hooks {
    void *context;
    cof_status (*on_epoch)(void *context, const cof_train_progress *progress, cof_err *err);
    cof_status (*on_checkpoint)(void *context, const cof_trainer *trainer, cof_err *err);
} cof_train_hooks;

/** Steps until finished. @return as cof_trainer_step, or what a hook returned. */
COF_MUST_USE cof_status cof_trainer_run(cof_trainer *trainer, const cof_train_hooks *hooks,
                                        cof_err *err);

/** True when the spec wants a checkpoint at this position. Depends on the position alone, not on
 * data. */
bool cof_trainer_checkpoint_is_due(const cof_trainer *trainer);

bool cof_trainer_is_finished(const cof_trainer *trainer);
uint64_t cof_trainer_epochs_done(const cof_trainer *trainer);
uint64_t cof_trainer_steps_done(const cof_trainer *trainer);
size_t cof_trainer_steps_per_epoch(const cof_trainer *trainer);

/** Progress after epoch (0 to epochs done - 1). Borrowed. */
const cof_train_progress *cof_trainer_history(const cof_trainer *trainer, uint64_t epoch);

/* Borrowed; the plan holds the peak, the split the rows of each part. */
const cof_train_spec *cof_trainer_spec(const cof_trainer *trainer);
const cof_plan *cof_trainer_plan(const cof_trainer *trainer);
const cof_split *cof_trainer_split(const cof_trainer *trainer);

/** Evaluates validation and test rows. @return COF_OK, COF_E_BAD_ARGUMENT (not finished). */
COF_MUST_USE cof_status cof_trainer_report(cof_trainer *trainer, cof_train_report *out,
                                           cof_err *err);

/**
 * What the model says of rows first to first + count - 1 of a table of the same shape.
 *
 * @param out  (count, cof_train_outputs()): a value, the probability of class 1, or of each class
 * @return COF_OK, COF_E_SCHEMA_MISMATCH, COF_E_BAD_ARGUMENT (rows outside the table)
 */
COF_MUST_USE cof_status cof_trainer_predict(cof_trainer *trainer, const cof_table *table,
                                            size_t first, size_t count, float *out, cof_err *err);

/** Most bytes that cof_trainer_save can append for this run. */
size_t cof_trainer_save_size(const cof_trainer *trainer);

/** Appends the whole state (docs/formats/checkpoint.md): secret. @return COF_OK, or as
 * cof_buf_append. */
COF_MUST_USE cof_status cof_trainer_save(const cof_trainer *trainer, cof_buf *out, cof_err *err);

/**
 * Takes the state of a checkpoint of the same job and data; then goes on exactly as the one that
 * saved it. On failure the trainer is unchanged.
 * @return COF_OK, COF_E_BAD_FORMAT, COF_E_BAD_VERSION, COF_E_TRUNCATED, COF_E_TRAILING_BYTES,
 * COF_E_KERNEL_MISMATCH, COF_E_CHECKPOINT_MISMATCH
 */
COF_MUST_USE cof_status cof_trainer_load(cof_trainer *trainer, cof_view checkpoint, cof_err *err);

#endif
