/* coffer login | logout: a person's sign-in, kept as a credential in HOME/login.json. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "apps/coffer/commands.h"
#include "apps/coffer/device_code.h"
#include "apps/coffer/services.h"
#include "host/azure/credential.h"
#include "host/config/config.h"
#include "relying/token/token.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"

#define LOGIN_SCOPE "openid profile offline_access https://vault.azure.net/.default"

/* The public application that every coffer-local has (local/identity/issuer.h). */
#define LOCAL_CLIENT_ID "c0ffe2c1-1ca1-4c11-8f3b-5d9a7be04a52"

enum { FILE_BYTES = 64 * 1024, TEXT_BYTES = 4096 };

/* Where to sign in. Texts are borrowed from what is below. */
typedef struct authority {
    const char *url;
    const char *tenant;
    const char *client_id;
    const char *ca; /* NULL: the system's */
    cof_config *config;
    cof_credential *credential;
    cof_services *services;
} authority;

static void close_authority(authority *a)
{
    cof_services_free(a->services);
    cof_credential_free(a->credential);
    cof_config_free(a->config);
    *a = (authority){0};
}

static cof_status use_local(const char *home, authority *a, cof_err *err)
{
    COF_TRY(cof_services_open(home, &a->services, err));
    if (a->services->info == NULL) {
        return COF_FAIL(err, USAGE,
                        "coffer.yaml names services but no credential: say --authority "
                        "URL and --tenant T");
    }
    COF_TRY(cof_json_get_text(a->services->info, "authority", TEXT_BYTES, &a->url, err));
    COF_TRY(cof_json_get_text(a->services->info, "tenant", TEXT_BYTES, &a->tenant, err));
    if (a->ca == NULL) {
        COF_TRY(cof_json_get_text(a->services->info, "ca", TEXT_BYTES, &a->ca, err));
    }
    return COF_OK;
}

/* What the command line says; else the authority of the home's credential; else the local services.
 */
static cof_status open_authority(const cof_app *app, const cof_args *args, authority *a,
                                 cof_err *err)
{
    a->url = cof_args_value(args, "authority");
    a->tenant = cof_args_value(args, "tenant");
    a->ca = cof_args_value(args, "ca");
    a->client_id = cof_args_value(args, "client-id");
    if ((a->url == NULL) != (a->tenant == NULL)) {
        return COF_FAIL(err, USAGE, "--authority and --tenant belong together");
    }
    if (a->url == NULL) {
        COF_TRY(cof_config_read(app->home, &a->config, err));
        if (a->config->credential != NULL) {
            COF_TRY(cof_credential_open(a->config->credential, &a->credential, err));
            a->url = cof_credential_authority(a->credential);
            a->tenant = cof_credential_tenant(a->credential);
            a->ca = a->ca != NULL ? a->ca : a->config->ca;
        } else {
            COF_TRY(use_local(app->home, a, err));
        }
    }
    if (a->url[0] == '\0') {
        return COF_FAIL(err, USAGE,
                        "a managed identity has no authority: say --authority URL and "
                        "--tenant T");
    }
    a->client_id = a->client_id != NULL ? a->client_id : LOCAL_CLIENT_ID;
    return COF_OK;
}

static cof_status connect_service(const authority *a, cof_http_client **out_http,
                                  cof_device_code_service *out, cof_err *err)
{
    const cof_http_client_options options = {.ca_path = a->ca};
    COF_TRY(cof_http_client_new(&options, out_http, err));
    *out = (cof_device_code_service){.http = *out_http,
                                     .authority = a->url,
                                     .tenant = a->tenant,
                                     .client_id = a->client_id,
                                     .scope = LOGIN_SCOPE};
    return COF_OK;
}

static void show_code(cof_output *output, const cof_device_code *code)
{
    COF_JSON json_t *line =
        json_pack("{s:s,s:s,s:s,s:I}", "event", "code", "verification_uri", code->verification_uri,
                  "user_code", code->user_code, "expires_in", (json_int_t)code->expires_in);
    cof_output_line(output, COF_TONE_PLAIN, "Open this page in a browser:");
    cof_output_line(output, COF_TONE_STRONG, "    %s", code->verification_uri);
    cof_output_line(output, COF_TONE_PLAIN,
                    "and enter this code, within %lld minutes:", (long long)code->expires_in / 60);
    cof_output_line(output, COF_TONE_STRONG, "    %s", code->user_code);
    if (line != NULL) {
        cof_output_json(output, line);
    }
    (void)fflush(stdout);
}

static cof_status write_login(const char *path, const authority *a, const char *refresh_token,
                              cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = FILE_BYTES};
    COF_JSON json_t *file =
        json_pack("{s:s,s:s,s:s,s:s,s:s*}", "authority", a->url, "tenant", a->tenant, "client_id",
                  a->client_id, "refresh_token", refresh_token, "ca", a->ca);
    if (file == NULL) {
        return COF_FAIL(err, BAD_ARGUMENT, "the credential cannot be written as JSON");
    }
    COF_TRY(cof_json_print(file, &text, err));
    COF_TRY(cof_buf_append_text(&text, "\n", err));
    return cof_write_file(path, cof_buf_view(&text), 0600, err);
}

/* Who signed in, for people to see; the ID token came over TLS from the authority. */
static void show_person(cof_output *output, const json_t *tokens, const char *path)
{
    COF_JSON json_t *claims = NULL;
    const char *id_token = json_string_value(json_object_get(tokens, "id_token"));
    const char *name = NULL;
    if (id_token != NULL && cof_token_peek(cof_view_text(id_token), &claims, NULL) == COF_OK) {
        name = json_string_value(json_object_get(claims, "preferred_username"));
    }
    COF_JSON json_t *line =
        json_pack("{s:s,s:s*,s:s}", "event", "signed-in", "name", name, "file", path);
    cof_output_line(output, COF_TONE_GOOD, "You are signed in%s%s.", name != NULL ? " as " : "",
                    name != NULL ? name : "");
    cof_output_line(output, COF_TONE_DIM, "The session is kept in %s. coffer logout ends it.",
                    path);
    if (line != NULL) {
        cof_output_json(output, line);
    }
}

COF_COMMAND(login)
{
    COF_CLEANUP(close_authority) authority a = {0};
    COF_CLEANUP(cof_http_client_drop_) cof_http_client *http = NULL;
    COF_CLEANUP(cof_device_code_free) cof_device_code code = {0};
    COF_JSON json_t *tokens = NULL;
    cof_device_code_service service = {0};
    cof_path path;
    const char *refresh_token = NULL;
    COF_TRY(cof_path_format(&path, err, "%s/login.json", app->home));
    COF_TRY(open_authority(app, args, &a, err));
    COF_TRY(connect_service(&a, &http, &service, err));
    COF_TRY(cof_device_code_start(&service, &code, err));
    show_code(app->output, &code);
    COF_TRY(cof_device_code_wait(&service, &code, &tokens, err));
    COF_TRY(cof_json_get_text(tokens, "refresh_token", FILE_BYTES / 2, &refresh_token, err));
    COF_TRY(write_login(path.text, &a, refresh_token, err));
    show_person(app->output, tokens, path.text);
    return COF_OK;
}

/* ---- logout ---- */

static cof_status read_login(const char *path, json_t **out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = FILE_BYTES};
    COF_TRY(cof_read_file(path, &text, err));
    return cof_json_parse(cof_buf_view(&text), FILE_BYTES, out, err);
}

/* Only coffer-local offers to end a session. The local server is started for it when it is not
 * running. */
static cof_status end_session(const char *home, const json_t *login, cof_err *err)
{
    COF_CLEANUP(close_authority) authority a = {0};
    COF_CLEANUP(cof_http_client_drop_) cof_http_client *http = NULL;
    cof_device_code_service service = {0};
    const char *token = NULL;
    if (!json_is_object(login)) {
        return COF_FAIL(err, BAD_FORMAT, "login.json is not an object");
    }
    COF_TRY(cof_json_get_text(login, "authority", TEXT_BYTES, &a.url, err));
    COF_TRY(cof_json_get_text(login, "tenant", TEXT_BYTES, &a.tenant, err));
    COF_TRY(cof_json_get_text(login, "client_id", TEXT_BYTES, &a.client_id, err));
    COF_TRY(cof_json_get_text(login, "refresh_token", FILE_BYTES / 2, &token, err));
    a.ca = json_string_value(json_object_get(login, "ca"));
    if (strcmp(a.client_id, LOCAL_CLIENT_ID) != 0) {
        return COF_FAIL(err, UNSUPPORTED, "the authority does not offer it");
    }
    COF_TRY(connect_service(&a, &http, &service, err));
    cof_status status = cof_device_code_revoke(&service, token, err);
    if (status == COF_E_NETWORK) {
        COF_TRY(cof_services_open(home, &a.services, err));
        status = cof_device_code_revoke(&service, token, err);
    }
    return status;
}

COF_COMMAND(logout)
{
    (void)args;
    COF_JSON json_t *login = NULL;
    cof_path path;
    cof_err why = {0};
    bool revoked = false;
    COF_TRY(cof_path_format(&path, err, "%s/login.json", app->home));
    const cof_status status = read_login(path.text, &login, &why);
    if (status == COF_OK) {
        revoked = end_session(app->home, login, &why) == COF_OK;
    }
    if (unlink(path.text) != 0 && errno != ENOENT) {
        return COF_FAIL_ERRNO(err, errno, path.text);
    }
    COF_JSON json_t *line =
        json_pack("{s:s,s:b}", "status", status == COF_E_NOT_FOUND ? "not signed in" : "signed out",
                  "revoked", revoked);
    cof_output_line(app->output, COF_TONE_PLAIN,
                    status == COF_E_NOT_FOUND ? "Nobody is signed in." : "You are signed out.");
    if (status != COF_E_NOT_FOUND && !revoked) {
        cof_output_line(app->output, COF_TONE_BAD,
                        "The session itself was not ended (%s): it ends by itself after 90 days "
                        "without use.",
                        why.detail);
    }
    if (line != NULL) {
        cof_output_json(app->output, line);
    }
    return COF_OK;
}
