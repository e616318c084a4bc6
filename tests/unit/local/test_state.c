#include "local_fixture.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "local/state/trail.h"
#include "tcb/wire/json.h"

static cof_status reopen(local_fixture *f)
{
    cof_state_free(f->state);
    f->state = NULL;
    return cof_state_open(f->home, fixture_clock, &f->state, NULL);
}

static void tenant_and_port_stay(void **state)
{
    local_fixture *f = *state;
    char tenant[64];
    assert_int_equal(cof_state_port(f->state), 0);
    assert_string_equal(cof_state_base(f->state), "");
    (void)snprintf(tenant, sizeof tenant, "%s", cof_state_tenant(f->state));
    assert_ok(cof_state_set_port(f->state, 8443, NULL));
    assert_ok(reopen(f));
    assert_int_equal(cof_state_port(f->state), 8443);
    assert_string_equal(cof_state_tenant(f->state), tenant);
    assert_string_equal(cof_state_base(f->state), "https://localhost:8443");
}

static void a_second_opener_is_refused(void **state)
{
    local_fixture *f = *state;
    cof_state *second = NULL;
    assert_status(cof_state_open(f->home, fixture_clock, &second, NULL), BUSY);
    assert_null(second);
    assert_ok(reopen(f));
}

static void a_folder_that_others_may_enter_is_refused(void **state)
{
    local_fixture *f = *state;
    char path[512];
    (void)snprintf(path, sizeof path, "%s/local", f->home);
    assert_int_equal(chmod(path, 0750), 0);
    assert_status(reopen(f), PERMISSION);
    assert_int_equal(chmod(path, 0700), 0);
}

static void settings_of_another_kind_are_refused(void **state)
{
    local_fixture *f = *state;
    static const char *const texts[] = {
        "",
        "{}",
        "[]",
        "{\"coffer\":\"local/v2\",\"tenant\":\"x\",\"port\":1}",
        "{\"coffer\":\"local/v1\",\"tenant\":\"x\",\"port\":1}",
        "{\"coffer\":\"local/v1\",\"tenant\":\"7c502f91-7ee5-4498-9857-c25d6ee618e0\",\"port\":0}"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char path[512];
        (void)snprintf(path, sizeof path, "%s/local/settings.json", f->home);
        assert_ok(cof_write_file(path, cof_view_text(texts[i]), 0600, NULL));
        assert_true(reopen(f) != COF_OK);
    }
}

static void files_are_private(void **state)
{
    const local_fixture *f = *state;
    struct stat info;
    cof_path path;
    assert_ok(cof_state_make_folder(f->state, "a/b", NULL));
    assert_ok(cof_state_write(f->state, "a/b/c", cof_view_text("x"), NULL));
    assert_ok(cof_state_path(f->state, "a/b/c", &path, NULL));
    assert_int_equal(stat(path.text, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_ok(cof_state_path(f->state, "a/b", &path, NULL));
    assert_int_equal(stat(path.text, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
}

static void the_trail_grows_by_one_line_a_record(void **state)
{
    const local_fixture *f = *state;
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 4096};
    COF_CLEANUP(cof_trail_drop_) cof_trail *trail = NULL;
    assert_ok(cof_trail_open(f->state, &trail, NULL));
    assert_ok(cof_trail_add(trail, json_pack("{s:o}", "what", cof_trail_text("a\nb\xff")), NULL));
    assert_ok(cof_trail_add(trail, json_pack("{s:i}", "n", 2), NULL));
    assert_status(cof_trail_add(trail, NULL, NULL), NO_MEMORY);
    assert_ok(cof_state_read(f->state, "audit.jsonl", &text, NULL));
    assert_view_text(cof_buf_view(&text),
                     "{\"what\":\"a?b?\",\"time\":1000000}\n{\"n\":2,\"time\":1000000}\n");
}

static void a_torn_line_is_ended_before_the_next(void **state)
{
    const local_fixture *f = *state;
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 4096};
    COF_CLEANUP(cof_trail_drop_) cof_trail *trail = NULL;
    assert_ok(cof_state_write(f->state, "audit.jsonl", cof_view_text("{\"half"), NULL));
    assert_ok(cof_trail_open(f->state, &trail, NULL));
    assert_ok(cof_trail_add(trail, json_pack("{s:i}", "n", 1), NULL));
    assert_ok(cof_state_read(f->state, "audit.jsonl", &text, NULL));
    assert_view_text(cof_buf_view(&text), "{\"half\n{\"n\":1,\"time\":1000000}\n");
}

static void a_record_cut_short_by_a_full_disk_does_not_spoil_the_next(void **state)
{
    const local_fixture *f = *state;
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 4096};
    COF_CLEANUP(cof_trail_drop_) cof_trail *trail = NULL;
    struct rlimit old;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    assert_ok(cof_trail_open(f->state, &trail, NULL));
    (void)signal(SIGXFSZ, SIG_IGN);
    const struct rlimit full = {.rlim_cur = 8, .rlim_max = old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
    const cof_status status = cof_trail_add(trail, json_pack("{s:i}", "n", 1), NULL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(status, COF_E_NO_SPACE);
    assert_ok(cof_trail_add(trail, json_pack("{s:i}", "n", 2), NULL));
    assert_ok(cof_state_read(f->state, "audit.jsonl", &text, NULL));
    assert_view_text(cof_buf_view(&text), "{\"n\":1,\"\n{\"n\":2,\"time\":1000000}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        local_test(tenant_and_port_stay),
        local_test(a_second_opener_is_refused),
        local_test(a_folder_that_others_may_enter_is_refused),
        local_test(settings_of_another_kind_are_refused),
        local_test(files_are_private),
        local_test(the_trail_grows_by_one_line_a_record),
        local_test(a_torn_line_is_ended_before_the_next),
        local_test(a_record_cut_short_by_a_full_disk_does_not_spoil_the_next),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
