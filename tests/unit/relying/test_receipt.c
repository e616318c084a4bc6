/* Receipts: each field edited fails the check that it belongs to, even when whoever edits can sign.
 */
#include <string.h>

#include "harness/cof_test.h"
#include "relying/contract/consent.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"
#include "unit/relying/receipt_case.h"

static receipt_case made;
static cof_receipt_options options;
static cof_checks checks;
static const char *contract_folder;

static int set_up(void **state)
{
    (void)state;
    receipt_case_make(&made, contract_folder);
    options = (cof_receipt_options){.now_unix_s = RIG_NOW, .token_keys = made.service_keys};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    receipt_case_free(&made);
    return 0;
}

static cof_status verify(void)
{
    cof_receipt receipt = {0};
    const cof_status status =
        cof_receipt_verify(cof_buf_view(&made.envelope), &options, &checks, &receipt, NULL);
    cof_receipt_free(&receipt);
    return status;
}

/* Verification fails, and this check is among those that failed. */
static void expect_failed(const char *name, const char *what)
{
    assert_status(verify(), VERIFY_FAILED);
    const cof_check *check = cof_checks_find(&checks, name);
    if (check == NULL || check->is_ok) {
        fail_msg("%s: check %s did not fail; first failed: %s", what, name,
                 cof_checks_first_failed(&checks)->name);
    }
}

static json_t *predicate(void)
{
    return json_object_get(made.statement, "predicate");
}

/* Walks "outputs.0.sha256" from the statement. */
static json_t *parent_of(const char *path, char *out_key, size_t size)
{
    json_t *at = made.statement;
    for (;;) {
        const char *dot = strchr(path, '.');
        const size_t length = dot == NULL ? strlen(path) : (size_t)(dot - path);
        assert_true(length < size);
        memcpy(out_key, path, length);
        out_key[length] = '\0';
        if (dot == NULL) {
            return at;
        }
        at = json_is_array(at) ? json_array_get(at, (size_t)(out_key[0] - '0'))
                               : json_object_get(at, out_key);
        assert_non_null(at);
        path = dot + 1;
    }
}

/* Replaces what is at path (value NULL: takes it away), signs with coffer-sign itself, and puts it
 * back afterwards. */
static void expect_edit_fails(const char *path, const char *value, const char *check)
{
    char key[64];
    COF_JSON json_t *before = json_deep_copy(made.statement);
    json_t *parent = parent_of(path, key, sizeof key);
    json_t *replacement = value == NULL ? NULL : json_loads(value, JSON_DECODE_ANY, NULL);
    assert_true(value == NULL || replacement != NULL);
    if (json_is_array(parent)) {
        const size_t index = (size_t)(key[0] - '0');
        (void)(value == NULL ? json_array_remove(parent, index)
                             : json_array_set_new(parent, index, replacement));
    } else {
        (void)(value == NULL ? json_object_del(parent, key)
                             : json_object_set_new(parent, key, replacement));
    }
    receipt_case_envelope(&made, NULL);
    expect_failed(check, path);
    json_decref(made.statement);
    made.statement = json_incref(before);
    receipt_case_envelope(&made, NULL);
}

static void a_good_receipt_verifies(void **state)
{
    (void)state;
    static const char *const names[] = {"envelope", "statement", "contract", "evidence",
                                        "policy",   "binding",   "runtime",  "signature",
                                        "token",    "outputs",   "inputs",   "disclosure"};
    cof_err err = {0};
    cof_receipt receipt = {0};
    const cof_status status =
        cof_receipt_verify(cof_buf_view(&made.envelope), &options, &checks, &receipt, &err);
    if (status != COF_OK) {
        fail_msg("%s", err.detail);
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_non_null(cof_checks_find(&checks, names[i]));
    }
    assert_null(cof_checks_find(&checks, "files"));
    assert_true(json_equal(receipt.statement, made.statement));
    cof_receipt_free(&receipt);
}

static void the_signed_bytes_are_those_of_dsse(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf encoded = {.limit = 1024};
    assert_ok(cof_receipt_pae(cof_view_text("{}"), &encoded, NULL));
    assert_view_text(cof_buf_view(&encoded), "DSSEv1 28 application/vnd.in-toto+json 2 {}");
}

static void each_field_edited_fails_its_check(void **state)
{
    (void)state;
    static const char other_hex[] =
        "\"00000000000000000000000000000000000000000000000000000000000000aa\"";
    expect_edit_fails("_type", "\"https://in-toto.io/Statement/v0.1\"", "statement");
    expect_edit_fails("predicateType", "\"urn:coffer:receipt:v2\"", "statement");
    expect_edit_fails("more", "1", "statement");
    expect_edit_fails("subject.0.digest.sha256", other_hex, "outputs");
    expect_edit_fails("subject.0.name", "\"other\"", "outputs");
    expect_edit_fails("subject.0", NULL, "outputs");
    expect_edit_fails("subject.0.digest.sha512", "\"aa\"", "statement");
    expect_edit_fails("predicate.more", "{}", "statement");
    expect_edit_fails("predicate.contract_digest", other_hex, "contract");
    expect_edit_fails("predicate.contract_digest", other_hex, "evidence");
    expect_edit_fails("predicate.contract.name", "\"other\"", "contract");
    expect_edit_fails("predicate.contract.limits.runs", "1000", "contract");
    expect_edit_fails("predicate.run", "\"abababababababababababababababaa\"", "runtime");
    expect_edit_fails("predicate.run", "\"ab\"", "runtime");
    expect_edit_fails("predicate.worker.version", "\"0.1.1\"", "runtime");
    expect_edit_fails("predicate.worker.kernel", "\"scalar\"", "runtime");
    expect_edit_fails("predicate.inputs.0.digests.0", other_hex, "inputs");
    expect_edit_fails("predicate.inputs.0.digests", "[]", "inputs");
    expect_edit_fails("predicate.inputs.0.name", "\"other\"", "inputs");
    expect_edit_fails("predicate.inputs.0.rows", "0", "inputs");
    expect_edit_fails("predicate.inputs.1", NULL, "inputs");
    expect_edit_fails("predicate.outputs.0.sha256", other_hex, "outputs");
    expect_edit_fails("predicate.outputs.0.sealed", "\"xx\"", "outputs");
    expect_edit_fails("predicate.outputs.0.format", "\"json\"", "outputs");
    expect_edit_fails("predicate.outputs.0.name", "\"other\"", "outputs");
    expect_edit_fails("predicate.outputs.0", NULL, "outputs");
    expect_edit_fails("predicate.timeline.0.host_time", "\"now\"", "statement");
    expect_edit_fails("predicate.timeline.0.more", "1", "statement");
    expect_edit_fails("predicate.log.events", "1.5", "statement");
    expect_edit_fails("predicate.evidence.type", "\"sgx\"", "evidence");
    expect_edit_fails("predicate.evidence.quote", "\"AAAA\"", "evidence");
    expect_edit_fails("predicate.evidence.quote", "\"AAAA\"", "binding");
    expect_edit_fails("predicate.evidence.runtime", "\"e30\"", "binding");
    expect_edit_fails("predicate.evidence.runtime", "\"e30\"", "signature");
    expect_edit_fails("predicate.attestation.token", "\"\"", "token");
    expect_edit_fails("predicate.attestation.token", "\"e30.e30.AAAA\"", "token");
    expect_edit_fails("predicate.metrics", NULL, "statement");
    assert_ok(verify());
}

static void what_the_contract_does_not_disclose_is_found(void **state)
{
    (void)state;
    /* The contract discloses progress, loss, accuracy, auc. */
    expect_edit_fails("predicate.metrics.test.f1", "0.5", "disclosure");
    expect_edit_fails("predicate.metrics.test.confusion", "[[1,2],[3,4]]", "disclosure");
    expect_edit_fails("predicate.metrics.test.rows", "12", "disclosure");
    expect_edit_fails("predicate.metrics.weights", "{}", "disclosure");
    expect_edit_fails("predicate.metrics.test.loss", "[1,2,3]", "disclosure");
    expect_edit_fails("predicate.metrics.test.loss", "\"0.5\"", "disclosure");
    expect_edit_fails("predicate.metrics.validation", "0.5", "disclosure");
    expect_edit_fails("predicate.history.0.rmse", "0.5", "disclosure");
    expect_edit_fails("predicate.history.0.validation_f1", "0.5", "disclosure");
    expect_edit_fails("predicate.history.0.epoch", "\"1\"", "disclosure");
    expect_edit_fails("predicate.history.0.gradient", "0.5", "disclosure");
    expect_edit_fails("predicate.history.0.loss", "[0.5]", "disclosure");
}

static void a_byte_changed_in_the_envelope_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < made.envelope.size; i += 97) {
        const uint8_t old = made.envelope.data[i];
        made.envelope.data[i] = old == 'A' ? 'B' : 'A';
        assert_status(verify(), VERIFY_FAILED);
        made.envelope.data[i] = old;
    }
    for (size_t size = 0; size < made.envelope.size; size += 331) {
        cof_receipt receipt = {0};
        assert_status(cof_receipt_verify(cof_view_of(made.envelope.data, size), &options, &checks,
                                         &receipt, NULL),
                      VERIFY_FAILED);
        assert_null(receipt.statement);
    }
    assert_ok(verify());
}

/* What a verifier refuses although the statement inside is right. */
static void other_envelopes_are_refused(void **state)
{
    (void)state;
    static const char *const changes[][2] = {
        {"application/vnd.in-toto+json", "application/vnd.in-toto+jsom"},
        {"coffer-sign", "coffer-sigm"},
        {"{\"payload\"", "{\"x\":1,\"payload\""},
        {"\"signatures\":[", "\"signatures\":[{\"keyid\":\"coffer-sign\",\"sig\":\"AAAA\"},"},
        {"{\"payload\"", "{\"payload\":\"e30=\",\"payload\""}};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        COF_CLEANUP(cof_buf_free) cof_buf changed = {.limit = COF_RECEIPT_BYTES_MAX};
        const char *text = NULL;
        assert_ok(cof_buf_text(&made.envelope, &text, NULL));
        const char *at = strstr(text, changes[i][0]);
        assert_non_null(at);
        assert_ok(cof_buf_append(&changed, cof_view_of(text, (size_t)(at - text)), NULL));
        assert_ok(cof_buf_append_text(&changed, changes[i][1], NULL));
        assert_ok(cof_buf_append_text(&changed, at + strlen(changes[i][0]), NULL));
        assert_status(cof_receipt_verify(cof_buf_view(&changed), &options, &checks, NULL, NULL),
                      VERIFY_FAILED);
        assert_false(cof_checks_find(&checks, "envelope")->is_ok);
    }
}

static void a_signature_by_another_key_is_refused(void **state)
{
    (void)state;
    receipt_case_envelope(&made, made.owners[0]);
    expect_failed("signature", "another key");
    assert_true(cof_checks_find(&checks, "evidence")->is_ok);
    receipt_case_envelope(&made, NULL);
}

/* Puts a quote of this platform into the statement. */
static void use_quote(const rig_platform *platform)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 1 << 20};
    assert_ok(cof_base64url_encode(cof_buf_view(&platform->quote), &text, NULL));
    (void)json_object_set_new(json_object_get(predicate(), "evidence"), "quote",
                              json_stringn((const char *)text.data, text.size));
    receipt_case_envelope(&made, NULL);
}

static void evidence_of_another_installation_is_refused(void **state)
{
    (void)state;
    rig_platform other;
    rig_make(&other, &(rig_options){0});
    use_quote(&other);
    expect_failed("evidence", "another installation");
    assert_false(cof_checks_find(&checks, "evidence.chain")->is_ok);
    rig_free(&other);
    use_quote(&made.platform);
    assert_ok(verify());
}

static void requote(void)
{
    rig_platform *platform = &made.platform;
    rig_requote(platform, cof_buf_view(&platform->pem[0]), cof_buf_view(&platform->pem[1]),
                cof_buf_view(&platform->pem[2]));
    use_quote(platform);
}

static void another_program_debug_or_report_data_is_refused(void **state)
{
    (void)state;
    made.platform.mrenclave[0] ^= 1;
    requote();
    expect_failed("policy", "another program");
    made.platform.mrenclave[0] ^= 1;
    made.platform.options.flags = COF_SGX_FLAG_INIT | COF_SGX_FLAG_DEBUG;
    requote();
    expect_failed("policy", "debug");
    made.platform.options.flags = 0;
    made.platform.report_data[63] = 1;
    requote();
    expect_failed("binding", "report data");
    made.platform.report_data[63] = 0;
    requote();
    assert_ok(verify());
}

static void evidence_is_judged_at_the_given_time(void **state)
{
    (void)state;
    options.now_unix_s = RIG_NOW + 90000;
    expect_failed("evidence", "expired");
    options.now_unix_s = RIG_NOW - 90000;
    expect_failed("evidence", "not yet valid");
    options.now_unix_s = RIG_NOW;
}

static void other_mrenclave(json_t *claims)
{
    (void)json_object_set_new(claims, "x-ms-sgx-mrenclave", json_string("00"));
}
static void other_signer(json_t *claims)
{
    (void)json_object_del(claims, "x-ms-sgx-mrsigner");
}
static void debug_claim(json_t *claims)
{
    (void)json_object_set_new(claims, "x-ms-sgx-is-debuggable", json_true());
}
static void text_claim(json_t *claims)
{
    (void)json_object_set_new(claims, "x-ms-sgx-svn", json_string("1"));
}
static void other_contract(json_t *claims)
{
    (void)json_object_set_new(json_object_get(claims, "x-ms-runtime"), "contract",
                              json_string("00"));
}
static void other_issuer(json_t *claims)
{
    (void)json_object_set_new(claims, "iss", json_string("https://localhost:8444"));
}
static void other_type(json_t *claims)
{
    (void)json_object_set_new(claims, "x-ms-attestation-type", json_string("sevsnpvm"));
}
static void no_time(json_t *claims)
{
    (void)json_object_del(claims, "iat");
}
static void expired_before_issued(json_t *claims)
{
    (void)json_object_set_new(claims, "exp", json_integer(RIG_NOW - 3601));
}

static void a_token_with_other_claims_is_refused(void **state)
{
    (void)state;
    static void (*const changes[])(json_t *) = {
        other_mrenclave, other_signer, debug_claim, text_claim,           other_contract,
        other_issuer,    other_type,   no_time,     expired_before_issued};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        receipt_case_token(&made, changes[i], made.service, NULL);
        receipt_case_envelope(&made, NULL);
        expect_failed("token", "claims");
    }
    receipt_case_token(&made, NULL, made.transfer, NULL);
    receipt_case_envelope(&made, NULL);
    expect_failed("token", "another key");
    receipt_case_token(&made, NULL, made.service, NULL);
    receipt_case_envelope(&made, NULL);
    assert_ok(verify());
}

static void named_issuer(json_t *claims)
{
    (void)json_object_set_new(claims, "iss", json_string(RECEIPT_CASE_OTHER));
}

static void a_token_of_any_service_that_the_contract_names_verifies(void **state)
{
    (void)state;
    receipt_case_token(&made, named_issuer, made.service, NULL);
    receipt_case_envelope(&made, NULL);
    assert_ok(verify());
    receipt_case_token(&made, other_issuer, made.service, NULL);
    receipt_case_envelope(&made, NULL);
    expect_failed("token", "a service that it does not name");
    receipt_case_token(&made, NULL, made.service, NULL);
    receipt_case_envelope(&made, NULL);
}

static void a_token_verifies_by_the_enclosed_certificate_or_given_keys(void **state)
{
    (void)state;
    COF_JSON json_t *right = json_pack("{s:o}", "x5c", receipt_case_x5c(made.service));
    COF_JSON json_t *wrong = json_pack("{s:o}", "x5c", receipt_case_x5c(made.transfer));
    options.token_keys = NULL;
    expect_failed("token", "no keys at all");
    receipt_case_token(&made, NULL, made.service, right);
    receipt_case_envelope(&made, NULL);
    assert_ok(verify());
    receipt_case_token(&made, NULL, made.service, wrong);
    receipt_case_envelope(&made, NULL);
    expect_failed("token", "another certificate");
    /* Given keys are the only ones: what is enclosed does not help. */
    options.token_keys = made.service_keys;
    receipt_case_token(&made, NULL, made.transfer, wrong);
    receipt_case_envelope(&made, NULL);
    expect_failed("token", "enclosed, but keys were given");
    receipt_case_token(&made, NULL, made.service, NULL);
    receipt_case_envelope(&made, NULL);
}

static void files_must_hash_to_their_subjects(void **state)
{
    (void)state;
    cof_receipt_file file = {
        .output = json_string_value(json_object_get(
            json_array_get(json_object_get(made.statement, "subject"), 0), "name"))};
    assert_ok(cof_digest_of(cof_view_text("output 0"), &file.digest, NULL));
    options.files = &file;
    options.file_count = 1;
    assert_ok(verify());
    assert_true(cof_checks_find(&checks, "files")->is_ok);
    file.digest.bytes[0] ^= 1;
    expect_failed("files", "another file");
    file.digest.bytes[0] ^= 1;
    file.output = "other";
    expect_failed("files", "no such output");
    options.file_count = 0;
}

static void the_log_must_be_whole(void **state)
{
    (void)state;
    options.log = cof_buf_view(&made.log);
    assert_ok(verify());
    options.log.size--; /* the last line end may be missing */
    assert_ok(verify());
    options.log.size--;
    expect_failed("log", "a character less");
    options.log = cof_view_of(made.log.data, 28);
    expect_failed("log", "an event less");
    options.log = cof_view_of("", 0);
    expect_failed("log", "empty");
    options.log = (cof_view){0};
}

static void every_owner_must_consent(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf canonical = {.limit = COF_LIMIT_CONTRACT_BYTES};
    COF_CLEANUP(cof_contract_drop_) cof_contract *contract = NULL;
    cof_buf texts[2] = {{.limit = 4096}, {.limit = 4096}};
    cof_view views[2];
    assert_ok(cof_json_canonical(made.contract, &canonical, NULL));
    assert_ok(cof_contract_parse(cof_buf_view(&canonical), &contract, NULL));
    for (size_t i = 0; i < 2; i++) {
        COF_JSON json_t *consent = NULL;
        assert_ok(
            cof_consent_make(contract, contract->owners[i].name, made.owners[i], &consent, NULL));
        assert_ok(cof_json_print(consent, &texts[i], NULL));
        views[i] = cof_buf_view(&texts[i]);
    }
    options.consents = views;
    options.consent_count = 2;
    assert_ok(verify());
    assert_true(cof_checks_find(&checks, "consents")->is_ok);
    options.consent_count = 1;
    expect_failed("consents", "one is missing");
    texts[1].data[texts[1].size / 2] ^= 1;
    options.consent_count = 2;
    expect_failed("consents", "changed");
    options.consent_count = 0;
    cof_buf_free(&texts[0]);
    cof_buf_free(&texts[1]);
}

/* Without anything readable, every check of the page is still listed, and none passes but by right.
 */
static void all_checks_are_made_as_far_as_possible(void **state)
{
    (void)state;
    cof_receipt receipt = {0};
    assert_status(cof_receipt_verify(cof_view_text("{}"), &options, &checks, &receipt, NULL),
                  VERIFY_FAILED);
    assert_int_equal(checks.count, 12);
    for (size_t i = 0; i < checks.count; i++) {
        assert_false(checks.items[i].is_ok);
    }
    cof_receipt_free(&receipt);
}

int main(int argc, char **argv)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    (void)argc;
    contract_folder = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_receipt_verifies),
        cmocka_unit_test(the_signed_bytes_are_those_of_dsse),
        cmocka_unit_test(each_field_edited_fails_its_check),
        cmocka_unit_test(what_the_contract_does_not_disclose_is_found),
        cmocka_unit_test(a_byte_changed_in_the_envelope_is_found),
        cmocka_unit_test(other_envelopes_are_refused),
        cmocka_unit_test(a_signature_by_another_key_is_refused),
        cmocka_unit_test(evidence_of_another_installation_is_refused),
        cmocka_unit_test(another_program_debug_or_report_data_is_refused),
        cmocka_unit_test(evidence_is_judged_at_the_given_time),
        cmocka_unit_test(a_token_with_other_claims_is_refused),
        cmocka_unit_test(a_token_of_any_service_that_the_contract_names_verifies),
        cmocka_unit_test(a_token_verifies_by_the_enclosed_certificate_or_given_keys),
        cmocka_unit_test(files_must_hash_to_their_subjects),
        cmocka_unit_test(the_log_must_be_whole),
        cmocka_unit_test(every_owner_must_consent),
        cmocka_unit_test(all_checks_are_made_as_far_as_possible),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
