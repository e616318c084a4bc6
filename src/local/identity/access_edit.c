/* Changes of grants, and who may make them. */
#include "local/identity/access_edit.h"

#include <string.h>

#include "local/identity/access_internal.h"
#include "local/identity/directory_internal.h"
#include "tcb/wire/json.h"

/* ---- who may ---- */

/* What a principal may give to others at a scope, until a time. */
static cof_actions may_give(const cof_access *access, const char *object_id, const char *scope,
                            int64_t until)
{
    const int64_t now = cof_state_now(access->state);
    cof_actions held = 0;
    for (size_t i = 0; i < access->table.count; i++) {
        const cof_access_row *row = &access->table.rows[i];
        if (now < row->expires && until <= row->expires &&
            cof_access_row_is_of(access->directory, row, object_id) &&
            cof_scope_covers(row->scope, scope)) {
            held |= row->actions;
        }
    }
    return cof_actions_grantable(held);
}

static cof_status check_held(const cof_access *access, const char *caller, cof_actions needed,
                             const char *scope, int64_t until, cof_err *err)
{
    const cof_actions missing = needed & ~may_give(access, caller, scope, until);
    for (size_t i = 0; cof_action_name(i) != NULL; i++) {
        if ((missing >> i & 1) != 0) {
            return COF_FAIL(err, FORBIDDEN, "you do not have %s at %s%s", cof_action_name(i), scope,
                            until == INT64_MAX ? " for good" : " for as long");
        }
    }
    return COF_OK;
}

cof_status cof_access_may_grant(const cof_access *access, const char *caller,
                                const cof_assignment *grant, cof_err *err)
{
    cof_actions needed = 0;
    if (!cof_access_role_actions(access->table.root, grant->role, &needed)) {
        return COF_FAIL(err, NOT_FOUND, "there is no role %.100s", grant->role);
    }
    return check_held(access, caller, needed, grant->scope,
                      grant->expires != 0 ? grant->expires : INT64_MAX, err);
}

cof_status cof_access_may_act_for(const cof_access *access, const char *caller,
                                  const char *object_id, cof_err *err)
{
    const int64_t now = cof_state_now(access->state);
    if (strcmp(caller, object_id) == 0) {
        return COF_OK;
    }
    for (size_t i = 0; i < access->table.count; i++) {
        const cof_access_row *row = &access->table.rows[i];
        if (now < row->expires && cof_access_row_is_of(access->directory, row, object_id)) {
            COF_TRY(check_held(access, caller, row->actions, row->scope, row->expires, err));
        }
    }
    return COF_OK;
}

static bool can_prove(const json_t *entry, int64_t now)
{
    static const char *const lists[] = {"secrets", "certificates"};
    if (json_is_object(json_object_get(entry, "password")) ||
        json_array_size(json_object_get(entry, "federated")) > 0) {
        return true;
    }
    for (size_t k = 0; k < sizeof lists / sizeof lists[0]; k++) {
        const json_t *value = NULL;
        size_t i = 0;
        json_array_foreach(json_object_get(entry, lists[k]), i, value)
        {
            const json_t *expires = json_object_get(value, "expires");
            if (json_is_null(expires) || json_integer_value(expires) > now) {
                return true;
            }
        }
    }
    return false;
}

static bool is_admin(const cof_directory *directory, const cof_access_table *table,
                     const char *object_id)
{
    const int write = cof_action_index(COF_ACTION_ACCESS_WRITE);
    for (size_t i = 0; i < table->count; i++) {
        const cof_access_row *row = &table->rows[i];
        if ((row->actions >> write & 1) != 0 && row->expires == INT64_MAX &&
            cof_scope_covers(row->scope, "/access") &&
            cof_access_row_is_of(directory, row, object_id)) {
            return true;
        }
    }
    return false;
}

bool cof_access_has_admin(const cof_directory *directory, const cof_access_table *table,
                          int64_t now)
{
    static const cof_principal_kind kinds[] = {COF_PRINCIPAL_APP, COF_PRINCIPAL_USER};
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        const json_t *entry = NULL;
        size_t i = 0;
        json_array_foreach(cof_directory_entries(directory, kinds[k]), i, entry)
        {
            const cof_principal who = cof_directory_principal(kinds[k], entry);
            if (cof_principal_is_enabled(&who) && can_prove(entry, now) &&
                is_admin(directory, table, who.object_id)) {
                return true;
            }
        }
    }
    return false;
}

/* ---- one change ---- */

static cof_status begin(const cof_access *access, json_t **out, cof_err *err)
{
    *out = json_deep_copy(access->table.root);
    return *out != NULL ? COF_OK : COF_FAIL(err, NO_MEMORY, "access");
}

/* A change keeps the order of what stays, so one walk finds it again. */
static void move_uses(cof_access_table *from, cof_access_table *to)
{
    size_t at = 0;
    for (size_t i = 0; i < to->count; i++) {
        while (at < from->count && strcmp(from->rows[at].id, to->rows[i].id) != 0) {
            at++;
        }
        if (at < from->count) {
            to->rows[i].use = from->rows[at].use;
            from->rows[at].use = (cof_access_use){0};
        }
    }
}

static cof_status commit(cof_access *access, json_t **next, cof_err *err)
{
    COF_CLEANUP(cof_access_table_free) cof_access_table table = {0};
    const int64_t now = cof_state_now(access->state);
    COF_TRY(
        cof_json_set(*next, "revision", json_integer((json_int_t)access->table.revision + 1), err));
    COF_TRY(cof_access_table_make(*next, &table, err));
    *next = NULL;
    if (cof_access_has_admin(access->directory, &access->table, now) &&
        !cof_access_has_admin(access->directory, &table, now)) {
        return COF_FAIL(err, FORBIDDEN,
                        "this would leave nobody who can change grants; give another one "
                        "\"Access Administrator\" at / first");
    }
    COF_TRY(cof_access_write(access->state, table.root, err));
    move_uses(&access->table, &table);
    const cof_access_table old = access->table;
    access->table = table;
    table = old;
    return COF_OK;
}

/* ---- assignments ---- */

static cof_status check_grant(const cof_access *access, const cof_assignment *grant, cof_err *err)
{
    const cof_role *role = cof_role_find(grant->role);
    const int64_t now = cof_state_now(access->state);
    cof_principal who;
    cof_actions actions = 0;
    if (!cof_access_role_actions(access->table.root, grant->role, &actions)) {
        return COF_FAIL(err, NOT_FOUND, "there is no role %.100s", grant->role);
    }
    if (!cof_directory_by_object_id(access->directory, grant->principal, &who)) {
        return COF_FAIL(err, NOT_FOUND, "there is nobody with id %.36s", grant->principal);
    }
    if (!cof_scope_is_valid(grant->scope)) {
        return COF_FAIL(err, BAD_ARGUMENT,
                        "a scope is /, /keys, /keys/NAME, /secrets, /secrets/NAME, /attestation, "
                        "/access, /audit or /authorities");
    }
    if (role != NULL && role->is_app_role && strcmp(grant->scope, "/") != 0) {
        return COF_FAIL(err, BAD_ARGUMENT, "%s is a role of the control plane: its scope is /",
                        role->name);
    }
    if (grant->expires != 0 && grant->expires <= now) {
        return COF_FAIL(err, BAD_ARGUMENT, "the time is over already");
    }
    for (size_t i = 0; i < access->table.count; i++) {
        const cof_access_row *row = &access->table.rows[i];
        if (now < row->expires && strcmp(row->principal, who.object_id) == 0 &&
            strcmp(row->role, grant->role) == 0 && strcmp(row->scope, grant->scope) == 0) {
            return COF_FAIL(err, EXISTS, "%s has %s at %s already", who.name, grant->role,
                            grant->scope);
        }
    }
    return COF_OK;
}

cof_status cof_access_grant(cof_access *access, const cof_assignment *grant, char out_id[static 37],
                            cof_err *err)
{
    COF_JSON json_t *next = NULL;
    COF_JSON json_t *assignment = NULL;
    COF_TRY(check_grant(access, grant, err));
    COF_TRY(begin(access, &next, err));
    COF_TRY(cof_access_make_assignment(grant, cof_state_now(access->state), &assignment, err));
    COF_TRY(cof_json_append(json_object_get(next, "assignments"), json_incref(assignment), err));
    COF_TRY(commit(access, &next, err));
    memcpy(out_id, json_string_value(json_object_get(assignment, "id")), COF_ACCESS_ID_SIZE);
    return COF_OK;
}

/* Drops the assignments whose member has this value. @return how many */
static size_t drop(json_t *root, const char *member, const char *value)
{
    json_t *list = json_object_get(root, "assignments");
    const size_t before = json_array_size(list);
    for (size_t i = before; i-- > 0;) {
        const json_t *assignment = json_array_get(list, i);
        if (strcmp(json_string_value(json_object_get(assignment, member)), value) == 0) {
            (void)json_array_remove(list, i);
        }
    }
    return before - json_array_size(list);
}

cof_status cof_access_revoke(cof_access *access, const char *id, cof_err *err)
{
    COF_JSON json_t *next = NULL;
    COF_TRY(begin(access, &next, err));
    if (drop(next, "id", id) == 0) {
        return COF_FAIL(err, NOT_FOUND, "there is no assignment %.36s", id);
    }
    return commit(access, &next, err);
}

cof_status cof_access_revoke_all(cof_access *access, const char *object_id, cof_err *err)
{
    COF_JSON json_t *next = NULL;
    COF_TRY(begin(access, &next, err));
    return drop(next, "principal", object_id) == 0 ? COF_OK : commit(access, &next, err);
}

/* ---- roles ---- */

cof_status cof_access_add_role(cof_access *access, const char *name, const json_t *actions,
                               cof_err *err)
{
    COF_JSON json_t *next = NULL;
    COF_TRY(begin(access, &next, err));
    COF_TRY(
        cof_json_append(json_object_get(next, "roles"),
                        json_pack("{s:s,s:o,s:I}", "name", name, "actions", json_deep_copy(actions),
                                  "created", (json_int_t)cof_state_now(access->state)),
                        err));
    const cof_status status = commit(access, &next, err);
    /* What is wrong about the form came from the caller. */
    return status == COF_E_BAD_FORMAT && err != NULL ? (err->status = COF_E_BAD_ARGUMENT) : status;
}

cof_status cof_access_remove_role(cof_access *access, const char *name, cof_err *err)
{
    COF_JSON json_t *next = NULL;
    COF_TRY(begin(access, &next, err));
    json_t *roles = json_object_get(next, "roles");
    for (size_t i = 0; i < access->table.count; i++) {
        if (strcmp(access->table.rows[i].role, name) == 0) {
            return COF_FAIL(err, BUSY, "the role is granted to somebody; revoke that first");
        }
    }
    for (size_t i = json_array_size(roles); i-- > 0;) {
        const json_t *role = json_array_get(roles, i);
        if (strcmp(json_string_value(json_object_get(role, "name")), name) == 0) {
            (void)json_array_remove(roles, i);
            return commit(access, &next, err);
        }
    }
    return COF_FAIL(err, NOT_FOUND, "there is no custom role %.100s", name);
}

/* ---- looking ---- */

int64_t cof_access_revision(const cof_access *access)
{
    return access->table.revision;
}

const json_t *cof_access_assignments(const cof_access *access)
{
    return json_object_get(access->table.root, "assignments");
}

const json_t *cof_access_custom_roles(const cof_access *access)
{
    return json_object_get(access->table.root, "roles");
}
