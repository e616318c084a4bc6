/* /access/roles, /access/assignments and /access/review. */
#include <string.h>

#include "local/identity/access_call.h"
#include "local/identity/access_review.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"

enum { SCOPE_BYTES = 200, UNUSED_DAYS = 90, UNUSED_DAYS_MAX = 3650 };

/* ---- roles ---- */

static cof_status add_built_in(json_t *list, const cof_role *role, cof_err *err)
{
    json_t *actions = json_array();
    COF_TRY(cof_json_append(list,
                            json_pack("{s:s,s:s,s:b,s:b,s:o}", "name", role->name, "summary",
                                      role->summary, "builtin", 1, "app_role", role->is_app_role,
                                      "actions", actions),
                            err));
    for (size_t i = 0; i < COF_ROLE_ACTIONS && role->actions[i] != NULL; i++) {
        COF_TRY(cof_json_append(actions, json_string(role->actions[i]), err));
    }
    return COF_OK;
}

static cof_status list_roles(const cof_access_call *call, cof_err *err)
{
    COF_JSON json_t *list = json_array();
    const json_t *role = NULL;
    size_t i = 0;
    for (size_t k = 0; cof_role_at(k) != NULL; k++) {
        COF_TRY(add_built_in(list, cof_role_at(k), err));
    }
    json_array_foreach(cof_access_custom_roles(call->parts->access), i, role)
    {
        COF_TRY(cof_json_append(
            list,
            json_pack("{s:O,s:s,s:b,s:b,s:O}", "name", json_object_get(role, "name"), "summary", "",
                      "builtin", 0, "app_role", 0, "actions", json_object_get(role, "actions")),
            err));
    }
    return cof_http_response_json(call->response, 200, json_pack("{s:O}", "value", list), err);
}

static cof_status create_role(const cof_access_call *call, cof_err *err)
{
    const char *name = NULL;
    json_t *actions = NULL;
    COF_TRY(cof_json_get_text(call->body, "name", COF_ROLE_NAME_MAX, &name, err));
    COF_TRY(cof_json_get(call->body, "actions", JSON_ARRAY, &actions, err));
    COF_TRY(cof_access_add_role(call->parts->access, name, actions, err));
    return cof_http_response_json(call->response, 201,
                                  json_pack("{s:s,s:O}", "name", name, "actions", actions), err);
}

static cof_status delete_role(const cof_access_call *call, cof_err *err)
{
    COF_TRY(cof_access_remove_role(call->parts->access, call->request->segments[0], err));
    call->response->status = 204;
    return COF_OK;
}

/* ---- assignments ---- */

static cof_status list_assignments(const cof_access_call *call, cof_err *err)
{
    COF_JSON json_t *list = NULL;
    COF_TRY(cof_access_list_grants(call->parts->access, call->parts->directory, &list, err));
    call->response->body.limit = COF_LIMIT_HTTP_ANSWER_BYTES;
    return cof_http_response_json(call->response, 200, json_pack("{s:O}", "value", list), err);
}

static cof_status create_assignment(const cof_access_call *call, cof_err *err)
{
    cof_assignment grant = {.by = call->caller, .scope = "/"};
    const char *name = NULL;
    char id[COF_HTTP_ID_SIZE];
    cof_principal who;
    COF_TRY(cof_json_get_text(call->body, "principal", COF_DIRECTORY_NAME_MAX, &name, err));
    COF_TRY(cof_json_get_text(call->body, "role", COF_ROLE_NAME_MAX, &grant.role, err));
    COF_TRY(cof_access_body_text(call, "scope", SCOPE_BYTES, &grant.scope, err));
    COF_TRY(cof_access_body_time(call, "expires", &grant.expires, err));
    COF_TRY(cof_access_find_anybody(call, name, &who, err));
    grant.principal = who.object_id;
    COF_TRY(cof_access_may_grant(call->parts->access, call->caller, &grant, err));
    COF_TRY(cof_access_grant(call->parts->access, &grant, id, err));
    return cof_http_response_json(
        call->response, 201,
        json_pack("{s:s,s:s,s:s,s:s,s:o}", "id", id, "principal", who.name, "role", grant.role,
                  "scope", grant.scope, "expires",
                  grant.expires != 0 ? json_integer((json_int_t)grant.expires) : json_null()),
        err);
}

static cof_status delete_assignment(const cof_access_call *call, cof_err *err)
{
    COF_TRY(cof_access_revoke(call->parts->access, call->request->segments[0], err));
    call->response->status = 204;
    return COF_OK;
}

/* ---- review ---- */

static cof_status read_days(const cof_access_call *call, int64_t *out, cof_err *err)
{
    const char *text = cof_form_get(call->request->query, "unused");
    int64_t days = 0;
    *out = UNUSED_DAYS;
    if (text == NULL) {
        return COF_OK;
    }
    for (const char *c = text; *c != '\0'; c++) {
        if (*c < '0' || *c > '9' || days > UNUSED_DAYS_MAX) {
            return COF_FAIL(err, BAD_ARGUMENT, "unused is a number of days");
        }
        days = days * 10 + (*c - '0');
    }
    if (days == 0 || days > UNUSED_DAYS_MAX) {
        return COF_FAIL(err, BAD_ARGUMENT, "unused is 1 to %d days", UNUSED_DAYS_MAX);
    }
    *out = days;
    return COF_OK;
}

static cof_status review(const cof_access_call *call, cof_err *err)
{
    COF_JSON json_t *findings = NULL;
    int64_t days = 0;
    COF_TRY(read_days(call, &days, err));
    const cof_review_options options = {.now = cof_state_now(call->parts->state),
                                        .unused_s = days * 86400};
    COF_TRY(
        cof_access_review(call->parts->access, call->parts->directory, &options, &findings, err));
    call->response->body.limit = COF_LIMIT_HTTP_ANSWER_BYTES;
    return cof_http_response_json(call->response, 200, json_pack("{s:O}", "value", findings), err);
}

static const cof_access_operation roles_list = {.subject = COF_ACCESS_GRANTS, .run = list_roles};
static const cof_access_operation role_create = {.name = "role-create",
                                                 .subject = COF_ACCESS_GRANTS,
                                                 .members = {"name", "actions"},
                                                 .run = create_role};
static const cof_access_operation role_delete = {
    .name = "role-delete", .subject = COF_ACCESS_GRANTS, .run = delete_role};
static const cof_access_operation assignments_list = {.subject = COF_ACCESS_GRANTS,
                                                      .run = list_assignments};
static const cof_access_operation assignment_create = {
    .name = "grant",
    .subject = COF_ACCESS_GRANTS,
    .members = {"principal", "role", "scope", "expires"},
    .run = create_assignment};
static const cof_access_operation assignment_delete = {
    .name = "revoke", .subject = COF_ACCESS_GRANTS, .run = delete_assignment};
static const cof_access_operation review_show = {.subject = COF_ACCESS_GRANTS, .run = review};

COF_ACCESS_ROUTE(route_roles, roles_list);
COF_ACCESS_ROUTE(route_role_create, role_create);
COF_ACCESS_ROUTE(route_role_delete, role_delete);
COF_ACCESS_ROUTE(route_assignments, assignments_list);
COF_ACCESS_ROUTE(route_grant, assignment_create);
COF_ACCESS_ROUTE(route_revoke, assignment_delete);
COF_ACCESS_ROUTE(route_review, review_show);

static const cof_http_route routes[] = {
    {"GET", "/access/roles", route_roles},
    {"POST", "/access/roles", route_role_create},
    {"DELETE", "/access/roles/{name}", route_role_delete},
    {"GET", "/access/assignments", route_assignments},
    {"POST", "/access/assignments", route_grant},
    {"DELETE", "/access/assignments/{id}", route_revoke},
    {"GET", "/access/review", route_review},
};

cof_status cof_access_serve_grants(cof_access_parts *parts, cof_http_server *server, cof_err *err)
{
    return cof_http_server_add(server, routes, sizeof routes / sizeof routes[0], parts, err);
}
