/* The file of grants: its form, strictly, as rows that can be asked quickly. */
#include <string.h>

#include "local/identity/access_internal.h"
#include "local/identity/directory_internal.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"

#define ACCESS_KIND "access/v1"

enum { SCOPE_MAX = 200, SCOPE_SEGMENTS = 4 };

/* ---- scopes ---- */

static bool is_place(const char *segment, size_t size)
{
    static const char *const places[] = {"keys",   "secrets", "attestation",
                                         "access", "audit",   "authorities"};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (strlen(places[i]) == size && memcmp(places[i], segment, size) == 0) {
            return true;
        }
    }
    return false;
}

bool cof_scope_is_valid(const char *scope)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    if (strcmp(scope, "/") == 0) {
        return true;
    }
    const char *at = scope;
    for (int i = 0; *at == '/'; i++) {
        const size_t size = strspn(at + 1, allowed);
        if (size == 0 || i == SCOPE_SEGMENTS || (i == 0 && !is_place(at + 1, size))) {
            return false;
        }
        at += 1 + size;
    }
    return at != scope && *at == '\0' && at - scope <= SCOPE_MAX;
}

bool cof_scope_covers(const char *outer, const char *inner)
{
    const size_t size = strlen(outer);
    if (strcmp(outer, "/") == 0) {
        return inner[0] == '/';
    }
    return strncmp(outer, inner, size) == 0 && (inner[size] == '\0' || inner[size] == '/');
}

/* ---- roles ---- */

static cof_status read_actions(const json_t *list, cof_actions *out, cof_err *err)
{
    const json_t *value = NULL;
    size_t i = 0;
    cof_actions set = 0;
    json_array_foreach(list, i, value)
    {
        const char *name = json_string_value(value);
        const int index = name != NULL ? cof_action_index(name) : -1;
        if (index < 0) {
            return COF_FAIL(err, BAD_FORMAT, "there is no action %.40s", name != NULL ? name : "");
        }
        set |= (cof_actions)1 << index;
    }
    *out = set;
    return set != 0 ? COF_OK : COF_FAIL(err, BAD_FORMAT, "a role without actions");
}

static bool is_role_name(const char *name)
{
    const size_t size = strlen(name);
    return size > 0 && size <= COF_ROLE_NAME_MAX && name[0] != ' ' && name[size - 1] != ' ' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_. ") ==
               size;
}

static cof_status check_role(const json_t *roles, size_t index, cof_err *err)
{
    static const char *const members[] = {"name", "actions", "created"};
    const json_t *role = json_array_get(roles, index);
    const char *name = NULL;
    json_t *list = NULL;
    cof_actions actions = 0;
    int64_t created = 0;
    if (!json_is_object(role)) {
        return COF_FAIL(err, BAD_FORMAT, "a role is not an object");
    }
    COF_TRY(cof_json_only(role, members, sizeof members / sizeof members[0], err));
    COF_TRY(cof_json_get_text(role, "name", COF_ROLE_NAME_MAX, &name, err));
    COF_TRY(cof_json_get(role, "actions", JSON_ARRAY, &list, err));
    COF_TRY(cof_json_get_int(role, "created", 0, INT64_MAX, &created, err));
    if (!is_role_name(name)) {
        return COF_FAIL(err, BAD_FORMAT,
                        "a role's name has letters, digits, space and '-', '_', "
                        "'.', at most %d",
                        COF_ROLE_NAME_MAX);
    }
    COF_TRY(read_actions(list, &actions, err));
    for (size_t i = 0; i < index; i++) {
        const char *other = json_string_value(json_object_get(json_array_get(roles, i), "name"));
        if (strcmp(other, name) == 0) {
            return COF_FAIL(err, EXISTS, "there is a role %s already", name);
        }
    }
    return cof_role_find(name) == NULL ? COF_OK
                                       : COF_FAIL(err, EXISTS, "%s is a built-in role", name);
}

bool cof_access_role_actions(const json_t *root, const char *name, cof_actions *out)
{
    const cof_role *built_in = cof_role_find(name);
    const json_t *role = NULL;
    size_t i = 0;
    if (built_in != NULL) {
        *out = cof_role_actions(built_in);
        return true;
    }
    json_array_foreach(json_object_get(root, "roles"), i, role)
    {
        if (strcmp(json_string_value(json_object_get(role, "name")), name) == 0) {
            return read_actions(json_object_get(role, "actions"), out, NULL) == COF_OK;
        }
    }
    return false;
}

/* ---- assignments ---- */

static cof_status get_guid(const json_t *object, const char *key, const char **out, cof_err *err)
{
    char lower[COF_GUID_SIZE];
    COF_TRY(cof_json_get_text(object, key, COF_GUID_SIZE - 1, out, err));
    return cof_guid_lower(*out, lower) && strcmp(lower, *out) == 0
               ? COF_OK
               : COF_FAIL(err, BAD_FORMAT, "%s is not a GUID in lower case", key);
}

static cof_status read_row(const json_t *root, const json_t *value, cof_access_row *row,
                           cof_err *err)
{
    static const char *const members[] = {"id",      "principal",  "role",   "scope",
                                          "created", "created_by", "expires"};
    const char *by = NULL;
    int64_t created = 0;
    if (!json_is_object(value)) {
        return COF_FAIL(err, BAD_FORMAT, "an assignment is not an object");
    }
    COF_TRY(cof_json_only(value, members, sizeof members / sizeof members[0], err));
    COF_TRY(get_guid(value, "id", &row->id, err));
    COF_TRY(get_guid(value, "principal", &row->principal, err));
    COF_TRY(cof_json_get_text(value, "role", COF_ROLE_NAME_MAX, &row->role, err));
    COF_TRY(cof_json_get_text(value, "scope", SCOPE_MAX, &row->scope, err));
    COF_TRY(cof_json_get_text(value, "created_by", COF_GUID_SIZE - 1, &by, err));
    COF_TRY(cof_json_get_int(value, "created", 0, INT64_MAX, &created, err));
    row->expires = INT64_MAX;
    if (!json_is_null(json_object_get(value, "expires"))) {
        COF_TRY(cof_json_get_int(value, "expires", 1, INT64_MAX - 1, &row->expires, err));
    }
    if (!cof_scope_is_valid(row->scope)) {
        return COF_FAIL(err, BAD_FORMAT, "%s is not a scope", row->scope);
    }
    if (!cof_access_role_actions(root, row->role, &row->actions)) {
        return COF_FAIL(err, BAD_FORMAT, "there is no role %s", row->role);
    }
    return COF_OK;
}

static cof_status read_rows(const json_t *root, cof_access_table *t, cof_err *err)
{
    json_t *list = NULL;
    COF_JSON json_t *ids = json_object();
    COF_TRY(cof_json_get(root, "assignments", JSON_ARRAY, &list, err));
    const size_t count = json_array_size(list);
    if (count > COF_ACCESS_ASSIGNMENTS) {
        return COF_FAIL(err, LIMIT, "more than %d assignments", COF_ACCESS_ASSIGNMENTS);
    }
    t->rows = calloc(count > 0 ? count : 1, sizeof *t->rows);
    if (t->rows == NULL) {
        return COF_FAIL(err, NO_MEMORY, "assignments");
    }
    for (; t->count < count; t->count++) {
        cof_access_row *row = &t->rows[t->count];
        COF_TRY(read_row(root, json_array_get(list, t->count), row, err));
        if (json_object_get(ids, row->id) != NULL) {
            return COF_FAIL(err, EXISTS, "the assignment %s stands twice", row->id);
        }
        COF_TRY(cof_json_set(ids, row->id, json_true(), err));
    }
    return COF_OK;
}

static cof_status fill(const json_t *root, cof_access_table *t, cof_err *err)
{
    static const char *const members[] = {"coffer", "revision", "roles", "assignments"};
    const char *kind = NULL;
    json_t *roles = NULL;
    COF_TRY(cof_json_only(root, members, sizeof members / sizeof members[0], err));
    COF_TRY(cof_json_get_text(root, "coffer", COF_LIMIT_NAME_BYTES, &kind, err));
    if (strcmp(kind, ACCESS_KIND) != 0) {
        return COF_FAIL(err, BAD_VERSION, "the grants are not of this version (%s)", ACCESS_KIND);
    }
    COF_TRY(cof_json_get_int(root, "revision", 1, INT64_MAX, &t->revision, err));
    COF_TRY(cof_json_get(root, "roles", JSON_ARRAY, &roles, err));
    if (json_array_size(roles) > COF_ACCESS_ROLES) {
        return COF_FAIL(err, LIMIT, "more than %d roles", COF_ACCESS_ROLES);
    }
    for (size_t i = 0; i < json_array_size(roles); i++) {
        COF_TRY(check_role(roles, i, err));
    }
    return read_rows(root, t, err);
}

cof_status cof_access_table_make(json_t *root, cof_access_table *out, cof_err *err)
{
    COF_CLEANUP(cof_access_table_free) cof_access_table table = {0};
    COF_TRY(fill(root, &table, err));
    table.root = root;
    *out = table;
    table = (cof_access_table){0};
    return COF_OK;
}

void cof_access_table_free(cof_access_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        cof_access_use_free(&table->rows[i].use);
    }
    free(table->rows);
    json_decref(table->root);
    *table = (cof_access_table){0};
}
