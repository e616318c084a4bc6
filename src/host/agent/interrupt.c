#include "host/agent/interrupt.h"

#include <errno.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

/* At most this long between looks at the real clock, which may be set meanwhile. */
enum { LOOK_MS = 1000 };

static bool lifeline_ended(int fd)
{
    char byte;
    const ssize_t got = read(fd, &byte, 1);
    return got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
}

static cof_status look(cof_interrupt *self, const struct pollfd signals,
                       const struct pollfd lifeline, cof_err *err)
{
    if (lifeline.revents != 0 && lifeline_ended(lifeline.fd)) {
        self->is_abandoned = true;
        return COF_FAIL(err, CANCELLED, "whoever started the agent is gone");
    }
    if (signals.revents != 0) {
        return COF_FAIL(err, CANCELLED, "asked to stop");
    }
    if (self->deadline_unix_s != 0 && (int64_t)time(NULL) >= self->deadline_unix_s) {
        return COF_FAIL(err, TIMEOUT, "the contract's wall time is over");
    }
    return COF_OK;
}

cof_status cof_interrupt_wait(void *interrupt, int fd, short events, cof_err *err)
{
    cof_interrupt *self = interrupt;
    for (;;) {
        /* poll ignores negative descriptors. */
        struct pollfd fds[3] = {{.fd = fd, .events = events},
                                {.fd = self->signal_fd, .events = POLLIN},
                                {.fd = self->lifeline_fd, .events = POLLIN}};
        if (poll(fds, 3, fd < 0 ? 0 : LOOK_MS) < 0 && errno != EINTR) {
            return COF_FAIL_ERRNO(err, errno, "poll");
        }
        COF_TRY(look(self, fds[1], fds[2], err));
        if (fd < 0 || fds[0].revents != 0) {
            return COF_OK;
        }
    }
}
