/* A job's checkpoints as sealed objects: for the job's own key, under the contract's digest. */
#ifndef COF_WORKER_CHECKPOINT_H
#define COF_WORKER_CHECKPOINT_H

#include "tcb/worker/talk.h"

#define COF_WORKER_CHECKPOINT_NAME "checkpoint"

/** Seals a trainer's state (encrypted in place: it holds ciphertext afterwards) and puts it. */
COF_MUST_USE cof_status cof_worker_put_checkpoint(cof_worker *worker, cof_buf *state, cof_err *err);

#endif
