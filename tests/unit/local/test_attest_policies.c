/* Policies and their signers, kept across restarts. */
#include "local/attest/policies.h"
#include "local/attest/signers.h"

#include "unit/local/local_fixture.h"
#include "unit/local/order_case.h"

static const char permit[] = "version= 1.0; authorizationrules { => permit(); }; issuancerules {};";

static cof_attest_policies *open_policies(const local_fixture *f)
{
    cof_attest_policies *policies = NULL;
    assert_ok(cof_attest_policies_open(f->state, &policies, NULL));
    return policies;
}

/* A policy as an administrator sends it, not signed. */
static cof_attest_policy make_policy(const char *text)
{
    cof_attest_policy policy = {0};
    COF_CLEANUP(cof_order_free) cof_order order = {0};
    COF_CLEANUP(cof_buf_free) cof_buf payload = order_policy(text);
    const char *payload_text = NULL;
    assert_ok(cof_buf_text(&payload, &payload_text, NULL));
    COF_CLEANUP(cof_buf_free)
    cof_buf jws = order_jws(NULL, "", "{\"alg\":\"none\"}", payload_text);
    assert_ok(cof_order_parse(cof_buf_view(&jws), ORDER_CASE_NOW, &order, NULL));
    assert_ok(cof_attest_policy_of_order(cof_buf_view(&jws), &order, &policy, NULL));
    return policy;
}

static int folder_start(void **state)
{
    assert_int_equal(fixture_start(state), 0);
    const local_fixture *f = *state;
    assert_ok(cof_state_make_folder(f->state, "attest", NULL));
    return 0;
}

#define policy_test(function) cmocka_unit_test_setup_teardown(function, folder_start, fixture_stop)

static void every_kind_has_a_default_policy(void **state)
{
    COF_CLEANUP(cof_attest_policies_drop_) cof_attest_policies *policies = open_policies(*state);
    for (int i = 0; i < COF_ATTEST_KINDS; i++) {
        const cof_attest_policy *p = cof_attest_policies_get(policies, (cof_attest_kind)i);
        COF_CLEANUP(cof_order_free) cof_order order = {0};
        assert_non_null(p->rules);
        assert_null(p->signer);
        assert_int_equal(strlen(p->hash), COF_POLICY_HASH_SIZE - 1);
        assert_ok(cof_order_parse(cof_view_text(p->jws), COF_ORDER_ANY_TIME, &order, NULL));
        assert_null(order.signer);
    }
}

static void the_hash_is_that_of_the_protocol(void **state)
{
    (void)state;
    COF_CLEANUP(cof_attest_policy_free) cof_attest_policy policy = {0};
    assert_ok(cof_attest_policy_read(cof_view_text(permit), &policy, NULL));
    /* base64url(SHA-256(base64url(text))), by Python. */
    assert_string_equal(policy.hash, "XkldqHsIGZ_tQjbNeSuydtvXz0aTylIwkIacibHAruY");
}

static void a_policy_that_was_set_survives_a_restart(void **state)
{
    local_fixture *f = *state;
    char hash[COF_POLICY_HASH_SIZE];
    cof_attest_policies *policies = open_policies(f);
    cof_attest_policy policy = make_policy(permit);
    memcpy(hash, policy.hash, sizeof hash);
    assert_ok(cof_attest_policies_set(policies, COF_ATTEST_TDX, &policy, NULL));
    assert_null(policy.rules);
    cof_attest_policies_free(policies);
    policies = open_policies(f);
    assert_string_equal(cof_attest_policies_get(policies, COF_ATTEST_TDX)->hash, hash);
    assert_string_not_equal(cof_attest_policies_get(policies, COF_ATTEST_SGX)->hash, hash);
    cof_attest_policies_free(policies);
}

static void a_reset_survives_a_restart_too(void **state)
{
    local_fixture *f = *state;
    cof_attest_policies *policies = open_policies(f);
    char before[COF_POLICY_HASH_SIZE];
    memcpy(before, cof_attest_policies_get(policies, COF_ATTEST_SGX)->hash, sizeof before);
    cof_attest_policy policy = make_policy(permit);
    assert_ok(cof_attest_policies_set(policies, COF_ATTEST_SGX, &policy, NULL));
    assert_ok(cof_attest_policies_reset(policies, COF_ATTEST_SGX, NULL));
    assert_string_equal(cof_attest_policies_get(policies, COF_ATTEST_SGX)->hash, before);
    cof_attest_policies_free(policies);
    policies = open_policies(f);
    assert_string_equal(cof_attest_policies_get(policies, COF_ATTEST_SGX)->hash, before);
    cof_attest_policies_free(policies);
}

static void a_signed_policy_names_its_signer_after_the_certificate_has_run_out(void **state)
{
    local_fixture *f = *state;
    order_signer signer = order_signer_make(true, "signer");
    COF_CLEANUP(cof_buf_free) cof_buf payload = order_policy(permit);
    const char *text = NULL;
    assert_ok(cof_buf_text(&payload, &text, NULL));
    COF_CLEANUP(cof_buf_free) cof_buf jws = order_of(&signer, "ES256", text);
    COF_CLEANUP(cof_order_free) cof_order order = {0};
    cof_attest_policy policy = {0};
    assert_ok(cof_order_parse(cof_buf_view(&jws), ORDER_CASE_NOW, &order, NULL));
    assert_ok(cof_attest_policy_of_order(cof_buf_view(&jws), &order, &policy, NULL));
    cof_attest_policies *policies = open_policies(f);
    assert_ok(cof_attest_policies_set(policies, COF_ATTEST_SNP, &policy, NULL));
    cof_attest_policies_free(policies);
    policies = open_policies(f);
    const json_t *jwk = cof_attest_policies_get(policies, COF_ATTEST_SNP)->signer;
    assert_string_equal(json_string_value(json_object_get(jwk, "kty")), "EC");
    cof_attest_policies_free(policies);
    order_signer_free(&signer);
}

static void a_signed_policy_that_was_changed_on_disk_stops_the_start(void **state)
{
    local_fixture *f = *state;
    order_signer signer = order_signer_make(false, "signer");
    COF_CLEANUP(cof_buf_free) cof_buf payload = order_policy(permit);
    const char *text = NULL;
    assert_ok(cof_buf_text(&payload, &text, NULL));
    COF_CLEANUP(cof_buf_free) cof_buf jws = order_of(&signer, "RS256", text);
    uint8_t *dot = memchr(jws.data, '.', jws.size);
    dot[40] = dot[40] == 'A' ? 'B' : 'A';
    const char *jws_text = NULL;
    assert_ok(cof_buf_text(&jws, &jws_text, NULL));
    COF_JSON json_t *file =
        json_pack("{s:s,s:s}", "coffer", "attestation-policy/v1", "jws", jws_text);
    cof_attest_policies *policies = open_policies(f);
    cof_attest_policies_free(policies);
    assert_ok(cof_state_write_json(f->state, "attest/policies/SgxEnclave.json", file, NULL));
    policies = NULL;
    assert_status(cof_attest_policies_open(f->state, &policies, NULL), TOKEN_INVALID);
    assert_null(policies);
    order_signer_free(&signer);
}

static void a_file_that_cannot_be_read_is_not_the_default(void **state)
{
    local_fixture *f = *state;
    cof_attest_policies_free(open_policies(f));
    const char *const texts[] = {"", "{}", "{\"coffer\":\"other/v1\",\"jws\":null}",
                                 "{\"coffer\":\"attestation-policy/v1\",\"jws\":\"x\"}",
                                 "{\"coffer\":\"attestation-policy/v1\",\"jws\":5}"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cof_attest_policies *policies = NULL;
        assert_ok(
            cof_state_write(f->state, "attest/policies/TdxVm.json", cof_view_text(texts[i]), NULL));
        assert_true(cof_attest_policies_open(f->state, &policies, NULL) != COF_OK);
        assert_null(policies);
    }
}

static void a_policy_with_an_error_says_where(void **state)
{
    (void)state;
    cof_attest_policy policy = {0};
    cof_err err = {0};
    assert_status(cof_attest_policy_read(cof_view_text("version= 1.0;\nauthorizationrules\n{ => x"),
                                         &policy, &err),
                  POLICY_SYNTAX);
    assert_memory_equal(err.detail, "Line 3, Column ", 15);
}

static void a_payload_without_a_policy_is_refused(void **state)
{
    (void)state;
    const char *const payloads[] = {"{}", "{\"AttestationPolicy\":1}",
                                    "{\"AttestationPolicy\":\"!\"}",
                                    "{\"attestationPolicy\":\"\"}"};
    for (size_t i = 0; i < sizeof payloads / sizeof payloads[0]; i++) {
        COF_CLEANUP(cof_order_free) cof_order order = {0};
        COF_CLEANUP(cof_buf_free)
        cof_buf jws = order_jws(NULL, "", "{\"alg\":\"none\"}", payloads[i]);
        cof_attest_policy policy = {0};
        assert_ok(cof_order_parse(cof_buf_view(&jws), ORDER_CASE_NOW, &order, NULL));
        assert_status(cof_attest_policy_of_order(cof_buf_view(&jws), &order, &policy, NULL),
                      TOKEN_INVALID);
    }
}

static void signers_are_added_listed_removed_and_kept(void **state)
{
    local_fixture *f = *state;
    order_signer a = order_signer_make(true, "a");
    order_signer b = order_signer_make(true, "b");
    cof_attest_signers *signers = NULL;
    COF_JSON json_t *listed = NULL;
    assert_ok(cof_attest_signers_open(f->state, &signers, NULL));
    assert_true(cof_attest_signers_is_empty(signers));
    assert_false(cof_attest_signers_have(signers, NULL));
    assert_ok(cof_attest_signers_add(signers, a.certificate, NULL));
    assert_ok(cof_attest_signers_add(signers, a.certificate, NULL));
    assert_ok(cof_attest_signers_add(signers, b.certificate, NULL));
    cof_attest_signers_free(signers);
    assert_ok(cof_attest_signers_open(f->state, &signers, NULL));
    assert_true(cof_attest_signers_have(signers, a.certificate));
    assert_true(cof_attest_signers_have(signers, b.certificate));
    assert_ok(cof_attest_signers_to_json(signers, &listed, NULL));
    assert_int_equal(json_array_size(json_object_get(listed, "keys")), 2);
    assert_ok(cof_attest_signers_remove(signers, a.certificate, NULL));
    assert_ok(cof_attest_signers_remove(signers, a.certificate, NULL));
    assert_false(cof_attest_signers_have(signers, a.certificate));
    assert_status(cof_attest_signers_remove(signers, b.certificate, NULL), FORBIDDEN);
    cof_attest_signers_free(signers);
    assert_ok(cof_attest_signers_open(f->state, &signers, NULL));
    assert_false(cof_attest_signers_have(signers, a.certificate));
    assert_true(cof_attest_signers_have(signers, b.certificate));
    cof_attest_signers_free(signers);
    order_signer_free(&a);
    order_signer_free(&b);
}

static void the_list_of_signers_has_a_maximum(void **state)
{
    local_fixture *f = *state;
    cof_attest_signers *signers = NULL;
    assert_ok(cof_attest_signers_open(f->state, &signers, NULL));
    for (int i = 0; i <= COF_ATTEST_SIGNERS_MAX; i++) {
        order_signer s = order_signer_make(true, "s");
        const cof_status status = cof_attest_signers_add(signers, s.certificate, NULL);
        assert_int_equal(status, i < COF_ATTEST_SIGNERS_MAX ? COF_OK : COF_E_LIMIT);
        order_signer_free(&s);
    }
    cof_attest_signers_free(signers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        policy_test(every_kind_has_a_default_policy),
        policy_test(the_hash_is_that_of_the_protocol),
        policy_test(a_policy_that_was_set_survives_a_restart),
        policy_test(a_reset_survives_a_restart_too),
        policy_test(a_signed_policy_names_its_signer_after_the_certificate_has_run_out),
        policy_test(a_signed_policy_that_was_changed_on_disk_stops_the_start),
        policy_test(a_file_that_cannot_be_read_is_not_the_default),
        policy_test(a_policy_with_an_error_says_where),
        policy_test(a_payload_without_a_policy_is_refused),
        policy_test(signers_are_added_listed_removed_and_kept),
        policy_test(the_list_of_signers_has_a_maximum),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
