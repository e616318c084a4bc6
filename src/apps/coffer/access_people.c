/* coffer access user …, coffer access group … */
#include <stdio.h>
#include <string.h>

#include "apps/coffer/access_client.h"
#include "apps/coffer/access_credential.h"
#include "apps/coffer/commands.h"
#include "apps/coffer/password.h"
#include "apps/coffer/table.h"
#include "tcb/wire/json.h"

enum { PASSWORD_BYTES = 512, NAMES_BYTES = 4096 };

/* ---- users ---- */

static cof_status put_password(const cof_access_client *client, const char *name, cof_view password,
                               cof_err *err)
{
    COF_JSON json_t *body =
        json_pack("{s:s%}", "password", (const char *)password.data, password.size);
    if (body == NULL) {
        return COF_FAIL(err, USAGE, "the password is not UTF-8");
    }
    return cof_access_client_call_named(client, "PUT", "/access/users", name, "/password", body,
                                        NULL, err);
}

static cof_status describe_user(const cof_access_client *client, const cof_args *args,
                                const char *name, cof_view password, json_t **out, cof_err *err)
{
    const char *display = cof_args_value(args, "display-name");
    if (display != NULL) {
        COF_JSON json_t *body = json_pack("{s:s}", "display_name", display);
        if (body == NULL) {
            return COF_FAIL(err, USAGE, "the display name is not UTF-8");
        }
        json_decref(*out);
        *out = NULL;
        COF_TRY(cof_access_client_call_named(client, "PATCH", "/access/users", name, "", body, out,
                                             err));
    }
    return put_password(client, name, password, err);
}

COF_COMMAND(access_user_create)
{
    COF_CLEANUP(cof_access_client_close) cof_access_client client = {0};
    COF_CLEANUP(cof_buf_free) cof_buf password = {.limit = PASSWORD_BYTES};
    COF_JSON json_t *answer = NULL;
    const char *name = cof_args_operand(args, 0);
    COF_JSON json_t *body = json_pack("{s:s}", "name", name);
    char prompt[128];
    (void)snprintf(prompt, sizeof prompt, "password of %.80s", name);
    COF_TRY(cof_password_read(args, prompt, &password, err));
    COF_TRY(cof_access_client_open(app, args, &client, err));
    COF_TRY(cof_access_client_call(&client, "POST", "/access/users", body, &answer, err));
    const cof_status status =
        describe_user(&client, args, name, cof_buf_view(&password), &answer, err);
    if (status != COF_OK) {
        const cof_status removed = cof_access_client_call_named(&client, "DELETE", "/access/users",
                                                                name, "", NULL, NULL, NULL);
        if (removed != COF_OK) {
            cof_err_context(err, "user %s was made, but", name);
        }
        return status;
    }
    cof_output_line(app->output, COF_TONE_GOOD,
                    "made user %s; give rights with: coffer access grant %s ROLE", name, name);
    cof_output_json(app->output, answer);
    return COF_OK;
}

COF_COMMAND(access_user_password)
{
    COF_CLEANUP(cof_access_client_close) cof_access_client client = {0};
    COF_CLEANUP(cof_buf_free) cof_buf password = {.limit = PASSWORD_BYTES};
    const char *name = cof_args_operand(args, 0);
    char prompt[128];
    (void)snprintf(prompt, sizeof prompt, "new password of %.80s", name);
    COF_TRY(cof_password_read(args, prompt, &password, err));
    COF_TRY(cof_access_client_open(app, args, &client, err));
    COF_TRY(put_password(&client, name, cof_buf_view(&password), err));
    cof_output_line(app->output, COF_TONE_GOOD, "%s has a new password", name);
    COF_JSON json_t *done = json_pack("{s:s}", "name", name);
    cof_output_json(app->output, done);
    return COF_OK;
}

/* "a, b, c" */
static cof_status join_names(const json_t *list, cof_buf *out, const char **out_text, cof_err *err)
{
    const json_t *value = NULL;
    size_t i = 0;
    cof_buf_clear(out);
    json_array_foreach(list, i, value)
    {
        const char *name =
            json_is_string(value) ? json_string_value(value) : cof_access_text(value, "name");
        const char *gap = i > 0 ? ", " : "";
        if (out->size + strlen(gap) + strlen(name) + 8 > out->limit) {
            COF_TRY(cof_buf_append_text(out, ", …", err));
            break;
        }
        COF_TRY(cof_buf_printf(out, err, "%s%s", gap, name));
    }
    return cof_buf_text(out, out_text, err);
}

COF_COMMAND(access_user_list)
{
    COF_CLEANUP(cof_access_client_close) cof_access_client client = {0};
    COF_CLEANUP(cof_table_free) cof_table table = {0};
    COF_CLEANUP(cof_buf_free) cof_buf line = {.limit = NAMES_BYTES};
    COF_JSON json_t *answer = NULL;
    const json_t *user = NULL;
    const char *groups = NULL;
    size_t i = 0;
    COF_TRY(cof_access_client_open(app, args, &client, err));
    COF_TRY(cof_access_client_call(&client, "GET", "/access/users", NULL, &answer, err));
    COF_TRY(COF_TABLE_ROW(&table, err, "NAME", "ENABLED", "DISPLAY NAME", "OBJECT ID", "GROUPS"));
    json_array_foreach(json_object_get(answer, "value"), i, user)
    {
        COF_TRY(join_names(json_object_get(user, "groups"), &line, &groups, err));
        COF_TRY(COF_TABLE_ROW(&table, err, cof_access_text(user, "name"),
                              json_is_true(json_object_get(user, "enabled")) ? "yes" : "no",
                              cof_access_text(user, "display_name"),
                              cof_access_text(user, "object_id"), groups));
    }
    COF_TRY(cof_table_print(&table, app->output, "no users", err));
    cof_output_json(app->output, answer);
    return COF_OK;
}

COF_COMMAND(access_user_delete)
{
    return cof_access_delete_named(app, args, "/access/users", err);
}

COF_COMMAND(access_user_enable)
{
    return cof_access_enable_named(app, args, "/access/users", true, err);
}

COF_COMMAND(access_user_disable)
{
    return cof_access_enable_named(app, args, "/access/users", false, err);
}

/* ---- groups ---- */

COF_COMMAND(access_group_create)
{
    COF_CLEANUP(cof_access_client_close) cof_access_client client = {0};
    COF_JSON json_t *answer = NULL;
    const char *name = cof_args_operand(args, 0);
    COF_JSON json_t *body = json_pack("{s:s}", "name", name);
    COF_TRY(cof_access_client_open(app, args, &client, err));
    COF_TRY(cof_access_client_call(&client, "POST", "/access/groups", body, &answer, err));
    cof_output_line(app->output, COF_TONE_GOOD, "made group %s", name);
    cof_output_json(app->output, answer);
    return COF_OK;
}

COF_COMMAND(access_group_list)
{
    COF_CLEANUP(cof_access_client_close) cof_access_client client = {0};
    COF_CLEANUP(cof_table_free) cof_table table = {0};
    COF_CLEANUP(cof_buf_free) cof_buf line = {.limit = NAMES_BYTES};
    COF_JSON json_t *answer = NULL;
    const json_t *group = NULL;
    const char *members = NULL;
    size_t i = 0;
    COF_TRY(cof_access_client_open(app, args, &client, err));
    COF_TRY(cof_access_client_call(&client, "GET", "/access/groups", NULL, &answer, err));
    COF_TRY(COF_TABLE_ROW(&table, err, "NAME", "OBJECT ID", "MEMBERS"));
    json_array_foreach(json_object_get(answer, "value"), i, group)
    {
        COF_TRY(join_names(json_object_get(group, "members"), &line, &members, err));
        COF_TRY(COF_TABLE_ROW(&table, err, cof_access_text(group, "name"),
                              cof_access_text(group, "object_id"), members));
    }
    COF_TRY(cof_table_print(&table, app->output, "no groups", err));
    cof_output_json(app->output, answer);
    return COF_OK;
}

COF_COMMAND(access_group_delete)
{
    return cof_access_delete_named(app, args, "/access/groups", err);
}

/* The members are the operands after the group. */
static cof_status change_members(cof_app *app, const cof_args *args, const char *method,
                                 const char *what, cof_err *err)
{
    COF_CLEANUP(cof_access_client_close) cof_access_client client = {0};
    COF_JSON json_t *done = json_array();
    const char *group = cof_args_operand(args, 0);
    COF_TRY(cof_access_client_open(app, args, &client, err));
    for (size_t i = 1; i < cof_args_operands(args); i++) {
        COF_CLEANUP(cof_buf_free) cof_buf rest = {.limit = 512};
        const char *text = NULL;
        const char *member = cof_args_operand(args, i);
        COF_TRY(cof_buf_append_text(&rest, "/members", err));
        COF_TRY(cof_access_path(&rest, member, err));
        COF_TRY(cof_buf_text(&rest, &text, err));
        COF_TRY(cof_access_client_call_named(&client, method, "/access/groups", group, text, NULL,
                                             NULL, err));
        cof_output_line(app->output, COF_TONE_GOOD, "%s %s %s", member, what, group);
        COF_TRY(cof_json_append(done, json_string(member), err));
    }
    COF_JSON json_t *all = json_pack("{s:s,s:O}", "group", group, "members", done);
    cof_output_json(app->output, all);
    return COF_OK;
}

COF_COMMAND(access_group_add)
{
    return change_members(app, args, "PUT", "is now in", err);
}

COF_COMMAND(access_group_remove)
{
    return change_members(app, args, "DELETE", "is no longer in", err);
}
