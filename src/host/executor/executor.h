/*
 * The port to what starts a worker for a job: a simulated platform, later an SGX loader or a
 * confidential VM. Untrusted: what it started shows in the evidence.
 */
#ifndef COF_EXECUTOR_EXECUTOR_H
#define COF_EXECUTOR_EXECUTOR_H

#include <stdint.h>

#include "tcb/base/buf.h"

enum { COF_EXECUTOR_TEXT_SIZE = 80 };

/** How a worker ended. */
typedef struct cof_exit {
    int code;   /* exit code, when signal is 0 */
    int signal; /* that ended it, or 0 */
} cof_exit;

/** A started worker. Plain facts, filled by launch. */
typedef struct cof_worker_facts {
    int64_t pid;
    char
        measurement[COF_EXECUTOR_TEXT_SIZE]; /* as the platform says; the evidence is what counts */
    char namespaces[COF_EXECUTOR_TEXT_SIZE]; /* "user mount pid network ipc" */
} cof_worker_facts;

typedef struct cof_executor cof_executor;
typedef struct cof_execution cof_execution;

typedef struct cof_execution_ops {
    /* Waits for the end, at most timeout_ms. @return COF_OK, COF_E_TIMEOUT, COF_E_WORKER_DIED
     * (nobody can say how it ended). */
    COF_MUST_USE cof_status (*wait)(cof_execution *self, int timeout_ms, cof_exit *out,
                                    cof_err *err);
    void (*free)(cof_execution *self); /* kills the worker when it still runs */
} cof_execution_ops;

/** A running worker. stream_fd is the agent's end of the worker's stream, non-blocking, owned by
 * the execution. */
struct cof_execution {
    const cof_execution_ops *ops;
    int stream_fd;
    cof_worker_facts facts;
};

typedef struct cof_executor_ops {
    const char *name; /* evidence type of its workers: "simulated" */
    /* @param memory  bytes that the job may use. @return COF_OK, COF_E_NETWORK (no platform),
     * COF_E_REMOTE_ERROR, COF_E_TIMEOUT, COF_E_IO. */
    COF_MUST_USE cof_status (*launch)(cof_executor *self, uint64_t memory, cof_execution **out,
                                      cof_err *err);
    void (*free)(cof_executor *self);
} cof_executor_ops;

struct cof_executor {
    const cof_executor_ops *ops;
};

/** Starts a worker. */
COF_MUST_USE cof_status cof_executor_launch(cof_executor *executor, uint64_t memory,
                                            cof_execution **out, cof_err *err);
void cof_executor_free(cof_executor *executor);
COF_OWNED(cof_executor, cof_executor_free);

/** Waits for the worker's end, at most timeout_ms. @return COF_OK, COF_E_TIMEOUT,
 * COF_E_WORKER_DIED. */
COF_MUST_USE cof_status cof_execution_wait(cof_execution *execution, int timeout_ms, cof_exit *out,
                                           cof_err *err);
/** Kills the worker if it still runs. */
void cof_execution_free(cof_execution *execution);
COF_OWNED(cof_execution, cof_execution_free);

#endif
