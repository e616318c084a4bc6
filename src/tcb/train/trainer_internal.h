/* What trainer.c, checkpoint.c and safetensors.c share; no one else includes this. */
#ifndef COF_TRAIN_TRAINER_INTERNAL_H
#define COF_TRAIN_TRAINER_INTERNAL_H

#include "tcb/train/network.h"
#include "tcb/train/trainer.h"

/** Where a run stands: all that changes besides parameters, optimiser state and history. */
typedef struct cof_position {
    uint64_t epoch;  /* epochs done */
    uint64_t step;   /* batches done of the current epoch */
    double loss_sum; /* of the rows of these batches */
    /* What follows from the history alone, so that a checkpoint need not say it: */
    bool is_finished;
    uint64_t best_epoch; /* 0: none yet */
    double best_value;   /* of the stop metric; loss is negated, so that larger is better */
} cof_position;

/** One epoch further, with its measures: decides whether it is the best so far and whether it is
 * the last. */
void cof_position_advance(const cof_train_spec *spec, const cof_metrics *metrics,
                          cof_position *position);

struct cof_trainer {
    cof_train_spec spec;
    cof_table table;
    cof_table test; /* rows 0: none */
    cof_arena arena;
    cof_plan plan;
    cof_pool *pool;
    cof_network network;
    cof_split split;
    cof_standard standard;
    float *class_weights;
    uint32_t *order;             /* (split.train) of the current epoch */
    float *best;                 /* (block_count); NULL without early stopping */
    cof_train_progress *history; /* (epochs) */
    cof_meter validation;
    cof_meter test_meter;
    cof_digest order_digest; /* what the order of steps depends on */
    cof_digest job_digest;   /* model, optimiser and the rest of the spec that decides the result */
    cof_position position;
    bool has_failed;
};

/** SHA-256 over the parts of the spec that decide the result and are not in the order digest. */
COF_MUST_USE cof_status cof_train_job_digest(const cof_train_spec *spec, cof_digest *out,
                                             cof_err *err);

#endif
