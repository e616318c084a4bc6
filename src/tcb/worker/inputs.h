/* The opened inputs of a job: rows of each input as they stream in, then one table for each use. */
#ifndef COF_WORKER_INPUTS_H
#define COF_WORKER_INPUTS_H

#include "tcb/base/arena.h"
#include "tcb/base/limits.h"
#include "tcb/data/rows.h"

/** Plain value; zeroed is valid and empty. */
typedef struct cof_worker_inputs {
    cof_rows *rows[COF_LIMIT_INPUTS];      /* of each input, until they are joined */
    uint64_t row_counts[COF_LIMIT_INPUTS]; /* of each input, for the receipt */
    uint64_t plain_bytes;                  /* that were opened */
    cof_arena arena;                       /* holds both tables */
    cof_table train;
    cof_table test; /* rows 0: no input has use test */
} cof_worker_inputs;

/** Wipes and frees. */
void cof_worker_inputs_free(cof_worker_inputs *inputs);

#endif
