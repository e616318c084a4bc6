/* From a contract to what the trainer is told. */
#ifndef COF_WORKER_SPEC_H
#define COF_WORKER_SPEC_H

#include "tcb/contract/contract.h"
#include "tcb/train/job.h"

/** The training part of a contract for tables with so many feature columns, on a kernel path. */
void cof_worker_spec(const cof_contract *contract, size_t columns, cof_kernel_path path,
                     cof_train_spec *out);

/** Weights and biases of the model. */
uint64_t cof_worker_parameter_count(const cof_train_spec *spec);

#endif
