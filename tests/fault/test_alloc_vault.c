/*
 * Each allocation of a change of the vault's keys fails once, jansson's included: the change is
 * made whole, or memory and disk have what was there before.
 */
#include <string.h>

#include "harness/cof_alloc_fail.h"
#include "local/vault/backup.h"
#include "local/vault/key_meta.h"
#include "tcb/wire/json.h"
#include "unit/local/local_fixture.h"

static const cof_root_key root = {{7}};
/* OpenSSL does not always say that it was memory. */
static const cof_status or_crypto[] = {COF_E_CRYPTO, COF_E_BAD_KEY, COF_OK};

typedef struct world {
    const local_fixture *f;
    cof_key_store *store;
    cof_key_material *material;
    json_t *meta;
} world;

static void world_open(const local_fixture *f, world *w)
{
    const cof_key_kind kind = {.type = COF_KEY_EC, .curve = COF_CURVE_P256};
    *w = (world){.f = f};
    assert_ok(cof_key_material_generate(&kind, &w->material, NULL));
    w->meta = json_pack("{s:{},s:{}}", "attributes", "tags");
    assert_ok(cof_key_material_public(w->material, w->meta, NULL));
    assert_ok(cof_key_store_open(f->state, &root, &w->store, NULL));
}

static void world_close(world *w)
{
    cof_key_store_free(w->store);
    cof_key_material_free(w->material);
    json_decref(w->meta);
}

static cof_status put(const world *w, const char *name)
{
    COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
    return cof_key_store_add(w->store, name, w->meta, w->material, &key, NULL);
}

/* What is on disk is what is in memory, and all of it opens. */
static void check(const world *w)
{
    const unsigned long left = cof_alloc_fail_pause();
    COF_CLEANUP(cof_key_store_drop_) cof_key_store *read = NULL;
    cof_key_name mine = {0};
    cof_key_name other = {0};
    assert_ok(cof_key_store_open(w->f->state, &root, &read, NULL));
    for (size_t deleted = 0; deleted < 2; deleted++) {
        char after[COF_KEY_NAME_SIZE] = "";
        while (cof_key_store_next(w->store, after, deleted == 1, &mine)) {
            assert_true(cof_key_store_next(read, after, deleted == 1, &other));
            assert_string_equal(mine.name, other.name);
            assert_int_equal(mine.version_count, other.version_count);
            assert_true((mine.rotation == NULL) == (other.rotation == NULL));
            for (size_t i = 0; i < mine.version_count; i++) {
                COF_CLEANUP(cof_stored_key_free) cof_stored_key a = {0};
                COF_CLEANUP(cof_stored_key_free) cof_stored_key b = {0};
                assert_ok(cof_key_store_at(w->store, mine.name, i, &a, NULL));
                assert_ok(cof_key_store_at(read, mine.name, i, &b, NULL));
                assert_string_equal(a.version, b.version);
                assert_true(json_equal(a.meta, b.meta));
            }
            (void)snprintf(after, sizeof after, "%s", mine.name);
        }
        assert_false(cof_key_store_next(read, after, deleted == 1, &other));
    }
    cof_alloc_fail_resume(left);
}

static cof_status run_add(void *context)
{
    const world *w = context;
    const cof_status status = put(w, "new");
    check(w);
    return status;
}

static cof_status change(const world *w)
{
    COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
    COF_JSON json_t *meta = json_deep_copy(w->meta);
    COF_JSON json_t *rotation = json_pack("{s:s}", "coffer", "x");
    if (meta == NULL || rotation == NULL) {
        return COF_E_NO_MEMORY;
    }
    COF_TRY(cof_json_set(meta, "more", json_true(), NULL));
    COF_TRY(cof_key_store_get(w->store, "k", "", &key, NULL));
    COF_TRY(cof_key_store_update(w->store, &key, meta, NULL));
    return cof_key_store_set_rotation(w->store, "k", rotation, NULL);
}

static cof_status run_update(void *context)
{
    const world *w = context;
    const cof_status status = change(w);
    check(w);
    return status;
}

static cof_status run_delete(void *context)
{
    const world *w = context;
    cof_status status = cof_key_store_delete(w->store, "k", 1, 2, NULL);
    check(w);
    if (status == COF_OK) {
        const unsigned long left = cof_alloc_fail_pause();
        assert_ok(cof_key_store_recover(w->store, "k", NULL));
        cof_alloc_fail_resume(left);
    }
    return status;
}

static cof_status move(const world *w)
{
    COF_CLEANUP(cof_buf_free) cof_buf blob = {.limit = COF_BACKUP_BYTES};
    COF_CLEANUP(cof_backup_free) cof_backup backup = {0};
    COF_TRY(cof_backup_make(w->store, "tenant", "k", &blob, NULL));
    COF_TRY(cof_backup_read(&root, "tenant", cof_buf_view(&blob), &backup, NULL));
    return cof_key_store_restore(w->store, "copy", backup.copies, backup.count, backup.rotation,
                                 NULL);
}

static cof_status run_restore(void *context)
{
    const world *w = context;
    const cof_status status = move(w);
    check(w);
    if (status == COF_OK) {
        const unsigned long left = cof_alloc_fail_pause();
        assert_ok(cof_key_store_delete(w->store, "copy", 1, 2, NULL));
        assert_ok(cof_key_store_purge(w->store, "copy", NULL));
        cof_alloc_fail_resume(left);
    }
    return status;
}

static cof_status run_open(void *context)
{
    const world *w = context;
    COF_CLEANUP(cof_key_store_drop_) cof_key_store *store = NULL;
    COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
    COF_TRY(cof_key_store_open(w->f->state, &root, &store, NULL));
    return cof_key_store_get(store, "k", "", &key, NULL);
}

static void a_change_is_whole_or_not_made(void **state)
{
    cof_status (*const runs[])(void *) = {run_add, run_update, run_delete, run_restore, run_open};
    world w;
    world_open(*state, &w);
    assert_ok(put(&w, "k"));
    assert_ok(put(&w, "k"));
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
        assert_true(cof_alloc_fail_each(runs[i], &w, or_crypto) > 5);
    }
    world_close(&w);
}

static cof_status run_request(void *context)
{
    const json_t *body = context;
    cof_key_wish wish = {0};
    cof_key_wish next = {0};
    COF_TRY(cof_key_meta_create(body, 1000, &wish, NULL));
    COF_JSON json_t *meta = wish.meta;
    COF_TRY(cof_key_meta_rotate(meta, 1000, 2000, &next, NULL));
    json_decref(next.meta);
    return COF_OK;
}

static void a_request_is_read_whole_or_not(void **state)
{
    (void)state;
    COF_JSON json_t *body = json_pack("{s:s,s:[s],s:{s:i},s:{s:s}}", "kty", "EC", "key_ops", "sign",
                                      "attributes", "exp", 5000, "tags", "a", "b");
    assert_true(cof_alloc_fail_each(run_request, body, or_crypto) > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        local_test(a_change_is_whole_or_not_made),
        cmocka_unit_test(a_request_is_read_whole_or_not),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    cof_alloc_fail_hook_jansson();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
