#include "local/state/trail.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "tcb/base/limits.h"
#include "tcb/wire/json.h"

struct cof_trail {
    const cof_state *state;
    int fd;
    bool is_torn; /* the last line was cut short */
};

static cof_status end_last_line(int fd, cof_err *err)
{
    char last = '\n';
    const off_t size = lseek(fd, 0, SEEK_END);
    if (size > 0 && pread(fd, &last, 1, size - 1) != 1) {
        return COF_FAIL_ERRNO(err, errno, "audit.jsonl");
    }
    if (last != '\n' && write(fd, "\n", 1) != 1) {
        return COF_FAIL_ERRNO(err, errno, "audit.jsonl");
    }
    return COF_OK;
}

cof_status cof_trail_open(const cof_state *state, cof_trail **out, cof_err *err)
{
    COF_CLEANUP(cof_trail_drop_) cof_trail *trail = calloc(1, sizeof *trail);
    if (trail == NULL) {
        return COF_FAIL(err, NO_MEMORY, "audit trail");
    }
    cof_path path;
    trail->state = state;
    trail->fd = -1;
    COF_TRY(cof_state_path(state, "audit.jsonl", &path, err));
    trail->fd = open(path.text, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (trail->fd < 0) {
        return COF_FAIL_ERRNO(err, errno, path.text);
    }
    COF_TRY(end_last_line(trail->fd, err));
    *out = cof_trail_take(&trail);
    return COF_OK;
}

cof_status cof_trail_add(cof_trail *trail, json_t *record, cof_err *err)
{
    COF_JSON json_t *owned = record;
    COF_CLEANUP(cof_buf_free) cof_buf line = {.limit = COF_LIMIT_JSON_BYTES};
    if (owned == NULL) {
        return COF_FAIL(err, NO_MEMORY, "audit record");
    }
    COF_TRY(cof_json_set(owned, "time", json_integer(cof_state_now(trail->state)), err));
    COF_TRY(cof_json_print(owned, &line, err));
    COF_TRY(cof_buf_append_text(&line, "\n", err));
    if (trail->is_torn) {
        COF_TRY(end_last_line(trail->fd, err));
        trail->is_torn = false;
    }
    /* One write of one line to a file opened for appending: what is cut short, by a full disk, is
     * ended before the next. */
    const ssize_t wrote = write(trail->fd, line.data, line.size);
    if (wrote != (ssize_t)line.size) {
        trail->is_torn = wrote > 0;
        return COF_FAIL_ERRNO(err, wrote < 0 ? errno : ENOSPC, "audit.jsonl");
    }
    return fdatasync(trail->fd) == 0 ? COF_OK : COF_FAIL_ERRNO(err, errno, "audit.jsonl");
}

json_t *cof_trail_text(const char *text)
{
    char clean[COF_ERR_DETAIL_SIZE];
    size_t size = 0;
    for (; text[size] != '\0' && size + 1 < sizeof clean; size++) {
        clean[size] = text[size] >= ' ' && text[size] < 0x7f ? text[size] : '?';
    }
    return json_stringn(clean, size);
}

void cof_trail_free(cof_trail *trail)
{
    if (trail != NULL) {
        cof_fd_drop_(&trail->fd);
        free(trail);
    }
}
