/* Workers on the simulated platform: the agent's side of docs/formats/platform.md. */
#ifndef COF_EXECUTOR_SIMULATED_H
#define COF_EXECUTOR_SIMULATED_H

#include "host/executor/executor.h"

/**
 * @param socket_path  of the platform; copied
 * @param worker_path  the worker's executable; copied
 * @return COF_OK, COF_E_BAD_ARGUMENT (a path that is too long for a socket), COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_simulated_executor_new(const char *socket_path, const char *worker_path,
                                                   cof_executor **out, cof_err *err);

#endif
