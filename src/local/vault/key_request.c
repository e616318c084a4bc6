/* What requests to make, import and change keys ask for. */
#include <string.h>

#include "local/vault/key_meta.h"
#include "local/vault/runs.h"
#include "tcb/base/wipe.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum { TAGS_MAX = 256, TAG_NAME_BYTES = 512, TAG_VALUE_BYTES = 256, TYPE_BYTES = 128 };

static const json_t *member(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_null(value) ? NULL : value;
}

/* Operations, with the types of keys that can have them, and have them when nothing is asked. */
typedef struct operation {
    const char *name;
    unsigned possible;
    unsigned by_default;
} operation;

#define OF_RSA (1U << COF_KEY_RSA)
#define OF_EC  (1U << COF_KEY_EC)
#define OF_OCT (1U << COF_KEY_OCT)

static const operation operations[] = {
    {"encrypt", OF_RSA | OF_OCT, OF_RSA | OF_OCT},
    {"decrypt", OF_RSA | OF_OCT, OF_RSA | OF_OCT},
    {"sign", OF_RSA | OF_EC | OF_OCT, OF_RSA | OF_EC},
    {"verify", OF_RSA | OF_EC | OF_OCT, OF_RSA | OF_EC},
    {"wrapKey", OF_RSA | OF_OCT, OF_RSA | OF_OCT},
    {"unwrapKey", OF_RSA | OF_OCT, OF_RSA | OF_OCT},
    {"import", OF_RSA | OF_EC | OF_OCT, 0},
    {"export", OF_RSA | OF_EC | OF_OCT, 0},
};
enum { OPERATIONS = sizeof operations / sizeof operations[0] };

static bool is_operation(const char *name, cof_key_type type)
{
    for (size_t i = 0; name != NULL && i < OPERATIONS; i++) {
        if (strcmp(name, operations[i].name) == 0) {
            return (operations[i].possible & (1U << type)) != 0;
        }
    }
    return false;
}

static cof_status read_operations(const json_t *request, json_t *meta, cof_err *err)
{
    const json_t *given = member(request, "key_ops");
    cof_key_kind kind = {0};
    if (given == NULL) {
        return COF_OK;
    }
    COF_TRY(cof_key_kind_of(meta, &kind, err));
    if (!json_is_array(given) || json_array_size(given) > OPERATIONS) {
        return COF_FAIL(err, BAD_ARGUMENT, "key_ops is not a list of operations");
    }
    for (size_t i = 0; i < json_array_size(given); i++) {
        const char *name = json_string_value(json_array_get(given, i));
        if (!is_operation(name, kind.type)) {
            return COF_FAIL(err, BAD_ARGUMENT,
                            "key_ops has an operation that is not known, or not of a key of type "
                            "%s",
                            cof_key_type_name(&kind));
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
    COF_TRY(read_attributes(request, meta, is_new, err));
    COF_TRY(read_tags(request, meta, err));
    COF_TRY(read_policy(request, meta, err));
    return check_whole(meta, err);
}

/* A whole number where one is given. */
static cof_status read_size(const json_t *request, const char *name, json_int_t by_default,
                            json_int_t *out, cof_err *err)
{
    const json_t *given = member(request, name);
    if (given != NULL && !json_is_integer(given)) {
        return COF_FAIL(err, BAD_ARGUMENT, "%s is not a whole number", name);
    }
    *out = given != NULL ? json_integer_value(given) : by_default;
    return COF_OK;
}

static cof_status read_bits(const json_t *request, cof_key_kind *kind, cof_err *err)
{
    const bool is_rsa = kind->type == COF_KEY_RSA;
    json_int_t bits = 0;
    COF_TRY(read_size(request, "key_size", is_rsa ? 2048 : 256, &bits, err));
    if (is_rsa ? bits != 2048 && bits != 3072 && bits != 4096
               : bits != 128 && bits != 192 && bits != 256) {
        return COF_FAIL(err, BAD_ARGUMENT, "key_size is not %s",
                        is_rsa ? "2048, 3072 or 4096" : "128, 192 or 256");
    }
    kind->bits = (unsigned)bits;
    return COF_OK;
}

static cof_status read_kind(const json_t *request, cof_key_kind *kind, cof_err *err)
{
    json_int_t exponent = 0;
    const json_t *curve = member(request, "crv");
    if (!cof_key_type_from_name(json_string_value(member(request, "kty")), &kind->type,
                                &kind->is_hsm)) {
        return COF_FAIL(err, BAD_ARGUMENT, "kty is not RSA, EC or oct, or one of these with -HSM");
    }
    COF_TRY(read_size(request, "public_exponent", 65537, &exponent, err));
    if (exponent != 65537) {
        return COF_FAIL(err, BAD_ARGUMENT, "public_exponent is not 65537");
    }
    if (kind->type != COF_KEY_EC) {
        return read_bits(request, kind, err);
    }
    kind->curve = COF_CURVE_P256;
    if (curve != NULL && !cof_curve_from_name(json_string_value(curve), &kind->curve)) {
        return COF_FAIL(err, BAD_ARGUMENT, "crv is not P-256, P-384, P-521 or P-256K");
    }
    return COF_OK;
}

/* As the service makes it when nothing more is asked. */
static cof_status make_meta(const cof_key_kind *kind, int64_t now_unix_s, json_t **out,
                            cof_err *err)
{
    COF_JSON json_t *meta =
        json_pack("{s:s,s:[],s:{s:b,s:I,s:I,s:b},s:{}}", "kty", cof_key_type_name(kind), "key_ops",
                  "attributes", "enabled", 1, "created", (json_int_t)now_unix_s, "updated",
                  (json_int_t)now_unix_s, "exportable", 0, "tags");
    if (meta == NULL) {
        return COF_FAIL(err, NO_MEMORY, "key");
    }
    if (kind->type == COF_KEY_EC) {
        COF_TRY(cof_json_set(meta, "crv", json_string(cof_curve_name(kind->curve)), err));
    }
    for (size_t i = 0; i < OPERATIONS; i++) {
        if ((operations[i].by_default & (1U << kind->type)) != 0) {
            COF_TRY(cof_json_append(json_object_get(meta, "key_ops"),
                                    json_string(operations[i].name), err));
        }
    }
    *out = json_incref(meta);
    return COF_OK;
}

cof_status cof_key_meta_create(const json_t *request, int64_t now_unix_s, cof_key_wish *out,
                               cof_err *err)
{
    cof_key_kind kind = {0};
    COF_JSON json_t *meta = NULL;
    COF_TRY(read_kind(request, &kind, err));
    COF_TRY(make_meta(&kind, now_unix_s, &meta, err));
    COF_TRY(read_operations(request, meta, err));
    COF_TRY(read_all(request, meta, true, err));
    *out = (cof_key_wish){.kind = kind, .meta = json_incref(meta)};
    return COF_OK;
}

/* The texts of private members, which jansson would leave behind. */
static void wipe_private(const json_t *jwk)
{
    static const char *const members[] = {"d", "p", "q", "dp", "dq", "qi", "k"};
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        const json_t *value = json_object_get(jwk, members[i]);
        if (json_is_string(value)) {
            cof_wipe((char *)json_string_value(value), json_string_length(value));
        }
    }
}

/* "Hsm" in the specification and Azure's libraries, "hsm" in a sidecar of Microsoft's. */
static cof_status read_hsm(const json_t *request, cof_key_kind *kind, cof_err *err)
{
    const json_t *hsm = member(request, "Hsm");
    hsm = hsm != NULL ? hsm : member(request, "hsm");
    if (hsm != NULL && !json_is_boolean(hsm)) {
        return COF_FAIL(err, BAD_ARGUMENT, "Hsm is not true or false");
    }
    kind->is_hsm = kind->is_hsm || json_is_true(hsm);
    return COF_OK;
}

static cof_status read_import(const json_t *request, const json_t *jwk, int64_t now_unix_s,
                              cof_key_import *out, cof_err *err)
{
    COF_JSON json_t *meta = NULL;
    COF_CLEANUP(cof_key_material_drop_) cof_key_material *material = NULL;
    COF_TRY(cof_key_material_from_jwk(jwk, &material, err));
    cof_key_kind kind = *cof_key_material_kind(material);
    COF_TRY(read_hsm(request, &kind, err));
    COF_TRY(make_meta(&kind, now_unix_s, &meta, err));
    COF_TRY(read_operations(jwk, meta, err));
    COF_TRY(read_all(request, meta, true, err));
    *out =
        (cof_key_import){.meta = json_incref(meta), .material = cof_key_material_take(&material)};
    return COF_OK;
}

cof_status cof_key_meta_import(const json_t *request, int64_t now_unix_s, cof_key_import *out,
                               cof_err *err)
{
    const json_t *jwk = member(request, "key");
    if (!json_is_object(jwk)) {
        return COF_FAIL(err, BAD_ARGUMENT, "key is not a JSON Web Key");
    }
    const cof_status status = read_import(request, jwk, now_unix_s, out, err);
    wipe_private(jwk);
    return status == COF_E_BAD_KEY ? COF_E_BAD_ARGUMENT : status;
}

cof_status cof_key_meta_update(const json_t *meta, const json_t *request, int64_t now_unix_s,
                               json_t **out, cof_err *err)
{
    COF_JSON json_t *changed = json_deep_copy(meta);
    if (changed == NULL) {
        return COF_FAIL(err, NO_MEMORY, "key");
    }
    COF_TRY(read_operations(request, changed, err));
    COF_TRY(read_all(request, changed, false, err));
    COF_TRY(cof_json_set(json_object_get(changed, "attributes"), "updated",
                         json_integer(now_unix_s), err));
    *out = json_incref(changed);
    return COF_OK;
}
