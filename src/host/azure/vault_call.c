#include "host/azure/vault_call.h"

#include <stdio.h>
#include <string.h>

#include "host/azure/challenge.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"

enum { INNER_SIZE = 64 };

cof_status cof_vault_url(char out[static COF_VAULT_URL_MAX], cof_err *err, const char *base,
                         const char *path)
{
    size_t size = strlen(base);
    while (size > 0 && base[size - 1] == '/') {
        size--;
    }
    const int length = snprintf(out, COF_VAULT_URL_MAX, "%.*s%s%sapi-version=7.5", (int)size, base,
                                path, strchr(path, '?') != NULL ? "&" : "?");
    return length > 0 && length < COF_VAULT_URL_MAX
               ? COF_OK
               : COF_FAIL(err, LIMIT, "the key's URL is too long");
}

void cof_vault_inner_code(const cof_http_answer *answer, char *out, size_t size)
{
    COF_JSON json_t *body = NULL;
    out[0] = '\0';
    if (cof_json_parse(cof_buf_view(&answer->body), COF_LIMIT_JSON_BYTES, &body, NULL) == COF_OK) {
        const json_t *error = json_object_get(body, "error");
        const char *code =
            json_string_value(json_object_get(json_object_get(error, "innererror"), "code"));
        (void)snprintf(out, size, "%s", code != NULL ? code : "");
    }
}

static cof_status get_token(const cof_vault *vault, cof_buf *scope, const char **out, cof_err *err)
{
    const char *text = NULL;
    *out = NULL;
    if (scope->size == 0) {
        return COF_OK; /* the vault will say what for */
    }
    COF_TRY(cof_buf_text(scope, &text, err));
    return cof_credential_token(vault->credential, text, out, err);
}

static cof_status first_scope(const cof_vault *vault, const char *url, cof_buf *out, cof_err *err)
{
    return vault->scope != NULL
               ? cof_buf_append_text(out, vault->scope, err)
               : cof_vault_scope(url, cof_credential_issuer(vault->credential), out, err);
}

/* After a 401: the scope that the challenge asks for, and no token that was refused. */
static cof_status next_scope(const cof_vault *vault, const char *url, const cof_http_answer *answer,
                             cof_buf *scope, cof_err *err)
{
    const char *text = NULL;
    if (scope->size > 0) {
        COF_TRY(cof_buf_text(scope, &text, err));
        cof_credential_forget(vault->credential, text);
    }
    if (vault->scope != NULL) {
        return COF_OK;
    }
    cof_buf_clear(scope);
    return cof_challenge_scope(cof_http_answer_header(answer, "WWW-Authenticate"), url,
                               cof_credential_issuer(vault->credential), scope, err);
}

cof_status cof_vault_send(const cof_vault *vault, const cof_vault_call *call,
                          cof_http_answer *out_answer, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_LIMIT_JSON_BYTES};
    COF_CLEANUP(cof_buf_free) cof_buf scope = {.limit = COF_SCOPE_MAX};
    if (call->body != NULL) {
        COF_TRY(cof_json_print(call->body, &text, err));
    }
    cof_http_call http = {.method = call->method,
                          .url = call->url,
                          .body = cof_buf_view(&text),
                          .content_type = call->body != NULL ? "application/json" : NULL,
                          .is_repeatable = !call->is_once};
    COF_TRY(first_scope(vault, call->url, &scope, err));
    COF_TRY(get_token(vault, &scope, &http.bearer, err));
    const cof_status status = cof_http_send(vault->http, &http, out_answer, err);
    if (status != COF_E_REMOTE_ERROR || out_answer->status != 401) {
        return status;
    }
    COF_TRY(next_scope(vault, call->url, out_answer, &scope, err));
    COF_TRY(get_token(vault, &scope, &http.bearer, err));
    return cof_http_send(vault->http, &http, out_answer, err);
}

/* The status of a refusal, from HTTP status and the service's error codes. */
static cof_status refusal(const cof_http_answer *answer, const char *what, cof_err *err)
{
    char inner[INNER_SIZE];
    char ids[COF_HTTP_IDS_SIZE];
    cof_vault_inner_code(answer, inner, sizeof inner);
    cof_http_answer_ids(answer, ids);
    switch (answer->status) {
    case 401:
        return COF_FAIL(err, UNAUTHORIZED, "%.60s: the vault does not know this client (%s)", what,
                        ids);
    case 403:
        return COF_FAIL(err, FORBIDDEN, "%.60s: the vault refused (%s%s%s; %s)", what, answer->code,
                        inner[0] != '\0' ? ", " : "", inner, ids);
    case 404:
        return COF_FAIL(err, NOT_FOUND, "%.100s: there is no such key", what);
    case 409:
        return COF_FAIL(err, EXISTS, "%.60s: the name is in use (%s)", what, ids);
    default:
        return COF_FAIL(err, REMOTE_ERROR, "%.60s: the vault answered %d %s (%s)", what,
                        answer->status, answer->code, ids);
    }
}

cof_status cof_vault_exchange(const cof_vault *vault, const cof_vault_call *call, json_t **out,
                              cof_err *err)
{
    COF_CLEANUP(cof_http_answer_free) cof_http_answer answer = {0};
    const cof_status status = cof_vault_send(vault, call, &answer, err);
    if (status == COF_E_REMOTE_ERROR) {
        return refusal(&answer, call->what, err);
    }
    COF_TRY(status);
    if (out == NULL) {
        return COF_OK;
    }
    COF_JSON json_t *json = NULL;
    COF_TRY(cof_json_parse(cof_buf_view(&answer.body), COF_LIMIT_JSON_BYTES, &json, err));
    if (!json_is_object(json)) {
        return COF_FAIL(err, BAD_FORMAT, "the vault's answer is not a JSON object");
    }
    *out = json_incref(json);
    return COF_OK;
}
