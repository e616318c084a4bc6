/* The executable itself, confined: argument 1 is its path. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tcb/tensor/path.h"
#include "worker_kit.h"

#define JOB  COF_CLEANUP(kit_job_free) kit_job
#define PLAY COF_CLEANUP(kit_play_free) kit_play
#define BUF  COF_CLEANUP(cof_buf_free) cof_buf

static const char *program;

/* The value of a line of /proc/<pid>/status. */
static long status_line(pid_t pid, const char *name)
{
    char path[64];
    char line[256];
    long value = -1;
    (void)snprintf(path, sizeof path, "/proc/%ld/status", (long)pid);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':') {
            value = strtol(line + strlen(name) + 1, NULL, 10);
        }
    }
    (void)fclose(file);
    return value;
}

static void look_at_walls(kit_play *play)
{
    assert_int_equal(status_line(play->pid, "Seccomp"), 2);
    assert_int_equal(status_line(play->pid, "NoNewPrivs"), 1);
    *(bool *)play->context = true;
}

static void the_confined_program_does_the_whole_job(void **state)
{
    (void)state;
    JOB job;
    kit_job_make(&(kit_wish){.threads = 2}, &job);
    bool was_seen = false;
    PLAY play = {.job = &job, .program = program, .watch = look_at_walls, .context = &was_seen};
    kit_run(&play);
    assert_string_equal(play.failed, "");
    assert_true(was_seen);
    assert_true(play.is_done);
    assert_int_equal(play.exit_code, 0);
    PLAY library = {.job = &job};
    BUF expected = {0};
    BUF model = {0};
    kit_run(&library);
    kit_open(&library, 0, &expected);
    kit_open(&play, 0, &model);
    assert_true(cof_view_equal(cof_buf_view(&expected), cof_buf_view(&model)));
}

static void bytes_on_every_kernel_path_work_confined(void **state)
{
    (void)state;
    JOB job;
    kit_job_make(&(kit_wish){.has_idx = true, .threads = 2}, &job);
    for (uint8_t kernel = 0; kernel <= 3; kernel++) {
        if (kernel > 0 && !cof_path_is_available((cof_kernel_path)(kernel - 1))) {
            continue;
        }
        PLAY play = {.job = &job, .program = program, .kernel = kernel};
        kit_run(&play);
        assert_true(play.is_done);
        assert_int_equal(play.exit_code, 0);
    }
}

static void a_failure_is_one_status_and_its_exit_code(void **state)
{
    (void)state;
    JOB job;
    kit_job_make(&(kit_wish){.cell = "oops"}, &job);
    PLAY play = {.job = &job, .program = program};
    kit_run(&play);
    assert_string_equal(play.failed, "DATA_INVALID");
    assert_int_equal(play.exit_code, cof_status_describe(COF_E_DATA_INVALID)->exit_code);
}

static void a_job_may_use_the_memory_of_its_contract(void **state)
{
    (void)state;
    JOB job;
    kit_job_make(&(kit_wish){.memory = 16 * 1024 * 1024, .batch = 8192, .threads = 8}, &job);
    PLAY play = {.job = &job, .program = program};
    kit_run(&play);
    assert_string_equal(play.failed, "");
    assert_true(play.is_done);
}

static void kill_worker(kit_play *play)
{
    assert_int_equal(kill(play->pid, SIGKILL), 0);
}

static void a_killed_worker_leaves_nothing_but_a_closed_stream(void **state)
{
    (void)state;
    JOB job;
    kit_job_make(&(kit_wish){0}, &job);
    PLAY play = {.job = &job, .program = program, .watch = kill_worker};
    kit_run(&play);
    assert_true(play.is_closed);
    assert_int_equal(play.exit_code, -SIGKILL);
    assert_int_equal(play.output_count, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_confined_program_does_the_whole_job),
        cmocka_unit_test(bytes_on_every_kernel_path_work_confined),
        cmocka_unit_test(a_failure_is_one_status_and_its_exit_code),
        cmocka_unit_test(a_job_may_use_the_memory_of_its_contract),
        cmocka_unit_test(a_killed_worker_leaves_nothing_but_a_closed_stream),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    (void)signal(SIGPIPE, SIG_IGN);
    program = argc > 1 ? argv[1] : NULL;
    return program == NULL ? 1 : cmocka_run_group_tests(tests, kit_make_keys, kit_free_keys);
}
