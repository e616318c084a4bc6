/* What the agent reads of vaults' and workers' answers. */
#include "host/azure/challenge.h"

#include <stdio.h>
#include <string.h>

#include "harness/cof_test.h"
#include "host/agent/config.h"
#include "host/agent/hardware.h"
#include "host/agent/timeline.h"
#include "host/azure/vault.h"
#include "tcb/wire/text.h"

static const char vault_url[] = "https://vault.example:8443/keys/a/b";

static cof_status scope_at(const char *challenge, const char *url, const char *issuer, char *out,
                           size_t size)
{
    COF_CLEANUP(cof_buf_free) cof_buf scope = {.limit = COF_SCOPE_MAX};
    const cof_status status = cof_challenge_scope(challenge, url, issuer, &scope, NULL);
    (void)snprintf(out, size, "%.*s", (int)scope.size,
                   scope.data == NULL ? "" : (const char *)scope.data);
    return status;
}

/* Of a vault on the token service's own host, as coffer-local is. */
static cof_status scope_of(const char *challenge, char *out, size_t size)
{
    return scope_at(challenge, vault_url, "https://vault.example:9000", out, size);
}

static void the_challenge_says_which_scope_to_ask_for(void **state)
{
    (void)state;
    char scope[128];
    assert_ok(scope_of("Bearer authorization=\"https://l/t\", resource=\"https://vault.azure.net\"",
                       scope, sizeof scope));
    assert_string_equal(scope, "https://vault.azure.net/.default");
    assert_ok(scope_of(
        "Bearer authorization=\"https://l/t\", scope=\"https://managedhsm.azure.net/.default\"",
        scope, sizeof scope));
    assert_string_equal(scope, "https://managedhsm.azure.net/.default");
    assert_ok(scope_of("Bearer resource=\"https://vault.example:8443\"", scope, sizeof scope));
    assert_string_equal(scope, "https://vault.example:8443/.default");
}

static void a_vault_of_azures_gets_tokens_for_what_it_is_below(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        const char *resource;
        bool is_allowed;
    } rows[] = {
        {"https://a.vault.azure.net/keys/k", "https://vault.azure.net", true},
        {"https://a.vault.azure.cn/keys/k", "https://vault.azure.cn", true},
        {"https://a.managedhsm.azure.net/keys/k", "https://managedhsm.azure.net", true},
        {"https://a.vault.azure.net/keys/k", "https://managedhsm.azure.net", false},
        {"https://a.vault.azure.net/keys/k", "https://azure.net", false},
        {"https://a.vault.azure.net/keys/k", "https://vault.azure.net/x", false},
        {"https://a.vault.azure.net/keys/k", "http://vault.azure.net", false},
        {"https://avault.azure.net/keys/k", "https://vault.azure.net", false},
        {"https://evil.example/keys/k", "https://vault.azure.net", false},
        {"https://localhost:8443/keys/k", "https://vault.azure.net", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char challenge[256];
        char scope[128];
        (void)snprintf(challenge, sizeof challenge,
                       "Bearer authorization=\"https://l/t\", resource=\"%s\"", rows[i].resource);
        const cof_status status = scope_at(
            challenge, rows[i].url, "https://login.microsoftonline.com", scope, sizeof scope);
        assert_int_equal(status, rows[i].is_allowed ? COF_OK : COF_E_UNAUTHORIZED);
    }
}

static void a_token_is_sent_unasked_only_where_the_name_says_for_what(void **state)
{
    (void)state;
    static const char azure[] = "https://login.microsoftonline.com";
    static const struct {
        const char *url;
        const char *issuer;
        const char *scope;
    } rows[] = {
        {"https://a.vault.azure.net/keys/k", azure, "https://vault.azure.net/.default"},
        {"https://a.managedhsm.azure.net/keys/k", azure, "https://managedhsm.azure.net/.default"},
        {"https://localhost:1/keys/k", "https://localhost:2", "https://vault.azure.net/.default"},
        {"https://localhost:1/keys/k", azure, ""},
        {"https://vault.example/keys/k", azure, ""},
        {"https://10.1.2.3/keys/k", azure, ""},
        {"https://a.vault.azure.net/keys/k", "", "https://vault.azure.net/.default"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        COF_CLEANUP(cof_buf_free) cof_buf scope = {.limit = COF_SCOPE_MAX};
        assert_ok(cof_vault_scope(rows[i].url, rows[i].issuer, &scope, NULL));
        assert_view_text(cof_buf_view(&scope), rows[i].scope);
    }
}

static void a_vault_cannot_have_a_token_made_for_another_service(void **state)
{
    (void)state;
    char scope[128];
    static const char *const resources[] = {
        "https://management.azure.com", "https://vault.azure.net.evil.example",
        "https://other.example:8443",   "http://vault.example:8443",
        "https://vault.example",        ""};
    for (size_t i = 0; i < sizeof resources / sizeof resources[0]; i++) {
        char challenge[256];
        (void)snprintf(challenge, sizeof challenge,
                       "Bearer authorization=\"https://l/t\", resource=\"%s\"", resources[i]);
        assert_status(scope_of(challenge, scope, sizeof scope), UNAUTHORIZED);
    }
    assert_status(scope_of(NULL, scope, sizeof scope), UNAUTHORIZED);
    assert_status(scope_of("Basic realm=\"x\"", scope, sizeof scope), UNAUTHORIZED);
    assert_status(scope_of("Bearer authorization=\"https://l/t\"", scope, sizeof scope),
                  UNAUTHORIZED);
}

/* {"value":"e30.<payload>.AAAA"} around a payload with this key_hsm. */
static void print_answer(const char *wrap, cof_buf *out)
{
    char text[1024];
    COF_CLEANUP(cof_buf_free) cof_buf hsm = {.limit = 4096};
    COF_CLEANUP(cof_buf_free) cof_buf payload = {.limit = 4096};
    (void)snprintf(text, sizeof text,
                   "{\"schema_version\":\"1.0\",\"header\":{\"kid\":\"k\",\"alg\":\"dir\",\"enc\":"
                   "\"%s\"},\"ciphertext\":\"AQID\"}",
                   wrap);
    assert_ok(cof_base64url_encode(cof_view_text(text), &hsm, NULL));
    (void)snprintf(text, sizeof text,
                   "{\"response\":{\"key\":{\"key\":{\"kid\":\"k\",\"key_hsm\":\"%.*s\"}}}}",
                   (int)hsm.size, (const char *)hsm.data);
    assert_ok(cof_base64url_encode(cof_view_text(text), &payload, NULL));
    assert_ok(cof_buf_printf(out, NULL, "{\"value\":\"e30.%.*s.AAAA\"}", (int)payload.size,
                             (const char *)payload.data));
}

static void a_released_key_is_found_in_the_vaults_answer(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf answer = {.limit = 8192};
    COF_CLEANUP(cof_buf_free) cof_buf wrapped = {.limit = 64};
    cof_released_wrap wrap = COF_RELEASED_RSA_AES_SHA256;
    print_answer("CKM_RSA_AES_KEY_WRAP", &answer);
    assert_ok(cof_vault_release_parse(cof_buf_view(&answer), &wrap, &wrapped, NULL));
    assert_int_equal(wrap, COF_KEY_RSA_AES_SHA1);
    assert_int_equal(wrapped.size, 3);
    assert_memory_equal(wrapped.data, "\1\2\3", 3);
}

static void answers_that_are_not_exact_are_refused(void **state)
{
    (void)state;
    static const char *const answers[] = {"",
                                          "[]",
                                          "{}",
                                          "{\"value\":1}",
                                          "{\"value\":\"a.b\"}",
                                          "{\"value\":\"a.b.c.d\"}",
                                          "{\"value\":\"e30.e30.AAAA\"}",
                                          "{\"value\":\"e30.W10.AAAA\"}",
                                          "{\"value\":\"e30.!!.AAAA\"}"};
    COF_CLEANUP(cof_buf_free) cof_buf wrapped = {.limit = 64};
    COF_CLEANUP(cof_buf_free) cof_buf other = {.limit = 8192};
    cof_released_wrap wrap = COF_RELEASED_RSA_AES_SHA256;
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        assert_int_not_equal(
            cof_vault_release_parse(cof_view_text(answers[i]), &wrap, &wrapped, NULL), COF_OK);
    }
    print_answer("RSA_AES_KEY_WRAP_384", &other);
    assert_status(cof_vault_release_parse(cof_buf_view(&other), &wrap, &wrapped, NULL), BAD_FORMAT);
    assert_int_equal(wrap, COF_RELEASED_RSA_AES_SHA256);
}

static void an_evidence_frame_is_cut_into_its_three_parts(void **state)
{
    (void)state;
    static const uint8_t frame[] = "\x02\0\0\0{}\x09simulatedquote";
    cof_agent_evidence evidence;
    assert_ok(cof_agent_evidence_parse(cof_view_of(frame, sizeof frame - 1), &evidence, NULL));
    assert_string_equal(evidence.type, "simulated");
    assert_view_text(evidence.runtime, "{}");
    assert_view_text(evidence.evidence, "quote");
    for (size_t size = 0; size <= sizeof frame - 1 - 5; size++) {
        assert_status(cof_agent_evidence_parse(cof_view_of(frame, size), &evidence, NULL),
                      PROTOCOL);
    }
}

static void the_steps_are_those_of_the_five_stages_in_order(void **state)
{
    (void)state;
    int stage = 1;
    for (int i = 0; i < COF_STEP_COUNT; i++) {
        const cof_step_info *info = cof_step_describe((cof_step)i);
        cof_step found = COF_STEP_COUNT;
        assert_true(info->stage >= stage && info->stage <= 5);
        stage = info->stage;
        assert_true(cof_step_from_name(info->name, &found));
        assert_int_equal(found, i);
    }
    cof_step none = COF_STEP_COUNT;
    assert_false(cof_step_from_name("unheard-of", &none));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_challenge_says_which_scope_to_ask_for),
        cmocka_unit_test(a_vault_of_azures_gets_tokens_for_what_it_is_below),
        cmocka_unit_test(a_token_is_sent_unasked_only_where_the_name_says_for_what),
        cmocka_unit_test(a_vault_cannot_have_a_token_made_for_another_service),
        cmocka_unit_test(a_released_key_is_found_in_the_vaults_answer),
        cmocka_unit_test(answers_that_are_not_exact_are_refused),
        cmocka_unit_test(an_evidence_frame_is_cut_into_its_three_parts),
        cmocka_unit_test(the_steps_are_those_of_the_five_stages_in_order),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
