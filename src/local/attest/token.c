#include "local/attest/token.h"

#include <errno.h>
#include <string.h>

#include "tcb/crypto/random.h"
#include "tcb/wire/text.h"

enum { JTI_SIZE = 32, MINUTE_S = 60, LIFETIME_MINUTES = 8 * 60, LIFETIME_MAX_MINUTES = 525600 };

/* Names of claims that only the service itself makes at the top of a token. */
static const char *const own_names[] = {"iss", "sub", "aud", "exp",  "nbf",
                                        "iat", "jti", "cnf", "nonce"};

static bool is_own(const char *name)
{
    for (size_t i = 0; i < sizeof own_names / sizeof own_names[0]; i++) {
        if (strcmp(name, own_names[i]) == 0) {
            return true;
        }
    }
    return strncmp(name, "x-ms-", 5) == 0 || strncmp(name, "coffer-", 7) == 0 ||
           strncmp(name, "tdx_", 4) == 0;
}

/* A policy may write a number as an integer or as a text. */
static bool read_number(const json_t *value, int64_t *out)
{
    const char *text = json_string_value(value);
    char *end = NULL;
    if (json_is_integer(value)) {
        *out = json_integer_value(value);
        return true;
    }
    if (text == NULL || text[0] < '0' || text[0] > '9') {
        return false;
    }
    errno = 0;
    *out = strtoll(text, &end, 10);
    return errno == 0 && *end == '\0';
}

/* x-ms-sgx-tcbidentifier: "azuredefault" takes the collateral that there is; a number asks for
 * collateral at least as new, and for a platform that is not out of date by it. */
static cof_status check_baseline(const json_t *value, const cof_facts *facts, cof_err *err)
{
    int64_t number = 0;
    const char *text = json_string_value(value);
    if (value == NULL || (text != NULL && strcmp(text, "azuredefault") == 0) ||
        facts->tcb.status == COF_TCB_UNRATED) {
        return COF_OK;
    }
    if (!read_number(value, &number)) {
        return COF_FAIL(err, POLICY_EVALUATION,
                        "x-ms-sgx-tcbidentifier is neither azuredefault nor a number.");
    }
    if (facts->tcb.evaluation_number < number || facts->tcb.status >= COF_TCB_OUT_OF_DATE) {
        return COF_FAIL(err, POLICY_EVALUATION,
                        "The platform is %s by TCB evaluation %u; the policy asks for baseline "
                        "%lld.",
                        cof_tcb_status_name(facts->tcb.status),
                        (unsigned)facts->tcb.evaluation_number, (long long)number);
    }
    return COF_OK;
}

/* What a policy asks of a vTPM's quote. */
static cof_status check_vtpm(const json_t *properties, const cof_facts *facts, cof_err *err)
{
    int64_t mask = 0;
    const json_t *pcrs = json_object_get(properties, "required_pcr_mask");
    if (pcrs != NULL && (!read_number(pcrs, &mask) ||
                         ((uint64_t)mask & ~(uint64_t)facts->azure.quote.pcr_mask) != 0)) {
        return COF_FAIL(err, POLICY_EVALUATION,
                        "The policy asks for PCRs that are not in the quote (%06x).",
                        (unsigned)facts->azure.quote.pcr_mask);
    }
    if (json_is_true(json_object_get(properties, "require_valid_aik_cert")) &&
        !facts->azure.has_ak_certificate) {
        return COF_FAIL(err, POLICY_EVALUATION, "The policy asks for an AIK certificate.");
    }
    return COF_OK;
}

static cof_status check_properties(const cof_attest_case *c, const json_t *properties, cof_err *err)
{
    switch (c->kind) {
    case COF_ATTEST_SGX:
    case COF_ATTEST_OPEN_ENCLAVE:
        return check_baseline(json_object_get(properties, "x-ms-sgx-tcbidentifier"), c->facts, err);
    case COF_ATTEST_AZURE_GUEST:
        return check_vtpm(properties, c->facts, err);
    case COF_ATTEST_SNP:
    case COF_ATTEST_TDX:
    case COF_ATTEST_KINDS:
        break;
    }
    return COF_OK;
}

static cof_status evaluate(const cof_attest_case *c, const json_t *claims, cof_maa_outcome *out,
                           cof_err *err)
{
    COF_TRY(cof_maa_evaluate(c->policy->rules, claims, out, err));
    if (out->is_denied) {
        return COF_FAIL(err, POLICY_EVALUATION, "A Deny claim was issued, authorization failed.");
    }
    if (!out->is_permitted) {
        return COF_FAIL(err, POLICY_EVALUATION,
                        "No Permit claim was issued, authorization failed.");
    }
    return check_properties(c, out->properties, err);
}

static cof_status read_lifetime(const json_t *properties, int64_t *out_s, cof_err *err)
{
    int64_t minutes = LIFETIME_MINUTES;
    const json_t *value = json_object_get(properties, "report_validity_in_minutes");
    if (value != NULL &&
        (!read_number(value, &minutes) || minutes < 1 || minutes > LIFETIME_MAX_MINUTES)) {
        return COF_FAIL(err, POLICY_EVALUATION,
                        "report_validity_in_minutes is not a number from 1 to %d.",
                        LIFETIME_MAX_MINUTES);
    }
    *out_s = minutes * MINUTE_S;
    return COF_OK;
}

static cof_attest_proof read_proof(const json_t *properties)
{
    const json_t *omit = json_object_get(properties, "omit_x5c");
    if (json_is_true(omit)) {
        return COF_ATTEST_BY_X5T;
    }
    return json_is_false(omit) ? COF_ATTEST_BY_X5C : COF_ATTEST_BY_KID;
}

static cof_status add_head(const cof_attest_case *c, json_t *claims, cof_err *err)
{
    uint8_t jti[JTI_SIZE];
    char text[2 * JTI_SIZE + 1];
    COF_TRY(cof_random((cof_span){jti, sizeof jti}, err));
    cof_hex_text(cof_view_of(jti, sizeof jti), text);
    COF_TRY(cof_json_set(claims, "jti", json_string(text), err));
    COF_TRY(cof_json_set(claims, "x-ms-ver", json_string("1.0"), err));
    COF_TRY(cof_json_set(claims, "x-ms-policy-hash", json_string(c->policy->hash), err));
    return c->policy->signer == NULL
               ? COF_OK
               : cof_json_set(claims, "x-ms-policy-signer", json_incref(c->policy->signer), err);
}

static cof_status add_all(json_t *claims, const json_t *more, cof_err *err)
{
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach((json_t *)(uintptr_t)more, name, value)
    {
        COF_TRY(cof_json_set(claims, name, json_incref(value), err));
    }
    return COF_OK;
}

/* What the policy issues stands in x-ms-policy, and at the top too where it cannot be taken for
 * what the service itself says: clients of both ages look for it. */
static cof_status add_issued(json_t *claims, json_t *issued, cof_err *err)
{
    const char *name = NULL;
    json_t *value = NULL;
    if (json_object_size(issued) == 0) {
        return COF_OK;
    }
    json_object_foreach(issued, name, value)
    {
        if (!is_own(name) && json_object_get(claims, name) == NULL) {
            COF_TRY(cof_json_set(claims, name, json_incref(value), err));
        }
    }
    return cof_json_set(claims, "x-ms-policy", json_incref(issued), err);
}

cof_status cof_attest_make_claims(const cof_attest_case *c, json_t **out_claims,
                                  cof_attest_proof *out_proof, cof_err *err)
{
    int64_t lifetime_s = 0;
    COF_JSON json_t *evidence = NULL;
    COF_JSON json_t *claims = NULL;
    COF_CLEANUP(cof_maa_outcome_free) cof_maa_outcome outcome = {0};
    COF_TRY(cof_attest_evidence_claims(c->kind, c->facts, c->guest, &evidence, err));
    COF_TRY(evaluate(c, evidence, &outcome, err));
    COF_TRY(read_lifetime(outcome.properties, &lifetime_s, err));
    COF_TRY(cof_token_claims_new(c->issuer, NULL, c->now_unix_s, lifetime_s, &claims, err));
    COF_TRY(add_head(c, claims, err));
    COF_TRY(add_all(claims, evidence, err));
    COF_TRY(cof_attest_add_extra(claims, c->kind, c->extra, err));
    if (c->kind == COF_ATTEST_SGX || c->kind == COF_ATTEST_OPEN_ENCLAVE) {
        COF_TRY(cof_attest_add_deprecated(claims, c->facts, err));
    }
    COF_TRY(add_issued(claims, outcome.issued, err));
    *out_claims = json_incref(claims);
    *out_proof = read_proof(outcome.properties);
    return COF_OK;
}
