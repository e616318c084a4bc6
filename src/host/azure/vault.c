#include "host/azure/vault.h"

#include <stdio.h>
#include <string.h>

#include "tcb/base/limits.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

#define API_VERSION "?api-version=7.5"

enum { URL_BYTES = 2048, INNER_BYTES = 64 };

/* The status of a refusal, from HTTP status and the service's error codes. */
static cof_status refusal(const cof_http_answer *answer, const char *what, cof_err *err)
{
    char inner[INNER_BYTES] = "";
    COF_JSON json_t *body = NULL;
    if (cof_json_parse(cof_buf_view(&answer->body), COF_LIMIT_JSON_BYTES, &body, NULL) == COF_OK) {
        const json_t *error = json_object_get(body, "error");
        const char *code =
            json_string_value(json_object_get(json_object_get(error, "innererror"), "code"));
        (void)snprintf(inner, sizeof inner, "%s", code != NULL ? code : "");
    }
    switch (answer->status) {
    case 401:
        return COF_FAIL(err, UNAUTHORIZED, "%s: the vault does not know this client", what);
    case 403:
        return COF_FAIL(err, FORBIDDEN, "%s: the vault refused (%s%s%s)", what, answer->code,
                        inner[0] != '\0' ? ", " : "", inner);
    case 404:
        return COF_FAIL(err, NOT_FOUND, "%s: there is no such key", what);
    case 409:
        return COF_FAIL(err, EXISTS, "%s: the name is in use", what);
    default:
        return COF_FAIL(err, REMOTE_ERROR, "%s: the vault answered %d %s", what, answer->status,
                        answer->code);
    }
}

/* One call with JSON in and out; body may be NULL. A token that expired meanwhile is renewed once.
 */
static cof_status exchange(const cof_vault *vault, const char *method, const char *url,
                           const json_t *body, const char *what, json_t **out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    COF_CLEANUP(cof_http_answer_free) cof_http_answer answer = {0};
    const char *token = NULL;
    cof_buf_init(&text, COF_LIMIT_JSON_BYTES);
    if (body != NULL) {
        COF_TRY(cof_json_print(body, &text, err));
    }
    cof_http_call call = {.method = method,
                          .url = url,
                          .body = cof_buf_view(&text),
                          .content_type = body != NULL ? "application/json" : NULL,
                          .is_repeatable =
                              strcmp(method, "POST") != 0 || strstr(url, "/create") == NULL};
    cof_status status = COF_OK;
    for (int attempt = 0; attempt < 2; attempt++) {
        COF_TRY(cof_entra_token(vault->entra, vault->scope, &token, err));
        call.bearer = token;
        status = cof_http_send(vault->http, &call, &answer, err);
        if (status != COF_E_REMOTE_ERROR || answer.status != 401) {
            break;
        }
        cof_entra_forget(vault->entra);
    }
    if (status == COF_E_REMOTE_ERROR) {
        return refusal(&answer, what, err);
    }
    COF_TRY(status);
    return cof_json_parse(cof_buf_view(&answer.body), COF_LIMIT_JSON_BYTES, out, err);
}

static cof_status make_url(char out[static URL_BYTES], cof_err *err, const char *base,
                           const char *path)
{
    const int length = snprintf(out, URL_BYTES, "%s%s%s", base, path, API_VERSION);
    if (length < 0 || length >= URL_BYTES) {
        return COF_FAIL(err, LIMIT, "the key's URL is too long");
    }
    return COF_OK;
}

/* {"contentType","data"}: the policy's text as base64url. */
static cof_status policy_member(const json_t *policy, json_t **out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    COF_CLEANUP(cof_buf_free) cof_buf encoded = {0};
    const char *data = NULL;
    cof_buf_init(&text, COF_LIMIT_JSON_BYTES);
    cof_buf_init(&encoded, 2 * COF_LIMIT_JSON_BYTES);
    COF_TRY(cof_json_print(policy, &text, err));
    COF_TRY(cof_base64url_encode(cof_buf_view(&text), &encoded, err));
    COF_TRY(cof_buf_text(&encoded, &data, err));
    *out = json_pack("{s:s,s:s}", "contentType", "application/json; charset=utf-8", "data", data);
    return *out != NULL ? COF_OK : COF_FAIL(err, NO_MEMORY, "release policy");
}

cof_status cof_vault_create(const cof_vault *vault, const char *base, const cof_vault_new_key *key,
                            json_t **out_bundle, cof_err *err)
{
    char path[URL_BYTES];
    char url[URL_BYTES];
    COF_JSON json_t *operations = json_array();
    COF_JSON json_t *body = NULL;
    for (size_t i = 0; key->operations[i] != NULL; i++) {
        COF_TRY(cof_json_append(operations, json_string(key->operations[i]), err));
    }
    body = json_pack("{s:s,s:i,s:O,s:{s:b,s:b}}", "kty", "RSA-HSM", "key_size", (int)key->bits,
                     "key_ops", operations, "attributes", "enabled", 1, "exportable",
                     (int)key->exportable);
    if (body == NULL) {
        return COF_FAIL(err, NO_MEMORY, "key");
    }
    if (key->release_policy != NULL) {
        json_t *policy = NULL;
        COF_TRY(policy_member(key->release_policy, &policy, err));
        COF_TRY(cof_json_set(body, "release_policy", policy, err));
    }
    (void)snprintf(path, sizeof path, "/keys/%s/create", key->name);
    COF_TRY(make_url(url, err, base, path));
    return exchange(vault, "POST", url, body, key->name, out_bundle, err);
}

cof_status cof_vault_get(const cof_vault *vault, const char *kid, json_t **out_bundle, cof_err *err)
{
    char url[URL_BYTES];
    COF_TRY(make_url(url, err, kid, ""));
    return exchange(vault, "GET", url, NULL, kid, out_bundle, err);
}

cof_status cof_vault_update(const cof_vault *vault, const char *kid, const json_t *tags,
                            const json_t *release_policy, cof_err *err)
{
    char url[URL_BYTES];
    json_t *policy = NULL;
    COF_JSON json_t *answer = NULL;
    COF_JSON json_t *body = json_object();
    COF_TRY(make_url(url, err, kid, ""));
    COF_TRY(policy_member(release_policy, &policy, err));
    COF_TRY(cof_json_set(body, "release_policy", policy, err));
    COF_TRY(cof_json_set(body, "tags", json_deep_copy(tags), err));
    return exchange(vault, "PATCH", url, body, kid, &answer, err);
}

cof_status cof_vault_unwrap(const cof_vault *vault, const char *kid, cof_view wrapped,
                            cof_data_key *out_key, cof_err *err)
{
    char url[URL_BYTES];
    const char *value = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf encoded = {0};
    COF_CLEANUP(cof_buf_free) cof_buf plain = {0};
    COF_JSON json_t *body = NULL;
    COF_JSON json_t *answer = NULL;
    cof_buf_init(&encoded, COF_LIMIT_RELEASE_BYTES);
    cof_buf_init(&plain, sizeof out_key->bytes);
    COF_TRY(make_url(url, err, kid, "/unwrapkey"));
    COF_TRY(cof_base64url_encode(wrapped, &encoded, err));
    COF_TRY(cof_buf_text(&encoded, &value, err));
    body = json_pack("{s:s,s:s}", "alg", "RSA-OAEP-256", "value", value);
    if (body == NULL) {
        return COF_FAIL(err, NO_MEMORY, "unwrap");
    }
    COF_TRY(exchange(vault, "POST", url, body, kid, &answer, err));
    COF_TRY(cof_json_get_base64url(answer, "value", &plain, err));
    if (plain.size != sizeof out_key->bytes) {
        return COF_FAIL(err, KEY_MISMATCH, "the vault unwrapped %zu bytes, not a data key",
                        plain.size);
    }
    memcpy(out_key->bytes, plain.data, sizeof out_key->bytes);
    return COF_OK;
}

cof_status cof_vault_bundle_policy(const json_t *bundle, json_t **out_policy, cof_err *err)
{
    const json_t *member = json_object_get(bundle, "release_policy");
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    if (member == NULL || json_object_get(member, "data") == NULL) {
        *out_policy = NULL;
        return COF_OK;
    }
    cof_buf_init(&text, COF_LIMIT_JSON_BYTES);
    COF_TRY(cof_json_get_base64url(member, "data", &text, err));
    return cof_json_parse(cof_buf_view(&text), COF_LIMIT_JSON_BYTES, out_policy, err);
}
