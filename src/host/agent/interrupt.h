/* What can end an agent's work from outside: a signal, the death of who started it, the job's time.
 */
#ifndef COF_AGENT_INTERRUPT_H
#define COF_AGENT_INTERRUPT_H

#include <stdint.h>

#include "tcb/base/status.h"

typedef struct cof_interrupt {
    int signal_fd;           /* a signalfd with SIGTERM and SIGINT; -1: none */
    int lifeline_fd;         /* its end of file means that nobody needs the agent; -1: none */
    int64_t deadline_unix_s; /* 0: none. By the real clock: it goes on while no agent runs */
    bool is_abandoned; /* the lifeline ended: stop at once, and leave the run to be continued */
} cof_interrupt;

/**
 * Waits until fd is ready for events, or something ends the work. For cof_frame_port.wait, with a
 * cof_interrupt as context. fd may be -1: then only looks, and does not wait.
 * @return COF_OK, COF_E_CANCELLED (signal or lifeline), COF_E_TIMEOUT (deadline), COF_E_IO.
 */
COF_MUST_USE cof_status cof_interrupt_wait(void *interrupt, int fd, short events, cof_err *err);

#endif
