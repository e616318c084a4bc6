/*
 * Implementation notes.
 *
 * The trail only grows, and its end is what is asked for: it is read backwards in blocks. What
 * stands before the first newline of a block is the end of a line that the block before it begins;
 * it is kept (carry) and put behind that block.
 */
#include "local/vault/decisions.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tcb/base/limits.h"
#include "tcb/wire/json.h"

enum { BLOCK_BYTES = 64 * 1024 };

typedef struct scan {
    const cof_decision_filter *filter;
    json_t *records;
    size_t bytes; /* of the lines in records */
    bool is_done;
    bool is_skipping; /* the line at hand is too long */
} scan;

static bool fits(const json_t *record, const char *name, const char *wanted)
{
    const char *text = json_string_value(json_object_get(record, name));
    return wanted == NULL || (text != NULL && strcasecmp(text, wanted) == 0);
}

static cof_status take_line(scan *s, cof_view line, cof_err *err)
{
    const cof_decision_filter *f = s->filter;
    COF_JSON json_t *record = NULL;
    if (s->is_skipping || line.size == 0) {
        s->is_skipping = false;
        return COF_OK;
    }
    const cof_status status = cof_json_parse(line, COF_LIMIT_JSON_BYTES, &record, NULL);
    if (status == COF_E_NO_MEMORY) {
        return COF_FAIL(err, NO_MEMORY, "decisions");
    }
    if (status != COF_OK || json_object_get(record, "decision") == NULL) {
        return COF_OK;
    }
    /* Times only grow, but for a clock that was set back. */
    if (json_integer_value(json_object_get(record, "time")) < f->since_unix_s ||
        !(fits(record, "key", f->key) || fits(record, "secret", f->key) ||
          fits(record, "path", f->key)) ||
        !fits(record, "action", f->action) || !fits(record, "run", f->run) ||
        !fits(record, "decision", f->decision)) {
        return COF_OK;
    }
    s->bytes += line.size;
    s->is_done = s->bytes > COF_DECISIONS_BYTES;
    if (s->is_done) {
        return COF_OK;
    }
    COF_TRY(cof_json_append(s->records, json_incref(record), err));
    s->is_done = json_array_size(s->records) >= f->max;
    return COF_OK;
}

/* The lines of text that begin in it, the last first; then what is before them becomes carry. */
static cof_status take_block(scan *s, cof_view text, cof_buf *carry, cof_err *err)
{
    size_t end = text.size;
    while (!s->is_done) {
        const uint8_t *newline = end > 0 ? memrchr(text.data, '\n', end) : NULL;
        if (newline == NULL) {
            break;
        }
        const size_t at = (size_t)(newline - text.data);
        COF_TRY(take_line(s, cof_view_of(text.data + at + 1, end - at - 1), err));
        end = at;
    }
    cof_buf_clear(carry);
    if (end > COF_LIMIT_JSON_BYTES) {
        s->is_skipping = true;
        end = 0;
    }
    return cof_buf_append(carry, cof_view_of(text.data, end), err);
}

static cof_status read_block(int fd, off_t from, size_t size, cof_buf *out, cof_err *err)
{
    uint8_t *place = NULL;
    COF_TRY(cof_buf_extend(out, size, &place, err));
    for (size_t done = 0; done < size;) {
        const ssize_t got = pread(fd, place + done, size - done, from + (off_t)done);
        if (got <= 0) {
            return COF_FAIL_ERRNO(err, got < 0 ? errno : EIO, "audit.jsonl");
        }
        done += (size_t)got;
    }
    return COF_OK;
}

static cof_status read_back(scan *s, int fd, off_t size, bool *out_complete, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf carry = {.limit = COF_LIMIT_JSON_BYTES};
    off_t at = size;
    const off_t last = size > COF_DECISIONS_SCAN_BYTES ? size - COF_DECISIONS_SCAN_BYTES : 0;
    while (at > last && !s->is_done) {
        COF_CLEANUP(cof_buf_free)
        cof_buf text = {.limit = COF_LIMIT_JSON_BYTES + BLOCK_BYTES};
        const off_t from = at - last > BLOCK_BYTES ? at - BLOCK_BYTES : last;
        COF_TRY(read_block(fd, from, (size_t)(at - from), &text, err));
        COF_TRY(cof_buf_append(&text, cof_buf_view(&carry), err));
        COF_TRY(take_block(s, cof_buf_view(&text), &carry, err));
        at = from;
    }
    const bool is_whole = at == 0 && !s->is_done;
    if (is_whole) {
        COF_TRY(
            take_line(s, cof_buf_view(&carry), err)); /* the first line has no newline before it */
    }
    *out_complete = is_whole && s->bytes <= COF_DECISIONS_BYTES;
    return COF_OK;
}

cof_status cof_decisions_read(const cof_state *state, const cof_decision_filter *filter,
                              json_t **out_records, bool *out_complete, cof_err *err)
{
    COF_JSON json_t *records = json_array();
    cof_path path;
    struct stat info;
    if (records == NULL) {
        return COF_FAIL(err, NO_MEMORY, "decisions");
    }
    COF_TRY(cof_state_path(state, "audit.jsonl", &path, err));
    COF_CLEANUP(cof_fd_drop_) int fd = open(path.text, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || fstat(fd, &info) != 0) {
        return COF_FAIL_ERRNO(err, errno, path.text);
    }
    scan s = {.filter = filter, .records = records};
    COF_TRY(read_back(&s, fd, info.st_size, out_complete, err));
    *out_records = json_incref(records);
    return COF_OK;
}
