/*
 * A worker that waits somewhere for its agent: the only service of a confidential VM, behind
 * whatever accepts a connection and gives it to the worker as standard input and output. The
 * connection is not protected: what goes over it is sealed, or wrapped to the worker.
 */
#ifndef COF_EXECUTOR_CONNECT_H
#define COF_EXECUTOR_CONNECT_H

#include "host/executor/executor.h"

/**
 * @param type   of the evidence that the worker must show; kept
 * @param place  HOST:PORT, [IPV6]:PORT, or unix:PATH; kept
 * @return COF_OK, COF_E_CONFIG (the place), COF_E_NO_MEMORY. Launching: COF_E_NETWORK (nobody
 * accepts within ten seconds), COF_E_BAD_ARGUMENT (a socket's path), …
 */
COF_MUST_USE cof_status cof_connect_executor_new(const char *type, const char *place,
                                                 cof_executor **out, cof_err *err);

#endif
