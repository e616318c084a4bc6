/* coffer up | down */
#include <string.h>

#include "apps/coffer/access_client.h"
#include "apps/coffer/commands.h"
#include "apps/coffer/home.h"
#include "apps/coffer/password.h"
#include "apps/coffer/services.h"
#include "tcb/wire/json.h"

enum { CREDENTIAL_BYTES = 16 * 1024 };

static const char *member(const json_t *info, const char *key)
{
    const char *text = json_string_value(json_object_get(info, key));
    return text != NULL ? text : "?";
}

/* The roles of one application, out of all grants. */
static cof_status roles_of(const json_t *grants, const char *name, json_t *out, cof_err *err)
{
    const json_t *grant = NULL;
    size_t i = 0;
    json_array_foreach(json_object_get(grants, "value"), i, grant)
    {
        if (strcmp(cof_access_text(grant, "principal_name"), name) == 0) {
            COF_TRY(cof_json_append(out, json_string(cof_access_text(grant, "role")), err));
        }
    }
    return COF_OK;
}

/* An application whose credential file is in this home. */
static cof_status add_client(json_t *list, const char *path, const json_t *grants, cof_err *err)
{
    char name[COF_LIMIT_NAME_BYTES + 1];
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = CREDENTIAL_BYTES};
    COF_JSON json_t *credential = NULL;
    const char *start = strrchr(path, '/') + 1;
    const size_t size = strcspn(start, ".");
    if (size > COF_LIMIT_NAME_BYTES) {
        return COF_OK; /* none of ours */
    }
    memcpy(name, start, size);
    name[size] = '\0';
    COF_TRY(cof_read_file(path, &text, err));
    COF_TRY(cof_json_parse(cof_buf_view(&text), CREDENTIAL_BYTES, &credential, err));
    json_t *client = json_object();
    json_t *roles = json_array();
    COF_TRY(cof_json_append(list, client, err));
    COF_TRY(cof_json_set(client, "roles", roles, err));
    COF_TRY(cof_json_set(client, "name", json_string(name), err));
    COF_TRY(cof_json_set(client, "client_id", json_string(cof_access_text(credential, "client_id")),
                         err));
    COF_TRY(cof_json_set(client, "client_secret",
                         json_string(cof_access_text(credential, "client_secret")), err));
    return roles_of(grants, name, roles, err);
}

static cof_status add_clients(const char *home, const json_t *grants, json_t *list, cof_err *err)
{
    glob_t found = {0};
    cof_status status = cof_home_glob(home, "local/clients/*.json", &found, err);
    for (size_t i = 0; i < found.gl_pathc && status == COF_OK; i++) {
        status = add_client(list, found.gl_pathv[i], grants, err);
    }
    globfree(&found);
    return status;
}

/* Everything that a client of these services needs, secrets included: only with --json, where it is
 * asked for by a program. */
static cof_status tell_program(const cof_app *app, const cof_args *args, const json_t *info,
                               cof_err *err)
{
    COF_CLEANUP(cof_access_client_close) cof_access_client client = {0};
    COF_JSON json_t *grants = NULL;
    COF_JSON json_t *object = json_deep_copy((json_t *)(uintptr_t)info);
    json_t *list = json_array();
    COF_TRY(cof_access_client_open(app, args, &client, err));
    COF_TRY(cof_access_client_call(&client, "GET", "/access/assignments", NULL, &grants, err));
    COF_TRY(cof_json_set(object, "clients", list, err));
    COF_TRY(add_clients(app->home, grants, list, err));
    cof_output_json(app->output, object);
    return COF_OK;
}

/* How the root key is kept; its passphrase or PIN goes to the server through a pipe. */
static cof_status read_root(const cof_args *args, cof_buf *secret, cof_services_root *out,
                            cof_err *err)
{
    out->way = cof_args_value(args, "root-key");
    if (out->way == NULL || strcmp(out->way, "file") == 0) {
        out->way = NULL;
        return COF_OK;
    }
    COF_TRY(cof_password_read(args, "the vault's root key", secret, err));
    out->secret = cof_buf_view(secret);
    return COF_OK;
}

COF_COMMAND(up)
{
    COF_JSON json_t *info = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf secret = {.limit = 1024};
    cof_services_root root = {0};
    COF_TRY(read_root(args, &secret, &root, err));
    const cof_status status = cof_services_up(app->home, &root, &info, err);
    if (status != COF_OK && status != COF_E_EXISTS) {
        return status;
    }
    cof_output_line(app->output, COF_TONE_PLAIN,
                    "%s\n  vault and attestation  %s\n  authority              %s/%s\n  "
                    "certificate            %s\n  log                    %s/local.log",
                    status == COF_OK ? "The local services run."
                                     : "The local services run already.",
                    member(info, "vault"), member(info, "authority"), member(info, "tenant"),
                    member(info, "ca"), app->home);
    return app->output->json ? tell_program(app, args, info, err) : COF_OK;
}

COF_COMMAND(down)
{
    (void)args;
    COF_JSON json_t *info = NULL;
    const cof_status status = cof_services_down(app->home, err);
    if (status != COF_OK && status != COF_E_NOT_FOUND) {
        return status;
    }
    const bool stopped = status == COF_OK;
    COF_JSON json_t *object = json_pack("{s:s}", "status", stopped ? "stopped" : "not running");
    cof_output_line(app->output, COF_TONE_PLAIN,
                    stopped ? "The local services have stopped." : "No local services run.");
    cof_output_json(app->output, object);
    return COF_OK;
}
