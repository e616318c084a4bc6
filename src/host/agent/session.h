/* One conversation with one worker, from START to its last frame. */
#ifndef COF_AGENT_SESSION_H
#define COF_AGENT_SESSION_H

#include "host/agent/interrupt.h"
#include "host/agent/journal.h"
#include "host/agent/names.h"
#include "host/agent/services.h"
#include "host/agent/timeline.h"
#include "tcb/contract/contract.h"

/** What a session works with; all borrowed. */
typedef struct cof_session_parts {
    const cof_agent_config *config;
    const cof_contract *contract;
    cof_view contract_text;
    const char *evidence_type; /* that the executor's workers have */
    cof_agent_services *services;
    cof_blob_store *store;
    cof_journal *journal;
    cof_timeline *timeline;
    cof_interrupt *interrupt;
} cof_session_parts;

/**
 * Talks with the worker at stream_fd (non-blocking) until it says DONE or FAILED: carries evidence,
 * keys, inputs and the checkpoint in, and checkpoints, outputs, receipt and log out.
 *
 * @param out_said  true when the status is the worker's own word (FAILED), not the agent's
 * @return COF_OK after DONE with every output and the receipt stored; the status of a FAILED;
 * COF_E_WORKER_DIED (the stream ended before); COF_E_PROTOCOL (the worker broke the protocol);
 * COF_E_CANCELLED, COF_E_TIMEOUT; or what a service or the store said.
 */
COF_MUST_USE cof_status cof_session_run(const cof_session_parts *parts, int stream_fd,
                                        bool *out_said, cof_err *err);

#endif
