/* Whole jobs in which one allocation of the worker fails. */
#include <string.h>

#include "harness/cof_alloc_fail.h"
#include "worker_kit.h"

/* What a test and its worker's thread tell each other. */
typedef struct injection {
    unsigned long n;
    bool has_failed;
} injection;

static void begin(kit_play *play)
{
    cof_alloc_fail_at(((injection *)play->context)->n);
}

static void end(kit_play *play)
{
    ((injection *)play->context)->has_failed = cof_alloc_fail_stop();
}

/*
 * The worker ends with a status, or without having needed that memory with the same result as ever.
 * It never crashes, and never says DONE for less. n grows by a sixteenth: every allocation of the
 * beginning, a sample of the rest.
 */
static void a_failed_allocation_ends_the_job_with_a_status_or_changes_nothing(void **state)
{
    (void)state;
    kit_job job;
    kit_job_make(&(kit_wish){.epochs = 2, .every_epochs = 1}, &job);
    injection none = {0};
    kit_play reference = {.job = &job, .context = &none, .before = begin, .after = end};
    COF_CLEANUP(cof_buf_free) cof_buf model = {0};
    kit_run(&reference);
    assert_true(reference.is_done);
    kit_open(&reference, 0, &model);
    bool was_needed = true;
    unsigned long failures = 0;
    for (unsigned long n = 1; was_needed; n += 1 + n / 16) {
        injection one = {.n = n};
        kit_play play = {.job = &job, .context = &one, .before = begin, .after = end};
        kit_run(&play);
        was_needed = one.has_failed;
        failures += was_needed ? 1 : 0;
        assert_int_equal(play.is_done, play.status == COF_OK);
        if (play.is_done) {
            COF_CLEANUP(cof_buf_free) cof_buf same = {0};
            kit_open(&play, 0, &same);
            assert_true(cof_view_equal(cof_buf_view(&same), cof_buf_view(&model)));
        } else {
            assert_true(was_needed);
            assert_true(play.is_closed ||
                        strcmp(play.failed, cof_status_describe(play.status)->name) == 0);
        }
        kit_play_free(&play);
    }
    assert_true(failures > 40);
    kit_play_free(&reference);
    kit_job_free(&job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failed_allocation_ends_the_job_with_a_status_or_changes_nothing),
    };
    cof_alloc_fail_hook_jansson();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, kit_make_keys, kit_free_keys);
}
