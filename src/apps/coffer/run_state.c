#include "apps/coffer/run_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "tcb/crypto/random.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum { STATE_BYTES = 1024, RUN_BYTES = 16 };

void cof_run_state_drop_(cof_run_state *state)
{
    cof_fd_drop_(&state->lock);
}

static cof_status take_lock(cof_run_state *state, cof_err *err)
{
    cof_path path;
    COF_TRY(cof_path_format(&path, err, "%s/lock", state->job.text));
    state->lock = open(path.text, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (state->lock < 0) {
        return COF_FAIL_ERRNO(err, errno, path.text);
    }
    if (flock(state->lock, LOCK_EX | LOCK_NB) != 0) {
        return COF_FAIL(err, BUSY, "another command is running this contract");
    }
    return COF_OK;
}

static cof_status write_state(const cof_run_state *state, const char *what, cof_err *err)
{
    cof_path path;
    char text[STATE_BYTES];
    COF_TRY(cof_path_format(&path, err, "%s/run.json", state->job.text));
    (void)snprintf(text, sizeof text, "{\"run\":\"%s\",\"state\":\"%s\"}", state->run, what);
    return cof_write_file(path.text, cof_view_text(text), 0600, err);
}

/* *out_open: there is a run that is not over; its name is then in state. */
static cof_status read_state(cof_run_state *state, bool *out_open, cof_err *err)
{
    cof_path path;
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    COF_JSON json_t *json = NULL;
    uint8_t run[RUN_BYTES];
    const char *what = NULL;
    *out_open = false;
    cof_buf_init(&text, STATE_BYTES);
    COF_TRY(cof_path_format(&path, err, "%s/run.json", state->job.text));
    if (access(path.text, F_OK) != 0) {
        return COF_OK;
    }
    COF_TRY(cof_read_file(path.text, &text, err));
    COF_TRY(cof_json_parse(cof_buf_view(&text), STATE_BYTES, &json, err));
    COF_TRY(cof_json_get_hex(json, "run", run, sizeof run, err));
    COF_TRY(cof_json_get_text(json, "state", 16, &what, err));
    cof_hex_text(cof_view_of(run, sizeof run), state->run);
    *out_open = strcmp(what, "open") == 0;
    return COF_OK;
}

cof_status cof_run_state_open(const char *job_path, bool new_run, cof_run_state *out, cof_err *err)
{
    bool is_open = false;
    out->lock = -1;
    COF_TRY(cof_path_format(&out->job, err, "%s", job_path));
    COF_TRY(take_lock(out, err));
    COF_TRY(read_state(out, &is_open, err));
    out->is_resumed = is_open && !new_run;
    if (!out->is_resumed) {
        uint8_t run[RUN_BYTES];
        COF_TRY(cof_random((cof_span){run, sizeof run}, err));
        cof_hex_text(cof_view_of(run, sizeof run), out->run);
    }
    COF_TRY(cof_path_format(&out->folder, err, "%s/runs/%s", job_path, out->run));
    COF_TRY(cof_make_folders(out->folder.text, err));
    return out->is_resumed ? COF_OK : write_state(out, "open", err);
}

cof_status cof_run_state_close(const cof_run_state *state, cof_err *err)
{
    return write_state(state, "done", err);
}

cof_status cof_run_state_is_open(const char *job_path, bool *out_open, cof_err *err)
{
    cof_run_state state = {.lock = -1};
    COF_TRY(cof_path_format(&state.job, err, "%s", job_path));
    return read_state(&state, out_open, err);
}
