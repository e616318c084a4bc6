#include "host/agent/services.h"

#include <string.h>

#include "host/http/url.h"
#include "tcb/wire/reader.h"
#include "tcb/wire/text.h"

#define ATTEST_VERSION "2022-08-01"
#define VAULT_VERSION  "7.4"
#define KEY_WRAP_NAME  "CKM_RSA_AES_KEY_WRAP"

enum { BODY_LIMIT = 512 * 1024, SCOPE_LIMIT = 1024 };

struct cof_agent_services {
    const cof_agent_config *config;
    cof_http_client *client;
    cof_entra *entra; /* asks the configured authority, and no other, for access tokens */
    cof_buf scope;    /* that the vault last asked for, with a NUL; empty: none yet */
};

cof_status cof_agent_services_new(const cof_agent_config *config, cof_http_client *client,
                                  cof_agent_services **out, cof_err *err)
{
    COF_CLEANUP(cof_agent_services_drop_)
    cof_agent_services *services = calloc(1, sizeof *services);
    if (services == NULL) {
        return COF_FAIL(err, NO_MEMORY, "services");
    }
    services->config = config;
    services->client = client;
    cof_buf_init(&services->scope, SCOPE_LIMIT);
    COF_TRY(cof_entra_from_file(client, config->authority, config->tenant, config->client_path,
                                &services->entra, err));
    *out = cof_agent_services_take(&services);
    return COF_OK;
}

void cof_agent_services_free(cof_agent_services *services)
{
    if (services != NULL) {
        cof_entra_free(services->entra);
        cof_buf_free(&services->scope);
        free(services);
    }
}

cof_status cof_agent_evidence_parse(cof_view payload, cof_agent_evidence *out, cof_err *err)
{
    cof_agent_evidence evidence = {.type = ""};
    cof_reader reader = cof_reader_of(payload);
    uint32_t runtime_size = 0;
    uint8_t name_size = 0;
    if (cof_read_u32le(&reader, &runtime_size, NULL) != COF_OK ||
        cof_read_view(&reader, runtime_size, &evidence.runtime, NULL) != COF_OK ||
        cof_read_u8(&reader, &name_size, NULL) != COF_OK || name_size == 0 ||
        name_size >= sizeof evidence.type ||
        cof_read_copy(&reader, evidence.type, name_size, NULL) != COF_OK ||
        cof_reader_left(&reader) == 0) {
        return COF_FAIL(err, PROTOCOL, "the evidence frame is not well formed");
    }
    COF_TRY(cof_read_view(&reader, cof_reader_left(&reader), &evidence.evidence, err));
    *out = evidence;
    return COF_OK;
}

/* ---- attestation ---- */

static cof_status set_base64url(json_t *object, const char *key, cof_view bytes, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text;
    cof_buf_init(&text, BODY_LIMIT);
    COF_TRY(cof_base64url_encode(bytes, &text, err));
    return cof_json_set(object, key, json_stringn((const char *)text.data, text.size), err);
}

static cof_status print_attest(const cof_agent_evidence *evidence, cof_buf *out, cof_err *err)
{
    COF_JSON json_t *body = json_object();
    json_t *runtime = json_object();
    if (body == NULL || json_object_set_new(body, "runtimeData", runtime) != 0) {
        return COF_FAIL(err, NO_MEMORY, "request");
    }
    COF_TRY(set_base64url(body, "quote", evidence->evidence, err));
    COF_TRY(set_base64url(runtime, "data", evidence->runtime, err));
    COF_TRY(cof_json_set(runtime, "dataType", json_string("JSON"), err));
    return cof_json_print(body, out, err);
}

/* The text member of an answer's JSON object. */
static cof_status get_member(const cof_http_answer *answer, const char *key, size_t limit,
                             cof_buf *out, cof_err *err)
{
    COF_JSON json_t *json = NULL;
    const char *text = NULL;
    COF_TRY(cof_json_parse(cof_buf_view(&answer->body), COF_LIMIT_JSON_BYTES, &json, err));
    if (!json_is_object(json)) {
        return COF_FAIL(err, BAD_FORMAT, "the answer is not a JSON object");
    }
    COF_TRY(cof_json_get_text(json, key, limit, &text, err));
    return cof_buf_append_text(out, text, err);
}

/* base without its trailing slash, then the format. */
static cof_status join_url(const char *base, const char *tail, cof_buf *out, const char **out_text,
                           cof_err *err)
{
    size_t size = strlen(base);
    while (size > 0 && base[size - 1] == '/') {
        size--;
    }
    COF_TRY(cof_buf_append(out, cof_view_of(base, size), err));
    COF_TRY(cof_buf_append_text(out, tail, err));
    return cof_buf_text(out, out_text, err);
}

cof_status cof_agent_attest(cof_agent_services *services, const cof_agent_evidence *evidence,
                            cof_buf *out_token, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf url;
    COF_CLEANUP(cof_buf_free) cof_buf body;
    cof_buf_init(&url, COF_LIMIT_URL_BYTES);
    cof_buf_init(&body, BODY_LIMIT);
    const char *url_text = NULL;
    COF_TRY(join_url(services->config->attestation,
                     "/attest/SgxEnclave?api-version=" ATTEST_VERSION, &url, &url_text, err));
    COF_TRY(print_attest(evidence, &body, err));
    const cof_http_call call = {.method = "POST",
                                .url = url_text,
                                .body = cof_buf_view(&body),
                                .content_type = "application/json",
                                .is_repeatable = true};
    COF_CLEANUP(cof_http_answer_free) cof_http_answer answer = {0};
    const cof_status status = cof_http_send(services->client, &call, &answer, err);
    if (status == COF_E_REMOTE_ERROR && answer.status == 400) {
        return COF_FAIL(err, EVIDENCE_INVALID, "attestation refused the evidence: %s", answer.code);
    }
    COF_TRY(status);
    return get_member(&answer, "token", COF_LIMIT_TOKEN_BYTES, out_token, err);
}

/* ---- the vault's challenge ---- */

/* The value of name="…" in a challenge. @return false when it is not there. */
static bool find_quoted(const char *challenge, const char *name, cof_view *out)
{
    const size_t size = strlen(name);
    for (const char *at = strstr(challenge, name); at != NULL; at = strstr(at + 1, name)) {
        const bool is_start = at == challenge || at[-1] == ' ' || at[-1] == ',';
        if (is_start && at[size] == '=' && at[size + 1] == '"') {
            const char *start = at + size + 2;
            const char *end = strchr(start, '"');
            if (end != NULL) {
                *out = cof_view_of(start, (size_t)(end - start));
                return true;
            }
        }
    }
    return false;
}

static bool is_allowed_resource(const char *resource, const char *vault_url)
{
    cof_url wanted;
    cof_url vault;
    if (strcmp(resource, "https://vault.azure.net") == 0 ||
        strcmp(resource, "https://managedhsm.azure.net") == 0) {
        return true;
    }
    return cof_url_parse(resource, &wanted, NULL) == COF_OK &&
           cof_url_parse(vault_url, &vault, NULL) == COF_OK && cof_url_same_origin(&wanted, &vault);
}

cof_status cof_agent_challenge_scope(const char *challenge, const char *vault_url,
                                     cof_buf *out_scope, cof_err *err)
{
    static const char suffix[] = "/.default";
    cof_view found = {0};
    COF_CLEANUP(cof_buf_free) cof_buf resource;
    cof_buf_init(&resource, SCOPE_LIMIT);
    if (challenge == NULL || strncmp(challenge, "Bearer ", 7) != 0) {
        return COF_FAIL(err, UNAUTHORIZED, "the vault's answer has no Bearer challenge");
    }
    if (find_quoted(challenge, "scope", &found)) {
        const size_t tail = sizeof suffix - 1;
        if (found.size > tail && memcmp(found.data + found.size - tail, suffix, tail) == 0) {
            found.size -= tail;
        }
    } else if (!find_quoted(challenge, "resource", &found)) {
        return COF_FAIL(err, UNAUTHORIZED, "the vault's challenge names no resource");
    }
    const char *text = NULL;
    COF_TRY(cof_buf_append(&resource, found, err));
    COF_TRY(cof_buf_text(&resource, &text, err));
    if (!is_allowed_resource(text, vault_url)) {
        return COF_FAIL(err, UNAUTHORIZED, "the vault asks for a token for another service");
    }
    COF_TRY(cof_buf_append_text(out_scope, text, err));
    return cof_buf_append_text(out_scope, suffix, err);
}

/* ---- release ---- */

static cof_status refusal(const cof_http_answer *answer, cof_err *err)
{
    COF_JSON json_t *json = NULL;
    const char *inner = NULL;
    if (cof_json_parse(cof_buf_view(&answer->body), COF_LIMIT_JSON_BYTES, &json, NULL) == COF_OK) {
        inner = json_string_value(
            json_object_get(json_object_get(json_object_get(json, "error"), "innererror"), "code"));
    }
    if (inner != NULL && strcmp(inner, "ContractExpired") == 0) {
        return COF_FAIL(err, CONTRACT_EXPIRED, "the vault releases this key no longer");
    }
    if (inner != NULL && strcmp(inner, "RunsExhausted") == 0) {
        return COF_FAIL(err, RUNS_EXHAUSTED, "the vault has counted every run");
    }
    return COF_FAIL(err, RELEASE_REFUSED, "the vault refused: %s %.40s", answer->code,
                    inner == NULL ? "" : inner);
}

static cof_status read_payload(const char *jws, json_t **out, cof_err *err)
{
    const char *first = strchr(jws, '.');
    const char *second = first == NULL ? NULL : strchr(first + 1, '.');
    if (second == NULL || strchr(second + 1, '.') != NULL) {
        return COF_FAIL(err, BAD_FORMAT, "the released key is not a JWS");
    }
    COF_CLEANUP(cof_buf_free) cof_buf payload;
    cof_buf_init(&payload, BODY_LIMIT);
    COF_TRY(
        cof_base64url_decode(cof_view_of(first + 1, (size_t)(second - first - 1)), &payload, err));
    return cof_json_parse(cof_buf_view(&payload), COF_LIMIT_JSON_BYTES, out, err);
}

static cof_status read_key_hsm(const json_t *key, uint8_t *out_algorithm, cof_buf *out_wrapped,
                               cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text;
    cof_buf_init(&text, BODY_LIMIT);
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
    *out_algorithm = COF_KEY_RSA_AES_SHA1;
    return COF_OK;
}

cof_status cof_agent_release_parse(cof_view answer, uint8_t *out_algorithm, cof_buf *out_wrapped,
                                   cof_err *err)
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
    return read_key_hsm(at, out_algorithm, out_wrapped, err);
}

/* One attempt, with an access token once the vault has said for what. */
static cof_status post_release(cof_agent_services *services, const char *url, cof_view body,
                               cof_http_answer *answer, cof_err *err)
{
    const char *bearer = NULL;
    if (services->scope.size > 0) {
        const char *scope = NULL;
        COF_TRY(cof_buf_text(&services->scope, &scope, err));
        COF_TRY(cof_entra_token(services->entra, scope, &bearer, err));
    }
    const cof_http_call call = {.method = "POST",
                                .url = url,
                                .body = body,
                                .bearer = bearer,
                                .content_type = "application/json",
                                .is_repeatable = true};
    return cof_http_send(services->client, &call, answer, err);
}

static cof_status print_release(cof_view token, cof_buf *out, cof_err *err)
{
    COF_JSON json_t *body = json_object();
    if (body == NULL) {
        return COF_FAIL(err, NO_MEMORY, "request");
    }
    COF_TRY(cof_json_set(body, "target", json_stringn((const char *)token.data, token.size), err));
    COF_TRY(cof_json_set(body, "enc", json_string(KEY_WRAP_NAME), err));
    return cof_json_print(body, out, err);
}

cof_status cof_agent_release(cof_agent_services *services, const char *key_url, cof_view token,
                             uint8_t *out_algorithm, cof_buf *out_wrapped, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf url;
    COF_CLEANUP(cof_buf_free) cof_buf body;
    cof_buf_init(&url, COF_LIMIT_URL_BYTES);
    cof_buf_init(&body, BODY_LIMIT);
    const char *url_text = NULL;
    COF_TRY(join_url(key_url, "/release?api-version=" VAULT_VERSION, &url, &url_text, err));
    COF_TRY(print_release(token, &body, err));
    COF_CLEANUP(cof_http_answer_free) cof_http_answer answer = {0};
    cof_status status = post_release(services, url_text, cof_buf_view(&body), &answer, err);
    if (status == COF_E_REMOTE_ERROR && answer.status == 401) {
        cof_buf_clear(&services->scope);
        COF_TRY(cof_agent_challenge_scope(cof_http_answer_header(&answer, "WWW-Authenticate"),
                                          key_url, &services->scope, err));
        cof_entra_forget(services->entra);
        status = post_release(services, url_text, cof_buf_view(&body), &answer, err);
    }
    if (status == COF_E_REMOTE_ERROR) {
        switch (answer.status) {
        case 401:
            return COF_FAIL(err, UNAUTHORIZED, "the vault does not accept this agent's token: %s",
                            answer.code);
        case 403:
            return refusal(&answer, err);
        case 404:
            return COF_FAIL(err, NOT_FOUND, "the vault has no such key");
        default:
            break;
        }
    }
    COF_TRY(status);
    return cof_agent_release_parse(cof_buf_view(&answer.body), out_algorithm, out_wrapped, err);
}
