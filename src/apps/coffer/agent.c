#include "apps/coffer/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "apps/coffer/agent_job.h"
#include "apps/coffer/spawn.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"

enum { LINE_BYTES = 256 * 1024, PIECE_BYTES = 16 * 1024, DEATHS_WITHOUT_PROGRESS = 5 };

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    interrupted = 1;
}

/* Without SA_RESTART, so that a read of the agent's events ends. */
static void watch_interrupts(void)
{
    struct sigaction action = {.sa_handler = on_interrupt};
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

/* Hands on every whole line in the buffer, and keeps the rest. */
static cof_status take_lines(cof_buf *lines, cof_progress_view *view, cof_err *err)
{
    size_t start = 0;
    for (size_t i = 0; i < lines->size; i++) {
        if (lines->data[i] != '\n') {
            continue;
        }
        COF_JSON json_t *event = NULL;
        COF_TRY(
            cof_json_parse(cof_view_of(lines->data + start, i - start), LINE_BYTES, &event, err));
        cof_progress_event(view, event);
        start = i + 1;
    }
    memmove(lines->data, lines->data + start, lines->size - start);
    lines->size -= start;
    return COF_OK;
}

static cof_status follow(int fd, cof_progress_view *view, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf lines = {0};
    cof_buf_init(&lines, LINE_BYTES);
    for (;;) {
        uint8_t *place = NULL;
        COF_TRY(cof_buf_extend(&lines, PIECE_BYTES, &place, err));
        const ssize_t got = interrupted != 0 ? 0 : read(fd, place, PIECE_BYTES);
        lines.size -= PIECE_BYTES - (got > 0 ? (size_t)got : 0);
        if (got == 0 || (got < 0 && errno != EINTR)) {
            return COF_OK;
        }
        if (got > 0) {
            COF_TRY(take_lines(&lines, view, err));
        }
    }
}

/* One life of an agent. It ends, and kills its worker, when this program ends. */
static cof_status live(const char *config, cof_progress_view *view, int *out_code, cof_err *err)
{
    int events[2];
    int life[2];
    char life_text[16];
    pid_t pid = 0;
    if (pipe2(events, O_CLOEXEC) != 0) {
        return COF_FAIL_ERRNO(err, errno, "pipe");
    }
    COF_CLEANUP(cof_fd_drop_) int events_read = events[0];
    COF_CLEANUP(cof_fd_drop_) int events_write = events[1];
    if (pipe2(life, O_CLOEXEC) != 0) {
        return COF_FAIL_ERRNO(err, errno, "pipe");
    }
    COF_CLEANUP(cof_fd_drop_) int life_read = life[0];
    COF_CLEANUP(cof_fd_drop_) int life_write = life[1];
    (void)snprintf(life_text, sizeof life_text, "%d", life_read);
    const cof_spawn spawn = {.program = "coffer-agent",
                             .arguments = {"--job", config, "--lifeline-fd", life_text},
                             .output_fd = events_write,
                             .error_fd = -1,
                             .keep = {life_read, -1}};
    COF_TRY(cof_spawn_start(&spawn, &pid, err));
    cof_fd_drop_(&events_write);
    cof_fd_drop_(&life_read);
    const cof_status followed = follow(events_read, view, err);
    cof_fd_drop_(&life_write);
    COF_TRY(cof_spawn_wait(pid, out_code, err));
    return followed;
}

cof_status cof_agent_drive(const cof_agent_run *run, cof_progress_view *view, cof_err *err)
{
    enum { SIGNALLED = 128 };
    cof_path config;
    COF_TRY(cof_path_format(&config, err, "%s/agent.json", run->run_folder));
    COF_TRY(cof_agent_job_write(run, config.text, err));
    watch_interrupts();
    for (int deaths = 0; deaths < DEATHS_WITHOUT_PROGRESS; deaths++) {
        int code = 0;
        view->checkpoints = 0;
        view->failure = COF_OK;
        COF_TRY(live(config.text, view, &code, err));
        if (interrupted != 0) {
            return COF_FAIL(err, CANCELLED,
                            "interrupted; the same command goes on where this one stopped");
        }
        if (code == 0) {
            return COF_OK;
        }
        if (view->failure != COF_OK) {
            return cof_err_set(err, view->failure, __FILE__, __LINE__, "%s", view->failure_detail);
        }
        if (code < SIGNALLED) {
            return COF_FAIL(err, INTERNAL, "the agent ended with code %d and no reason", code);
        }
        cof_output_line(view->output, COF_TONE_DIM,
                        "     the agent was killed (signal %d); starting it again",
                        code - SIGNALLED);
        deaths = view->checkpoints > 0 ? 0 : deaths;
    }
    return COF_FAIL(err, WORKER_DIED, "the agent was killed %d times without getting further",
                    (int)DEATHS_WITHOUT_PROGRESS);
}
