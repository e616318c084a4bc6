/*
 * The simulated platform (docs/formats/platform.md): a listener in a libevent base that loads,
 * measures, confines and watches workers, and quotes for them. Several workers at once.
 */
#ifndef COF_PLATFORM_PLATFORM_H
#define COF_PLATFORM_PLATFORM_H

#include "local/platform/quoting.h"

struct event_base;

typedef struct cof_platform cof_platform;

enum {
    COF_PLATFORM_WORKERS_MAX = 64,       /* connections at once */
    COF_PLATFORM_REQUEST_MAX = 8 * 1024, /* a launch message */
    COF_PLATFORM_WORKER_MAX = 128 << 20, /* a worker's executable, bytes */
    COF_PLATFORM_ARGUMENTS_MAX = 16
};

/**
 * Starts listening on a Unix socket (SOCK_SEQPACKET, mode 0600; a socket file left behind is
 * replaced).
 *
 * @param base         kept; its loop runs in the caller's thread, the process must have no other
 * threads
 * @param socket_path  kept as a copy
 * @param quoting      kept: must outlive the platform
 * @return COF_OK, COF_E_BAD_ARGUMENT (its name is too long), COF_E_IO, COF_E_PERMISSION,
 * COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_platform_start(struct event_base *base, const char *socket_path,
                                           cof_quoting *quoting, cof_platform **out_platform,
                                           cof_err *err);

/** How many workers are running. */
size_t cof_platform_workers(const cof_platform *platform);

/** Stops listening, kills and reaps every worker, removes the socket file. Accepts NULL. */
void cof_platform_free(cof_platform *platform);
COF_OWNED(cof_platform, cof_platform_free);

#endif
