/* What is kept of an upload that may break off. */
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/cof_tempdir.h"
#include "harness/cof_test.h"
#include "host/store/upload_state.h"

static const char first_id[] = "MDAwMDAwMDAwMDAwMDAwMGIwMDAwMDAw";
static const char second_id[] = "MDAwMDAwMDAwMDAwMDAwMGIwMDAwMDAx";

typedef struct fixture {
    char folder[COF_TEMPDIR_SIZE];
    cof_recipient recipients[2];
    cof_upload_subject subject;
} fixture;

static int set_up(void **state)
{
    static fixture f;
    cof_tempdir_make(f.folder);
    f.recipients[0] = (cof_recipient){.kid = "https://vault/keys/a/1"};
    f.recipients[1] = (cof_recipient){.kid = "https://vault/keys/b/1"};
    f.subject = (cof_upload_subject){.where = "azure:https://account/container",
                                     .name = "big.sealed",
                                     .source = "/data/big",
                                     .title = "big",
                                     .size = 10000000,
                                     .changed_s = 1700000000,
                                     .changed_ns = 5,
                                     .recipients = f.recipients,
                                     .recipient_count = 1};
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    cof_tempdir_remove(((fixture *)*state)->folder);
    return 0;
}

/* Opens; begins one that is new. */
static cof_upload_state *open_state(const fixture *f, bool restart, bool expect_new)
{
    cof_upload_state *state = NULL;
    bool is_new = !expect_new;
    assert_ok(cof_upload_state_open(f->folder, &f->subject, restart, &state, &is_new, NULL));
    assert_int_equal(is_new, expect_new);
    if (is_new) {
        assert_ok(cof_upload_state_begin(state, &f->subject, cof_view_text("wrapped"), NULL));
    }
    return state;
}

static cof_digest digest_of(const char *text)
{
    cof_digest digest = {0};
    assert_ok(cof_digest_of(cof_view_text(text), &digest, NULL));
    return digest;
}

/* The file of the state with this ending. */
static void find_file(const fixture *f, const char *ending, char *out, size_t size)
{
    char pattern[COF_TEMPDIR_SIZE + 20];
    glob_t found;
    (void)snprintf(pattern, sizeof pattern, "%s/*.%s", f->folder, ending);
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    assert_int_equal(found.gl_pathc, 1);
    (void)snprintf(out, size, "%s", found.gl_pathv[0]);
    globfree(&found);
}

static void a_state_is_found_again_as_it_was_begun(void **state)
{
    const fixture *f = *state;
    char writer[COF_AZURE_WRITER_ID_SIZE];
    uint8_t object_id[16];
    cof_upload_state *first = open_state(f, false, true);
    memcpy(writer, cof_upload_state_writer(first), sizeof writer);
    memcpy(object_id, cof_upload_state_object_id(first), sizeof object_id);
    cof_upload_state_free(first);
    cof_upload_state *second = open_state(f, false, false);
    assert_string_equal(cof_upload_state_writer(second), writer);
    assert_memory_equal(cof_upload_state_object_id(second), object_id, sizeof object_id);
    assert_view_text(cof_upload_state_wrapped(second), "wrapped");
    cof_upload_state_finish(second);
    cof_upload_state_free(second);
    cof_upload_state *third = open_state(f, false, true);
    assert_string_not_equal(cof_upload_state_writer(third), writer);
    cof_upload_state_free(third);
}

static void a_block_may_be_sent_again_only_as_it_was(void **state)
{
    const fixture *f = *state;
    const cof_digest one = digest_of("one");
    const cof_digest two = digest_of("two");
    cof_upload_state *first = open_state(f, false, true);
    assert_ok(cof_upload_state_block(first, first_id, &one, NULL));
    assert_ok(cof_upload_state_block(first, second_id, &two, NULL));
    cof_upload_state_free(first);
    cof_upload_state *second = open_state(f, false, false);
    assert_status(cof_upload_state_block(second, first_id, &two, NULL), BUSY);
    assert_ok(cof_upload_state_block(second, first_id, &one, NULL));
    assert_ok(cof_upload_state_block(second, second_id, &two, NULL));
    cof_upload_state_free(second);
    cof_upload_state *anew = open_state(f, true, true);
    assert_ok(cof_upload_state_block(anew, first_id, &two, NULL));
    cof_upload_state_free(anew);
}

static void a_line_that_a_crash_cut_short_counts_for_nothing(void **state)
{
    const fixture *f = *state;
    const cof_digest one = digest_of("one");
    const cof_digest two = digest_of("two");
    char path[300];
    struct stat info;
    cof_upload_state *first = open_state(f, false, true);
    assert_ok(cof_upload_state_block(first, first_id, &one, NULL));
    assert_ok(cof_upload_state_block(first, second_id, &two, NULL));
    cof_upload_state_free(first);
    find_file(f, "blocks", path, sizeof path);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(truncate(path, info.st_size - 1), 0);
    cof_upload_state *second = open_state(f, false, false);
    assert_ok(cof_upload_state_block(second, first_id, &one, NULL));
    assert_ok(cof_upload_state_block(second, second_id, &one, NULL)); /* it was never sent */
    cof_upload_state_free(second);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_size, 2 * 98);
    assert_int_equal(truncate(path, 97), 0);
    FILE *file = fopen(path, "r+");
    assert_non_null(file);
    for (int i = 0; i < 98; i++) {
        assert_int_equal(fputc('x', file), 'x');
    }
    assert_int_equal(fclose(file), 0);
    cof_upload_state *third = NULL;
    bool is_new = false;
    assert_status(cof_upload_state_open(f->folder, &f->subject, false, &third, &is_new, NULL),
                  BAD_FORMAT);
}

static void whatever_changed_is_named(void **state)
{
    fixture *f = *state;
    cof_upload_state_free(open_state(f, false, true));
    const cof_upload_subject same = f->subject;
    cof_upload_subject others[] = {same, same, same, same, same, same};
    const char *const said[] = {"size",     "was written", "was written", "the object's name",
                                "for whom", "for whom"};
    const cof_recipient other = {.kid = "https://vault/keys/c/1"};
    others[0].size++;
    others[1].changed_s++;
    others[2].changed_ns++;
    others[3].title = "other";
    others[4].recipient_count = 2;
    others[5].recipients = &other;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        cof_upload_state *found = NULL;
        bool is_new = false;
        cof_err err = {0};
        assert_status(cof_upload_state_open(f->folder, &others[i], false, &found, &is_new, &err),
                      BUSY);
        assert_non_null(strstr(err.detail, said[i]));
    }
    cof_upload_subject elsewhere = same;
    elsewhere.name = "other.sealed"; /* another upload, with a state of its own */
    f->subject = elsewhere;
    cof_upload_state_free(open_state(f, false, true));
    f->subject = same;
    cof_upload_state_free(open_state(f, false, false));
}

static void two_processes_cannot_take_up_one_upload(void **state)
{
    const fixture *f = *state;
    cof_upload_state *first = open_state(f, false, true);
    cof_upload_state *second = NULL;
    bool is_new = false;
    assert_status(cof_upload_state_open(f->folder, &f->subject, false, &second, &is_new, NULL),
                  BUSY);
    cof_upload_state_free(first);
    cof_upload_state_free(open_state(f, false, false));
}

static void a_state_that_is_none_is_refused(void **state)
{
    const fixture *f = *state;
    static const char *const texts[] = {"", "[]", "{}", "{\"coffer\":\"upload/v1\"}", "\xff"};
    char path[300];
    cof_upload_state_free(open_state(f, false, true));
    find_file(f, "json", path, sizeof path);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cof_upload_state *found = NULL;
        bool is_new = false;
        assert_ok(cof_write_file(path, cof_view_text(texts[i]), 0600, NULL));
        assert_int_not_equal(
            cof_upload_state_open(f->folder, &f->subject, false, &found, &is_new, NULL), COF_OK);
    }
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
#define STATE_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        STATE_TEST(a_state_is_found_again_as_it_was_begun),
        STATE_TEST(a_block_may_be_sent_again_only_as_it_was),
        STATE_TEST(a_line_that_a_crash_cut_short_counts_for_nothing),
        STATE_TEST(whatever_changed_is_named),
        STATE_TEST(two_processes_cannot_take_up_one_upload),
        STATE_TEST(a_state_that_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
