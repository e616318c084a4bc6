/*
 * What every blob store promises. Without arguments: of a store in a folder. Otherwise of the one
 * that is named: WHERE CREDENTIAL, as cof_store_open has them; each test gets a prefix of its own.
 */
#include <stdio.h>
#include <string.h>

#include "harness/cof_prng.h"
#include "harness/cof_tempdir.h"
#include "harness/cof_test.h"
#include "host/store/open_store.h"

typedef struct fixture {
    char path[COF_TEMPDIR_SIZE];
    cof_blob_store *store;
} fixture;

static const char *given_store;
static const char *given_credential;

static int open_store(void **state)
{
    static fixture f;
    static int number;
    char where[1000];
    cof_err err = {0};
    cof_tempdir_make(f.path);
    *state = &f;
    if (given_store != NULL) {
        (void)snprintf(where, sizeof where, "%s/test-%d", given_store, number++);
    } else {
        (void)snprintf(where, sizeof where, "dir:%s", f.path);
    }
    const cof_store_options options = {.where = where, .credential_path = given_credential};
    if (cof_store_open(&options, &f.store, &err) != COF_OK) {
        print_error("%s\n", err.detail);
        return -1;
    }
    return 0;
}

static int close_store(void **state)
{
    fixture *f = *state;
    cof_blob_store_free(f->store);
    cof_tempdir_remove(f->path);
    return 0;
}

static cof_blob_store *store_of(void **state)
{
    return ((fixture *)*state)->store;
}

static void assert_blob(cof_blob_store *store, const char *name, const char *text)
{
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 1000};
    assert_ok(cof_blob_get(store, name, &out, NULL));
    assert_view_text(cof_buf_view(&out), text);
}

static void a_blob_comes_back_as_it_was_put(void **state)
{
    cof_blob_store *store = store_of(state);
    assert_ok(cof_blob_put(store, "a", cof_view_text("alpha"), NULL));
    assert_ok(cof_blob_put(store, "jobs/1/out.sealed", cof_view_text("one"), NULL));
    assert_ok(cof_blob_put(store, "empty", (cof_view){0}, NULL));
    assert_blob(store, "a", "alpha");
    assert_blob(store, "jobs/1/out.sealed", "one");
    assert_blob(store, "empty", "");
    uint64_t size = 0;
    assert_ok(cof_blob_size(store, "a", &size, NULL));
    assert_int_equal(size, 5);
}

static void a_blob_replaces_an_older_one_whole(void **state)
{
    cof_blob_store *store = store_of(state);
    assert_ok(cof_blob_put(store, "a", cof_view_text("the first, which is long"), NULL));
    assert_ok(cof_blob_put(store, "a", cof_view_text("second"), NULL));
    assert_blob(store, "a", "second");
}

static void what_is_not_committed_is_not_there(void **state)
{
    cof_blob_store *store = store_of(state);
    assert_ok(cof_blob_put(store, "a", cof_view_text("old"), NULL));
    for (int i = 0; i < 2; i++) {
        const char *name = i == 0 ? "a" : "b/c";
        cof_blob_writer *writer = NULL;
        bool exists = true;
        assert_ok(cof_blob_begin(store, name, 0, &writer, NULL));
        assert_ok(cof_blob_write(writer, cof_view_text("new"), NULL));
        assert_ok(cof_blob_exists(store, "b/c", &exists, NULL));
        assert_false(exists);
        assert_blob(store, "a", "old");
        cof_blob_writer_free(writer);
        assert_blob(store, "a", "old");
        assert_ok(cof_blob_exists(store, "b/c", &exists, NULL));
        assert_false(exists);
    }
}

static void the_head_is_given_last_and_stands_first(void **state)
{
    cof_blob_store *store = store_of(state);
    COF_CLEANUP(cof_blob_writer_drop_) cof_blob_writer *writer = NULL;
    assert_ok(cof_blob_begin(store, "a", 4, &writer, NULL));
    assert_ok(cof_blob_write(writer, cof_view_text("bo"), NULL));
    assert_ok(cof_blob_write(writer, cof_view_text("dy"), NULL));
    assert_status(cof_blob_commit(writer, NULL), BAD_ARGUMENT);
    assert_status(cof_blob_write_head(writer, cof_view_text("hea"), NULL), BAD_ARGUMENT);
    assert_ok(cof_blob_write_head(writer, cof_view_text("head"), NULL));
    assert_status(cof_blob_write_head(writer, cof_view_text("head"), NULL), BAD_ARGUMENT);
    assert_ok(cof_blob_commit(writer, NULL));
    assert_status(cof_blob_commit(writer, NULL), BAD_ARGUMENT);
    assert_blob(store, "a", "headbody");
}

static void ranges_are_read_exactly_or_refused(void **state)
{
    cof_blob_store *store = store_of(state);
    uint8_t out[8] = {0};
    assert_ok(cof_blob_put(store, "a", cof_view_text("0123456789"), NULL));
    assert_ok(cof_blob_read(store, "a", 3, (cof_span){out, 4}, NULL));
    assert_memory_equal(out, "3456", 4);
    assert_ok(cof_blob_read(store, "a", 10, (cof_span){out, 0}, NULL));
    assert_status(cof_blob_read(store, "a", 7, (cof_span){out, 4}, NULL), TRUNCATED);
    assert_status(cof_blob_read(store, "a", 11, (cof_span){out, 0}, NULL), TRUNCATED);
    assert_status(cof_blob_read(store, "a", UINT64_MAX, (cof_span){out, 2}, NULL), TRUNCATED);
    assert_status(cof_blob_read(store, "b", 0, (cof_span){out, 1}, NULL), NOT_FOUND);
    COF_CLEANUP(cof_buf_free) cof_buf small = {.limit = 9};
    assert_status(cof_blob_get(store, "a", &small, NULL), LIMIT);
}

static void a_removed_blob_is_gone(void **state)
{
    cof_blob_store *store = store_of(state);
    bool exists = true;
    assert_ok(cof_blob_put(store, "x/a", cof_view_text("1"), NULL));
    assert_ok(cof_blob_remove(store, "x/a", NULL));
    assert_ok(cof_blob_exists(store, "x/a", &exists, NULL));
    assert_false(exists);
    assert_status(cof_blob_remove(store, "x/a", NULL), NOT_FOUND);
    assert_status(cof_blob_remove(store, "y/a", NULL), NOT_FOUND);
}

static cof_status join_names(void *context, const char *name, uint64_t size, cof_err *err)
{
    return cof_buf_printf(context, err, "%s=%llu ", name, (unsigned long long)size);
}

static void blobs_are_listed_in_byte_order_by_prefix(void **state)
{
    cof_blob_store *store = store_of(state);
    const char *const names[] = {"b", "a/z", "a.b", "a/b/c", "a-b", "a0"};
    for (size_t i = 0; i < 6; i++) {
        assert_ok(cof_blob_put(store, names[i], cof_view_of("123456", i), NULL));
    }
    const char *const cases[][2] = {{"", "a-b=4 a.b=2 a/b/c=3 a/z=1 a0=5 b=0 "},
                                    {"a/", "a/b/c=3 a/z=1 "},
                                    {"a/b", "a/b/c=3 "},
                                    {"a", "a-b=4 a.b=2 a/b/c=3 a/z=1 a0=5 "},
                                    {"c", ""}};
    for (size_t i = 0; i < 5; i++) {
        COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 1000};
        assert_ok(cof_blob_list(store, cases[i][0], join_names, &out, NULL));
        assert_view_text(cof_buf_view(&out), cases[i][1]);
    }
}

static cof_status refuse(void *context, const char *name, uint64_t size, cof_err *err)
{
    (void)name;
    (void)size;
    ++*(int *)context;
    return COF_FAIL(err, CANCELLED, "enough");
}

static void a_visitor_can_end_the_listing(void **state)
{
    cof_blob_store *store = store_of(state);
    int calls = 0;
    assert_ok(cof_blob_put(store, "a", (cof_view){0}, NULL));
    assert_ok(cof_blob_put(store, "b", (cof_view){0}, NULL));
    assert_status(cof_blob_list(store, "", refuse, &calls, NULL), CANCELLED);
    assert_int_equal(calls, 1);
}

static void no_name_leads_out_of_the_store(void **state)
{
    cof_blob_store *store = store_of(state);
    char longest[COF_BLOB_COMPONENT_SIZE + 2] = {0};
    memset(longest, 'a', COF_BLOB_COMPONENT_SIZE);
    assert_ok(cof_blob_put(store, longest, (cof_view){0}, NULL));
    assert_ok(cof_blob_put(store, ".hidden/..a/a..", (cof_view){0}, NULL));
    longest[COF_BLOB_COMPONENT_SIZE] = 'a';
    const char *const names[] = {"",
                                 "..",
                                 "../a",
                                 "a/..",
                                 "a/../b",
                                 ".",
                                 "./a",
                                 "/a",
                                 "a/",
                                 "a//b",
                                 "a b",
                                 "a\\b",
                                 "a\nb",
                                 "~a",
                                 "a%2fb",
                                 "\xc3\xa4",
                                 "a/./b",
                                 longest,
                                 "a/b/c/d/e/f/g/h/i"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        bool exists = false;
        uint64_t size = 0;
        uint8_t byte = 0;
        assert_status(cof_blob_put(store, names[i], (cof_view){0}, NULL), BAD_ARGUMENT);
        assert_status(cof_blob_exists(store, names[i], &exists, NULL), BAD_ARGUMENT);
        assert_status(cof_blob_size(store, names[i], &size, NULL), BAD_ARGUMENT);
        assert_status(cof_blob_remove(store, names[i], NULL), BAD_ARGUMENT);
        assert_status(cof_blob_read(store, names[i], 0, (cof_span){&byte, 0}, NULL), BAD_ARGUMENT);
    }
}

static void a_name_is_a_blob_or_a_folder_but_not_both(void **state)
{
    cof_blob_store *store = store_of(state);
    bool exists = true;
    assert_ok(cof_blob_put(store, "a/b", (cof_view){0}, NULL));
    assert_status(cof_blob_put(store, "a", (cof_view){0}, NULL), EXISTS);
    assert_status(cof_blob_put(store, "a/b/c", (cof_view){0}, NULL), EXISTS);
    assert_ok(cof_blob_exists(store, "a", &exists, NULL));
    assert_false(exists);
    assert_ok(cof_blob_exists(store, "a/b/c", &exists, NULL));
    assert_false(exists);
}

static void a_moved_blob_has_its_new_name_alone(void **state)
{
    cof_blob_store *store = store_of(state);
    bool exists = true;
    assert_ok(cof_blob_put(store, "a", cof_view_text("alpha"), NULL));
    assert_ok(cof_blob_put(store, "b", cof_view_text("beta"), NULL));
    assert_ok(cof_blob_move(store, "a", "b", NULL));
    assert_blob(store, "b", "alpha");
    assert_ok(cof_blob_exists(store, "a", &exists, NULL));
    assert_false(exists);
    assert_ok(cof_blob_move(store, "b", "b", NULL));
    assert_blob(store, "b", "alpha");
    assert_status(cof_blob_move(store, "a", "c", NULL), NOT_FOUND);
    assert_status(cof_blob_move(store, "a", "a", NULL), NOT_FOUND);
}

enum { LARGE_SIZE = 21 * 1024 * 1024 + 17, LARGE_HEAD = 5 * 1024 };

static void put_large(cof_blob_store *store, const char *name, const uint8_t *bytes, size_t size,
                      size_t head, cof_prng *prng)
{
    COF_CLEANUP(cof_blob_writer_drop_) cof_blob_writer *writer = NULL;
    assert_ok(cof_blob_begin(store, name, head, &writer, NULL));
    for (size_t at = head; at < size;) {
        const size_t step = 1 + cof_prng_below(prng, 3 << 20);
        const size_t piece = step < size - at ? step : size - at;
        assert_ok(cof_blob_write(writer, cof_view_of(bytes + at, piece), NULL));
        at += piece;
    }
    if (head > 0) {
        assert_ok(cof_blob_write_head(writer, cof_view_of(bytes, head), NULL));
    }
    assert_ok(cof_blob_commit(writer, NULL));
}

static void read_and_compare(cof_blob_store *store, const char *name, const uint8_t *bytes,
                             size_t at, size_t size)
{
    static uint8_t out[LARGE_SIZE];
    assert_ok(cof_blob_read(store, name, at, (cof_span){out, size}, NULL));
    assert_memory_equal(out, bytes + at, size);
}

static void a_large_blob_is_read_in_any_order(void **state)
{
    cof_blob_store *store = store_of(state);
    cof_prng prng = {7};
    uint64_t size = 0;
    uint8_t *bytes = test_malloc(LARGE_SIZE);
    cof_prng_fill(&prng, bytes, LARGE_SIZE);
    put_large(store, "large", bytes, LARGE_SIZE, LARGE_HEAD, &prng);
    put_large(store, "other", bytes + 1, 9 << 20, 0, &prng);
    assert_ok(cof_blob_size(store, "large", &size, NULL));
    assert_int_equal(size, LARGE_SIZE);
    for (size_t at = 0; at < LARGE_SIZE;) { /* in order, two blobs by turns */
        const size_t piece = LARGE_SIZE - at < 262144 ? LARGE_SIZE - at : 262144;
        read_and_compare(store, "large", bytes, at, piece);
        if (at + piece <= 9 << 20) {
            read_and_compare(store, "other", bytes + 1, at, piece);
        }
        at += piece;
    }
    for (int i = 0; i < 20; i++) {
        const size_t at = cof_prng_below(&prng, LARGE_SIZE);
        read_and_compare(store, "large", bytes, at, cof_prng_below(&prng, LARGE_SIZE - at + 1));
    }
    test_free(bytes);
}

static void a_new_head_leaves_the_rest(void **state)
{
    cof_blob_store *store = store_of(state);
    cof_prng prng = {8};
    const size_t sizes[] = {4096, 3 << 20, 9 << 20};
    uint8_t was[1024];
    for (size_t i = 0; i < 3; i++) {
        uint8_t *bytes = test_malloc(sizes[i]);
        cof_prng_fill(&prng, bytes, sizes[i]);
        put_large(store, "a", bytes, sizes[i], 1024, &prng);
        memcpy(was, bytes, sizeof was);
        memset(bytes, 'n', 1024);
        assert_ok(
            cof_blob_rehead(store, "a", cof_view_of(was, 1024), cof_view_of(bytes, 1024), NULL));
        assert_status(
            cof_blob_rehead(store, "a", cof_view_of(was, 1024), cof_view_of(bytes, 1024), NULL),
            BUSY);
        read_and_compare(store, "a", bytes, 0, sizes[i]);
        memset(was, 'n', 1024);
        memset(bytes, 'o', 1024); /* and once more */
        assert_ok(
            cof_blob_rehead(store, "a", cof_view_of(was, 1024), cof_view_of(bytes, 1024), NULL));
        read_and_compare(store, "a", bytes, 0, sizes[i]);
        test_free(bytes);
    }
    assert_status(cof_blob_rehead(store, "b", cof_view_text("x"), cof_view_text("y"), NULL),
                  NOT_FOUND);
    assert_ok(cof_blob_put(store, "c", cof_view_text("12"), NULL));
    assert_status(cof_blob_rehead(store, "c", cof_view_text("123"), cof_view_text("456"), NULL),
                  TRUNCATED);
}

int main(int argc, char **argv)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    given_store = argc > 1 ? argv[1] : NULL;
    given_credential = argc > 2 ? argv[2] : NULL;
#define STORE_TEST(function) cmocka_unit_test_setup_teardown(function, open_store, close_store)
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_blob_comes_back_as_it_was_put),
        STORE_TEST(a_blob_replaces_an_older_one_whole),
        STORE_TEST(what_is_not_committed_is_not_there),
        STORE_TEST(the_head_is_given_last_and_stands_first),
        STORE_TEST(ranges_are_read_exactly_or_refused),
        STORE_TEST(a_removed_blob_is_gone),
        STORE_TEST(blobs_are_listed_in_byte_order_by_prefix),
        STORE_TEST(a_visitor_can_end_the_listing),
        STORE_TEST(no_name_leads_out_of_the_store),
        STORE_TEST(a_moved_blob_has_its_new_name_alone),
        STORE_TEST(a_large_blob_is_read_in_any_order),
        STORE_TEST(a_new_head_leaves_the_rest),
        STORE_TEST(a_name_is_a_blob_or_a_folder_but_not_both),
    };
    /* The last is of folders alone. */
    const size_t count = sizeof tests / sizeof tests[0] - (given_store != NULL ? 1 : 0);
    return _cmocka_run_group_tests("blob_store", tests, count, NULL, NULL);
}
