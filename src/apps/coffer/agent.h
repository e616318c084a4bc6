/* Running coffer-agent for one run of a contract, again when it dies, until the run is over. */
#ifndef COF_APP_AGENT_H
#define COF_APP_AGENT_H

#include "apps/coffer/progress.h"
#include "apps/coffer/services.h"
#include "host/files/files.h"

typedef struct cof_agent_run {
    const char *home;
    const cof_services *services;
    const char *contract_path;
    const char *run_folder; /* jobs/DIGEST/runs/RUN */
    const char *run_hex;
    const char *kernel; /* "best", … */
    json_t *receive;    /* the member of the job file; NULL: inputs come from the store alone */
} cof_agent_run;

/**
 * Drives the run to its end.
 * @return COF_OK, the status that the job failed with, COF_E_CANCELLED (interrupted),
 * COF_E_WORKER_DIED (the agent dies again and again).
 */
COF_MUST_USE cof_status cof_agent_drive(const cof_agent_run *run, cof_progress_view *view,
                                        cof_err *err);

#endif
