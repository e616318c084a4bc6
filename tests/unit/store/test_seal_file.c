#include "host/store/seal_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/cof_tempdir.h"
#include "host/store/dir_store.h"
#include "seal_kit.h"

enum { PATH_SIZE = 2 * COF_TEMPDIR_SIZE };

typedef struct fixture {
    char folder[COF_TEMPDIR_SIZE];
    char plain[PATH_SIZE];
    char sealed[PATH_SIZE];
    char opened[PATH_SIZE];
    cof_wrap_key wrap;
    cof_recipient job;
    cof_seal_request seal;
    cof_open_request open;
} fixture;

static cof_status find_key(void *context, const cof_front *front, cof_data_key *out, cof_err *err)
{
    return cof_front_key_job(front, context, out, err);
}

static int make_fixture(void **state)
{
    static fixture f;
    memset(&f, 0, sizeof f);
    cof_tempdir_make(f.folder);
    (void)snprintf(f.plain, sizeof f.plain, "%s/plain", f.folder);
    (void)snprintf(f.sealed, sizeof f.sealed, "%s/x.sealed", f.folder);
    (void)snprintf(f.opened, sizeof f.opened, "%s/opened", f.folder);
    f.wrap = kit_wrap_key(1);
    f.job = (cof_recipient){.kid = "job", .wrap = &f.wrap};
    f.seal = (cof_seal_request){.header = kit_header(COF_SEAL_DATASET, "cells"),
                                .recipients = &f.job,
                                .recipient_count = 1};
    f.open = (cof_open_request){.key = find_key, .key_context = &f.wrap};
    *state = &f;
    return 0;
}

static int free_fixture(void **state)
{
    cof_tempdir_remove(((fixture *)*state)->folder);
    return 0;
}

static void write_file(const char *path, cof_view bytes)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(bytes.size == 0 ? 0 : fwrite(bytes.data, 1, bytes.size, file), bytes.size);
    assert_int_equal(fclose(file), 0);
}

static void read_file(const char *path, cof_buf *out)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    int byte = 0;
    while ((byte = fgetc(file)) != EOF) {
        const uint8_t value = (uint8_t)byte;
        assert_ok(cof_buf_append(out, cof_view_of(&value, 1), NULL));
    }
    (void)fclose(file);
}

static void assert_missing(const char *path)
{
    assert_int_equal(access(path, F_OK), -1);
}

/* Writes size bytes to f->plain, and gives them. */
static void make_plain(const fixture *f, size_t size, cof_buf *out)
{
    cof_buf_init(out, 1 << 22);
    kit_fill(out, size, size + 1);
    write_file(f->plain, cof_buf_view(out));
}

static void assert_opened(const fixture *f, const cof_buf *plain)
{
    COF_CLEANUP(cof_buf_free) cof_buf opened = {.limit = 1 << 22};
    read_file(f->opened, &opened);
    assert_true(cof_view_equal(cof_buf_view(plain), cof_buf_view(&opened)));
}

static void a_file_of_any_size_opens_as_it_was(void **state)
{
    fixture *f = *state;
    const size_t sizes[] = {0,     1,         65535,   65536,
                            65537, 4 * 65536, 1 << 20, (1 << 20) + 65536 * 3 + 9};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        COF_CLEANUP(cof_buf_free) cof_buf plain = {0};
        cof_sealed_file made = {0};
        make_plain(f, sizes[i], &plain);
        assert_ok(cof_seal_file(f->plain, &f->seal, f->sealed, &made, NULL));
        assert_int_equal(made.plaintext_size, sizes[i]);
        f->open.expect.digest = &made.digest;
        f->open.expect.kind = COF_SEAL_DATASET;
        assert_ok(cof_open_file(f->sealed, &f->open, f->opened, NULL));
        assert_opened(f, &plain);
        struct stat info;
        assert_int_equal(stat(f->sealed, &info), 0);
        assert_int_equal(info.st_size, made.sealed_size);
        assert_int_equal(stat(f->opened, &info), 0);
        assert_int_equal(info.st_mode & 0777, 0600);
    }
}

static void a_store_takes_and_gives_the_same(void **state)
{
    fixture *f = *state;
    COF_CLEANUP(cof_buf_free) cof_buf plain = {0};
    COF_CLEANUP(cof_blob_store_drop_) cof_blob_store *store = NULL;
    char path[PATH_SIZE];
    cof_sealed_file made = {0};
    (void)snprintf(path, sizeof path, "%s/store", f->folder);
    assert_ok(cof_dir_store_open(path, &store, NULL));
    make_plain(f, 200000, &plain);
    assert_ok(cof_seal_file_to_store(f->plain, &f->seal, store, "in/cells", &made, NULL));
    f->open.expect.digest = &made.digest;
    assert_ok(cof_open_file_from_store(store, "in/cells", &f->open, f->opened, NULL));
    assert_opened(f, &plain);
    assert_ok(cof_seal_bytes_to_store(cof_buf_view(&plain), &f->seal, store, "b", &made, NULL));
    f->open.expect.digest = &made.digest;
    assert_ok(cof_open_file_from_store(store, "b", &f->open, f->opened, NULL));
    assert_opened(f, &plain);
    assert_status(cof_open_file_from_store(store, "c", &f->open, f->opened, NULL), NOT_FOUND);
}

/* What a progress callback does to the file that is being sealed. */
typedef struct meddler {
    const char *path;
    int how; /* 0: makes it longer, 1: shorter, 2: changes it in place */
    unsigned calls;
} meddler;

static void meddle(void *context, uint64_t done, uint64_t total)
{
    meddler *m = context;
    m->calls++;
    assert_true(done <= total);
    if (done == total && m->how == 1) {
        return;
    }
    const int fd = open(m->path, O_WRONLY);
    assert_true(fd >= 0);
    if (m->how == 0) {
        assert_int_equal(pwrite(fd, "x", 1, (off_t)total), 1);
    } else if (m->how == 1) {
        assert_int_equal(ftruncate(fd, (off_t)done), 0);
    } else {
        assert_int_equal(pwrite(fd, "x", 1, 0), 1);
    }
    assert_int_equal(close(fd), 0);
}

static void a_file_that_changes_while_it_is_sealed_is_refused(void **state)
{
    fixture *f = *state;
    for (int how = 0; how < 3; how++) {
        COF_CLEANUP(cof_buf_free) cof_buf plain = {0};
        cof_sealed_file made = {0};
        make_plain(f, 3 << 20, &plain);
        /* The clock of file times is coarse: an old time, so that a write shows. */
        const struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
        assert_int_equal(utimensat(AT_FDCWD, f->plain, old, 0), 0);
        meddler m = {.path = f->plain, .how = how};
        f->seal.progress = (cof_progress){meddle, &m};
        assert_status(cof_seal_file(f->plain, &f->seal, f->sealed, &made, NULL), BUSY);
        assert_true(m.calls > 0);
        assert_missing(f->sealed);
        f->seal.progress = (cof_progress){0};
        assert_ok(cof_seal_file(f->plain, &f->seal, f->sealed, &made, NULL));
        assert_int_equal(unlink(f->sealed), 0);
    }
}

static void what_is_no_regular_file_is_not_sealed(void **state)
{
    fixture *f = *state;
    cof_sealed_file made = {0};
    assert_status(cof_seal_file(f->plain, &f->seal, f->sealed, &made, NULL), NOT_FOUND);
    assert_status(cof_seal_file(f->folder, &f->seal, f->sealed, &made, NULL), BAD_ARGUMENT);
    assert_int_equal(mkfifo(f->plain, 0600), 0);
    assert_status(cof_seal_file(f->plain, &f->seal, f->sealed, &made, NULL), BAD_ARGUMENT);
    assert_missing(f->sealed);
}

/* Changes one byte of a file. */
static void flip(const char *path, long offset)
{
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, offset, offset < 0 ? SEEK_END : SEEK_SET), 0);
    const int byte = fgetc(file);
    assert_int_equal(fseek(file, offset, offset < 0 ? SEEK_END : SEEK_SET), 0);
    assert_int_not_equal(fputc(byte ^ 1, file), EOF);
    assert_int_equal(fclose(file), 0);
}

static void nothing_is_at_the_target_when_the_last_chunk_is_altered(void **state)
{
    fixture *f = *state;
    COF_CLEANUP(cof_buf_free) cof_buf plain = {0};
    COF_CLEANUP(cof_buf_free) cof_buf kept = {.limit = 100};
    cof_sealed_file made = {0};
    make_plain(f, 200000, &plain);
    assert_ok(cof_seal_file(f->plain, &f->seal, f->sealed, &made, NULL));
    assert_ok(cof_open_file(f->sealed, &f->open, f->opened, NULL));
    assert_int_equal(unlink(f->opened), 0);
    flip(f->sealed, -1);
    assert_status(cof_open_file(f->sealed, &f->open, f->opened, NULL), TAG_MISMATCH);
    assert_missing(f->opened);
    /* And what was there before stays. */
    write_file(f->opened, cof_view_text("kept"));
    assert_status(cof_open_file(f->sealed, &f->open, f->opened, NULL), TAG_MISMATCH);
    read_file(f->opened, &kept);
    assert_view_text(cof_buf_view(&kept), "kept");
}

static void a_file_of_another_size_is_refused(void **state)
{
    fixture *f = *state;
    COF_CLEANUP(cof_buf_free) cof_buf plain = {0};
    cof_sealed_file made = {0};
    COF_CLEANUP(cof_front_drop_) cof_front *front = NULL;
    make_plain(f, 70000, &plain);
    assert_ok(cof_seal_file(f->plain, &f->seal, f->sealed, &made, NULL));
    assert_int_equal(truncate(f->sealed, (off_t)made.sealed_size + 1), 0);
    assert_status(cof_open_file(f->sealed, &f->open, f->opened, NULL), TRAILING_BYTES);
    assert_status(cof_sealed_file_front(f->sealed, &front, NULL), TRAILING_BYTES);
    assert_int_equal(truncate(f->sealed, (off_t)made.sealed_size - 1), 0);
    assert_status(cof_open_file(f->sealed, &f->open, f->opened, NULL), TRUNCATED);
    assert_int_equal(truncate(f->sealed, 20), 0);
    assert_status(cof_open_file(f->sealed, &f->open, f->opened, NULL), TRUNCATED);
    assert_missing(f->opened);
}

static void a_rewrapped_file_opens_for_the_new_recipient_alone(void **state)
{
    fixture *f = *state;
    COF_CLEANUP(cof_buf_free) cof_buf plain = {0};
    cof_sealed_file made = {0};
    make_plain(f, 300000, &plain);
    assert_ok(cof_seal_file(f->plain, &f->seal, f->sealed, &made, NULL));
    assert_int_equal(chmod(f->sealed, 0640), 0);
    cof_wrap_key wrap = kit_wrap_key(2);
    const cof_recipient other = {.kid = "job", .wrap = &wrap};
    /* Who does not have the key cannot re-wrap, and the file stays. */
    assert_status(cof_rewrap_file(f->sealed, find_key, &wrap, &other, 1, NULL), KEY_MISMATCH);
    assert_ok(cof_open_file(f->sealed, &f->open, f->opened, NULL));
    assert_ok(cof_rewrap_file(f->sealed, find_key, &f->wrap, &other, 1, NULL));
    assert_status(cof_open_file(f->sealed, &f->open, f->opened, NULL), KEY_MISMATCH);
    f->open.key_context = &wrap;
    f->open.expect.digest = &made.digest;
    assert_ok(cof_open_file(f->sealed, &f->open, f->opened, NULL));
    assert_opened(f, &plain);
    struct stat info;
    assert_int_equal(stat(f->sealed, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0640);
}

static void a_link_is_not_rewrapped(void **state)
{
    fixture *f = *state;
    COF_CLEANUP(cof_buf_free) cof_buf plain = {0};
    cof_sealed_file made = {0};
    make_plain(f, 10, &plain);
    assert_ok(cof_seal_file(f->plain, &f->seal, f->sealed, &made, NULL));
    assert_int_equal(symlink(f->sealed, f->opened), 0);
    assert_status(cof_rewrap_file(f->opened, find_key, &f->wrap, &f->job, 1, NULL), BAD_ARGUMENT);
}

static cof_status meddle_then_find(void *context, const cof_front *front, cof_data_key *out,
                                   cof_err *err)
{
    const fixture *f = context;
    cof_sealed_file made = {0};
    COF_TRY(cof_seal_file(f->plain, &f->seal, f->sealed, &made, err));
    return cof_front_key_job(front, &f->wrap, out, err);
}

static void a_file_replaced_while_it_is_rewrapped_is_kept(void **state)
{
    fixture *f = *state;
    COF_CLEANUP(cof_buf_free) cof_buf plain = {0};
    cof_sealed_file made = {0};
    make_plain(f, 10, &plain);
    assert_ok(cof_seal_file(f->plain, &f->seal, f->sealed, &made, NULL));
    assert_status(cof_rewrap_file(f->sealed, meddle_then_find, f, &f->job, 1, NULL), BUSY);
    /* The file is the one that was put there meanwhile. */
    f->open.expect.digest = &made.digest;
    assert_status(cof_open_file(f->sealed, &f->open, f->opened, NULL), DIGEST_MISMATCH);
    f->open.expect.digest = NULL;
    assert_ok(cof_open_file(f->sealed, &f->open, f->opened, NULL));
}

static cof_status count_bytes(void *context, cof_view plain, cof_err *err)
{
    (void)err;
    *(uint64_t *)context += plain.size;
    return COF_OK;
}

static void note_progress(void *context, uint64_t done, uint64_t total)
{
    assert_true(done <= total);
    *(uint64_t *)context = done;
}

static void progress_ends_at_the_whole(void **state)
{
    fixture *f = *state;
    COF_CLEANUP(cof_buf_free) cof_buf plain = {0};
    cof_sealed_file made = {0};
    uint64_t sealed = 0;
    uint64_t opened = 0;
    uint64_t bytes = 0;
    make_plain(f, (1 << 20) + 5, &plain);
    f->seal.progress = (cof_progress){note_progress, &sealed};
    f->open.progress = (cof_progress){note_progress, &opened};
    assert_ok(cof_seal_file(f->plain, &f->seal, f->sealed, &made, NULL));
    assert_ok(cof_open_file_to(f->sealed, &f->open, count_bytes, &bytes, NULL));
    assert_int_equal(sealed, plain.size);
    assert_int_equal(opened, plain.size);
    assert_int_equal(bytes, plain.size);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
#define FILE_TEST(function) cmocka_unit_test_setup_teardown(function, make_fixture, free_fixture)
    const struct CMUnitTest tests[] = {
        FILE_TEST(a_file_of_any_size_opens_as_it_was),
        FILE_TEST(a_store_takes_and_gives_the_same),
        FILE_TEST(a_file_that_changes_while_it_is_sealed_is_refused),
        FILE_TEST(what_is_no_regular_file_is_not_sealed),
        FILE_TEST(nothing_is_at_the_target_when_the_last_chunk_is_altered),
        FILE_TEST(a_file_of_another_size_is_refused),
        FILE_TEST(a_rewrapped_file_opens_for_the_new_recipient_alone),
        FILE_TEST(a_link_is_not_rewrapped),
        FILE_TEST(a_file_replaced_while_it_is_rewrapped_is_kept),
        FILE_TEST(progress_ends_at_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
