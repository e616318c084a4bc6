/* Making, showing, changing and using keys. Release has a file of its own. */
#include <string.h>
#include <strings.h>

#include "local/vault/vault_internal.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum { SECRET_BYTES = 1024 };

static cof_status answer_bundle(cof_keyvault_call *call, const cof_stored_key *key, cof_err *err)
{
    json_t *bundle = NULL;
    COF_TRY(cof_key_meta_bundle(key, cof_state_base(call->vault->parts.state), &bundle, err));
    return cof_http_response_json(call->response, 200, bundle, err);
}

static cof_status make_key(cof_keyvault_call *call, const cof_key_wish *wish, cof_err *err)
{
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *rsa = NULL;
    COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
    COF_TRY(cof_rsa_generate(wish->bits, &rsa, err));
    COF_TRY(cof_key_meta_set_key(wish->meta, rsa, err));
    COF_TRY(cof_key_store_add(call->vault->store, call->request->segments[0], wish->meta, rsa, &key,
                              err));
    COF_TRY(cof_keyvault_record(call, "create", &key, "done", "", NULL, err));
    return answer_bundle(call, &key, err);
}

cof_status cof_keyvault_create(cof_keyvault_call *call, cof_err *err)
{
    COF_JSON json_t *body = NULL;
    cof_key_wish wish = {0};
    cof_err why = {0};
    if (!cof_key_name_is_valid(call->request->segments[0])) {
        return cof_keyvault_bad(call, "The key's name is not 1 to 127 letters, digits and dashes.",
                                err);
    }
    COF_TRY(cof_keyvault_body(call, &body, err));
    if (body == NULL) {
        return COF_OK;
    }
    const cof_status status =
        cof_key_meta_create(body, cof_state_now(call->vault->parts.state), &wish, &why);
    if (status == COF_E_BAD_ARGUMENT) {
        return cof_keyvault_bad(call, why.detail, err);
    }
    COF_TRY(status);
    const cof_status made = make_key(call, &wish, err);
    json_decref(wish.meta);
    return made;
}

cof_status cof_keyvault_get(cof_keyvault_call *call, cof_err *err)
{
    COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
    bool is_found = false;
    COF_TRY(cof_keyvault_find(call, &key, &is_found, err));
    return is_found ? answer_bundle(call, &key, err) : COF_OK;
}

cof_status cof_keyvault_update(cof_keyvault_call *call, cof_err *err)
{
    COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
    COF_JSON json_t *body = NULL;
    COF_JSON json_t *meta = NULL;
    bool is_found = false;
    cof_err why = {0};
    COF_TRY(cof_keyvault_find(call, &key, &is_found, err));
    if (!is_found) {
        return COF_OK;
    }
    COF_TRY(cof_keyvault_body(call, &body, err));
    if (body == NULL) {
        return COF_OK;
    }
    const cof_status status =
        cof_key_meta_update(key.meta, body, cof_state_now(call->vault->parts.state), &meta, &why);
    if (status == COF_E_BAD_ARGUMENT) {
        COF_TRY(cof_keyvault_record(call, "update", &key, "refused", "BadParameter", NULL, err));
        return cof_keyvault_bad(call, why.detail, err);
    }
    COF_TRY(status);
    COF_TRY(cof_key_store_update(call->vault->store, &key, meta, err));
    COF_TRY(cof_keyvault_record(call, "update", &key, "done", "",
                                json_pack("{s:O}", "changed", body), err));
    return answer_bundle(call, &key, err);
}

static bool read_algorithm(const char *name, cof_oaep_hash *out)
{
    if (name != NULL && strcmp(name, "RSA-OAEP-256") == 0) {
        *out = COF_OAEP_SHA256;
        return true;
    }
    *out = COF_OAEP_SHA1;
    return name != NULL && strcmp(name, "RSA-OAEP") == 0;
}

/* {"kid","value"}, printed by hand: the value may be a secret, and jansson would leave copies of it
 * behind. */
static cof_status answer_value(cof_keyvault_call *call, const cof_stored_key *key, cof_view value,
                               cof_err *err)
{
    cof_buf *body = &call->response->body;
    COF_TRY(cof_buf_append_text(body, "{\"kid\":\"", err));
    COF_TRY(cof_key_meta_kid(key, cof_state_base(call->vault->parts.state), body, err));
    COF_TRY(cof_buf_append_text(body, "\",\"value\":\"", err));
    COF_TRY(cof_base64url_encode(value, body, err));
    COF_TRY(cof_buf_append_text(body, "\"}", err));
    call->response->content_type = "application/json; charset=utf-8";
    return COF_OK;
}

/* A request to use a key: the key, the algorithm and the value; false when the answer is written
 * already. */
typedef struct use {
    cof_stored_key key;
    cof_buf value;
    cof_oaep_hash hash;
} use;

static void free_use(use *u)
{
    cof_stored_key_free(&u->key);
    cof_buf_free(&u->value);
}

static cof_status forbid_use(cof_keyvault_call *call, const use *u, const char *operation,
                             const char *inner, const char *message, cof_err *err)
{
    COF_TRY(cof_keyvault_record(call, operation, &u->key, "refused", inner, NULL, err));
    return cof_keyvault_forbid(call, inner, message, err);
}

static cof_status read_use(cof_keyvault_call *call, const char *operation, use *u, bool *out_ready,
                           cof_err *err)
{
    COF_JSON json_t *body = NULL;
    bool is_found = false;
    *out_ready = false;
    COF_TRY(cof_keyvault_find(call, &u->key, &is_found, err));
    if (!is_found) {
        return COF_OK;
    }
    COF_TRY(cof_keyvault_body(call, &body, err));
    if (body == NULL) {
        return COF_OK;
    }
    cof_buf_init(&u->value, SECRET_BYTES);
    if (!read_algorithm(json_string_value(json_object_get(body, "alg")), &u->hash)) {
        return cof_keyvault_bad(call, "alg is neither RSA-OAEP nor RSA-OAEP-256.", err);
    }
    if (cof_json_get_base64url(body, "value", &u->value, NULL) != COF_OK) {
        return cof_keyvault_bad(call, "value is not base64url of at most 1024 bytes.", err);
    }
    if (!cof_key_meta_is_enabled(u->key.meta)) {
        return forbid_use(call, u, operation, "KeyDisabled",
                          "Operation is not allowed on a disabled key.", err);
    }
    if (!cof_key_meta_allows(u->key.meta, operation)) {
        return forbid_use(call, u, operation, "OperationNotAllowed",
                          "The key does not permit this operation.", err);
    }
    *out_ready = true;
    return COF_OK;
}

cof_status cof_keyvault_wrap(cof_keyvault_call *call, cof_err *err)
{
    COF_CLEANUP(free_use) use u = {0};
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *rsa = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = SECRET_BYTES};
    bool is_ready = false;
    COF_TRY(read_use(call, "wrapKey", &u, &is_ready, err));
    if (!is_ready) {
        return COF_OK;
    }
    if (!cof_key_meta_is_current(u.key.meta, cof_state_now(call->vault->parts.state))) {
        return forbid_use(call, &u, "wrapKey", "KeyExpired", "The key is expired or not valid yet.",
                          err);
    }
    COF_TRY(cof_rsa_from_jwk(u.key.meta, &rsa, err));
    if (cof_rsa_encrypt(rsa, u.hash, cof_buf_view(&u.value), &out, NULL) != COF_OK) {
        return cof_keyvault_bad(call, "value cannot be wrapped by this key.", err);
    }
    return answer_value(call, &u.key, cof_buf_view(&out), err);
}

cof_status cof_keyvault_unwrap(cof_keyvault_call *call, cof_err *err)
{
    COF_CLEANUP(free_use) use u = {0};
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *rsa = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = SECRET_BYTES};
    bool is_ready = false;
    COF_TRY(read_use(call, "unwrapKey", &u, &is_ready, err));
    if (!is_ready) {
        return COF_OK;
    }
    COF_TRY(cof_key_store_private(call->vault->store, &u.key, &rsa, err));
    if (cof_rsa_decrypt(rsa, u.hash, cof_buf_view(&u.value), &out, NULL) != COF_OK) {
        COF_TRY(
            cof_keyvault_record(call, "unwrapKey", &u.key, "refused", "KEY_MISMATCH", NULL, err));
        return cof_keyvault_bad(call, "value cannot be unwrapped by this key.", err);
    }
    COF_TRY(cof_keyvault_record(call, "unwrapKey", &u.key, "done", "", NULL, err));
    return answer_value(call, &u.key, cof_buf_view(&out), err);
}
