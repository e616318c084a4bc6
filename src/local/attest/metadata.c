/* What anybody may know: the service's keys and where they are; and the TCB baselines. */
#include <stdio.h>
#include <string.h>

#include "local/attest/attest_internal.h"

static cof_status get_certs(void *context, const cof_http_request *request,
                            cof_http_response *response, cof_err *err)
{
    (void)request;
    const cof_attest *attest = context;
    return cof_http_response_json(response, 200,
                                  json_deep_copy(cof_attest_signer_published(attest->signer)), err);
}

static const char *const claims_supported[] = {
    "is-debuggable",
    "sgx-mrsigner",
    "sgx-mrenclave",
    "product-id",
    "svn",
    "tee",
    "x-ms-attestation-type",
    "x-ms-azurevm-attestation-protocol-ver",
    "x-ms-azurevm-attested-pcrs",
    "x-ms-inittime",
    "x-ms-isolation-tee",
    "x-ms-policy",
    "x-ms-policy-hash",
    "x-ms-policy-signer",
    "x-ms-runtime",
    "x-ms-sevsnpvm-guestsvn",
    "x-ms-sevsnpvm-hostdata",
    "x-ms-sevsnpvm-idkeydigest",
    "x-ms-sevsnpvm-is-debuggable",
    "x-ms-sevsnpvm-launchmeasurement",
    "x-ms-sevsnpvm-reportdata",
    "x-ms-sevsnpvm-vmpl",
    "x-ms-sgx-collateral",
    "x-ms-sgx-config-id",
    "x-ms-sgx-ehd",
    "x-ms-sgx-is-debuggable",
    "x-ms-sgx-mrenclave",
    "x-ms-sgx-mrsigner",
    "x-ms-sgx-product-id",
    "x-ms-sgx-report-data",
    "x-ms-sgx-svn",
    "x-ms-ver",
    "attester_tcb_status",
    "tdx_mrtd",
    "tdx_report_data",
    "tdx_rtmr0",
    "tdx_rtmr1",
    "tdx_rtmr2",
    "tdx_rtmr3",
    "tdx_td_attributes",
};

static cof_status get_configuration(void *context, const cof_http_request *request,
                                    cof_http_response *response, cof_err *err)
{
    (void)request;
    const cof_attest *attest = context;
    const char *base = cof_attest_issuer(attest);
    COF_JSON json_t *claims = json_array();
    if (claims == NULL) {
        return COF_FAIL(err, NO_MEMORY, "configuration");
    }
    for (size_t i = 0; i < sizeof claims_supported / sizeof claims_supported[0]; i++) {
        COF_TRY(cof_json_append(claims, json_string(claims_supported[i]), err));
    }
    return cof_http_response_json(
        response, 200,
        json_pack("{s:s,s:o,s:s,s:[s,s],s:[s],s:O}", "issuer", base, "jwks_uri",
                  json_sprintf("%s/certs", base), "revocation_endpoint", "",
                  "response_types_supported", "token", "none",
                  "id_token_signing_alg_values_supported", "RS256", "claims_supported", claims),
        err);
}

/* The newest TCB evaluation that was used here; 0: none was. */
static json_int_t newest_evaluation(const cof_freshness *seen, const char *key)
{
    for (size_t i = 0; i < seen->count; i++) {
        if (strcmp(seen->items[i].key, key) == 0) {
            return (json_int_t)seen->items[i].number;
        }
    }
    return 0;
}

static cof_status add_baseline(json_t *list, const char *name, json_int_t number, bool is_selected,
                               cof_err *err)
{
    json_t *row = number > 0
                      ? json_pack("{s:s,s:I,s:b}", "tcbIdentifier", name, "tcbEvaluationDataNumber",
                                  number, "isSelectedTcb", is_selected)
                      : json_pack("{s:s,s:b}", "tcbIdentifier", name, "isSelectedTcb", is_selected);
    return cof_json_append(list, row, err);
}

/* What the policy names, or "azuredefault": what the collateral at hand says. A named baseline is a
 * number: a policy with anything else attests nothing. */
static cof_status list_baselines(const cof_attest *attest, cof_attest_kind kind, json_t *list,
                                 cof_err *err)
{
    const cof_attest_policy *policy = cof_attest_policies_get(attest->policies, kind);
    const bool is_tdx = kind == COF_ATTEST_TDX;
    const json_int_t newest =
        newest_evaluation(attest->seen, is_tdx ? "evaluation:tdx" : "evaluation:sgx");
    COF_JSON json_t *properties = NULL;
    char name[24] = "";
    long long number = 0;
    COF_TRY(cof_maa_configuration(policy->rules, &properties, err));
    const json_t *named = json_object_get(properties, "x-ms-sgx-tcbidentifier");
    const char *text = json_string_value(named);
    if (json_is_integer(named)) {
        number = (long long)json_integer_value(named);
    } else if (text != NULL) {
        number = strtoll(text, NULL, 10);
    }
    const bool is_named = !is_tdx && number > 0;
    COF_TRY(add_baseline(list, "azuredefault", newest, !is_named, err));
    if (is_named) {
        (void)snprintf(name, sizeof name, "%lld", number);
        COF_TRY(add_baseline(list, name, (json_int_t)number, true, err));
    }
    return COF_OK;
}

static cof_status get_baselines(cof_attest_call *call, cof_err *err)
{
    cof_attest_kind kind = COF_ATTEST_SGX;
    bool is_found = false;
    COF_TRY(cof_attest_find_kind(call, "", &kind, &is_found, err));
    if (!is_found) {
        return COF_OK;
    }
    COF_JSON json_t *list = json_array();
    if (list == NULL) {
        return COF_FAIL(err, NO_MEMORY, "baselines");
    }
    if (kind == COF_ATTEST_SGX || kind == COF_ATTEST_OPEN_ENCLAVE || kind == COF_ATTEST_TDX) {
        COF_TRY(list_baselines(call->attest, kind, list, err));
    }
    return cof_http_response_json(call->response, 200, json_pack("{s:O}", "tcbBaselines", list),
                                  err);
}

COF_ATTEST_ACTION(route_baselines, COF_ACTION_ATTEST_READ, get_baselines);

static const cof_http_route routes[] = {
    {"GET", "/certs", get_certs},
    {"GET", "/.well-known/openid-configuration", get_configuration},
    {"GET", "/tcbbaselines/{type}", route_baselines},
};

cof_status cof_attest_serve_metadata(cof_attest *attest, cof_http_server *server, cof_err *err)
{
    return cof_http_server_add(server, routes, sizeof routes / sizeof routes[0], attest, err);
}
