/* What is special of a store in a folder: crashes, links, several processes. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/cof_tempdir.h"
#include "harness/cof_test.h"
#include "host/store/dir_store.h"

typedef struct fixture {
    char path[COF_TEMPDIR_SIZE];
    cof_blob_store *store;
} fixture;

static int open_store(void **state)
{
    static fixture f;
    cof_tempdir_make(f.path);
    *state = &f;
    return cof_dir_store_open(f.path, &f.store, NULL) == COF_OK ? 0 : -1;
}

static int close_store(void **state)
{
    fixture *f = *state;
    cof_blob_store_free(f->store);
    cof_tempdir_remove(f->path);
    return 0;
}

/* Entries of a sub-folder of the fixture's folder, without "." and "..". */
static int count_entries(const fixture *f, const char *sub)
{
    char path[2 * COF_TEMPDIR_SIZE];
    (void)snprintf(path, sizeof path, "%s/%s", f->path, sub);
    DIR *folder = opendir(path);
    assert_non_null(folder);
    int count = -2;
    while (readdir(folder) != NULL) {
        count++;
    }
    (void)closedir(folder);
    return count;
}

static void assert_blob(cof_blob_store *store, const char *name, const char *text)
{
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 1000};
    assert_ok(cof_blob_get(store, name, &out, NULL));
    assert_view_text(cof_buf_view(&out), text);
}

/* A visitor that fails, so that any blob is noticed. */
static cof_status refuse_any(void *context, const char *name, uint64_t size, cof_err *err)
{
    (void)context;
    (void)size;
    return COF_FAIL(err, EXISTS, "%s", name);
}

/* A process that dies in the middle of a write, as by kill -9. */
static void die_while_writing(const fixture *f, const char *name)
{
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        cof_blob_writer *writer = NULL;
        if (cof_blob_begin(f->store, name, 0, &writer, NULL) == COF_OK &&
            cof_blob_write(writer, cof_view_text("half"), NULL) == COF_OK) {
            (void)raise(SIGKILL);
        }
        _exit(1);
    }
    int how = 0;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
}

static void what_a_crash_left_behind_is_removed_on_open(void **state)
{
    fixture *f = *state;
    assert_ok(cof_blob_put(f->store, "x/a", cof_view_text("old"), NULL));
    die_while_writing(f, "x/a");
    assert_int_equal(count_entries(f, "x"), 2);
    assert_blob(f->store, "x/a", "old");
    cof_blob_store *again = NULL;
    assert_ok(cof_dir_store_open(f->path, &again, NULL));
    assert_int_equal(count_entries(f, "x"), 1);
    assert_blob(again, "x/a", "old");
    cof_blob_store_free(again);
}

static void opening_leaves_a_running_writer_alone(void **state)
{
    fixture *f = *state;
    COF_CLEANUP(cof_blob_writer_drop_) cof_blob_writer *writer = NULL;
    assert_ok(cof_blob_begin(f->store, "x/a", 0, &writer, NULL));
    assert_ok(cof_blob_write(writer, cof_view_text("new"), NULL));
    cof_blob_store *again = NULL;
    assert_ok(cof_dir_store_open(f->path, &again, NULL));
    assert_ok(cof_blob_commit(writer, NULL));
    assert_blob(again, "x/a", "new");
    cof_blob_store_free(again);
}

static void what_is_being_written_is_not_listed(void **state)
{
    fixture *f = *state;
    COF_CLEANUP(cof_blob_writer_drop_) cof_blob_writer *writer = NULL;
    assert_ok(cof_blob_begin(f->store, "a", 0, &writer, NULL));
    assert_int_equal(count_entries(f, "."), 1);
    assert_ok(cof_blob_list(f->store, "", refuse_any, NULL, NULL));
}

static void links_are_not_followed(void **state)
{
    fixture *f = *state;
    char path[2 * COF_TEMPDIR_SIZE];
    uint64_t size = 0;
    (void)snprintf(path, sizeof path, "%s/link", f->path);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    (void)snprintf(path, sizeof path, "%s/folder", f->path);
    assert_int_equal(symlink("/etc", path), 0);
    assert_status(cof_blob_size(f->store, "link", &size, NULL), NOT_FOUND);
    assert_status(cof_blob_size(f->store, "folder/passwd", &size, NULL), NOT_FOUND);
    assert_status(cof_blob_put(f->store, "folder/coffer-test", (cof_view){0}, NULL), EXISTS);
    assert_int_equal(access("/etc/coffer-test", F_OK), -1);
    /* Writing to a link's name replaces the link and not what it points to. */
    assert_ok(cof_blob_put(f->store, "link", cof_view_text("mine"), NULL));
    assert_blob(f->store, "link", "mine");
    assert_ok(cof_blob_list(f->store, "folder", refuse_any, NULL, NULL));
}

static void what_is_no_regular_file_is_no_blob(void **state)
{
    fixture *f = *state;
    char path[2 * COF_TEMPDIR_SIZE];
    uint64_t size = 0;
    (void)snprintf(path, sizeof path, "%s/pipe", f->path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_status(cof_blob_size(f->store, "pipe", &size, NULL), NOT_FOUND);
    assert_ok(cof_blob_list(f->store, "", refuse_any, NULL, NULL));
}

static void blobs_and_folders_are_private(void **state)
{
    fixture *f = *state;
    char path[2 * COF_TEMPDIR_SIZE];
    struct stat info;
    assert_ok(cof_blob_put(f->store, "x/a", (cof_view){0}, NULL));
    (void)snprintf(path, sizeof path, "%s/x/a", f->path);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    (void)snprintf(path, sizeof path, "%s/x", f->path);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
}

static void a_missing_parent_is_not_made(void **state)
{
    fixture *f = *state;
    char path[2 * COF_TEMPDIR_SIZE];
    cof_blob_store *store = NULL;
    (void)snprintf(path, sizeof path, "%s/new", f->path);
    assert_ok(cof_dir_store_open(path, &store, NULL));
    cof_blob_store_free(store);
    store = NULL;
    (void)snprintf(path, sizeof path, "%s/missing/new", f->path);
    assert_status(cof_dir_store_open(path, &store, NULL), NOT_FOUND);
    assert_null(store);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
#define STORE_TEST(function) cmocka_unit_test_setup_teardown(function, open_store, close_store)
    const struct CMUnitTest tests[] = {
        STORE_TEST(what_a_crash_left_behind_is_removed_on_open),
        STORE_TEST(opening_leaves_a_running_writer_alone),
        STORE_TEST(what_is_being_written_is_not_listed),
        STORE_TEST(links_are_not_followed),
        STORE_TEST(what_is_no_regular_file_is_no_blob),
        STORE_TEST(blobs_and_folders_are_private),
        STORE_TEST(a_missing_parent_is_not_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
