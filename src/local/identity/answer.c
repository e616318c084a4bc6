/* The answers of the token endpoint: tokens, and refusals in Entra ID's form. */
#include <stdio.h>
#include <time.h>

#include "local/identity/issuer_internal.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

cof_status cof_issuer_refuse(const cof_issuer *issuer, const cof_http_request *request,
                             cof_http_response *response, cof_refusal reason, cof_err *err)
{
    const cof_refusal_row *row = cof_refusal_describe(reason);
    char when[32];
    struct tm parts;
    const time_t now = (time_t)cof_issuer_now(issuer);
    const char *correlation = request->client_id != NULL ? request->client_id : request->id;
    if (gmtime_r(&now, &parts) == NULL ||
        strftime(when, sizeof when, "%Y-%m-%d %H:%M:%SZ", &parts) == 0) {
        return COF_FAIL(err, INTERNAL, "time");
    }
    json_t *description = json_sprintf("AADSTS%d: %s Trace ID: %s Correlation ID: %s Timestamp: %s",
                                       row->code, row->text, request->id, correlation, when);
    json_t *uri = json_sprintf("%s/error?code=%d", cof_state_base(issuer->parts.state), row->code);
    return cof_http_response_json(response, row->status,
                                  json_pack("{s:s,s:o,s:[i],s:s,s:s,s:s,s:o}", "error", row->error,
                                            "error_description", description, "error_codes",
                                            row->code, "timestamp", when, "trace_id", request->id,
                                            "correlation_id", correlation, "error_uri", uri),
                                  err);
}

/* ---- tokens ---- */

/* Numbers of the v1 endpoint are texts. */
static cof_status add_times(const cof_issuer *issuer, const cof_grant *grant, json_t *body,
                            cof_err *err)
{
    const int64_t now = cof_issuer_now(issuer);
    const int lifetime = COF_ISSUER_LIFETIME_S - 1;
    if (!grant->is_v1) {
        COF_TRY(cof_json_set(body, "expires_in", json_integer(lifetime), err));
        return cof_json_set(body, "ext_expires_in", json_integer(lifetime), err);
    }
    COF_TRY(cof_json_set(body, "expires_in", json_sprintf("%d", lifetime), err));
    COF_TRY(cof_json_set(body, "ext_expires_in", json_sprintf("%d", lifetime), err));
    COF_TRY(cof_json_set(body, "expires_on", json_sprintf("%lld", (long long)now + lifetime), err));
    COF_TRY(cof_json_set(body, "not_before", json_sprintf("%lld", (long long)now), err));
    return cof_json_set(body, "resource", json_string(grant->resource), err);
}

static cof_status add_buf(json_t *body, const char *member, const cof_buf *text, cof_err *err)
{
    return cof_json_set(body, member, json_stringn((const char *)text->data, text->size), err);
}

/* {"uid","utid"}: MSAL's name for an account. */
static cof_status add_client_info(const cof_issuer *issuer, const cof_grant *grant, json_t *body,
                                  cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf json = {.limit = 256};
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 512};
    COF_TRY(cof_buf_printf(&json, err, "{\"uid\":\"%s\",\"utid\":\"%s\"}", grant->subject.object_id,
                           cof_state_tenant(issuer->parts.state)));
    COF_TRY(cof_base64url_encode(cof_buf_view(&json), &text, err));
    return add_buf(body, "client_info", &text, err);
}

static cof_status add_what_people_get(const cof_issuer *issuer, const cof_grant *grant,
                                      json_t *body, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf id_token = {.limit = COF_LIMIT_TOKEN_BYTES};
    COF_TRY(cof_json_set(
        body, "scope",
        json_sprintf("%s/user_impersonation %s/.default", grant->resource, grant->resource), err));
    if (grant->session.size > 0) {
        COF_TRY(add_buf(body, "refresh_token", &grant->session, err));
    }
    if (grant->wants_id) {
        COF_TRY(cof_issuer_make_id_token(issuer, grant, &id_token, err));
        COF_TRY(add_buf(body, "id_token", &id_token, err));
    }
    return grant->wants_client_info ? add_client_info(issuer, grant, body, err) : COF_OK;
}

cof_status cof_issuer_answer_tokens(const cof_issuer *issuer, const cof_grant *grant,
                                    cof_http_response *response, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf token = {.limit = COF_LIMIT_TOKEN_BYTES};
    COF_JSON json_t *body = json_pack("{s:s}", "token_type", "Bearer");
    if (body == NULL) {
        return COF_FAIL(err, NO_MEMORY, "token");
    }
    COF_TRY(add_times(issuer, grant, body, err));
    COF_TRY(cof_issuer_make_access_token(issuer, grant, &token, err));
    COF_TRY(add_buf(body, "access_token", &token, err));
    if (grant->subject.kind == COF_PRINCIPAL_USER) {
        COF_TRY(add_what_people_get(issuer, grant, body, err));
    }
    return cof_http_response_json(response, 200, json_incref(body), err);
}
