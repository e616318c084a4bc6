/* Tokens for people: device codes (RFC 8628), sessions by refresh token, and their end. */
#include <string.h>
#include <strings.h>

#include "local/identity/issuer_internal.h"
#include "tcb/wire/json.h"

static const char app_name[] = "coffer-cli";

/* A new password has a new salt, so another digest. */
cof_status cof_issuer_digest_credential(const cof_principal *user, cof_digest *out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 4096};
    const json_t *password = json_object_get(user->entry, "password");
    if (password != NULL) {
        COF_TRY(cof_json_canonical(password, &text, err));
    }
    return cof_digest_of(cof_buf_view(&text), out, err);
}

static bool find_user(const cof_issuer *issuer, const char *object_id, cof_principal *out)
{
    return cof_directory_by_object_id(issuer->parts.directory, object_id, out) &&
           out->kind == COF_PRINCIPAL_USER && cof_principal_is_enabled(out);
}

static bool is_asked(const cof_form *form, const char *name)
{
    const char *value = cof_form_get(form, name);
    return value != NULL && strcmp(value, "1") == 0;
}

static void fill(const cof_form *form, const cof_principal *user, const cof_scope *scope,
                 cof_grant *out)
{
    out->subject = *user;
    out->client_id = COF_ISSUER_CLI_CLIENT_ID;
    out->app_name = app_name;
    out->strength = "0";
    out->wants_id = scope->wants_id;
    out->wants_client_info = is_asked(form, "client_info");
    memcpy(out->resource, scope->resource, sizeof out->resource);
}

/* ---- device codes ---- */

static cof_refusal start_device(cof_issuer *issuer, const cof_http_request *request,
                                const cof_device **out)
{
    COF_CLEANUP(cof_form_drop_) cof_form *form = NULL;
    cof_scope scope = {0};
    if (!cof_issuer_is_tenant(issuer, request)) {
        return COF_REFUSE_TENANT;
    }
    cof_refusal why = cof_issuer_read_form(request, &form);
    why = why != COF_ADMITTED ? why : cof_issuer_check_public_client(issuer, form);
    why = why != COF_ADMITTED ? why : cof_scope_read(cof_form_get(form, "scope"), true, &scope);
    if (why != COF_ADMITTED) {
        return why;
    }
    switch ((int)cof_devices_start(issuer->devices, COF_ISSUER_CLI_CLIENT_ID,
                                   cof_form_get(form, "scope"), cof_issuer_now(issuer), out,
                                   NULL)) {
    case COF_OK:
        return COF_ADMITTED;
    case COF_E_BUSY:
        return COF_REFUSE_BUSY;
    case COF_E_LIMIT:
        return COF_REFUSE_SCOPE;
    default:
        return COF_REFUSE_FAILED;
    }
}

cof_status cof_issuer_post_device_code(void *context, const cof_http_request *request,
                                       cof_http_response *response, cof_err *err)
{
    cof_issuer *issuer = context;
    const cof_device *device = NULL;
    const cof_refusal why = start_device(issuer, request, &device);
    if (why != COF_ADMITTED) {
        return cof_issuer_refuse(issuer, request, response, why, err);
    }
    json_t *uri = json_sprintf("%soauth2/deviceauth", issuer->url);
    json_t *message = json_sprintf("To sign in, open %soauth2/deviceauth in a browser and enter "
                                   "the code %s.",
                                   issuer->url, device->user_code);
    return cof_http_response_json(
        response, 200,
        json_pack("{s:s,s:s,s:o,s:i,s:i,s:o}", "user_code", device->user_code, "device_code",
                  device->device_code, "verification_uri", uri, "expires_in", COF_DEVICE_LIFE_S,
                  "interval", COF_DEVICE_INTERVAL_S, "message", message),
        err);
}

static cof_refusal poll(cof_issuer *issuer, const cof_form *form, cof_device *out)
{
    const char *code = cof_form_get(form, "device_code");
    const cof_refusal why = cof_issuer_check_public_client(issuer, form);
    if (why != COF_ADMITTED) {
        return why;
    }
    if (code == NULL) {
        return COF_REFUSE_NO_DEVICE_CODE;
    }
    switch (cof_devices_poll(issuer->devices, code, COF_ISSUER_CLI_CLIENT_ID,
                             cof_issuer_now(issuer), out)) {
    case COF_POLL_GRANTED:
        return COF_ADMITTED;
    case COF_POLL_PENDING:
        return COF_REFUSE_PENDING;
    case COF_POLL_SLOW_DOWN:
        return COF_REFUSE_SLOW_DOWN;
    case COF_POLL_DENIED:
        return COF_REFUSE_DENIED;
    case COF_POLL_UNKNOWN:
        break;
    }
    return COF_REFUSE_CODE_EXPIRED;
}

cof_refusal cof_issuer_grant_device(cof_issuer *issuer, const cof_form *form, cof_grant *out,
                                    cof_err *err)
{
    cof_device device;
    cof_digest credential;
    cof_principal user = {0};
    cof_scope scope = {0};
    cof_refusal why = poll(issuer, form, &device);
    why = why != COF_ADMITTED ? why : cof_scope_read(device.scope, true, &scope);
    if (why != COF_ADMITTED) {
        return why;
    }
    if (!find_user(issuer, device.user, &user)) {
        return COF_REFUSE_USER_DISABLED; /* since the sign-in */
    }
    if (cof_issuer_digest_credential(&user, &credential, err) != COF_OK) {
        return COF_REFUSE_FAILED;
    }
    if (!cof_digest_equal(&credential, &device.credential)) {
        return COF_REFUSE_SESSION_CREDENTIAL;
    }
    if (scope.wants_refresh) {
        const cof_session session = {.user = user.object_id,
                                     .client_id = COF_ISSUER_CLI_CLIENT_ID,
                                     .credential = credential};
        if (cof_sessions_start(issuer->sessions, &session, &out->session, err) != COF_OK) {
            return COF_REFUSE_FAILED;
        }
    }
    fill(form, &user, &scope, out);
    return COF_ADMITTED;
}

/* ---- sessions ---- */

static cof_refusal find_session(cof_issuer *issuer, const char *token, cof_principal *out_user,
                                cof_err *err)
{
    cof_session session = {0};
    cof_digest credential;
    switch ((int)cof_sessions_find(issuer->sessions, token, &session, err)) {
    case COF_OK:
        break;
    case COF_E_NOT_FOUND:
        return COF_REFUSE_SESSION;
    case COF_E_FORBIDDEN:
        /* Two had the token. The session is over whether or not this can be written down. */
        (void)!cof_issuer_record(issuer, "session/reused", "", "", "ended", "RefreshTokenReused",
                                 NULL);
        return COF_REFUSE_SESSION_REUSED;
    default:
        return COF_REFUSE_FAILED;
    }
    if (strcasecmp(session.client_id, COF_ISSUER_CLI_CLIENT_ID) != 0) {
        return COF_REFUSE_SESSION_CLIENT;
    }
    if (!find_user(issuer, session.user, out_user)) {
        return COF_REFUSE_USER_DISABLED;
    }
    if (cof_issuer_digest_credential(out_user, &credential, err) != COF_OK) {
        return COF_REFUSE_FAILED;
    }
    if (!cof_digest_equal(&credential, &session.credential)) {
        return cof_sessions_end(issuer->sessions, token, err) == COF_OK
                   ? COF_REFUSE_SESSION_CREDENTIAL
                   : COF_REFUSE_FAILED;
    }
    return COF_ADMITTED;
}

cof_refusal cof_issuer_grant_refresh(cof_issuer *issuer, const cof_form *form, cof_grant *out,
                                     cof_err *err)
{
    const char *token = cof_form_get(form, "refresh_token");
    cof_principal user = {0};
    cof_scope scope = {0};
    cof_refusal why = cof_issuer_check_public_client(issuer, form);
    if (why == COF_ADMITTED && token == NULL) {
        why = COF_REFUSE_NO_REFRESH_TOKEN;
    }
    why = why != COF_ADMITTED ? why : cof_scope_read(cof_form_get(form, "scope"), true, &scope);
    why = why != COF_ADMITTED ? why : find_session(issuer, token, &user, err);
    if (why != COF_ADMITTED) {
        return why;
    }
    if (cof_sessions_renew(issuer->sessions, token, &out->session, err) != COF_OK) {
        return COF_REFUSE_FAILED;
    }
    fill(form, &user, &scope, out);
    return COF_ADMITTED;
}

/* RFC 7009: whoever has the token may end it; a token that is not known is ended already. */
cof_status cof_issuer_post_revoke(void *context, const cof_http_request *request,
                                  cof_http_response *response, cof_err *err)
{
    cof_issuer *issuer = context;
    COF_CLEANUP(cof_form_drop_) cof_form *form = NULL;
    if (!cof_issuer_is_tenant(issuer, request)) {
        return cof_issuer_refuse(issuer, request, response, COF_REFUSE_TENANT, err);
    }
    const cof_refusal why = cof_issuer_read_form(request, &form);
    const char *token = why == COF_ADMITTED ? cof_form_get(form, "token") : NULL;
    if (token == NULL) {
        return cof_issuer_refuse(issuer, request, response,
                                 why != COF_ADMITTED ? why : COF_REFUSE_NO_REFRESH_TOKEN, err);
    }
    COF_TRY(cof_sessions_end(issuer->sessions, token, err));
    return cof_http_response_json(response, 200, json_object(), err);
}
