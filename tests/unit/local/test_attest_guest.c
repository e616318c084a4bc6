/* AzureGuest: the key that the answer is sealed to, and who can open it. */
#include <string.h>

#include "unit/local/attest_case.h"
#include "unit/local/guest_case.h"

static azure_rig rigs[2];

static int start(void **state)
{
    (void)state;
    assert_ok(azure_rig_make(&rigs[0], AZURE_RIG_SNP, NULL));
    assert_ok(azure_rig_make(&rigs[1], AZURE_RIG_TDX, NULL));
    return 0;
}

static int stop(void **state)
{
    (void)state;
    azure_rig_free(&rigs[0]);
    azure_rig_free(&rigs[1]);
    return 0;
}

static cof_status judge(const azure_rig *rig, const guest_case_options *options, cof_guest *guest,
                        cof_facts *facts, char *out_failed)
{
    collateral_case source = collateral_case_of(rig->collateral);
    const cof_attest_trust trust = {.roots = rig->pins,
                                    .root_count = rig->pin_count,
                                    .collateral = &source.source,
                                    .now_unix_s = AZURE_RIG_NOW};
    COF_CLEANUP(cof_buf_free) cof_buf info = {.limit = 512 * 1024};
    COF_JSON json_t *body = json_object();
    cof_checks *checks = calloc(1, sizeof *checks);
    assert_ok(guest_case_info(rig, options, &info, NULL));
    attest_put(body, "attestationInfo", cof_buf_view(&info));
    cof_err err = {0};
    const cof_status status =
        attest_judge_body(&trust, COF_ATTEST_AZURE_GUEST, body, guest, facts, checks, &err);
    const cof_check *failed = cof_checks_first_failed(checks);
    if (out_failed != NULL) {
        (void)snprintf(out_failed, COF_CHECK_NAME_SIZE, "%s", failed != NULL ? failed->name : "");
    }
    free(checks);
    return status;
}

static void both_kinds_of_machines_are_attested(void **state)
{
    (void)state;
    const guest_case_options options = {0};
    for (size_t i = 0; i < 2; i++) {
        COF_CLEANUP(cof_guest_free) cof_guest guest = {0};
        COF_JSON json_t *claims = NULL;
        cof_facts facts = {0};
        assert_ok(judge(&rigs[i], &options, &guest, &facts, NULL));
        assert_int_equal(facts.tee, COF_TEE_AZURE_CVM);
        assert_int_equal(facts.azure.quote.pcr_mask, GUEST_CASE_PCRS);
        assert_string_equal(guest.claims.os_distro, "Ubuntu");
        assert_int_equal(guest.claims.os_major, 22);
        assert_ok(cof_attest_evidence_claims(COF_ATTEST_AZURE_GUEST, &facts, &guest.claims, &claims,
                                             NULL));
        const json_t *tee = json_object_get(claims, "x-ms-isolation-tee");
        assert_string_equal(json_string_value(json_object_get(tee, "x-ms-attestation-type")),
                            i == 0 ? "sevsnpvm" : "tdxvm");
        const json_t *keys = json_object_get(json_object_get(tee, "x-ms-runtime"), "keys");
        assert_string_equal(json_string_value(json_object_get(json_array_get(keys, 0), "kid")),
                            "HCLAkPub");
    }
}

static void the_answer_opens_with_the_ephemeral_key_and_no_other(void **state)
{
    (void)state;
    const guest_case_options options = {0};
    COF_CLEANUP(cof_guest_free) cof_guest guest = {0};
    COF_CLEANUP(cof_buf_free) cof_buf sealed = {.limit = 64 * 1024};
    COF_CLEANUP(cof_buf_free) cof_buf opened = {.limit = 64 * 1024};
    cof_facts facts = {0};
    assert_ok(judge(&rigs[0], &options, &guest, &facts, NULL));
    assert_ok(cof_guest_seal(guest.encryption_key, cof_view_text("a.token.here"), &sealed, NULL));
    assert_ok(guest_case_open(&rigs[0], cof_buf_view(&sealed), &opened, NULL));
    assert_view_text(cof_buf_view(&opened), "a.token.here");
    azure_rig other = rigs[0];
    other.keys[AZURE_RIG_ENCRYPTION] = rigs[0].keys[AZURE_RIG_STRANGER];
    assert_true(guest_case_open(&other, cof_buf_view(&sealed), &opened, NULL) != COF_OK);
}

static void two_answers_share_no_key_and_no_nonce(void **state)
{
    (void)state;
    const guest_case_options options = {0};
    COF_CLEANUP(cof_guest_free) cof_guest guest = {0};
    COF_CLEANUP(cof_buf_free) cof_buf a = {.limit = 64 * 1024};
    COF_CLEANUP(cof_buf_free) cof_buf b = {.limit = 64 * 1024};
    cof_facts facts = {0};
    assert_ok(judge(&rigs[0], &options, &guest, &facts, NULL));
    assert_ok(cof_guest_seal(guest.encryption_key, cof_view_text("same"), &a, NULL));
    assert_ok(cof_guest_seal(guest.encryption_key, cof_view_text("same"), &b, NULL));
    assert_int_equal(a.size, b.size);
    assert_memory_not_equal(a.data, b.data, a.size);
}

static void a_key_without_the_right_policy_is_refused(void **state)
{
    (void)state;
    const struct {
        guest_case_options options;
        const char *check;
    } rows[] = {{{.has_no_key = true}, "encryption_key"},
                {{.is_open = true}, "encryption_key.policy"},
                {{.is_policy_broken = true}, "encryption_key.policy"},
                {{.is_other_state = true}, "encryption_key.policy"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        COF_CLEANUP(cof_guest_free) cof_guest guest = {0};
        char failed[COF_CHECK_NAME_SIZE];
        cof_facts facts = {0};
        assert_status(judge(&rigs[0], &rows[i].options, &guest, &facts, failed), EVIDENCE_BINDING);
        assert_string_equal(failed, rows[i].check);
        assert_null(guest.encryption_key);
    }
}

static void evidence_that_is_not_genuine_is_refused(void **state)
{
    (void)state;
    const azure_rig_options rows[] = {
        {.quoted_by = AZURE_RIG_STRANGER},
        {.signature_patches = {{100, 1}}},
        {.late_claims_edits = {{"HCLAkPub", "HCLAkPuc"}}},
        {.pcr_patches = {{32 * 4 + 1, 1}}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t k = 0; k < 2; k++) {
            COF_CLEANUP(cof_guest_free) cof_guest guest = {0};
            const guest_case_options options = {.rig = rows[i]};
            cof_facts facts = {0};
            assert_true(judge(&rigs[k], &options, &guest, &facts, NULL) != COF_OK);
            assert_int_equal(facts.tee, COF_TEE_NONE);
        }
    }
}

static void names_of_the_system_are_bounded_texts(void **state)
{
    (void)state;
    char long_name[COF_GUEST_TEXT_SIZE + 1];
    memset(long_name, 'x', COF_GUEST_TEXT_SIZE);
    long_name[COF_GUEST_TEXT_SIZE] = '\0';
    const char *const names[] = {long_name, "\xff\xfe"};
    for (size_t i = 0; i < 2; i++) {
        COF_CLEANUP(cof_guest_free) cof_guest guest = {0};
        const guest_case_options options = {.os_distro = names[i]};
        cof_facts facts = {0};
        assert_true(judge(&rigs[0], &options, &guest, &facts, NULL) != COF_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_kinds_of_machines_are_attested),
        cmocka_unit_test(the_answer_opens_with_the_ephemeral_key_and_no_other),
        cmocka_unit_test(two_answers_share_no_key_and_no_nonce),
        cmocka_unit_test(a_key_without_the_right_policy_is_refused),
        cmocka_unit_test(evidence_that_is_not_genuine_is_refused),
        cmocka_unit_test(names_of_the_system_are_bounded_texts),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, start, stop);
}
