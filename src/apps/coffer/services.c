#include "apps/coffer/services.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
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

void cof_services_free(cof_services *services)
{
    if (services == NULL) {
        return;
    }
    cof_credential_free(services->owner);
    cof_http_client_free(services->http);
    cof_http_client_free(services->attest_http);
    if (services->lifeline >= 0) {
        (void)close(services->lifeline); /* the server ends when this end is closed */
    }
    if (services->child > 0) {
        int state = 0;
        while (waitpid(services->child, &state, 0) < 0 && errno == EINTR) {
        }
    }
    json_decref(services->info);
    cof_config_free(services->config);
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

/* A pipe's end that holds a secret, which is short. */
static cof_status hold_secret(cof_view secret, int *out_fd, cof_err *err)
{
    int ends[2] = {-1, -1};
    if (secret.size > PIPE_BUF || pipe2(ends, O_CLOEXEC) != 0) {
        return COF_FAIL(err, IO, "handing over a secret");
    }
    const ssize_t wrote = write(ends[1], secret.data, secret.size);
    (void)close(ends[1]);
    if (wrote != (ssize_t)secret.size) {
        (void)close(ends[0]);
        return COF_FAIL(err, IO, "handing over a secret");
    }
    *out_fd = ends[0];
    return COF_OK;
}

/* Starts the server. With lifeline NULL it stays; else it ends when *lifeline is closed. */
static cof_status start(const char *home, const cof_services_root *root, pid_t *out_pid,
                        int *lifeline, json_t **out_info, cof_err *err)
{
    char secret_text[16];
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
    COF_CLEANUP(cof_fd_drop_) int secret_fd = -1;
    if (root->way != NULL) {
        const bool is_token = strncmp(root->way, "pkcs11:", 7) == 0;
        COF_TRY(hold_secret(root->secret, &secret_fd, err));
        (void)snprintf(secret_text, sizeof secret_text, "%d", secret_fd);
        spawn.arguments[4] = "--root-key"; /* a server that stays has no lifeline */
        spawn.arguments[5] = root->way;
        spawn.arguments[6] = is_token ? "--pin-fd" : "--passphrase-fd";
        spawn.arguments[7] = secret_text;
        spawn.keep[1] = secret_fd;
    }
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

/* What is local is told by info. */
static cof_status use_local(cof_services *s, const char **out_owner, cof_err *err)
{
    const char *ca = NULL;
    const char *base = NULL;
    json_t *clients = NULL;
    COF_TRY(cof_json_get_text(s->info, "ca", TEXT_BYTES, &ca, err));
    COF_TRY(cof_json_get_text(s->info, "root", TEXT_BYTES, &s->root, err));
    COF_TRY(cof_json_get_text(s->info, "vault", TEXT_BYTES, &base, err));
    COF_TRY(cof_json_get(s->info, "clients", JSON_OBJECT, &clients, err));
    if (s->config->vault == NULL) {
        s->url = base;
        s->vault_ca = ca;
        COF_TRY(cof_json_get_text(clients, "agent", TEXT_BYTES, &s->agent, err));
        COF_TRY(cof_json_get_text(clients, "owner", TEXT_BYTES, out_owner, err));
    }
    if (s->config->attestation_count == 0) {
        s->attest_ca = ca;
        s->attestation_count = 1;
        return cof_json_get_text(s->info, "attest", TEXT_BYTES, &s->attestation[0], err);
    }
    return COF_OK;
}

static cof_status connect_clients(cof_services *s, cof_err *err)
{
    const cof_config *config = s->config;
    const char *owner = config->credential;
    s->url = config->vault;
    s->vault_ca = config->ca;
    s->attest_ca = config->ca;
    s->agent = config->agent_credential != NULL ? config->agent_credential : config->credential;
    s->attestation_count = config->attestation_count;
    memcpy(s->attestation, config->attestation, sizeof s->attestation);
    if (s->info != NULL) {
        COF_TRY(use_local(s, &owner, err));
    }
    const cof_http_client_options vault = {.ca_path = s->vault_ca};
    const cof_http_client_options attest = {.ca_path = s->attest_ca};
    COF_TRY(cof_http_client_new(&vault, &s->http, err));
    COF_TRY(cof_http_client_new(&attest, &s->attest_http, err));
    COF_TRY(cof_credential_open(owner, &s->owner, err));
    s->vault = (cof_vault){.http = s->http, .credential = s->owner};
    return COF_OK;
}

cof_status cof_services_open(const char *home, cof_services **out, cof_err *err)
{
    COF_CLEANUP(cof_services_drop_) cof_services *services = calloc(1, sizeof *services);
    if (services == NULL) {
        return COF_FAIL(err, NO_MEMORY, "services");
    }
    services->lifeline = -1;
    COF_TRY(cof_config_read(home, &services->config, err));
    if (cof_config_needs_local(services->config)) {
        COF_TRY(cof_services_running(home, &services->info, err));
        if (services->info == NULL) {
            const cof_services_root root = {0};
            COF_TRY(
                start(home, &root, &services->child, &services->lifeline, &services->info, err));
        }
    }
    COF_TRY(connect_clients(services, err));
    *out = cof_services_take(&services);
    return COF_OK;
}

cof_status cof_services_up(const char *home, const cof_services_root *root, json_t **out_info,
                           cof_err *err)
{
    COF_JSON json_t *info = NULL;
    pid_t pid = 0;
    COF_TRY(cof_services_running(home, &info, err));
    if (info != NULL) {
        *out_info = json_incref(info);
        return COF_FAIL(err, EXISTS, "the local services run already");
    }
    return start(home, root, &pid, NULL, out_info, err);
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
