/* What the agent reads of vaults' and workers' answers. */
#include "host/agent/services.h"

#include <stdio.h>
#include <string.h>

#include "harness/cof_test.h"
#include "host/agent/timeline.h"
#include "tcb/wire/text.h"

static cof_status scope_of(const char *challenge, char *out, size_t size)
{
    COF_CLEANUP(cof_buf_free) cof_buf scope = {.limit = 1024};
    const cof_status status =
        cof_agent_challenge_scope(challenge, "https://vault.example:8443/keys/a/b", &scope, NULL);
    (void)snprintf(out, size, "%.*s", (int)scope.size,
                   scope.data == NULL ? "" : (const char *)scope.data);
    return status;
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
    uint8_t algorithm = 0;
    print_answer("CKM_RSA_AES_KEY_WRAP", &answer);
    assert_ok(cof_agent_release_parse(cof_buf_view(&answer), &algorithm, &wrapped, NULL));
    assert_int_equal(algorithm, COF_KEY_RSA_AES_SHA1);
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
    uint8_t algorithm = 9;
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        assert_int_not_equal(
            cof_agent_release_parse(cof_view_text(answers[i]), &algorithm, &wrapped, NULL), COF_OK);
    }
    print_answer("RSA_AES_KEY_WRAP_384", &other);
    assert_status(cof_agent_release_parse(cof_buf_view(&other), &algorithm, &wrapped, NULL),
                  BAD_FORMAT);
    assert_int_equal(algorithm, 9);
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
        cmocka_unit_test(a_vault_cannot_have_a_token_made_for_another_service),
        cmocka_unit_test(a_released_key_is_found_in_the_vaults_answer),
        cmocka_unit_test(answers_that_are_not_exact_are_refused),
        cmocka_unit_test(an_evidence_frame_is_cut_into_its_three_parts),
        cmocka_unit_test(the_steps_are_those_of_the_five_stages_in_order),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
