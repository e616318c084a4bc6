/*
 * The enclave's side of docs/formats/worker-protocol.md: one job, from START to DONE or FAILED.
 *
 * The worker asks and the agent answers; what the agent may send in each state is one table
 * (worker.c). The agent is not trusted: it can stop the job, and nothing more.
 */
#ifndef COF_WORKER_WORKER_H
#define COF_WORKER_WORKER_H

#include "tcb/crypto/pages.h"
#include "tcb/evidence/quote_source.h"
#include "tcb/wire/frame.h"

typedef struct cof_worker_config {
    cof_frame_port port;      /* to the agent; blocking */
    cof_quote_source *quotes; /* kept */
    cof_secret_pages secrets; /* one page or more for the job's key; borrowed, wiped at the end */
    uint64_t in_use_bytes;    /* cof_address_space() before confinement; 0: set no memory limit */
} cof_worker_config;

/**
 * Does what needs files or system calls that confinement forbids: starts the cryptographic library
 * without its configuration file, its locked heap, and every generator of random numbers. Once per
 * process.
 * @return COF_OK, COF_E_CONFINEMENT, COF_E_CRYPTO.
 */
COF_MUST_USE cof_status cof_worker_prepare(cof_err *err);

/**
 * Runs one job. On failure the agent was sent FAILED with the status's name, as far as it still
 * listens. Every key and all plaintext are wiped when it returns.
 *
 * @return COF_OK after DONE; else why the job failed: any status.
 */
COF_MUST_USE cof_status cof_worker_run(const cof_worker_config *config, cof_err *err);

#endif
