#include "host/agent/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "host/files/files.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"

struct cof_journal {
    int fd;
    cof_journal_state state;
};

/* Applies one record to the state: both when it is written and when it is replayed. */
static cof_status apply(cof_journal_state *state, const json_t *record, cof_err *err)
{
    const char *kind = NULL;
    COF_TRY(cof_json_get_text(record, "record", 32, &kind, err));
    if (strcmp(kind, "launched") == 0) {
        state->launches++;
    } else if (strcmp(kind, "checkpointed") == 0) {
        state->checkpoints++;
        state->idle_deaths = 0;
    } else if (strcmp(kind, "died") == 0) {
        state->idle_deaths++;
    } else if (strcmp(kind, "saved") == 0) {
        state->is_saved = true;
    } else if (strcmp(kind, "over") == 0) {
        const char *status = NULL;
        COF_TRY(cof_json_get_text(record, "status", sizeof state->final_status - 1, &status, err));
        memcpy(state->final_status, status, strlen(status) + 1);
        state->is_over = true;
    } else {
        return COF_FAIL(err, BAD_FORMAT, "the journal has an unknown record");
    }
    return COF_OK;
}

static cof_status write_record(cof_journal *journal, const json_t *record, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf line;
    cof_buf_init(&line, 4096);
    COF_TRY(cof_json_canonical(record, &line, err));
    COF_TRY(cof_buf_append_text(&line, "\n", err));
    const off_t start = lseek(journal->fd, 0, SEEK_END);
    if (start < 0) {
        return COF_FAIL_ERRNO(err, errno, "journal");
    }
    const ssize_t put = write(journal->fd, line.data, line.size);
    if (put != (ssize_t)line.size || fdatasync(journal->fd) != 0) {
        const int reason = put < 0 || put == (ssize_t)line.size ? errno : ENOSPC;
        /* Half a record would make the next one unreadable. */
        (void)!ftruncate(journal->fd, start);
        return COF_FAIL_ERRNO(err, reason, "write the journal");
    }
    return COF_OK;
}

/* Takes members over. */
static cof_status add(cof_journal *journal, const char *kind, json_t *members, cof_err *err)
{
    COF_JSON json_t *record = members;
    if (record == NULL) {
        return COF_FAIL(err, NO_MEMORY, "record");
    }
    COF_TRY(cof_json_set(record, "record", json_string(kind), err));
    COF_TRY(cof_json_set(record, "time", json_integer((json_int_t)time(NULL)), err));
    cof_journal_state next = journal->state;
    COF_TRY(apply(&next, record, err));
    COF_TRY(write_record(journal, record, err));
    journal->state = next;
    return COF_OK;
}

static cof_status begin(cof_journal *journal, const char *contract, const char *run, cof_err *err)
{
    const int64_t now = (int64_t)time(NULL);
    COF_JSON json_t *record =
        json_pack("{s:s,s:s,s:s,s:i,s:I}", "record", "run", "contract", contract, "run", run,
                  "version", 1, "time", (json_int_t)now);
    if (record == NULL) {
        return COF_FAIL(err, NO_MEMORY, "record");
    }
    COF_TRY(write_record(journal, record, err));
    journal->state.started_unix_s = now;
    return COF_OK;
}

static cof_status check_first(cof_journal *journal, const json_t *record, const char *contract,
                              const char *run, cof_err *err)
{
    const char *kind = NULL;
    const char *of_contract = NULL;
    const char *of_run = NULL;
    int64_t version = 0;
    COF_TRY(cof_json_get_text(record, "record", 32, &kind, err));
    COF_TRY(cof_json_get_int(record, "version", 1, 1, &version, err));
    COF_TRY(cof_json_get_text(record, "contract", 64, &of_contract, err));
    COF_TRY(cof_json_get_text(record, "run", 32, &of_run, err));
    COF_TRY(
        cof_json_get_int(record, "time", 0, INT64_MAX / 2, &journal->state.started_unix_s, err));
    if (strcmp(kind, "run") != 0) {
        return COF_FAIL(err, BAD_FORMAT, "the journal does not begin with its run");
    }
    if (strcmp(of_contract, contract) != 0 || strcmp(of_run, run) != 0) {
        return COF_FAIL(err, CONFIG, "the journal is of another contract or run");
    }
    return COF_OK;
}

/* Replays whole lines; cuts off what follows the last of them. */
static cof_status replay(cof_journal *journal, cof_view text, const char *contract, const char *run,
                         cof_err *err)
{
    size_t at = 0;
    for (size_t line = 0; at < text.size; line++) {
        const uint8_t *end = memchr(text.data + at, '\n', text.size - at);
        if (end == NULL) {
            break;
        }
        const size_t size = (size_t)(end - (text.data + at));
        COF_JSON json_t *record = NULL;
        COF_TRY(cof_json_parse(cof_view_of(text.data + at, size), 4096, &record, err));
        if (!json_is_object(record)) {
            return COF_FAIL(err, BAD_FORMAT, "journal line %zu", line + 1);
        }
        COF_TRY(line == 0 ? check_first(journal, record, contract, run, err)
                          : apply(&journal->state, record, err));
        at += size + 1;
    }
    if (at < text.size && ftruncate(journal->fd, (off_t)at) != 0) {
        return COF_FAIL_ERRNO(err, errno, "cut the journal");
    }
    return at == 0 ? begin(journal, contract, run, err) : COF_OK;
}

static cof_status read_whole(int fd, cof_buf *out, cof_err *err)
{
    for (;;) {
        uint8_t *place = NULL;
        COF_TRY(cof_buf_reserve(out, 4096, err));
        place = out->data + out->size;
        const ssize_t got = pread(fd, place, 4096, (off_t)out->size);
        if (got < 0 && errno != EINTR) {
            return COF_FAIL_ERRNO(err, errno, "read the journal");
        }
        if (got == 0) {
            return COF_OK;
        }
        out->size += got > 0 ? (size_t)got : 0;
    }
}

cof_status cof_journal_open(const char *path, const char *contract, const char *run,
                            cof_journal **out, cof_err *err)
{
    COF_CLEANUP(cof_journal_drop_) cof_journal *journal = calloc(1, sizeof *journal);
    if (journal == NULL) {
        return COF_FAIL(err, NO_MEMORY, "journal");
    }
    journal->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (journal->fd < 0) {
        return COF_FAIL_ERRNO(err, errno, "open the journal");
    }
    if (flock(journal->fd, LOCK_EX | LOCK_NB) != 0) {
        return COF_FAIL(err, BUSY, "another agent holds the journal");
    }
    COF_CLEANUP(cof_buf_free) cof_buf text;
    cof_buf_init(&text, (size_t)COF_LIMIT_JSON_BYTES * 64);
    COF_TRY(read_whole(journal->fd, &text, err));
    COF_TRY(replay(journal, cof_buf_view(&text), contract, run, err));
    COF_TRY(cof_sync_folder_of(path, err)); /* a new journal is in no folder yet */
    *out = cof_journal_take(&journal);
    return COF_OK;
}

const cof_journal_state *cof_journal_now(const cof_journal *journal)
{
    return &journal->state;
}

cof_status cof_journal_launched(cof_journal *journal, cof_err *err)
{
    return add(journal, "launched", json_object(), err);
}

cof_status cof_journal_checkpointed(cof_journal *journal, cof_err *err)
{
    return add(journal, "checkpointed", json_object(), err);
}

cof_status cof_journal_died(cof_journal *journal, cof_err *err)
{
    return add(journal, "died", json_object(), err);
}

cof_status cof_journal_saved(cof_journal *journal, cof_err *err)
{
    return add(journal, "saved", json_object(), err);
}

cof_status cof_journal_over(cof_journal *journal, cof_status final, cof_err *err)
{
    return add(journal, "over", json_pack("{s:s}", "status", cof_status_describe(final)->name),
               err);
}

void cof_journal_free(cof_journal *journal)
{
    if (journal != NULL) {
        if (journal->fd >= 0) {
            (void)close(journal->fd);
        }
        free(journal);
    }
}
