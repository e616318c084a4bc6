#include "apps/coffer/access_client.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "apps/coffer/when.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"

enum { TEXT_BYTES = 4096, URL_BYTES = 2048, BODY_BYTES = 128 * 1024 };

#define COFFER_SCOPE "api://coffer/.default"

static cof_status sign_in(const cof_args *args, cof_access_client *c, cof_err *err)
{
    const char *path = cof_args_value(args, "credential");
    if (path == NULL) {
        json_t *clients = NULL;
        COF_TRY(cof_json_get(c->services->info, "clients", JSON_OBJECT, &clients, err));
        COF_TRY(cof_json_get_text(clients, "owner", TEXT_BYTES, &path, err));
    }
    return cof_credential_open(path, &c->credential, err);
}

cof_status cof_access_client_open(const cof_app *app, const cof_args *args, cof_access_client *out,
                                  cof_err *err)
{
    COF_CLEANUP(cof_access_client_close) cof_access_client c = {0};
    COF_TRY(cof_services_open(app->home, &c.services, err));
    if (c.services->info == NULL) {
        return COF_FAIL(err, CONFIG,
                        "this home uses no services of its own: coffer.yaml names others, whose "
                        "access is managed there (az role assignment …)");
    }
    COF_TRY(cof_json_get_text(c.services->info, "authority", TEXT_BYTES, &c.authority, err));
    COF_TRY(cof_json_get_text(c.services->info, "tenant", TEXT_BYTES, &c.tenant, err));
    COF_TRY(cof_json_get_text(c.services->info, "ca", TEXT_BYTES, &c.ca, err));
    const cof_http_client_options options = {.ca_path = c.ca};
    COF_TRY(cof_http_client_new(&options, &c.http, err));
    COF_TRY(sign_in(args, &c, err));
    *out = c;
    c = (cof_access_client){0};
    return COF_OK;
}

void cof_access_client_close(cof_access_client *client)
{
    cof_credential_free(client->credential);
    cof_http_client_free(client->http);
    cof_services_free(client->services);
    *client = (cof_access_client){0};
}

/* {"error":{"code","message"}}: our own service's, so its codes are statuses. */
static cof_status explain(const cof_http_answer *answer, cof_err *err)
{
    COF_JSON json_t *body = NULL;
    cof_status status = COF_E_REMOTE_ERROR;
    if (cof_json_parse(cof_buf_view(&answer->body), COF_LIMIT_HTTP_ANSWER_BYTES, &body, NULL) !=
        COF_OK) {
        return COF_FAIL(err, REMOTE_ERROR, "the service answered %d", answer->status);
    }
    const json_t *error = json_object_get(body, "error");
    const char *code = cof_access_text(error, "code");
    if (answer->status == 401) {
        status = COF_E_UNAUTHORIZED;
    } else {
        (void)cof_status_from_name(code, &status);
    }
    return cof_err_set(err, status, __FILE__, __LINE__, "%s", cof_access_text(error, "message"));
}

cof_status cof_access_client_call(const cof_access_client *client, const char *method,
                                  const char *path, const json_t *body, json_t **out, cof_err *err)
{
    COF_CLEANUP(cof_http_answer_free) cof_http_answer answer = {0};
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = BODY_BYTES};
    COF_CLEANUP(cof_buf_free) cof_buf url = {.limit = URL_BYTES};
    cof_http_call call = {.method = method};
    COF_TRY(cof_buf_printf(&url, err, "%s%s", client->authority, path));
    COF_TRY(cof_buf_text(&url, &call.url, err));
    COF_TRY(cof_credential_token(client->credential, COFFER_SCOPE, &call.bearer, err));
    if (body != NULL) {
        COF_TRY(cof_json_print(body, &text, err));
        call.body = cof_buf_view(&text);
        call.content_type = "application/json";
    }
    const cof_status status = cof_http_send(client->http, &call, &answer, err);
    if (status == COF_E_REMOTE_ERROR) {
        return explain(&answer, err);
    }
    COF_TRY(status);
    if (out == NULL || answer.body.size == 0) {
        return COF_OK;
    }
    return cof_json_parse(cof_buf_view(&answer.body), COF_LIMIT_HTTP_ANSWER_BYTES, out, err);
}

cof_status cof_access_path(cof_buf *path, const char *segment, cof_err *err)
{
    COF_TRY(cof_buf_append_text(path, "/", err));
    return cof_percent_encode(cof_view_text(segment), path, err);
}

cof_status cof_access_client_call_named(const cof_access_client *client, const char *method,
                                        const char *prefix, const char *name, const char *rest,
                                        const json_t *body, json_t **out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf path = {.limit = URL_BYTES};
    const char *text = NULL;
    COF_TRY(cof_buf_append_text(&path, prefix, err));
    COF_TRY(cof_access_path(&path, name, err));
    COF_TRY(cof_buf_append_text(&path, rest, err));
    COF_TRY(cof_buf_text(&path, &text, err));
    return cof_access_client_call(client, method, text, body, out, err);
}

/* ---- times ---- */

static bool read_duration(const char *text, int64_t *out_s)
{
    const size_t digits = strspn(text, "0123456789");
    int64_t number = 0;
    if (digits == 0 || digits > 6 || strlen(text) != digits + 1) {
        return false;
    }
    for (size_t i = 0; i < digits; i++) {
        number = number * 10 + (text[i] - '0');
    }
    const char unit = text[digits];
    *out_s = number * (unit == 'd' ? 86400 : unit == 'h' ? 3600 : unit == 'm' ? 60 : 0);
    return *out_s > 0;
}

cof_status cof_access_duration(const char *text, int64_t *out_s, cof_err *err)
{
    return read_duration(text, out_s)
               ? COF_OK
               : COF_FAIL(err, USAGE, "%.40s is no span of time; say 90d, 12h or 30m", text);
}

cof_status cof_access_time(const char *text, int64_t *out_unix_s, cof_err *err)
{
    int64_t seconds = 0;
    if (text == NULL || strcmp(text, "never") == 0) {
        *out_unix_s = 0;
        return COF_OK;
    }
    if (read_duration(text, &seconds)) {
        *out_unix_s = (int64_t)time(NULL) + seconds;
        return COF_OK;
    }
    return cof_when(text, out_unix_s, err);
}

json_t *cof_access_expires(int64_t unix_s)
{
    return json_pack("{s:o}", "expires",
                     unix_s != 0 ? json_integer((json_int_t)unix_s) : json_null());
}

const char *cof_access_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

void cof_access_when_text(const json_t *when, char *out, size_t size)
{
    struct tm parts;
    const time_t seconds = (time_t)json_integer_value(when);
    if (!json_is_integer(when) || gmtime_r(&seconds, &parts) == NULL ||
        strftime(out, size, "%Y-%m-%d %H:%M", &parts) == 0) {
        (void)snprintf(out, size, "-");
    }
}
