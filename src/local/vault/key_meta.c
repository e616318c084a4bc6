#include "local/vault/key_meta.h"

#include <string.h>

#include "tcb/base/limits.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum { RECOVERABLE_DAYS = 90 };

static const char own_tags[] = "coffer.";

cof_status cof_key_meta_set_public(json_t *meta, const cof_key_material *material, cof_err *err)
{
    /* The type stays as it was asked for: the material does not know of Hsm. */
    COF_JSON json_t *type = json_incref(json_object_get(meta, "kty"));
    COF_TRY(cof_key_material_public(material, meta, err));
    return cof_json_set(meta, "kty", json_incref(type), err);
}

/* All but the tags of contracts: a release of the new version must be granted anew. */
static cof_status copy_tags(const json_t *meta, json_t *out, cof_err *err)
{
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach(json_object_get(meta, "tags"), name, value)
    {
        if (strncmp(name, own_tags, sizeof own_tags - 1) != 0) {
            COF_TRY(cof_json_set(out, name, json_incref(value), err));
        }
    }
    return COF_OK;
}

cof_status cof_key_meta_rotate(const json_t *meta, int64_t now_unix_s, int64_t expires_unix_s,
                               cof_key_wish *out, cof_err *err)
{
    static const char *const kept[] = {"kty", "crv", "key_ops", "release_policy"};
    COF_TRY(cof_key_kind_of(meta, &out->kind, err));
    COF_JSON json_t *next = json_pack("{s:{s:b,s:I,s:I,s:b},s:{}}", "attributes", "enabled",
                                      (int)cof_key_meta_is_enabled(meta), "created",
                                      (json_int_t)now_unix_s, "updated", (json_int_t)now_unix_s,
                                      "exportable", (int)cof_key_meta_is_exportable(meta), "tags");
    if (next == NULL) {
        return COF_FAIL(err, NO_MEMORY, "key");
    }
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        const json_t *value = json_object_get(meta, kept[i]);
        if (value != NULL) {
            COF_TRY(cof_json_set(next, kept[i], json_deep_copy(value), err));
        }
    }
    if (expires_unix_s != COF_KEY_NO_EXPIRY) {
        COF_TRY(cof_json_set(json_object_get(next, "attributes"), "exp",
                             json_integer(expires_unix_s), err));
    }
    COF_TRY(copy_tags(meta, json_object_get(next, "tags"), err));
    out->meta = json_incref(next);
    return COF_OK;
}

cof_status cof_key_meta_kid(const cof_stored_key *key, const char *base, cof_buf *out, cof_err *err)
{
    return cof_buf_printf(out, err, "%s/keys/%s/%s", base, key->name, key->version);
}

/* As it is shown: with what the vault says of all its keys. */
static cof_status show_attributes(const json_t *meta, json_t **out, cof_err *err)
{
    COF_JSON json_t *attributes = json_deep_copy(json_object_get(meta, "attributes"));
    if (attributes == NULL) {
        return COF_FAIL(err, NO_MEMORY, "key");
    }
    COF_TRY(cof_json_set(attributes, "recoveryLevel", json_string("Recoverable+Purgeable"), err));
    COF_TRY(cof_json_set(attributes, "recoverableDays", json_integer(RECOVERABLE_DAYS), err));
    *out = json_incref(attributes);
    return COF_OK;
}

cof_status cof_key_meta_bundle(const cof_stored_key *key, const char *base, json_t **out,
                               cof_err *err)
{
    static const char *const shown[] = {"kty", "key_ops", "n", "e", "crv", "x", "y"};
    COF_CLEANUP(cof_buf_free) cof_buf kid = {.limit = COF_LIMIT_URL_BYTES};
    COF_JSON json_t *attributes = NULL;
    COF_TRY(cof_key_meta_kid(key, base, &kid, err));
    COF_TRY(show_attributes(key->meta, &attributes, err));
    COF_JSON json_t *bundle =
        json_pack("{s:{s:s%},s:O,s:O,s:O*}", "key", "kid", kid.data, kid.size, "attributes",
                  attributes, "tags", json_object_get(key->meta, "tags"), "release_policy",
                  json_object_get(key->meta, "release_policy"));
    if (bundle == NULL) {
        return COF_FAIL(err, NO_MEMORY, "key");
    }
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        json_t *value = json_object_get(key->meta, shown[i]);
        if (value != NULL) {
            COF_TRY(
                cof_json_set(json_object_get(bundle, "key"), shown[i], json_incref(value), err));
        }
    }
    *out = json_incref(bundle);
    return COF_OK;
}

cof_status cof_key_meta_item(const cof_stored_key *key, const char *base, bool with_version,
                             json_t **out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf kid = {.limit = COF_LIMIT_URL_BYTES};
    COF_JSON json_t *attributes = NULL;
    COF_TRY(cof_buf_printf(&kid, err, "%s/keys/%s%s%s", base, key->name, with_version ? "/" : "",
                           with_version ? key->version : ""));
    COF_TRY(show_attributes(key->meta, &attributes, err));
    COF_JSON json_t *item = json_pack("{s:s%,s:O,s:O}", "kid", kid.data, kid.size, "attributes",
                                      attributes, "tags", json_object_get(key->meta, "tags"));
    if (item == NULL) {
        return COF_FAIL(err, NO_MEMORY, "key");
    }
    *out = json_incref(item);
    return COF_OK;
}

bool cof_key_meta_allows(const json_t *meta, const char *operation)
{
    const json_t *list = json_object_get(meta, "key_ops");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = json_string_value(json_array_get(list, i));
        if (name != NULL && strcmp(name, operation) == 0) {
            return true;
        }
    }
    return false;
}

bool cof_key_meta_is_enabled(const json_t *meta)
{
    return json_is_true(json_object_get(json_object_get(meta, "attributes"), "enabled"));
}

bool cof_key_meta_is_exportable(const json_t *meta)
{
    return json_is_true(json_object_get(json_object_get(meta, "attributes"), "exportable"));
}

bool cof_key_meta_is_current(const json_t *meta, int64_t now_unix_s)
{
    const json_t *attributes = json_object_get(meta, "attributes");
    const json_t *nbf = json_object_get(attributes, "nbf");
    const json_t *exp = json_object_get(attributes, "exp");
    return (nbf == NULL || json_integer_value(nbf) <= now_unix_s) &&
           (exp == NULL || json_integer_value(exp) > now_unix_s);
}

cof_status cof_key_meta_policy(const json_t *meta, cof_key_policy **out, cof_err *err)
{
    const char *data =
        json_string_value(json_object_get(json_object_get(meta, "release_policy"), "data"));
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_KEY_POLICY_BYTES};
    if (data == NULL) {
        return COF_FAIL(err, NOT_FOUND, "the key has no release policy");
    }
    COF_TRY(cof_base64url_decode(cof_view_text(data), &text, err));
    return cof_key_policy_parse(cof_buf_view(&text), out, err);
}
