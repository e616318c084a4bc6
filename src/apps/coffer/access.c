/* coffer access list | grant | revoke | review | role list | role create | role delete */
#include <stdio.h>
#include <string.h>

#include "apps/coffer/access_client.h"
#include "apps/coffer/commands.h"
#include "apps/coffer/table.h"
#include "tcb/wire/json.h"

enum { DAY_S = 86400 };

/* An object that owns nothing but what it says, with --json. */
static cof_status print_done(const cof_app *app, json_t *value, cof_err *err)
{
    COF_JSON json_t *owned = value;
    if (owned == NULL) {
        return COF_FAIL(err, NO_MEMORY, "output");
    }
    cof_output_json(app->output, owned);
    return COF_OK;
}

/* ---- list ---- */

static bool fits(const cof_args *args, const char *option, const char *text)
{
    const char *asked = cof_args_value(args, option);
    return asked == NULL || strcmp(asked, text) == 0;
}

static cof_status add_grant(cof_table *table, const json_t *grant, cof_err *err)
{
    char expires[32];
    char last[32];
    cof_access_when_text(json_object_get(grant, "expires"), expires, sizeof expires);
    cof_access_when_text(json_object_get(json_object_get(grant, "use"), "last"), last, sizeof last);
    return COF_TABLE_ROW(table, err, cof_access_text(grant, "principal_name"),
                         cof_access_text(grant, "role"), cof_access_text(grant, "scope"), expires,
                         last, cof_access_text(grant, "id"));
}

/* Keeps of value those that the options ask for. */
static cof_status select_grants(const cof_args *args, const json_t *value, json_t *out,
                                cof_table *table, cof_err *err)
{
    json_t *grant = NULL;
    size_t i = 0;
    COF_TRY(COF_TABLE_ROW(table, err, "WHO", "ROLE", "SCOPE", "EXPIRES", "LAST USED", "ID"));
    json_array_foreach(value, i, grant)
    {
        const bool is_asked = fits(args, "principal", cof_access_text(grant, "principal_name")) ||
                              fits(args, "principal", cof_access_text(grant, "principal"));
        if (is_asked && fits(args, "role", cof_access_text(grant, "role")) &&
            fits(args, "scope", cof_access_text(grant, "scope"))) {
            COF_TRY(cof_json_append(out, json_incref(grant), err));
            COF_TRY(add_grant(table, grant, err));
        }
    }
    return COF_OK;
}

COF_COMMAND(access_list)
{
    COF_CLEANUP(cof_access_client_close) cof_access_client client = {0};
    COF_CLEANUP(cof_table_free) cof_table table = {0};
    COF_JSON json_t *answer = NULL;
    COF_JSON json_t *chosen = json_array();
    COF_TRY(cof_access_client_open(app, args, &client, err));
    COF_TRY(cof_access_client_call(&client, "GET", "/access/assignments", NULL, &answer, err));
    COF_TRY(select_grants(args, json_object_get(answer, "value"), chosen, &table, err));
    COF_TRY(cof_table_print(&table, app->output, "no grant fits", err));
    return print_done(app, json_pack("{s:O}", "grants", chosen), err);
}

/* ---- grant, revoke ---- */

COF_COMMAND(access_grant)
{
    COF_CLEANUP(cof_access_client_close) cof_access_client client = {0};
    COF_JSON json_t *answer = NULL;
    const char *who = cof_args_operand(args, 0);
    const char *role = cof_args_operand(args, 1);
    const char *scope = cof_args_value(args, "scope");
    int64_t expires = 0;
    char until[32];
    COF_TRY(cof_access_time(cof_args_value(args, "expires"), &expires, err));
    COF_JSON json_t *body = cof_access_expires(expires);
    COF_TRY(cof_json_set(body, "principal", json_string(who), err));
    COF_TRY(cof_json_set(body, "role", json_string(role), err));
    COF_TRY(cof_json_set(body, "scope", json_string(scope != NULL ? scope : "/"), err));
    COF_TRY(cof_access_client_open(app, args, &client, err));
    COF_TRY(cof_access_client_call(&client, "POST", "/access/assignments", body, &answer, err));
    cof_access_when_text(json_object_get(answer, "expires"), until, sizeof until);
    cof_output_line(app->output, COF_TONE_GOOD, "%s has %s at %s%s%s", who, role,
                    cof_access_text(answer, "scope"), expires != 0 ? " until " : "",
                    expires != 0 ? until : "");
    cof_output_line(app->output, COF_TONE_DIM, "take it back with: coffer access revoke %s",
                    cof_access_text(answer, "id"));
    return print_done(app, json_incref(answer), err);
}

/* The assignments of a principal and a role; all scopes unless one is asked for. */
static cof_status find_grants(const cof_access_client *client, const cof_args *args, json_t *ids,
                              cof_err *err)
{
    COF_JSON json_t *answer = NULL;
    const char *who = cof_args_operand(args, 0);
    const char *role = cof_args_operand(args, 1);
    const json_t *grant = NULL;
    size_t i = 0;
    if (role == NULL) {
        return cof_json_append(ids, json_string(who), err);
    }
    COF_TRY(cof_access_client_call(client, "GET", "/access/assignments", NULL, &answer, err));
    json_array_foreach(json_object_get(answer, "value"), i, grant)
    {
        const bool is_his = strcmp(cof_access_text(grant, "principal_name"), who) == 0 ||
                            strcmp(cof_access_text(grant, "principal"), who) == 0;
        if (is_his && strcmp(cof_access_text(grant, "role"), role) == 0 &&
            fits(args, "scope", cof_access_text(grant, "scope"))) {
            COF_TRY(cof_json_append(ids, json_incref(json_object_get(grant, "id")), err));
        }
    }
    return json_array_size(ids) > 0
               ? COF_OK
               : COF_FAIL(err, NOT_FOUND, "%s has no grant of %s; see coffer access list", who,
                          role);
}

COF_COMMAND(access_revoke)
{
    COF_CLEANUP(cof_access_client_close) cof_access_client client = {0};
    COF_JSON json_t *ids = json_array();
    const json_t *id = NULL;
    size_t i = 0;
    COF_TRY(cof_access_client_open(app, args, &client, err));
    COF_TRY(find_grants(&client, args, ids, err));
    json_array_foreach(ids, i, id)
    {
        COF_TRY(cof_access_client_call_named(&client, "DELETE", "/access/assignments",
                                             json_string_value(id), "", NULL, NULL, err));
        cof_output_line(app->output, COF_TONE_GOOD, "revoked %s", json_string_value(id));
    }
    return print_done(app, json_pack("{s:O}", "revoked", ids), err);
}

/* ---- review ---- */

static void show_findings(const cof_app *app, const json_t *findings)
{
    const json_t *finding = NULL;
    size_t i = 0;
    json_array_foreach(findings, i, finding)
    {
        cof_output_step(app->output, false, cof_access_text(finding, "kind"), "%s",
                        cof_access_text(finding, "text"));
        cof_output_line(app->output, COF_TONE_DIM, "    %s", cof_access_text(finding, "remedy"));
    }
    if (i == 0) {
        cof_output_line(app->output, COF_TONE_GOOD, "nothing to do");
    }
}

COF_COMMAND(access_review)
{
    COF_CLEANUP(cof_access_client_close) cof_access_client client = {0};
    COF_JSON json_t *answer = NULL;
    const char *unused = cof_args_value(args, "unused");
    char path[64];
    int64_t seconds = (int64_t)90 * DAY_S;
    if (unused != NULL) {
        COF_TRY(cof_access_duration(unused, &seconds, err));
    }
    if (seconds % DAY_S != 0) {
        return COF_FAIL(err, USAGE, "--unused is whole days: 30d");
    }
    (void)snprintf(path, sizeof path, "/access/review?unused=%lld", (long long)(seconds / DAY_S));
    COF_TRY(cof_access_client_open(app, args, &client, err));
    COF_TRY(cof_access_client_call(&client, "GET", path, NULL, &answer, err));
    show_findings(app, json_object_get(answer, "value"));
    return print_done(app, json_pack("{s:O}", "findings", json_object_get(answer, "value")), err);
}

/* ---- roles ---- */

static cof_status join(const json_t *list, cof_buf *out, const char **out_text, cof_err *err)
{
    const json_t *value = NULL;
    size_t i = 0;
    cof_buf_clear(out);
    json_array_foreach(list, i, value)
    {
        COF_TRY(cof_buf_printf(out, err, "%s%s", i > 0 ? " " : "", json_string_value(value)));
    }
    return cof_buf_text(out, out_text, err);
}

COF_COMMAND(access_role_list)
{
    COF_CLEANUP(cof_access_client_close) cof_access_client client = {0};
    COF_CLEANUP(cof_table_free) cof_table table = {0};
    COF_CLEANUP(cof_buf_free) cof_buf line = {.limit = 8192};
    COF_JSON json_t *answer = NULL;
    const json_t *role = NULL;
    const char *actions = NULL;
    size_t i = 0;
    COF_TRY(cof_access_client_open(app, args, &client, err));
    COF_TRY(cof_access_client_call(&client, "GET", "/access/roles", NULL, &answer, err));
    COF_TRY(COF_TABLE_ROW(&table, err, "ROLE", "FOR"));
    json_array_foreach(json_object_get(answer, "value"), i, role)
    {
        const char *summary = cof_access_text(role, "summary");
        COF_TRY(join(json_object_get(role, "actions"), &line, &actions, err));
        COF_TRY(COF_TABLE_ROW(&table, err, cof_access_text(role, "name"),
                              summary[0] != '\0' ? summary : actions));
    }
    COF_TRY(cof_table_print(&table, app->output, "no roles", err));
    return print_done(app, json_pack("{s:O}", "roles", json_object_get(answer, "value")), err);
}

COF_COMMAND(access_role_create)
{
    COF_CLEANUP(cof_access_client_close) cof_access_client client = {0};
    COF_JSON json_t *answer = NULL;
    COF_JSON json_t *actions = json_array();
    const char *name = cof_args_operand(args, 0);
    const size_t count = cof_args_count(args, "action");
    if (count == 0) {
        return COF_FAIL(err, USAGE, "say what it allows: --action keys/get, …");
    }
    for (size_t i = 0; i < count; i++) {
        COF_TRY(cof_json_append(actions, json_string(cof_args_nth(args, "action", i)), err));
    }
    COF_JSON json_t *body = json_pack("{s:s,s:O}", "name", name, "actions", actions);
    COF_TRY(cof_access_client_open(app, args, &client, err));
    COF_TRY(cof_access_client_call(&client, "POST", "/access/roles", body, &answer, err));
    cof_output_line(app->output, COF_TONE_GOOD, "made role %s", name);
    return print_done(app, json_incref(answer), err);
}

COF_COMMAND(access_role_delete)
{
    COF_CLEANUP(cof_access_client_close) cof_access_client client = {0};
    const char *name = cof_args_operand(args, 0);
    COF_TRY(cof_access_client_open(app, args, &client, err));
    COF_TRY(cof_access_client_call_named(&client, "DELETE", "/access/roles", name, "", NULL, NULL,
                                         err));
    cof_output_line(app->output, COF_TONE_GOOD, "deleted role %s", name);
    return print_done(app, json_pack("{s:s}", "deleted", name), err);
}
