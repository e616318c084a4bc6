#include "local_fixture.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "local/vault/key_store.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

static cof_key_material *material; /* one for all */
static const cof_root_key root = {{7}};

static json_t *make_meta(const char *word)
{
    return json_pack("{s:s,s:s,s:s,s:{s:i}}", "kty", "EC", "crv", "P-256", "word", word,
                     "attributes", "created", 5);
}

static cof_key_store *open_store(const local_fixture *f)
{
    cof_key_store *store = NULL;
    assert_ok(cof_key_store_open(f->state, &root, &store, NULL));
    return store;
}

static void add_to(cof_key_store *store, const char *name, cof_stored_key *out)
{
    COF_JSON json_t *meta = make_meta("first");
    COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
    assert_ok(cof_key_store_add(store, name, meta, material, &key, NULL));
    if (out != NULL) {
        *out = key;
        key = (cof_stored_key){0};
    }
}

static void add(const local_fixture *f, const char *name, cof_stored_key *out)
{
    COF_CLEANUP(cof_key_store_drop_) cof_key_store *store = open_store(f);
    add_to(store, name, out);
}

/* The current version, read from disk anew, and its secret. */
static cof_status open_private(const local_fixture *f, const char *name)
{
    COF_CLEANUP(cof_key_store_drop_) cof_key_store *store = NULL;
    COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
    COF_CLEANUP(cof_key_material_drop_) cof_key_material *opened = NULL;
    COF_TRY(cof_key_store_open(f->state, &root, &store, NULL));
    COF_TRY(cof_key_store_get(store, name, "", &key, NULL));
    return cof_key_store_material(store, &key, &opened, NULL);
}

static void file_of(const cof_stored_key *key, char out[static 256])
{
    (void)snprintf(out, 256, "vault/keys/%s/%08u-%s.json", key->name, key->number, key->version);
}

static void make_path(const local_fixture *f, const char *name, char out[static 600])
{
    (void)snprintf(out, 600, "%s/local/%s", f->home, name);
}

static bool exists(const local_fixture *f, const char *name)
{
    char path[600];
    struct stat info;
    make_path(f, name, path);
    return stat(path, &info) == 0;
}

static size_t count_entries(const local_fixture *f, const char *folder)
{
    char path[600];
    size_t count = 0;
    make_path(f, folder, path);
    DIR *entries = opendir(path);
    assert_non_null(entries);
    for (const struct dirent *e = readdir(entries); e != NULL; e = readdir(entries)) {
        count += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 ? 1 : 0;
    }
    (void)closedir(entries);
    return count;
}

static void a_key_is_read_back_and_opens(void **state)
{
    const local_fixture *f = *state;
    COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
    add(f, "a-Key-1", &key);
    assert_true(cof_key_version_is_valid(key.version));
    assert_int_equal(key.number, 1);
    assert_ok(open_private(f, "a-Key-1"));
}

static void the_private_key_is_nowhere_in_its_file(void **state)
{
    const local_fixture *f = *state;
    COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
    COF_CLEANUP(cof_buf_free) cof_buf plain = {.limit = 65536};
    COF_JSON json_t *record = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf sealed = {.limit = 65536};
    char name[256];
    add(f, "k", &key);
    file_of(&key, name);
    assert_ok(cof_key_material_store(material, &plain, NULL));
    assert_ok(cof_state_read_json(f->state, name, &record, NULL));
    assert_ok(cof_json_get_base64url(record, "sealed", &sealed, NULL));
    assert_int_equal(sealed.size, plain.size + COF_SEALING_TAG_SIZE);
    for (size_t at = 0; at + 16 <= plain.size; at += 16) {
        assert_null(memmem(sealed.data, sealed.size, plain.data + at, 16));
    }
}

static void a_file_that_was_changed_anywhere_is_not_served(void **state)
{
    const local_fixture *f = *state;
    COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
    COF_CLEANUP(cof_buf_free) cof_buf file = {.limit = 65536};
    char name[256];
    add(f, "k", &key);
    file_of(&key, name);
    assert_ok(cof_state_read(f->state, name, &file, NULL));
    size_t changed = 0;
    for (size_t at = 0; at < file.size - 1; at += 5) {
        file.data[at] ^= 1;
        assert_ok(cof_state_write(f->state, name, cof_buf_view(&file), NULL));
        COF_CLEANUP(cof_key_store_drop_) cof_key_store *store = open_store(f);
        COF_CLEANUP(cof_stored_key_free) cof_stored_key read = {0};
        assert_true(cof_key_store_get(store, "k", "", &read, NULL) != COF_OK);
        file.data[at] ^= 1;
        changed++;
    }
    assert_true(changed > 50);
    assert_ok(cof_state_write(f->state, name, cof_buf_view(&file), NULL));
    assert_ok(open_private(f, "k"));
}

static void a_member_more_in_a_file_is_noticed(void **state)
{
    const local_fixture *f = *state;
    COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
    COF_JSON json_t *record = NULL;
    char name[256];
    add(f, "k", &key);
    file_of(&key, name);
    assert_ok(cof_state_read_json(f->state, name, &record, NULL));
    assert_ok(cof_json_set(json_object_get(record, "meta"), "more", json_true(), NULL));
    assert_ok(cof_state_write_json(f->state, name, record, NULL));
    assert_status(open_private(f, "k"), TAG_MISMATCH);
    (void)json_object_del(json_object_get(record, "meta"), "more");
    assert_ok(cof_json_set(record, "more", json_true(), NULL));
    assert_ok(cof_state_write_json(f->state, name, record, NULL));
    assert_status(open_private(f, "k"), BAD_FORMAT);
}

/* A file under another name, or as another version of the same key. */
static void a_file_cannot_be_moved(void **state)
{
    const local_fixture *f = *state;
    COF_CLEANUP(cof_stored_key_free) cof_stored_key one = {0};
    COF_CLEANUP(cof_stored_key_free) cof_stored_key two = {0};
    COF_CLEANUP(cof_buf_free) cof_buf file = {.limit = 65536};
    char name[256];
    char path[600];
    char other[600];
    add(f, "one", &one);
    add(f, "two", &two);
    file_of(&one, name);
    make_path(f, name, path);
    assert_ok(cof_state_read(f->state, name, &file, NULL));
    file_of(&two, name);
    assert_ok(cof_state_write(f->state, name, cof_buf_view(&file), NULL));
    assert_status(open_private(f, "two"), TAG_MISMATCH);
    one.number = 9;
    file_of(&one, name);
    make_path(f, name, other);
    assert_int_equal(rename(path, other), 0);
    assert_status(open_private(f, "one"), TAG_MISMATCH);
}

static void without_the_root_key_nothing_opens(void **state)
{
    const local_fixture *f = *state;
    static const cof_root_key other = {{8}};
    COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
    COF_CLEANUP(cof_key_store_drop_) cof_key_store *store = NULL;
    add(f, "k", NULL);
    assert_ok(cof_key_store_open(f->state, &other, &store, NULL));
    assert_status(cof_key_store_get(store, "k", "", &key, NULL), TAG_MISMATCH);
}

static void an_update_keeps_the_private_key(void **state)
{
    const local_fixture *f = *state;
    COF_CLEANUP(cof_key_store_drop_) cof_key_store *store = open_store(f);
    COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
    COF_CLEANUP(cof_stored_key_free) cof_stored_key again = {0};
    COF_JSON json_t *meta = make_meta("second");
    add_to(store, "k", &key);
    assert_ok(cof_key_store_update(store, &key, meta, NULL));
    assert_ok(cof_key_store_get(store, "k", key.version, &again, NULL));
    assert_string_equal(json_string_value(json_object_get(again.meta, "word")), "second");
    assert_ok(open_private(f, "k"));
}

static void versions_keep_their_order_over_restarts(void **state)
{
    const local_fixture *f = *state;
    char ids[12][COF_KEY_VERSION_SIZE];
    for (size_t i = 0; i < 12; i++) {
        COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
        add(f, "k", &key);
        assert_int_equal(key.number, i + 1);
        memcpy(ids[i], key.version, sizeof ids[i]);
    }
    COF_CLEANUP(cof_key_store_drop_) cof_key_store *store = open_store(f);
    for (size_t i = 0; i < 12; i++) {
        COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
        assert_ok(cof_key_store_at(store, "k", i, &key, NULL));
        assert_string_equal(key.version, ids[i]);
    }
    COF_CLEANUP(cof_stored_key_free) cof_stored_key current = {0};
    assert_ok(cof_key_store_get(store, "k", "", &current, NULL));
    assert_string_equal(current.version, ids[11]);
}

static void names_compare_without_case_and_keep_their_spelling(void **state)
{
    const local_fixture *f = *state;
    COF_CLEANUP(cof_key_store_drop_) cof_key_store *store = open_store(f);
    COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
    COF_CLEANUP(cof_stored_key_free) cof_stored_key next = {0};
    add_to(store, "My-Key", NULL);
    assert_ok(cof_key_store_get(store, "mY-kEY", "", &key, NULL));
    assert_string_equal(key.name, "My-Key");
    add_to(store, "MY-KEY", &next);
    assert_string_equal(next.name, "My-Key");
    assert_int_equal(next.number, 2);
    assert_int_equal(count_entries(f, "vault/keys"), 1);
}

static void lists_are_in_order_and_go_on_after_a_name_that_is_gone(void **state)
{
    const local_fixture *f = *state;
    static const char *const names[] = {"b", "A", "c", "B2", "a1"};
    static const char *const sorted[] = {"A", "a1", "b", "B2", "c"};
    COF_CLEANUP(cof_key_store_drop_) cof_key_store *store = open_store(f);
    cof_key_name name = {0};
    char after[COF_KEY_NAME_SIZE] = "";
    for (size_t i = 0; i < 5; i++) {
        add_to(store, names[i], NULL);
    }
    for (size_t i = 0; i < 5; i++) {
        assert_true(cof_key_store_next(store, after, false, &name));
        assert_string_equal(name.name, sorted[i]);
        (void)snprintf(after, sizeof after, "%s", name.name);
    }
    assert_false(cof_key_store_next(store, after, false, &name));
    assert_true(cof_key_store_next(store, "a9", false, &name));
    assert_string_equal(name.name, "b");
    assert_false(cof_key_store_next(store, "", true, &name));
}

static void a_deleted_key_can_be_recovered_or_purged(void **state)
{
    const local_fixture *f = *state;
    COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
    COF_JSON json_t *meta = make_meta("x");
    cof_key_name name = {0};
    add(f, "k", NULL);
    {
        COF_CLEANUP(cof_key_store_drop_) cof_key_store *store = open_store(f);
        assert_status(cof_key_store_recover(store, "k", NULL), NOT_FOUND);
        assert_status(cof_key_store_purge(store, "k", NULL), NOT_FOUND);
        assert_ok(cof_key_store_delete(store, "K", 10, 20, NULL));
        assert_status(cof_key_store_delete(store, "k", 10, 20, NULL), NOT_FOUND);
        assert_status(cof_key_store_get(store, "k", "", &key, NULL), NOT_FOUND);
        assert_status(cof_key_store_add(store, "k", meta, material, &key, NULL), EXISTS);
    }
    {
        COF_CLEANUP(cof_key_store_drop_) cof_key_store *store = open_store(f);
        assert_true(cof_key_store_next(store, "", true, &name));
        assert_int_equal(name.deleted_unix_s, 10);
        assert_int_equal(name.purge_unix_s, 20);
        assert_ok(cof_key_store_recover(store, "k", NULL));
        COF_CLEANUP(cof_stored_key_free) cof_stored_key again = {0};
        assert_ok(cof_key_store_get(store, "k", "", &again, NULL));
    }
    assert_ok(open_private(f, "k"));
    {
        COF_CLEANUP(cof_key_store_drop_) cof_key_store *store = open_store(f);
        assert_ok(cof_key_store_delete(store, "k", 10, 20, NULL));
        assert_ok(cof_key_store_purge(store, "k", NULL));
        assert_false(cof_key_store_look(store, "k", &name));
    }
    assert_int_equal(count_entries(f, "vault/keys"), 0);
}

/* A key is not kept from being recovered, or purged early, by who can write to the disk. */
static void files_beside_the_versions_that_were_changed_are_noticed(void **state)
{
    const local_fixture *f = *state;
    static const char *const files[] = {"vault/keys/k/deleted.json", "vault/keys/k/rotation.json"};
    COF_JSON json_t *rotation = json_pack("{s:s}", "coffer", "key-rotation/v1");
    cof_key_name name = {0};
    for (size_t i = 0; i < 2; i++) {
        COF_JSON json_t *record = NULL;
        COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
        char path[600];
        {
            COF_CLEANUP(cof_key_store_drop_) cof_key_store *store = open_store(f);
            add_to(store, "k", NULL);
            assert_ok(i == 0 ? cof_key_store_delete(store, "k", 10, 20, NULL)
                             : cof_key_store_set_rotation(store, "k", rotation, NULL));
        }
        assert_ok(cof_state_read_json(f->state, files[i], &record, NULL));
        assert_ok(cof_json_set(record, "purge", json_integer(1), NULL));
        assert_ok(cof_state_write_json(f->state, files[i], record, NULL));
        COF_CLEANUP(cof_key_store_drop_) cof_key_store *store = open_store(f);
        assert_true(cof_key_store_look(store, "k", &name));
        assert_true(name.is_damaged);
        assert_status(cof_key_store_get(store, "k", "", &key, NULL), TAG_MISMATCH);
        assert_status(cof_key_store_recover(store, "k", NULL), TAG_MISMATCH);
        make_path(f, files[i], path);
        assert_int_equal(unlink(path), 0);
    }
}

static void what_a_crash_left_behind_is_removed(void **state)
{
    const local_fixture *f = *state;
    static const char word[] = "x";
    COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
    add(f, "k", &key);
    assert_ok(cof_state_make_folder(f->state, "vault/keys/half", NULL));
    assert_ok(cof_state_make_folder(f->state, "vault/keys/.part-00", NULL));
    assert_ok(cof_state_write(f->state, "vault/keys/.part-00/file", cof_view_text(word), NULL));
    assert_ok(cof_state_write(f->state, "vault/keys/k/x.json.1.tmp", cof_view_text(word), NULL));
    assert_ok(cof_state_make_folder(f->state, "vault/keys/gone", NULL));
    assert_ok(cof_state_write(f->state, "vault/keys/gone/y.tmp", cof_view_text(word), NULL));
    assert_ok(open_private(f, "k"));
    assert_int_equal(count_entries(f, "vault/keys"), 1);
    assert_int_equal(count_entries(f, "vault/keys/k"), 1);
}

/* {"coffer":"key/v1"} in <version>.json, and current: as Coffer wrote them once. */
static void write_old(const local_fixture *f, const char *name, const char *version,
                      const char *word, bool is_current)
{
    COF_JSON json_t *meta = make_meta(word);
    COF_CLEANUP(cof_buf_free) cof_buf canonical = {.limit = 65536};
    COF_CLEANUP(cof_buf_free) cof_buf plain = {.limit = 65536};
    COF_CLEANUP(cof_buf_free) cof_buf sealed = {.limit = 65536};
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 65536};
    uint8_t salt[COF_SEALING_SALT_SIZE];
    cof_digest digest;
    char hex[2 * COF_DIGEST_SIZE + 1];
    char context[512];
    assert_ok(cof_json_canonical(meta, &canonical, NULL));
    assert_ok(cof_digest_of(cof_buf_view(&canonical), &digest, NULL));
    cof_digest_text(&digest, hex);
    (void)snprintf(context, sizeof context, "coffer-local/key/v1\n%s\n%s\n%s\n", name, version,
                   hex);
    assert_ok(cof_key_material_store(material, &plain, NULL));
    assert_ok(
        cof_sealing_seal(&root, cof_view_text(context), cof_buf_view(&plain), salt, &sealed, NULL));
    COF_JSON json_t *record = json_pack("{s:s,s:O}", "coffer", "key/v1", "meta", meta);
    assert_ok(cof_base64url_encode(cof_view_of(salt, sizeof salt), &text, NULL));
    assert_ok(cof_json_set(record, "salt", json_stringn((char *)text.data, text.size), NULL));
    cof_buf_clear(&text);
    assert_ok(cof_base64url_encode(cof_buf_view(&sealed), &text, NULL));
    assert_ok(cof_json_set(record, "sealed", json_stringn((char *)text.data, text.size), NULL));
    (void)snprintf(context, sizeof context, "vault/keys/%s", name);
    assert_ok(cof_state_make_folder(f->state, "vault", NULL));
    assert_ok(cof_state_make_folder(f->state, "vault/keys", NULL));
    assert_ok(cof_state_make_folder(f->state, context, NULL));
    (void)snprintf(context, sizeof context, "vault/keys/%s/%s.json", name, version);
    assert_ok(cof_state_write_json(f->state, context, record, NULL));
    if (is_current) {
        (void)snprintf(context, sizeof context, "vault/keys/%s/current", name);
        assert_ok(cof_state_write(f->state, context, cof_view_text(version), NULL));
    }
}

static void keys_of_an_older_coffer_are_read_updated_and_followed(void **state)
{
    const local_fixture *f = *state;
    static const char *const ids[] = {"00000000000000000000000000000001",
                                      "00000000000000000000000000000002",
                                      "00000000000000000000000000000003"};
    COF_JSON json_t *meta = make_meta("changed");
    COF_CLEANUP(cof_stored_key_free) cof_stored_key next = {0};
    write_old(f, "old", ids[0], "one", false);
    write_old(f, "old", ids[1], "two", true);
    write_old(f, "old", ids[2], "three", false);
    {
        COF_CLEANUP(cof_key_store_drop_) cof_key_store *store = open_store(f);
        COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
        assert_ok(cof_key_store_get(store, "old", "", &key, NULL));
        assert_string_equal(key.version, ids[1]);
        assert_ok(cof_key_store_update(store, &key, meta, NULL));
    }
    assert_ok(open_private(f, "old"));
    add(f, "old", &next);
    assert_int_equal(next.number, 1);
    COF_CLEANUP(cof_key_store_drop_) cof_key_store *store = open_store(f);
    COF_CLEANUP(cof_stored_key_free) cof_stored_key current = {0};
    COF_CLEANUP(cof_stored_key_free) cof_stored_key old = {0};
    assert_ok(cof_key_store_get(store, "old", "", &current, NULL));
    assert_string_equal(current.version, next.version);
    assert_ok(cof_key_store_get(store, "old", ids[1], &old, NULL));
    assert_string_equal(json_string_value(json_object_get(old.meta, "word")), "changed");
}

/* Files may have no more than some bytes, as on a full disk. */
static void a_full_disk_leaves_everything_as_it_was(void **state)
{
    const local_fixture *f = *state;
    COF_CLEANUP(cof_key_store_drop_) cof_key_store *store = open_store(f);
    COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
    COF_CLEANUP(cof_stored_key_free) cof_stored_key none = {0};
    COF_JSON json_t *meta = make_meta("second");
    struct rlimit before;
    add_to(store, "k", &key);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    const struct rlimit full = {.rlim_cur = 64, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
    const bool refused[] = {
        cof_key_store_add(store, "k", meta, material, &none, NULL) != COF_OK,
        cof_key_store_add(store, "new", meta, material, &none, NULL) != COF_OK,
        cof_key_store_update(store, &key, meta, NULL) != COF_OK,
        cof_key_store_delete(store, "k", 1, 2, NULL) != COF_OK,
        cof_key_store_set_rotation(store, "k", meta, NULL) != COF_OK,
    };
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        assert_true(refused[i]);
    }
    cof_key_name name = {0};
    COF_CLEANUP(cof_stored_key_free) cof_stored_key read = {0};
    assert_true(cof_key_store_look(store, "k", &name));
    assert_int_equal(name.version_count, 1);
    assert_false(name.is_deleted);
    assert_null(name.rotation);
    assert_false(cof_key_store_look(store, "new", &name));
    assert_false(exists(f, "vault/keys/new"));
    assert_ok(cof_key_store_get(store, "k", "", &read, NULL));
    assert_string_equal(json_string_value(json_object_get(read.meta, "word")), "first");
    assert_ok(open_private(f, "k"));
    add_to(store, "k", NULL);
}

static void names_that_are_no_names_are_refused(void **state)
{
    const local_fixture *f = *state;
    static const char *const names[] = {"",    ".",   "..",  "a/b",      "../x",
                                        "a.b", "a_b", "a b", "\xc3\xa4", "a\n"};
    COF_CLEANUP(cof_key_store_drop_) cof_key_store *store = open_store(f);
    COF_JSON json_t *meta = make_meta("x");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        cof_stored_key key = {0};
        assert_status(cof_key_store_add(store, names[i], meta, material, &key, NULL), BAD_ARGUMENT);
        assert_status(cof_key_store_get(store, names[i], "", &key, NULL), NOT_FOUND);
        assert_status(cof_key_store_get(store, "k", i == 0 ? "0" : names[i], &key, NULL),
                      NOT_FOUND);
        assert_status(cof_key_store_restore(store, names[i], NULL, 0, NULL, NULL), BAD_ARGUMENT);
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
        local_test(a_file_that_was_changed_anywhere_is_not_served),
        local_test(a_member_more_in_a_file_is_noticed),
        local_test(a_file_cannot_be_moved),
        local_test(without_the_root_key_nothing_opens),
        local_test(an_update_keeps_the_private_key),
        local_test(versions_keep_their_order_over_restarts),
        local_test(names_compare_without_case_and_keep_their_spelling),
        local_test(lists_are_in_order_and_go_on_after_a_name_that_is_gone),
        local_test(a_deleted_key_can_be_recovered_or_purged),
        local_test(files_beside_the_versions_that_were_changed_are_noticed),
        local_test(what_a_crash_left_behind_is_removed),
        local_test(keys_of_an_older_coffer_are_read_updated_and_followed),
        local_test(a_full_disk_leaves_everything_as_it_was),
        local_test(names_that_are_no_names_are_refused),
    };
    const cof_key_kind kind = {.type = COF_KEY_EC, .curve = COF_CURVE_P256};
    cmocka_set_message_output(CM_OUTPUT_TAP);
    (void)signal(SIGXFSZ, SIG_IGN);
    if (cof_key_material_generate(&kind, &material, NULL) != COF_OK) {
        return 1;
    }
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    cof_key_material_free(material);
    return failed;
}
