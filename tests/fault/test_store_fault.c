/* A full disk and a folder that cannot be written: a status, nothing half written, nothing lost. */
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/cof_tempdir.h"
#include "host/store/dir_store.h"
#include "host/store/seal_file.h"
#include "seal_kit.h"

enum { PATH_SIZE = 2 * COF_TEMPDIR_SIZE, LARGE = 3 << 20, DISK = 1 << 20 };

typedef struct fixture {
    char source[COF_TEMPDIR_SIZE]; /* has room */
    char folder[COF_TEMPDIR_SIZE]; /* the one that fails */
    char plain[PATH_SIZE];
    char sealed[PATH_SIZE]; /* in source */
    char target[PATH_SIZE]; /* in folder */
    cof_wrap_key wrap;
    cof_recipient job;
    cof_seal_request seal;
    cof_open_request open;
    cof_blob_store *store; /* on folder */
} fixture;

static cof_status find_key(void *context, const cof_front *front, cof_data_key *out, cof_err *err)
{
    return cof_front_key_job(front, context, out, err);
}

/* Files in the folder, without "." and "..". */
static int count_entries(const fixture *f)
{
    DIR *folder = opendir(f->folder);
    assert_non_null(folder);
    int count = -2;
    while (readdir(folder) != NULL) {
        count++;
    }
    (void)closedir(folder);
    return count;
}

static int make_fixture(void **state)
{
    static fixture f;
    memset(&f, 0, sizeof f);
    cof_tempdir_make(f.source);
    cof_tempdir_make(f.folder);
    (void)snprintf(f.plain, sizeof f.plain, "%s/plain", f.source);
    (void)snprintf(f.sealed, sizeof f.sealed, "%s/x.sealed", f.source);
    (void)snprintf(f.target, sizeof f.target, "%s/target", f.folder);
    f.wrap = kit_wrap_key(1);
    f.job = (cof_recipient){.kid = "job", .wrap = &f.wrap};
    f.seal = (cof_seal_request){.header = kit_header(COF_SEAL_DATASET, "cells"),
                                .recipients = &f.job,
                                .recipient_count = 1};
    f.open = (cof_open_request){.key = find_key, .key_context = &f.wrap};
    COF_CLEANUP(cof_buf_free) cof_buf plain = {.limit = LARGE};
    cof_sealed_file made = {0};
    kit_fill(&plain, LARGE, 1);
    FILE *file = fopen(f.plain, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(plain.data, 1, plain.size, file), plain.size);
    assert_int_equal(fclose(file), 0);
    assert_ok(cof_seal_file(f.plain, &f.seal, f.sealed, &made, NULL));
    *state = &f;
    return 0;
}

static int free_fixture(void **state)
{
    fixture *f = *state;
    cof_blob_store_free(f->store);
    f->store = NULL;
    (void)chmod(f->folder, 0700);
    cof_tempdir_remove(f->source);
    cof_tempdir_remove(f->folder);
    return 0;
}

/* Before: a small blob and a small target are there. */
static void put_small_things(fixture *f)
{
    assert_ok(cof_dir_store_open(f->folder, &f->store, NULL));
    assert_ok(cof_blob_put(f->store, "blob", cof_view_text("old"), NULL));
    assert_ok(cof_blob_put(f->store, "target", cof_view_text("old"), NULL));
}

static void assert_small_things_alone(const fixture *f)
{
    const char *const names[] = {"blob", "target"};
    for (size_t i = 0; i < 2; i++) {
        COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 100};
        assert_ok(cof_blob_get(f->store, names[i], &out, NULL));
        assert_view_text(cof_buf_view(&out), "old");
    }
    assert_int_equal(count_entries(f), 2);
}

/* Every way of writing meets the fault, and leaves everything as it was. */
static void assert_each_write_fails(const fixture *f, cof_status status)
{
    cof_sealed_file made = {0};
    assert_int_equal(cof_seal_file(f->plain, &f->seal, f->target, &made, NULL), status);
    assert_small_things_alone(f);
    assert_int_equal(cof_seal_file_to_store(f->plain, &f->seal, f->store, "blob", &made, NULL),
                     status);
    assert_small_things_alone(f);
    assert_int_equal(cof_seal_file_to_store(f->plain, &f->seal, f->store, "new", &made, NULL),
                     status);
    assert_small_things_alone(f);
    assert_int_equal(cof_open_file(f->sealed, &f->open, f->target, NULL), status);
    assert_small_things_alone(f);
}

/* A small disk of our own, in a mount namespace of our own. */
static bool mount_disk(const char *folder, const char *size)
{
    return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("none", folder, "tmpfs", 0, size) == 0;
}

/* Tried in a child, whose mount goes with it: whether this user may mount, and where "/" lets us.
 */
static bool can_mount(void)
{
    const pid_t child = fork();
    if (child == 0) {
        _exit(mount_disk("/tmp", "size=1m") ? 0 : 1);
    }
    int state = 0;
    return child > 0 && waitpid(child, &state, 0) == child && WIFEXITED(state) &&
           WEXITSTATUS(state) == 0;
}

static void a_full_disk_is_a_status_and_loses_nothing(void **state)
{
    fixture *f = *state;
    assert_true(mount_disk(f->folder, "size=1m"));
    put_small_things(f);
    assert_each_write_fails(f, COF_E_NO_SPACE);
    cof_blob_store_free(f->store);
    f->store = NULL;
    assert_int_equal(umount(f->folder), 0);
}

static void a_full_disk_while_rewrapping_keeps_the_old_file(void **state)
{
    fixture *f = *state;
    assert_true(mount_disk(f->folder, "size=5m"));
    cof_sealed_file made = {0};
    cof_wrap_key wrap = kit_wrap_key(2);
    const cof_recipient other = {.kid = "job", .wrap = &wrap};
    assert_ok(cof_seal_file(f->plain, &f->seal, f->target, &made, NULL));
    /* There is no room for a second copy. */
    assert_status(cof_rewrap_file(f->target, find_key, &f->wrap, &other, 1, NULL), NO_SPACE);
    assert_int_equal(count_entries(f), 1);
    f->open.expect.digest = &made.digest;
    char opened[PATH_SIZE];
    (void)snprintf(opened, sizeof opened, "%s/opened", f->source);
    assert_ok(cof_open_file(f->target, &f->open, opened, NULL));
    assert_int_equal(umount(f->folder), 0);
}

static void a_file_over_the_processs_limit_is_a_status_and_loses_nothing(void **state)
{
    fixture *f = *state;
    struct rlimit saved;
    put_small_things(f);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &saved), 0);
    (void)signal(SIGXFSZ, SIG_IGN);
    const struct rlimit small = {.rlim_cur = DISK, .rlim_max = saved.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_each_write_fails(f, COF_E_NO_SPACE);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &saved), 0);
    (void)signal(SIGXFSZ, SIG_DFL);
}

static void a_folder_that_cannot_be_written_is_a_status_and_loses_nothing(void **state)
{
    fixture *f = *state;
    enum { NOBODY = 65534 };
    put_small_things(f);
    assert_int_equal(chmod(f->folder, 0555), 0);
    /* Root may write anywhere: become somebody who may not, but may read all that is needed. */
    const bool is_root = geteuid() == 0;
    if (is_root) {
        char path[PATH_SIZE];
        assert_int_equal(chmod(f->source, 0755), 0);
        assert_int_equal(chmod(f->plain, 0644), 0);
        assert_int_equal(chmod(f->sealed, 0644), 0);
        (void)snprintf(path, sizeof path, "%s/blob", f->folder);
        assert_int_equal(chmod(path, 0644), 0);
        assert_int_equal(chmod(f->target, 0644), 0);
        assert_int_equal(seteuid(NOBODY), 0);
    }
    assert_each_write_fails(f, COF_E_PERMISSION);
    const cof_wrap_key wrap = kit_wrap_key(2);
    const cof_recipient other = {.kid = "job", .wrap = &wrap};
    assert_status(cof_blob_remove(f->store, "blob", NULL), PERMISSION);
    assert_int_equal(chmod(f->source, 0555), is_root ? -1 : 0);
    assert_status(cof_rewrap_file(f->sealed, find_key, &f->wrap, &other, 1, NULL), PERMISSION);
    assert_int_equal(seteuid(is_root ? 0 : geteuid()), 0);
    assert_int_equal(chmod(f->source, 0755), 0);
    assert_small_things_alone(f);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
#define FAULT_TEST(function) cmocka_unit_test_setup_teardown(function, make_fixture, free_fixture)
    const struct CMUnitTest tests[] = {
        FAULT_TEST(a_file_over_the_processs_limit_is_a_status_and_loses_nothing),
        FAULT_TEST(a_folder_that_cannot_be_written_is_a_status_and_loses_nothing),
        /* These need the right to mount; the first does the same with a limit. */
        FAULT_TEST(a_full_disk_is_a_status_and_loses_nothing),
        FAULT_TEST(a_full_disk_while_rewrapping_keeps_the_old_file),
    };
    enum { NEED_MOUNT = 2 };
    const size_t count = sizeof tests / sizeof tests[0] - (can_mount() ? 0 : NEED_MOUNT);
    return _cmocka_run_group_tests("store", tests, count, NULL, NULL);
}
