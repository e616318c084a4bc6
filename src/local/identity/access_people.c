/* /access/users and /access/groups. */
#include <string.h>

#include "local/identity/access_call.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"

/* ---- users ---- */

static cof_status list_users(const cof_access_call *call, cof_err *err)
{
    return cof_access_answer_all(call, COF_PRINCIPAL_USER, err);
}

static cof_status show_user(const cof_access_call *call, cof_err *err)
{
    cof_principal user;
    COF_TRY(cof_access_find_named(call, COF_PRINCIPAL_USER, &user, err));
    return cof_access_answer(call, 200, &user, err);
}

static cof_status create_user(const cof_access_call *call, cof_err *err)
{
    const char *name = NULL;
    cof_principal user;
    COF_TRY(cof_json_get_text(call->body, "name", COF_DIRECTORY_NAME_MAX, &name, err));
    COF_TRY(cof_directory_add(call->parts->directory, COF_PRINCIPAL_USER, name, &user, err));
    return cof_access_answer(call, 201, &user, err);
}

static cof_status change_user(const cof_access_call *call, cof_err *err)
{
    cof_principal user;
    char id[COF_HTTP_ID_SIZE];
    bool is_enabled = false;
    const char *text = NULL;
    COF_TRY(cof_access_find_named(call, COF_PRINCIPAL_USER, &user, err));
    COF_TRY(cof_access_body_text(call, "display_name", COF_LIMIT_NAME_BYTES, &text, err));
    memcpy(id, user.object_id, sizeof id);
    if (json_object_get(call->body, "enabled") != NULL) {
        COF_TRY(cof_json_get_bool(call->body, "enabled", &is_enabled, err));
        COF_TRY(cof_directory_set_enabled(call->parts->directory, id, is_enabled, err));
    }
    if (text != NULL) {
        COF_TRY(cof_directory_set_display_name(call->parts->directory, id, text, err));
    }
    COF_TRY(cof_access_find_named(call, COF_PRINCIPAL_USER, &user, err));
    return cof_access_answer(call, 200, &user, err);
}

/* Whoever sets a password can sign in as this user: he must hold what the user holds. */
static cof_status set_password(const cof_access_call *call, cof_err *err)
{
    cof_principal user;
    char id[COF_HTTP_ID_SIZE];
    const char *password = NULL;
    COF_TRY(cof_access_find_named(call, COF_PRINCIPAL_USER, &user, err));
    COF_TRY(cof_access_may_act_for(call->parts->access, call->caller, user.object_id, err));
    COF_TRY(cof_json_get_text(call->body, "password", COF_PASSWORD_MAX, &password, err));
    memcpy(id, user.object_id, sizeof id);
    COF_TRY(cof_directory_set_password(call->parts->directory, id, password, err));
    call->response->status = 204;
    return COF_OK;
}

static cof_status delete_user(const cof_access_call *call, cof_err *err)
{
    cof_principal user;
    COF_TRY(cof_access_find_named(call, COF_PRINCIPAL_USER, &user, err));
    return cof_access_delete(call, &user, err);
}

/* ---- groups ---- */

static cof_status list_groups(const cof_access_call *call, cof_err *err)
{
    return cof_access_answer_all(call, COF_PRINCIPAL_GROUP, err);
}

static cof_status show_group(const cof_access_call *call, cof_err *err)
{
    cof_principal group;
    COF_TRY(cof_access_find_named(call, COF_PRINCIPAL_GROUP, &group, err));
    return cof_access_answer(call, 200, &group, err);
}

static cof_status create_group(const cof_access_call *call, cof_err *err)
{
    const char *name = NULL;
    cof_principal group;
    COF_TRY(cof_json_get_text(call->body, "name", COF_DIRECTORY_NAME_MAX, &name, err));
    COF_TRY(cof_directory_add(call->parts->directory, COF_PRINCIPAL_GROUP, name, &group, err));
    return cof_access_answer(call, 201, &group, err);
}

static cof_status delete_group(const cof_access_call *call, cof_err *err)
{
    cof_principal group;
    COF_TRY(cof_access_find_named(call, COF_PRINCIPAL_GROUP, &group, err));
    return cof_access_delete(call, &group, err);
}

/* The group and the member that a path names. */
static cof_status find_pair(const cof_access_call *call, char group_id[static COF_HTTP_ID_SIZE],
                            char member_id[static COF_HTTP_ID_SIZE], cof_err *err)
{
    cof_principal group;
    cof_principal member;
    COF_TRY(cof_access_find_named(call, COF_PRINCIPAL_GROUP, &group, err));
    COF_TRY(cof_access_find_anybody(call, call->request->segments[1], &member, err));
    memcpy(group_id, group.object_id, COF_HTTP_ID_SIZE);
    memcpy(member_id, member.object_id, COF_HTTP_ID_SIZE);
    return COF_OK;
}

/* A member has all that the group was granted: who makes one must hold that. */
static cof_status add_member(const cof_access_call *call, cof_err *err)
{
    char group[COF_HTTP_ID_SIZE];
    char member[COF_HTTP_ID_SIZE];
    COF_TRY(find_pair(call, group, member, err));
    COF_TRY(cof_access_may_act_for(call->parts->access, call->caller, group, err));
    COF_TRY(cof_directory_add_member(call->parts->directory, group, member, err));
    call->response->status = 204;
    return COF_OK;
}

static cof_status remove_member(const cof_access_call *call, cof_err *err)
{
    char group[COF_HTTP_ID_SIZE];
    char member[COF_HTTP_ID_SIZE];
    COF_TRY(find_pair(call, group, member, err));
    COF_TRY(cof_directory_remove_member(call->parts->directory, group, member, err));
    call->response->status = 204;
    return COF_OK;
}

static const cof_access_operation users_list = {.run = list_users};
static const cof_access_operation user_show = {.run = show_user};
static const cof_access_operation user_create = {
    .name = "user-create", .members = {"name"}, .run = create_user};
static const cof_access_operation user_change = {
    .name = "user-change", .members = {"enabled", "display_name"}, .run = change_user};
static const cof_access_operation user_delete = {.name = "user-delete", .run = delete_user};
static const cof_access_operation user_password = {
    .name = "user-password-set", .members = {"password"}, .run = set_password};
static const cof_access_operation groups_list = {.run = list_groups};
static const cof_access_operation group_show = {.run = show_group};
static const cof_access_operation group_create = {
    .name = "group-create", .members = {"name"}, .run = create_group};
static const cof_access_operation group_delete = {.name = "group-delete", .run = delete_group};
static const cof_access_operation member_add = {.name = "group-member-add", .run = add_member};
static const cof_access_operation member_remove = {.name = "group-member-remove",
                                                   .run = remove_member};

COF_ACCESS_ROUTE(route_users, users_list);
COF_ACCESS_ROUTE(route_user, user_show);
COF_ACCESS_ROUTE(route_user_create, user_create);
COF_ACCESS_ROUTE(route_user_change, user_change);
COF_ACCESS_ROUTE(route_user_delete, user_delete);
COF_ACCESS_ROUTE(route_user_password, user_password);
COF_ACCESS_ROUTE(route_groups, groups_list);
COF_ACCESS_ROUTE(route_group, group_show);
COF_ACCESS_ROUTE(route_group_create, group_create);
COF_ACCESS_ROUTE(route_group_delete, group_delete);
COF_ACCESS_ROUTE(route_member_add, member_add);
COF_ACCESS_ROUTE(route_member_remove, member_remove);

static const cof_http_route routes[] = {
    {"GET", "/access/users", route_users},
    {"POST", "/access/users", route_user_create},
    {"GET", "/access/users/{name}", route_user},
    {"PATCH", "/access/users/{name}", route_user_change},
    {"DELETE", "/access/users/{name}", route_user_delete},
    {"PUT", "/access/users/{name}/password", route_user_password},
    {"GET", "/access/groups", route_groups},
    {"POST", "/access/groups", route_group_create},
    {"GET", "/access/groups/{name}", route_group},
    {"DELETE", "/access/groups/{name}", route_group_delete},
    {"PUT", "/access/groups/{name}/members/{member}", route_member_add},
    {"DELETE", "/access/groups/{name}/members/{member}", route_member_remove},
};

cof_status cof_access_serve_people(cof_access_parts *parts, cof_http_server *server, cof_err *err)
{
    return cof_http_server_add(server, routes, sizeof routes / sizeof routes[0], parts, err);
}
