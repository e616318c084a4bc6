/*
 * Implementation notes
 *
 * The child is made by clone3, like fork but into new namespaces. Until it execs, it runs in a copy
 * of a process that may have been in the middle of anything, so it makes system calls only. It
 * first asks to be killed with its parent, then waits for one byte: end of file instead means that
 * the parent was gone before it asked. A second pipe, closed by the exec, carries the errno of what
 * failed.
 *
 * The new user namespace maps nobody: the worker has no capability anywhere and, by the exec, none
 * in its own namespace either.
 */
#include "local/platform/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    WORKER_STREAM_IN,
    WORKER_STREAM_OUT,
    WORKER_LOG,
    WORKER_CHANNEL,
    WORKER_IMAGE,
    WORKER_REPORT,
    FIRST_FREE_FD
};

/* Beside what the contract counts: code, OpenSSL's tables, and a stack for each of 64 threads. */
static const uint64_t memory_slack_bytes = UINT64_C(768) << 20;

typedef struct namespace_kind {
    uint64_t flag;
    const char *name;
} namespace_kind;

static const namespace_kind kinds[COF_NAMESPACES_MAX] = {
    {CLONE_NEWUSER, "user"},   {CLONE_NEWNS, "mount"}, {CLONE_NEWPID, "pid"},
    {CLONE_NEWNET, "network"}, {CLONE_NEWIPC, "ipc"},  {CLONE_NEWUTS, "uts"},
};

static const uint64_t all_but_user =
    CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;

/* Pipes between parent and child. -1: none. */
typedef struct launch_pipes {
    int go[2];     /* one byte from the parent: it lives */
    int report[2]; /* an errno from the child, or end of file when it execs */
} launch_pipes;

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
        *fd = -1;
    }
}

static void pipes_close(launch_pipes *pipes)
{
    for (int i = 0; i < 2; i++) {
        close_fd(&pipes->go[i]);
        close_fd(&pipes->report[i]);
    }
}

/* ---- in the child: system calls only ---- */

static _Noreturn void child_fail(int report_fd, int error)
{
    (void)!write(report_fd, &error, sizeof error);
    _exit(127);
}

static void limit(int report_fd, __rlimit_resource_t resource, uint64_t bytes)
{
    const struct rlimit value = {.rlim_cur = bytes, .rlim_max = bytes};
    if (setrlimit(resource, &value) != 0) {
        child_fail(report_fd, errno);
    }
}

/* Moves the file descriptors out of the way, then to where the worker finds them, and closes all
 * others. */
static void place_fds(const cof_launch *launch, int null_fd, int *report_fd)
{
    const int from[] = {
        launch->stream_fd,  launch->stream_fd, launch->debug ? STDERR_FILENO : null_fd,
        launch->channel_fd, launch->image->fd, *report_fd};
    int high[FIRST_FREE_FD];
    for (int i = 0; i < FIRST_FREE_FD; i++) {
        high[i] = fcntl(from[i], F_DUPFD_CLOEXEC, FIRST_FREE_FD);
        if (high[i] < 0) {
            child_fail(*report_fd, errno);
        }
    }
    *report_fd = high[WORKER_REPORT];
    for (int i = 0; i < FIRST_FREE_FD; i++) {
        const bool is_kept = i <= WORKER_CHANNEL;
        if (dup3(high[i], i, is_kept ? 0 : O_CLOEXEC) < 0) {
            child_fail(high[WORKER_REPORT], errno);
        }
    }
    *report_fd = WORKER_REPORT;
    if (close_range(FIRST_FREE_FD, ~0U, 0) != 0) {
        child_fail(WORKER_REPORT, errno);
    }
}

static void reset_signals(int report_fd)
{
    sigset_t none;
    (void)sigemptyset(&none);
    for (int number = 1; number < 32; number++) {
        (void)signal(number, SIG_DFL);
    }
    if (sigprocmask(SIG_SETMASK, &none, NULL) != 0) {
        child_fail(report_fd, errno);
    }
}

static _Noreturn void child_run(const cof_launch *launch, launch_pipes *pipes, int null_fd,
                                uint64_t namespaces)
{
    int report_fd = pipes->report[1];
    uint8_t byte = 0;
    (void)close(pipes->go[1]);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) {
        child_fail(report_fd, errno);
    }
    if (read(pipes->go[0], &byte, 1) != 1) {
        _exit(127);
    }
    (void)setsid();
    /*
     * A /proc of its own, so that the worker sees itself there and nobody else; never where the
     * mount would show outside. Some hosts do not let it (a root folder that is no mount point, for
     * one): Landlock hides the other one then.
     */
    if ((namespaces & CLONE_NEWNS) != 0 && (namespaces & CLONE_NEWPID) != 0 &&
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0) {
        (void)mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    }
    reset_signals(report_fd);
    place_fds(launch, null_fd, &report_fd);
    limit(report_fd, RLIMIT_CORE, 0);
    if (launch->memory_bytes > 0) {
        limit(report_fd, RLIMIT_DATA, launch->memory_bytes + memory_slack_bytes);
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        child_fail(report_fd, errno);
    }
    (void)umask(077);
    char *const environment[] = {NULL};
    (void)fexecve(WORKER_IMAGE, launch->arguments, environment);
    child_fail(report_fd, errno);
}

/* ---- in the parent ---- */

static long clone_child(uint64_t namespaces, int *out_pidfd)
{
    struct clone_args arguments = {.flags = namespaces | CLONE_PIDFD,
                                   .pidfd = (uint64_t)(uintptr_t)out_pidfd,
                                   .exit_signal = SIGCHLD};
    return syscall(SYS_clone3, &arguments, sizeof arguments);
}

/* Where a container's filter does not let clone3 through at all. */
static long fork_child(int *out_pidfd)
{
    const pid_t pid = fork();
    if (pid > 0) {
        *out_pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
        if (*out_pidfd < 0) {
            const int error = errno;
            (void)kill(pid, SIGKILL);
            (void)waitpid(pid, NULL, 0);
            errno = error;
            return -1;
        }
    }
    return pid;
}

/* All namespaces; else all that need no user namespace (for root); else none. */
static long clone_best(uint64_t *out_namespaces, int *out_pidfd)
{
    static const uint64_t attempts[] = {CLONE_NEWUSER | all_but_user, all_but_user, 0};
    long pid = -1;
    for (size_t i = 0; i < sizeof attempts / sizeof attempts[0]; i++) {
        *out_namespaces = attempts[i];
        pid = clone_child(attempts[i], out_pidfd);
        if (pid >= 0) {
            return pid;
        }
    }
    return errno == ENOSYS || errno == EPERM ? fork_child(out_pidfd) : pid;
}

static cof_status wait_for_exec(launch_pipes *pipes, cof_err *err)
{
    int error = 0;
    ssize_t got = -1;
    close_fd(&pipes->report[1]);
    /* The reading end is still open here as well: a child that is gone already makes no SIGPIPE. */
    if (write(pipes->go[1], "", 1) != 1) {
        return COF_FAIL_ERRNO(err, errno, "pipe");
    }
    do {
        got = read(pipes->report[0], &error, sizeof error);
    } while (got < 0 && errno == EINTR);
    if (got == (ssize_t)sizeof error) {
        return COF_FAIL(err, CONFINEMENT, "starting the worker: %s", strerror(error));
    }
    return COF_OK;
}

static void name_namespaces(uint64_t namespaces, cof_child *child)
{
    for (size_t i = 0; i < COF_NAMESPACES_MAX; i++) {
        if ((namespaces & kinds[i].flag) != 0) {
            child->namespaces[child->namespace_count++] = kinds[i].name;
        }
    }
}

static cof_status start_with(const cof_launch *launch, launch_pipes *pipes, int null_fd,
                             cof_child *child, cof_err *err)
{
    uint64_t namespaces = 0;
    const long pid = clone_best(&namespaces, &child->pidfd);
    if (pid < 0) {
        return COF_FAIL_ERRNO(err, errno, "clone");
    }
    if (pid == 0) {
        child_run(launch, pipes, null_fd, namespaces);
    }
    child->pid = (pid_t)pid;
    name_namespaces(namespaces, child);
    const cof_status status = wait_for_exec(pipes, err);
    if (status != COF_OK) {
        cof_child_exit ignored = {0};
        cof_child_kill(child);
        (void)cof_child_reap(child, true, &ignored);
        close_fd(&child->pidfd);
    }
    return status;
}

cof_status cof_launch_start(const cof_launch *launch, cof_child *out_child, cof_err *err)
{
    COF_CLEANUP(pipes_close) launch_pipes pipes = {.go = {-1, -1}, .report = {-1, -1}};
    COF_CLEANUP(close_fd) int null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (null_fd < 0 || pipe2(pipes.go, O_CLOEXEC) != 0 || pipe2(pipes.report, O_CLOEXEC) != 0) {
        return COF_FAIL_ERRNO(err, errno, "pipe");
    }
    cof_child child = {.pidfd = -1};
    COF_TRY(start_with(launch, &pipes, null_fd, &child, err));
    *out_child = child;
    return COF_OK;
}

void cof_child_kill(const cof_child *child)
{
    (void)syscall(SYS_pidfd_send_signal, child->pidfd, SIGKILL, NULL, 0);
}

bool cof_child_reap(const cof_child *child, bool is_wait, cof_child_exit *out_exit)
{
    siginfo_t info = {0};
    int result = -1;
    do {
        result = waitid(P_PIDFD, (id_t)child->pidfd, &info, WEXITED | (is_wait ? 0 : WNOHANG));
    } while (result != 0 && errno == EINTR);
    if (result != 0 || info.si_pid == 0) {
        return false;
    }
    *out_exit = (cof_child_exit){.is_signal = info.si_code != CLD_EXITED, .value = info.si_status};
    return true;
}
