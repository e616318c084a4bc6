/* The grants of the first applications, and those of an older version's. */
#include <string.h>

#include "host/http/http_message.h"
#include "local/identity/access_internal.h"
#include "local/identity/directory_internal.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"

typedef struct first_grant {
    const char *app;
    const char *role;
    const char *scope;
} first_grant;

static const first_grant first_grants[] = {
    {"owner", "Key Vault Administrator", "/"},
    {"owner", "Attestation Contributor", "/"},
    {"owner", "Access Administrator", "/"},
    {"owner", "Audit Reader", "/"},
    {"owner", "data-owner", "/"},
    {"owner", "recipient", "/"},
    {"owner", "auditor", "/"},
    {"owner", "admin", "/"},
    {"agent", "Key Vault Crypto Service Release User", "/keys"},
    {"agent", "Attestation Reader", "/attestation"},
    {"agent", "operator", "/"},
    {"auditor", "Audit Reader", "/"},
    {"auditor", "Key Vault Reader", "/"},
    {"auditor", "Attestation Reader", "/attestation"},
    {"auditor", "auditor", "/"},
};

cof_status cof_access_make_assignment(const cof_assignment *grant, int64_t now, json_t **out,
                                      cof_err *err)
{
    char id[COF_HTTP_ID_SIZE];
    COF_TRY(cof_http_make_id(id, err));
    *out = json_pack("{s:s,s:s,s:s,s:s,s:I,s:s,s:o}", "id", id, "principal", grant->principal,
                     "role", grant->role, "scope", grant->scope, "created", (json_int_t)now,
                     "created_by", grant->by, "expires",
                     grant->expires != 0 ? json_integer((json_int_t)grant->expires) : json_null());
    return *out != NULL ? COF_OK : COF_FAIL(err, NO_MEMORY, "assignment");
}

static cof_status add(json_t *assignments, const char *principal, const char *role,
                      const char *scope, int64_t now, cof_err *err)
{
    json_t *assignment = NULL;
    const cof_assignment grant = {.principal = principal, .role = role, .scope = scope, .by = ""};
    COF_TRY(cof_access_make_assignment(&grant, now, &assignment, err));
    return cof_json_append(assignments, assignment, err);
}

/* ---- an older version's clients: {"<resource>": ["role", …]} ---- */

static cof_status collect(const json_t *list, json_t *actions, cof_err *err)
{
    const json_t *value = NULL;
    size_t i = 0;
    json_array_foreach(list, i, value)
    {
        const char *name = json_string_value(value);
        if (name == NULL || cof_action_index(name) < 0) {
            return COF_FAIL(err, BAD_FORMAT, COF_OLD_CLIENTS_FILE ": there is no action %.40s",
                            name != NULL ? name : "");
        }
        COF_TRY(cof_json_append(actions, json_string(name), err));
    }
    return COF_OK;
}

/* What it could do stays what it can do: as a role of its own. */
static cof_status take_over(const cof_principal *app, const json_t *roles, json_t *root,
                            int64_t now, cof_err *err)
{
    json_t *assignments = json_object_get(root, "assignments");
    COF_JSON json_t *actions = json_array();
    char name[COF_ROLE_NAME_MAX + 1] = "migrated-";
    const json_t *value = NULL;
    size_t i = 0;
    (void)strncat(name, app->name, COF_DIRECTORY_NAME_MAX);
    COF_TRY(collect(json_object_get(roles, COF_RESOURCE_VAULT), actions, err));
    COF_TRY(collect(json_object_get(roles, COF_RESOURCE_ATTEST), actions, err));
    if (json_array_size(actions) > 0) {
        COF_TRY(cof_json_append(json_object_get(root, "roles"),
                                json_pack("{s:s,s:O,s:I}", "name", name, "actions", actions,
                                          "created", (json_int_t)now),
                                err));
        COF_TRY(add(assignments, app->object_id, name, "/", now, err));
    }
    json_array_foreach(json_object_get(roles, COF_RESOURCE_COFFER), i, value)
    {
        const cof_role *role =
            json_is_string(value) ? cof_role_find(json_string_value(value)) : NULL;
        if (role == NULL || !role->is_app_role) {
            return COF_FAIL(err, BAD_FORMAT, COF_OLD_CLIENTS_FILE ": there is no role %.40s",
                            json_is_string(value) ? json_string_value(value) : "");
        }
        COF_TRY(add(assignments, app->object_id, role->name, "/", now, err));
    }
    return COF_OK;
}

static bool is_first_app(const char *name)
{
    for (size_t i = 0; i < sizeof first_grants / sizeof first_grants[0]; i++) {
        if (strcmp(first_grants[i].app, name) == 0) {
            return true;
        }
    }
    return false;
}

static cof_status take_over_all(const cof_state *state, const cof_directory *directory,
                                json_t *root, cof_err *err)
{
    COF_JSON json_t *old = NULL;
    const json_t *client = NULL;
    size_t i = 0;
    const cof_status status = cof_state_read_json(state, COF_OLD_CLIENTS_FILE, &old, err);
    if (status == COF_E_NOT_FOUND) {
        return COF_OK;
    }
    COF_TRY(status);
    json_array_foreach(json_object_get(old, "clients"), i, client)
    {
        cof_principal app;
        const char *name = json_string_value(json_object_get(client, "name"));
        if (name != NULL && !is_first_app(name) &&
            cof_directory_by_name(directory, COF_PRINCIPAL_APP, name, &app)) {
            COF_TRY(
                take_over(&app, json_object_get(client, "roles"), root, cof_state_now(state), err));
        }
    }
    return COF_OK;
}

cof_status cof_access_first(const cof_state *state, const cof_directory *directory, json_t **out,
                            cof_err *err)
{
    COF_JSON json_t *root = json_pack("{s:s,s:i,s:[],s:[]}", "coffer", "access/v1", "revision", 1,
                                      "roles", "assignments");
    if (root == NULL) {
        return COF_FAIL(err, NO_MEMORY, "access");
    }
    for (size_t i = 0; i < sizeof first_grants / sizeof first_grants[0]; i++) {
        cof_principal app;
        if (cof_directory_by_name(directory, COF_PRINCIPAL_APP, first_grants[i].app, &app)) {
            COF_TRY(add(json_object_get(root, "assignments"), app.object_id, first_grants[i].role,
                        first_grants[i].scope, cof_state_now(state), err));
        }
    }
    COF_TRY(take_over_all(state, directory, root, err));
    *out = root;
    root = NULL;
    return COF_OK;
}
