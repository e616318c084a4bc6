#include "host/azure/vault.h"

#include <stdio.h>
#include <string.h>

#include "host/azure/secret_member.h"
#include "host/azure/vault_call.h"
#include "host/http/url.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum { URL_BYTES = COF_VAULT_URL_MAX, PAGES_MAX = 1000 };

static const char data_key_algorithm[] = "RSA-OAEP-256";

static cof_status exchange(const cof_vault *vault, const char *method, const char *url,
                           const json_t *body, const char *what, json_t **out, cof_err *err)
{
    const cof_vault_call call = {.method = method, .url = url, .body = body, .what = what};
    return cof_vault_exchange(vault, &call, out, err);
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
    COF_TRY(cof_vault_url(url, err, base, path));
    const cof_vault_call call = {
        .method = "POST", .url = url, .body = body, .what = key->name, .is_once = true};
    return cof_vault_exchange(vault, &call, out_bundle, err);
}

cof_status cof_vault_get(const cof_vault *vault, const char *kid, json_t **out_bundle, cof_err *err)
{
    char url[URL_BYTES];
    COF_TRY(cof_vault_url(url, err, kid, ""));
    return exchange(vault, "GET", url, NULL, kid, out_bundle, err);
}

cof_status cof_vault_update(const cof_vault *vault, const char *kid, const json_t *tags,
                            const json_t *release_policy, cof_err *err)
{
    char url[URL_BYTES];
    json_t *policy = NULL;
    COF_JSON json_t *body = json_object();
    COF_TRY(cof_vault_url(url, err, kid, ""));
    COF_TRY(policy_member(release_policy, &policy, err));
    COF_TRY(cof_json_set(body, "release_policy", policy, err));
    COF_TRY(cof_json_set(body, "tags", json_deep_copy(tags), err));
    return exchange(vault, "PATCH", url, body, kid, NULL, err);
}

cof_status cof_vault_unwrap_bytes(const cof_vault *vault, const char *kid, const char *algorithm,
                                  cof_view wrapped, cof_buf *out, cof_err *err)
{
    char url[URL_BYTES];
    const char *text = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf encoded = {.limit = COF_LIMIT_RELEASE_BYTES};
    COF_JSON json_t *body = NULL;
    COF_JSON json_t *answer = NULL;
    COF_TRY(cof_vault_url(url, err, kid, "/unwrapkey"));
    COF_TRY(cof_base64url_encode(wrapped, &encoded, err));
    COF_TRY(cof_buf_text(&encoded, &text, err));
    body = json_pack("{s:s,s:s}", "alg", algorithm, "value", text);
    if (body == NULL) {
        return COF_FAIL(err, NO_MEMORY, "unwrap");
    }
    COF_TRY(exchange(vault, "POST", url, body, kid, &answer, err));
    const cof_status status = cof_json_get_base64url(answer, "value", out, err);
    cof_secret_member_wipe(answer, "value");
    return status;
}

cof_status cof_vault_unwrap(const cof_vault *vault, const char *kid, cof_view wrapped,
                            cof_data_key *out_key, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf plain = {.limit = sizeof out_key->bytes};
    COF_TRY(cof_vault_unwrap_bytes(vault, kid, data_key_algorithm, wrapped, &plain, err));
    if (plain.size != sizeof out_key->bytes) {
        return COF_FAIL(err, KEY_MISMATCH, "the vault unwrapped %zu bytes, not a data key",
                        plain.size);
    }
    memcpy(out_key->bytes, plain.data, sizeof out_key->bytes);
    return COF_OK;
}

cof_status cof_vault_rotate(const cof_vault *vault, const char *key, json_t **out_bundle,
                            cof_err *err)
{
    char url[URL_BYTES];
    COF_TRY(cof_vault_url(url, err, key, "/rotate"));
    const cof_vault_call call = {.method = "POST", .url = url, .what = key, .is_once = true};
    return cof_vault_exchange(vault, &call, out_bundle, err);
}

/* The next page must be the same vault's: the token goes there too. "" at the end. */
static cof_status next_page(const json_t *page, const char *base, char url[static URL_BYTES],
                            cof_err *err)
{
    cof_url here;
    cof_url there;
    const char *next = json_string_value(json_object_get(page, "nextLink"));
    url[0] = '\0';
    if (next == NULL || next[0] == '\0') {
        return COF_OK;
    }
    if (strlen(next) >= URL_BYTES || cof_url_parse(next, &there, NULL) != COF_OK ||
        cof_url_parse(base, &here, NULL) != COF_OK || !cof_url_same_origin(&here, &there)) {
        return COF_FAIL(err, BAD_FORMAT, "the vault's next page is not its own");
    }
    memcpy(url, next, strlen(next) + 1);
    return COF_OK;
}

cof_status cof_vault_list(const cof_vault *vault, const char *base, const char *path,
                          cof_vault_visit visit, void *context, cof_err *err)
{
    char url[URL_BYTES];
    COF_TRY(cof_vault_url(url, err, base, path));
    for (int i = 0; i < PAGES_MAX; i++) {
        COF_JSON json_t *page = NULL;
        json_t *items = NULL;
        COF_TRY(exchange(vault, "GET", url, NULL, path, &page, err));
        COF_TRY(cof_json_get(page, "value", JSON_ARRAY, &items, err));
        for (size_t k = 0; k < json_array_size(items); k++) {
            COF_TRY(visit(context, json_array_get(items, k), err));
        }
        COF_TRY(next_page(page, base, url, err));
        if (url[0] == '\0') {
            return COF_OK;
        }
    }
    return COF_FAIL(err, LIMIT, "the vault's list does not end");
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
