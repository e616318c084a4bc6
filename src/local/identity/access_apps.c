/* /access/apps: applications and their credentials. */
#include <string.h>

#include "local/identity/access_call.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"

enum { PEM_BYTES = 32 * 1024, TEXT_BYTES = 512 };

static cof_status list_apps(const cof_access_call *call, cof_err *err)
{
    return cof_access_answer_all(call, COF_PRINCIPAL_APP, err);
}

static cof_status show_app(const cof_access_call *call, cof_err *err)
{
    cof_principal app;
    COF_TRY(cof_access_find_named(call, COF_PRINCIPAL_APP, &app, err));
    return cof_access_answer(call, 200, &app, err);
}

static cof_status create_app(const cof_access_call *call, cof_err *err)
{
    const char *name = NULL;
    cof_principal app;
    COF_TRY(cof_json_get_text(call->body, "name", COF_DIRECTORY_NAME_MAX, &name, err));
    COF_TRY(cof_directory_add(call->parts->directory, COF_PRINCIPAL_APP, name, &app, err));
    return cof_access_answer(call, 201, &app, err);
}

static cof_status change_app(const cof_access_call *call, cof_err *err)
{
    cof_principal app;
    char id[COF_HTTP_ID_SIZE];
    bool is_enabled = false;
    COF_TRY(cof_access_find_named(call, COF_PRINCIPAL_APP, &app, err));
    COF_TRY(cof_json_get_bool(call->body, "enabled", &is_enabled, err));
    memcpy(id, app.object_id, sizeof id);
    COF_TRY(cof_directory_set_enabled(call->parts->directory, id, is_enabled, err));
    return show_app(call, err);
}

/* An application, for which the caller may act: a credential makes whoever has it this application.
 */
static cof_status find_own(const cof_access_call *call, char id[static COF_HTTP_ID_SIZE],
                           cof_err *err)
{
    cof_principal app;
    COF_TRY(cof_access_find_named(call, COF_PRINCIPAL_APP, &app, err));
    COF_TRY(cof_access_may_act_for(call->parts->access, call->caller, app.object_id, err));
    memcpy(id, app.object_id, COF_HTTP_ID_SIZE);
    return COF_OK;
}

static cof_status add_secret(const cof_access_call *call, cof_err *err)
{
    char app[COF_HTTP_ID_SIZE];
    char id[COF_HTTP_ID_SIZE];
    int64_t expires = 0;
    COF_CLEANUP(cof_buf_free) cof_buf secret = {.limit = 64};
    cof_buf *body = &call->response->body;
    COF_TRY(find_own(call, app, err));
    COF_TRY(cof_access_body_time(call, "expires", &expires, err));
    COF_TRY(cof_directory_add_secret(call->parts->directory, app, expires, id, &secret, err));
    /* Printed by hand: jansson would leave a copy of the secret behind. */
    COF_TRY(cof_buf_printf(body, err, "{\"id\":\"%s\",\"secret\":\"%.*s\",\"expires\":", id,
                           (int)secret.size, (const char *)secret.data));
    COF_TRY(expires != 0 ? cof_buf_printf(body, err, "%lld}", (long long)expires)
                         : cof_buf_append_text(body, "null}", err));
    call->response->status = 201;
    call->response->content_type = "application/json; charset=utf-8";
    return COF_OK;
}

static cof_status answer_id(const cof_access_call *call, const char *id, cof_err *err)
{
    return cof_http_response_json(call->response, 201, json_pack("{s:s}", "id", id), err);
}

static cof_status add_certificate(const cof_access_call *call, cof_err *err)
{
    char app[COF_HTTP_ID_SIZE];
    char id[COF_HTTP_ID_SIZE];
    const char *pem = NULL;
    COF_TRY(find_own(call, app, err));
    COF_TRY(cof_json_get_text(call->body, "pem", PEM_BYTES, &pem, err));
    COF_TRY(
        cof_directory_add_certificate(call->parts->directory, app, cof_view_text(pem), id, err));
    return answer_id(call, id, err);
}

static cof_status add_federated(const cof_access_call *call, cof_err *err)
{
    char app[COF_HTTP_ID_SIZE];
    char id[COF_HTTP_ID_SIZE];
    const char *name = NULL;
    json_t *keys = NULL;
    cof_federated identity = {0};
    COF_TRY(find_own(call, app, err));
    COF_TRY(cof_json_get_text(call->body, "name", COF_LIMIT_NAME_BYTES, &name, err));
    COF_TRY(cof_json_get_text(call->body, "issuer", TEXT_BYTES, &identity.issuer, err));
    COF_TRY(cof_json_get_text(call->body, "subject", TEXT_BYTES, &identity.subject, err));
    COF_TRY(cof_access_body_text(call, "audience", TEXT_BYTES, &identity.audience, err));
    COF_TRY(cof_json_get(call->body, "keys", JSON_OBJECT, &keys, err));
    identity.keys = keys;
    COF_TRY(cof_directory_add_federated(call->parts->directory, app, name, &identity, id, err));
    return answer_id(call, id, err);
}

static cof_status remove_credential(const cof_access_call *call, cof_err *err)
{
    cof_principal app;
    char id[COF_HTTP_ID_SIZE];
    COF_TRY(cof_access_find_named(call, COF_PRINCIPAL_APP, &app, err));
    memcpy(id, app.object_id, sizeof id);
    COF_TRY(cof_directory_remove_credential(call->parts->directory, id, call->request->segments[1],
                                            err));
    call->response->status = 204;
    return COF_OK;
}

static cof_status delete_app(const cof_access_call *call, cof_err *err)
{
    cof_principal app;
    COF_TRY(cof_access_find_named(call, COF_PRINCIPAL_APP, &app, err));
    return cof_access_delete(call, &app, err);
}

static const cof_access_operation list = {.subject = COF_ACCESS_DIRECTORY, .run = list_apps};
static const cof_access_operation show = {.subject = COF_ACCESS_DIRECTORY, .run = show_app};
static const cof_access_operation create = {
    .name = "app-create", .members = {"name"}, .run = create_app};
static const cof_access_operation change = {
    .name = "app-change", .members = {"enabled"}, .run = change_app};
static const cof_access_operation delete = {.name = "app-delete", .run = delete_app};
static const cof_access_operation secret = {
    .name = "app-secret-add", .members = {"expires"}, .run = add_secret};
static const cof_access_operation certificate = {
    .name = "app-certificate-add", .members = {"pem"}, .run = add_certificate};
static const cof_access_operation federated = {
    .name = "app-federated-add",
    .members = {"name", "issuer", "subject", "audience", "keys"},
    .run = add_federated};
static const cof_access_operation drop = {.name = "app-credential-remove",
                                          .run = remove_credential};

COF_ACCESS_ROUTE(route_list, list);
COF_ACCESS_ROUTE(route_show, show);
COF_ACCESS_ROUTE(route_create, create);
COF_ACCESS_ROUTE(route_change, change);
COF_ACCESS_ROUTE(route_delete, delete);
COF_ACCESS_ROUTE(route_secret, secret);
COF_ACCESS_ROUTE(route_certificate, certificate);
COF_ACCESS_ROUTE(route_federated, federated);
COF_ACCESS_ROUTE(route_drop, drop);

static const cof_http_route routes[] = {
    {"GET", "/access/apps", route_list},
    {"POST", "/access/apps", route_create},
    {"GET", "/access/apps/{name}", route_show},
    {"PATCH", "/access/apps/{name}", route_change},
    {"DELETE", "/access/apps/{name}", route_delete},
    {"POST", "/access/apps/{name}/secrets", route_secret},
    {"POST", "/access/apps/{name}/certificates", route_certificate},
    {"POST", "/access/apps/{name}/federated", route_federated},
    {"DELETE", "/access/apps/{name}/credentials/{id}", route_drop},
};

cof_status cof_access_serve_apps(cof_access_parts *parts, cof_http_server *server, cof_err *err)
{
    return cof_http_server_add(server, routes, sizeof routes / sizeof routes[0], parts, err);
}
