/* The finished model as a safetensors file: docs/formats/model.md. */
#ifndef COF_TRAIN_SAFETENSORS_H
#define COF_TRAIN_SAFETENSORS_H

#include "tcb/train/trainer.h"

/** Names of columns and classes, UTF-8; either may be NULL, else as many as the job has. */
typedef struct cof_model_names {
    const char *const *columns;
    const char *const *classes;
} cof_model_names;

/**
 * Appends the model.
 * @return COF_OK, COF_E_BAD_ARGUMENT (not finished), or as cof_buf_append
 */
COF_MUST_USE cof_status cof_safetensors_write(const cof_trainer *trainer,
                                              const cof_model_names *names, cof_buf *out,
                                              cof_err *err);

#endif
