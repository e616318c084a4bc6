/* coffer access app create | list | show | delete | enable | disable */
#include <string.h>
#include <unistd.h>

#include "apps/coffer/access_client.h"
#include "apps/coffer/access_credential.h"
#include "apps/coffer/commands.h"
#include "apps/coffer/table.h"
#include "tcb/wire/json.h"

/* ---- create ---- */

/* Roles of the control plane are granted everywhere; the others where --scope says. */
static bool is_app_role(const json_t *roles, const char *name)
{
    const json_t *role = NULL;
    size_t i = 0;
    json_array_foreach(json_object_get(roles, "value"), i, role)
    {
        if (strcmp(cof_access_text(role, "name"), name) == 0) {
            return json_is_true(json_object_get(role, "app_role"));
        }
    }
    return false;
}

static cof_status grant_roles(const cof_access_client *client, const cof_args *args,
                              const char *name, json_t *granted, cof_err *err)
{
    COF_JSON json_t *roles = NULL;
    const char *scope = cof_args_value(args, "scope");
    if (cof_args_count(args, "role") == 0) {
        return COF_OK;
    }
    COF_TRY(cof_access_client_call(client, "GET", "/access/roles", NULL, &roles, err));
    for (size_t i = 0; i < cof_args_count(args, "role"); i++) {
        const char *role = cof_args_nth(args, "role", i);
        const bool is_wide = scope == NULL || is_app_role(roles, role);
        COF_JSON json_t *body = json_pack("{s:s,s:s,s:s}", "principal", name, "role", role, "scope",
                                          is_wide ? "/" : scope);
        if (body == NULL) {
            return COF_FAIL(err, BAD_ARGUMENT, "the role's name is not UTF-8");
        }
        COF_TRY(cof_access_client_call(client, "POST", "/access/assignments", body, NULL, err));
        COF_TRY(cof_json_append(granted, json_string(role), err));
    }
    return COF_OK;
}

static cof_status finish(const cof_app *app, const cof_args *args, const cof_access_client *client,
                         const json_t *made, const char *path, cof_err *err)
{
    COF_JSON json_t *granted = json_array();
    COF_JSON json_t *secret = NULL;
    const char *name = cof_args_operand(args, 0);
    const char *ttl = cof_args_value(args, "secret-ttl");
    COF_TRY(grant_roles(client, args, name, granted, err));
    COF_TRY(cof_access_make_secret(client, name, ttl, &secret, err));
    const cof_access_new_credential credential = {.client = client,
                                                  .client_id = cof_access_text(made, "client_id"),
                                                  .secret = cof_access_text(secret, "secret"),
                                                  .path = path};
    COF_TRY(cof_access_write_credential(&credential, err));
    cof_output_line(app->output, COF_TONE_GOOD, "made application %s; its credential is in %s",
                    name, path != NULL ? path : "");
    COF_JSON json_t *all =
        json_pack("{s:s,s:s,s:s,s:O,s:s,s:s,s:s,s:s?,s:O}", "name", name, "client_id",
                  credential.client_id, "client_secret", credential.secret, "roles", granted,
                  "authority", client->authority, "tenant", client->tenant, "ca", client->ca,
                  "file", path, "expires", json_object_get(secret, "expires"));
    if (all == NULL) {
        return COF_FAIL(err, NO_MEMORY, "output");
    }
    cof_output_json(app->output, all);
    return COF_OK;
}

COF_COMMAND(access_app_create)
{
    COF_CLEANUP(cof_access_client_close) cof_access_client client = {0};
    COF_JSON json_t *answer = NULL;
    cof_path path;
    const char *name = cof_args_operand(args, 0);
    COF_JSON json_t *body = json_pack("{s:s}", "name", name);
    bool is_file = false;
    COF_TRY(cof_access_credential_path(app, args, name, &path, &is_file, err));
    if (body == NULL) {
        return COF_FAIL(err, USAGE, "the name is not UTF-8");
    }
    COF_TRY(cof_access_client_open(app, args, &client, err));
    COF_TRY(cof_access_client_call(&client, "POST", "/access/apps", body, &answer, err));
    const cof_status status = finish(app, args, &client, answer, is_file ? path.text : NULL, err);
    if (status != COF_OK) {
        /* Half an application is of no use to anybody. */
        const cof_status removed = cof_access_client_call_named(&client, "DELETE", "/access/apps",
                                                                name, "", NULL, NULL, NULL);
        if (removed != COF_OK) {
            cof_err_context(err, "application %s was made, but", name);
        }
    }
    return status;
}

/* ---- list, show ---- */

static cof_status add_app(cof_table *table, const json_t *app, cof_err *err)
{
    char expires[32] = "-";
    const json_t *secret = NULL;
    size_t i = 0;
    json_array_foreach(json_object_get(app, "secrets"), i, secret)
    {
        cof_access_when_text(json_object_get(secret, "expires"), expires, sizeof expires);
    }
    return COF_TABLE_ROW(table, err, cof_access_text(app, "name"),
                         json_is_true(json_object_get(app, "enabled")) ? "yes" : "no", expires,
                         cof_access_text(app, "client_id"), cof_access_text(app, "object_id"));
}

COF_COMMAND(access_app_list)
{
    COF_CLEANUP(cof_access_client_close) cof_access_client client = {0};
    COF_CLEANUP(cof_table_free) cof_table table = {0};
    COF_JSON json_t *answer = NULL;
    const json_t *one = NULL;
    size_t i = 0;
    COF_TRY(cof_access_client_open(app, args, &client, err));
    COF_TRY(cof_access_client_call(&client, "GET", "/access/apps", NULL, &answer, err));
    COF_TRY(COF_TABLE_ROW(&table, err, "NAME", "ENABLED", "LAST SECRET ENDS", "CLIENT ID",
                          "OBJECT ID"));
    json_array_foreach(json_object_get(answer, "value"), i, one)
    {
        COF_TRY(add_app(&table, one, err));
    }
    COF_TRY(cof_table_print(&table, app->output, "no applications", err));
    cof_output_json(app->output, answer);
    return COF_OK;
}

static cof_status add_credentials(cof_table *table, const json_t *app, const char *key,
                                  const char *kind, const char *what, cof_err *err)
{
    const json_t *one = NULL;
    size_t i = 0;
    json_array_foreach(json_object_get(app, key), i, one)
    {
        char expires[32];
        cof_access_when_text(json_object_get(one, "expires"), expires, sizeof expires);
        COF_TRY(COF_TABLE_ROW(table, err, kind, cof_access_text(one, "id"), expires,
                              cof_access_text(one, what)));
    }
    return COF_OK;
}

COF_COMMAND(access_app_show)
{
    COF_CLEANUP(cof_access_client_close) cof_access_client client = {0};
    COF_CLEANUP(cof_table_free) cof_table table = {0};
    COF_JSON json_t *one = NULL;
    COF_TRY(cof_access_client_open(app, args, &client, err));
    COF_TRY(cof_access_client_call_named(&client, "GET", "/access/apps", cof_args_operand(args, 0),
                                         "", NULL, &one, err));
    cof_output_line(app->output, COF_TONE_PLAIN,
                    "application  %s%s\nclient id    %s\nobject id    %s",
                    cof_access_text(one, "name"),
                    json_is_true(json_object_get(one, "enabled")) ? "" : " (disabled)",
                    cof_access_text(one, "client_id"), cof_access_text(one, "object_id"));
    COF_TRY(COF_TABLE_ROW(&table, err, "CREDENTIAL", "ID", "EXPIRES", "HINT"));
    COF_TRY(add_credentials(&table, one, "secrets", "secret", "hint", err));
    COF_TRY(add_credentials(&table, one, "certificates", "certificate", "x5t_s256", err));
    COF_TRY(add_credentials(&table, one, "federated", "federated", "subject", err));
    COF_TRY(cof_table_print(&table, app->output, "no credentials", err));
    cof_output_json(app->output, one);
    return COF_OK;
}

/* ---- delete, enable, disable ---- */

COF_COMMAND(access_app_delete)
{
    return cof_access_delete_named(app, args, "/access/apps", err);
}

COF_COMMAND(access_app_enable)
{
    return cof_access_enable_named(app, args, "/access/apps", true, err);
}

COF_COMMAND(access_app_disable)
{
    return cof_access_enable_named(app, args, "/access/apps", false, err);
}
