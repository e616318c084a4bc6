#include "apps/coffer/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/files/files.h"

enum { EXEC_FAILED = 127 };

/* Only calls that are safe between fork and exec. */
static _Noreturn void become(const cof_spawn *spawn, const char *path, char *const *argv,
                             int null_fd)
{
    if (spawn->detached) {
        (void)setsid();
    }
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)dup2(null_fd, STDIN_FILENO);
    (void)dup2(spawn->output_fd >= 0 ? spawn->output_fd : null_fd, STDOUT_FILENO);
    if (spawn->error_fd >= 0) {
        (void)dup2(spawn->error_fd, STDERR_FILENO);
    }
    for (size_t i = 0; i < 2; i++) {
        if (spawn->keep[i] >= 0) {
            (void)fcntl(spawn->keep[i], F_SETFD, 0);
        }
    }
    (void)execv(path, argv);
    _exit(EXEC_FAILED);
}

cof_status cof_spawn_start(const cof_spawn *spawn, pid_t *out_pid, cof_err *err)
{
    cof_path folder;
    cof_path path;
    const char *argv[COF_SPAWN_ARGUMENTS + 2] = {spawn->program};
    COF_TRY(cof_program_folder(&folder, err));
    COF_TRY(cof_path_format(&path, err, "%s/%s", folder.text, spawn->program));
    if (access(path.text, X_OK) != 0) {
        return COF_FAIL(err, NOT_FOUND, "%s is not beside this program, in %.150s", spawn->program,
                        folder.text);
    }
    for (size_t i = 0; i < COF_SPAWN_ARGUMENTS && spawn->arguments[i] != NULL; i++) {
        argv[i + 1] = spawn->arguments[i];
    }
    COF_CLEANUP(cof_fd_drop_) int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null_fd < 0) {
        return COF_FAIL_ERRNO(err, errno, "/dev/null");
    }
    const pid_t pid = fork();
    if (pid < 0) {
        return COF_FAIL_ERRNO(err, errno, "fork");
    }
    if (pid == 0) {
        become(spawn, path.text, (char *const *)(uintptr_t)argv, null_fd);
    }
    *out_pid = pid;
    return COF_OK;
}

cof_status cof_spawn_wait(pid_t pid, int *out_code, cof_err *err)
{
    int state = 0;
    while (waitpid(pid, &state, 0) < 0) {
        if (errno != EINTR) {
            return COF_FAIL_ERRNO(err, errno, "waitpid");
        }
    }
    *out_code = WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
    return COF_OK;
}
