/* What clients look up before they ask for tokens: discovery documents, keys, the instance. */
#include <string.h>

#include "host/http/url.h"
#include "local/identity/issuer_internal.h"

static cof_status answer_configuration(const cof_issuer *issuer, const cof_http_request *request,
                                       cof_http_response *response, bool is_v2, cof_err *err)
{
    if (!cof_issuer_is_tenant(issuer, request)) {
        return cof_issuer_refuse(issuer, request, response, COF_REFUSE_TENANT, err);
    }
    const char *base = cof_state_base(issuer->parts.state);
    const char *tenant = cof_state_tenant(issuer->parts.state);
    const char *version = is_v2 ? "/v2.0" : "";
    json_t *name = json_sprintf("%s/%s/%s", base, tenant, is_v2 ? "v2.0" : "");
    json_t *authorization = json_sprintf("%s/%s/oauth2%s/authorize", base, tenant, version);
    json_t *token = json_sprintf("%s/%s/oauth2%s/token", base, tenant, version);
    json_t *device = json_sprintf("%s/%s/oauth2/v2.0/devicecode", base, tenant);
    json_t *revoke = json_sprintf("%s/%s/oauth2/v2.0/revoke", base, tenant);
    json_t *keys = json_sprintf("%s/%s/discovery%s/keys", base, tenant, version);
    return cof_http_response_json(
        response, 200,
        json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:[s,s],s:[s,s],s:[s],s:[s,s,s],s:[s],s:[s],s:[s,s,s]}",
                  "issuer", name, "authorization_endpoint", authorization, "token_endpoint", token,
                  "device_authorization_endpoint", device, "revocation_endpoint", revoke,
                  "jwks_uri", keys, "token_endpoint_auth_methods_supported", "client_secret_post",
                  "private_key_jwt", "token_endpoint_auth_signing_alg_values_supported", "RS256",
                  "PS256", "response_types_supported", "token", "grant_types_supported",
                  "client_credentials", "refresh_token",
                  "urn:ietf:params:oauth:grant-type:device_code", "subject_types_supported",
                  "pairwise", "id_token_signing_alg_values_supported", "RS256", "scopes_supported",
                  "openid", "profile", "offline_access"),
        err);
}

cof_status cof_issuer_get_configuration_v1(void *context, const cof_http_request *request,
                                           cof_http_response *response, cof_err *err)
{
    return answer_configuration(context, request, response, false, err);
}

cof_status cof_issuer_get_configuration_v2(void *context, const cof_http_request *request,
                                           cof_http_response *response, cof_err *err)
{
    return answer_configuration(context, request, response, true, err);
}

cof_status cof_issuer_get_keys(void *context, const cof_http_request *request,
                               cof_http_response *response, cof_err *err)
{
    cof_issuer *issuer = context;
    if (!cof_issuer_is_tenant(issuer, request)) {
        return cof_issuer_refuse(issuer, request, response, COF_REFUSE_TENANT, err);
    }
    cof_issuer_turn_keys(issuer);
    return cof_http_response_json(response, 200,
                                  json_deep_copy(cof_signing_keys_published(issuer->keys)), err);
}

/* Is this URL of ours? A client asks by its authority's authorization endpoint. */
static bool is_ours(const cof_issuer *issuer, const char *text)
{
    cof_url asked;
    cof_url own;
    return text != NULL && cof_url_parse(text, &asked, NULL) == COF_OK &&
           cof_url_parse(cof_state_base(issuer->parts.state), &own, NULL) == COF_OK &&
           cof_url_same_origin(&asked, &own);
}

cof_status cof_issuer_get_instance(void *context, const cof_http_request *request,
                                   cof_http_response *response, cof_err *err)
{
    const cof_issuer *issuer = context;
    const char *base = cof_state_base(issuer->parts.state);
    const char *host = base + strlen("https://");
    if (!is_ours(issuer, cof_form_get(request->query, "authorization_endpoint"))) {
        return cof_issuer_refuse(issuer, request, response, COF_REFUSE_INSTANCE, err);
    }
    json_t *discovery = json_sprintf("%s/%s/v2.0/.well-known/openid-configuration", base,
                                     cof_state_tenant(issuer->parts.state));
    return cof_http_response_json(response, 200,
                                  json_pack("{s:o,s:s,s:[{s:s,s:s,s:[s]}]}",
                                            "tenant_discovery_endpoint", discovery, "api-version",
                                            "1.1", "metadata", "preferred_network", host,
                                            "preferred_cache", host, "aliases", host),
                                  err);
}
