/*
 * Implementation notes. The program leads a process group, which is killed whole when the agent is
 * done with it: a loader's children are gone too. It ends with the agent, by the kernel's doing. It
 * has no descriptor but its stream and the agent's standard error.
 */
#include "host/executor/command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/files/files.h"

typedef struct launcher {
    cof_executor base; /* first */
    cof_executor_ops ops;
    const char *const *arguments;
} launcher;

typedef struct execution {
    cof_execution base; /* first */
    pid_t pid;
    int pid_fd;
    bool is_over;
    cof_exit how;
} execution;

static void note_end(execution *self, int state)
{
    self->is_over = true;
    self->how = WIFSIGNALED(state) ? (cof_exit){.signal = WTERMSIG(state)}
                                   : (cof_exit){.code = WEXITSTATUS(state)};
}

static bool reap(execution *self, int options)
{
    int state = 0;
    pid_t ended;
    do {
        ended = waitpid(self->pid, &state, options);
    } while (ended < 0 && errno == EINTR);
    if (ended == self->pid) {
        note_end(self, state);
    }
    return self->is_over;
}

static cof_status wait_exit(cof_execution *base, int timeout_ms, cof_exit *out, cof_err *err)
{
    execution *self = (execution *)base;
    if (!self->is_over) {
        struct pollfd one = {.fd = self->pid_fd, .events = POLLIN};
        if (poll(&one, 1, timeout_ms) < 0 && errno != EINTR) {
            return COF_FAIL_ERRNO(err, errno, "poll");
        }
        if (!reap(self, WNOHANG)) {
            return COF_FAIL(err, TIMEOUT, "the worker's program still runs after %d ms",
                            timeout_ms);
        }
    }
    *out = self->how;
    return COF_OK;
}

static void free_execution(cof_execution *base)
{
    execution *self = (execution *)base;
    if (self->pid > 0) {
        (void)kill(-self->pid, SIGKILL); /* also what the program has left behind */
        if (!self->is_over) {
            (void)reap(self, 0);
        }
    }
    cof_fd_drop_(&self->pid_fd);
    cof_fd_drop_(&self->base.stream_fd);
    free(self);
}

static const cof_execution_ops execution_ops = {.wait = wait_exit, .free = free_execution};

/* In the child. Says errno to report_fd when the program cannot be started. */
static _Noreturn void become(const char *const *arguments, int stream, int report_fd, pid_t parent)
{
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)signal(SIGPIPE, SIG_DFL);
    (void)setpgid(0, 0);
    const bool is_ready = prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 && getppid() == parent &&
                          dup2(stream, STDIN_FILENO) >= 0 && dup2(stream, STDOUT_FILENO) >= 0;
    if (is_ready) {
        (void)execvp(arguments[0], (char *const *)(uintptr_t)arguments);
    }
    const int reason = errno;
    (void)!write(report_fd, &reason, sizeof reason);
    _exit(127);
}

/* Waits until the program runs: the report ends without a word then. */
static cof_status await_start(int report_fd, const char *program, cof_err *err)
{
    int reason = 0;
    ssize_t got;
    do {
        got = read(report_fd, &reason, sizeof reason);
    } while (got < 0 && errno == EINTR);
    if (got == 0) {
        return COF_OK;
    }
    const cof_status status = COF_FAIL_ERRNO(err, got < 0 ? errno : reason, program);
    cof_err_context(err, "the worker's program");
    return status;
}

static cof_status start(const launcher *self, execution *run, int stream, cof_err *err)
{
    int report[2];
    const pid_t parent = getpid();
    if (pipe2(report, O_CLOEXEC) != 0) {
        return COF_FAIL_ERRNO(err, errno, "pipe");
    }
    COF_CLEANUP(cof_fd_drop_) int report_read = report[0];
    COF_CLEANUP(cof_fd_drop_) int report_write = report[1];
    run->pid = fork();
    if (run->pid == 0) {
        become(self->arguments, stream, report_write, parent);
    }
    if (run->pid < 0) {
        return COF_FAIL_ERRNO(err, errno, "fork");
    }
    (void)setpgid(run->pid, run->pid); /* whoever comes first */
    run->base.facts.pid = run->pid;
    run->pid_fd = pidfd_open(run->pid, 0);
    if (run->pid_fd < 0) {
        return COF_FAIL_ERRNO(err, errno, "pidfd_open");
    }
    cof_fd_drop_(&report_write);
    return await_start(report_read, self->arguments[0], err);
}

static cof_status launch(cof_executor *base, uint64_t memory, cof_execution **out, cof_err *err)
{
    const launcher *self = (const launcher *)base;
    COF_CLEANUP(cof_execution_drop_) cof_execution *owner = NULL;
    int ends[2];
    (void)memory; /* the loader's manifest, or the VM's size, decides */
    execution *run = calloc(1, sizeof *run);
    if (run == NULL) {
        return COF_FAIL(err, NO_MEMORY, "execution");
    }
    *run = (execution){.base = {.ops = &execution_ops, .stream_fd = -1}, .pid_fd = -1};
    owner = &run->base;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        return COF_FAIL_ERRNO(err, errno, "socketpair");
    }
    run->base.stream_fd = ends[0];
    COF_CLEANUP(cof_fd_drop_) int worker_end = ends[1];
    if (fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) {
        return COF_FAIL_ERRNO(err, errno, "fcntl");
    }
    COF_TRY(start(self, run, worker_end, err));
    *out = cof_execution_take(&owner);
    return COF_OK;
}

static void free_launcher(cof_executor *base)
{
    free(base);
}

cof_status cof_command_executor_new(const char *type, const char *const *command,
                                    cof_executor **out, cof_err *err)
{
    launcher *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return COF_FAIL(err, NO_MEMORY, "executor");
    }
    self->ops = (cof_executor_ops){.name = type, .launch = launch, .free = free_launcher};
    self->base.ops = &self->ops;
    self->arguments = command;
    *out = &self->base;
    return COF_OK;
}
