/* One worker process of the simulated platform: copy and measure its executable, start it confined.
 */
#ifndef COF_PLATFORM_LAUNCH_H
#define COF_PLATFORM_LAUNCH_H

#include <sys/types.h>

#include "local/platform/platform.h"

/** An executable that nobody can change any more, and its measurement. */
typedef struct cof_image {
    int fd; /* a sealed memfd; -1: none */
    cof_digest mrenclave;
} cof_image;

/** Copies a file into a sealed memfd while hashing it: what is measured is what runs. @return
 * COF_OK, COF_E_LIMIT, COF_E_BAD_ARGUMENT, COF_E_IO, … */
COF_MUST_USE cof_status cof_image_copy(int file_fd, cof_image *out_image, cof_err *err);
void cof_image_close(cof_image *image);

/** How to start a worker. All is borrowed. */
typedef struct cof_launch {
    const cof_image *image;
    int stream_fd;          /* becomes fd 0 and 1 */
    int channel_fd;         /* becomes fd 3 */
    bool debug;             /* fd 2 is the platform's own, not /dev/null */
    uint64_t memory_bytes;  /* what the job may use; 0: no limit */
    char *const *arguments; /* argv, ending in NULL; [0] is the program's name */
} cof_launch;

enum { COF_NAMESPACES_MAX = 6 };

/** A worker that was started. */
typedef struct cof_child {
    pid_t pid;
    int pidfd;
    size_t namespace_count;
    const char
        *namespaces[COF_NAMESPACES_MAX]; /* "user", "mount", …: those that the host allowed */
} cof_child;

/**
 * Starts a worker: as many new namespaces as the host allows, an empty environment, fds 0 to 3 and
 * no others, no new privileges, no core dumps, killed with the platform. Returns when the new
 * program runs.
 * @return COF_OK, COF_E_CONFINEMENT, COF_E_PERMISSION, COF_E_IO, …
 */
COF_MUST_USE cof_status cof_launch_start(const cof_launch *launch, cof_child *out_child,
                                         cof_err *err);

/** Kills the worker; it is still to be reaped. */
void cof_child_kill(const cof_child *child);

/** How a worker ended. */
typedef struct cof_child_exit {
    bool is_signal;
    int value; /* exit code, or signal */
} cof_child_exit;

/** Reaps a worker that has ended; waits when is_wait is set. @return false when it still runs. */
bool cof_child_reap(const cof_child *child, bool is_wait, cof_child_exit *out_exit);

#endif
