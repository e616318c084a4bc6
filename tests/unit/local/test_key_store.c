#include "local_fixture.h"

#include <stdio.h>
#include <string.h>

#include "local/vault/key_store.h"
#include "tcb/wire/json.h"

static cof_rsa_key *rsa; /* one for all: making them takes time */

static json_t *make_meta(const char *word)
{
    return json_pack("{s:s,s:{s:i}}", "word", word, "attributes", "created", 5);
}

static void add(const local_fixture *f, const char *name, cof_stored_key *out)
{
    COF_CLEANUP(cof_key_store_drop_) cof_key_store *store = NULL;
    COF_JSON json_t *meta = make_meta("first");
    assert_ok(cof_key_store_open(f->state, &store, NULL));
    assert_ok(cof_key_store_add(store, name, meta, rsa, out, NULL));
}

static cof_status open_private(const local_fixture *f, const char *name)
{
    COF_CLEANUP(cof_key_store_drop_) cof_key_store *store = NULL;
    COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *opened = NULL;
    COF_TRY(cof_key_store_open(f->state, &store, NULL));
    COF_TRY(cof_key_store_get(store, name, "", &key, NULL));
    return cof_key_store_private(store, &key, &opened, NULL);
}

static void a_key_is_read_back_and_opens(void **state)
{
    const local_fixture *f = *state;
    COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
    add(f, "a-Key-1", &key);
    assert_true(cof_key_version_is_valid(key.version));
    assert_ok(open_private(f, "a-Key-1"));
}

static void the_private_key_is_nowhere_in_its_file(void **state)
{
    const local_fixture *f = *state;
    COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
    COF_CLEANUP(cof_buf_free) cof_buf file = {.limit = 65536};
    COF_CLEANUP(cof_buf_free) cof_buf plain = {.limit = 65536};
    char name[256];
    add(f, "k", &key);
    (void)snprintf(name, sizeof name, "vault/keys/k/%s.json", key.version);
    assert_ok(cof_state_read(f->state, name, &file, NULL));
    assert_ok(cof_rsa_to_pkcs8(rsa, &plain, NULL));
    COF_JSON json_t *record = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf sealed = {.limit = 65536};
    assert_ok(cof_json_parse(cof_buf_view(&file), 65536, &record, NULL));
    assert_ok(cof_json_get_base64url(record, "sealed", &sealed, NULL));
    for (size_t at = 0; at + 16 <= plain.size; at += 16) {
        assert_null(memmem(sealed.data, sealed.size, plain.data + at, 16));
    }
}

static void a_file_that_was_changed_anywhere_does_not_open(void **state)
{
    const local_fixture *f = *state;
    COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
    COF_CLEANUP(cof_buf_free) cof_buf file = {.limit = 65536};
    char name[256];
    add(f, "k", &key);
    (void)snprintf(name, sizeof name, "vault/keys/k/%s.json", key.version);
    assert_ok(cof_state_read(f->state, name, &file, NULL));
    size_t changed = 0;
    for (size_t at = 0; at < file.size - 1; at += 7) {
        file.data[at] ^= 1;
        assert_ok(cof_state_write(f->state, name, cof_buf_view(&file), NULL));
        assert_true(open_private(f, "k") != COF_OK);
        file.data[at] ^= 1;
        changed++;
    }
    assert_true(changed > 100);
    assert_ok(cof_state_write(f->state, name, cof_buf_view(&file), NULL));
    assert_ok(open_private(f, "k"));
}

static void a_key_cannot_be_moved_to_another_name(void **state)
{
    const local_fixture *f = *state;
    COF_CLEANUP(cof_stored_key_free) cof_stored_key one = {0};
    COF_CLEANUP(cof_stored_key_free) cof_stored_key two = {0};
    COF_CLEANUP(cof_buf_free) cof_buf file = {.limit = 65536};
    char name[256];
    add(f, "one", &one);
    add(f, "two", &two);
    (void)snprintf(name, sizeof name, "vault/keys/one/%s.json", one.version);
    assert_ok(cof_state_read(f->state, name, &file, NULL));
    (void)snprintf(name, sizeof name, "vault/keys/two/%s.json", two.version);
    assert_ok(cof_state_write(f->state, name, cof_buf_view(&file), NULL));
    assert_status(open_private(f, "two"), TAG_MISMATCH);
}

static void without_the_root_key_nothing_opens(void **state)
{
    const local_fixture *f = *state;
    static const uint8_t other[32] = {1};
    COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
    add(f, "k", &key);
    assert_ok(cof_state_write(f->state, "vault/root.key", cof_view_of(other, sizeof other), NULL));
    assert_status(open_private(f, "k"), TAG_MISMATCH);
    assert_ok(cof_state_write(f->state, "vault/root.key", cof_view_of(other, 31), NULL));
    assert_status(open_private(f, "k"), BAD_FORMAT);
}

static void an_update_keeps_the_private_key(void **state)
{
    const local_fixture *f = *state;
    COF_CLEANUP(cof_key_store_drop_) cof_key_store *store = NULL;
    COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
    COF_CLEANUP(cof_stored_key_free) cof_stored_key again = {0};
    COF_JSON json_t *meta = make_meta("second");
    add(f, "k", &key);
    assert_ok(cof_key_store_open(f->state, &store, NULL));
    assert_ok(cof_key_store_update(store, &key, meta, NULL));
    assert_ok(cof_key_store_get(store, "k", key.version, &again, NULL));
    assert_string_equal(json_string_value(json_object_get(again.meta, "word")), "second");
    assert_ok(open_private(f, "k"));
}

static void names_that_are_no_names_are_refused(void **state)
{
    const local_fixture *f = *state;
    static const char *const names[] = {"",    ".",   "..",  "a/b",      "../x",
                                        "a.b", "a_b", "a b", "\xc3\xa4", "a\n"};
    COF_CLEANUP(cof_key_store_drop_) cof_key_store *store = NULL;
    COF_JSON json_t *meta = make_meta("x");
    assert_ok(cof_key_store_open(f->state, &store, NULL));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        cof_stored_key key = {0};
        assert_status(cof_key_store_add(store, names[i], meta, rsa, &key, NULL), BAD_ARGUMENT);
        assert_status(cof_key_store_get(store, names[i], "", &key, NULL), NOT_FOUND);
        assert_status(cof_key_store_get(store, "k", i == 0 ? "0" : names[i], &key, NULL),
                      NOT_FOUND);
    }
    char longest[129];
    memset(longest, 'a', sizeof longest);
    longest[127] = '\0';
    assert_true(cof_key_name_is_valid(longest));
    longest[127] = 'a';
    longest[128] = '\0';
    assert_false(cof_key_name_is_valid(longest));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        local_test(a_key_is_read_back_and_opens),
        local_test(the_private_key_is_nowhere_in_its_file),
        local_test(a_file_that_was_changed_anywhere_does_not_open),
        local_test(a_key_cannot_be_moved_to_another_name),
        local_test(without_the_root_key_nothing_opens),
        local_test(an_update_keeps_the_private_key),
        local_test(names_that_are_no_names_are_refused),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    if (cof_rsa_generate(2048, &rsa, NULL) != COF_OK) {
        return 1;
    }
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    cof_rsa_key_free(rsa);
    return failed;
}
