#include "local/identity/issuer.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "local/ca/ca.h"
#include "local/identity/issuer_internal.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum { CERTIFICATE_DAYS = 3650, BACKDATE_S = 300 };

static const char certificate_name[] = "Coffer local identity";
static const char certificate_file[] = "identity/signing.pem";

static cof_status open_certificate(const cof_issuer *issuer, X509 **out, cof_err *err)
{
    EVP_PKEY *key = cof_rsa_evp(issuer->key);
    const int64_t now = cof_state_now(issuer->state);
    COF_CLEANUP(cof_buf_free) cof_buf pem = {.limit = 16 * 1024};
    COF_CLEANUP(X509_drop_) X509 *certificate = NULL;
    if (cof_state_read(issuer->state, certificate_file, &pem, NULL) == COF_OK &&
        cof_cert_from_pem(cof_buf_view(&pem), &certificate, NULL) == COF_OK &&
        cof_cert_fits(certificate, key, certificate_name, now, 30)) {
        *out = X509_take(&certificate);
        return COF_OK;
    }
    X509_drop_(&certificate);
    cof_buf_clear(&pem);
    const cof_cert_request request = {.common_name = certificate_name,
                                      .key = key,
                                      .not_before = now - BACKDATE_S,
                                      .days = CERTIFICATE_DAYS};
    COF_TRY(cof_cert_make(&request, &certificate, err));
    COF_TRY(cof_cert_to_pem(certificate, &pem, err));
    COF_TRY(cof_state_write(issuer->state, certificate_file, cof_buf_view(&pem), err));
    *out = X509_take(&certificate);
    return COF_OK;
}

static cof_status make_keys(cof_issuer *issuer, X509 *certificate, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf digest = {.limit = 64};
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = sizeof issuer->kid - 1};
    COF_JSON json_t *jwk = NULL;
    json_t *x5c = NULL;
    COF_TRY(cof_cert_thumbprint(certificate, EVP_sha1(), &digest, err));
    COF_TRY(cof_base64url_encode(cof_buf_view(&digest), &text, err));
    memcpy(issuer->kid, text.data, text.size);
    COF_TRY(cof_rsa_to_jwk(issuer->key, &jwk, err));
    COF_TRY(cof_cert_to_x5c(certificate, &x5c, err));
    COF_TRY(cof_json_set(jwk, "x5c", json_pack("[o]", x5c), err));
    COF_TRY(cof_json_set(jwk, "use", json_string("sig"), err));
    COF_TRY(cof_json_set(jwk, "kid", json_string(issuer->kid), err));
    COF_TRY(cof_json_set(jwk, "x5t", json_string(issuer->kid), err));
    COF_TRY(cof_json_set(jwk, "issuer", json_string(issuer->issuer), err));
    issuer->keys = json_pack("{s:[O]}", "keys", jwk);
    if (issuer->keys == NULL) {
        return COF_FAIL(err, NO_MEMORY, "identity keys");
    }
    return cof_jwks_from_json(issuer->keys, &issuer->jwks, err);
}

cof_status cof_issuer_open(const cof_state *state, cof_issuer **out, cof_err *err)
{
    COF_CLEANUP(cof_issuer_drop_) cof_issuer *issuer = calloc(1, sizeof *issuer);
    COF_CLEANUP(X509_drop_) X509 *certificate = NULL;
    if (issuer == NULL) {
        return COF_FAIL(err, NO_MEMORY, "identity service");
    }
    issuer->state = state;
    const int size = snprintf(issuer->issuer, sizeof issuer->issuer, "%s/%s/",
                              cof_state_base(state), cof_state_tenant(state));
    if (size < 0 || (size_t)size >= sizeof issuer->issuer) {
        return COF_FAIL(err, INTERNAL, "issuer");
    }
    COF_TRY(cof_state_make_folder(state, "identity", err));
    COF_TRY(cof_clients_open(state, &issuer->apps, err));
    COF_TRY(cof_ca_signing_key(state, "identity/signing.key", &issuer->key, err));
    COF_TRY(open_certificate(issuer, &certificate, err));
    COF_TRY(make_keys(issuer, certificate, err));
    *out = cof_issuer_take(&issuer);
    return COF_OK;
}

const char *cof_issuer_url(const cof_issuer *issuer)
{
    return issuer->issuer;
}

const json_t *cof_issuer_keys(const cof_issuer *issuer)
{
    return issuer->keys;
}

cof_status cof_issuer_check(const cof_issuer *issuer, const char *authorization,
                            const char *audience, json_t **out_claims, cof_err *err)
{
    static const char scheme[] = "Bearer ";
    if (authorization == NULL || strncasecmp(authorization, scheme, sizeof scheme - 1) != 0) {
        return COF_FAIL(err, UNAUTHORIZED, "there is no bearer token");
    }
    const cof_token_rules rules = {.keys = issuer->jwks,
                                   .issuer = issuer->issuer,
                                   .audience = audience,
                                   .now_unix_s = cof_state_now(issuer->state),
                                   .skew_s = COF_ISSUER_SKEW_S};
    COF_JSON json_t *claims = NULL;
    COF_TRY(
        cof_token_verify(cof_view_text(authorization + sizeof scheme - 1), &rules, &claims, err));
    const char *tenant = json_string_value(json_object_get(claims, "tid"));
    if (tenant == NULL || strcmp(tenant, cof_state_tenant(issuer->state)) != 0) {
        return COF_FAIL(err, TOKEN_INVALID, "the token is of another tenant");
    }
    *out_claims = claims;
    claims = NULL;
    return COF_OK;
}

bool cof_issuer_has_role(const json_t *claims, const char *role)
{
    const json_t *roles = json_object_get(claims, "roles");
    for (size_t i = 0; i < json_array_size(roles); i++) {
        const char *name = json_string_value(json_array_get(roles, i));
        if (name != NULL && strcmp(name, role) == 0) {
            return true;
        }
    }
    return false;
}

bool cof_issuer_is_tenant(const cof_issuer *issuer, const cof_http_request *request)
{
    return strcasecmp(request->segments[0], cof_state_tenant(issuer->state)) == 0;
}

cof_status cof_issuer_refuse(const cof_issuer *issuer, const cof_http_request *request,
                             cof_http_response *response, int status, const char *error, int code,
                             const char *text, cof_err *err)
{
    char when[32];
    struct tm parts;
    const time_t now = (time_t)cof_state_now(issuer->state);
    const char *correlation = request->client_id != NULL ? request->client_id : request->id;
    if (gmtime_r(&now, &parts) == NULL ||
        strftime(when, sizeof when, "%Y-%m-%d %H:%M:%SZ", &parts) == 0) {
        return COF_FAIL(err, INTERNAL, "time");
    }
    json_t *description = json_sprintf("AADSTS%d: %s Trace ID: %s Correlation ID: %s Timestamp: %s",
                                       code, text, request->id, correlation, when);
    json_t *uri = json_sprintf("%s/error?code=%d", cof_state_base(issuer->state), code);
    return cof_http_response_json(response, status,
                                  json_pack("{s:s,s:o,s:[i],s:s,s:s,s:s,s:o}", "error", error,
                                            "error_description", description, "error_codes", code,
                                            "timestamp", when, "trace_id", request->id,
                                            "correlation_id", correlation, "error_uri", uri),
                                  err);
}

static cof_status refuse_tenant(const cof_issuer *issuer, const cof_http_request *request,
                                cof_http_response *response, cof_err *err)
{
    return cof_issuer_refuse(issuer, request, response, 400, "invalid_tenant", 90002,
                             "Tenant not found.", err);
}

static cof_status answer_configuration(const cof_issuer *issuer, const cof_http_request *request,
                                       cof_http_response *response, const char *version,
                                       cof_err *err)
{
    if (!cof_issuer_is_tenant(issuer, request)) {
        return refuse_tenant(issuer, request, response, err);
    }
    const char *base = cof_state_base(issuer->state);
    const char *tenant = cof_state_tenant(issuer->state);
    const char *slash = version[0] != '\0' ? "/" : "";
    json_t *name = json_sprintf("%s/%s/%s", base, tenant, version);
    json_t *authorization = json_sprintf("%s/%s/oauth2/v2.0/authorize", base, tenant);
    json_t *token = json_sprintf("%s/%s/oauth2/v2.0/token", base, tenant);
    json_t *keys = json_sprintf("%s/%s/discovery%s%s/keys", base, tenant, slash, version);
    return cof_http_response_json(
        response, 200,
        json_pack("{s:o,s:o,s:o,s:o,s:[s],s:[s],s:[s],s:[s],s:[s]}", "issuer", name,
                  "authorization_endpoint", authorization, "token_endpoint", token, "jwks_uri",
                  keys, "token_endpoint_auth_methods_supported", "client_secret_post",
                  "response_types_supported", "token", "grant_types_supported",
                  "client_credentials", "subject_types_supported", "pairwise",
                  "id_token_signing_alg_values_supported", "RS256"),
        err);
}

static cof_status get_configuration_v1(void *context, const cof_http_request *request,
                                       cof_http_response *response, cof_err *err)
{
    return answer_configuration(context, request, response, "", err);
}

static cof_status get_configuration_v2(void *context, const cof_http_request *request,
                                       cof_http_response *response, cof_err *err)
{
    return answer_configuration(context, request, response, "v2.0", err);
}

static cof_status get_keys(void *context, const cof_http_request *request,
                           cof_http_response *response, cof_err *err)
{
    const cof_issuer *issuer = context;
    if (!cof_issuer_is_tenant(issuer, request)) {
        return refuse_tenant(issuer, request, response, err);
    }
    return cof_http_response_json(response, 200, json_incref(issuer->keys), err);
}

static const cof_http_route routes[] = {
    {"GET", "/{tenant}/v2.0/.well-known/openid-configuration", get_configuration_v2},
    {"GET", "/{tenant}/.well-known/openid-configuration", get_configuration_v1},
    {"GET", "/{tenant}/discovery/v2.0/keys", get_keys},
    {"GET", "/{tenant}/discovery/keys", get_keys},
    {"POST", "/{tenant}/oauth2/v2.0/token", cof_issuer_token},
};

cof_status cof_issuer_serve(cof_issuer *issuer, cof_http_server *server, cof_err *err)
{
    return cof_http_server_add(server, routes, sizeof routes / sizeof routes[0], issuer, err);
}

void cof_issuer_free(cof_issuer *issuer)
{
    if (issuer != NULL) {
        cof_clients_free(issuer->apps);
        cof_rsa_key_free(issuer->key);
        json_decref(issuer->keys);
        cof_jwks_free(issuer->jwks);
        free(issuer);
    }
}
