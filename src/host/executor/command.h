/*
 * Workers as programs on this machine that speak the worker protocol on standard input and output:
 * an SGX enclave by gramine-sgx, a worker inside this confidential VM.
 */
#ifndef COF_EXECUTOR_COMMAND_H
#define COF_EXECUTOR_COMMAND_H

#include "host/executor/executor.h"

/**
 * @param type     of the evidence that the worker must show; kept
 * @param command  program (found by PATH) and arguments, NULL at the end; kept
 * @return COF_OK, COF_E_NO_MEMORY. Launching: COF_E_NOT_FOUND, COF_E_PERMISSION (the program),
 * COF_E_IO, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_command_executor_new(const char *type, const char *const *command,
                                                 cof_executor **out, cof_err *err);

#endif
