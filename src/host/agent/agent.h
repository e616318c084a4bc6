/*
 * Drives one run of a job to its end: launches workers, talks with them, starts another when one
 * dies, cleans up. Everything it must remember is in the journal, so that an agent that was killed
 * is continued by the next.
 */
#ifndef COF_AGENT_AGENT_H
#define COF_AGENT_AGENT_H

#include "host/agent/session.h"
#include "host/executor/executor.h"

enum { COF_AGENT_IDLE_DEATHS = 3 }; /* workers that may die in a row without a new checkpoint */

/** What the agent works with; all borrowed. The session's evidence_type is taken from the executor.
 */
typedef struct cof_agent_parts {
    cof_session_parts session;
    cof_executor *executor;
} cof_agent_parts;

/**
 * Runs until the job has succeeded, failed or been cancelled, and says so as the last event. A run
 * whose journal says that it is over only says so again.
 *
 * A failure that may pass (a status with retry, but not the end of the wall time) and an abandoned
 * agent leave checkpoint and journal, so that the same run can be continued; every other end
 * removes the run's objects but its log.
 *
 * @return COF_OK (succeeded), COF_E_CANCELLED, or why it failed.
 */
COF_MUST_USE cof_status cof_agent_run(const cof_agent_parts *parts, cof_err *err);

#endif
