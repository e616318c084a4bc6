/* What a policy makes of evidence: refusals, lifetimes, issued claims that cannot pass for the
 * service's own. */
#include "local/attest/token.h"

#include <string.h>

#include "harness/cof_test.h"

enum { NOW = 1800000000 };

static const char issuer[] = "https://localhost:20443";

#define POLICY(authorization, issuance)                                                            \
    "version= 1.2; configurationrules {}; authorizationrules { " authorization                     \
    " }; issuancerules { " issuance " };"
#define CONFIGURED(configuration)                                                                  \
    "version= 1.2; configurationrules { " configuration                                            \
    " }; authorizationrules { => permit(); }; issuancerules {};"

static cof_facts make_facts(void)
{
    cof_facts f = {.tee = COF_TEE_SGX, .hardware = COF_TEE_SGX};
    f.sgx.isv_svn = 7;
    f.sgx.isv_prod_id = 3;
    f.tcb.status = COF_TCB_SW_HARDENING_NEEDED;
    f.tcb.evaluation_number = 17;
    return f;
}

static cof_status make(cof_attest_kind kind, const cof_facts *facts, const char *text, json_t **out,
                       cof_attest_proof *out_proof, cof_err *err)
{
    COF_CLEANUP(cof_attest_policy_free) cof_attest_policy policy = {0};
    COF_JSON json_t *object = json_object();
    const cof_attest_extra extra = {.nonce = "once"};
    const cof_guest_claims guest = {.hardware_runtime = object, .encryption_key = object};
    const cof_attest_case c = {.kind = kind,
                               .facts = facts,
                               .guest = kind == COF_ATTEST_AZURE_GUEST ? &guest : NULL,
                               .extra = &extra,
                               .policy = &policy,
                               .issuer = issuer,
                               .now_unix_s = NOW};
    cof_attest_proof proof = COF_ATTEST_BY_KID;
    assert_ok(cof_attest_policy_read(cof_view_text(text), &policy, err));
    return cof_attest_make_claims(&c, out, out_proof != NULL ? out_proof : &proof, err);
}

static json_t *made(const char *text)
{
    json_t *claims = NULL;
    const cof_facts facts = make_facts();
    assert_ok(make(COF_ATTEST_SGX, &facts, text, &claims, NULL, NULL));
    return claims;
}

static void assert_refused(const cof_facts *facts, cof_attest_kind kind, const char *text,
                           const char *sentence)
{
    json_t *claims = NULL;
    cof_err err = {0};
    assert_status(make(kind, facts, text, &claims, NULL, &err), POLICY_EVALUATION);
    assert_null(claims);
    assert_non_null(strstr(err.detail, sentence));
}

static int64_t number(const json_t *claims, const char *name)
{
    assert_true(json_is_integer(json_object_get(claims, name)));
    return json_integer_value(json_object_get(claims, name));
}

static const char *text_of(const json_t *claims, const char *name)
{
    const char *text = json_string_value(json_object_get(claims, name));
    assert_non_null(text);
    return text;
}

static void the_head_of_a_token_is_complete(void **state)
{
    (void)state;
    COF_JSON json_t *c = made(POLICY("=> permit();", ""));
    COF_JSON json_t *other = made(POLICY("=> permit();", ""));
    assert_string_equal(text_of(c, "iss"), issuer);
    assert_int_equal(number(c, "iat"), NOW);
    assert_int_equal(number(c, "nbf"), NOW);
    assert_int_equal(number(c, "exp"), NOW + 8 * 3600);
    assert_int_equal(strlen(text_of(c, "jti")), 64);
    assert_string_not_equal(text_of(c, "jti"), text_of(other, "jti"));
    assert_string_equal(text_of(c, "x-ms-ver"), "1.0");
    assert_string_equal(text_of(c, "nonce"), "once");
    assert_int_equal(strlen(text_of(c, "x-ms-policy-hash")), 43);
    assert_null(json_object_get(c, "x-ms-policy-signer"));
    assert_null(json_object_get(c, "x-ms-policy"));
}

static void a_denied_request_gets_nothing(void **state)
{
    (void)state;
    const cof_facts facts = make_facts();
    assert_refused(&facts, COF_ATTEST_SGX, POLICY("=> permit(); => deny();", ""), "Deny");
    assert_refused(&facts, COF_ATTEST_SGX,
                   POLICY("[type==\"x-ms-sgx-svn\", value>=8] => permit();", ""), "No Permit");
    assert_refused(&facts, COF_ATTEST_SGX, POLICY("", ""), "No Permit");
}

static void the_rating_can_be_judged(void **state)
{
    (void)state;
    const cof_facts facts = make_facts();
    COF_JSON json_t *c = made(
        POLICY("[type==\"coffer-tcb-status\", value==\"SWHardeningNeeded\"] => permit();", ""));
    assert_non_null(c);
    assert_refused(&facts, COF_ATTEST_SGX,
                   POLICY("[type==\"coffer-tcb-status\", value==\"UpToDate\"] => permit();", ""),
                   "No Permit");
}

static void issued_claims_stand_in_both_places(void **state)
{
    (void)state;
    COF_JSON json_t *c = made(POLICY(
        "=> permit();", "c:[type==\"x-ms-sgx-svn\"] => issue(type=\"team-svn\", value=c.value);"));
    assert_int_equal(number(c, "team-svn"), 7);
    assert_int_equal(number(json_object_get(c, "x-ms-policy"), "team-svn"), 7);
}

static void issued_claims_cannot_pass_for_the_services_own(void **state)
{
    (void)state;
    static const char *const names[] = {"iss",           "exp",        "nbf",
                                        "iat",           "jti",        "x-ms-attestation-type",
                                        "x-ms-sgx-svn",  "nonce",      "x-ms-sgx-mrenclave",
                                        "is-debuggable", "svn",        "x-ms-ver",
                                        "x-ms-policy",   "x-ms-never", "coffer-platform",
                                        "coffer-new",    "tdx_mrtd",   "x-ms-runtime"};
    COF_JSON json_t *plain = made(POLICY("=> permit();", ""));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char policy[512];
        (void)snprintf(policy, sizeof policy,
                       POLICY("=> permit();", "=> issue(type=\"%s\", value=\"forged\");"),
                       names[i]);
        COF_JSON json_t *c = made(policy);
        const char *top = json_string_value(json_object_get(c, names[i]));
        assert_true(top == NULL || strcmp(top, "forged") != 0);
        assert_int_equal(json_object_get(c, names[i]) != NULL,
                         json_object_get(plain, names[i]) != NULL ||
                             strcmp(names[i], "x-ms-policy") == 0);
        assert_string_equal(text_of(json_object_get(c, "x-ms-policy"), names[i]), "forged");
    }
}

static void the_policy_sets_the_lifetime(void **state)
{
    (void)state;
    const cof_facts facts = make_facts();
    COF_JSON json_t *c =
        made(CONFIGURED("=> issueproperty(type=\"report_validity_in_minutes\", value=30);"));
    assert_int_equal(number(c, "exp"), NOW + 1800);
    static const char *const wrong[] = {"0", "525601", "\"x\"", "true"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char policy[512];
        (void)snprintf(
            policy, sizeof policy,
            CONFIGURED("=> issueproperty(type=\"report_validity_in_minutes\", value=%s);"),
            wrong[i]);
        assert_refused(&facts, COF_ATTEST_SGX, policy, "report_validity_in_minutes");
    }
}

static void the_policy_chooses_how_the_signer_is_shown(void **state)
{
    (void)state;
    const struct {
        const char *text;
        cof_attest_proof proof;
    } rows[] = {
        {CONFIGURED(""), COF_ATTEST_BY_KID},
        {CONFIGURED("=> issueproperty(type=\"omit_x5c\", value=false);"), COF_ATTEST_BY_X5C},
        {CONFIGURED("=> issueproperty(type=\"omit_x5c\", value=true);"), COF_ATTEST_BY_X5T}};
    const cof_facts facts = make_facts();
    for (size_t i = 0; i < 3; i++) {
        COF_JSON json_t *claims = NULL;
        cof_attest_proof proof = COF_ATTEST_BY_KID;
        assert_ok(make(COF_ATTEST_SGX, &facts, rows[i].text, &claims, &proof, NULL));
        assert_int_equal(proof, rows[i].proof);
    }
}

#define BASELINE(value)                                                                            \
    CONFIGURED("=> issueproperty(type=\"x-ms-sgx-tcbidentifier\", value=" value ");")

static void a_baseline_asks_for_newer_collateral_and_a_platform_in_date(void **state)
{
    (void)state;
    cof_facts facts = make_facts();
    COF_JSON json_t *same = made(BASELINE("\"17\""));
    COF_JSON json_t *older = made(BASELINE("12"));
    COF_JSON json_t *any = made(BASELINE("\"azuredefault\""));
    assert_true(same != NULL && older != NULL && any != NULL);
    assert_refused(&facts, COF_ATTEST_SGX, BASELINE("\"18\""), "baseline 18");
    assert_refused(&facts, COF_ATTEST_SGX, BASELINE("\"x\""), "azuredefault");
    facts.tcb.status = COF_TCB_OUT_OF_DATE;
    assert_refused(&facts, COF_ATTEST_SGX, BASELINE("\"17\""), "OutOfDate");
    json_t *claims = NULL;
    assert_ok(make(COF_ATTEST_SGX, &facts, BASELINE("\"azuredefault\""), &claims, NULL, NULL));
    assert_string_equal(text_of(claims, "coffer-tcb-status"), "OutOfDate");
    json_decref(claims);
}

static void a_vtpm_must_have_quoted_what_the_policy_asks_for(void **state)
{
    (void)state;
    cof_facts facts = {.tee = COF_TEE_AZURE_CVM, .hardware = COF_TEE_SEV_SNP};
    facts.snp.product = COF_SNP_MILAN;
    facts.azure.quote.pcr_mask = 0xff;
    json_t *claims = NULL;
    static const char pcrs[] =
        CONFIGURED("=> issueproperty(type=\"required_pcr_mask\", value=255);");
    static const char more[] =
        CONFIGURED("=> issueproperty(type=\"required_pcr_mask\", value=256);");
    static const char cert[] =
        CONFIGURED("=> issueproperty(type=\"require_valid_aik_cert\", value=true);");
    assert_ok(make(COF_ATTEST_AZURE_GUEST, &facts, pcrs, &claims, NULL, NULL));
    json_decref(claims);
    assert_refused(&facts, COF_ATTEST_AZURE_GUEST, more, "PCRs");
    assert_refused(&facts, COF_ATTEST_AZURE_GUEST, cert, "AIK");
    facts.azure.has_ak_certificate = true;
    claims = NULL;
    assert_ok(make(COF_ATTEST_AZURE_GUEST, &facts, cert, &claims, NULL, NULL));
    json_decref(claims);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_head_of_a_token_is_complete),
        cmocka_unit_test(a_denied_request_gets_nothing),
        cmocka_unit_test(the_rating_can_be_judged),
        cmocka_unit_test(issued_claims_stand_in_both_places),
        cmocka_unit_test(issued_claims_cannot_pass_for_the_services_own),
        cmocka_unit_test(the_policy_sets_the_lifetime),
        cmocka_unit_test(the_policy_chooses_how_the_signer_is_shown),
        cmocka_unit_test(a_baseline_asks_for_newer_collateral_and_a_platform_in_date),
        cmocka_unit_test(a_vtpm_must_have_quoted_what_the_policy_asks_for),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
