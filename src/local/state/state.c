#include "local/state/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "host/http/http_message.h"
#include "host/http/url.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"

enum { FILE_BYTES = 256 * 1024, SWEEP_DEPTH = 3, BASE_SIZE = 64, LOCK_TRIES = 20 };

struct cof_state {
    cof_path folder;
    cof_clock_now now;
    int lock;
    char tenant[COF_HTTP_ID_SIZE];
    uint16_t port;
    char base[BASE_SIZE];
    bool is_public; /* base was given: something that forwards to this server has that address */
};

int64_t cof_clock_system(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec;
}

static cof_status open_folder(cof_state *state, const char *home, cof_err *err)
{
    struct stat info;
    COF_TRY(cof_path_format(&state->folder, err, "%s/local", home));
    COF_TRY(cof_make_folders(state->folder.text, err));
    if (stat(state->folder.text, &info) != 0) {
        return COF_FAIL_ERRNO(err, errno, state->folder.text);
    }
    if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0 || info.st_uid != geteuid()) {
        return COF_FAIL(err, PERMISSION, "%s must belong to this user, with mode 0700",
                        state->folder.text);
    }
    return COF_OK;
}

static cof_status take_lock(cof_state *state, cof_err *err)
{
    cof_path path;
    COF_TRY(cof_state_path(state, "lock", &path, err));
    state->lock = open(path.text, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (state->lock < 0) {
        return COF_FAIL_ERRNO(err, errno, path.text);
    }
    /* A client that looks whether a server runs holds the lock for an instant: what is still locked
     * after a while is a server. */
    for (int i = 0; flock(state->lock, LOCK_EX | LOCK_NB) != 0; i++) {
        if (errno != EWOULDBLOCK) {
            return COF_FAIL_ERRNO(err, errno, path.text);
        }
        if (i == LOCK_TRIES) {
            return COF_FAIL(err, BUSY, "another coffer-local uses %s", state->folder.text);
        }
        (void)nanosleep(&(struct timespec){.tv_nsec = 10 * 1000000}, NULL);
    }
    return COF_OK;
}

static bool is_temporary(const char *name)
{
    const size_t size = strlen(name);
    return size > 4 && strcmp(name + size - 4, ".tmp") == 0;
}

/* Temporaries of a writer that was killed. We hold the lock, so nobody is writing. Best effort. */
static void sweep(const char *folder, int depth)
{
    DIR *entries = opendir(folder);
    const struct dirent *entry = NULL;
    while (entries != NULL && (entry = readdir(entries)) != NULL) {
        cof_path path;
        if (entry->d_name[0] == '.' ||
            cof_path_format(&path, NULL, "%s/%s", folder, entry->d_name) != COF_OK) {
            continue;
        }
        if (entry->d_type == DT_REG && is_temporary(entry->d_name)) {
            (void)unlink(path.text);
        } else if (entry->d_type == DT_DIR && depth > 1) {
            sweep(path.text, depth - 1);
        }
    }
    if (entries != NULL) {
        (void)closedir(entries);
    }
}

static cof_status write_settings(const cof_state *state, cof_err *err)
{
    COF_JSON json_t *settings = json_pack("{s:s,s:s,s:i}", "coffer", "local/v1", "tenant",
                                          state->tenant, "port", (int)state->port);
    if (settings == NULL) {
        return COF_FAIL(err, NO_MEMORY, "settings");
    }
    if (state->is_public) {
        COF_TRY(cof_json_set(settings, "url", json_string(state->base), err));
    }
    return cof_state_write_json(state, "settings.json", settings, err);
}

static cof_status set_base(cof_state *state, uint16_t port, cof_err *err)
{
    state->port = port;
    if (state->is_public) {
        return COF_OK;
    }
    const int size =
        snprintf(state->base, sizeof state->base, "https://localhost:%u", (unsigned)port);
    return size > 0 && (size_t)size < sizeof state->base ? COF_OK
                                                         : COF_FAIL(err, INTERNAL, "base URL");
}

static cof_status set_public(cof_state *state, const char *url, cof_err *err)
{
    cof_url parts;
    if (cof_url_parse(url, &parts, NULL) != COF_OK || !parts.is_https || parts.target.size != 0 ||
        strlen(url) >= sizeof state->base) {
        return COF_FAIL(err, CONFIG, "the public URL is not https://HOST[:PORT]: %.100s", url);
    }
    memcpy(state->base, url, strlen(url) + 1);
    state->is_public = true;
    return COF_OK;
}

static cof_status read_settings(cof_state *state, cof_err *err)
{
    COF_JSON json_t *settings = NULL;
    cof_status status = cof_state_read_json(state, "settings.json", &settings, err);
    if (status == COF_E_NOT_FOUND) {
        return cof_http_make_id(state->tenant, err); /* written with the port */
    }
    if (status != COF_OK) {
        return status;
    }
    const char *kind = NULL;
    const char *tenant = NULL;
    int64_t port = 0;
    COF_TRY(cof_json_get_text(settings, "coffer", COF_LIMIT_NAME_BYTES, &kind, err));
    COF_TRY(cof_json_get_text(settings, "tenant", COF_HTTP_ID_SIZE - 1, &tenant, err));
    COF_TRY(cof_json_get_int(settings, "port", 1, UINT16_MAX, &port, err));
    if (strcmp(kind, "local/v1") != 0 || strlen(tenant) != COF_HTTP_ID_SIZE - 1) {
        return COF_FAIL(err, BAD_FORMAT, "settings.json is not of this version");
    }
    memcpy(state->tenant, tenant, COF_HTTP_ID_SIZE);
    if (json_object_get(settings, "url") != NULL) {
        const char *url = NULL;
        COF_TRY(cof_json_get_text(settings, "url", sizeof state->base, &url, err));
        COF_TRY(set_public(state, url, err));
    }
    return set_base(state, (uint16_t)port, err);
}

cof_status cof_state_open(const char *home, cof_clock_now now, cof_state **out, cof_err *err)
{
    COF_CLEANUP(cof_state_drop_) cof_state *state = calloc(1, sizeof *state);
    if (state == NULL) {
        return COF_FAIL(err, NO_MEMORY, "state");
    }
    state->lock = -1;
    state->now = now;
    COF_TRY(open_folder(state, home, err));
    COF_TRY(take_lock(state, err));
    sweep(state->folder.text, SWEEP_DEPTH);
    COF_TRY(read_settings(state, err));
    *out = cof_state_take(&state);
    return COF_OK;
}

const char *cof_state_tenant(const cof_state *state)
{
    return state->tenant;
}

uint16_t cof_state_port(const cof_state *state)
{
    return state->port;
}

cof_status cof_state_set_port(cof_state *state, uint16_t port, cof_err *err)
{
    const bool is_new = port != state->port;
    COF_TRY(set_base(state, port, err));
    return is_new ? write_settings(state, err) : COF_OK;
}

cof_status cof_state_set_url(cof_state *state, const char *url, cof_err *err)
{
    if (state->port != 0 && strcmp(url, state->base) != 0) {
        return COF_FAIL(err, CONFIG,
                        "this installation is %s, which its keys and contracts name: it cannot "
                        "become %.100s",
                        state->base, url);
    }
    return set_public(state, url, err);
}

const char *cof_state_base(const cof_state *state)
{
    return state->base;
}

int64_t cof_state_now(const cof_state *state)
{
    return state->now();
}

cof_status cof_state_path(const cof_state *state, const char *name, cof_path *out, cof_err *err)
{
    return cof_path_format(out, err, "%s/%s", state->folder.text, name);
}

static cof_status sync_parent(const char *path, cof_err *err)
{
    cof_path parent;
    COF_TRY(cof_path_format(&parent, err, "%s/..", path));
    COF_CLEANUP(cof_fd_drop_) int fd = open(parent.text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0) {
        return COF_FAIL_ERRNO(err, errno, parent.text);
    }
    return COF_OK;
}

cof_status cof_state_make_folder(const cof_state *state, const char *name, cof_err *err)
{
    cof_path path;
    struct stat info;
    COF_TRY(cof_state_path(state, name, &path, err));
    if (stat(path.text, &info) == 0 && S_ISDIR(info.st_mode)) {
        return COF_OK;
    }
    COF_TRY(cof_make_folders(path.text, err));
    return sync_parent(path.text, err);
}

cof_status cof_state_read(const cof_state *state, const char *name, cof_buf *out, cof_err *err)
{
    cof_path path;
    COF_TRY(cof_state_path(state, name, &path, err));
    return cof_read_file(path.text, out, err);
}

cof_status cof_state_write(const cof_state *state, const char *name, cof_view bytes, cof_err *err)
{
    cof_path path;
    COF_TRY(cof_state_path(state, name, &path, err));
    return cof_write_file(path.text, bytes, 0600, err);
}

cof_status cof_state_read_json(const cof_state *state, const char *name, json_t **out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = FILE_BYTES};
    COF_JSON json_t *value = NULL;
    COF_TRY(cof_state_read(state, name, &text, err));
    const cof_status status = cof_json_parse(cof_buf_view(&text), FILE_BYTES, &value, err);
    if (status != COF_OK) {
        cof_err_context(err, "%s", name);
        return status;
    }
    if (!json_is_object(value)) {
        return COF_FAIL(err, BAD_FORMAT, "%s is not an object", name);
    }
    *out = value;
    value = NULL;
    return COF_OK;
}

cof_status cof_state_write_json(const cof_state *state, const char *name, const json_t *value,
                                cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = FILE_BYTES};
    COF_TRY(cof_json_print(value, &text, err));
    COF_TRY(cof_buf_append_text(&text, "\n", err));
    return cof_state_write(state, name, cof_buf_view(&text), err);
}

void cof_state_free(cof_state *state)
{
    if (state != NULL) {
        cof_fd_drop_(&state->lock);
        free(state);
    }
}
