#include "apps/coffer-local/root_secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* Until the end, or, on a terminal, of the line. */
static cof_status read_secret(int fd, bool is_line, cof_buf *out, cof_err *err)
{
    for (;;) {
        uint8_t byte = 0; /* a secret is short; nothing of it stays in a buffer of ours */
        const ssize_t got = read(fd, &byte, 1);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return COF_FAIL_ERRNO(err, errno, "passphrase or PIN");
        }
        if (got == 0 || (is_line && byte == '\n')) {
            break;
        }
        COF_TRY(cof_buf_append(out, cof_view_of(&byte, 1), err));
    }
    if (!is_line && out->size > 0 && out->data[out->size - 1] == '\n') {
        out->size--;
    }
    return out->size > 0 ? COF_OK : COF_FAIL(err, UNAUTHORIZED, "the passphrase or PIN is empty");
}

static cof_status ask_once(int tty, const char *prompt, cof_buf *out, cof_err *err)
{
    struct termios before;
    if (tcgetattr(tty, &before) != 0) {
        return COF_FAIL_ERRNO(err, errno, "terminal");
    }
    struct termios silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    (void)dprintf(tty, "%s: ", prompt);
    (void)tcsetattr(tty, TCSAFLUSH, &silent);
    const cof_status status = read_secret(tty, true, out, err);
    (void)tcsetattr(tty, TCSAFLUSH, &before);
    (void)dprintf(tty, "\n");
    return status;
}

static cof_status ask(const char *what, bool is_new, cof_buf *out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf again = {.limit = COF_ROOT_SECRET_BYTES};
    char prompt[64];
    COF_CLEANUP(cof_fd_drop_) int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (tty < 0) {
        return COF_FAIL(err, USAGE, "the root key's %s is needed: --%s-fd N", what,
                        strcmp(what, "PIN") == 0 ? "pin" : "passphrase");
    }
    (void)snprintf(prompt, sizeof prompt, "%s%s of coffer-local's root key", is_new ? "New " : "",
                   what);
    COF_TRY(ask_once(tty, prompt, out, err));
    if (!is_new) {
        return COF_OK;
    }
    COF_TRY(ask_once(tty, "The same again", &again, err));
    return again.size == out->size && cof_secret_equal(again.data, out->data, again.size)
               ? COF_OK
               : COF_FAIL(err, USAGE, "the two are not the same");
}

/* *out_found is false where there is no such credential. */
static cof_status read_credential(const char *name, cof_buf *out, bool *out_found, cof_err *err)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    cof_path path;
    *out_found = false;
    if (folder == NULL || folder[0] != '/') {
        return COF_OK;
    }
    COF_TRY(cof_path_format(&path, err, "%s/%s", folder, name));
    COF_CLEANUP(cof_fd_drop_) int fd = open(path.text, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? COF_OK : COF_FAIL_ERRNO(err, errno, path.text);
    }
    *out_found = true;
    return read_secret(fd, false, out, err);
}

cof_status cof_local_root_source(const cof_local_root *given, cof_buf *secret, cof_root_source *out,
                                 cof_err *err)
{
    cof_root_source source = {.kind = COF_ROOT_KIND_FILE};
    char credential[32];
    bool is_found = false;
    COF_TRY(cof_root_source_parse(given->way != NULL ? given->way : "file", &source, err));
    if (source.kind != COF_ROOT_KIND_FILE) {
        const bool is_pin = source.kind == COF_ROOT_KIND_PKCS11;
        const int fd = is_pin ? given->pin_fd : given->passphrase_fd;
        (void)snprintf(credential, sizeof credential, "coffer-%s%s", given->is_new ? "new-" : "",
                       is_pin ? "pin" : "passphrase");
        if (fd >= 0) {
            COF_TRY(read_secret(fd, false, secret, err));
        } else {
            COF_TRY(read_credential(credential, secret, &is_found, err));
            if (!is_found) {
                COF_TRY(ask(is_pin ? "PIN" : "passphrase", given->is_new, secret, err));
            }
        }
        source.secret = cof_buf_view(secret);
    }
    *out = source;
    return COF_OK;
}
