/* Checks a data file as the enclave will, with the same readers, before it is sealed. */
#ifndef COF_HOST_VALIDATE_H
#define COF_HOST_VALIDATE_H

#include "tcb/data/csv.h"

/** What was found; plain value. */
typedef struct cof_validation {
    uint64_t rows;
    cof_table_shape shape;
    cof_problems problems;
} cof_validation;

/**
 * Checks a CSV file against a schema, in bounded memory. Problems are in *out when the result is
 * SCHEMA_MISMATCH, DATA_INVALID or DATA_EMPTY; *out is written in every case.
 * @return COF_OK, as cof_csv_finish, COF_E_NOT_FOUND, COF_E_PERMISSION, COF_E_IO.
 */
COF_MUST_USE cof_status cof_validate_csv(const char *path, const cof_schema *schema, size_t target,
                                         cof_schema_task task, cof_validation *out, cof_err *err);

/**
 * Checks an IDX file of values and one of labels. Needs memory for the rows, at most memory_limit.
 * *out is written in every case. @return COF_OK, as cof_idx_finish, COF_E_NOT_FOUND,
 * COF_E_PERMISSION, COF_E_IO.
 */
COF_MUST_USE cof_status cof_validate_idx(const char *values_path, const char *labels_path,
                                         size_t classes, size_t memory_limit, cof_validation *out,
                                         cof_err *err);

/**
 * Appends a line per problem: `wdbc.csv:18: column "radius_mean": the value is not a decimal number
 * (3 times, first in row 17)`. schema may be NULL (IDX). @return as cof_buf_append.
 */
COF_MUST_USE cof_status cof_validation_print(const cof_validation *validation,
                                             const cof_schema *schema, const char *path,
                                             cof_buf *out, cof_err *err);

/** {"rows":…,"columns":…,"problems":[…],"problems_total":…}; the caller owns it. @return COF_OK,
 * COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_validation_to_json(const cof_validation *validation,
                                               const cof_schema *schema, json_t **out_json,
                                               cof_err *err);

#endif
