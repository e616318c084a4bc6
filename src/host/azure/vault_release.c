/* Secure key release: POST {kid}/release. */
#include <string.h>

#include "host/azure/vault_call.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

#define KEY_WRAP_NAME "CKM_RSA_AES_KEY_WRAP"

enum { BODY_LIMIT = 512 * 1024, INNER_SIZE = 64 };

static cof_status refused(const cof_http_answer *answer, cof_err *err)
{
    char inner[INNER_SIZE];
    char ids[COF_HTTP_IDS_SIZE];
    cof_vault_inner_code(answer, inner, sizeof inner);
    cof_http_answer_ids(answer, ids);
    if (strcmp(inner, "ContractExpired") == 0) {
        return COF_FAIL(err, CONTRACT_EXPIRED, "the vault releases this key no longer (%s)", ids);
    }
    if (strcmp(inner, "RunsExhausted") == 0) {
        return COF_FAIL(err, RUNS_EXHAUSTED, "the vault has counted every run (%s)", ids);
    }
    return COF_FAIL(err, RELEASE_REFUSED, "the vault refused: %.40s %.40s (%s)", answer->code,
                    inner, ids);
}

static cof_status read_payload(const char *jws, json_t **out, cof_err *err)
{
    const char *first = strchr(jws, '.');
    const char *second = first == NULL ? NULL : strchr(first + 1, '.');
    if (second == NULL || strchr(second + 1, '.') != NULL) {
        return COF_FAIL(err, BAD_FORMAT, "the released key is not a JWS");
    }
    COF_CLEANUP(cof_buf_free) cof_buf payload = {.limit = BODY_LIMIT};
    COF_TRY(
        cof_base64url_decode(cof_view_of(first + 1, (size_t)(second - first - 1)), &payload, err));
    return cof_json_parse(cof_buf_view(&payload), COF_LIMIT_JSON_BYTES, out, err);
}

static cof_status read_key_hsm(const json_t *key, cof_released_wrap *out_wrap, cof_buf *out_wrapped,
                               cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = BODY_LIMIT};
    COF_TRY(cof_json_get_base64url(key, "key_hsm", &text, err));
    COF_JSON json_t *json = NULL;
    COF_TRY(cof_json_parse(cof_buf_view(&text), COF_LIMIT_JSON_BYTES, &json, err));
    json_t *header = NULL;
    const char *wrap = NULL;
    if (!json_is_object(json)) {
        return COF_FAIL(err, BAD_FORMAT, "key_hsm is not a JSON object");
    }
    COF_TRY(cof_json_get(json, "header", JSON_OBJECT, &header, err));
    COF_TRY(cof_json_get_text(header, "enc", 64, &wrap, err));
    if (strcmp(wrap, KEY_WRAP_NAME) != 0) {
        return COF_FAIL(err, BAD_FORMAT, "the vault wrapped the key in another way than asked for");
    }
    COF_TRY(cof_json_get_base64url(json, "ciphertext", out_wrapped, err));
    *out_wrap = COF_RELEASED_RSA_AES_SHA1;
    return COF_OK;
}

cof_status cof_vault_release_parse(cof_view answer, cof_released_wrap *out_wrap,
                                   cof_buf *out_wrapped, cof_err *err)
{
    static const char *const path[] = {"response", "key", "key"};
    COF_JSON json_t *outer = NULL;
    COF_JSON json_t *payload = NULL;
    const char *jws = NULL;
    COF_TRY(cof_json_parse(answer, COF_LIMIT_JSON_BYTES, &outer, err));
    if (!json_is_object(outer)) {
        return COF_FAIL(err, BAD_FORMAT, "the answer is not a JSON object");
    }
    COF_TRY(cof_json_get_text(outer, "value", BODY_LIMIT, &jws, err));
    COF_TRY(read_payload(jws, &payload, err));
    json_t *at = payload;
    for (size_t i = 0; i < sizeof path / sizeof path[0]; i++) {
        if (!json_is_object(at)) {
            return COF_FAIL(err, BAD_FORMAT, "the released key's payload");
        }
        COF_TRY(cof_json_get(at, path[i], JSON_OBJECT, &at, err));
    }
    return read_key_hsm(at, out_wrap, out_wrapped, err);
}

static cof_status print_request(cof_view token, json_t **out, cof_err *err)
{
    COF_JSON json_t *body = json_object();
    if (body == NULL) {
        return COF_FAIL(err, NO_MEMORY, "request");
    }
    COF_TRY(cof_json_set(body, "target", json_stringn((const char *)token.data, token.size), err));
    COF_TRY(cof_json_set(body, "enc", json_string(KEY_WRAP_NAME), err));
    *out = json_incref(body);
    return COF_OK;
}

cof_status cof_vault_release(const cof_vault *vault, const char *kid, cof_view token,
                             cof_released_wrap *out_wrap, cof_buf *out_wrapped, cof_err *err)
{
    char url[COF_VAULT_URL_MAX];
    char ids[COF_HTTP_IDS_SIZE];
    COF_JSON json_t *body = NULL;
    COF_CLEANUP(cof_http_answer_free) cof_http_answer answer = {0};
    COF_TRY(cof_vault_url(url, err, kid, "/release"));
    COF_TRY(print_request(token, &body, err));
    const cof_vault_call call = {.method = "POST", .url = url, .body = body, .what = kid};
    const cof_status status = cof_vault_send(vault, &call, &answer, err);
    if (status == COF_E_REMOTE_ERROR) {
        cof_http_answer_ids(&answer, ids);
        switch (answer.status) {
        case 401:
            return COF_FAIL(err, UNAUTHORIZED,
                            "the vault does not accept this agent's token: %s (%s)", answer.code,
                            ids);
        case 403:
            return refused(&answer, err);
        case 404:
            return COF_FAIL(err, NOT_FOUND, "the vault has no such key (%s)", ids);
        default:
            break;
        }
    }
    COF_TRY(status);
    return cof_vault_release_parse(cof_buf_view(&answer.body), out_wrap, out_wrapped, err);
}
