/* coffer access app secret add | remove, certificate add | remove, federated add | remove */
#include "apps/coffer/access_credential.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "apps/coffer/commands.h"
#include "tcb/wire/json.h"

enum { SECRET_DAYS = 90, DAY_S = 86400, CREDENTIAL_BYTES = 16 * 1024, INPUT_BYTES = 64 * 1024 };

/* ---- files ---- */

cof_status cof_access_credential_path(const cof_app *app, const cof_args *args, const char *name,
                                      cof_path *out, bool *out_is_file, cof_err *err)
{
    const char *asked = cof_args_value(args, "out");
    *out_is_file = asked != NULL || !app->output->json;
    COF_TRY(asked != NULL ? cof_path_format(out, err, "%s", asked)
                          : cof_path_format(out, err, "%s.json", name));
    if (*out_is_file && access(out->text, F_OK) == 0 && cof_args_count(args, "force") == 0) {
        return COF_FAIL(err, EXISTS, "%s is there already; replace it with --force", out->text);
    }
    return COF_OK;
}

cof_status cof_access_write_credential(const cof_access_new_credential *credential, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = CREDENTIAL_BYTES};
    if (credential->path == NULL) {
        return COF_OK;
    }
    COF_JSON json_t *ca = json_string(credential->client->ca);
    if (ca == NULL) {
        return COF_FAIL(err, BAD_ARGUMENT, "the home folder's name is not UTF-8");
    }
    /* None of these needs escaping but the path. */
    COF_TRY(cof_buf_printf(&text, err,
                           "{\"authority\":\"%s\",\"tenant\":\"%s\",\"client_id\":\"%s\",\"client_"
                           "secret\":\"%s\",\"ca\":",
                           credential->client->authority, credential->client->tenant,
                           credential->client_id, credential->secret));
    COF_TRY(cof_json_print(ca, &text, err));
    COF_TRY(cof_buf_append_text(&text, "}\n", err));
    return cof_write_file(credential->path, cof_buf_view(&text), 0600, err);
}

/* ---- secrets ---- */

cof_status cof_access_make_secret(const cof_access_client *client, const char *name,
                                  const char *ttl, json_t **out, cof_err *err)
{
    int64_t seconds = (int64_t)SECRET_DAYS * DAY_S;
    int64_t expires = 0;
    if (ttl == NULL || strcmp(ttl, "never") != 0) {
        if (ttl != NULL) {
            COF_TRY(cof_access_duration(ttl, &seconds, err));
        }
        expires = (int64_t)time(NULL) + seconds;
    }
    COF_JSON json_t *body = cof_access_expires(expires);
    if (body == NULL) {
        return COF_FAIL(err, NO_MEMORY, "secret");
    }
    return cof_access_client_call_named(client, "POST", "/access/apps", name, "/secrets", body, out,
                                        err);
}

static cof_status remove_by_id(const cof_access_client *client, const char *name, const char *id,
                               cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf rest = {.limit = 512};
    const char *text = NULL;
    COF_TRY(cof_buf_append_text(&rest, "/credentials", err));
    COF_TRY(cof_access_path(&rest, id, err));
    COF_TRY(cof_buf_text(&rest, &text, err));
    return cof_access_client_call_named(client, "DELETE", "/access/apps", name, text, NULL, NULL,
                                        err);
}

COF_COMMAND(access_app_secret_add)
{
    COF_CLEANUP(cof_access_client_close) cof_access_client client = {0};
    COF_JSON json_t *made = NULL;
    COF_JSON json_t *secret = NULL;
    cof_path path;
    bool is_file = false;
    const char *name = cof_args_operand(args, 0);
    COF_TRY(cof_access_credential_path(app, args, name, &path, &is_file, err));
    COF_TRY(cof_access_client_open(app, args, &client, err));
    COF_TRY(
        cof_access_client_call_named(&client, "GET", "/access/apps", name, "", NULL, &made, err));
    COF_TRY(cof_access_make_secret(&client, name, cof_args_value(args, "ttl"), &secret, err));
    const cof_access_new_credential credential = {.client = &client,
                                                  .client_id = cof_access_text(made, "client_id"),
                                                  .secret = cof_access_text(secret, "secret"),
                                                  .path = is_file ? path.text : NULL};
    const cof_status status = cof_access_write_credential(&credential, err);
    if (status != COF_OK) {
        /* Nobody has this secret. */
        const char *id = cof_access_text(secret, "id");
        if (remove_by_id(&client, name, id, NULL) != COF_OK) {
            cof_err_context(err, "secret %s was made, but", id);
        }
        return status;
    }
    cof_output_line(app->output, COF_TONE_GOOD, "%s has a further secret; the credential is in %s",
                    name, path.text);
    COF_JSON json_t *all = json_pack(
        "{s:s,s:s,s:s,s:s,s:O,s:s,s:s,s:s,s:s?}", "name", name, "client_id", credential.client_id,
        "client_secret", credential.secret, "id", cof_access_text(secret, "id"), "expires",
        json_object_get(secret, "expires"), "authority", client.authority, "tenant", client.tenant,
        "ca", client.ca, "file", credential.path);
    if (all == NULL) {
        return COF_FAIL(err, NO_MEMORY, "output");
    }
    cof_output_json(app->output, all);
    return COF_OK;
}

/* Secrets, certificates and federated identities are removed alike, by id. */
static cof_status remove_credential(cof_app *app, const cof_args *args, cof_err *err)
{
    COF_CLEANUP(cof_access_client_close) cof_access_client client = {0};
    const char *id = cof_args_operand(args, 1);
    COF_TRY(cof_access_client_open(app, args, &client, err));
    COF_TRY(remove_by_id(&client, cof_args_operand(args, 0), id, err));
    cof_output_line(app->output, COF_TONE_GOOD, "removed %s", id);
    COF_JSON json_t *done = json_pack("{s:s}", "removed", id);
    cof_output_json(app->output, done);
    return COF_OK;
}

COF_COMMAND(access_app_secret_remove)
{
    return remove_credential(app, args, err);
}

COF_COMMAND(access_app_certificate_remove)
{
    return remove_credential(app, args, err);
}

COF_COMMAND(access_app_federated_remove)
{
    return remove_credential(app, args, err);
}

/* ---- certificates and federated identities ---- */

static cof_status add_credential(cof_app *app, const cof_args *args, const char *rest,
                                 const json_t *body, cof_err *err)
{
    COF_CLEANUP(cof_access_client_close) cof_access_client client = {0};
    COF_JSON json_t *made = NULL;
    const char *name = cof_args_operand(args, 0);
    if (body == NULL) {
        return COF_FAIL(err, USAGE, "a value is not UTF-8");
    }
    COF_TRY(cof_access_client_open(app, args, &client, err));
    COF_TRY(cof_access_client_call_named(&client, "POST", "/access/apps", name, rest, body, &made,
                                         err));
    cof_output_line(app->output, COF_TONE_GOOD, "%s has a further credential: %s", name,
                    cof_access_text(made, "id"));
    cof_output_json(app->output, made);
    return COF_OK;
}

COF_COMMAND(access_app_certificate_add)
{
    COF_CLEANUP(cof_buf_free) cof_buf pem = {.limit = INPUT_BYTES};
    const char *path = cof_args_operand(args, 1);
    COF_TRY(cof_read_file(path, &pem, err));
    /* The file of a credential holds the private key too: only the certificate leaves. */
    static const char begin[] = "-----BEGIN CERTIFICATE-----";
    static const char end[] = "-----END CERTIFICATE-----";
    const char *text = NULL;
    COF_TRY(cof_buf_text(&pem, &text, err));
    const char *first = strstr(text, begin);
    const char *last = first != NULL ? strstr(first, end) : NULL;
    if (last == NULL) {
        return COF_FAIL(err, BAD_FORMAT, "%s has no PEM certificate", path);
    }
    const size_t size = (size_t)(last - first) + strlen(end);
    COF_JSON json_t *body = json_pack("{s:s%}", "pem", first, size);
    return add_credential(app, args, "/certificates", body, err);
}

COF_COMMAND(access_app_federated_add)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = INPUT_BYTES};
    COF_JSON json_t *keys = NULL;
    const char *issuer = cof_args_value(args, "issuer");
    const char *subject = cof_args_value(args, "subject");
    const char *path = cof_args_value(args, "keys");
    const char *name = cof_args_value(args, "name");
    if (issuer == NULL || subject == NULL || path == NULL) {
        return COF_FAIL(err, USAGE, "--issuer, --subject and --keys are needed");
    }
    COF_TRY(cof_read_file(path, &text, err));
    COF_TRY(cof_json_parse(cof_buf_view(&text), INPUT_BYTES, &keys, err));
    COF_JSON json_t *body = json_pack(
        "{s:s,s:s,s:s,s:s*,s:O}", "name", name != NULL ? name : "federated", "issuer", issuer,
        "subject", subject, "audience", cof_args_value(args, "audience"), "keys", keys);
    return add_credential(app, args, "/federated", body, err);
}

/* ---- what all kinds share ---- */

cof_status cof_access_delete_named(const cof_app *app, const cof_args *args, const char *prefix,
                                   cof_err *err)
{
    COF_CLEANUP(cof_access_client_close) cof_access_client client = {0};
    const char *name = cof_args_operand(args, 0);
    COF_TRY(cof_access_client_open(app, args, &client, err));
    COF_TRY(cof_access_client_call_named(&client, "DELETE", prefix, name, "", NULL, NULL, err));
    cof_output_line(app->output, COF_TONE_GOOD, "deleted %s, and its grants", name);
    COF_JSON json_t *done = json_pack("{s:s}", "deleted", name);
    cof_output_json(app->output, done);
    return COF_OK;
}

cof_status cof_access_enable_named(const cof_app *app, const cof_args *args, const char *prefix,
                                   bool is_enabled, cof_err *err)
{
    COF_CLEANUP(cof_access_client_close) cof_access_client client = {0};
    COF_JSON json_t *answer = NULL;
    const char *name = cof_args_operand(args, 0);
    COF_JSON json_t *body = json_pack("{s:b}", "enabled", is_enabled);
    COF_TRY(cof_access_client_open(app, args, &client, err));
    COF_TRY(cof_access_client_call_named(&client, "PATCH", prefix, name, "", body, &answer, err));
    cof_output_line(app->output, COF_TONE_GOOD, "%s is %s", name,
                    is_enabled ? "enabled" : "disabled: it may do nothing from now on");
    cof_output_json(app->output, answer);
    return COF_OK;
}
