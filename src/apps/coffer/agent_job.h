/* The agent's job file (docs/formats/agent.md), from what a home is configured with. */
#ifndef COF_APP_AGENT_JOB_H
#define COF_APP_AGENT_JOB_H

#include "apps/coffer/agent.h"

/** Writes run's job file. @return COF_OK, COF_E_CONFIG, or as writing a file. */
COF_MUST_USE cof_status cof_agent_job_write(const cof_agent_run *run, const char *path,
                                            cof_err *err);

#endif
