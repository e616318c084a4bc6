#include "local_fixture.h"

#include <string.h>

#include "local/vault/backup.h"
#include "tcb/wire/json.h"

static const cof_root_key root = {{7}};
static const char tenant[] = "11111111-2222-3333-4444-555555555555";

static const cof_key_kind kinds[] = {{.type = COF_KEY_EC, .curve = COF_CURVE_P384},
                                     {.type = COF_KEY_OCT, .bits = 192},
                                     {.type = COF_KEY_EC, .curve = COF_CURVE_P256}};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

typedef struct saved {
    cof_key_store *store;
    char ids[KINDS][COF_KEY_VERSION_SIZE];
    cof_buf blob;
} saved;

static void close_saved(saved *s)
{
    cof_key_store_free(s->store);
    cof_buf_free(&s->blob);
}

/* A key with a version of each kind and a rotation policy, and its backup. */
static void start(const local_fixture *f, saved *s)
{
    COF_JSON json_t *rotation = json_pack("{s:s,s:{}}", "coffer", "key-rotation/v1", "policy");
    *s = (saved){.blob = {.limit = COF_BACKUP_BYTES}};
    assert_ok(cof_key_store_open(f->state, &root, &s->store, NULL));
    for (size_t i = 0; i < KINDS; i++) {
        COF_CLEANUP(cof_key_material_drop_) cof_key_material *material = NULL;
        COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
        COF_JSON json_t *meta = json_pack("{s:i}", "number", (int)i);
        assert_ok(cof_key_material_generate(&kinds[i], &material, NULL));
        assert_ok(cof_key_material_public(material, meta, NULL));
        assert_ok(cof_key_store_add(s->store, "Backed-Up", meta, material, &key, NULL));
        memcpy(s->ids[i], key.version, sizeof s->ids[i]);
    }
    assert_ok(cof_key_store_set_rotation(s->store, "backed-up", rotation, NULL));
    assert_ok(cof_backup_make(s->store, tenant, "backed-UP", &s->blob, NULL));
}

static cof_status read_blob(cof_view blob)
{
    COF_CLEANUP(cof_backup_free) cof_backup backup = {0};
    return cof_backup_read(&root, tenant, blob, &backup, NULL);
}

static void a_restored_key_is_the_whole_key(void **state)
{
    const local_fixture *f = *state;
    COF_CLEANUP(close_saved) saved s;
    COF_CLEANUP(cof_backup_free) cof_backup backup = {0};
    cof_key_name name = {0};
    start(f, &s);
    assert_ok(cof_backup_read(&root, tenant, cof_buf_view(&s.blob), &backup, NULL));
    assert_status(cof_key_store_restore(s.store, backup.name, backup.copies, backup.count,
                                        backup.rotation, NULL),
                  EXISTS);
    assert_ok(cof_key_store_delete(s.store, "backed-up", 1, 2, NULL));
    assert_status(cof_key_store_restore(s.store, backup.name, backup.copies, backup.count,
                                        backup.rotation, NULL),
                  EXISTS);
    assert_ok(cof_key_store_purge(s.store, "backed-up", NULL));
    assert_ok(cof_key_store_restore(s.store, backup.name, backup.copies, backup.count,
                                    backup.rotation, NULL));
    cof_key_store_free(s.store);
    s.store = NULL;
    assert_ok(cof_key_store_open(f->state, &root, &s.store, NULL));
    assert_true(cof_key_store_look(s.store, "backed-up", &name));
    assert_string_equal(name.name, "Backed-Up");
    assert_non_null(name.rotation);
    assert_int_equal(name.version_count, KINDS);
    for (size_t i = 0; i < KINDS; i++) {
        COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
        COF_CLEANUP(cof_key_material_drop_) cof_key_material *material = NULL;
        COF_JSON json_t *public = json_object();
        assert_ok(cof_key_store_at(s.store, "backed-up", i, &key, NULL));
        assert_string_equal(key.version, s.ids[i]);
        assert_int_equal(json_integer_value(json_object_get(key.meta, "number")), i);
        assert_ok(cof_key_store_material(s.store, &key, &material, NULL));
        assert_ok(cof_key_material_public(material, public, NULL));
        if (kinds[i].type == COF_KEY_EC) {
            assert_true(json_equal(json_object_get(public, "x"), json_object_get(key.meta, "x")));
        } else {
            assert_int_equal(8 * cof_key_material_bytes(material).size, kinds[i].bits);
        }
    }
}

static void a_backup_holds_no_secret_that_can_be_read(void **state)
{
    COF_CLEANUP(close_saved) saved s;
    start(*state, &s);
    for (size_t i = 0; i < KINDS; i++) {
        COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
        COF_CLEANUP(cof_key_material_drop_) cof_key_material *material = NULL;
        COF_CLEANUP(cof_buf_free) cof_buf secret = {.limit = 8192};
        assert_ok(cof_key_store_at(s.store, "backed-up", i, &key, NULL));
        assert_ok(cof_key_store_material(s.store, &key, &material, NULL));
        assert_ok(cof_key_material_store(material, &secret, NULL));
        for (size_t at = 0; at + 8 <= secret.size; at += 8) {
            assert_null(memmem(s.blob.data, s.blob.size, secret.data + at, 8));
        }
    }
}

static void a_backup_that_was_changed_anywhere_is_refused(void **state)
{
    COF_CLEANUP(close_saved) saved s;
    start(*state, &s);
    for (size_t at = 0; at < s.blob.size; at++) {
        s.blob.data[at] ^= 1;
        const cof_status status = read_blob(cof_buf_view(&s.blob));
        assert_true(status == COF_E_TAG_MISMATCH || status == COF_E_BAD_FORMAT);
        s.blob.data[at] ^= 1;
    }
    for (size_t size = 0; size < s.blob.size; size += 3) {
        assert_true(read_blob(cof_view_of(s.blob.data, size)) != COF_OK);
    }
    assert_ok(read_blob(cof_buf_view(&s.blob)));
}

static void a_backup_of_another_vault_or_tenant_is_refused(void **state)
{
    static const cof_root_key other = {{8}};
    COF_CLEANUP(close_saved) saved s;
    COF_CLEANUP(cof_backup_free) cof_backup none = {0};
    start(*state, &s);
    assert_status(cof_backup_read(&other, tenant, cof_buf_view(&s.blob), &none, NULL),
                  TAG_MISMATCH);
    assert_status(cof_backup_read(&root, "00000000-2222-3333-4444-555555555555",
                                  cof_buf_view(&s.blob), &none, NULL),
                  TAG_MISMATCH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        local_test(a_restored_key_is_the_whole_key),
        local_test(a_backup_holds_no_secret_that_can_be_read),
        local_test(a_backup_that_was_changed_anywhere_is_refused),
        local_test(a_backup_of_another_vault_or_tenant_is_refused),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
