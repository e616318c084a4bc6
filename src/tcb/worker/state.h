/* Inside the worker: what it holds, and its steps. Nobody outside this folder includes it. */
#ifndef COF_WORKER_STATE_H
#define COF_WORKER_STATE_H

#include <jansson.h>

#include "tcb/contract/contract.h"
#include "tcb/crypto/keys.h"
#include "tcb/tensor/path.h"
#include "tcb/train/trainer.h"
#include "tcb/wire/protocol.h"
#include "tcb/worker/inputs.h"
#include "tcb/worker/worker.h"

enum { COF_WORKER_STEPS = 16 }; /* most different steps of a timeline */

/** A result that was sealed and put. */
typedef struct cof_worker_output {
    cof_digest plain;
    cof_digest sealed;
} cof_worker_output;

/** When a step was reached first, by the host's clock. */
typedef struct cof_worker_mark {
    const char *step; /* static */
    int64_t host_time_unix_s;
} cof_worker_mark;

typedef struct cof_worker cof_worker;

/** One state: what it does, and the frames that the agent may send meanwhile. */
typedef struct cof_worker_state {
    const char *name;
    cof_status (*run)(cof_worker *worker, cof_err *err);
    size_t rule_count;
    cof_frame_rule rules[2];
} cof_worker_state;

struct cof_worker {
    const cof_worker_config *config;
    const cof_worker_state *state;
    cof_buf frame; /* payload of the frame that was read last */

    /* start */
    uint8_t run[COF_RUN_ID_SIZE];
    cof_contract *contract;
    cof_kernel_path path;
    cof_rsa_key *transfer; /* until the owners' keys are in */
    cof_ec_key *sign;

    /* evidence */
    cof_buf runtime;
    cof_buf evidence;
    cof_buf token;

    /* keys */
    cof_rsa_key *owners[COF_LIMIT_OWNERS]; /* until the inputs are in */
    cof_wrap_key *job_key;                 /* in the configuration's secret pages */

    /* checkpoint, inputs, training */
    cof_buf checkpoint; /* an opened trainer's state; empty: none was given */
    cof_worker_inputs inputs;
    cof_trainer *trainer;

    /* what goes into the receipt */
    uint64_t event_count;
    cof_digest event_head;
    size_t mark_count;
    cof_worker_mark marks[COF_WORKER_STEPS];
    cof_worker_output outputs[COF_LIMIT_OUTPUTS];
};

/* The steps, in order; each in a file of its own. All may return any status. */
COF_MUST_USE cof_status cof_worker_start(cof_worker *worker, cof_err *err);
COF_MUST_USE cof_status cof_worker_give_evidence(cof_worker *worker, cof_err *err);
COF_MUST_USE cof_status cof_worker_get_keys(cof_worker *worker, cof_err *err);
COF_MUST_USE cof_status cof_worker_get_checkpoint(cof_worker *worker, cof_err *err);
COF_MUST_USE cof_status cof_worker_get_inputs(cof_worker *worker, cof_err *err);
COF_MUST_USE cof_status cof_worker_train(cof_worker *worker, cof_err *err);
COF_MUST_USE cof_status cof_worker_put_results(cof_worker *worker, cof_err *err);
COF_MUST_USE cof_status cof_worker_put_receipt(cof_worker *worker, cof_err *err);

#endif
