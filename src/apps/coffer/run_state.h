/*
 * Which run of a contract is under way in this home.
 *
 *   jobs/DIGEST/lock        held while a command works on the contract
 *   jobs/DIGEST/run.json    {"run":HEX,"state":"open"|"done"}: the newest run
 *   jobs/DIGEST/runs/HEX/   the agent's files of that run
 */
#ifndef COF_APP_RUN_STATE_H
#define COF_APP_RUN_STATE_H

#include "host/files/files.h"

enum { COF_RUN_HEX_SIZE = 33 };

typedef struct cof_run_state {
    cof_path job;    /* jobs/DIGEST */
    cof_path folder; /* jobs/DIGEST/runs/HEX */
    char run[COF_RUN_HEX_SIZE];
    bool is_resumed; /* an open run of before goes on */
    int lock;
} cof_run_state;

/** Takes the contract's lock; goes on with the open run, or starts a new one (always with new_run).
 * @return COF_OK, COF_E_BUSY, … */
COF_MUST_USE cof_status cof_run_state_open(const char *job_path, bool new_run, cof_run_state *out,
                                           cof_err *err);
/** The run is over, whatever became of it: the next command starts another. */
COF_MUST_USE cof_status cof_run_state_close(const cof_run_state *state, cof_err *err);
/** Whether a contract (its folder) has a run that is not over. @return COF_OK, or as reading a
 * file. */
COF_MUST_USE cof_status cof_run_state_is_open(const char *job_path, bool *out_open, cof_err *err);
/** Gives the lock back. Accepts one with lock -1. */
void cof_run_state_drop_(cof_run_state *state);

#endif
