/* Verification of SGX and TDX quotes: what good evidence says, what is remembered, what a change of
 * time, of root or of collateral does. */
#include <string.h>

#include "tcb/wire/text.h"
#include "unit/relying/intel_case.h"

enum { DAY = INTEL_RIG_DAY_S };

static cof_facts facts;
static cof_checks checks;
static cof_freshness seen;

static int set_up(void **state)
{
    (void)state;
    facts = (cof_facts){0};
    checks = (cof_checks){0};
    seen = (cof_freshness){0};
    return 0;
}

static void a_good_quote_says_what_it_is(void **state)
{
    (void)state;
    static const cof_tee tees[INTEL_RIG_FORM_COUNT] = {COF_TEE_SGX, COF_TEE_SGX, COF_TEE_SGX,
                                                       COF_TEE_TDX, COF_TEE_TDX, COF_TEE_TDX};
    for (int form = 0; form < INTEL_RIG_FORM_COUNT; form++) {
        intel_rig rig;
        cof_digest digest = {0};
        checks = (cof_checks){0};
        assert_ok(intel_rig_make(&rig, &(intel_rig_options){.form = (intel_rig_form)form}, NULL));
        assert_ok(
            intel_verify(&rig, cof_buf_view(&rig.quote), INTEL_RIG_NOW, &facts, &checks, NULL));
        assert_true(cof_checks_all_ok(&checks));
        assert_int_equal(facts.tee, tees[form]);
        assert_int_equal(facts.hardware, tees[form]);
        assert_int_equal(facts.root.family, COF_ROOT_INTEL);
        assert_true(cof_digest_equal(&facts.root.spki, &rig.pin.spki));
        assert_ok(cof_digest_of(cof_buf_view(&rig.quote), &digest, NULL));
        assert_true(cof_digest_equal(&facts.evidence_digest, &digest));
        assert_false(facts.is_debuggable);
        assert_memory_equal(facts.pck.fmspc, intel_rig_fmspc, 6);
        assert_memory_equal(facts.pck.components, intel_rig_components, 16);
        assert_int_equal(facts.tcb.status, COF_TCB_UP_TO_DATE);
        assert_int_equal(facts.tcb.evaluation_number, INTEL_RIG_EVALUATION);
        assert_int_equal(facts.tcb.advisories.count, 0);
        /* TCB info and QE identity end on 2027-01-19, before the lists and the certificates. */
        assert_int_equal(facts.tcb.collateral_expires_unix_s, 1800352800);
        const cof_digest *items[] = {&facts.collateral.tcb_info,    &facts.collateral.tcb_chain,
                                     &facts.collateral.qe_identity, &facts.collateral.qe_chain,
                                     &facts.collateral.root_crl,    &facts.collateral.pck_crl};
        for (int i = 0; i < 6; i++) {
            assert_ok(cof_digest_of(cof_collateral_view(&rig.collateral, (cof_collateral_item)i),
                                    &digest, NULL));
            assert_true(cof_digest_equal(items[i], &digest));
        }
        const cof_td_report td = intel_rig_good_td(form == INTEL_RIG_TDX_V5_1_5);
        const cof_sgx_report body = intel_rig_good_body();
        if (facts.tee == COF_TEE_TDX) {
            assert_memory_equal(facts.td.mrtd, td.mrtd, sizeof td.mrtd);
            assert_memory_equal(facts.report_data, td.report_data, 64);
            assert_int_equal(facts.td.is_1_5, td.is_1_5);
        } else {
            assert_memory_equal(facts.sgx.mrenclave, body.mrenclave, sizeof body.mrenclave);
            assert_memory_equal(facts.report_data, body.report_data, 64);
        }
        intel_rig_free(&rig);
    }
}

static void every_check_has_a_source_and_its_values(void **state)
{
    (void)state;
    intel_rig rig;
    assert_ok(intel_rig_make(&rig, &(intel_rig_options){.form = INTEL_RIG_TDX_V5_1_5}, NULL));
    assert_ok(intel_verify(&rig, cof_buf_view(&rig.quote), INTEL_RIG_NOW, &facts, &checks, NULL));
    assert_false(checks.is_overfull);
    assert_true(checks.count > 40);
    for (size_t i = 0; i < checks.count; i++) {
        const cof_check *check = &checks.items[i];
        assert_memory_equal(check->name, "evidence.", 9);
        assert_true(strlen(check->source) > 0 && strlen(check->expected) > 0 &&
                    strlen(check->actual) > 0);
    }
    const cof_check *check = cof_checks_find(&checks, "evidence.pck_crl_time");
    assert_string_equal(check->source, "PCK CRL");
    assert_string_equal(check->expected, "2026-12-31T00:00:00Z to 2027-01-30T00:00:00Z");
    assert_string_equal(check->actual, "now: 2027-01-01T00:00:00Z");
    intel_rig_free(&rig);
}

static void debuggable_evidence_is_genuine_and_says_so(void **state)
{
    (void)state;
    cof_sgx_report body = intel_rig_good_body();
    cof_td_report td = intel_rig_good_td(false);
    body.flags |= COF_SGX_FLAG_DEBUG;
    td.td_attributes |= COF_TD_ATTRIBUTE_DEBUG;
    intel_facts(&(intel_rig_options){.quote.body = &body}, &facts);
    assert_true(facts.is_debuggable);
    intel_facts(&(intel_rig_options){.form = INTEL_RIG_TDX_V4, .quote.td = &td}, &facts);
    assert_true(facts.is_debuggable);
}

static void other_ways_to_be_good_are_good(void **state)
{
    (void)state;
    static const intel_rig_options good[] = {
        {.tcb.document.version = 2},
        {.platform.is_processor_ca = true},
        {.form = INTEL_RIG_TDX_V4, .platform.is_processor_ca = true},
        {.has_second_root = true},
        {.root_crl.is_empty = true, .pck_crl.is_empty = true},
        {.root_crl.has_no_key_identifier = true, .pck_crl.has_no_key_identifier = true},
        {.pck_crl.number = UINT64_MAX},
        {.quote.has_no_qe_auth = true},
        {.quote.has_no_nul = true},
        {.form = INTEL_RIG_TDX_V5_1_5, .quote.has_no_nul = true},
        {.certificates[INTEL_RIG_ROOT].basic_constraints = "critical,CA:TRUE"},
        {.certificates[INTEL_RIG_LEAF].serial = 1},
        /* Validity includes both of its ends. */
        {.certificates[INTEL_RIG_LEAF].not_before_unix_s = INTEL_RIG_NOW},
        {.certificates[INTEL_RIG_LEAF].not_after_unix_s = INTEL_RIG_NOW},
        {.certificates[INTEL_RIG_CA].not_after_unix_s = INTEL_RIG_NOW},
        {.certificates[INTEL_RIG_SIGNER].not_before_unix_s = INTEL_RIG_NOW},
        {.certificates[INTEL_RIG_SIGNER].not_after_unix_s = INTEL_RIG_NOW},
        {.root_crl.this_update_unix_s = INTEL_RIG_NOW},
        {.root_crl.next_update_unix_s = INTEL_RIG_NOW},
        {.pck_crl.next_update_unix_s = INTEL_RIG_NOW},
        {.tcb.document.next_update = "2027-01-01T00:00:00Z"},
        {.tcb.document.issue_date = "2027-01-01T00:00:00Z"},
        {.identity.document.next_update = "2027-01-01T00:00:00Z"},
        {.identity.document.issue_date = "2027-01-01T00:00:00Z"},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        intel_facts(&good[i], &facts);
        assert_int_equal(facts.tcb.status, COF_TCB_UP_TO_DATE);
    }
}

static cof_dcap_input input_of(const intel_rig *rig, cof_intel_collateral *collateral)
{
    return (cof_dcap_input){.quote = cof_buf_view(&rig->quote),
                            .collateral = collateral,
                            .roots = &rig->pin,
                            .root_count = 1,
                            .now_unix_s = INTEL_RIG_NOW};
}

static void open_collateral(const intel_rig *rig, const intel_rig *other,
                            cof_intel_collateral **out)
{
    assert_ok(cof_intel_collateral_new(&rig->collateral, &other->pin, out, NULL));
}

static void a_root_counts_only_when_it_is_pinned(void **state)
{
    (void)state;
    intel_rig rig;
    intel_rig stranger;
    COF_CLEANUP(cof_intel_collateral_drop_) cof_intel_collateral *collateral = NULL;
    assert_ok(intel_rig_make(&rig, &(intel_rig_options){0}, NULL));
    assert_ok(intel_rig_make(&stranger, &(intel_rig_options){0}, NULL));
    open_collateral(&rig, &rig, &collateral);
    cof_dcap_input input = input_of(&rig, collateral);
    /* Remembered first, so that what is remembered cannot stand for a pin. */
    assert_ok(cof_dcap_verify(&input, &facts, NULL, NULL));
    input.roots = &stranger.pin;
    assert_status(cof_dcap_verify(&input, &facts, NULL, NULL), EVIDENCE_UNTRUSTED);
    input.roots = &cof_root_intel;
    assert_status(cof_dcap_verify(&input, &facts, NULL, NULL), EVIDENCE_UNTRUSTED);
    input.root_count = 0;
    assert_status(cof_dcap_verify(&input, &facts, NULL, NULL), EVIDENCE_UNTRUSTED);
    const cof_root_pin as_simulated = {.family = COF_ROOT_SIMULATED, .spki = rig.pin.spki};
    input.roots = &as_simulated;
    input.root_count = 1;
    assert_status(cof_dcap_verify(&input, &facts, NULL, NULL), EVIDENCE_UNTRUSTED);
    const cof_root_pin all[] = {cof_root_intel, stranger.pin, rig.pin};
    input.roots = all;
    input.root_count = 3;
    assert_ok(cof_dcap_verify(&input, &facts, NULL, NULL));
    intel_rig_free(&stranger);
    intel_rig_free(&rig);
}

static void refused_at(const cof_dcap_input *input, cof_status status, const char *check)
{
    checks = (cof_checks){0};
    const cof_status actual = cof_dcap_verify(input, &facts, &checks, NULL);
    const cof_check *failed = cof_checks_first_failed(&checks);
    if (actual != status || failed == NULL || strcmp(failed->name, check) != 0) {
        fail_msg("%s at %s", cof_status_describe(actual)->name,
                 failed == NULL ? "none" : failed->name);
    }
}

static void collateral_of_another_root_is_refused(void **state)
{
    (void)state;
    intel_rig rig;
    intel_rig other;
    COF_CLEANUP(cof_intel_collateral_drop_) cof_intel_collateral *of_other = NULL;
    COF_CLEANUP(cof_intel_collateral_drop_) cof_intel_collateral *as_ours = NULL;
    assert_ok(intel_rig_make(&rig, &(intel_rig_options){0}, NULL));
    assert_ok(intel_rig_make(&other, &(intel_rig_options){0}, NULL));
    open_collateral(&other, &other, &of_other);
    open_collateral(&other, &rig, &as_ours);
    const cof_root_pin pins[] = {rig.pin, other.pin};
    cof_dcap_input input = input_of(&rig, of_other);
    input.roots = pins;
    input.root_count = 2;
    refused_at(&input, COF_E_COLLATERAL_MISMATCH, "evidence.collateral_root");
    input.collateral = as_ours;
    refused_at(&input, COF_E_COLLATERAL_MISMATCH, "evidence.root_crl_signature");
    input.collateral = NULL;
    refused_at(&input, COF_E_COLLATERAL_MISSING, "evidence.collateral");
    intel_rig_free(&other);
    intel_rig_free(&rig);
}

/* Each item taken from another installation of the same names and dates. */
static void no_item_can_be_swapped(void **state)
{
    (void)state;
    intel_rig rig;
    intel_rig other;
    assert_ok(intel_rig_make(&rig, &(intel_rig_options){0}, NULL));
    assert_ok(intel_rig_make(&other, &(intel_rig_options){0}, NULL));
    for (int i = COF_COLLATERAL_TCB_INFO; i <= COF_COLLATERAL_PCK_CRL; i++) {
        const cof_buf kept = rig.collateral.items[i];
        rig.collateral.items[i] = other.collateral.items[i];
        const cof_status status =
            intel_verify(&rig, cof_buf_view(&rig.quote), INTEL_RIG_NOW, &facts, NULL, NULL);
        rig.collateral.items[i] = kept;
        assert_true(status == COF_E_COLLATERAL_INVALID || status == COF_E_COLLATERAL_MISMATCH);
    }
    intel_rig_free(&other);
    intel_rig_free(&rig);
}

static void collateral_of_the_other_kind_is_refused(void **state)
{
    (void)state;
    static const intel_rig_form forms[][2] = {{INTEL_RIG_SGX_V3, INTEL_RIG_TDX_V4},
                                              {INTEL_RIG_TDX_V5_1_0, INTEL_RIG_SGX_V4}};
    for (size_t i = 0; i < 2; i++) {
        intel_rig rig;
        COF_CLEANUP(cof_intel_collateral_drop_) cof_intel_collateral *collateral = NULL;
        assert_ok(intel_rig_make(&rig, &(intel_rig_options){.form = forms[i][0]}, NULL));
        assert_ok(intel_rig_quote_again(&rig, &(intel_rig_options){.form = forms[i][1]}, &rig.quote,
                                        NULL));
        open_collateral(&rig, &rig, &collateral);
        const cof_dcap_input input = input_of(&rig, collateral);
        refused_at(&input, COF_E_COLLATERAL_MISMATCH, "evidence.tcb_info_kind");
        intel_rig_free(&rig);
    }
}

static void time_is_looked_at_again_at_every_use(void **state)
{
    (void)state;
    intel_rig rig;
    COF_CLEANUP(cof_intel_collateral_drop_) cof_intel_collateral *collateral = NULL;
    assert_ok(intel_rig_make(&rig, &(intel_rig_options){0}, NULL));
    open_collateral(&rig, &rig, &collateral);
    cof_dcap_input input = input_of(&rig, collateral);
    for (int round = 0; round < 2; round++) {
        input.now_unix_s = INTEL_RIG_NOW;
        assert_ok(cof_dcap_verify(&input, &facts, NULL, NULL));
        assert_int_equal(facts.tcb.collateral_expires_unix_s, 1800352800);
        input.now_unix_s = INTEL_RIG_NOW + 19 * DAY;
        refused_at(&input, COF_E_COLLATERAL_OLD, "evidence.tcb_info_time");
        input.now_unix_s = INTEL_RIG_NOW + 40 * DAY;
        refused_at(&input, COF_E_COLLATERAL_OLD, "evidence.root_crl_time");
        input.now_unix_s = INTEL_RIG_NOW - 2 * DAY;
        refused_at(&input, COF_E_COLLATERAL_EARLY, "evidence.root_crl_time");
        input.now_unix_s = INTEL_RIG_NOW + 366 * DAY;
        refused_at(&input, COF_E_EVIDENCE_OLD, "evidence.chain");
    }
    intel_rig_free(&rig);
}

static void append_pem(const intel_rig *rig, intel_rig_who who, cof_buf *chain)
{
    assert_ok(cof_buf_append(chain, cof_buf_view(&rig->pem[who]), NULL));
}

static void what_is_remembered_serves_its_own_chain_alone(void **state)
{
    (void)state;
    intel_rig rig;
    COF_CLEANUP(cof_intel_collateral_drop_) cof_intel_collateral *collateral = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf chain = {.limit = 1 << 16};
    COF_CLEANUP(cof_buf_free) cof_buf strange = {.limit = 1 << 16};
    assert_ok(intel_rig_make(&rig, &(intel_rig_options){0}, NULL));
    open_collateral(&rig, &rig, &collateral);
    append_pem(&rig, INTEL_RIG_LEAF, &chain);
    append_pem(&rig, INTEL_RIG_OTHER_CA, &chain);
    append_pem(&rig, INTEL_RIG_ROOT, &chain);
    assert_ok(intel_rig_quote_again(&rig, &(intel_rig_options){.quote.chain = cof_buf_view(&chain)},
                                    &strange, NULL));
    cof_dcap_input good = input_of(&rig, collateral);
    cof_dcap_input bad = good;
    bad.quote = cof_buf_view(&strange);
    for (int round = 0; round < 3; round++) {
        assert_ok(cof_dcap_verify(&good, &facts, NULL, NULL));
        refused_at(&bad, COF_E_EVIDENCE_INVALID, "evidence.chain");
    }
    /* Two quotes of one platform. */
    assert_ok(intel_rig_quote_again(&rig, &(intel_rig_options){.form = INTEL_RIG_SGX_V4}, &strange,
                                    NULL));
    bad.quote = cof_buf_view(&strange);
    assert_ok(cof_dcap_verify(&bad, &facts, NULL, NULL));
    assert_ok(cof_dcap_verify(&good, &facts, NULL, NULL));
    intel_rig_free(&rig);
}

static cof_status check_revocation(cof_intel_collateral *collateral, const intel_rig *rig)
{
    cof_err err = {0};
    cof_intel_use use = {.now_unix_s = INTEL_RIG_NOW, .expires_unix_s = INT64_MAX};
    return cof_intel_check_revocation(collateral, rig->certificates[INTEL_RIG_LEAF], &use, &err);
}

/* Two CAs of one name: the list that was opened for the one says nothing about the other's. */
static void a_list_is_opened_anew_for_another_ca(void **state)
{
    (void)state;
    intel_rig rig;
    const intel_rig_options options = {.certificates[INTEL_RIG_OTHER_CA].common_name =
                                           "Intel SGX PCK Platform CA"};
    COF_CLEANUP(cof_intel_collateral_drop_) cof_intel_collateral *collateral = NULL;
    assert_ok(intel_rig_make(&rig, &options, NULL));
    open_collateral(&rig, &rig, &collateral);
    cof_chain_top *top = cof_intel_collateral_top(collateral);
    X509 *ca = rig.certificates[INTEL_RIG_CA];
    *top = (cof_chain_top){.ca = ca, .root = rig.certificates[INTEL_RIG_ROOT]};
    assert_ok(check_revocation(collateral, &rig));
    top->ca = rig.certificates[INTEL_RIG_OTHER_CA];
    assert_status(check_revocation(collateral, &rig), COLLATERAL_MISMATCH);
    top->ca = ca;
    assert_ok(check_revocation(collateral, &rig));
    *top = (cof_chain_top){0};
    intel_rig_free(&rig);
}

static void a_failure_is_not_forgotten_at_the_second_use(void **state)
{
    (void)state;
    static const struct {
        intel_rig_options options;
        cof_status status;
        const char *check;
    } rows[] = {
        {{.tcb.document.signed_by = INTEL_RIG_STRANGER},
         COF_E_COLLATERAL_INVALID,
         "evidence.tcb_info_signature"},
        {{.tcb.document.edits = {{"\"tcbType\":0", "\"tcbType\":0,\"more\":0"}}},
         COF_E_COLLATERAL_INVALID,
         "evidence.tcb_info_form"},
        {{.identity.document.signed_by = INTEL_RIG_STRANGER},
         COF_E_COLLATERAL_INVALID,
         "evidence.qe_identity_signature"},
        {{.pck_crl.is_broken = true}, COF_E_COLLATERAL_INVALID, "evidence.pck_crl_signature"},
        {{.pck_crl.revoked = {INTEL_RIG_LEAF}}, COF_E_EVIDENCE_REVOKED, "evidence.pck_revocation"},
        {{.certificates[INTEL_RIG_SIGNER].is_broken = true},
         COF_E_COLLATERAL_INVALID,
         "evidence.tcb_info_chain"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        intel_rig rig;
        COF_CLEANUP(cof_intel_collateral_drop_) cof_intel_collateral *collateral = NULL;
        assert_ok(intel_rig_make(&rig, &rows[i].options, NULL));
        open_collateral(&rig, &rig, &collateral);
        const cof_dcap_input input = input_of(&rig, collateral);
        refused_at(&input, rows[i].status, rows[i].check);
        refused_at(&input, rows[i].status, rows[i].check);
        intel_rig_free(&rig);
    }
}

static bool was_seen(const char *key, uint64_t number)
{
    for (size_t i = 0; i < seen.count; i++) {
        if (strcmp(seen.items[i].key, key) == 0) {
            return seen.items[i].number == number;
        }
    }
    return false;
}

static void what_was_used_is_noted_on_success_alone(void **state)
{
    (void)state;
    intel_rig rig;
    COF_CLEANUP(cof_intel_collateral_drop_) cof_intel_collateral *collateral = NULL;
    assert_ok(intel_rig_make(&rig, &(intel_rig_options){.form = INTEL_RIG_TDX_V4}, NULL));
    open_collateral(&rig, &rig, &collateral);
    cof_dcap_input input = input_of(&rig, collateral);
    input.seen = &seen;
    rig.quote.data[200] ^= 1;
    refused_at(&input, COF_E_EVIDENCE_INVALID, "evidence.signature");
    assert_int_equal(seen.count, 0);
    rig.quote.data[200] ^= 1;
    assert_ok(cof_dcap_verify(&input, &facts, NULL, NULL));
    assert_int_equal(seen.count, 5);
    char key[COF_FRESHNESS_KEY_SIZE] = "crl:";
    cof_digest_text(&rig.pin.spki, key + 4);
    assert_true(was_seen(key, INTEL_RIG_CRL_NUMBER));
    assert_true(was_seen("qeidentity:TD_QE", INTEL_RIG_EVALUATION));
    assert_true(was_seen("evaluation:tdx", INTEL_RIG_EVALUATION));
    memcpy(key, "tcbinfo:tdx:", 13);
    cof_hex_text(cof_view_of(intel_rig_fmspc, 6), key + 12);
    assert_true(was_seen(key, INTEL_RIG_EVALUATION));
    assert_ok(cof_dcap_verify(&input, &facts, NULL, NULL));
    assert_int_equal(seen.count, 5);
    intel_rig_free(&rig);
}

/* Collateral that is older than what was seen, though it is still valid. */
static void collateral_does_not_go_back(void **state)
{
    (void)state;
    for (int i = 0; i < COF_INTEL_ITEMS_MAX; i++) {
        for (int what = 0; what < 2; what++) {
            intel_rig rig;
            COF_CLEANUP(cof_intel_collateral_drop_) cof_intel_collateral *collateral = NULL;
            assert_ok(intel_rig_make(&rig, &(intel_rig_options){0}, NULL));
            open_collateral(&rig, &rig, &collateral);
            cof_dcap_input input = input_of(&rig, collateral);
            seen = (cof_freshness){0};
            input.seen = &seen;
            assert_ok(cof_dcap_verify(&input, &facts, NULL, NULL));
            if (what == 0) {
                seen.items[i].number++;
            } else {
                seen.items[i].issued_unix_s++;
            }
            const cof_freshness before = seen;
            refused_at(&input, COF_E_COLLATERAL_ROLLED_BACK, "evidence.not_rolled_back");
            assert_memory_equal(&seen, &before, sizeof seen);
            intel_rig_free(&rig);
        }
    }
}

static const intel_rig_options simulated = {
    .certificates = {[INTEL_RIG_LEAF] = {.common_name = "SIMULATED PCK Certificate"},
                     [INTEL_RIG_CA] = {.common_name = "SIMULATED Processor CA"},
                     [INTEL_RIG_ROOT] = {.common_name = "SIMULATED Root CA"}}};

static void a_simulated_root_stands_for_enclaves_without_collateral(void **state)
{
    (void)state;
    for (int form = 0; form < INTEL_RIG_FORM_COUNT; form++) {
        intel_rig rig;
        intel_rig_options options = simulated;
        options.form = (intel_rig_form)form;
        assert_ok(intel_rig_make(&rig, &options, NULL));
        rig.pin.family = COF_ROOT_SIMULATED;
        const cof_dcap_input input = input_of(&rig, NULL);
        if (form < INTEL_RIG_TDX_V4) {
            assert_ok(cof_dcap_verify(&input, &facts, NULL, NULL));
            assert_int_equal(facts.tee, COF_TEE_SIMULATED);
            assert_int_equal(facts.tcb.status, COF_TCB_UNRATED);
        } else {
            refused_at(&input, COF_E_EVIDENCE_INVALID, "evidence.body");
        }
        rig.pin.family = COF_ROOT_INTEL;
        refused_at(&input, COF_E_EVIDENCE_UNTRUSTED, "evidence.chain");
        intel_rig_free(&rig);
    }
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_good_quote_says_what_it_is, set_up),
        cmocka_unit_test_setup(every_check_has_a_source_and_its_values, set_up),
        cmocka_unit_test_setup(debuggable_evidence_is_genuine_and_says_so, set_up),
        cmocka_unit_test_setup(other_ways_to_be_good_are_good, set_up),
        cmocka_unit_test_setup(a_root_counts_only_when_it_is_pinned, set_up),
        cmocka_unit_test_setup(collateral_of_another_root_is_refused, set_up),
        cmocka_unit_test_setup(no_item_can_be_swapped, set_up),
        cmocka_unit_test_setup(collateral_of_the_other_kind_is_refused, set_up),
        cmocka_unit_test_setup(time_is_looked_at_again_at_every_use, set_up),
        cmocka_unit_test_setup(what_is_remembered_serves_its_own_chain_alone, set_up),
        cmocka_unit_test_setup(a_list_is_opened_anew_for_another_ca, set_up),
        cmocka_unit_test_setup(a_failure_is_not_forgotten_at_the_second_use, set_up),
        cmocka_unit_test_setup(what_was_used_is_noted_on_success_alone, set_up),
        cmocka_unit_test_setup(collateral_does_not_go_back, set_up),
        cmocka_unit_test_setup(a_simulated_root_stands_for_enclaves_without_collateral, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
