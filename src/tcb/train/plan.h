/*
 * Every byte that a training run takes, added up before the first step.
 *
 * The places of a run are described once, as calls of cof_plan_take. The description runs twice:
 * first it only counts, then, with an arena of that size, it hands out the places. So what was
 * planned is what is used.
 */
#ifndef COF_TRAIN_PLAN_H
#define COF_TRAIN_PLAN_H

#include "tcb/base/arena.h"

typedef enum cof_plan_part {
    COF_PLAN_DATA,        /* the caller's tables */
    COF_PLAN_PARAMETERS,  /* weights and biases, and their transposes */
    COF_PLAN_OPTIMIZER,   /* velocity or moments */
    COF_PLAN_BEST,        /* best parameters, for early stopping */
    COF_PLAN_ACTIVATIONS, /* a batch on its way forward and back */
    COF_PLAN_ORDER,       /* splits, order of rows, standardization, class weights */
    COF_PLAN_METRICS,     /* scores, confusion matrices, history */
    COF_PLAN_THREADS      /* stacks and scratch of each thread, and the trainer itself */
} cof_plan_part;

enum { COF_PLAN_PARTS = 8 };

typedef struct cof_plan {
    size_t bytes[COF_PLAN_PARTS];
    size_t arena_bytes; /* of these, what the arena holds */
    size_t total_bytes; /* the sum: the peak of the run */
    cof_arena *arena;   /* NULL while counting */
} cof_plan;

/** Short name of a part, for reports; static. */
const char *cof_plan_part_name(cof_plan_part part);

/** Counts count · size bytes and, when there is an arena, takes them, zeroed. @return COF_OK,
 * COF_E_LIMIT, COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_plan_take(cof_plan *plan, cof_plan_part part, size_t count, size_t size,
                                      void **out_place, cof_err *err);

/** Counts bytes that stand elsewhere. @return COF_OK, COF_E_LIMIT. */
COF_MUST_USE cof_status cof_plan_count(cof_plan *plan, cof_plan_part part, size_t bytes,
                                       cof_err *err);

/** @return COF_OK, COF_E_MEMORY_LIMIT naming both numbers. */
COF_MUST_USE cof_status cof_plan_check(const cof_plan *plan, size_t memory_limit, cof_err *err);

#endif
