#include "local/vault/vault.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "local/vault/vault_internal.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"

static const char alias_resource[] = "https://vault.localhost";

cof_status cof_keyvault_open(const cof_keyvault_parts *parts, cof_keyvault **out, cof_err *err)
{
    COF_CLEANUP(cof_keyvault_drop_) cof_keyvault *vault = calloc(1, sizeof *vault);
    if (vault == NULL) {
        return COF_FAIL(err, NO_MEMORY, "vault");
    }
    vault->parts = *parts;
    COF_TRY(cof_key_store_open(parts->state, &vault->store, err));
    COF_TRY(cof_ca_signing_key(parts->state, "vault/release.key", &vault->release_key, err));
    COF_TRY(cof_ca_issue(parts->ca, cof_rsa_evp(vault->release_key), &vault->release_leaf, err));
    *out = cof_keyvault_take(&vault);
    return COF_OK;
}

cof_status cof_keyvault_bad(cof_keyvault_call *call, const char *message, cof_err *err)
{
    return cof_http_response_error(call->response, 400, "BadParameter", message, NULL, err);
}

cof_status cof_keyvault_forbid(cof_keyvault_call *call, const char *inner, const char *message,
                               cof_err *err)
{
    return cof_http_response_error(call->response, 403, "Forbidden", message, inner, err);
}

cof_status cof_keyvault_find(cof_keyvault_call *call, cof_stored_key *out_key, bool *out_found,
                             cof_err *err)
{
    const char *name = call->request->segments[0];
    const char *version = call->request->segment_count > 1 ? call->request->segments[1] : "";
    const cof_status status = cof_key_store_get(call->vault->store, name, version, out_key, err);
    *out_found = status == COF_OK;
    if (status == COF_E_NOT_FOUND) {
        return cof_http_response_error(
            call->response, 404, "KeyNotFound",
            "A key with this name or id was not found in this key vault.", NULL, err);
    }
    return status;
}

cof_status cof_keyvault_body(cof_keyvault_call *call, json_t **out, cof_err *err)
{
    COF_JSON json_t *body = NULL;
    const cof_status status =
        cof_json_parse(call->request->body, COF_LIMIT_HTTP_BODY_BYTES, &body, err);
    if (status == COF_E_NO_MEMORY) {
        return status;
    }
    if (status != COF_OK || !json_is_object(body)) {
        return cof_keyvault_bad(call, "The request body is not a JSON object.", err);
    }
    *out = json_incref(body);
    return COF_OK;
}

cof_status cof_keyvault_record(const cof_keyvault_call *call, const char *action,
                               const cof_stored_key *key, const char *decision, const char *why,
                               json_t *more, cof_err *err)
{
    COF_JSON json_t *extra = more;
    const char *who = json_string_value(json_object_get(call->caller, "app_displayname"));
    const char *object_id = json_string_value(json_object_get(call->caller, "oid"));
    COF_JSON json_t *record =
        json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "action", action, "request",
                  call->request->id, "who", who != NULL ? who : "", "oid",
                  object_id != NULL ? object_id : "", "key", key != NULL ? key->name : "",
                  "version", key != NULL ? key->version : "", "decision", decision, "why", why);
    if (record == NULL || (extra != NULL && json_object_update(record, extra) != 0)) {
        return COF_FAIL(err, NO_MEMORY, "audit record");
    }
    return cof_trail_add(call->vault->parts.trail, json_incref(record), err);
}

/* Which resource a client is told to get a token for: the vault's own name, or the one that lets a
 * client check it by the host. */
static const char *resource_of(const cof_http_request *request)
{
    static const char suffix[] = ".vault.localhost";
    const char *host = cof_http_request_header(request, "Host");
    const size_t size = host != NULL ? strcspn(host, ":") : 0;
    if (size > sizeof suffix - 1 &&
        strncasecmp(host + size - (sizeof suffix - 1), suffix, sizeof suffix - 1) == 0) {
        return alias_resource;
    }
    return COF_RESOURCE_VAULT;
}

static cof_status challenge(const cof_keyvault *vault, const cof_http_request *request,
                            cof_http_response *response, const char *message, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf header = {.limit = 512};
    const char *text = NULL;
    COF_TRY(cof_buf_printf(&header, err, "Bearer authorization=\"%s/%s\", resource=\"%s\"",
                           cof_state_base(vault->parts.state), cof_state_tenant(vault->parts.state),
                           resource_of(request)));
    COF_TRY(cof_buf_text(&header, &text, err));
    COF_TRY(cof_http_response_header(response, "WWW-Authenticate", text, err));
    return cof_http_response_error(response, 401, "Unauthorized", message, NULL, err);
}

static cof_status check_token(const cof_keyvault *vault, const cof_http_request *request,
                              json_t **out, cof_err *err)
{
    const char *authorization = cof_http_request_header(request, "Authorization");
    const cof_status status =
        cof_issuer_check(vault->parts.identity, authorization, COF_RESOURCE_VAULT, out, err);
    if (status != COF_E_TOKEN_INVALID) {
        return status;
    }
    return cof_issuer_check(vault->parts.identity, authorization, alias_resource, out, err);
}

static bool is_api_version(const char *text)
{
    static const char *const numbered[] = {"7.3", "7.4", "7.5", "7.6"};
    for (size_t i = 0; text != NULL && i < sizeof numbered / sizeof numbered[0]; i++) {
        if (strcmp(text, numbered[i]) == 0) {
            return true;
        }
    }
    /* YYYY-MM-DD */
    return text != NULL && strlen(text) == 10 && strspn(text, "0123456789") == 4 &&
           text[4] == '-' && strspn(text + 5, "0123456789") == 2 && text[7] == '-' &&
           strspn(text + 8, "0123456789") == 2;
}

/* The token is looked at before anything of the request: clients ask once without a body, to be
 * told where tokens come from. */
static cof_status admit(void *context, const cof_http_request *request, cof_http_response *response,
                        const char *role, cof_keyvault_operation operation, cof_err *err)
{
    cof_keyvault *vault = context;
    COF_JSON json_t *caller = NULL;
    const cof_status status = check_token(vault, request, &caller, err);
    if (status == COF_E_UNAUTHORIZED) {
        return challenge(vault, request, response,
                         "AKV10000: Request is missing a Bearer or PoP token.", err);
    }
    if (status == COF_E_NO_MEMORY) {
        return status;
    }
    if (status != COF_OK) {
        return challenge(vault, request, response,
                         "AKV10001: The token is not valid for this vault.", err);
    }
    cof_keyvault_call call = {
        .vault = vault, .request = request, .response = response, .caller = caller};
    if (!cof_issuer_has_role(caller, role)) {
        COF_TRY(cof_keyvault_record(
            &call, role, NULL, "refused", "ForbiddenByRbac",
            json_pack("{s:o}", "path", cof_trail_text(request->segments[0])), err));
        return cof_keyvault_forbid(&call, "ForbiddenByRbac",
                                   "Caller is not authorized to perform action on resource.", err);
    }
    if (!is_api_version(cof_form_get(request->query, "api-version"))) {
        return cof_keyvault_bad(&call, "api-version is missing or not supported.", err);
    }
    return operation(&call, err);
}

#define ROUTE(function, role, operation)                                                           \
    static cof_status function(void *context, const cof_http_request *request,                     \
                               cof_http_response *response, cof_err *err)                          \
    {                                                                                              \
        return admit(context, request, response, role, operation, err);                            \
    }                                                                                              \
    struct cof_route_semicolon_

ROUTE(route_create, COF_ROLE_KEY_CREATE, cof_keyvault_create);
ROUTE(route_get, COF_ROLE_KEY_GET, cof_keyvault_get);
ROUTE(route_update, COF_ROLE_KEY_UPDATE, cof_keyvault_update);
ROUTE(route_wrap, COF_ROLE_KEY_WRAP, cof_keyvault_wrap);
ROUTE(route_unwrap, COF_ROLE_KEY_UNWRAP, cof_keyvault_unwrap);
ROUTE(route_release, COF_ROLE_KEY_RELEASE, cof_keyvault_release);

static const cof_http_route routes[] = {
    {"POST", "/keys/{name}/create", route_create},
    {"POST", "/keys/{name}/release", route_release},
    {"POST", "/keys/{name}/{version?}/release", route_release},
    {"POST", "/keys/{name}/{version?}/wrapkey", route_wrap},
    {"POST", "/keys/{name}/{version?}/unwrapkey", route_unwrap},
    {"GET", "/keys/{name}", route_get},
    {"GET", "/keys/{name}/{version}", route_get},
    {"PATCH", "/keys/{name}", route_update},
    {"PATCH", "/keys/{name}/{version}", route_update},
};

cof_status cof_keyvault_serve(cof_keyvault *vault, cof_http_server *server, cof_err *err)
{
    return cof_http_server_add(server, routes, sizeof routes / sizeof routes[0], vault, err);
}

void cof_keyvault_free(cof_keyvault *vault)
{
    if (vault != NULL) {
        cof_key_store_free(vault->store);
        cof_rsa_key_free(vault->release_key);
        X509_free(vault->release_leaf);
        free(vault);
    }
}
