/*
 * Using keys: encrypt, decrypt, wrapKey, unwrapKey, sign, verify; and random bytes.
 *
 * Order: the key; the form of the request; whether the key may do this now; the work; the record.
 * A use of a secret is written down before its answer leaves. The answer to a bad cipher is one,
 * whatever is bad about it.
 */
#include <stdio.h>

#include "local/vault/sign.h"
#include "local/vault/use_request.h"
#include "local/vault/vault_internal.h"
#include "tcb/crypto/random.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum { RANDOM_MAX = 128 };

/* One use, as far as it has come. */
typedef struct work {
    cof_keyvault_call *call;
    cof_key_use use;
    cof_stored_key key;
    cof_use_request request;
    cof_key_material *material;
    cof_crypt_parts out;
} work;

static void free_work(work *w)
{
    cof_stored_key_free(&w->key);
    cof_use_request_free(&w->request);
    cof_key_material_free(w->material);
    cof_crypt_parts_free(&w->out);
}

static cof_status record(const work *w, const char *decision, const char *why, cof_err *err)
{
    return cof_keyvault_record(w->call, cof_key_use_name(w->use), &w->key, decision, why,
                               json_pack("{s:s}", "alg", w->request.algorithm->name), err);
}

static cof_status forbid(const work *w, const char *inner, const char *message, cof_err *err)
{
    COF_TRY(record(w, "refused", inner, err));
    return cof_keyvault_forbid(w->call, inner, message, err);
}

/* Parts of an answer, printed by hand: they may be secrets, and jansson would leave copies behind.
 */
static cof_status add_member(cof_buf *body, const char *name, const cof_buf *bytes, cof_err *err)
{
    if (bytes->size == 0 && name[0] != 'v') { /* of all, only value may be empty and there */
        return COF_OK;
    }
    COF_TRY(cof_buf_printf(body, err, ",\"%s\":\"", name));
    COF_TRY(cof_base64url_encode(cof_buf_view(bytes), body, err));
    return cof_buf_append_text(body, "\"", err);
}

static cof_status answer(const work *w, cof_err *err)
{
    cof_buf *body = &w->call->response->body;
    COF_TRY(cof_buf_append_text(body, "{\"kid\":\"", err));
    COF_TRY(cof_key_meta_kid(&w->key, cof_state_base(w->call->vault->parts.state), body, err));
    COF_TRY(cof_buf_append_text(body, "\"", err));
    COF_TRY(add_member(body, "value", &w->out.value, err));
    COF_TRY(add_member(body, "iv", &w->out.iv, err));
    COF_TRY(add_member(body, "tag", &w->out.tag, err));
    if (w->use == COF_USE_ENCRYPT) {
        COF_TRY(add_member(body, "aad", &w->request.in.aad, err));
    }
    COF_TRY(cof_buf_append_text(body, "}", err));
    w->call->response->content_type = "application/json; charset=utf-8";
    return COF_OK;
}

/* With an iv of his choice, who may encrypt alone could open what others encrypted: the same iv is
 * the same key stream. Azure makes the iv too. */
static bool chooses_gcm_iv(const work *w)
{
    return w->use == COF_USE_ENCRYPT && w->request.algorithm->scheme == COF_SCHEME_GCM &&
           w->request.in.iv.size > 0;
}

/* Whether the key may be used in this way now; when not, the answer is written. */
static cof_status check_rules(const work *w, bool *out_may, cof_err *err)
{
    const int64_t now = cof_state_now(w->call->vault->parts.state);
    *out_may = false;
    if (!cof_key_meta_is_enabled(w->key.meta)) {
        return forbid(w, "KeyDisabled", "Operation is not allowed on a disabled key.", err);
    }
    if (!cof_key_meta_allows(w->key.meta, cof_key_use_name(w->use))) {
        return forbid(w, "OperationNotAllowed", "The key does not permit this operation.", err);
    }
    if (cof_key_use_makes(w->use) && !cof_key_meta_is_current(w->key.meta, now)) {
        return forbid(w, "KeyExpired", "The key is expired or not valid yet.", err);
    }
    *out_may = true;
    return COF_OK;
}

static cof_status do_work(work *w, cof_err *err)
{
    const cof_algorithm *algorithm = w->request.algorithm;
    const cof_crypt_parts *in = &w->request.in;
    cof_crypt_parts_init(&w->out);
    switch (w->use) {
    case COF_USE_ENCRYPT:
    case COF_USE_WRAP:
        return cof_crypt_seal(algorithm, w->material, in, &w->out, err);
    case COF_USE_DECRYPT:
    case COF_USE_UNWRAP:
        return cof_crypt_open(algorithm, w->material, in, &w->out, err);
    case COF_USE_SIGN:
        return cof_sign_digest(algorithm, w->material, cof_buf_view(&in->value), &w->out.value,
                               err);
    case COF_USE_VERIFY:
        return cof_sign_check(algorithm, w->material, cof_buf_view(&w->request.digest),
                              cof_buf_view(&in->value), err);
    }
    return COF_FAIL(err, INTERNAL, "key use");
}

static cof_status finish(work *w, cof_status status, const cof_err *why, cof_err *err)
{
    const bool is_secret = cof_key_use_is_secret(w->use, cof_key_material_kind(w->material)->type);
    if (status == COF_E_BAD_ARGUMENT) {
        return cof_keyvault_bad(w->call, why->detail, err);
    }
    if (status == COF_E_KEY_MISMATCH) {
        COF_TRY(record(w, "refused", "KEY_MISMATCH", err));
        return cof_keyvault_bad(w->call, "value cannot be opened by this key.", err);
    }
    if (status != COF_OK && status != COF_E_BAD_SIGNATURE) {
        *err = *why;
        return status;
    }
    if (is_secret) {
        COF_TRY(record(w, "done", status == COF_OK ? "" : "BAD_SIGNATURE", err));
    }
    if (w->use == COF_USE_VERIFY) {
        return cof_http_response_json(w->call->response, 200,
                                      json_pack("{s:b}", "value", (int)(status == COF_OK)), err);
    }
    return answer(w, err);
}

static cof_status use_key(cof_keyvault_call *call, cof_key_use use, cof_err *err)
{
    COF_CLEANUP(free_work) work w = {.call = call, .use = use};
    COF_JSON json_t *body = NULL;
    bool is_found = false;
    bool may = false;
    cof_err why = {0};
    COF_TRY(cof_keyvault_find(call, &w.key, &is_found, err));
    if (!is_found) {
        return COF_OK;
    }
    COF_TRY(cof_keyvault_body(call, &body, err));
    if (body == NULL) {
        return COF_OK;
    }
    const cof_status status = cof_use_request_read(body, use, &w.request, &why);
    if (status == COF_E_BAD_ARGUMENT) {
        return cof_keyvault_bad(call, why.detail, err);
    }
    COF_TRY(status);
    if (chooses_gcm_iv(&w)) {
        return cof_keyvault_bad(call, "AES-GCM makes its iv itself.", err);
    }
    COF_TRY(check_rules(&w, &may, err));
    if (!may) {
        return COF_OK;
    }
    COF_TRY(cof_key_store_material(call->vault->store, &w.key, &w.material, err));
    if (!cof_algorithm_fits(w.request.algorithm, cof_key_material_kind(w.material))) {
        return cof_keyvault_bad(call, "alg does not fit the key's type, size or curve.", err);
    }
    return finish(&w, do_work(&w, &why), &why, err);
}

cof_status cof_keyvault_encrypt(cof_keyvault_call *call, cof_err *err)
{
    return use_key(call, COF_USE_ENCRYPT, err);
}

cof_status cof_keyvault_decrypt(cof_keyvault_call *call, cof_err *err)
{
    return use_key(call, COF_USE_DECRYPT, err);
}

cof_status cof_keyvault_wrap(cof_keyvault_call *call, cof_err *err)
{
    return use_key(call, COF_USE_WRAP, err);
}

cof_status cof_keyvault_unwrap(cof_keyvault_call *call, cof_err *err)
{
    return use_key(call, COF_USE_UNWRAP, err);
}

cof_status cof_keyvault_sign(cof_keyvault_call *call, cof_err *err)
{
    return use_key(call, COF_USE_SIGN, err);
}

cof_status cof_keyvault_verify(cof_keyvault_call *call, cof_err *err)
{
    return use_key(call, COF_USE_VERIFY, err);
}

cof_status cof_keyvault_random(cof_keyvault_call *call, cof_err *err)
{
    COF_JSON json_t *body = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {.limit = RANDOM_MAX};
    cof_buf *out = &call->response->body;
    uint8_t *place = NULL;
    int64_t count = 0;
    COF_TRY(cof_keyvault_body(call, &body, err));
    if (body == NULL) {
        return COF_OK;
    }
    if (cof_json_get_int(body, "count", 1, RANDOM_MAX, &count, NULL) != COF_OK) {
        return cof_keyvault_bad(call, "count is not a number from 1 to 128.", err);
    }
    COF_TRY(cof_buf_extend(&bytes, (size_t)count, &place, err));
    COF_TRY(cof_random((cof_span){place, (size_t)count}, err));
    COF_TRY(cof_buf_append_text(out, "{\"value\":\"", err));
    COF_TRY(cof_base64url_encode(cof_buf_view(&bytes), out, err));
    COF_TRY(cof_buf_append_text(out, "\"}", err));
    call->response->content_type = "application/json; charset=utf-8";
    return COF_OK;
}
