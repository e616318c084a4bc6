#include "local/vault/key_meta.h"

#include <string.h>
#include <strings.h>

#include "local/vault/runs.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum { TAGS_MAX = 256, TAG_NAME_BYTES = 512, TAG_VALUE_BYTES = 256, TYPE_BYTES = 128 };

static const char *const operations[] = {"encrypt", "decrypt",   "sign",   "verify",
                                         "wrapKey", "unwrapKey", "import", "export"};
enum { DEFAULT_OPERATIONS = 6 };

static const json_t *member(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_null(value) ? NULL : value;
}

static bool is_operation(const char *name)
{
    for (size_t i = 0; name != NULL && i < sizeof operations / sizeof operations[0]; i++) {
        if (strcmp(name, operations[i]) == 0) {
            return true;
        }
    }
    return false;
}

static cof_status read_operations(const json_t *request, json_t *meta, cof_err *err)
{
    const json_t *given = member(request, "key_ops");
    if (given == NULL) {
        return COF_OK;
    }
    if (!json_is_array(given) ||
        json_array_size(given) > sizeof operations / sizeof operations[0]) {
        return COF_FAIL(err, BAD_ARGUMENT, "key_ops is not a list of operations");
    }
    for (size_t i = 0; i < json_array_size(given); i++) {
        if (!is_operation(json_string_value(json_array_get(given, i)))) {
            return COF_FAIL(err, BAD_ARGUMENT, "key_ops has an operation that is not known");
        }
    }
    return cof_json_set(meta, "key_ops", json_deep_copy(given), err);
}

static cof_status read_time(const json_t *given, const char *name, json_t *attributes, cof_err *err)
{
    int64_t value = 0;
    if (member(given, name) == NULL) {
        return COF_OK;
    }
    if (cof_json_get_int(given, name, 0, INT64_C(253402300799), &value, NULL) != COF_OK) {
        return COF_FAIL(err, BAD_ARGUMENT, "attributes.%s is not a time", name);
    }
    return cof_json_set(attributes, name, json_integer(value), err);
}

static cof_status read_attributes(const json_t *request, json_t *meta, bool is_new, cof_err *err)
{
    const json_t *given = member(request, "attributes");
    json_t *attributes = json_object_get(meta, "attributes");
    if (given == NULL) {
        return COF_OK;
    }
    const json_t *enabled = member(given, "enabled");
    const json_t *exportable = member(given, "exportable");
    if (!json_is_object(given) || (enabled != NULL && !json_is_boolean(enabled)) ||
        (exportable != NULL && !json_is_boolean(exportable))) {
        return COF_FAIL(err, BAD_ARGUMENT, "attributes is not valid");
    }
    COF_TRY(read_time(given, "nbf", attributes, err));
    COF_TRY(read_time(given, "exp", attributes, err));
    if (enabled != NULL) {
        COF_TRY(cof_json_set(attributes, "enabled", json_boolean(json_is_true(enabled)), err));
    }
    if (exportable == NULL) {
        return COF_OK;
    }
    if (!is_new &&
        json_is_true(exportable) != json_is_true(json_object_get(attributes, "exportable"))) {
        return COF_FAIL(err, BAD_ARGUMENT,
                        "AKV.SKR.1014: Cannot modify the exportable state of a key.");
    }
    return cof_json_set(attributes, "exportable", json_boolean(json_is_true(exportable)), err);
}

static cof_status read_tags(const json_t *request, json_t *meta, cof_err *err)
{
    const json_t *given = member(request, "tags");
    const char *name = NULL;
    json_t *value = NULL;
    if (given == NULL) {
        return COF_OK;
    }
    if (!json_is_object(given) || json_object_size(given) > TAGS_MAX) {
        return COF_FAIL(err, BAD_ARGUMENT, "tags is not an object of at most %d texts", TAGS_MAX);
    }
    json_object_foreach((json_t *)given, name, value)
    {
        if (!json_is_string(value) || json_string_length(value) > TAG_VALUE_BYTES ||
            strlen(name) > TAG_NAME_BYTES) {
            return COF_FAIL(err, BAD_ARGUMENT, "a tag is not a text, or too long");
        }
    }
    cof_err why = {0};
    if (cof_runs_check_tags(given, &why) != COF_OK) {
        return COF_FAIL(err, BAD_ARGUMENT, "%s", why.detail);
    }
    return cof_json_set(meta, "tags", json_deep_copy(given), err);
}

/* base64url by the specification; standard base64 by Microsoft's own scripts. */
static cof_status decode_policy(const char *data, cof_buf *out, cof_err *err)
{
    if (cof_base64url_decode(cof_view_text(data), out, NULL) == COF_OK) {
        return COF_OK;
    }
    cof_buf_clear(out);
    if (cof_base64_decode(cof_view_text(data), out, NULL) == COF_OK) {
        return COF_OK;
    }
    return COF_FAIL(err, BAD_ARGUMENT, "release_policy.data is not base64url");
}

static cof_status make_policy(const json_t *given, json_t **out, cof_err *err)
{
    const char *data = NULL;
    const char *type = json_string_value(member(given, "contentType"));
    const json_t *immutable = member(given, "immutable");
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_KEY_POLICY_BYTES};
    COF_CLEANUP(cof_buf_free) cof_buf encoded = {.limit = (size_t)2 * COF_KEY_POLICY_BYTES};
    COF_CLEANUP(cof_key_policy_drop_) cof_key_policy *policy = NULL;
    cof_err why = {0};
    if (!json_is_object(given) || (immutable != NULL && !json_is_boolean(immutable)) ||
        (type != NULL && strlen(type) > TYPE_BYTES) ||
        cof_json_get_text(given, "data", (size_t)2 * COF_KEY_POLICY_BYTES, &data, NULL) != COF_OK) {
        return COF_FAIL(err, BAD_ARGUMENT, "release_policy is not valid");
    }
    COF_TRY(decode_policy(data, &text, err));
    const cof_status status = cof_key_policy_parse(cof_buf_view(&text), &policy, &why);
    if (status != COF_OK) {
        return status == COF_E_NO_MEMORY
                   ? status
                   : COF_FAIL(err, BAD_ARGUMENT, "release_policy: %s", why.detail);
    }
    COF_TRY(cof_base64url_encode(cof_buf_view(&text), &encoded, err));
    *out = json_pack("{s:s,s:s%,s:b}", "contentType",
                     type != NULL ? type : "application/json; charset=utf-8", "data", encoded.data,
                     encoded.size, "immutable", (int)json_is_true(immutable));
    return *out != NULL ? COF_OK : COF_FAIL(err, NO_MEMORY, "release policy");
}

static cof_status read_policy(const json_t *request, json_t *meta, cof_err *err)
{
    const json_t *given = member(request, "release_policy");
    const json_t *old = json_object_get(meta, "release_policy");
    json_t *made = NULL;
    if (given == NULL) {
        return COF_OK;
    }
    if (json_is_true(json_object_get(old, "immutable"))) {
        return COF_FAIL(err, BAD_ARGUMENT, "the release policy is immutable");
    }
    COF_TRY(make_policy(given, &made, err));
    return cof_json_set(meta, "release_policy", made, err);
}

static cof_status check_whole(const json_t *meta, cof_err *err)
{
    const bool has_policy = json_object_get(meta, "release_policy") != NULL;
    const json_t *nbf = json_object_get(json_object_get(meta, "attributes"), "nbf");
    const json_t *exp = json_object_get(json_object_get(meta, "attributes"), "exp");
    if (cof_key_meta_is_exportable(meta) && !has_policy) {
        return COF_FAIL(err, BAD_ARGUMENT, "Exportable keys must have release policy");
    }
    if (!cof_key_meta_is_exportable(meta) && has_policy) {
        return COF_FAIL(err, BAD_ARGUMENT, "Non-exportable keys must not have release policy");
    }
    if (nbf != NULL && exp != NULL && json_integer_value(exp) <= json_integer_value(nbf)) {
        return COF_FAIL(err, BAD_ARGUMENT, "attributes.exp is not after attributes.nbf");
    }
    return COF_OK;
}

static cof_status read_all(const json_t *request, json_t *meta, bool is_new, cof_err *err)
{
    COF_TRY(read_operations(request, meta, err));
    COF_TRY(read_attributes(request, meta, is_new, err));
    COF_TRY(read_tags(request, meta, err));
    COF_TRY(read_policy(request, meta, err));
    return check_whole(meta, err);
}

static cof_status read_type(const json_t *request, const char **out_type, unsigned *out_bits,
                            cof_err *err)
{
    const char *type = json_string_value(member(request, "kty"));
    const json_t *size = member(request, "key_size");
    const json_t *exponent = member(request, "public_exponent");
    if (type == NULL || (strcmp(type, "RSA") != 0 && strcmp(type, "RSA-HSM") != 0)) {
        return COF_FAIL(err, BAD_ARGUMENT, "kty is neither RSA nor RSA-HSM");
    }
    const json_int_t bits = size != NULL ? json_integer_value(size) : 2048;
    if (bits != 2048 && bits != 3072 && bits != 4096) {
        return COF_FAIL(err, BAD_ARGUMENT, "key_size is not 2048, 3072 or 4096");
    }
    if (exponent != NULL && json_integer_value(exponent) != 65537) {
        return COF_FAIL(err, BAD_ARGUMENT, "public_exponent is not 65537");
    }
    *out_type = type;
    *out_bits = (unsigned)bits;
    return COF_OK;
}

cof_status cof_key_meta_create(const json_t *request, int64_t now_unix_s, cof_key_wish *out,
                               cof_err *err)
{
    const char *type = NULL;
    unsigned bits = 0;
    COF_TRY(read_type(request, &type, &bits, err));
    COF_JSON json_t *meta = json_pack("{s:s,s:[],s:{s:b,s:I,s:I,s:b},s:{}}", "kty", type, "key_ops",
                                      "attributes", "enabled", 1, "created", (json_int_t)now_unix_s,
                                      "updated", (json_int_t)now_unix_s, "exportable", 0, "tags");
    for (size_t i = 0; i < DEFAULT_OPERATIONS; i++) {
        COF_TRY(cof_json_append(json_object_get(meta, "key_ops"), json_string(operations[i]), err));
    }
    if (meta == NULL) {
        return COF_FAIL(err, NO_MEMORY, "key");
    }
    COF_TRY(read_all(request, meta, true, err));
    *out = (cof_key_wish){.bits = bits, .meta = json_incref(meta)};
    return COF_OK;
}

cof_status cof_key_meta_set_key(json_t *meta, const cof_rsa_key *key, cof_err *err)
{
    COF_JSON json_t *jwk = NULL;
    COF_TRY(cof_rsa_to_jwk(key, &jwk, err));
    COF_TRY(cof_json_set(meta, "n", json_incref(json_object_get(jwk, "n")), err));
    return cof_json_set(meta, "e", json_incref(json_object_get(jwk, "e")), err);
}

cof_status cof_key_meta_update(const json_t *meta, const json_t *request, int64_t now_unix_s,
                               json_t **out, cof_err *err)
{
    COF_JSON json_t *changed = json_deep_copy(meta);
    if (changed == NULL) {
        return COF_FAIL(err, NO_MEMORY, "key");
    }
    COF_TRY(read_all(request, changed, false, err));
    COF_TRY(cof_json_set(json_object_get(changed, "attributes"), "updated",
                         json_integer(now_unix_s), err));
    *out = json_incref(changed);
    return COF_OK;
}

cof_status cof_key_meta_kid(const cof_stored_key *key, const char *base, cof_buf *out, cof_err *err)
{
    return cof_buf_printf(out, err, "%s/keys/%s/%s", base, key->name, key->version);
}

cof_status cof_key_meta_bundle(const cof_stored_key *key, const char *base, json_t **out,
                               cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf kid = {.limit = COF_LIMIT_URL_BYTES};
    COF_TRY(cof_key_meta_kid(key, base, &kid, err));
    COF_JSON json_t *attributes = json_deep_copy(json_object_get(key->meta, "attributes"));
    COF_TRY(cof_json_set(attributes, "recoveryLevel", json_string("Recoverable+Purgeable"), err));
    COF_TRY(cof_json_set(attributes, "recoverableDays", json_integer(90), err));
    COF_JSON json_t *bundle = json_pack(
        "{s:{s:s%,s:O,s:O,s:O,s:O},s:O,s:O,s:O*}", "key", "kid", kid.data, kid.size, "kty",
        json_object_get(key->meta, "kty"), "key_ops", json_object_get(key->meta, "key_ops"), "n",
        json_object_get(key->meta, "n"), "e", json_object_get(key->meta, "e"), "attributes",
        attributes, "tags", json_object_get(key->meta, "tags"), "release_policy",
        json_object_get(key->meta, "release_policy"));
    if (bundle == NULL) {
        return COF_FAIL(err, NO_MEMORY, "key");
    }
    *out = json_incref(bundle);
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
