/* Names of the columns and classes that a model was trained on, for its file. */
#ifndef COF_WORKER_NAMES_H
#define COF_WORKER_NAMES_H

#include "tcb/contract/contract.h"
#include "tcb/train/safetensors.h"

/** Owns what model borrows. Zeroed is valid and empty. */
typedef struct cof_worker_names {
    cof_buf text;         /* names, each with a NUL */
    const char **columns; /* owned array; NULL: the input has no names */
    const char **classes;
    cof_model_names model;
} cof_worker_names;

/**
 * The names that the schema of the contract's first training input gives; none for IDX.
 * @param columns  features of a row
 */
COF_MUST_USE cof_status cof_worker_names_make(const cof_contract *contract, size_t columns,
                                              cof_worker_names *out, cof_err *err);

void cof_worker_names_free(cof_worker_names *names);

#endif
