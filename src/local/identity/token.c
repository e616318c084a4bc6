/* POST …/token: which grant it is, and its answer. */
#include <stdio.h>
#include <string.h>

#include "local/identity/issuer_internal.h"

static cof_refusal read_scope(const cof_form *form, bool is_v1, cof_scope *out)
{
    return is_v1 ? cof_scope_read_resource(cof_form_get(form, "resource"), out)
                 : cof_scope_read(cof_form_get(form, "scope"), false, out);
}

/* Who asks is looked at before what for; but an assertion is used up for a resource, so that is
 * read first. */
static cof_refusal grant_client(cof_issuer *issuer, const cof_form *form, cof_grant *out,
                                int64_t *out_wait_s)
{
    cof_scope scope = {0};
    cof_principal app = {0};
    const char *strength = NULL;
    const cof_refusal wrong_scope = read_scope(form, out->is_v1, &scope);
    const cof_refusal why =
        cof_issuer_check_client(issuer, form, scope.resource, &app, &strength, out_wait_s);
    if (why != COF_ADMITTED || wrong_scope != COF_ADMITTED) {
        return why != COF_ADMITTED ? why : wrong_scope;
    }
    out->subject = app;
    out->client_id = app.client_id;
    out->app_name = app.name;
    out->strength = strength;
    memcpy(out->resource, scope.resource, sizeof out->resource);
    return COF_ADMITTED;
}

static cof_refusal decide(cof_issuer *issuer, const cof_form *form, cof_grant *grant,
                          int64_t *out_wait_s, cof_err *err)
{
    const char *type = cof_form_get(form, "grant_type");
    if (type == NULL) {
        return COF_REFUSE_GRANT;
    }
    if (strcmp(type, "client_credentials") == 0) {
        return grant_client(issuer, form, grant, out_wait_s);
    }
    /* RFC 8628 has the long name; the official clients send the short one. */
    if (!grant->is_v1 && (strcmp(type, "urn:ietf:params:oauth:grant-type:device_code") == 0 ||
                          strcmp(type, "device_code") == 0)) {
        return cof_issuer_grant_device(issuer, form, grant, err);
    }
    if (!grant->is_v1 && strcmp(type, "refresh_token") == 0) {
        return cof_issuer_grant_refresh(issuer, form, grant, err);
    }
    return COF_REFUSE_GRANT;
}

static void free_grant(cof_grant *grant)
{
    cof_buf_free(&grant->session);
}

static cof_status set_retry_after(cof_http_response *response, int64_t wait_s, cof_err *err)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%lld", (long long)wait_s);
    return cof_http_response_header(response, "Retry-After", text, err);
}

static cof_status post_token(cof_issuer *issuer, bool is_v1, const cof_http_request *request,
                             cof_http_response *response, cof_err *err)
{
    COF_CLEANUP(cof_form_drop_) cof_form *form = NULL;
    COF_CLEANUP(free_grant)
    cof_grant grant = {.is_v1 = is_v1, .session = {.limit = COF_SESSION_TOKEN_BYTES}};
    int64_t wait_s = 0;
    cof_refusal why = COF_REFUSE_TENANT;
    if (cof_issuer_is_tenant(issuer, request)) {
        cof_issuer_turn_keys(issuer);
        why = cof_issuer_read_form(request, &form);
        why = why != COF_ADMITTED ? why : decide(issuer, form, &grant, &wait_s, err);
    }
    if (why == COF_ADMITTED) {
        return cof_issuer_answer_tokens(issuer, &grant, response, err);
    }
    if (wait_s > 0) {
        COF_TRY(set_retry_after(response, wait_s, err));
    }
    return cof_issuer_refuse(issuer, request, response, why, err);
}

cof_status cof_issuer_post_token_v1(void *context, const cof_http_request *request,
                                    cof_http_response *response, cof_err *err)
{
    return post_token(context, true, request, response, err);
}

cof_status cof_issuer_post_token_v2(void *context, const cof_http_request *request,
                                    cof_http_response *response, cof_err *err)
{
    return post_token(context, false, request, response, err);
}
