/* Who calls the attestation service, with which version of its protocol, and how it answers. */
#include <string.h>
#include <strings.h>

#include "local/attest/attest_internal.h"
#include "tcb/base/limits.h"
#include "tcb/crypto/random.h"
#include "tcb/wire/text.h"

enum { ANSWER_LIFETIME_S = 8 * 60 * 60, JTI_SIZE = 32 };

static const char *const versions[] = {"2020-10-01", "2022-08-01", "2022-09-01-preview",
                                       "2023-04-01-preview", "2025-06-01"};

cof_status cof_attest_refuse(const cof_attest_call *call, const char *code, const char *message,
                             const char *inner, cof_err *err)
{
    return cof_http_response_error(call->response, 400, code, message, inner, err);
}

static cof_status check_version(cof_attest_call *call, cof_attest_operation operation, cof_err *err)
{
    const char *version = cof_form_get(call->request->query, "api-version");
    COF_TRY(cof_http_response_header(call->response, "x-ms-maa-service-version",
                                     "coffer-local " COF_VERSION, err));
    if (version == NULL) {
        return cof_attest_refuse(call, "ApiVersionUnspecified", "An API version is required.", NULL,
                                 err);
    }
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        if (strcasecmp(version, versions[i]) == 0) {
            return operation(call, err);
        }
    }
    return cof_attest_refuse(call, "UnsupportedApiVersion", "The API version is not supported.",
                             NULL, err);
}

cof_status cof_attest_admit_anyone(void *context, const cof_http_request *request,
                                   cof_http_response *response, cof_attest_operation operation,
                                   cof_err *err)
{
    cof_attest_call call = {.attest = context, .request = request, .response = response};
    return check_version(&call, operation, err);
}

static cof_status answer_unauthorized(const cof_attest_call *call, const char *message,
                                      cof_err *err)
{
    const cof_state *state = call->attest->options.state;
    COF_CLEANUP(cof_buf_free) cof_buf header = {.limit = 512};
    const char *text = NULL;
    COF_TRY(cof_buf_printf(&header, err, "Bearer authorization=\"%s/%s\", resource=\"%s\"",
                           cof_state_base(state), cof_state_tenant(state), COF_RESOURCE_ATTEST));
    COF_TRY(cof_buf_text(&header, &text, err));
    COF_TRY(cof_http_response_header(call->response, "WWW-Authenticate", text, err));
    return cof_http_response_error(call->response, 401, "Unauthorized", message, NULL, err);
}

/* A missing grant is 401 too, as the service that this one stands for has it. */
cof_status cof_attest_admit_action(void *context, const cof_http_request *request,
                                   cof_http_response *response, const char *action,
                                   cof_attest_operation operation, cof_err *err)
{
    COF_JSON json_t *claims = NULL;
    cof_attest_call call = {.attest = context, .request = request, .response = response};
    cof_err why = {0};
    const cof_status status = cof_issuer_check(call.attest->options.identity,
                                               cof_http_request_header(request, "Authorization"),
                                               COF_RESOURCE_ATTEST, &claims, &why);
    if (status == COF_E_NO_MEMORY) {
        *err = why;
        return status;
    }
    if (status != COF_OK) {
        return answer_unauthorized(&call, cof_status_describe(status)->text, err);
    }
    call.caller = claims;
    cof_access *access = call.attest->options.access;
    if (access == NULL || !cof_access_allows(access, claims, action, "/attestation")) {
        COF_TRY(cof_attest_record(&call, action, "refused", "FORBIDDEN",
                                  json_pack("{s:o}", "path", cof_trail_text(request->path)), err));
        return answer_unauthorized(&call, "The caller has no role that allows this.", err);
    }
    return check_version(&call, operation, err);
}

cof_status cof_attest_record(const cof_attest_call *call, const char *action, const char *decision,
                             const char *why, json_t *more, cof_err *err)
{
    COF_JSON json_t *extra = more;
    const char *who = json_string_value(json_object_get(call->caller, "app_displayname"));
    const char *object_id = json_string_value(json_object_get(call->caller, "oid"));
    COF_JSON json_t *record =
        json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "action", action, "request", call->request->id,
                  "who", who != NULL ? who : "", "oid", object_id != NULL ? object_id : "",
                  "decision", decision, "why", why);
    if (record == NULL || (extra != NULL && json_object_update(record, extra) != 0)) {
        return COF_FAIL(err, NO_MEMORY, "audit record");
    }
    return cof_trail_add(call->attest->options.trail, json_incref(record), err);
}

cof_status cof_attest_answer(const cof_attest_call *call, json_t *claims, cof_err *err)
{
    COF_JSON json_t *more = claims;
    COF_JSON json_t *all = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf token = {.limit = COF_LIMIT_TOKEN_BYTES};
    uint8_t jti[JTI_SIZE];
    char text[2 * JTI_SIZE + 1];
    COF_TRY(cof_random((cof_span){jti, sizeof jti}, err));
    cof_hex_text(cof_view_of(jti, sizeof jti), text);
    COF_TRY(cof_token_claims_new(cof_attest_issuer(call->attest), NULL,
                                 cof_state_now(call->attest->options.state), ANSWER_LIFETIME_S,
                                 &all, err));
    COF_TRY(cof_json_set(all, "jti", json_string(text), err));
    COF_TRY(cof_json_set(all, "x-ms-ver", json_string("1.0"), err));
    if (more == NULL || json_object_update(all, more) != 0) {
        return COF_FAIL(err, NO_MEMORY, "answer");
    }
    COF_TRY(cof_attest_signer_sign(call->attest->signer, COF_ATTEST_BY_KID, all, &token, err));
    return cof_http_response_json(call->response, 200,
                                  json_pack("{s:s%}", "token", token.data, token.size), err);
}

cof_status cof_attest_find_kind(const cof_attest_call *call, const char *suffix,
                                cof_attest_kind *out, bool *out_found, cof_err *err)
{
    const char *segment = call->request->segments[0];
    const size_t size = strlen(segment);
    const size_t suffix_size = strlen(suffix);
    char name[32];
    *out_found = false;
    if (size > suffix_size && size - suffix_size < sizeof name &&
        strcasecmp(segment + size - suffix_size, suffix) == 0) {
        memcpy(name, segment, size - suffix_size);
        name[size - suffix_size] = '\0';
        *out_found = cof_attest_kind_find(name, out);
    }
    return *out_found ? COF_OK
                      : cof_attest_refuse(call, "InvalidParameter",
                                          "This attestation type is not offered here.", NULL, err);
}
