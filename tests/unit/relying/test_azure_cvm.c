/* Evidence of Azure confidential VMs, each altered in one place with everything around it rightly
 * signed, and refused by the check that is made for it. */
#include <string.h>

#include "harness/cof_test.h"
#include "rig/azure_rig.h"
#include "tcb/wire/json.h"

static azure_rig snp;
static azure_rig tdx;
static const azure_rig *const rigs[] = {&snp, &tdx};

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

static cof_evidence_input input_of(const azure_rig *rig, cof_view json)
{
    return (cof_evidence_input){.evidence = json,
                                .collateral = rig->collateral,
                                .roots = rig->pins,
                                .root_count = rig->pin_count,
                                .now_unix_s = AZURE_RIG_NOW};
}

static cof_status verify_parts(const azure_rig *rig, const cof_azure_evidence *evidence,
                               cof_facts *facts, cof_checks *checks)
{
    cof_err err = {0};
    const cof_evidence_input input = input_of(rig, cof_view_text("the evidence"));
    const cof_status status = cof_azure_cvm_verify(evidence, &input, facts, checks, &err);
    assert_true(status == COF_OK || err.status == status);
    return status;
}

static cof_status verify_with(const azure_rig *rig, const azure_rig_options *options,
                              cof_facts *facts, cof_checks *checks)
{
    COF_CLEANUP(cof_azure_evidence_free) cof_azure_evidence evidence = {0};
    assert_ok(azure_rig_evidence(rig, options, &evidence, NULL));
    return verify_parts(rig, &evidence, facts, checks);
}

static void good_evidence_says_what_was_quoted_and_by_whom(void **state)
{
    (void)state;
    static const cof_tee hardware[] = {COF_TEE_SEV_SNP, COF_TEE_TDX};
    for (size_t i = 0; i < 2; i++) {
        cof_facts facts = {0};
        cof_checks checks = {0};
        cof_digest digest = {0};
        assert_ok(verify_with(rigs[i], &(azure_rig_options){0}, &facts, &checks));
        assert_true(cof_checks_all_ok(&checks));
        assert_int_equal(facts.tee, COF_TEE_AZURE_CVM);
        assert_int_equal(facts.hardware, hardware[i]);
        assert_true(cof_digest_equal(&facts.root.spki, &rigs[i]->pins[0].spki));
        assert_false(facts.is_debuggable);
        for (uint8_t k = 0; k < COF_REPORT_DATA_SIZE; k++) {
            assert_int_equal(facts.report_data[k], k < 32 ? 0x10 + k : 0);
        }
        assert_int_equal(facts.azure.quote.pcr_mask, AZURE_RIG_ALL_PCRS);
        assert_int_equal(facts.azure.pcrs.mask, AZURE_RIG_ALL_PCRS);
        assert_memory_equal(facts.azure.pcrs.values, rigs[i]->pcrs, sizeof rigs[i]->pcrs);
        assert_int_equal(facts.azure.quote.reset_count, 7);
        assert_int_equal(facts.azure.quote.restart_count, 3);
        assert_true(facts.azure.quote.is_clock_safe);
        assert_true(facts.azure.claims.is_secure_boot);
        assert_true(facts.azure.claims.is_tpm_enabled);
        assert_true(facts.azure.claims.is_tpm_persisted);
        assert_false(facts.azure.claims.is_console_enabled);
        assert_true(facts.azure.claims.has_user_data);
        assert_int_equal(facts.azure.claims.user_data[0], 0x5a);
        assert_string_equal(facts.azure.claims.vm_id, "0F0E0D0C-0B0A-4908-8706-050403020100");
        assert_false(facts.azure.has_ak_certificate);
        assert_false(facts.azure.has_encryption_key);
        assert_ok(cof_digest_of(cof_view_text("the evidence"), &digest, NULL));
        assert_true(cof_digest_equal(&facts.evidence_digest, &digest));
    }
}

static void the_facts_of_the_hardware_come_along(void **state)
{
    (void)state;
    cof_facts facts = {0};
    assert_ok(
        verify_with(&snp, &(azure_rig_options){.amd = {.vmpl = 0, .guest_svn = 9}}, &facts, NULL));
    assert_int_equal(facts.snp.guest_svn, 9);
    assert_int_equal(facts.snp.product, COF_SNP_MILAN);
    assert_int_equal(facts.tcb.status, COF_TCB_UNRATED);
    assert_ok(verify_with(&tdx, &(azure_rig_options){0}, &facts, NULL));
    assert_int_equal(facts.tcb.status, COF_TCB_UP_TO_DATE);
    assert_memory_equal(facts.pck.fmspc, intel_rig_fmspc, sizeof intel_rig_fmspc);
    const cof_td_report td = intel_rig_good_td(false);
    assert_memory_equal(facts.td.mrtd, td.mrtd, sizeof td.mrtd);
}

static void debuggable_hardware_is_reported_as_such(void **state)
{
    (void)state;
    cof_facts facts = {0};
    assert_ok(verify_with(&snp,
                          &(azure_rig_options){.amd = {.policy = 0x30000 | COF_SNP_POLICY_DEBUG}},
                          &facts, NULL));
    assert_true(facts.is_debuggable);
    cof_td_report td = intel_rig_good_td(false);
    td.td_attributes |= COF_TD_ATTRIBUTE_DEBUG;
    assert_ok(verify_with(&tdx, &(azure_rig_options){.intel = {.td = &td}}, &facts, NULL));
    assert_true(facts.is_debuggable);
}

/* Evidence that is as good in another way. */
static const struct variant {
    const char *what;
    azure_rig_options options;
} variants[] = {
    {"claims under SHA-384", {.hash = COF_HCL_SHA384}},
    {"claims under SHA-512", {.hash = COF_HCL_SHA512}},
    {"an HCL report without padding", {.hcl_size = 1}},
    {"an HCL report of 4096 bytes", {.hcl_size = 4096}},
    {"a framed signature", {.is_signature_framed = true}},
    {"some PCRs", {.selection = 0x8010ff, .values = 0x8010ff}},
    {"one PCR", {.selection = 0x800000, .values = 0x800000}},
    {"no extra data", {.has_no_extra = true}},
    {"64 bytes of extra data",
     {.extra = (const uint8_t *)"0123456789abcdef0123456789abcdef"
                                "0123456789abcdef0123456789abcdef",
      .extra_size = 64}},
    {"an AK certificate", {.has_ak_certificate = true}},
    {"an AK certificate with zeros behind it",
     {.has_ak_certificate = true, .certificate_padding = 1000}},
    {"an ephemeral key", {.has_encryption_key = true}},
    {"a member of the claims that nobody knows",
     {.claims_edits = {{"\"user-data\"", "\"new-member\":[1],\"user-data\""}}}},
    {"claims without user data", {.claims_edits = {{"\"user-data\"", "\"other-data\""}}}},
    {"key_ops of the oldest paravisors", {.claims_edits = {{"\"sign\"", "\"encrypt\""}}}},
    {"an unsafe clock", {.quote_patches = {{92, 1}}}},
};

static void what_is_as_good_verifies(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++) {
        for (size_t k = 0; k < 2; k++) {
            cof_facts facts = {0};
            cof_checks checks = {0};
            const cof_status status = verify_with(rigs[k], &variants[i].options, &facts, &checks);
            if (status != COF_OK) {
                const cof_check *check = cof_checks_first_failed(&checks);
                fail_msg("%s: %s, %s: %s", variants[i].what, cof_status_describe(status)->name,
                         check == NULL ? "" : check->name, check == NULL ? "" : check->actual);
            }
            assert_true(cof_checks_all_ok(&checks));
            assert_int_equal(facts.azure.has_ak_certificate,
                             variants[i].options.has_ak_certificate);
            assert_int_equal(facts.azure.has_encryption_key,
                             variants[i].options.has_encryption_key);
        }
    }
}

/* Which rigs a case is for. */
enum { BOTH, ONLY_SNP, ONLY_TDX };

static const uint8_t other_data[64] = {1, 2, 3};

static const struct refusal {
    const char *what;
    azure_rig_options options;
    const char *check; /* the one that fails */
    int which;
    cof_status status; /* 0: EVIDENCE_INVALID */
} refusals[] = {
    /* HCL report */
    {"magic", {.hcl_patches = {{0, 1}}}, "evidence.hcl_report", BOTH, 0},
    {"version 3", {.hcl_patches = {{4, 1}}}, "evidence.hcl_report", BOTH, 0},
    {"size of the report", {.hcl_patches = {{8, 1}}}, "evidence.hcl_report", BOTH, 0},
    {"size of the report, high byte", {.hcl_patches = {{11, 1}}}, "evidence.hcl_report", BOTH, 0},
    {"request type", {.hcl_patches = {{12, 1}}}, "evidence.hcl_report", BOTH, 0},
    {"status", {.hcl_patches = {{16, 1}}}, "evidence.hcl_report", BOTH, 0},
    {"reserved", {.hcl_patches = {{31, 1}}}, "evidence.hcl_report", BOTH, 0},
    {"size of the data", {.hcl_patches = {{1216, 1}}}, "evidence.hcl_report", BOTH, 0},
    {"version of the data", {.hcl_patches = {{1220, 3}}}, "evidence.hcl_report", BOTH, 0},
    {"type of hardware: VBS", {.hcl_patches = {{1224, 3}}}, "evidence.hcl_report", ONLY_SNP, 0},
    {"SNP called TDX", {.hcl_patches = {{1224, 6}}}, "evidence.hcl_report", ONLY_SNP, 0},
    {"TDX called SNP", {.hcl_patches = {{1224, 6}}}, "evidence.hcl_report", ONLY_TDX, 0},
    {"hash 0", {.hcl_patches = {{1228, 1}}}, "evidence.hcl_report", BOTH, 0},
    {"hash 5", {.hcl_patches = {{1228, 4}}}, "evidence.hcl_report", BOTH, 0},
    {"size of the claims", {.hcl_patches = {{1232, 1}}}, "evidence.hcl_report", BOTH, 0},
    {"size of the claims, high byte",
     {.hcl_patches = {{1235, 0x80}}},
     "evidence.hcl_report",
     BOTH,
     0},
    {"padding", {.hcl_patches = {{2599, 1}}}, "evidence.hcl_report", BOTH, 0},
    {"behind the TDREPORT", {.hcl_patches = {{32 + 1100, 1}}}, "evidence.hcl_report", ONLY_TDX, 0},
    {"too long", {.hcl_size = 4097}, "evidence.hcl_report", BOTH, 0},
    /* hardware */
    {"a bit of the hardware report",
     {.hcl_patches = {{32 + 0x90, 1}}},
     "evidence.signature",
     ONLY_SNP,
     0},
    {"a bit of the report's signature",
     {.amd = {.late_patches = {{0x2a0, 1}}}},
     "evidence.signature",
     ONLY_SNP,
     0},
    {"a bit of the TD quote",
     {.intel = {.late_patches = {{200, 1}}}},
     "evidence.signature",
     ONLY_TDX,
     0},
    {"quote by another key",
     {.intel = {.is_signed_by_stranger = true}},
     "evidence.signature",
     ONLY_TDX,
     0},
    /* TDREPORT */
    {"TDREPORT's type", {.td_report_patches = {{0, 1}}}, "evidence.td_report", ONLY_TDX, 0},
    {"TDREPORT's report data",
     {.td_report_patches = {{128, 1}}},
     "evidence.td_report",
     ONLY_TDX,
     0},
    {"TDREPORT's report data, tail",
     {.td_report_patches = {{191, 1}}},
     "evidence.td_report",
     ONLY_TDX,
     0},
    {"TDREPORT's attributes", {.td_report_patches = {{512, 1}}}, "evidence.td_report", ONLY_TDX, 0},
    {"TDREPORT's XFAM", {.td_report_patches = {{527, 1}}}, "evidence.td_report", ONLY_TDX, 0},
    {"TDREPORT's MRTD", {.td_report_patches = {{528, 1}}}, "evidence.td_report", ONLY_TDX, 0},
    {"TDREPORT's MRCONFIGID", {.td_report_patches = {{576, 1}}}, "evidence.td_report", ONLY_TDX, 0},
    {"TDREPORT's MROWNER", {.td_report_patches = {{624, 1}}}, "evidence.td_report", ONLY_TDX, 0},
    {"TDREPORT's MROWNERCONFIG",
     {.td_report_patches = {{672, 1}}},
     "evidence.td_report",
     ONLY_TDX,
     0},
    {"TDREPORT's RTMR0", {.td_report_patches = {{720, 1}}}, "evidence.td_report", ONLY_TDX, 0},
    {"TDREPORT's RTMR3", {.td_report_patches = {{911, 1}}}, "evidence.td_report", ONLY_TDX, 0},
    /* binding of the claims */
    {"claims changed afterwards",
     {.late_claims_edits = {{"\"secure-boot\":true", "\"secure-boot\":false"}}},
     "evidence.claims_binding",
     BOTH,
     0},
    {"white space added to the claims",
     {.late_claims_edits = {{"\"keys\":", "\"keys\": "}}},
     "evidence.claims_binding",
     BOTH,
     0},
    {"report data of something else",
     {.report_data = other_data},
     "evidence.claims_binding",
     BOTH,
     0},
    {"report data with a tail", {.report_data_tail = 1}, "evidence.claims_binding", BOTH, 0},
    {"SHA-384 said to be SHA-256",
     {.hash = COF_HCL_SHA384, .stated_hash = COF_HCL_SHA256},
     "evidence.claims_binding",
     BOTH,
     0},
    {"SHA-256 said to be SHA-512",
     {.stated_hash = COF_HCL_SHA512},
     "evidence.claims_binding",
     BOTH,
     0},
    {"AK exchanged in the claims",
     {.late_claims_edits = {{"HCLAkPub", "HCLXkPub"}, {"HCLEkPub", "HCLAkPub"}}},
     "evidence.claims_binding",
     BOTH,
     0},
    /* claims */
    {"two AKs", {.claims_edits = {{"HCLEkPub", "HCLAkPub"}}}, "evidence.claims", BOTH, 0},
    {"no AK", {.claims_edits = {{"HCLAkPub", "HCLBkPub"}}}, "evidence.claims", BOTH, 0},
    {"two members keys",
     {.claims_edits = {{"\"user-data\"", "\"keys\":[],\"user-data\""}}},
     "evidence.claims",
     BOTH,
     0},
    {"two moduli",
     {.claims_edits = {{"\"kty\"", "\"n\":\"AQAB\",\"kty\""}}},
     "evidence.claims",
     BOTH,
     0},
    {"exponent 3", {.claims_edits = {{"AQAB", "Aw"}}}, "evidence.claims", BOTH, 0},
    {"kty EC", {.claims_edits = {{"\"RSA\"", "\"EC\""}}}, "evidence.claims", BOTH, 0},
    {"user data of 63 bytes", {.claims_edits = {{"\"5a00", "\"5a"}}}, "evidence.claims", BOTH, 0},
    {"secure boot as a text",
     {.claims_edits = {{"\"secure-boot\":true", "\"secure-boot\":\"true\""}}},
     "evidence.claims",
     BOTH,
     0},
    {"no secure boot",
     {.claims_edits = {{"\"secure-boot\"", "\"secure-foot\""}}},
     "evidence.claims",
     BOTH,
     0},
    {"no configuration",
     {.claims_edits = {{"vm-configuration", "vm-conf"}}},
     "evidence.claims",
     BOTH,
     0},
    {"keys is no list",
     {.claims_edits = {{"\"keys\":[", "\"keys\":1,\"k\":["}}},
     "evidence.claims",
     BOTH,
     0},
    {"bytes behind the claims",
     {.claims_edits = {{"050403020100\"}}", "050403020100\"}} x"}}},
     "evidence.claims",
     BOTH,
     0},
    {"a NUL behind the claims' id",
     {.claims_edits = {{"050403020100\"", "05040302010\\u0000\""}}},
     "evidence.claims",
     BOTH,
     0},
    /* TPM quote */
    {"the quote's magic", {.quote_patches = {{0, 1}}}, "evidence.tpm_quote", BOTH, 0},
    {"the quote's type: certify",
     {.quote_patches = {{5, 0x18 ^ 0x17}}},
     "evidence.tpm_quote",
     BOTH,
     0},
    {"the signer's name", {.quote_patches = {{9, 1}}}, "evidence.tpm_quote", BOTH, 0},
    {"state of the clock", {.quote_patches = {{92, 2}}}, "evidence.tpm_quote", BOTH, 0},
    {"bank SHA-1", {.bank = 0x0004}, "evidence.tpm_quote", BOTH, 0},
    {"bank SHA-384", {.bank = 0x000c}, "evidence.tpm_quote", BOTH, 0},
    {"two banks", {.bank_count = 2}, "evidence.tpm_quote", BOTH, 0},
    {"nothing selected", {.selects_nothing = true}, "evidence.tpm_quote", BOTH, 0},
    {"bytes behind the quote", {.quote_tail = 1}, "evidence.tpm_quote", BOTH, 0},
    {"far too long", {.quote_tail = 1024}, "evidence.tpm_quote", BOTH, 0},
    /* its signature */
    {"quoted by the EK", {.quoted_by = AZURE_RIG_EK}, "evidence.tpm_signature", BOTH, 0},
    {"quoted by a stranger", {.quoted_by = AZURE_RIG_STRANGER}, "evidence.tpm_signature", BOTH, 0},
    {"extra data changed", {.late_quote_patches = {{44, 1}}}, "evidence.tpm_signature", BOTH, 0},
    {"the clock changed", {.late_quote_patches = {{83, 1}}}, "evidence.tpm_signature", BOTH, 0},
    {"the selection changed",
     {.late_quote_patches = {{108, 1}}, .values = 0xfffffe},
     "evidence.tpm_signature",
     BOTH,
     0},
    {"the digest changed", {.late_quote_patches = {{113, 1}}}, "evidence.tpm_signature", BOTH, 0},
    {"a bit of the signature",
     {.signature_patches = {{255, 1}}},
     "evidence.tpm_signature",
     BOTH,
     0},
    {"a signature under another scheme",
     {.is_signature_framed = true, .signature_patches = {{1, 2}}},
     "evidence.tpm_signature",
     BOTH,
     0},
    {"a signature with another hash",
     {.is_signature_framed = true, .signature_patches = {{3, 7}}},
     "evidence.tpm_signature",
     BOTH,
     0},
    {"a signature of another size",
     {.is_signature_framed = true, .signature_patches = {{5, 1}}},
     "evidence.tpm_signature",
     BOTH,
     0},
    /* PCRs */
    {"a PCR more than was quoted",
     {.selection = 0xff, .values = 0x1ff},
     "evidence.pcr_selection",
     BOTH,
     0},
    {"a PCR fewer than were quoted",
     {.selection = 0x1ff, .values = 0xff},
     "evidence.pcr_selection",
     BOTH,
     0},
    {"other PCRs than were quoted",
     {.selection = 0x0f, .values = 0xf0},
     "evidence.pcr_selection",
     BOTH,
     0},
    {"a bit of the first PCR", {.pcr_patches = {{0, 1}}}, "evidence.pcr_digest", BOTH, 0},
    {"a bit of the last PCR",
     {.pcr_patches = {{32 * 24 - 1, 0x80}}},
     "evidence.pcr_digest",
     BOTH,
     0},
    {"a digest of something else", {.quote_patches = {{113, 1}}}, "evidence.pcr_digest", BOTH, 0},
    /* AK certificate */
    {"AK certificate of another key",
     {.has_ak_certificate = true, .certificate_of = AZURE_RIG_STRANGER},
     "evidence.ak_certificate",
     BOTH,
     0},
    {"AK certificate of the EK",
     {.has_ak_certificate = true, .certificate_of = AZURE_RIG_EK},
     "evidence.ak_certificate",
     BOTH,
     0},
    /* ephemeral key */
    {"ephemeral key certified by a stranger",
     {.has_encryption_key = true, .encryption_signed_by = AZURE_RIG_STRANGER},
     "evidence.encryption_key",
     BOTH,
     0},
    {"another ephemeral key than was certified",
     {.has_encryption_key = true, .late_encryption_patches = {{200, 1}}},
     "evidence.encryption_key",
     BOTH,
     0},
    {"ephemeral key: a signing key",
     {.has_encryption_key = true, .encryption_patches = {{5, 4}}},
     "evidence.encryption_key",
     BOTH,
     0},
    {"ephemeral key: restricted",
     {.has_encryption_key = true, .encryption_patches = {{5, 1}}},
     "evidence.encryption_key",
     BOTH,
     0},
    {"ephemeral key: does not decrypt",
     {.has_encryption_key = true, .encryption_patches = {{5, 2}}},
     "evidence.encryption_key",
     BOTH,
     0},
    {"ephemeral key: can leave its TPM",
     {.has_encryption_key = true, .encryption_patches = {{7, 2}}},
     "evidence.encryption_key",
     BOTH,
     0},
    {"ephemeral key: made elsewhere",
     {.has_encryption_key = true, .encryption_patches = {{7, 0x20}}},
     "evidence.encryption_key",
     BOTH,
     0},
    {"ephemeral key: named by SHA-1",
     {.has_encryption_key = true, .encryption_patches = {{3, 0x0f}}},
     "evidence.encryption_key",
     BOTH,
     0},
    {"a quote in place of the certification",
     {.has_encryption_key = true, .certify_patches = {{5, 0x18 ^ 0x17}}},
     "evidence.encryption_key",
     BOTH,
     0},
    {"a certification of another name",
     {.has_encryption_key = true, .certify_patches = {{80, 1}}},
     "evidence.encryption_key",
     BOTH,
     0},
};

static void check_refusal(const struct refusal *refusal, const azure_rig *rig)
{
    cof_facts facts = {.tee = COF_TEE_NONE};
    cof_checks checks = {0};
    const cof_status expected = refusal->status == 0 ? COF_E_EVIDENCE_INVALID : refusal->status;
    const cof_status status = verify_with(rig, &refusal->options, &facts, &checks);
    const cof_check *check = cof_checks_first_failed(&checks);
    if (status != expected || check == NULL || strcmp(check->name, refusal->check) != 0) {
        fail_msg("%s: %s by %s, expected %s by %s", refusal->what,
                 cof_status_describe(status)->name, check == NULL ? "nothing" : check->name,
                 cof_status_describe(expected)->name, refusal->check);
    }
    /* It stopped there, and said nothing of the evidence. */
    assert_ptr_equal(check, &checks.items[checks.count - 1]);
    assert_int_equal(facts.tee, COF_TEE_NONE);
    assert_true(check->source[0] != '\0');
}

static void what_is_wrong_is_refused_by_the_check_for_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        if (refusals[i].which != ONLY_TDX) {
            check_refusal(&refusals[i], &snp);
        }
        if (refusals[i].which != ONLY_SNP) {
            check_refusal(&refusals[i], &tdx);
        }
    }
}

static void parts_that_do_not_belong_together_are_refused(void **state)
{
    (void)state;
    COF_CLEANUP(cof_azure_evidence_free) cof_azure_evidence on_snp = {0};
    COF_CLEANUP(cof_azure_evidence_free) cof_azure_evidence on_tdx = {0};
    cof_facts facts = {0};
    const azure_rig_options good = {0};
    assert_ok(azure_rig_evidence(&snp, &good, &on_snp, NULL));
    assert_ok(azure_rig_evidence(&tdx, &good, &on_tdx, NULL));

    /* A TD quote beside an SNP report. */
    cof_azure_evidence mixed = on_snp;
    mixed.td_quote = on_tdx.td_quote;
    assert_status(verify_parts(&snp, &mixed, &facts, NULL), EVIDENCE_INVALID);

    /* No TD quote: the TDREPORT alone proves nothing. */
    mixed = on_tdx;
    mixed.td_quote = (cof_buf){0};
    assert_status(verify_parts(&tdx, &mixed, &facts, NULL), EVIDENCE_INVALID);

    /* A chip's certificate beside a TD quote. */
    mixed = on_tdx;
    mixed.leaf = on_snp.quote;
    assert_status(verify_parts(&tdx, &mixed, &facts, NULL), EVIDENCE_INVALID);

    /* Claims beside an HCL report: which would count? */
    mixed = on_snp;
    mixed.claims = on_snp.quote;
    assert_status(verify_parts(&snp, &mixed, &facts, NULL), EVIDENCE_INVALID);
    mixed = on_snp;
    mixed.snp_report = on_snp.quote;
    assert_status(verify_parts(&snp, &mixed, &facts, NULL), EVIDENCE_INVALID);

    /* Nothing at all. */
    mixed = (cof_azure_evidence){0};
    assert_status(verify_parts(&snp, &mixed, &facts, NULL), EVIDENCE_INVALID);

    /* An ephemeral key without its certification. */
    mixed = on_snp;
    mixed.encryption_key = on_snp.quote;
    assert_status(verify_parts(&snp, &mixed, &facts, NULL), EVIDENCE_INVALID);
}

static void a_quote_of_another_machine_does_not_vouch_for_these_claims(void **state)
{
    (void)state;
    COF_CLEANUP(cof_azure_evidence_free) cof_azure_evidence mine = {0};
    COF_CLEANUP(cof_azure_evidence_free) cof_azure_evidence other = {0};
    cof_facts facts = {0};
    const azure_rig_options edited = {.claims_edits = {{"0F0E0D0C", "1F1E1D1C"}}};
    assert_ok(azure_rig_evidence(&tdx, &(azure_rig_options){0}, &mine, NULL));
    assert_ok(azure_rig_evidence(&tdx, &edited, &other, NULL));
    cof_azure_evidence mixed = mine;
    mixed.td_quote = other.td_quote;
    assert_status(verify_parts(&tdx, &mixed, &facts, NULL), EVIDENCE_INVALID);
}

static void an_sgx_quote_is_no_td(void **state)
{
    (void)state;
    intel_rig rig;
    cof_checks checks = {0};
    cof_facts facts = {0};
    COF_CLEANUP(cof_azure_evidence_free) cof_azure_evidence evidence = {0};
    assert_ok(intel_rig_make(&rig, &(intel_rig_options){.form = INTEL_RIG_SGX_V4}, NULL));
    assert_ok(azure_rig_evidence(&tdx, &(azure_rig_options){0}, &evidence, NULL));
    cof_azure_evidence mixed = evidence;
    mixed.td_quote = rig.quote;
    const cof_evidence_input input = {.collateral = &rig.collateral,
                                      .roots = &rig.pin,
                                      .root_count = 1,
                                      .now_unix_s = AZURE_RIG_NOW};
    assert_status(cof_azure_cvm_verify(&mixed, &input, &facts, &checks, NULL), EVIDENCE_UNTRUSTED);
    assert_string_equal(cof_checks_first_failed(&checks)->name, "evidence.hardware");
    intel_rig_free(&rig);
}

static void a_stranger_to_the_roots_is_refused(void **state)
{
    (void)state;
    COF_CLEANUP(cof_azure_evidence_free) cof_azure_evidence evidence = {0};
    cof_facts facts = {0};
    for (size_t i = 0; i < 2; i++) {
        assert_ok(azure_rig_evidence(rigs[i], &(azure_rig_options){0}, &evidence, NULL));
        cof_evidence_input input = input_of(rigs[i], (cof_view){0});
        input.roots = rigs[1 - i]->pins;
        input.root_count = 1;
        assert_status(cof_azure_cvm_verify(&evidence, &input, &facts, NULL, NULL),
                      EVIDENCE_UNTRUSTED);
        input.root_count = 0;
        assert_status(cof_azure_cvm_verify(&evidence, &input, &facts, NULL, NULL),
                      EVIDENCE_UNTRUSTED);
    }
}

static void an_ak_certificate_with_anything_but_zeros_behind_it_is_refused(void **state)
{
    (void)state;
    COF_CLEANUP(cof_azure_evidence_free) cof_azure_evidence evidence = {0};
    cof_facts facts = {0};
    const azure_rig_options options = {.has_ak_certificate = true, .certificate_padding = 8};
    assert_ok(azure_rig_evidence(&snp, &options, &evidence, NULL));
    assert_ok(verify_parts(&snp, &evidence, &facts, NULL));
    assert_true(facts.azure.has_ak_certificate);
    evidence.ak_certificate.data[evidence.ak_certificate.size - 1] = 1;
    assert_status(verify_parts(&snp, &evidence, &facts, NULL), EVIDENCE_INVALID);
    /* Cut short, and nothing but its head. */
    evidence.ak_certificate.size -= 9;
    assert_status(verify_parts(&snp, &evidence, &facts, NULL), EVIDENCE_INVALID);
    evidence.ak_certificate.size = 4;
    assert_status(verify_parts(&snp, &evidence, &facts, NULL), EVIDENCE_INVALID);
}

/* No single bit of the quote, the signature, the claims or the PCRs is without effect. */
static void any_flipped_bit_of_a_bound_part_is_refused(void **state)
{
    (void)state;
    COF_CLEANUP(cof_azure_evidence_free) cof_azure_evidence evidence = {0};
    cof_facts facts = {0};
    assert_ok(azure_rig_evidence(&tdx, &(azure_rig_options){0}, &evidence, NULL));
    const struct {
        uint8_t *data;
        size_t size, step;
    } parts[] = {{evidence.quote.data, evidence.quote.size, 3},
                 {evidence.signature.data, evidence.signature.size, 17},
                 {evidence.pcrs.values[0].bytes, sizeof evidence.pcrs.values, 29},
                 {evidence.hcl_report.data + 1236, 900, 31}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        for (size_t at = 0; at < parts[i].size; at += parts[i].step) {
            const uint8_t flip = (uint8_t)(1U << at % 8);
            parts[i].data[at] ^= flip;
            assert_status(verify_parts(&tdx, &evidence, &facts, NULL), EVIDENCE_INVALID);
            parts[i].data[at] ^= flip;
        }
    }
    assert_ok(verify_parts(&tdx, &evidence, &facts, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_evidence_says_what_was_quoted_and_by_whom),
        cmocka_unit_test(the_facts_of_the_hardware_come_along),
        cmocka_unit_test(debuggable_hardware_is_reported_as_such),
        cmocka_unit_test(what_is_as_good_verifies),
        cmocka_unit_test(what_is_wrong_is_refused_by_the_check_for_it),
        cmocka_unit_test(parts_that_do_not_belong_together_are_refused),
        cmocka_unit_test(a_quote_of_another_machine_does_not_vouch_for_these_claims),
        cmocka_unit_test(an_sgx_quote_is_no_td),
        cmocka_unit_test(a_stranger_to_the_roots_is_refused),
        cmocka_unit_test(an_ak_certificate_with_anything_but_zeros_behind_it_is_refused),
        cmocka_unit_test(any_flipped_bit_of_a_bound_part_is_refused),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
