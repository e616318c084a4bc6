/* The attestation service's token beside the evidence: genuine, and about the same enclave. */
#include <string.h>

#include "relying/receipt/internal.h"
#include "relying/token/token.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

/* The key that the token's own header encloses, as a set of one. It proves consistency, no more:
 * what a receipt is trusted for is its evidence. */
static cof_status enclosed_keys(cof_view token, cof_jwks **out_keys, cof_err *err)
{
    COF_CLEANUP(cof_jws_free) cof_jws jws = {0};
    COF_TRY(cof_jws_parse(token, &jws, err));
    json_t *x5c = json_object_get(jws.header, "x5c");
    if (x5c == NULL || jws.kid == NULL) {
        return COF_FAIL(
            err, TOKEN_UNTRUSTED,
            "the token encloses no certificate, and no keys of the attestation service were given");
    }
    COF_JSON json_t *set =
        json_pack("{s:[{s:s, s:s, s:O}]}", "keys", "kty", "RSA", "kid", jws.kid, "x5c", x5c);
    if (set == NULL) {
        return COF_FAIL(err, NO_MEMORY, "token keys");
    }
    return cof_jwks_from_json(set, out_keys, err);
}

/* A receipt outlives its token: it is judged at the moment at which it was issued. */
static cof_status token_time(cof_view token, int64_t *out_unix_s, cof_err *err)
{
    COF_JSON json_t *claims = NULL;
    COF_TRY(cof_token_peek(token, &claims, err));
    return cof_json_get_int(claims, "iat", 0, INT64_C(253402300799), out_unix_s, err);
}

/* Which of the contract's authorities the token says it is from; the first when it is none. */
static const char *find_issuer(const cof_contract *contract, cof_view token)
{
    COF_JSON json_t *claims = NULL;
    if (cof_token_peek(token, &claims, NULL) != COF_OK) {
        return contract->authority;
    }
    const char *issuer = json_string_value(json_object_get(claims, "iss"));
    for (size_t i = 0; issuer != NULL && i < contract->other_authority_count; i++) {
        if (cof_token_issuer_equal(issuer, contract->other_authorities[i])) {
            return contract->other_authorities[i];
        }
    }
    return contract->authority;
}

static cof_status verify_token(const cof_receipt_state *state, cof_view token, json_t **out_claims,
                               cof_err *err)
{
    COF_CLEANUP(cof_jwks_drop_) cof_jwks *enclosed = NULL;
    cof_token_rules rules = {.keys = state->options->token_keys,
                             .issuer = find_issuer(state->contract, token)};
    COF_TRY(token_time(token, &rules.now_unix_s, err));
    if (rules.keys == NULL) {
        COF_TRY(enclosed_keys(token, &enclosed, err));
        rules.keys = enclosed;
    }
    return cof_token_verify(token, &rules, out_claims, err);
}

static cof_status expect_claim(const json_t *claims, const char *name, json_t *expected,
                               cof_err *err)
{
    COF_JSON json_t *owned = expected;
    if (owned == NULL) {
        return COF_FAIL(err, NO_MEMORY, "claim");
    }
    if (!json_equal(json_object_get(claims, name), owned)) {
        return COF_FAIL(err, TOKEN_INVALID, "claim %s is not that of the evidence", name);
    }
    return COF_OK;
}

/* A claim that is bytes of the evidence, as hex. */
static cof_status expect_hex(const json_t *claims, const char *name, const uint8_t *bytes,
                             size_t size, cof_err *err)
{
    char text[2 * COF_REPORT_DATA_SIZE + 1];
    cof_hex_text(cof_view_of(bytes, size), text);
    return expect_claim(claims, name, json_string(text), err);
}

static cof_status check_sgx_claims(const cof_facts *facts, const json_t *claims, cof_err *err)
{
    const cof_sgx_report *sgx = &facts->sgx;
    COF_TRY(expect_claim(claims, "x-ms-attestation-type", json_string("sgx"), err));
    COF_TRY(
        expect_claim(claims, "x-ms-sgx-is-debuggable", json_boolean(facts->is_debuggable), err));
    COF_TRY(expect_hex(claims, "x-ms-sgx-mrenclave", sgx->mrenclave, sizeof sgx->mrenclave, err));
    COF_TRY(expect_hex(claims, "x-ms-sgx-mrsigner", sgx->mrsigner, sizeof sgx->mrsigner, err));
    COF_TRY(expect_claim(claims, "x-ms-sgx-product-id", json_integer(sgx->isv_prod_id), err));
    return expect_claim(claims, "x-ms-sgx-svn", json_integer(sgx->isv_svn), err);
}

static cof_status check_tdx_claims(const cof_facts *facts, const json_t *claims, cof_err *err)
{
    COF_TRY(expect_claim(claims, "x-ms-attestation-type", json_string("tdxvm"), err));
    COF_TRY(
        expect_claim(claims, "tdx_td_attributes_debug", json_boolean(facts->is_debuggable), err));
    COF_TRY(expect_hex(claims, "tdx_mrtd", facts->td.mrtd, sizeof facts->td.mrtd, err));
    return expect_hex(claims, "tdx_report_data", facts->td.report_data,
                      sizeof facts->td.report_data, err);
}

static cof_status check_snp_claims(const cof_facts *facts, const json_t *claims, cof_err *err)
{
    const cof_snp_report *snp = &facts->snp;
    COF_TRY(expect_claim(claims, "x-ms-attestation-type", json_string("sevsnpvm"), err));
    COF_TRY(expect_claim(claims, "x-ms-sevsnpvm-is-debuggable", json_boolean(facts->is_debuggable),
                         err));
    COF_TRY(expect_hex(claims, "x-ms-sevsnpvm-launchmeasurement", snp->measurement,
                       sizeof snp->measurement, err));
    return expect_hex(claims, "x-ms-sevsnpvm-reportdata", snp->report_data, sizeof snp->report_data,
                      err);
}

/* The token must be about this evidence. On an Azure VM the hardware's claims stand in a member of
 * their own. */
static cof_status check_evidence_claims(const cof_facts *facts, const json_t *claims, cof_err *err)
{
    const json_t *hardware = claims;
    if (facts->tee == COF_TEE_AZURE_CVM) {
        COF_TRY(expect_claim(claims, "x-ms-attestation-type", json_string("azurevm"), err));
        hardware = json_object_get(claims, "x-ms-isolation-tee");
    }
    switch (facts->hardware) {
    case COF_TEE_SIMULATED:
    case COF_TEE_SGX:
        return check_sgx_claims(facts, hardware, err);
    case COF_TEE_TDX:
        return check_tdx_claims(facts, hardware, err);
    case COF_TEE_SEV_SNP:
        return check_snp_claims(facts, hardware, err);
    case COF_TEE_NONE:
    case COF_TEE_AZURE_CVM:
        break;
    }
    return COF_FAIL(err, TOKEN_INVALID, "no hardware");
}

static cof_status check_claims(const cof_receipt_state *state, const json_t *claims, cof_err *err)
{
    COF_JSON json_t *runtime = NULL;
    COF_TRY(check_evidence_claims(&state->facts, claims, err));
    if (state->facts.tee == COF_TEE_AZURE_CVM) {
        /* The service knows the VM's own runtime data there, and not the worker's: the quote binds
         * it. */
        return COF_OK;
    }
    COF_TRY(cof_json_parse(cof_buf_view(&state->runtime_bytes), COF_LIMIT_RUNTIME_BYTES, &runtime,
                           err));
    return expect_claim(claims, "x-ms-runtime", json_incref(runtime), err);
}

static cof_status check_token(const cof_receipt_state *state, cof_err *err)
{
    if (!state->has_facts || !state->has_runtime) {
        return COF_FAIL(
            err, TOKEN_INVALID,
            "not checked: the evidence is not genuine or its runtime data cannot be read");
    }
    const char *token = cof_receipt_text(json_object_get(state->predicate, "attestation"), "token");
    if (token[0] == '\0') {
        return COF_FAIL(err, TOKEN_INVALID, "there is no token");
    }
    COF_JSON json_t *claims = NULL;
    COF_TRY(verify_token(state, cof_view_text(token), &claims, err));
    return check_claims(state, claims, err);
}

cof_status cof_receipt_check_token(cof_receipt_state *state, cof_err *err)
{
    cof_err detail = {0};
    const cof_status status = check_token(state, &detail);
    const char *expected = state->contract == NULL ? "" : state->contract->authority;
    return cof_receipt_record(state, "token", expected, status, &detail, err);
}
