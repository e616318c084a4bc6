#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "harness/cof_tempdir.h"
#include "host/store/dir_store.h"
#include "host/store/seal_file.h"
#include "seal_kit.h"

enum { OLD, NEW, OTHER, KEYS, SIZE = 200000 };

static const char *const kids[KEYS] = {"https://v/keys/a/1", "https://v/keys/a/2",
                                       "https://v/keys/a-b/1"};
static const char name[] = "objects/x.sealed";

typedef struct fixture {
    char folder[COF_TEMPDIR_SIZE];
    cof_rsa_key *keys[KEYS];
    cof_blob_store *store;
    cof_digest digest;
} fixture;

static cof_status by_old_key(void *context, const cof_front *front, cof_data_key *out, cof_err *err)
{
    const fixture *f = context;
    return cof_front_key_rsa(front, kids[OLD], f->keys[OLD], out, err);
}

static cof_rewrap_request request_of(fixture *f)
{
    return (cof_rewrap_request){.key_url = "https://v/keys/a",
                                .to = {.kid = kids[NEW], .rsa = f->keys[NEW]},
                                .key = by_old_key,
                                .key_context = f};
}

static int make_fixture(void **state)
{
    static fixture f;
    memset(&f, 0, sizeof f);
    cof_tempdir_make(f.folder);
    for (size_t i = 0; i < KEYS; i++) {
        assert_ok(cof_rsa_generate(2048, &f.keys[i], NULL));
    }
    assert_ok(cof_dir_store_open(f.folder, &f.store, NULL));
    const cof_recipient recipients[] = {{.kid = kids[OTHER], .rsa = f.keys[OTHER]},
                                        {.kid = kids[OLD], .rsa = f.keys[OLD]}};
    const cof_seal_request request = {.header = kit_header(COF_SEAL_DATASET, "cells"),
                                      .recipients = recipients,
                                      .recipient_count = 2};
    COF_CLEANUP(cof_buf_free) cof_buf plain = {0};
    cof_sealed_file made = {0};
    cof_buf_init(&plain, SIZE);
    kit_fill(&plain, SIZE, 5);
    assert_ok(cof_seal_bytes_to_store(cof_buf_view(&plain), &request, f.store, name, &made, NULL));
    f.digest = made.digest;
    *state = &f;
    return 0;
}

static int free_fixture(void **state)
{
    fixture *f = *state;
    for (size_t i = 0; i < KEYS; i++) {
        cof_rsa_key_free(f->keys[i]);
    }
    cof_blob_store_free(f->store);
    cof_tempdir_remove(f->folder);
    return 0;
}

static void get(const fixture *f, cof_buf *out)
{
    cof_buf_init(out, (size_t)4 * SIZE);
    assert_ok(cof_blob_get(f->store, name, out, NULL));
}

static cof_status open_as(const fixture *f, size_t key, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf object = {0};
    COF_CLEANUP(cof_buf_free) cof_buf plain = {0};
    COF_CLEANUP(cof_buf_free) cof_buf expected = {0};
    COF_CLEANUP(cof_front_drop_) cof_front *front = NULL;
    COF_CLEANUP(cof_data_key_wipe) cof_data_key data_key = {0};
    size_t size = 0;
    get(f, &object);
    cof_buf_init(&plain, SIZE);
    cof_buf_init(&expected, SIZE);
    kit_fill(&expected, SIZE, 5);
    COF_TRY(cof_front_size(cof_view_of(object.data, COF_SEAL_FIXED_SIZE), &size, err));
    COF_TRY(cof_front_parse(cof_view_of(object.data, size), &front, err));
    COF_TRY(cof_front_key_rsa(front, kids[key], f->keys[key], &data_key, err));
    COF_TRY(cof_open_bytes(cof_buf_view(&object), &data_key, &f->digest, &plain, err));
    assert_true(cof_view_equal(cof_buf_view(&plain), cof_buf_view(&expected)));
    return COF_OK;
}

static void the_new_key_opens_the_same_object_and_the_old_one_does_not(void **state)
{
    fixture *f = *state;
    const cof_rewrap_request request = request_of(f);
    bool changed = false;
    assert_ok(open_as(f, OLD, NULL));
    assert_ok(cof_rewrap_in_store(f->store, name, &request, &changed, NULL));
    assert_true(changed);
    assert_ok(open_as(f, NEW, NULL));
    assert_ok(open_as(f, OTHER, NULL));
    assert_status(open_as(f, OLD, NULL), NOT_A_RECIPIENT);
}

static void a_second_time_changes_nothing(void **state)
{
    fixture *f = *state;
    const cof_rewrap_request request = request_of(f);
    COF_CLEANUP(cof_buf_free) cof_buf first = {0};
    COF_CLEANUP(cof_buf_free) cof_buf second = {0};
    bool changed = false;
    assert_ok(cof_rewrap_in_store(f->store, name, &request, &changed, NULL));
    get(f, &first);
    assert_ok(cof_rewrap_in_store(f->store, name, &request, &changed, NULL));
    assert_false(changed);
    get(f, &second);
    assert_true(cof_view_equal(cof_buf_view(&first), cof_buf_view(&second)));
}

static void recipients_that_somebody_altered_are_not_kept(void **state)
{
    fixture *f = *state;
    const cof_rewrap_request request = request_of(f);
    COF_CLEANUP(cof_buf_free) cof_buf object = {0};
    bool changed = false;
    get(f, &object);
    /* The other recipient's wrapped key, in the middle: the old one's stays whole. */
    uint8_t *kid = memmem(object.data, object.size, kids[OTHER], strlen(kids[OTHER]));
    assert_non_null(kid);
    kid[strlen(kids[OTHER]) + 50] ^= 1;
    assert_ok(cof_blob_put(f->store, name, cof_buf_view(&object), NULL));
    assert_status(cof_rewrap_in_store(f->store, name, &request, &changed, NULL), TAG_MISMATCH);
    assert_false(changed);
}

static void without_the_key_nothing_changes(void **state)
{
    fixture *f = *state;
    cof_rewrap_request request = request_of(f);
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *stranger = NULL;
    bool changed = false;
    assert_ok(cof_rsa_generate(2048, &stranger, NULL));
    cof_rsa_key *mine = f->keys[OLD];
    f->keys[OLD] = stranger;
    assert_status(cof_rewrap_in_store(f->store, name, &request, &changed, NULL), KEY_MISMATCH);
    f->keys[OLD] = mine;
    assert_ok(open_as(f, OLD, NULL));
}

static void the_head_of_a_blob_is_replaced_and_nothing_else(void **state)
{
    const fixture *f = *state;
    COF_CLEANUP(cof_buf_free) cof_buf got = {0};
    cof_buf_init(&got, 64);
    assert_ok(cof_blob_put(f->store, "h", cof_view_text("hello world"), NULL));
    assert_ok(cof_blob_rehead(f->store, "h", cof_view_text("hello"), cof_view_text("HELLO"), NULL));
    assert_ok(cof_blob_get(f->store, "h", &got, NULL));
    assert_true(cof_view_equal(cof_buf_view(&got), cof_view_text("HELLO world")));
    char file[COF_TEMPDIR_SIZE + 2];
    struct stat info;
    (void)snprintf(file, sizeof file, "%s/h", f->folder);
    assert_int_equal(stat(file, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600); /* as it was */
    const cof_view x = cof_view_text("x");
    const cof_view more = cof_view_text("more than hello world");
    assert_status(cof_blob_rehead(f->store, "h", more, more, NULL), TRUNCATED);
    assert_status(cof_blob_rehead(f->store, "h", cof_view_text("xy"), x, NULL), BAD_ARGUMENT);
    assert_status(cof_blob_rehead(f->store, "h", x, x, NULL), BUSY);
    assert_status(cof_blob_rehead(f->store, "none", x, x, NULL), NOT_FOUND);
    assert_status(cof_blob_rehead(f->store, "../h", x, x, NULL), BAD_ARGUMENT);
}

/* Finds the key, and puts another object in the place of the one that is re-wrapped. */
static cof_status replace_and_find(void *context, const cof_front *front, cof_data_key *out,
                                   cof_err *err)
{
    fixture *f = context;
    cof_blob_store *store = NULL; /* another program's */
    const cof_recipient recipients[] = {{.kid = kids[OTHER], .rsa = f->keys[OTHER]},
                                        {.kid = kids[OLD], .rsa = f->keys[OLD]}};
    const cof_seal_request request = {.header = kit_header(COF_SEAL_DATASET, "other"),
                                      .recipients = recipients,
                                      .recipient_count = 2};
    COF_CLEANUP(cof_buf_free) cof_buf plain = {0};
    cof_sealed_file made = {0};
    cof_buf_init(&plain, SIZE);
    kit_fill(&plain, SIZE, 5);
    assert_ok(cof_dir_store_open(f->folder, &store, NULL));
    assert_ok(cof_seal_bytes_to_store(cof_buf_view(&plain), &request, store, name, &made, NULL));
    cof_blob_store_free(store);
    f->digest = made.digest;
    return cof_front_key_rsa(front, kids[OLD], f->keys[OLD], out, err);
}

static void an_object_that_takes_the_place_of_another_meanwhile_stays_whole(void **state)
{
    fixture *f = *state;
    cof_rewrap_request request = request_of(f);
    bool changed = false;
    request.key = replace_and_find;
    assert_status(cof_rewrap_in_store(f->store, name, &request, &changed, NULL), BUSY);
    assert_false(changed);
    assert_ok(open_as(f, OLD, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(test) cmocka_unit_test_setup_teardown(test, make_fixture, free_fixture)
        TEST(the_new_key_opens_the_same_object_and_the_old_one_does_not),
        TEST(a_second_time_changes_nothing),
        TEST(recipients_that_somebody_altered_are_not_kept),
        TEST(without_the_key_nothing_changes),
        TEST(the_head_of_a_blob_is_replaced_and_nothing_else),
        TEST(an_object_that_takes_the_place_of_another_meanwhile_stays_whole),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
