#include "apps/coffer/services.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "apps/coffer/spawn.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"

enum { INFO_BYTES = 64 * 1024, TEXT_BYTES = 4096, START_MS = 30000, STOP_MS = 10000, POLL_MS = 20 };

#define VAULT_SCOPE "https://vault.azure.net/.default"

void cof_services_free(cof_services *services)
{
    if (services == NULL) {
        return;
    }
    cof_entra_free(services->owner);
    cof_http_client_free(services->http);
    if (services->lifeline >= 0) {
        (void)close(services->lifeline); /* the server ends when this end is closed */
    }
    if (services->child > 0) {
        int state = 0;
        while (waitpid(services->child, &state, 0) < 0 && errno == EINTR) {
        }
    }
    json_decref(services->info);
    free(services);
}

/* A server holds a lock on local/lock as long as it lives: a file that anyone could lock is no
 * server. */
static cof_status is_locked(const char *home, bool *out, cof_err *err)
{
    cof_path path;
    COF_TRY(cof_path_format(&path, err, "%s/local/lock", home));
    COF_CLEANUP(cof_fd_drop_) int fd = open(path.text, O_RDWR | O_CLOEXEC);
    *out = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    return COF_OK;
}

static cof_status read_info(const char *home, json_t **out, cof_err *err)
{
    cof_path path;
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    cof_buf_init(&text, INFO_BYTES);
    COF_TRY(cof_path_format(&path, err, "%s/local/local.json", home));
    COF_TRY(cof_read_file(path.text, &text, err));
    return cof_json_parse(cof_buf_view(&text), INFO_BYTES, out, err);
}

cof_status cof_services_running(const char *home, json_t **out_info, cof_err *err)
{
    bool locked = false;
    *out_info = NULL;
    COF_TRY(is_locked(home, &locked, err));
    if (!locked) {
        return COF_OK;
    }
    const cof_status status = read_info(home, out_info, err);
    return status == COF_E_NOT_FOUND ? COF_OK : status;
}

/* The line that the server wrote: where it listens, or why it does not. */
static cof_status read_ready(cof_view line, json_t **out_info, cof_err *err)
{
    COF_JSON json_t *said = NULL;
    cof_status why = COF_E_NETWORK;
    COF_TRY(cof_json_parse(line, INFO_BYTES, &said, err));
    const json_t *error = json_object_get(said, "error");
    const char *code = json_string_value(json_object_get(error, "code"));
    const char *message = json_string_value(json_object_get(error, "message"));
    if (error == NULL) {
        *out_info = json_incref(said);
        return COF_OK;
    }
    if (code != NULL) {
        (void)cof_status_from_name(code, &why);
    }
    return cof_err_set(err, why, __FILE__, __LINE__, "the local services did not start: %s",
                       message != NULL ? message : "");
}

/* Waits for that line. */
static cof_status await_ready(int fd, pid_t pid, json_t **out_info, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf line = {0};
    cof_buf_init(&line, INFO_BYTES);
    for (;;) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        const int ready = poll(&wait, 1, START_MS);
        if (ready < 0 && errno == EINTR) {
            continue;
        }
        if (ready <= 0) {
            (void)kill(pid, SIGKILL);
            return COF_FAIL(err, TIMEOUT, "coffer-local did not start within %d s",
                            START_MS / 1000);
        }
        uint8_t piece[1024];
        const ssize_t got = read(fd, piece, sizeof piece);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return COF_FAIL(err, NETWORK, "coffer-local ended while it was starting");
        }
        COF_TRY(cof_buf_append(&line, cof_view_of(piece, (size_t)got), err));
        if (memchr(line.data, '\n', line.size) != NULL) {
            return read_ready(cof_view_of(line.data, line.size - 1), out_info, err);
        }
    }
}

/* Starts the server. With lifeline NULL it stays; else it ends when *lifeline is closed. */
static cof_status start(const char *home, pid_t *out_pid, int *lifeline, json_t **out_info,
                        cof_err *err)
{
    int ready[2] = {-1, -1};
    int life[2] = {-1, -1};
    char ready_text[16];
    char life_text[16];
    if (pipe2(ready, O_CLOEXEC) != 0) {
        return COF_FAIL_ERRNO(err, errno, "pipe");
    }
    COF_CLEANUP(cof_fd_drop_) int ready_read = ready[0];
    COF_CLEANUP(cof_fd_drop_) int ready_write = ready[1];
    if (lifeline != NULL && pipe2(life, O_CLOEXEC) != 0) {
        return COF_FAIL_ERRNO(err, errno, "pipe");
    }
    COF_CLEANUP(cof_fd_drop_) int life_read = life[0];
    COF_CLEANUP(cof_fd_drop_) int life_write = life[1];
    (void)snprintf(ready_text, sizeof ready_text, "%d", ready_write);
    (void)snprintf(life_text, sizeof life_text, "%d", life_read);
    cof_spawn spawn = {.program = "coffer-local",
                       .arguments = {"--home", home, "--ready-fd", ready_text,
                                     lifeline != NULL ? "--lifeline-fd" : NULL, life_text},
                       .output_fd = -1,
                       .error_fd = -1,
                       .keep = {ready_write, life_read},
                       .detached = lifeline == NULL};
    cof_path log;
    COF_TRY(cof_path_format(&log, err, "%s/local.log", home));
    COF_CLEANUP(cof_fd_drop_) int log_fd = -1;
    if (lifeline == NULL) {
        log_fd = open(log.text, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (log_fd < 0) {
            return COF_FAIL_ERRNO(err, errno, log.text);
        }
        spawn.error_fd = log_fd;
    }
    COF_TRY(cof_spawn_start(&spawn, out_pid, err));
    cof_fd_drop_(&ready_write);
    cof_fd_drop_(&life_read);
    const cof_status status = await_ready(ready_read, *out_pid, out_info, err);
    if (status != COF_OK) {
        int code = 0;
        cof_fd_drop_(&life_write);
        const cof_status reaped = cof_spawn_wait(*out_pid, &code, NULL);
        return reaped == COF_OK ? status : reaped;
    }
    if (lifeline != NULL) {
        *lifeline = life_write;
        life_write = -1;
    }
    return COF_OK;
}

/* Fills in what a client needs, from info. */
static cof_status connect_client(cof_services *s, cof_err *err)
{
    json_t *clients = NULL;
    const char *owner = NULL;
    COF_TRY(cof_json_get_text(s->info, "vault", TEXT_BYTES, &s->url, err));
    COF_TRY(cof_json_get_text(s->info, "authority", TEXT_BYTES, &s->authority, err));
    COF_TRY(cof_json_get_text(s->info, "tenant", TEXT_BYTES, &s->tenant, err));
    COF_TRY(cof_json_get_text(s->info, "ca", TEXT_BYTES, &s->ca, err));
    COF_TRY(cof_json_get_text(s->info, "root", TEXT_BYTES, &s->root, err));
    COF_TRY(cof_json_get(s->info, "clients", JSON_OBJECT, &clients, err));
    COF_TRY(cof_json_get_text(clients, "owner", TEXT_BYTES, &owner, err));
    const cof_http_client_options options = {.ca_path = s->ca};
    COF_TRY(cof_http_client_new(&options, &s->http, err));
    COF_TRY(cof_entra_from_file(s->http, s->authority, s->tenant, owner, &s->owner, err));
    s->vault = (cof_vault){.http = s->http, .entra = s->owner, .scope = VAULT_SCOPE};
    return COF_OK;
}

cof_status cof_services_open(const char *home, cof_services **out, cof_err *err)
{
    COF_CLEANUP(cof_services_drop_) cof_services *services = calloc(1, sizeof *services);
    if (services == NULL) {
        return COF_FAIL(err, NO_MEMORY, "services");
    }
    services->lifeline = -1;
    COF_TRY(cof_services_running(home, &services->info, err));
    if (services->info == NULL) {
        COF_TRY(start(home, &services->child, &services->lifeline, &services->info, err));
    }
    COF_TRY(connect_client(services, err));
    *out = cof_services_take(&services);
    return COF_OK;
}

cof_status cof_services_up(const char *home, json_t **out_info, cof_err *err)
{
    COF_JSON json_t *info = NULL;
    pid_t pid = 0;
    COF_TRY(cof_services_running(home, &info, err));
    if (info != NULL) {
        *out_info = json_incref(info);
        return COF_FAIL(err, EXISTS, "the local services run already");
    }
    return start(home, &pid, NULL, out_info, err);
}

cof_status cof_services_down(const char *home, cof_err *err)
{
    COF_JSON json_t *info = NULL;
    int64_t pid = 0;
    bool locked = true;
    COF_TRY(cof_services_running(home, &info, err));
    if (info == NULL) {
        return COF_FAIL(err, NOT_FOUND, "no local services run for this home");
    }
    COF_TRY(cof_json_get_int(info, "pid", 2, INT32_MAX, &pid, err));
    if (kill((pid_t)pid, SIGTERM) != 0) {
        return COF_FAIL_ERRNO(err, errno, "stopping coffer-local");
    }
    for (int waited = 0; waited < STOP_MS; waited += POLL_MS) {
        COF_TRY(is_locked(home, &locked, err));
        if (!locked) {
            return COF_OK;
        }
        (void)poll(NULL, 0, POLL_MS);
    }
    return COF_FAIL(err, TIMEOUT, "coffer-local (process %lld) did not stop within %d s",
                    (long long)pid, STOP_MS / 1000);
}
