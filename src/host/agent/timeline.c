#include "host/agent/timeline.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tcb/base/limits.h"
#include "tcb/wire/json.h"

static const cof_step_info steps[COF_STEP_COUNT] = {
#define COF_STEP(name, stage, who) [COF_STEP_##name] = {#name, stage, COF_BY_##who},
#include "host/agent/stages.def"
#undef COF_STEP
};

const cof_step_info *cof_step_describe(cof_step step)
{
    return &steps[step];
}

bool cof_step_from_name(const char *name, cof_step *out_step)
{
    for (int i = 0; i < COF_STEP_COUNT; i++) {
        if (strcmp(steps[i].name, name) == 0) {
            *out_step = (cof_step)i;
            return true;
        }
    }
    return false;
}

static cof_status write_line(int fd, cof_view line, cof_err *err)
{
    for (size_t done = 0; done < line.size;) {
        const ssize_t put = write(fd, line.data + done, line.size - done);
        if (put >= 0) {
            done += (size_t)put;
        } else if (errno == EPIPE) {
            return COF_FAIL(err, IO, "nobody reads the events");
        } else if (errno != EINTR) {
            return COF_FAIL_ERRNO(err, errno, "write an event");
        }
    }
    return COF_OK;
}

static cof_status write_event(cof_timeline *timeline, json_t *event, json_t *detail, cof_err *err)
{
    COF_TRY(
        cof_json_set(event, "detail", detail == NULL ? json_object() : json_incref(detail), err));
    COF_TRY(cof_json_set(event, "n", json_integer((json_int_t)timeline->n), err));
    COF_TRY(cof_json_set(event, "time", json_integer((json_int_t)time(NULL)), err));
    COF_CLEANUP(cof_buf_free) cof_buf line;
    cof_buf_init(&line, COF_LIMIT_JSON_BYTES);
    COF_TRY(cof_json_canonical(event, &line, err));
    COF_TRY(cof_buf_append_text(&line, "\n", err));
    timeline->n++;
    return write_line(timeline->fd, cof_buf_view(&line), err);
}

cof_status cof_timeline_step(cof_timeline *timeline, cof_step step, json_t *detail, cof_err *err)
{
    COF_JSON json_t *owned = detail;
    COF_JSON json_t *event = json_object();
    if (event == NULL) {
        return COF_FAIL(err, NO_MEMORY, "event");
    }
    COF_TRY(cof_json_set(event, "stage", json_integer(steps[step].stage), err));
    COF_TRY(cof_json_set(event, "step", json_string(steps[step].name), err));
    return write_event(timeline, event, owned, err);
}

cof_status cof_timeline_note(cof_timeline *timeline, const char *note, json_t *detail, cof_err *err)
{
    COF_JSON json_t *owned = detail;
    COF_JSON json_t *event = json_object();
    if (event == NULL) {
        return COF_FAIL(err, NO_MEMORY, "event");
    }
    COF_TRY(cof_json_set(event, "note", json_string(note), err));
    return write_event(timeline, event, owned, err);
}
