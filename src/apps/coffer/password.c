#include "apps/coffer/password.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "host/files/files.h"
#include "tcb/base/wipe.h"

enum { PASSWORD_BYTES = 512, SIGNALS = 4 };

static const int ending_signals[SIGNALS] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

static volatile sig_atomic_t interrupted;

static void on_signal(int signal_number)
{
    (void)signal_number;
    interrupted = 1;
}

static cof_status read_file(const char *path, cof_buf *out, cof_err *err)
{
    struct stat info;
    if (stat(path, &info) != 0) {
        return COF_FAIL_ERRNO(err, errno, path);
    }
    if (S_ISREG(info.st_mode) && (info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return COF_FAIL(err, PERMISSION, "%s can be read by others: chmod 600 %s", path, path);
    }
    COF_TRY(cof_read_file(path, out, err));
    const uint8_t *end = out->size > 0 ? memchr(out->data, '\n', out->size) : NULL;
    out->size = end != NULL ? (size_t)(end - out->data) : out->size;
    return out->size > 0 ? COF_OK
                         : COF_FAIL(err, USAGE, "%s has no password in its first line", path);
}

/* One line, a byte at a time: nothing of it stays in a buffer of the library. */
static cof_status read_line(int fd, cof_buf *out, cof_err *err)
{
    for (;;) {
        uint8_t byte = 0;
        const ssize_t got = interrupted == 0 ? read(fd, &byte, 1) : 0;
        if (interrupted != 0) {
            return COF_FAIL(err, CANCELLED, "interrupted");
        }
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return COF_FAIL_ERRNO(err, errno, "terminal");
        }
        if (got == 0 || byte == '\n') {
            return COF_OK;
        }
        COF_TRY(cof_buf_append(out, cof_view_of(&byte, 1), err));
    }
}

static cof_status ask_silently(int fd, const char *prompt, cof_buf *out, cof_err *err)
{
    struct termios normal;
    if (tcgetattr(fd, &normal) != 0) {
        return COF_FAIL_ERRNO(err, errno, "terminal");
    }
    struct termios silent = normal;
    silent.c_lflag &= (tcflag_t)~ECHO;
    (void)dprintf(fd, "%s: ", prompt);
    if (tcsetattr(fd, TCSAFLUSH, &silent) != 0) {
        return COF_FAIL_ERRNO(err, errno, "terminal");
    }
    const cof_status status = read_line(fd, out, err);
    (void)tcsetattr(fd, TCSAFLUSH, &normal);
    (void)dprintf(fd, "\n");
    COF_TRY(status);
    return out->size > 0 ? COF_OK : COF_FAIL(err, CANCELLED, "nothing was typed");
}

/* A signal that ends the program ends the question first: the terminal gets its echo back. */
static cof_status ask(int fd, const char *prompt, cof_buf *out, cof_err *err)
{
    const struct sigaction action = {.sa_handler = on_signal}; /* without SA_RESTART */
    struct sigaction old[SIGNALS];
    for (size_t i = 0; i < SIGNALS; i++) {
        (void)sigaction(ending_signals[i], &action, &old[i]);
    }
    const cof_status status = ask_silently(fd, prompt, out, err);
    for (size_t i = 0; i < SIGNALS; i++) {
        (void)sigaction(ending_signals[i], &old[i], NULL);
    }
    return status;
}

static cof_status ask_twice(const char *prompt, cof_buf *out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf again = {.limit = PASSWORD_BYTES};
    COF_CLEANUP(cof_fd_drop_) int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        return COF_FAIL(err, USAGE, "there is no terminal to ask on; use --password-file FILE");
    }
    COF_TRY(ask(fd, prompt, out, err));
    COF_TRY(ask(fd, "again", &again, err));
    return again.size == out->size && cof_secret_equal(again.data, out->data, out->size)
               ? COF_OK
               : COF_FAIL(err, USAGE, "the two are not the same");
}

cof_status cof_password_read(const cof_args *args, const char *prompt, cof_buf *out, cof_err *err)
{
    const char *path = cof_args_value(args, "password-file");
    return path != NULL ? read_file(path, out, err) : ask_twice(prompt, out, err);
}
