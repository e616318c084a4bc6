/* The body of a request to the vault, after a byte that says which: create, import, update, set a
 * rotation policy; or a skip token. It is refused, or what it makes can be shown and holds nothing
 * private. */
#include <stdlib.h>
#include <string.h>

#include "local/vault/key_meta.h"
#include "local/vault/rotation_policy.h"
#include "local/vault/skip_token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BODY_BYTES = 64 * 1024, NOW = 1700000000 };

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* Everything that is kept of a key can be sealed to it, and shown. */
static void check_meta(json_t *meta)
{
    static const char *const private[] = {"d", "p", "q", "dp", "dq", "qi", "k"};
    cof_stored_key key = {.name = "name", .version = "0", .meta = meta};
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = (size_t)1024 * 1024};
    COF_JSON json_t *bundle = NULL;
    COF_JSON json_t *item = NULL;
    cof_key_kind kind = {0};
    must(cof_key_kind_of(meta, &kind, NULL) == COF_OK);
    must(cof_json_canonical(meta, &text, NULL) == COF_OK);
    must(cof_key_meta_bundle(&key, "https://localhost", &bundle, NULL) == COF_OK);
    must(cof_key_meta_item(&key, "https://localhost", true, &item, NULL) == COF_OK);
    for (size_t i = 0; i < sizeof private / sizeof private[0]; i++) {
        must(json_object_get(json_object_get(bundle, "key"), private[i]) == NULL);
    }
    const bool has_policy = json_object_get(meta, "release_policy") != NULL;
    must(cof_key_meta_is_exportable(meta) == has_policy);
}

static void create(const json_t *body)
{
    cof_key_wish wish = {0};
    cof_key_wish next = {0};
    if (cof_key_meta_create(body, NOW, &wish, NULL) != COF_OK) {
        return;
    }
    COF_JSON json_t *meta = wish.meta;
    check_meta(meta);
    must(cof_key_meta_rotate(meta, NOW, NOW + 1, &next, NULL) == COF_OK);
    COF_JSON json_t *rotated = next.meta;
    check_meta(rotated);
}

static void import(const json_t *body)
{
    cof_key_import imported = {0};
    if (cof_key_meta_import(body, NOW, &imported, NULL) != COF_OK) {
        return;
    }
    COF_JSON json_t *meta = imported.meta;
    COF_CLEANUP(cof_key_material_drop_) cof_key_material *material = imported.material;
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {.limit = BODY_BYTES};
    COF_CLEANUP(cof_key_material_drop_) cof_key_material *again = NULL;
    cof_key_kind kind = {0};
    must(cof_key_meta_set_public(meta, material, NULL) == COF_OK);
    check_meta(meta);
    must(cof_key_kind_of(meta, &kind, NULL) == COF_OK);
    must(cof_key_material_store(material, &bytes, NULL) == COF_OK);
    must(cof_key_material_load(&kind, cof_buf_view(&bytes), &again, NULL) == COF_OK);
}

static void update(const json_t *body)
{
    static const char policy[] = "eyJ2ZXJzaW9uIjoiMS4wLjAiLCJhbnlPZiI6W3siYXV0aG9yaXR5IjoieCIsImFsb"
                                 "E9mIjpbeyJjbGFpbSI6ImEiLCJlcXVhbHMiOjF9XX1dfQ";
    COF_JSON json_t *meta =
        json_pack("{s:s,s:[s],s:{s:b,s:i,s:i,s:b},s:{},s:{s:s,s:s,s:b}}", "kty", "RSA", "key_ops",
                  "sign", "attributes", "enabled", 1, "created", 1, "updated", 1, "exportable", 1,
                  "tags", "release_policy", "contentType", "x", "data", policy, "immutable", 1);
    COF_JSON json_t *changed = NULL;
    if (meta == NULL || cof_key_meta_update(meta, body, NOW, &changed, NULL) != COF_OK) {
        return;
    }
    check_meta(changed);
    must(json_equal(json_object_get(changed, "release_policy"),
                    json_object_get(meta, "release_policy")));
}

static void set_rotation(const json_t *body)
{
    COF_JSON json_t *policy = NULL;
    COF_JSON json_t *again = NULL;
    COF_JSON json_t *meta = json_pack("{s:{s:i,s:i}}", "attributes", "created", NOW, "exp", NOW);
    if (cof_rotation_policy_read(body, NULL, NOW, &policy, NULL) != COF_OK) {
        return;
    }
    (void)cof_rotation_policy_is_due(policy, COF_ROTATION_ROTATE, meta, NOW);
    (void)cof_rotation_policy_is_due(policy, COF_ROTATION_NOTIFY, meta, NOW);
    const int64_t expiry = cof_rotation_policy_expiry(policy, NOW);
    must(expiry == COF_KEY_NO_EXPIRY || expiry >= NOW + 28 * 24 * 60 * 60);
    /* What was accepted is accepted again: times are relative to now. */
    must(cof_rotation_policy_read(policy, policy, NOW, &again, NULL) == COF_OK);
    must(json_equal(policy, again));
}

static void read_token(const uint8_t *data, size_t size)
{
    static const cof_root_key root = {{7}};
    char text[512];
    char place[COF_SKIP_PLACE_SIZE];
    const size_t used = size < sizeof text ? size : sizeof text - 1;
    memcpy(text, data, used);
    text[used] = '\0';
    (void)!cof_skip_token_read(&root, "keys", text, place, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const readers[])(const json_t *) = {create, import, update, set_rotation};
    COF_JSON json_t *body = NULL;
    if (size == 0) {
        return 0;
    }
    const size_t which = (size_t)(data[0] - '0') % 5;
    if (which == 4) {
        read_token(data + 1, size - 1);
        return 0;
    }
    if (cof_json_parse(cof_view_of(data + 1, size - 1), BODY_BYTES, &body, NULL) == COF_OK &&
        json_is_object(body)) {
        readers[which](body);
    }
    return 0;
}
