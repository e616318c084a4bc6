/* A hostile worker: the agent's session over a socket pair, with a store in a folder and no
 * services. */
#include "host/agent/session.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/cof_tempdir.h"
#include "harness/cof_test.h"
#include "host/files/files.h"
#include "host/store/dir_store.h"
#include "tcb/wire/json.h"
#include "tcb/wire/writer.h"

/* Only what a session looks at: no reader has made this contract. */
static cof_contract contract = {.output_count = 1, .outputs = {{.name = "model"}}};
static const char run[] = "22222222222222222222222222222222";

typedef struct rig {
    char folder[COF_TEMPDIR_SIZE];
    cof_blob_store *store;
    cof_journal *journal;
    int events;
    cof_agent_config config;
    cof_timeline timeline;
    cof_interrupt interrupt;
    bool said;
} rig;

static void rig_open(rig *out)
{
    cof_path path;
    *out = (rig){.interrupt = {.signal_fd = -1, .lifeline_fd = -1}};
    cof_tempdir_make(out->folder);
    assert_ok(cof_path_format(&path, NULL, "%s/store", out->folder));
    assert_ok(cof_dir_store_open(path.text, &out->store, NULL));
    assert_ok(cof_path_format(&path, NULL, "%s/journal", out->folder));
    assert_ok(cof_journal_open(path.text, "11", run, &out->journal, NULL));
    out->events = open("/dev/null", O_WRONLY | O_CLOEXEC);
    out->timeline.fd = out->events;
    out->config.run_hex = run;
}

static void rig_close(rig *self)
{
    cof_journal_free(self->journal);
    cof_blob_store_free(self->store);
    (void)close(self->events);
    cof_tempdir_remove(self->folder);
}

/* Runs a session against a worker that says these bytes, whatever it hears. */
static cof_status play(rig *self, cof_view script)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(write(ends[1], script.data, script.size), script.size);
    (void)shutdown(ends[1], SHUT_WR);
    const cof_session_parts parts = {.config = &self->config,
                                     .contract = &contract,
                                     .contract_text = cof_view_text("{}"),
                                     .evidence_type = "simulated",
                                     .store = self->store,
                                     .journal = self->journal,
                                     .timeline = &self->timeline,
                                     .interrupt = &self->interrupt};
    self->said = false;
    const cof_status status = cof_session_run(&parts, ends[0], &self->said, NULL);
    (void)close(ends[0]);
    (void)close(ends[1]);
    return status;
}

static void add(cof_buf *script, uint8_t type, const void *payload, size_t size)
{
    assert_ok(cof_write_u32le(script, (uint32_t)size + 1, NULL));
    assert_ok(cof_write_u8(script, type, NULL));
    assert_ok(cof_buf_append(script, cof_view_of(payload, size), NULL));
}

static void add_text(cof_buf *script, uint8_t type, const char *text)
{
    add(script, type, text, strlen(text));
}

static void the_workers_own_word_is_passed_on(void **state)
{
    (void)state;
    COF_CLEANUP(rig_close) rig self;
    COF_CLEANUP(cof_buf_free) cof_buf script = {.limit = 4096};
    rig_open(&self);
    add_text(&script, COF_FRAME_EVENT, "{\"event\":\"attested\",\"n\":0}");
    add_text(&script, COF_FRAME_FAILED, "KEY_MISMATCH");
    assert_status(play(&self, cof_buf_view(&script)), KEY_MISMATCH);
    assert_true(self.said);
    cof_blob_name name;
    COF_CLEANUP(cof_buf_free) cof_buf log = {.limit = 4096};
    assert_ok(cof_name_of_run(&contract.digest, run, COF_NAME_LOG, &name, NULL));
    assert_ok(cof_blob_get(self.store, name.text, &log, NULL));
    assert_view_text(cof_buf_view(&log), "{\"event\":\"attested\",\"n\":0}\n");
}

static void a_stream_that_ends_is_a_death(void **state)
{
    (void)state;
    COF_CLEANUP(rig_close) rig self;
    rig_open(&self);
    assert_status(play(&self, (cof_view){0}), WORKER_DIED);
    assert_false(self.said);
    assert_status(play(&self, cof_view_text("\x20\0\0")), WORKER_DIED);
}

static void frames_and_words_that_are_out_of_place_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint8_t type;
        const char *payload;
    } cases[] = {
        {COF_FRAME_ASK_KEY, "\1\1"},
        {COF_FRAME_ASK_CHECKPOINT, ""},
        {COF_FRAME_ASK_INPUT, "\1\1\1\1"},
        {COF_FRAME_PUT, "\2\5model"},
        {COF_FRAME_PUT_DATA, "x"},
        {COF_FRAME_DONE, ""},
        {COF_FRAME_START, "0123456789012345678901234567890"},
        {COF_FRAME_EVIDENCE, "\1\1\1\1\1\1"},
        {COF_FRAME_EVENT, "{\"event\":\"succeeded\",\"n\":0}"}, /* not the worker's to say */
        {COF_FRAME_EVENT, "{\"event\":\"unheard-of\",\"n\":0}"},
        {COF_FRAME_EVENT, "[]"},
        {COF_FRAME_FAILED, "OK"},
        {COF_FRAME_FAILED, "NO_SUCH_STATUS"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        COF_CLEANUP(rig_close) rig self;
        COF_CLEANUP(cof_buf_free) cof_buf script = {.limit = 4096};
        rig_open(&self);
        add_text(&script, cases[i].type, cases[i].payload);
        assert_status(play(&self, cof_buf_view(&script)), PROTOCOL);
    }
}

/* A worker that has shown evidence and was asked for nothing more. */
static void add_opening(cof_buf *script)
{
    static const uint8_t evidence[] = "\x02\0\0\0{}\x09simulatedquote";
    add(script, COF_FRAME_EVIDENCE, evidence, sizeof evidence - 1);
    add_text(script, COF_FRAME_ASK_CHECKPOINT, "");
}

static void add_put(cof_buf *script, uint8_t kind, const char *name, const char *bytes,
                    bool is_right)
{
    char start[64];
    cof_digest digest;
    const int size = snprintf(start, sizeof start, "%c%c%s", kind, (int)strlen(name), name);
    add(script, COF_FRAME_PUT, start, (size_t)size);
    add_text(script, COF_FRAME_PUT_DATA, bytes);
    assert_ok(cof_digest_of(cof_view_text(bytes), &digest, NULL));
    digest.bytes[5] ^= is_right ? 0 : 1;
    add(script, COF_FRAME_PUT_END, digest.bytes, sizeof digest.bytes);
}

static void whole_objects_are_stored_and_a_newer_checkpoint_replaces_the_older(void **state)
{
    (void)state;
    COF_CLEANUP(rig_close) rig self;
    COF_CLEANUP(cof_buf_free) cof_buf script = {.limit = 4096};
    COF_CLEANUP(cof_buf_free) cof_buf found = {.limit = 4096};
    cof_blob_name name;
    rig_open(&self);
    add_opening(&script);
    add_put(&script, COF_PUT_CHECKPOINT, "checkpoint", "first", true);
    add_put(&script, COF_PUT_CHECKPOINT, "checkpoint", "second", true);
    add_put(&script, COF_PUT_OUTPUT, "model", "parameters", true);
    add_put(&script, COF_PUT_RECEIPT, "receipt", "{}", true);
    add_text(&script, COF_FRAME_DONE, "");
    assert_ok(play(&self, cof_buf_view(&script)));
    assert_ok(cof_name_of_run(&contract.digest, run, COF_NAME_CHECKPOINT, &name, NULL));
    assert_ok(cof_blob_get(self.store, name.text, &found, NULL));
    assert_view_text(cof_buf_view(&found), "second");
    assert_int_equal(cof_journal_now(self.journal)->checkpoints, 2);
}

static void an_object_whose_digest_is_wrong_is_not_stored(void **state)
{
    (void)state;
    COF_CLEANUP(rig_close) rig self;
    COF_CLEANUP(cof_buf_free) cof_buf script = {.limit = 4096};
    COF_CLEANUP(cof_buf_free) cof_buf found = {.limit = 4096};
    cof_blob_name name;
    rig_open(&self);
    add_opening(&script);
    add_put(&script, COF_PUT_CHECKPOINT, "checkpoint", "first", true);
    add_put(&script, COF_PUT_CHECKPOINT, "checkpoint", "second", false);
    assert_status(play(&self, cof_buf_view(&script)), DIGEST_MISMATCH);
    assert_ok(cof_name_of_run(&contract.digest, run, COF_NAME_CHECKPOINT, &name, NULL));
    assert_ok(cof_blob_get(self.store, name.text, &found, NULL));
    assert_view_text(cof_buf_view(&found), "first");
}

static void an_object_that_is_cut_short_leaves_the_older_one(void **state)
{
    (void)state;
    COF_CLEANUP(rig_close) rig self;
    COF_CLEANUP(cof_buf_free) cof_buf script = {.limit = 4096};
    rig_open(&self);
    add_opening(&script);
    add_put(&script, COF_PUT_CHECKPOINT, "checkpoint", "first", true);
    const size_t whole = script.size;
    add_put(&script, COF_PUT_CHECKPOINT, "checkpoint", "second", true);
    for (size_t size = whole; size < script.size; size++) {
        COF_CLEANUP(cof_buf_free) cof_buf found = {.limit = 4096};
        cof_blob_name name;
        assert_status(play(&self, cof_view_of(script.data, size)), WORKER_DIED);
        assert_ok(cof_name_of_run(&contract.digest, run, COF_NAME_CHECKPOINT, &name, NULL));
        assert_ok(cof_blob_get(self.store, name.text, &found, NULL));
        assert_view_text(cof_buf_view(&found), "first");
    }
}

static void a_worker_cannot_end_without_its_results_nor_put_others(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        COF_CLEANUP(rig_close) rig self;
        COF_CLEANUP(cof_buf_free) cof_buf script = {.limit = 4096};
        rig_open(&self);
        add_opening(&script);
        if (i == 0 || i == 1) {
            add_put(&script, i == 0 ? COF_PUT_OUTPUT : COF_PUT_RECEIPT,
                    i == 0 ? "model" : "receipt", "x", true);
            add_text(&script, COF_FRAME_DONE, "");
        } else if (i == 2) {
            add_put(&script, COF_PUT_OUTPUT, "other", "x", true);
        } else if (i == 3) {
            add_put(&script, 4, "model", "x", true);
        } else {
            add(&script, COF_FRAME_PUT, "\2\6model", 7);
        }
        assert_status(play(&self, cof_buf_view(&script)), PROTOCOL);
    }
}

static void an_asked_stop_a_lifeline_and_a_deadline_end_a_session(void **state)
{
    (void)state;
    COF_CLEANUP(rig_close) rig self;
    int pipe_ends[2];
    rig_open(&self);
    assert_int_equal(pipe(pipe_ends), 0);
    self.interrupt.signal_fd = pipe_ends[0];
    assert_int_equal(write(pipe_ends[1], "x", 1), 1);
    assert_status(play(&self, (cof_view){0}), CANCELLED);
    assert_false(self.interrupt.is_abandoned);
    char byte;
    assert_int_equal(read(pipe_ends[0], &byte, 1), 1);
    self.interrupt = (cof_interrupt){.signal_fd = -1, .lifeline_fd = pipe_ends[0]};
    (void)close(pipe_ends[1]);
    assert_status(play(&self, (cof_view){0}), CANCELLED);
    assert_true(self.interrupt.is_abandoned);
    (void)close(pipe_ends[0]);
    self.interrupt = (cof_interrupt){.signal_fd = -1, .lifeline_fd = -1, .deadline_unix_s = 1};
    assert_status(play(&self, (cof_view){0}), TIMEOUT);
}

static void names_of_objects_cannot_leave_the_runs_folder(void **state)
{
    (void)state;
    static const char *const names[] = {"../x", "a/../b", "..", "", "a b", "a//b"};
    cof_blob_name name;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char tail[64];
        (void)snprintf(tail, sizeof tail, "%s/x", names[i]);
        assert_status(cof_name_of_run(&contract.digest, run, tail, &name, NULL), BAD_ARGUMENT);
    }
    assert_ok(cof_name_output(&contract.digest, run, "model", &name, NULL));
    assert_non_null(strstr(name.text, "/outputs/model.sealed"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_workers_own_word_is_passed_on),
        cmocka_unit_test(a_stream_that_ends_is_a_death),
        cmocka_unit_test(frames_and_words_that_are_out_of_place_are_refused),
        cmocka_unit_test(whole_objects_are_stored_and_a_newer_checkpoint_replaces_the_older),
        cmocka_unit_test(an_object_whose_digest_is_wrong_is_not_stored),
        cmocka_unit_test(an_object_that_is_cut_short_leaves_the_older_one),
        cmocka_unit_test(a_worker_cannot_end_without_its_results_nor_put_others),
        cmocka_unit_test(an_asked_stop_a_lifeline_and_a_deadline_end_a_session),
        cmocka_unit_test(names_of_objects_cannot_leave_the_runs_folder),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
