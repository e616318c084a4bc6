#include "host/agent/journal.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/cof_tempdir.h"
#include "harness/cof_test.h"
#include "host/files/files.h"

static const char contract[] = "1111111111111111111111111111111111111111111111111111111111111111";
static const char run[] = "22222222222222222222222222222222";

static char folder[COF_TEMPDIR_SIZE];
static cof_path path;

static int set_up(void **state)
{
    (void)state;
    cof_tempdir_make(folder);
    return cof_path_format(&path, NULL, "%s/journal.jsonl", folder) == COF_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    cof_tempdir_remove(folder);
    return 0;
}

static cof_journal *reopen(cof_journal *journal)
{
    cof_journal_free(journal);
    journal = NULL;
    assert_ok(cof_journal_open(path.text, contract, run, &journal, NULL));
    return journal;
}

static void what_was_recorded_is_known_after_a_restart(void **state)
{
    (void)state;
    cof_journal *journal = reopen(NULL);
    const int64_t started = cof_journal_now(journal)->started_unix_s;
    assert_true(started > 0);
    assert_ok(cof_journal_launched(journal, NULL));
    assert_ok(cof_journal_died(journal, NULL));
    assert_ok(cof_journal_launched(journal, NULL));
    journal = reopen(journal);
    assert_int_equal(cof_journal_now(journal)->launches, 2);
    assert_int_equal(cof_journal_now(journal)->idle_deaths, 1);
    assert_int_equal(cof_journal_now(journal)->started_unix_s, started);
    assert_ok(cof_journal_checkpointed(journal, NULL));
    assert_int_equal(cof_journal_now(journal)->idle_deaths, 0);
    assert_ok(cof_journal_saved(journal, NULL));
    journal = reopen(journal);
    assert_int_equal(cof_journal_now(journal)->checkpoints, 1);
    assert_true(cof_journal_now(journal)->is_saved);
    assert_false(cof_journal_now(journal)->is_over);
    assert_ok(cof_journal_over(journal, COF_E_TAG_MISMATCH, NULL));
    journal = reopen(journal);
    assert_true(cof_journal_now(journal)->is_over);
    assert_string_equal(cof_journal_now(journal)->final_status, "TAG_MISMATCH");
    cof_journal_free(journal);
}

static void a_crash_at_any_byte_of_a_record_loses_that_record_only(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 4096};
    cof_journal *journal = reopen(NULL);
    assert_ok(cof_journal_launched(journal, NULL));
    struct stat before;
    assert_int_equal(stat(path.text, &before), 0);
    assert_ok(cof_journal_died(journal, NULL));
    cof_journal_free(journal);
    assert_ok(cof_read_file(path.text, &text, NULL));
    for (size_t size = (size_t)before.st_size; size < text.size; size++) {
        assert_ok(cof_write_file(path.text, cof_view_of(text.data, size), 0600, NULL));
        journal = reopen(NULL);
        assert_int_equal(cof_journal_now(journal)->launches, 1);
        assert_int_equal(cof_journal_now(journal)->idle_deaths, 0);
        assert_ok(cof_journal_died(journal, NULL));
        journal = reopen(journal);
        assert_int_equal(cof_journal_now(journal)->idle_deaths, 1);
        cof_journal_free(journal);
    }
}

static void a_journal_of_another_run_or_contract_is_refused(void **state)
{
    (void)state;
    cof_journal *journal = reopen(NULL);
    cof_journal *other = NULL;
    cof_journal_free(journal);
    assert_status(
        cof_journal_open(path.text, contract, "33333333333333333333333333333333", &other, NULL),
        CONFIG);
    assert_status(cof_journal_open(path.text, "44", run, &other, NULL), CONFIG);
    assert_null(other);
}

static void one_agent_holds_a_journal(void **state)
{
    (void)state;
    cof_journal *journal = reopen(NULL);
    cof_journal *other = NULL;
    assert_status(cof_journal_open(path.text, contract, run, &other, NULL), BUSY);
    cof_journal_free(journal);
    assert_ok(cof_journal_open(path.text, contract, run, &other, NULL));
    cof_journal_free(other);
}

static void a_whole_line_that_is_no_record_is_refused(void **state)
{
    (void)state;
    static const char *const lines[] = {"{\"record\":\"more\",\"time\":1}\n", "[]\n", "no\n",
                                        "{\"time\":1}\n"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 4096};
        cof_journal *journal = NULL;
        (void)unlink(path.text);
        cof_journal_free(reopen(NULL));
        assert_ok(cof_read_file(path.text, &text, NULL));
        assert_ok(cof_buf_append_text(&text, lines[i], NULL));
        assert_ok(cof_write_file(path.text, cof_buf_view(&text), 0600, NULL));
        assert_int_not_equal(cof_journal_open(path.text, contract, run, &journal, NULL), COF_OK);
    }
}

static void nobody_else_can_read_a_journal(void **state)
{
    (void)state;
    struct stat facts;
    cof_journal_free(reopen(NULL));
    assert_int_equal(stat(path.text, &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0600);
}

static void a_link_in_its_place_is_not_followed(void **state)
{
    (void)state;
    cof_journal *journal = NULL;
    assert_int_equal(symlink("/dev/null", path.text), 0);
    assert_int_not_equal(cof_journal_open(path.text, contract, run, &journal, NULL), COF_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_recorded_is_known_after_a_restart),
        TEST(a_crash_at_any_byte_of_a_record_loses_that_record_only),
        TEST(a_journal_of_another_run_or_contract_is_refused),
        TEST(one_agent_holds_a_journal),
        TEST(a_whole_line_that_is_no_record_is_refused),
        TEST(nobody_else_can_read_a_journal),
        TEST(a_link_in_its_place_is_not_followed),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
