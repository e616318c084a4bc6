/* AttestationInfo, what Azure's guest clients send to an attestation service: the same checks as
 * for evidence, under another spelling. */
#include <string.h>

#include "harness/cof_test.h"
#include "rig/azure_rig.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"
#include "unit/relying/text_replace.h"

enum { ROOM = 64 * 1024 };

static azure_rig snp;
static azure_rig tdx;

static int set_up(void **state)
{
    (void)state;
    assert_ok(azure_rig_make(&snp, AZURE_RIG_SNP, NULL));
    assert_ok(azure_rig_make(&tdx, AZURE_RIG_TDX, NULL));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    azure_rig_free(&snp);
    azure_rig_free(&tdx);
    return 0;
}

static cof_status verify_info(const azure_rig *rig, cof_view info, cof_facts *facts,
                              cof_checks *checks)
{
    COF_CLEANUP(cof_azure_evidence_free) cof_azure_evidence evidence = {0};
    const cof_evidence_input input = {.evidence = info,
                                      .collateral = rig->collateral,
                                      .roots = rig->pins,
                                      .root_count = rig->pin_count,
                                      .now_unix_s = AZURE_RIG_NOW};
    COF_TRY(cof_azure_attestation_info_parse(info, &evidence, NULL));
    return cof_azure_cvm_verify(&evidence, &input, facts, checks, NULL);
}

static void an_attestation_info_is_read_and_verifies(void **state)
{
    (void)state;
    static const azure_rig *const rigs[] = {&snp, &tdx};
    const azure_rig_options options = {.has_ak_certificate = true, .has_encryption_key = true};
    for (size_t i = 0; i < 2; i++) {
        COF_CLEANUP(cof_buf_free) cof_buf info = {.limit = COF_AZURE_ATTESTATION_INFO_MAX};
        cof_facts facts = {0};
        cof_checks checks = {0};
        assert_ok(azure_rig_attestation_info(rigs[i], &options, &info, NULL));
        assert_ok(verify_info(rigs[i], cof_buf_view(&info), &facts, &checks));
        assert_true(cof_checks_all_ok(&checks));
        assert_int_equal(facts.tee, COF_TEE_AZURE_CVM);
        assert_true(facts.azure.has_ak_certificate);
        assert_true(facts.azure.has_encryption_key);
        COF_JSON json_t *jwk = NULL;
        COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 1024};
        assert_ok(cof_rsa_to_jwk(rigs[i]->keys[AZURE_RIG_ENCRYPTION], &jwk, NULL));
        assert_ok(cof_base64url_encode(
            cof_view_of(facts.azure.encryption_modulus, sizeof facts.azure.encryption_modulus),
            &text, NULL));
        assert_view_text(cof_buf_view(&text), json_string_value(json_object_get(jwk, "n")));
        /* It is no evidence for any other door. */
        assert_int_equal(cof_evidence_detect(cof_buf_view(&info)), COF_EVIDENCE_UNKNOWN);
    }
}

/* Every '+' and '/' as in URLs, and the paddings away. */
static void an_attestation_info_in_the_other_alphabet_is_the_same(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf info = {.limit = COF_AZURE_ATTESTATION_INFO_MAX};
    COF_CLEANUP(cof_buf_free) cof_buf other = {.limit = COF_AZURE_ATTESTATION_INFO_MAX};
    cof_facts facts = {0};
    size_t changed = 0;
    assert_ok(azure_rig_attestation_info(&tdx, &(azure_rig_options){.has_encryption_key = true},
                                         &info, NULL));
    for (size_t i = 0; i < info.size; i++) {
        const char c = (char)info.data[i];
        const char mapped = (char)(c == '+' ? '-' : c == '/' ? '_' : c);
        changed += mapped != c ? 1 : 0;
        if (c != '=') {
            assert_ok(cof_buf_append(&other, cof_view_of(&mapped, 1), NULL));
        }
    }
    assert_true(changed > 0);
    assert_ok(verify_info(&tdx, cof_buf_view(&other), &facts, NULL));
}

static void a_quote_with_its_size_in_front_is_the_same(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf info = {.limit = COF_AZURE_ATTESTATION_INFO_MAX};
    COF_CLEANUP(cof_buf_free) cof_buf sized = {.limit = COF_TPM_QUOTE_MAX + 2};
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = ROOM};
    COF_CLEANUP(cof_buf_free) cof_buf changed = {.limit = COF_AZURE_ATTESTATION_INFO_MAX};
    COF_CLEANUP(cof_azure_evidence_free) cof_azure_evidence evidence = {0};
    COF_JSON json_t *object = NULL;
    cof_facts facts = {0};
    assert_ok(azure_rig_attestation_info(&snp, &(azure_rig_options){0}, &info, NULL));
    assert_ok(cof_azure_attestation_info_parse(cof_buf_view(&info), &evidence, NULL));
    const uint8_t size[] = {(uint8_t)(evidence.quote.size >> 8), (uint8_t)evidence.quote.size};
    assert_ok(cof_buf_append(&sized, cof_view_of(size, sizeof size), NULL));
    assert_ok(cof_buf_append(&sized, cof_buf_view(&evidence.quote), NULL));
    assert_ok(cof_base64_encode(cof_buf_view(&sized), &text, NULL));
    assert_ok(cof_json_parse(cof_buf_view(&info), COF_AZURE_ATTESTATION_INFO_MAX, &object, NULL));
    assert_int_equal(json_object_set_new(json_object_get(object, "TpmInfo"), "PcrQuote",
                                         json_stringn((const char *)text.data, text.size)),
                     0);
    assert_ok(cof_json_print(object, &changed, NULL));
    assert_ok(verify_info(&snp, cof_buf_view(&changed), &facts, NULL));
}

static const struct {
    const char *find;
    const char *by;
    cof_status status;
} wrong_info[] = {
    {"\"Type\":\"Tdx\"", "\"Type\":\"TrustedLaunch\"", COF_E_UNSUPPORTED},
    {"\"Type\":\"Tdx\"", "\"Type\":\"SevSnp\"", COF_E_BAD_JSON},
    {"\"Type\":\"Tdx\"", "\"Type\":1", COF_E_BAD_FORMAT},
    {"\"IsolationInfo\"", "\"Isolation\"", COF_E_BAD_FORMAT},
    {"\"RunTimeData\"", "\"Data\"", COF_E_BAD_FORMAT},
    {"\"Proof\"", "\"Prof\"", COF_E_BAD_FORMAT},
    {"\"TpmInfo\"", "\"Tpm\"", COF_E_BAD_FORMAT},
    {"\"PcrQuote\"", "\"Quote\"", COF_E_BAD_FORMAT},
    {"\"PcrSignature\"", "\"Signature\"", COF_E_BAD_FORMAT},
    {"\"PcrSet\":[0,", "\"PcrSet\":[", COF_E_BAD_FORMAT},
    {"\"PcrSet\":[0,", "\"PcrSet\":[0,0,", COF_E_BAD_FORMAT},
    {"\"PcrSet\":[0,", "\"PcrSet\":[1,", COF_E_BAD_FORMAT},
    {"\"PcrSet\":[0,", "\"PcrSet\":[24,", COF_E_BAD_FORMAT},
    {"\"PcrSet\":[0,", "\"PcrSet\":[-1,", COF_E_BAD_FORMAT},
    {"\"PcrSet\":[0,", "\"PcrSet\":[\"0\",", COF_E_BAD_FORMAT},
    {"\"Index\":0,", "\"Index\":1,", COF_E_BAD_FORMAT},
    {"\"Index\":0,", "\"Index\":24,", COF_E_BAD_FORMAT},
    {"\"Index\":0,", "\"Index\":-1,", COF_E_BAD_FORMAT},
    {"\"Index\":0,\"Digest\":\"", "\"Index\":0,\"Digest\":\"AAAA", COF_E_LIMIT},
    {"\"PCRs\":[", "\"PCRs\":[1,", COF_E_BAD_FORMAT},
    {"\"EncKeyPub\"", "\"EncKey\"", COF_E_BAD_FORMAT},
    {"\"EncKeyCertifyInfo\"", "\"Certify\"", COF_E_BAD_FORMAT},
    {"\"EncKeyCertifyInfoSignature\"", "\"CertifySignature\"", COF_E_BAD_FORMAT},
    {"\"AikCert\":\"", "\"AikCert\":\"*", COF_E_BAD_FORMAT},
    {"{", "{\"TpmInfo\":{},", COF_E_BAD_JSON},
};

static void an_attestation_info_that_is_not_one_is_refused(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf info = {.limit = COF_AZURE_ATTESTATION_INFO_MAX};
    const azure_rig_options options = {.has_ak_certificate = true, .has_encryption_key = true};
    assert_ok(azure_rig_attestation_info(&tdx, &options, &info, NULL));
    for (size_t i = 0; i < sizeof wrong_info / sizeof wrong_info[0]; i++) {
        COF_CLEANUP(cof_buf_free) cof_buf changed = {.limit = COF_AZURE_ATTESTATION_INFO_MAX};
        cof_azure_evidence evidence = {0};
        text_replace(&info, wrong_info[i].find, wrong_info[i].by, &changed);
        const cof_status status =
            cof_azure_attestation_info_parse(cof_buf_view(&changed), &evidence, NULL);
        if (status != wrong_info[i].status) {
            fail_msg("%s: %s", wrong_info[i].by, cof_status_describe(status)->name);
        }
        assert_null(evidence.quote.data);
    }
}

/* Which of the two values would count? */
static void a_pcr_that_is_there_twice_is_refused(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf info = {.limit = COF_AZURE_ATTESTATION_INFO_MAX};
    COF_CLEANUP(cof_buf_free) cof_buf set = {.limit = COF_AZURE_ATTESTATION_INFO_MAX};
    COF_CLEANUP(cof_buf_free) cof_buf both = {.limit = COF_AZURE_ATTESTATION_INFO_MAX};
    cof_azure_evidence evidence = {0};
    assert_ok(azure_rig_attestation_info(&tdx, &(azure_rig_options){0}, &info, NULL));
    text_replace(&info, "\"PcrSet\":[0,1,", "\"PcrSet\":[0,0,", &set);
    text_replace(&set, "\"Index\":1,", "\"Index\":0,", &both);
    assert_status(cof_azure_attestation_info_parse(cof_buf_view(&both), &evidence, NULL),
                  BAD_FORMAT);
}

static const azure_rig_options altered[] = {
    {.late_claims_edits = {{"\"secure-boot\":true", "\"secure-boot\":false"}}},
    {.report_data_tail = 1},
    {.quoted_by = AZURE_RIG_STRANGER},
    {.pcr_patches = {{0, 1}}},
    {.has_encryption_key = true, .encryption_signed_by = AZURE_RIG_STRANGER},
    {.has_encryption_key = true, .late_encryption_patches = {{100, 1}}},
    {.has_ak_certificate = true, .certificate_of = AZURE_RIG_EK},
    {.hash = COF_HCL_SHA384, .stated_hash = COF_HCL_SHA384}, /* there it is always SHA-256 */
};

static void an_attestation_info_is_held_to_the_same_checks(void **state)
{
    (void)state;
    static const azure_rig *const rigs[] = {&snp, &tdx};
    for (size_t i = 0; i < 2; i++) {
        for (size_t k = 0; k < sizeof altered / sizeof altered[0]; k++) {
            COF_CLEANUP(cof_buf_free) cof_buf info = {.limit = COF_AZURE_ATTESTATION_INFO_MAX};
            cof_facts facts = {0};
            assert_ok(azure_rig_attestation_info(rigs[i], &altered[k], &info, NULL));
            assert_status(verify_info(rigs[i], cof_buf_view(&info), &facts, NULL),
                          EVIDENCE_INVALID);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_attestation_info_is_read_and_verifies),
        cmocka_unit_test(an_attestation_info_in_the_other_alphabet_is_the_same),
        cmocka_unit_test(a_quote_with_its_size_in_front_is_the_same),
        cmocka_unit_test(an_attestation_info_that_is_not_one_is_refused),
        cmocka_unit_test(a_pcr_that_is_there_twice_is_refused),
        cmocka_unit_test(an_attestation_info_is_held_to_the_same_checks),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
