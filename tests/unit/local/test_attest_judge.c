/* Is evidence of each kind genuine, and for the data that came along? With rigged vendors. */
#include <openssl/evp.h>

#include "unit/local/attest_case.h"

static intel_rig intel; /* its SGX quote is over attest_runtime */
static amd_rig amd;
static uint8_t report_data[64];

static int start(void **state)
{
    (void)state;
    attest_report_data(attest_runtime, report_data);
    const intel_rig_options intel_options = {.quote = {.report_data = report_data}};
    const amd_rig_options amd_options = {.report = {.report_data = report_data}};
    assert_ok(intel_rig_make(&intel, &intel_options, NULL));
    assert_ok(amd_rig_make(&amd, &amd_options, NULL));
    return 0;
}

static int stop(void **state)
{
    (void)state;
    intel_rig_free(&intel);
    amd_rig_free(&amd);
    return 0;
}

static cof_status judge_with(const cof_root_pin *roots, size_t root_count,
                             const cof_collateral *collateral, cof_attest_kind kind,
                             const json_t *body, cof_facts *facts, cof_err *err)
{
    collateral_case source = collateral_case_of(collateral);
    const cof_attest_trust trust = {.roots = roots,
                                    .root_count = root_count,
                                    .collateral = collateral != NULL ? &source.source : NULL,
                                    .now_unix_s = INTEL_RIG_NOW};
    cof_checks *checks = calloc(1, sizeof *checks);
    const cof_status status = attest_judge_body(&trust, kind, body, NULL, facts, checks, err);
    assert_true(status != COF_OK || cof_checks_all_ok(checks));
    free(checks);
    return status;
}

static cof_status judge_intel(const intel_rig *rig, cof_attest_kind kind, const json_t *body,
                              cof_facts *facts)
{
    return judge_with(&rig->pin, 1, &rig->collateral, kind, body, facts, NULL);
}

static cof_status judge_amd(const json_t *body, cof_facts *facts)
{
    return judge_with(amd.pins, 3, &amd.collateral, COF_ATTEST_SNP, body, facts, NULL);
}

static json_t *make_body(const char *member, cof_view evidence)
{
    json_t *body = json_object();
    attest_put(body, member, evidence);
    attest_put_data(body, "runtimeData", cof_view_text(attest_runtime), "JSON");
    return body;
}

static json_t *make_quote(const intel_rig_options *options, const char *member)
{
    COF_CLEANUP(cof_buf_free) cof_buf quote = {0};
    intel_rig_options with = *options;
    with.quote.report_data = report_data;
    assert_ok(intel_rig_quote_again(&intel, &with, &quote, NULL));
    return make_body(member, cof_buf_view(&quote));
}

static json_t *make_snp(const amd_rig_report *report)
{
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {0};
    amd_rig_options with = {.report = *report};
    with.report.report_data = report_data;
    assert_ok(amd_rig_report_again(&amd, &with, &bytes, NULL));
    COF_CLEANUP(cof_buf_free) cof_buf json = attest_snp_json(cof_buf_view(&bytes), &amd);
    return make_body("report", cof_buf_view(&json));
}

static void sgx_quotes_are_attested(void **state)
{
    (void)state;
    cof_facts facts = {0};
    COF_JSON json_t *body = make_body("quote", cof_buf_view(&intel.quote));
    assert_ok(judge_intel(&intel, COF_ATTEST_SGX, body, &facts));
    assert_int_equal(facts.tee, COF_TEE_SGX);
    assert_int_equal(facts.tcb.status, COF_TCB_UP_TO_DATE);
    assert_int_equal(facts.tcb.evaluation_number, INTEL_RIG_EVALUATION);
}

static void open_enclave_reports_are_attested(void **state)
{
    (void)state;
    cof_facts facts = {0};
    const intel_rig_options options = {.quote = {.is_open_enclave = true}};
    COF_JSON json_t *body = make_quote(&options, "report");
    assert_ok(judge_intel(&intel, COF_ATTEST_OPEN_ENCLAVE, body, &facts));
}

static void tdx_quotes_are_attested(void **state)
{
    (void)state;
    const intel_rig_form forms[] = {INTEL_RIG_TDX_V4, INTEL_RIG_TDX_V5_1_0, INTEL_RIG_TDX_V5_1_5};
    for (size_t i = 0; i < 3; i++) {
        intel_rig rig;
        cof_facts facts = {0};
        const intel_rig_options options = {.form = forms[i], .quote = {.report_data = report_data}};
        assert_ok(intel_rig_make(&rig, &options, NULL));
        COF_JSON json_t *body = make_body("quote", cof_buf_view(&rig.quote));
        assert_ok(judge_intel(&rig, COF_ATTEST_TDX, body, &facts));
        assert_int_equal(facts.tee, COF_TEE_TDX);
        intel_rig_free(&rig);
    }
}

static void snp_reports_are_attested(void **state)
{
    (void)state;
    cof_facts facts = {0};
    const amd_rig_report report = {0};
    COF_JSON json_t *body = make_snp(&report);
    assert_ok(judge_amd(body, &facts));
    assert_int_equal(facts.tee, COF_TEE_SEV_SNP);
    assert_int_equal(facts.snp.product, COF_SNP_MILAN);
}

static void evidence_of_one_kind_is_refused_as_another(void **state)
{
    (void)state;
    cof_facts facts = {0};
    COF_JSON json_t *quote = make_body("quote", cof_buf_view(&intel.quote));
    COF_JSON json_t *report = make_body("report", cof_buf_view(&intel.quote));
    assert_status(judge_intel(&intel, COF_ATTEST_TDX, quote, &facts), EVIDENCE_INVALID);
    assert_status(judge_intel(&intel, COF_ATTEST_SNP, report, &facts), EVIDENCE_INVALID);
    assert_status(judge_intel(&intel, COF_ATTEST_OPEN_ENCLAVE, report, &facts), EVIDENCE_INVALID);
    assert_int_equal(facts.tee, COF_TEE_NONE);
}

static void runtime_data_must_be_what_was_quoted(void **state)
{
    (void)state;
    cof_facts facts = {0};
    COF_JSON json_t *quote = make_body("quote", cof_buf_view(&intel.quote));
    attest_put_data(quote, "runtimeData", cof_view_text("{}"), "JSON");
    assert_status(judge_intel(&intel, COF_ATTEST_SGX, quote, &facts), EVIDENCE_BINDING);
    const amd_rig_report report = {0};
    COF_JSON json_t *snp = make_snp(&report);
    attest_put_data(snp, "runtimeData", cof_view_text("x"), "Binary");
    assert_status(judge_amd(snp, &facts), EVIDENCE_BINDING);
}

static void a_tail_of_report_data_is_not_ignored(void **state)
{
    (void)state;
    cof_facts facts = {0};
    uint8_t tailed[64];
    COF_CLEANUP(cof_buf_free) cof_buf quote = {0};
    memcpy(tailed, report_data, sizeof tailed);
    tailed[63] = 1;
    const intel_rig_options options = {.quote = {.report_data = tailed}};
    assert_ok(intel_rig_quote_again(&intel, &options, &quote, NULL));
    COF_JSON json_t *body = make_body("quote", cof_buf_view(&quote));
    assert_status(judge_intel(&intel, COF_ATTEST_SGX, body, &facts), EVIDENCE_BINDING);
}

static const char init_data[] = "{\"disk\":\"x\"}";

static void config_id_binds_init_time_data(void **state)
{
    (void)state;
    cof_facts facts = {0};
    cof_digest digest;
    cof_sgx_report report = intel_rig_good_body();
    assert_ok(cof_digest_of(cof_view_text(init_data), &digest, NULL));
    memcpy(report.config_id, digest.bytes, sizeof digest.bytes);
    const intel_rig_options options = {.quote = {.body = &report}};
    COF_JSON json_t *body = make_quote(&options, "quote");
    attest_put_data(body, "initTimeData", cof_view_text(init_data), "JSON");
    assert_ok(judge_intel(&intel, COF_ATTEST_SGX, body, &facts));
    attest_put_data(body, "initTimeData", cof_view_text("{\"disk\":\"y\"}"), "JSON");
    assert_status(judge_intel(&intel, COF_ATTEST_SGX, body, &facts), EVIDENCE_BINDING);
    attest_put_data(body, "initTimeData", cof_view_text(""), "Binary");
    assert_status(judge_intel(&intel, COF_ATTEST_SGX, body, &facts), EVIDENCE_BINDING);
}

static void host_data_binds_init_time_data(void **state)
{
    (void)state;
    cof_facts facts = {0};
    cof_digest digest;
    assert_ok(cof_digest_of(cof_view_text(init_data), &digest, NULL));
    const amd_rig_report report = {.host_data = digest.bytes};
    COF_JSON json_t *body = make_snp(&report);
    attest_put_data(body, "initTimeData", cof_view_text(init_data), "Binary");
    assert_ok(judge_amd(body, &facts));
    digest.bytes[31] ^= 1;
    COF_JSON json_t *other = make_snp(&report);
    attest_put_data(other, "initTimeData", cof_view_text(init_data), "Binary");
    assert_status(judge_amd(other, &facts), EVIDENCE_BINDING);
}

static void mrconfigid_binds_init_time_data_whole(void **state)
{
    (void)state;
    cof_digest digest;
    uint8_t wide[48];
    assert_ok(cof_digest_of(cof_view_text(init_data), &digest, NULL));
    assert_int_equal(EVP_Digest(init_data, strlen(init_data), wide, NULL, EVP_sha384(), NULL), 1);
    for (int i = 0; i < 4; i++) {
        intel_rig rig;
        cof_facts facts = {0};
        cof_td_report td = intel_rig_good_td(false);
        memset(td.mrconfigid, 0, sizeof td.mrconfigid);
        memcpy(td.mrconfigid, i < 2 ? digest.bytes : wide, i < 2 ? 32 : 48);
        td.mrconfigid[47] = (uint8_t)(td.mrconfigid[47] ^ (i % 2));
        const intel_rig_options options = {.form = INTEL_RIG_TDX_V4,
                                           .quote = {.td = &td, .report_data = report_data}};
        assert_ok(intel_rig_make(&rig, &options, NULL));
        COF_JSON json_t *body = make_body("quote", cof_buf_view(&rig.quote));
        attest_put_data(body, "initTimeData", cof_view_text(init_data), "Binary");
        const cof_status status = judge_intel(&rig, COF_ATTEST_TDX, body, &facts);
        assert_int_equal(status, i % 2 == 0 ? COF_OK : COF_E_EVIDENCE_BINDING);
        intel_rig_free(&rig);
    }
}

static cof_status judge_tcb(const char *tcb_status, cof_facts *facts)
{
    intel_rig rig;
    intel_rig_level level = {.pce_svn = 1, .status = tcb_status};
    const intel_rig_options options = {.quote = {.report_data = report_data},
                                       .tcb = {.levels = &level, .level_count = 1}};
    assert_ok(intel_rig_make(&rig, &options, NULL));
    COF_JSON json_t *body = make_body("quote", cof_buf_view(&rig.quote));
    const cof_status status = judge_intel(&rig, COF_ATTEST_SGX, body, facts);
    intel_rig_free(&rig);
    return status;
}

static void a_revoked_tcb_is_refused_and_an_old_one_is_shown(void **state)
{
    (void)state;
    cof_facts facts = {0};
    assert_status(judge_tcb("Revoked", &facts), TCB_REVOKED);
    assert_int_equal(facts.tee, COF_TEE_NONE);
    assert_ok(judge_tcb("OutOfDate", &facts));
    assert_int_equal(facts.tcb.status, COF_TCB_OUT_OF_DATE);
}

static void debuggable_evidence_is_attested_and_shown(void **state)
{
    (void)state;
    cof_facts facts = {0};
    cof_sgx_report report = intel_rig_good_body();
    report.flags |= COF_SGX_FLAG_DEBUG;
    const intel_rig_options options = {.quote = {.body = &report}};
    COF_JSON json_t *body = make_quote(&options, "quote");
    assert_ok(judge_intel(&intel, COF_ATTEST_SGX, body, &facts));
    assert_true(facts.is_debuggable);
    const amd_rig_report snp = {.policy = COF_SNP_POLICY_RESERVED_ONE | COF_SNP_POLICY_DEBUG};
    COF_JSON json_t *other = make_snp(&snp);
    assert_ok(judge_amd(other, &facts));
    assert_true(facts.is_debuggable);
}

/* What was verified once must be verified again where it may have changed: the evidence, the time,
 * and collateral of other bytes. */
static void warm_collateral_changes_no_verdict(void **state)
{
    (void)state;
    cof_attest_warm warm = {0};
    cof_collateral other = {0};
    collateral_case source = collateral_case_of(&intel.collateral);
    cof_attest_trust trust = {.roots = &intel.pin,
                              .root_count = 1,
                              .collateral = &source.source,
                              .warm = &warm,
                              .now_unix_s = INTEL_RIG_NOW};
    cof_facts facts = {0};
    COF_JSON json_t *body = make_body("quote", cof_buf_view(&intel.quote));
    for (int i = 0; i < 3; i++) {
        assert_ok(attest_judge_body(&trust, COF_ATTEST_SGX, body, NULL, &facts, NULL, NULL));
        assert_int_equal(warm.next, 1);
    }
    COF_JSON json_t *altered = json_deep_copy(body);
    attest_put_data(altered, "runtimeData", cof_view_text("{}"), "JSON");
    assert_status(attest_judge_body(&trust, COF_ATTEST_SGX, altered, NULL, &facts, NULL, NULL),
                  EVIDENCE_BINDING);
    trust.now_unix_s = INTEL_RIG_NOW + 40 * INTEL_RIG_DAY_S;
    assert_status(attest_judge_body(&trust, COF_ATTEST_SGX, body, NULL, &facts, NULL, NULL),
                  COLLATERAL_OLD);
    trust.now_unix_s = INTEL_RIG_NOW;
    for (int i = COF_COLLATERAL_TCB_INFO; i <= COF_COLLATERAL_PCK_CRL; i++) {
        const cof_view item = cof_collateral_view(&intel.collateral, (cof_collateral_item)i);
        assert_ok(cof_collateral_set(&other, (cof_collateral_item)i, item, NULL));
    }
    other.items[COF_COLLATERAL_TCB_INFO].data[60] ^= 1;
    source.collateral = &other;
    assert_true(attest_judge_body(&trust, COF_ATTEST_SGX, body, NULL, &facts, NULL, NULL) !=
                COF_OK);
    assert_int_equal(warm.next, 2);
    source.collateral = &intel.collateral;
    assert_ok(attest_judge_body(&trust, COF_ATTEST_SGX, body, NULL, &facts, NULL, NULL));
    assert_int_equal(warm.next, 2);
    cof_collateral_free(&other);
    cof_attest_warm_free(&warm);
}

static void without_collateral_hardware_is_refused(void **state)
{
    (void)state;
    cof_facts facts = {0};
    COF_JSON json_t *body = make_body("quote", cof_buf_view(&intel.quote));
    assert_status(judge_with(&intel.pin, 1, NULL, COF_ATTEST_SGX, body, &facts, NULL),
                  COLLATERAL_MISSING);
    const amd_rig_report report = {0};
    COF_JSON json_t *snp = make_snp(&report);
    assert_status(judge_with(amd.pins, 3, NULL, COF_ATTEST_SNP, snp, &facts, NULL),
                  COLLATERAL_MISSING);
}

static void a_root_that_is_not_trusted_is_refused(void **state)
{
    (void)state;
    cof_facts facts = {0};
    COF_JSON json_t *body = make_body("quote", cof_buf_view(&intel.quote));
    assert_status(
        judge_with(&cof_root_intel, 1, &intel.collateral, COF_ATTEST_SGX, body, &facts, NULL),
        EVIDENCE_UNTRUSTED);
    const amd_rig_report report = {0};
    COF_JSON json_t *snp = make_snp(&report);
    assert_status(judge_with(cof_roots_amd, 3, &amd.collateral, COF_ATTEST_SNP, snp, &facts, NULL),
                  EVIDENCE_UNTRUSTED);
}

static void requests_that_are_not_well_formed_are_refused(void **state)
{
    (void)state;
    static const struct {
        cof_attest_kind kind;
        const char *body;
    } rows[] = {
        {COF_ATTEST_SGX, ""},
        {COF_ATTEST_SGX, "[]"},
        {COF_ATTEST_SGX, "{}"},
        {COF_ATTEST_SGX, "{\"report\":\"AA\"}"},
        {COF_ATTEST_SGX, "{\"quote\":\"A\"}"},
        {COF_ATTEST_SGX, "{\"quote\":\"AA\",\"quote\":\"AA\"}"},
        {COF_ATTEST_SGX, "{\"quote\":\"AA\",\"runtimeData\":{\"data\":\"AA\"}}"},
        {COF_ATTEST_SGX, "{\"quote\":\"AA\",\"runtimeData\":{\"data\":\"AA\",\"dataType\":\"x\"}}"},
        {COF_ATTEST_SGX,
         "{\"quote\":\"AA\",\"runtimeData\":{\"data\":\"AA\",\"dataType\":\"JSON\"}}"},
        {COF_ATTEST_SGX,
         "{\"quote\":\"AA\",\"initTimeData\":{\"data\":\"W10\",\"dataType\":\"JSON\"}}"},
        {COF_ATTEST_SGX, "{\"quote\":\"AA\",\"nonce\":[]}"},
        {COF_ATTEST_SGX, "{\"quote\":\"AA\",\"draftPolicyForAttestation\":7}"},
        {COF_ATTEST_SNP, "{\"quote\":\"AA\"}"},
        {COF_ATTEST_AZURE_GUEST, "{\"AttestationInfo\":\"e30\",\"attestationInfo\":\"e30\"}"},
        {COF_ATTEST_AZURE_GUEST, "{\"AttestationInfo\":{}}"},
        {COF_ATTEST_AZURE_GUEST, "{}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        COF_CLEANUP(cof_submission_free) cof_submission s = {0};
        const cof_status status =
            cof_submission_read(rows[i].kind, cof_view_text(rows[i].body), &s, NULL);
        assert_true(status == COF_E_BAD_FORMAT || status == COF_E_BAD_JSON);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sgx_quotes_are_attested),
        cmocka_unit_test(open_enclave_reports_are_attested),
        cmocka_unit_test(tdx_quotes_are_attested),
        cmocka_unit_test(snp_reports_are_attested),
        cmocka_unit_test(evidence_of_one_kind_is_refused_as_another),
        cmocka_unit_test(runtime_data_must_be_what_was_quoted),
        cmocka_unit_test(a_tail_of_report_data_is_not_ignored),
        cmocka_unit_test(config_id_binds_init_time_data),
        cmocka_unit_test(host_data_binds_init_time_data),
        cmocka_unit_test(mrconfigid_binds_init_time_data_whole),
        cmocka_unit_test(a_revoked_tcb_is_refused_and_an_old_one_is_shown),
        cmocka_unit_test(debuggable_evidence_is_attested_and_shown),
        cmocka_unit_test(warm_collateral_changes_no_verdict),
        cmocka_unit_test(without_collateral_hardware_is_refused),
        cmocka_unit_test(a_root_that_is_not_trusted_is_refused),
        cmocka_unit_test(requests_that_are_not_well_formed_are_refused),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, start, stop);
}
