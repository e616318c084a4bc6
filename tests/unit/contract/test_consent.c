/* Consents: signed by the right key, over the right contract, in the right owner's name. */
#include <string.h>

#include "contract_case.h"
#include "relying/contract/consent.h"
#include "relying/contract/explain.h"
#include "tcb/wire/text.h"

enum { OWNERS = 2 };

/* The contract of two owners, whose signing keys are made here. */
typedef struct setting {
    cof_contract *contract;
    cof_ec_key *keys[OWNERS];
    cof_buf consents[OWNERS]; /* JSON texts */
} setting;

static void setting_free(setting *s)
{
    cof_contract_free(s->contract);
    for (size_t i = 0; i < OWNERS; i++) {
        cof_ec_key_free(s->keys[i]);
        cof_buf_free(&s->consents[i]);
    }
}

static void set_up(setting *s)
{
    COF_JSON json_t *json = case_json("wdbc.contract.json");
    *s = (setting){0};
    for (size_t i = 0; i < OWNERS; i++) {
        json_t *jwk = NULL;
        assert_ok(cof_ec_generate(&s->keys[i], NULL));
        assert_ok(cof_ec_to_jwk(s->keys[i], &jwk, NULL));
        assert_int_equal(
            json_object_set_new(json_array_get(json_object_get(json, "owners"), i), "sign", jwk),
            0);
    }
    COF_CLEANUP(cof_buf_free) cof_buf text = case_canonical(json);
    assert_ok(cof_contract_parse(cof_buf_view(&text), &s->contract, NULL));
    for (size_t i = 0; i < OWNERS; i++) {
        COF_JSON json_t *consent = NULL;
        assert_ok(
            cof_consent_make(s->contract, s->contract->owners[i].name, s->keys[i], &consent, NULL));
        s->consents[i] = case_canonical(consent);
    }
}

static void a_consent_verifies_for_its_owner(void **state)
{
    (void)state;
    COF_CLEANUP(setting_free) setting s = {0};
    size_t owner = 9;
    set_up(&s);
    assert_ok(cof_consent_verify(cof_buf_view(&s.consents[0]), s.contract, &owner, NULL));
    assert_int_equal(owner, 0);
    assert_ok(cof_consent_verify(cof_buf_view(&s.consents[1]), s.contract, &owner, NULL));
    assert_int_equal(owner, 1);
}

/* The bytes are put together here once more, as docs/formats/contract.md says. */
static void the_signed_bytes_are_those_of_the_page(void **state)
{
    (void)state;
    COF_CLEANUP(setting_free) setting s = {0};
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {.limit = 256};
    COF_CLEANUP(cof_buf_free) cof_buf signature = {.limit = 64};
    COF_JSON json_t *consent = NULL;
    char digest[2 * COF_DIGEST_SIZE + 1];
    set_up(&s);
    cof_digest_text(&s.contract->digest, digest);
    assert_ok(cof_json_parse(cof_buf_view(&s.consents[0]), 4096, &consent, NULL));
    assert_string_equal(json_string_value(json_object_get(consent, "coffer")), "consent/v1");
    assert_string_equal(json_string_value(json_object_get(consent, "contract")), digest);
    assert_ok(cof_json_get_base64url(consent, "signature", &signature, NULL));
    assert_ok(cof_buf_append_text(&bytes, "coffer/consent/v1\n", NULL));
    assert_ok(cof_buf_append_text(&bytes, digest, NULL));
    assert_ok(cof_buf_append_text(&bytes, "\nhospital-a", NULL));
    assert_ok(cof_ec_verify(s.keys[0], cof_buf_view(&bytes), signature.data, NULL));
}

typedef struct bad {
    const char *path;
    const char *value;
    cof_status status;
} bad;

static void a_changed_consent_is_refused(void **state)
{
    (void)state;
    static const bad bads[] = {
        {"owner", "\"hospital-b\"", COF_E_BAD_SIGNATURE},
        {"owner", "\"nobody\"", COF_E_NOT_FOUND},
        {"owner", NULL, COF_E_BAD_FORMAT},
        {"contract", "\"0000000000000000000000000000000000000000000000000000000000000000\"",
         COF_E_CONTRACT_MISMATCH},
        {"contract", "7", COF_E_BAD_FORMAT},
        {"coffer", "\"consent/v2\"", COF_E_BAD_FORMAT},
        {"signature", "\"AAAA\"", COF_E_BAD_FORMAT},
        {"signature",
         "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
         "\"",
         COF_E_BAD_SIGNATURE},
        {"extra", "1", COF_E_BAD_FORMAT},
    };
    COF_CLEANUP(setting_free) setting s = {0};
    set_up(&s);
    for (size_t i = 0; i < sizeof bads / sizeof bads[0]; i++) {
        COF_JSON json_t *consent = NULL;
        size_t owner = 9;
        assert_ok(cof_json_parse(cof_buf_view(&s.consents[0]), 4096, &consent, NULL));
        case_change(consent, bads[i].path, bads[i].value);
        COF_CLEANUP(cof_buf_free) cof_buf text = case_canonical(consent);
        const cof_status status = cof_consent_verify(cof_buf_view(&text), s.contract, &owner, NULL);
        assert_string_equal(cof_status_describe(status)->name,
                            cof_status_describe(bads[i].status)->name);
        assert_int_equal(owner, 9);
    }
    size_t owner = 9;
    assert_status(cof_consent_verify(cof_view_text("[]"), s.contract, &owner, NULL), BAD_FORMAT);
    assert_status(cof_consent_verify(cof_view_text("{"), s.contract, &owner, NULL), BAD_JSON);
}

static void a_consent_to_another_contract_is_refused(void **state)
{
    (void)state;
    COF_CLEANUP(setting_free) setting s = {0};
    COF_CLEANUP(cof_contract_drop_) cof_contract *other = case_contract("wdbc.contract.json");
    size_t owner = 9;
    set_up(&s);
    assert_status(cof_consent_verify(cof_buf_view(&s.consents[0]), other, &owner, NULL),
                  CONTRACT_MISMATCH);
}

static void nobody_consents_with_the_key_of_another(void **state)
{
    (void)state;
    COF_CLEANUP(setting_free) setting s = {0};
    json_t *consent = NULL;
    set_up(&s);
    assert_status(cof_consent_make(s.contract, "hospital-a", s.keys[1], &consent, NULL), BAD_KEY);
    assert_status(cof_consent_make(s.contract, "auditor", s.keys[1], &consent, NULL), NOT_FOUND);
    assert_null(consent);
}

static void every_owner_has_to_consent(void **state)
{
    (void)state;
    COF_CLEANUP(setting_free) setting s = {0};
    set_up(&s);
    const cof_view both[] = {cof_buf_view(&s.consents[1]), cof_buf_view(&s.consents[0])};
    const cof_view same[] = {both[0], both[0]};
    cof_err err = {0};
    assert_ok(cof_consent_verify_all(both, 2, s.contract, NULL));
    assert_status(cof_consent_verify_all(both, 1, s.contract, &err), CONSENT_MISSING);
    assert_non_null(strstr(err.detail, "hospital-a"));
    assert_status(cof_consent_verify_all(same, 2, s.contract, NULL), CONSENT_MISSING);
    assert_status(cof_consent_verify_all(NULL, 0, s.contract, NULL), CONSENT_MISSING);
}

static void an_explanation_says_who_what_and_until_when(void **state)
{
    (void)state;
    static const char *const parts[] = {
        "Contract wdbc-screening\n",
        "purpose    research\n",
        "faab4fe2900354c77e5a832f6fd112b54fa21d7c446155178d0778f46a4e76f4",
        "proves to https://localhost:8443",
        "simulated: for development; it protects nothing from the machine's administrator",
        "cells of hospital-a, to train on (csv, 4 columns, target \"diagnosis\", 2 classes)\n",
        "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb, 123865 bytes\n",
        "mlp for binary, hidden layers of 64, 32, relu\n",
        "40 epochs at most, batches of 32, adamw at rate 0.001\n",
        "after 5 epochs without a better loss\n",
        "operator too: progress, loss, accuracy, auc\n",
        "sealed: model (the model), which only these can open:\n    hospital-a ",
        "No key is released after 2027-01-01T00:00:00Z, nor for more than 3 runs.\n",
        "A run ends after 3600 s, and has at most 262144 KiB of memory.\n",
    };
    COF_CLEANUP(cof_contract_drop_) cof_contract *contract = case_contract("wdbc.contract.json");
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 16384};
    const char *text = NULL;
    assert_ok(cof_contract_explain(contract, &out, NULL));
    assert_ok(cof_buf_text(&out, &text, NULL));
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (strstr(text, parts[i]) == NULL) {
            fail_msg("\"%s\" is not in:\n%s", parts[i], text);
        }
    }
}

int main(int argc, char **argv)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    case_folder = argc > 1 ? argv[1] : ".";
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_consent_verifies_for_its_owner),
        cmocka_unit_test(the_signed_bytes_are_those_of_the_page),
        cmocka_unit_test(a_changed_consent_is_refused),
        cmocka_unit_test(a_consent_to_another_contract_is_refused),
        cmocka_unit_test(nobody_consents_with_the_key_of_another),
        cmocka_unit_test(every_owner_has_to_consent),
        cmocka_unit_test(an_explanation_says_who_what_and_until_when),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
