/*
 * A table on its way into training: checks, splits, order of rows, standardization, class weights.
 *
 * Rows are split by a random permutation of their indexes that depends on seed and row count alone:
 * of the permuted rows the first floor(validation · rows) are held out for validation, the next
 * floor(test · rows) for testing, the rest is trained on. Epoch e visits the training rows in a
 * fresh permutation of (seed, e).
 */
#ifndef COF_TRAIN_DATASET_H
#define COF_TRAIN_DATASET_H

#include "tcb/crypto/digest.h"
#include "tcb/data/table.h"
#include "tcb/tensor/kernels.h"
#include "tcb/train/job.h"

/** Row indexes fit 32 bits. */
#define COF_TRAIN_ROWS_LIMIT UINT32_MAX

/** rows holds the training rows, then the validation rows, then the test rows. */
typedef struct cof_split {
    size_t train;
    size_t validation;
    size_t test;
    uint32_t *rows; /* (train + validation + test) */
} cof_split;

/** The model's first step: y = (x - mean) · scale, per column, or one pair for all bytes of U8
 * tables. */
typedef struct cof_standard {
    size_t count; /* columns, or 1 */
    float *mean;
    float *scale;
} cof_standard;

/** Some rows of a table: those that rows names, or, when it is NULL, first to first + count - 1. */
typedef struct cof_batch {
    const cof_table *table;
    const uint32_t *rows;
    size_t first;
    size_t count;
} cof_batch;

static inline size_t cof_batch_row(const cof_batch *batch, size_t i)
{
    return batch->rows != NULL ? batch->rows[i] : batch->first + i;
}

/** Whether tables of this shape fit the job. @return COF_OK, COF_E_SCHEMA_MISMATCH. */
COF_MUST_USE cof_status cof_dataset_check_shape(const cof_train_spec *spec,
                                                const cof_table_shape *shape, cof_err *err);

/** Shape, then labels in range and features finite. @return COF_OK, COF_E_SCHEMA_MISMATCH,
 * COF_E_DATA_EMPTY, COF_E_DATA_INVALID. */
COF_MUST_USE cof_status cof_dataset_check(const cof_train_spec *spec, const cof_table *table,
                                          cof_err *err);

/**
 * Sizes of the three parts; rows is left NULL.
 * @return COF_OK, COF_E_DATA_EMPTY (nothing to train on, or nothing to stop by), COF_E_LIMIT.
 */
COF_MUST_USE cof_status cof_split_count(const cof_train_spec *spec, size_t rows,
                                        cof_split *out_split, cof_err *err);

/** Fills split->rows. */
void cof_split_fill(const cof_train_spec *spec, cof_split *split);

/** out_order (train): the training rows as epoch visits them. */
void cof_split_order(const cof_train_spec *spec, const cof_split *split, uint64_t epoch,
                     uint32_t *out_order);

/** SHA-256 over everything that the order of steps depends on; see docs/formats/checkpoint.md. */
COF_MUST_USE cof_status cof_split_digest(const cof_train_spec *spec, const cof_split *split,
                                         cof_digest *out, cof_err *err);

/** How many pairs a standardization has. */
size_t cof_standard_count(const cof_table_shape *shape);

/**
 * Mean and 1 / standard deviation of the training rows, in double, in the order of split->rows; a
 * constant column gets scale 1. Without spec->standardize: 0 and 1, or 1/255 for bytes.
 *
 * @param sums  (2 · standard->count) scratch
 * @return COF_OK, COF_E_NUMERIC (a column whose sums are beyond single precision)
 */
COF_MUST_USE cof_status cof_standard_fit(const cof_train_spec *spec, const cof_table *table,
                                         const cof_split *split, double *sums,
                                         cof_standard *standard, cof_err *err);

/** weights (classes), by spec->class_weights and the training rows; a class without rows gets 0. */
void cof_class_weights_fit(const cof_train_spec *spec, const cof_table *table,
                           const cof_split *split, float *weights);

/** Writes row i of the batch to x (columns), standardized. */
void cof_batch_load(const cof_batch *batch, size_t i, const cof_standard *standard,
                    const cof_kernels *kernels, float *x);

#endif
