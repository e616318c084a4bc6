#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "local/vault/secrets.h"
#include "local_fixture.h"
#include "tcb/wire/json.h"

static const cof_root_key root = {{1, 2, 3}};
static const cof_root_key other_root = {{3, 2, 1}};

static cof_secret_store store_of(const local_fixture *f)
{
    return (cof_secret_store){.state = f->state, .root = &root};
}

static void put(const local_fixture *f, const char *name, const char *value)
{
    const cof_secret_store store = store_of(f);
    COF_CLEANUP(cof_secret_index_free) cof_secret_index index = {0};
    COF_CLEANUP(cof_secret_free) cof_secret secret = {0};
    COF_JSON json_t *meta = json_pack("{s:{s:b},s:{}}", "attributes", "enabled", 1, "tags");
    if (cof_secret_index_read(&store, name, &index, NULL) != COF_OK) {
        (void)snprintf(index.name, sizeof index.name, "%s", name);
    }
    assert_ok(cof_secret_write(&store, &index, "", meta, cof_view_text(value), &secret, NULL));
    assert_ok(cof_secret_add(&store, &index, secret.version, NULL));
}

static cof_status get_with(const local_fixture *f, const cof_root_key *key, const char *name,
                           const char *version, cof_buf *out)
{
    const cof_secret_store store = {.state = f->state, .root = key};
    COF_CLEANUP(cof_secret_index_free) cof_secret_index index = {0};
    COF_CLEANUP(cof_secret_free) cof_secret secret = {0};
    COF_TRY(cof_secret_index_read(&store, name, &index, NULL));
    COF_TRY(cof_secret_read(&store, &index, version, &secret, NULL));
    return cof_secret_value(&store, &index, &secret, out, NULL);
}

static cof_status get(const local_fixture *f, const char *name, cof_buf *out)
{
    return get_with(f, &root, name, "", out);
}

static void a_value_is_read_back_by_any_spelling_of_its_name(void **state)
{
    const local_fixture *f = *state;
    COF_CLEANUP(cof_buf_free) cof_buf value = {.limit = COF_SECRET_VALUE_BYTES};
    put(f, "A-Name", "first");
    put(f, "a-name", "second");
    assert_ok(get(f, "a-NAME", &value));
    assert_view_text(cof_buf_view(&value), "second");
    assert_status(get(f, "a-name2", &value), NOT_FOUND);
    assert_status(get(f, "../a-name", &value), NOT_FOUND);
}

static void another_root_key_opens_nothing(void **state)
{
    const local_fixture *f = *state;
    COF_CLEANUP(cof_buf_free) cof_buf value = {.limit = COF_SECRET_VALUE_BYTES};
    put(f, "s", "value");
    assert_status(get_with(f, &other_root, "s", "", &value), TAG_MISMATCH);
    assert_int_equal(value.size, 0);
}

/* The path of the newest version's file. */
static void newest_file(const local_fixture *f, const char *name, cof_path *out, char version[33])
{
    const cof_secret_store store = store_of(f);
    COF_CLEANUP(cof_secret_index_free) cof_secret_index index = {0};
    assert_ok(cof_secret_index_read(&store, name, &index, NULL));
    const size_t last = json_array_size(index.versions) - 1;
    (void)snprintf(version, 33, "%s", json_string_value(json_array_get(index.versions, last)));
    assert_ok(
        cof_path_format(out, NULL, "%s/local/vault/secrets/%s/%s.json", f->home, name, version));
}

static void a_file_of_another_secret_or_version_does_not_open(void **state)
{
    const local_fixture *f = *state;
    COF_CLEANUP(cof_buf_free) cof_buf value = {.limit = COF_SECRET_VALUE_BYTES};
    COF_CLEANUP(cof_buf_free) cof_buf old = {.limit = 65536};
    cof_path one;
    cof_path two;
    char version[33];
    put(f, "one", "first");
    newest_file(f, "one", &one, version);
    assert_ok(cof_read_file(one.text, &old, NULL));
    put(f, "one", "second");
    newest_file(f, "one", &two, version);
    assert_ok(cof_write_file(two.text, cof_buf_view(&old), 0600, NULL));
    assert_status(get(f, "one", &value), TAG_MISMATCH);
    put(f, "two", "third");
    newest_file(f, "two", &two, version);
    assert_ok(cof_write_file(two.text, cof_buf_view(&old), 0600, NULL));
    assert_status(get(f, "two", &value), TAG_MISMATCH);
}

static void a_version_that_the_index_does_not_name_is_not_there(void **state)
{
    const local_fixture *f = *state;
    const cof_secret_store store = store_of(f);
    COF_CLEANUP(cof_buf_free) cof_buf value = {.limit = COF_SECRET_VALUE_BYTES};
    COF_CLEANUP(cof_secret_index_free) cof_secret_index index = {0};
    COF_CLEANUP(cof_secret_free) cof_secret secret = {0};
    COF_JSON json_t *meta = json_pack("{s:{}}", "attributes");
    put(f, "s", "named");
    assert_ok(cof_secret_index_read(&store, "s", &index, NULL));
    /* A crash before the index was written. */
    assert_ok(
        cof_secret_write(&store, &index, "", meta, cof_view_text("not named"), &secret, NULL));
    assert_status(get_with(f, &root, "s", secret.version, &value), NOT_FOUND);
    assert_ok(get(f, "s", &value));
    assert_view_text(cof_buf_view(&value), "named");
}

static void a_deleted_secret_is_purged_when_its_time_has_come(void **state)
{
    const local_fixture *f = *state;
    const cof_secret_store store = store_of(f);
    COF_CLEANUP(cof_trail_drop_) cof_trail *trail = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 65536};
    assert_ok(cof_trail_open(f->state, &trail, NULL));
    put(f, "kept", "x");
    for (int i = 0; i < 3; i++) {
        COF_CLEANUP(cof_secret_index_free) cof_secret_index index = {0};
        char name[8];
        (void)snprintf(name, sizeof name, "s%d", i);
        put(f, name, "x");
        assert_ok(cof_secret_index_read(&store, name, &index, NULL));
        index.is_deleted = true;
        index.deleted_unix_s = fixture_now;
        index.purge_unix_s = fixture_now + (i == 1 ? 500 : 100);
        assert_ok(cof_secret_index_write(&store, &index, NULL));
    }
    assert_ok(cof_secret_purge_due(&store, trail, NULL));
    assert_status(cof_state_read(f->state, "audit.jsonl", &text, NULL), OK);
    assert_int_equal(text.size, 0);
    fixture_now += 100;
    assert_ok(cof_secret_purge_due(&store, trail, NULL));
    COF_CLEANUP(cof_secret_index_free) cof_secret_index left = {0};
    bool is_found = false;
    assert_ok(cof_secret_next(&store, "", true, &left, &is_found, NULL));
    assert_true(is_found);
    assert_string_equal(left.name, "s1");
    assert_ok(cof_state_read(f->state, "audit.jsonl", &text, NULL));
    assert_non_null(memmem(text.data, text.size, "\"s0\"", 4));
    assert_non_null(memmem(text.data, text.size, "\"s2\"", 4));
    assert_null(memmem(text.data, text.size, "\"kept\"", 6));
}

static void a_backup_opens_with_its_root_key_and_tenant_alone(void **state)
{
    const local_fixture *f = *state;
    const cof_secret_store store = store_of(f);
    const cof_secret_store other = {.state = f->state, .root = &other_root};
    COF_CLEANUP(cof_buf_free) cof_buf blob = {.limit = COF_SECRET_BACKUP_BYTES};
    COF_CLEANUP(cof_secret_index_free) cof_secret_index index = {0};
    COF_CLEANUP(cof_secret_index_free) cof_secret_index back = {0};
    put(f, "s", "one");
    put(f, "s", "two");
    assert_ok(cof_secret_index_read(&store, "s", &index, NULL));
    assert_ok(cof_secret_backup_make(&store, "tenant", &index, &blob, NULL));
    const cof_view whole = cof_buf_view(&blob);
    assert_status(cof_secret_backup_restore(&store, "tenant", whole, &back, NULL), EXISTS);
    assert_string_equal(back.name, "s");
    cof_secret_index_free(&back);
    assert_ok(cof_secret_remove(&store, &index, NULL));
    assert_status(cof_secret_backup_restore(&store, "tenanu", whole, &back, NULL), TAG_MISMATCH);
    assert_status(cof_secret_backup_restore(&other, "tenant", whole, &back, NULL), TAG_MISMATCH);
    for (size_t size = 0; size < whole.size; size += 7) {
        assert_true(cof_secret_backup_restore(&store, "tenant", cof_view_of(whole.data, size),
                                              &back, NULL) != COF_OK);
    }
    COF_CLEANUP(cof_buf_free) cof_buf value = {.limit = COF_SECRET_VALUE_BYTES};
    assert_ok(cof_secret_backup_restore(&store, "tenant", whole, &back, NULL));
    assert_int_equal(json_array_size(back.versions), 2);
    assert_status(get(f, "s", &value), NOT_FOUND);
    assert_ok(cof_secret_index_write(&store, &back, NULL));
    assert_ok(get(f, "s", &value));
    assert_view_text(cof_buf_view(&value), "two");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        local_test(a_value_is_read_back_by_any_spelling_of_its_name),
        local_test(another_root_key_opens_nothing),
        local_test(a_file_of_another_secret_or_version_does_not_open),
        local_test(a_version_that_the_index_does_not_name_is_not_there),
        local_test(a_deleted_secret_is_purged_when_its_time_has_come),
        local_test(a_backup_opens_with_its_root_key_and_tenant_alone),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
