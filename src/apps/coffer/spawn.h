/* Starting a sister program of this one. */
#ifndef COF_APP_SPAWN_H
#define COF_APP_SPAWN_H

#include <sys/types.h>

#include "tcb/base/buf.h"

enum { COF_SPAWN_ARGUMENTS = 16 };

/** Which descriptors a child gets beside standard error; -1 where there is none. */
typedef struct cof_spawn {
    const char *program;                        /* a name, looked for beside this program */
    const char *arguments[COF_SPAWN_ARGUMENTS]; /* without the program's name; NULL at the end */
    int output_fd; /* becomes the child's standard output; -1: nowhere */
    int error_fd;  /* becomes its standard error; -1: this program's own */
    int keep[2];   /* stay open under their numbers; -1: none */
    bool detached; /* a session of its own: stays when the terminal goes */
} cof_spawn;

/** Starts the program. @return COF_OK, COF_E_NOT_FOUND (it is not installed beside this one),
 * COF_E_IO. */
COF_MUST_USE cof_status cof_spawn_start(const cof_spawn *spawn, pid_t *out_pid, cof_err *err);

/** Waits for a child's end. code is the exit code, or 128 + the signal. @return COF_OK, COF_E_IO.
 */
COF_MUST_USE cof_status cof_spawn_wait(pid_t pid, int *out_code, cof_err *err);

#endif
