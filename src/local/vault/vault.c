#include "local/vault/vault.h"

#include <event2/event.h>
#include <string.h>
#include <strings.h>

#include "host/http/http_server.h"
#include "local/vault/secret_store.h"
#include "local/vault/vault_internal.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"

enum { TIMER_PERIOD_S = 60 };

static const char alias_resource[] = "https://vault.localhost";

cof_status cof_keyvault_open(const cof_keyvault_parts *parts, cof_keyvault **out, cof_err *err)
{
    COF_CLEANUP(cof_keyvault_drop_) cof_keyvault *vault = calloc(1, sizeof *vault);
    if (vault == NULL) {
        return COF_FAIL(err, NO_MEMORY, "vault");
    }
    COF_CLEANUP(cof_root_key_wipe) cof_root_key root = {{0}};
    vault->parts = *parts;
    vault->parts.root = NULL; /* its secret is the caller's, and goes */
    COF_TRY(cof_root_key_open(parts->state, parts->root, &root, err));
    COF_TRY(cof_key_store_open(parts->state, &root, &vault->store, err));
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

cof_status cof_keyvault_conflict(cof_keyvault_call *call, const char *inner, const char *message,
                                 cof_err *err)
{
    return cof_http_response_error(call->response, 409, "Conflict", message, inner, err);
}

cof_status cof_keyvault_not_found(cof_keyvault_call *call, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 512};
    const char *name = call->request->segments[0];
    const char *message = NULL;
    COF_TRY(cof_buf_printf(&text, err,
                           "A key with (name/id) %s was not found in this key vault. If you "
                           "recently deleted this key you may be able to recover it.",
                           cof_key_name_is_valid(name) ? name : "of this spelling"));
    COF_TRY(cof_buf_text(&text, &message, err));
    return cof_http_response_error(call->response, 404, "KeyNotFound", message, NULL, err);
}

cof_status cof_keyvault_find(cof_keyvault_call *call, cof_stored_key *out_key, bool *out_found,
                             cof_err *err)
{
    const char *name = call->request->segments[0];
    const char *version = call->request->segment_count > 1 ? call->request->segments[1] : "";
    const cof_status status = cof_key_store_get(call->vault->store, name, version, out_key, err);
    *out_found = status == COF_OK;
    return status == COF_E_NOT_FOUND ? cof_keyvault_not_found(call, err) : status;
}

cof_status cof_keyvault_answer_bundle(cof_keyvault_call *call, const cof_stored_key *key,
                                      cof_err *err)
{
    json_t *bundle = NULL;
    COF_TRY(cof_key_meta_bundle(key, cof_state_base(call->vault->parts.state), &bundle, err));
    return cof_http_response_json(call->response, 200, bundle, err);
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
                  call->request != NULL ? call->request->id : "", "who",
                  who != NULL ? who : (call->request == NULL ? "vault" : ""), "oid",
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

/* What the access rules know the object of a call by: "/keys/NAME", in the spelling that the key
 * was made with; "/keys" where the call has no object. */
static cof_status scope_of(const cof_keyvault *vault, const cof_http_request *request,
                           const char *action, cof_buf *out, cof_err *err)
{
    const char *name = request->segment_count > 0 ? request->segments[0] : "";
    cof_key_name known;
    if (strncmp(action, "keys/", 5) == 0 && cof_key_store_look(vault->store, name, &known)) {
        name = known.name;
    }
    return cof_buf_printf(out, err, "/%.*s%s%s", (int)strcspn(action, "/"), action,
                          name[0] != '\0' ? "/" : "", name);
}

static cof_status check_access(const cof_keyvault *vault, const cof_http_request *request,
                               const json_t *caller, const char *action, bool *out_allowed,
                               cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf scope = {.limit = COF_LIMIT_URL_BYTES};
    const char *text = NULL;
    COF_TRY(scope_of(vault, request, action, &scope, err));
    COF_TRY(cof_buf_text(&scope, &text, err));
    *out_allowed = cof_access_allows(vault->parts.access, caller, action, text);
    return COF_OK;
}

/* What Azure's clients and proxies look for in every answer. */
static cof_status add_headers(cof_http_response *response, cof_err *err)
{
    static const cof_http_pair headers[] = {
        {"x-ms-keyvault-region", "local"},
        {"x-ms-keyvault-service-version", "1.9.0"},
        {"x-ms-keyvault-network-info", "conn_type=Ipv4;addr=127.0.0.1;act_addr_fam=InterNetwork;"},
    };
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        COF_TRY(cof_http_response_header(response, headers[i].name, headers[i].value, err));
    }
    return COF_OK;
}

static cof_status refuse_access(cof_keyvault_call *call, const char *action, cof_err *err)
{
    const cof_http_request *request = call->request;
    const char *name = request->segment_count > 0 ? request->segments[0] : "";
    COF_TRY(cof_keyvault_record(call, action, NULL, "refused", "ForbiddenByRbac",
                                json_pack("{s:o}", "path", cof_trail_text(name)), err));
    return cof_keyvault_forbid(call, "ForbiddenByRbac",
                               "Caller is not authorized to perform action on resource.", err);
}

/* The token is looked at before anything of the request: clients ask once without a body, to be
 * told where tokens come from. */
cof_status cof_keyvault_admit(void *context, const cof_http_request *request,
                              cof_http_response *response, const char *action,
                              cof_keyvault_operation operation, cof_err *err)
{
    cof_keyvault *vault = context;
    COF_JSON json_t *caller = NULL;
    bool is_allowed = false;
    COF_TRY(add_headers(response, err));
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
    COF_TRY(check_access(vault, request, caller, action, &is_allowed, err));
    if (!is_allowed) {
        return refuse_access(&call, action, err);
    }
    if (!is_api_version(cof_form_get(request->query, "api-version"))) {
        return cof_keyvault_bad(&call, "api-version is missing or not supported.", err);
    }
    return operation(&call, err);
}

#define ROUTE(function, action, operation)                                                         \
    static cof_status function(void *context, const cof_http_request *request,                     \
                               cof_http_response *response, cof_err *err)                          \
    {                                                                                              \
        return cof_keyvault_admit(context, request, response, action, operation, err);             \
    }                                                                                              \
    struct cof_route_semicolon_

ROUTE(route_create, COF_ACTION_KEY_CREATE, cof_keyvault_create);
ROUTE(route_import, COF_ACTION_KEY_IMPORT, cof_keyvault_import);
ROUTE(route_get, COF_ACTION_KEY_GET, cof_keyvault_get);
ROUTE(route_update, COF_ACTION_KEY_UPDATE, cof_keyvault_update);
ROUTE(route_list, COF_ACTION_KEY_LIST, cof_keyvault_list);
ROUTE(route_versions, COF_ACTION_KEY_LIST, cof_keyvault_versions);
ROUTE(route_delete, COF_ACTION_KEY_DELETE, cof_keyvault_delete);
ROUTE(route_deleted, COF_ACTION_KEY_GET, cof_keyvault_deleted);
ROUTE(route_list_deleted, COF_ACTION_KEY_LIST, cof_keyvault_list_deleted);
ROUTE(route_recover, COF_ACTION_KEY_RECOVER, cof_keyvault_recover);
ROUTE(route_purge, COF_ACTION_KEY_PURGE, cof_keyvault_purge);
ROUTE(route_backup, COF_ACTION_KEY_BACKUP, cof_keyvault_backup);
ROUTE(route_restore, COF_ACTION_KEY_RESTORE, cof_keyvault_restore);
ROUTE(route_rotate, COF_ACTION_KEY_ROTATE, cof_keyvault_rotate);
ROUTE(route_get_rotation, COF_ACTION_KEY_GET_ROTATION, cof_keyvault_get_rotation);
ROUTE(route_set_rotation, COF_ACTION_KEY_SET_ROTATION, cof_keyvault_set_rotation);

/* The first that fits counts: fixed words before versions. */
static const cof_http_route routes[] = {
    {"POST", "/keys/{name}/create", route_create},
    {"POST", "/keys/{name}/rotate", route_rotate},
    {"POST", "/keys/{name}/backup", route_backup},
    {"POST", "/keys/restore", route_restore},
    {"GET", "/keys/{name}/versions", route_versions},
    {"GET", "/keys/{name}/rotationpolicy", route_get_rotation},
    {"PUT", "/keys/{name}/rotationpolicy", route_set_rotation},
    {"GET", "/keys", route_list},
    {"PUT", "/keys/{name}", route_import},
    {"DELETE", "/keys/{name}", route_delete},
    {"GET", "/keys/{name}", route_get},
    {"GET", "/keys/{name}/{version}", route_get},
    {"PATCH", "/keys/{name}", route_update},
    {"PATCH", "/keys/{name}/{version}", route_update},
    {"GET", "/deletedkeys", route_list_deleted},
    {"GET", "/deletedkeys/{name}", route_deleted},
    {"DELETE", "/deletedkeys/{name}", route_purge},
    {"POST", "/deletedkeys/{name}/recover", route_recover},
};

/* What happens by time. A failure is the next minute's work; a decision that could not be written
 * down was not carried out. The event loop owns the timer, and ends before the vault does. */
static void on_timer(evutil_socket_t fd, short what, void *context)
{
    static const struct timeval period = {.tv_sec = TIMER_PERIOD_S};
    cof_keyvault *vault = context;
    (void)fd;
    (void)what;
    const cof_status purged = cof_keyvault_purge_due(vault, NULL);
    const cof_status rotated = cof_keyvault_rotate_due(vault, NULL);
    const cof_secret_store secrets = {.state = vault->parts.state,
                                      .root = cof_key_store_root(vault->store)};
    const cof_status emptied = cof_secret_purge_due(&secrets, vault->parts.trail, NULL);
    (void)emptied;
    (void)purged;
    (void)rotated;
    (void)event_base_once(vault->base, -1, EV_TIMEOUT, on_timer, vault, &period);
}

static cof_status start_timer(cof_keyvault *vault, cof_http_server *server, cof_err *err)
{
    static const struct timeval at_once = {0};
    vault->base = cof_http_server_base(server);
    return event_base_once(vault->base, -1, EV_TIMEOUT, on_timer, vault, &at_once) == 0
               ? COF_OK
               : COF_FAIL(err, NO_MEMORY, "vault");
}

cof_status cof_keyvault_serve(cof_keyvault *vault, cof_http_server *server, cof_err *err)
{
    COF_TRY(start_timer(vault, server, err));
    COF_TRY(cof_keyvault_serve_uses(vault, server, err));
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
