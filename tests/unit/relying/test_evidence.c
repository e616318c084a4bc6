/* Evidence of every form: which it is, what it needs, and that it verifies through the one door. */
#include <stdio.h>
#include <string.h>

#include "harness/cof_test.h"
#include "relying/verify/runtime.h"
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

static cof_status verify(cof_view evidence, const cof_collateral *collateral,
                         const cof_root_pin *roots, size_t root_count, cof_facts *facts,
                         cof_checks *checks)
{
    cof_err err = {0};
    const cof_evidence_input input = {.evidence = evidence,
                                      .collateral = collateral,
                                      .roots = roots,
                                      .root_count = root_count,
                                      .now_unix_s = AZURE_RIG_NOW};
    *checks = (cof_checks){0};
    const cof_status status = cof_evidence_verify(&input, facts, checks, &err);
    assert_true(status == COF_OK || err.status == status);
    assert_int_equal(status == COF_OK, cof_checks_all_ok(checks));
    return status;
}

/* --- Intel --- */

static void quotes_of_every_version_are_known_and_verify(void **state)
{
    (void)state;
    for (int form = 0; form < INTEL_RIG_FORM_COUNT; form++) {
        const bool is_tdx = form >= INTEL_RIG_TDX_V4;
        intel_rig rig;
        cof_facts facts = {0};
        cof_checks checks = {0};
        cof_collateral_need need = {0};
        const intel_rig_options options = {.form = (intel_rig_form)form};
        assert_ok(intel_rig_make(&rig, &options, NULL));
        const cof_view quote = cof_buf_view(&rig.quote);
        assert_int_equal(cof_evidence_detect(quote),
                         is_tdx ? COF_EVIDENCE_TDX_QUOTE : COF_EVIDENCE_SGX_QUOTE);
        assert_ok(cof_evidence_need(quote, &need, NULL));
        assert_int_equal(need.hardware, is_tdx ? COF_TEE_TDX : COF_TEE_SGX);
        assert_memory_equal(need.fmspc, intel_rig_fmspc, sizeof need.fmspc);
        assert_true(need.is_platform_ca);
        assert_ok(verify(quote, &rig.collateral, &rig.pin, 1, &facts, &checks));
        assert_int_equal(facts.tee, is_tdx ? COF_TEE_TDX : COF_TEE_SGX);
        assert_int_equal(facts.hardware, facts.tee);
        /* Without collateral there is no verdict. */
        assert_status(verify(quote, NULL, &rig.pin, 1, &facts, &checks), COLLATERAL_MISSING);
        intel_rig_free(&rig);
    }
}

static void a_processor_ca_is_told_from_a_platform_ca(void **state)
{
    (void)state;
    intel_rig rig;
    cof_collateral_need need = {.is_platform_ca = true};
    const intel_rig_options options = {.platform = {.is_processor_ca = true}};
    assert_ok(intel_rig_make(&rig, &options, NULL));
    assert_ok(cof_evidence_need(cof_buf_view(&rig.quote), &need, NULL));
    assert_false(need.is_platform_ca);
    intel_rig_free(&rig);
}

static void an_open_enclave_report_is_a_quote_behind_a_header(void **state)
{
    (void)state;
    intel_rig rig;
    cof_facts facts = {0};
    cof_facts plain = {0};
    cof_checks checks = {0};
    cof_collateral_need need = {0};
    COF_CLEANUP(cof_buf_free) cof_buf quote = {.limit = ROOM};
    intel_rig_options options = {.quote = {.is_open_enclave = true}};
    assert_ok(intel_rig_make(&rig, &options, NULL));
    const cof_view bytes = cof_buf_view(&rig.quote);
    assert_int_equal(cof_evidence_detect(bytes), COF_EVIDENCE_OPEN_ENCLAVE);
    assert_ok(cof_evidence_need(bytes, &need, NULL));
    assert_int_equal(need.hardware, COF_TEE_SGX);
    assert_ok(verify(bytes, &rig.collateral, &rig.pin, 1, &facts, &checks));
    assert_int_equal(facts.tee, COF_TEE_SGX);
    /* The digest is the quote's, behind the header or not. */
    assert_ok(verify(cof_view_of(bytes.data + 16, bytes.size - 16), &rig.collateral, &rig.pin, 1,
                     &plain, &checks));
    assert_true(cof_digest_equal(&facts.evidence_digest, &plain.evidence_digest));
    /* A byte too few. */
    assert_status(verify(cof_view_of(bytes.data, bytes.size - 1), &rig.collateral, &rig.pin, 1,
                         &facts, &checks),
                  EVIDENCE_INVALID);
    assert_string_equal(cof_checks_first_failed(&checks)->name, "evidence.structure");
    assert_status(cof_evidence_need(cof_view_of(bytes.data, bytes.size - 1), &need, NULL),
                  EVIDENCE_INVALID);
    intel_rig_free(&rig);
}

static void padding_of_a_quote_does_not_change_its_digest(void **state)
{
    (void)state;
    intel_rig rig;
    cof_facts plain = {0};
    cof_facts padded = {0};
    cof_checks checks = {0};
    intel_rig_options options = {.form = INTEL_RIG_TDX_V4, .quote = {.padding = 70}};
    assert_ok(intel_rig_make(&rig, &options, NULL));
    const cof_view bytes = cof_buf_view(&rig.quote);
    assert_ok(verify(bytes, &rig.collateral, &rig.pin, 1, &padded, &checks));
    assert_ok(verify(cof_view_of(bytes.data, bytes.size - 70), &rig.collateral, &rig.pin, 1, &plain,
                     &checks));
    assert_true(cof_digest_equal(&plain.evidence_digest, &padded.evidence_digest));
    intel_rig_free(&rig);
}

/* For many verifications: opened once by the caller, who need not give the bytes again. */
static void collateral_that_was_opened_before_is_used(void **state)
{
    (void)state;
    intel_rig rig;
    cof_facts facts = {0};
    COF_CLEANUP(cof_intel_collateral_drop_) cof_intel_collateral *opened = NULL;
    assert_ok(intel_rig_make(&rig, &(intel_rig_options){0}, NULL));
    assert_ok(cof_intel_collateral_new(&rig.collateral, &rig.pin, &opened, NULL));
    const cof_evidence_input input = {.evidence = cof_buf_view(&rig.quote),
                                      .intel = opened,
                                      .roots = &rig.pin,
                                      .root_count = 1,
                                      .now_unix_s = AZURE_RIG_NOW};
    for (int i = 0; i < 3; i++) {
        assert_ok(cof_evidence_verify(&input, &facts, NULL, NULL));
    }
    intel_rig_free(&rig);
}

/* --- AMD --- */

static void put_u32(uint8_t *at, size_t number)
{
    for (size_t i = 0; i < 4; i++) {
        at[i] = (uint8_t)(number >> (8 * i));
    }
}

/* A report and the certificate table that the kernel gives: VCEK, ASK, ARK. */
static void make_table(cof_buf *out)
{
    static const char *const guids[] = {"63da758de6644564adc5f4b93be8accd",
                                        "4ab7b379bbac4fe4a02f05aef327c782",
                                        "c0b406a4a803495297433fb6014cd0ae"};
    static const amd_rig_who who[] = {AMD_RIG_LEAF, AMD_RIG_CA, AMD_RIG_ROOT};
    uint8_t entries[4 * 24] = {0};
    COF_CLEANUP(cof_buf_free) cof_buf data = {.limit = ROOM};
    for (size_t i = 0; i < 3; i++) {
        unsigned char *der = NULL;
        const int size = i2d_X509(snp.amd.certificates[who[i]], &der);
        assert_true(size > 0);
        assert_ok(cof_hex_decode(cof_view_text(guids[i]), entries + 24 * i, 16, NULL));
        put_u32(entries + 24 * i + 16, sizeof entries + data.size);
        put_u32(entries + 24 * i + 20, (size_t)size);
        assert_ok(cof_buf_append(&data, cof_view_of(der, (size_t)size), NULL));
        OPENSSL_free(der);
    }
    assert_ok(cof_buf_append(out, cof_buf_view(&snp.amd.report), NULL));
    assert_ok(cof_buf_append(out, cof_view_of(entries, sizeof entries), NULL));
    assert_ok(cof_buf_append(out, cof_buf_view(&data), NULL));
}

static void make_snp_json(cof_buf *out)
{
    COF_CLEANUP(cof_buf_free) cof_buf pem = {.limit = ROOM};
    COF_CLEANUP(cof_buf_free) cof_buf report = {.limit = ROOM};
    COF_CLEANUP(cof_buf_free) cof_buf chain = {.limit = ROOM};
    COF_JSON json_t *object = NULL;
    assert_ok(cof_buf_append(&pem, cof_buf_view(&snp.amd.pem[AMD_RIG_LEAF]), NULL));
    assert_ok(cof_buf_append(&pem, cof_buf_view(&snp.amd.pem[AMD_RIG_CA]), NULL));
    assert_ok(cof_buf_append(&pem, cof_buf_view(&snp.amd.pem[AMD_RIG_ROOT]), NULL));
    assert_ok(cof_base64url_encode(cof_buf_view(&snp.amd.report), &report, NULL));
    assert_ok(cof_base64url_encode(cof_buf_view(&pem), &chain, NULL));
    object = json_pack("{s:s%, s:s%}", "SnpReport", report.data, report.size, "VcekCertChain",
                       chain.data, chain.size);
    assert_non_null(object);
    assert_ok(cof_json_print(object, out, NULL));
}

/* Only the ARK's list: what evidence cannot bring along. */
static cof_collateral only_crl(void)
{
    cof_collateral out = {0};
    assert_ok(cof_collateral_set(&out, COF_COLLATERAL_AMD_CRL,
                                 cof_collateral_view(&snp.amd.collateral, COF_COLLATERAL_AMD_CRL),
                                 NULL));
    return out;
}

static void a_bare_report_takes_all_from_its_caller(void **state)
{
    (void)state;
    cof_facts facts = {0};
    cof_checks checks = {0};
    cof_collateral_need need = {0};
    COF_CLEANUP(cof_collateral_free) cof_collateral crl = only_crl();
    const cof_view report = cof_buf_view(&snp.amd.report);
    assert_int_equal(cof_evidence_detect(report), COF_EVIDENCE_SNP_REPORT);
    assert_ok(cof_evidence_need(report, &need, NULL));
    assert_int_equal(need.hardware, COF_TEE_SEV_SNP);
    assert_int_equal(need.product, COF_SNP_MILAN);
    assert_false(need.has_leaf);
    assert_false(need.has_chain);
    assert_ok(verify(report, &snp.amd.collateral, snp.pins, 3, &facts, &checks));
    assert_int_equal(facts.tee, COF_TEE_SEV_SNP);
    assert_status(verify(report, &crl, snp.pins, 3, &facts, &checks), COLLATERAL_MISSING);
}

static void a_report_brings_its_certificates_along(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf table = {.limit = ROOM};
    COF_CLEANUP(cof_buf_free) cof_buf json = {.limit = ROOM};
    COF_CLEANUP(cof_collateral_free) cof_collateral crl = only_crl();
    make_table(&table);
    make_snp_json(&json);
    assert_int_equal(cof_evidence_detect(cof_buf_view(&table)), COF_EVIDENCE_SNP_REPORT);
    assert_int_equal(cof_evidence_detect(cof_buf_view(&json)), COF_EVIDENCE_SNP_JSON);
    const cof_view forms[] = {cof_buf_view(&table), cof_buf_view(&json)};
    for (size_t i = 0; i < 2; i++) {
        cof_facts facts = {0};
        cof_checks checks = {0};
        cof_collateral_need need = {0};
        assert_ok(cof_evidence_need(forms[i], &need, NULL));
        assert_true(need.has_leaf);
        assert_true(need.has_chain);
        assert_ok(verify(forms[i], &crl, snp.pins, 3, &facts, &checks));
        assert_int_equal(facts.tee, COF_TEE_SEV_SNP);
        /* But never the list, and never trust. */
        assert_status(verify(forms[i], NULL, snp.pins, 3, &facts, &checks), COLLATERAL_MISSING);
        assert_status(verify(forms[i], &crl, tdx.pins, 1, &facts, &checks), EVIDENCE_UNTRUSTED);
    }
}

static void what_the_caller_gives_is_preferred_to_what_comes_along(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf table = {.limit = ROOM};
    COF_CLEANUP(cof_collateral_free) cof_collateral collateral = only_crl();
    cof_facts facts = {0};
    cof_checks checks = {0};
    make_table(&table);
    assert_ok(cof_collateral_set(&collateral, COF_COLLATERAL_AMD_LEAF,
                                 cof_view_text("not a certificate"), NULL));
    assert_status(verify(cof_buf_view(&table), &collateral, snp.pins, 3, &facts, &checks),
                  EVIDENCE_INVALID);
}

static void the_firmwares_message_holds_a_report(void **state)
{
    (void)state;
    uint8_t message[4000] = {0};
    cof_facts facts = {0};
    cof_checks checks = {0};
    put_u32(message + 4, COF_SNP_REPORT_SIZE);
    memcpy(message + 32, snp.amd.report.data, COF_SNP_REPORT_SIZE);
    const cof_view bytes = cof_view_of(message, sizeof message);
    assert_int_equal(cof_evidence_detect(bytes), COF_EVIDENCE_SNP_REPORT);
    assert_ok(verify(bytes, &snp.amd.collateral, snp.pins, 3, &facts, &checks));
}

/* --- Azure --- */

static void make_azure_json(const azure_rig *rig, const azure_rig_options *options, cof_buf *out)
{
    COF_CLEANUP(cof_azure_evidence_free) cof_azure_evidence evidence = {0};
    assert_ok(azure_rig_evidence(rig, options, &evidence, NULL));
    cof_buf_free(out);
    cof_buf_init(out, ROOM);
    assert_ok(cof_azure_evidence_print(&evidence, out, NULL));
}

static void an_azure_machine_verifies_through_the_same_door(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf json = {0};
    COF_CLEANUP(cof_collateral_free) cof_collateral crl = only_crl();
    cof_facts facts = {0};
    cof_checks checks = {0};
    cof_collateral_need need = {0};
    cof_digest digest = {0};

    make_azure_json(&tdx, &(azure_rig_options){.has_ak_certificate = true}, &json);
    assert_int_equal(cof_evidence_detect(cof_buf_view(&json)), COF_EVIDENCE_AZURE_CVM);
    assert_ok(cof_evidence_need(cof_buf_view(&json), &need, NULL));
    assert_int_equal(need.hardware, COF_TEE_TDX);
    assert_ok(verify(cof_buf_view(&json), tdx.collateral, tdx.pins, 1, &facts, &checks));
    assert_int_equal(facts.tee, COF_TEE_AZURE_CVM);
    assert_int_equal(facts.hardware, COF_TEE_TDX);
    assert_true(facts.azure.has_ak_certificate);
    assert_ok(cof_digest_of(cof_buf_view(&json), &digest, NULL));
    assert_true(cof_digest_equal(&digest, &facts.evidence_digest));

    make_azure_json(&snp, &(azure_rig_options){.has_certificates = true}, &json);
    assert_ok(cof_evidence_need(cof_buf_view(&json), &need, NULL));
    assert_int_equal(need.hardware, COF_TEE_SEV_SNP);
    assert_true(need.has_leaf);
    assert_true(need.has_chain);
    assert_ok(verify(cof_buf_view(&json), &crl, snp.pins, 3, &facts, &checks));
    assert_int_equal(facts.hardware, COF_TEE_SEV_SNP);

    make_azure_json(&snp, &(azure_rig_options){0}, &json);
    assert_ok(cof_evidence_need(cof_buf_view(&json), &need, NULL));
    assert_false(need.has_leaf);
    assert_status(verify(cof_buf_view(&json), &crl, snp.pins, 3, &facts, &checks),
                  COLLATERAL_MISSING);
}

/* A vTPM quotes over 32 bytes; what is compared are 64, as for every other kind of evidence. */
static void runtime_data_is_bound_by_a_tpm_quote_as_by_any_other(void **state)
{
    (void)state;
    static const char runtime[] = "{\"keys\":[]}";
    COF_CLEANUP(cof_buf_free) cof_buf json = {0};
    cof_digest digest = {0};
    cof_facts facts = {0};
    cof_checks checks = {0};
    assert_ok(cof_digest_of(cof_view_text(runtime), &digest, NULL));
    make_azure_json(&tdx,
                    &(azure_rig_options){.extra = digest.bytes, .extra_size = sizeof digest.bytes},
                    &json);
    assert_ok(verify(cof_buf_view(&json), tdx.collateral, tdx.pins, 1, &facts, &checks));
    assert_ok(cof_runtime_check_binding(cof_view_text(runtime), facts.report_data, &checks, NULL));
    assert_string_equal(cof_checks_find(&checks, "binding")->source, "report data");
    assert_status(cof_runtime_check_binding(cof_view_text("{}"), facts.report_data, &checks, NULL),
                  EVIDENCE_BINDING);
    /* A part of the hash is not the hash. */
    make_azure_json(&tdx, &(azure_rig_options){.extra = digest.bytes, .extra_size = 31}, &json);
    assert_ok(verify(cof_buf_view(&json), tdx.collateral, tdx.pins, 1, &facts, &checks));
    assert_status(cof_runtime_check_binding(cof_view_text(runtime), facts.report_data, NULL, NULL),
                  EVIDENCE_BINDING);
}

static void what_is_printed_is_canonical_and_is_read_again(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf json = {0};
    COF_CLEANUP(cof_buf_free) cof_buf again = {.limit = ROOM};
    COF_CLEANUP(cof_buf_free) cof_buf canonical = {.limit = ROOM};
    COF_CLEANUP(cof_azure_evidence_free) cof_azure_evidence evidence = {0};
    COF_JSON json_t *object = NULL;
    const azure_rig_options options = {.has_ak_certificate = true,
                                       .has_certificates = true,
                                       .is_signature_framed = true,
                                       .selection = 0x8000ff,
                                       .values = 0x8000ff};
    make_azure_json(&snp, &options, &json);
    assert_ok(cof_azure_evidence_parse(cof_buf_view(&json), &evidence, NULL));
    assert_int_equal(evidence.pcrs.mask, 0x8000ff);
    assert_ok(cof_azure_evidence_print(&evidence, &again, NULL));
    assert_true(cof_view_equal(cof_buf_view(&json), cof_buf_view(&again)));
    assert_ok(cof_json_parse(cof_buf_view(&json), ROOM, &object, NULL));
    assert_ok(cof_json_canonical(object, &canonical, NULL));
    assert_true(cof_view_equal(cof_buf_view(&json), cof_buf_view(&canonical)));
    cof_buf_clear(&evidence.hcl_report);
    assert_status(cof_azure_evidence_print(&evidence, &again, NULL), BAD_ARGUMENT);
}

static const struct {
    const char *find;
    const char *by;
} wrong_json[] = {
    {"\"type\":\"azure-cvm\"", "\"type\":\"azure\""},
    {"\"type\":\"azure-cvm\"", "\"type\":1"},
    {"\"type\":\"azure-cvm\"", "\"type\":\"azure-cvm\",\"type\":\"azure-cvm\""},
    {"\"type\":\"azure-cvm\"", "\"type\":\"azure-cvm\",\"version\":1"},
    {"\"type\":\"azure-cvm\"", "\"version\":1"}, /* PCRs are a list there */
    {"\"hcl_report\":\"", "\"hcl_report\":\"!"},
    {"\"hcl_report\":", "\"hcl_report\":1,\"x\":"},
    {"\"message\":\"ff", "\"message\":\"f"},
    {"\"message\":\"ff", "\"message\":\"fg"},
    {"\"message\":", "\"note\":"},
    {"\"signature\":", "\"note\":"},
    {"\"pcrs\":{", "\"pcrs\":{\"24\":"
                   "\"0000000000000000000000000000000000000000000000000000000000000000\","},
    {"\"0\":\"", "\"00\":\""},
    {"\"7\":\"", "\"07\":\""},
    {"\"7\":\"", "\"7\":\"0"},
    {"\"7\":\"", "\"+7\":\""},
    {"\"9\":\"", "\"7\":\""},
    {"\"tpm_quote\":{", "\"tpm_quote\":{\"x\":1,"},
    {"\"tpm_quote\":", "\"quote\":"},
    {"\"td_quote\":\"", "\"td_quote\":\"="},
};

static void json_that_is_not_the_form_is_refused(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf json = {0};
    make_azure_json(&tdx, &(azure_rig_options){0}, &json);
    for (size_t i = 0; i < sizeof wrong_json / sizeof wrong_json[0]; i++) {
        COF_CLEANUP(cof_buf_free) cof_buf changed = {.limit = ROOM};
        cof_azure_evidence evidence = {0};
        cof_facts facts = {0};
        cof_checks checks = {0};
        text_replace(&json, wrong_json[i].find, wrong_json[i].by, &changed);
        if (cof_azure_evidence_parse(cof_buf_view(&changed), &evidence, NULL) == COF_OK) {
            fail_msg("%s was read", wrong_json[i].by);
        }
        assert_status(verify(cof_buf_view(&changed), tdx.collateral, tdx.pins, 1, &facts, &checks),
                      EVIDENCE_INVALID);
        assert_string_equal(cof_checks_first_failed(&checks)->name, "evidence.structure");
    }
}

static void an_agent_adds_the_td_quote(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf json = {.limit = ROOM};
    COF_CLEANUP(cof_azure_evidence_free) cof_azure_evidence whole = {0};
    COF_CLEANUP(cof_azure_evidence_free) cof_azure_evidence read = {0};
    cof_facts facts = {0};
    cof_checks checks = {0};
    cof_collateral_need need = {0};
    assert_ok(azure_rig_evidence(&tdx, &(azure_rig_options){0}, &whole, NULL));
    cof_azure_evidence without = whole;
    without.td_quote = (cof_buf){0};
    assert_ok(cof_azure_evidence_print(&without, &json, NULL));
    assert_status(verify(cof_buf_view(&json), tdx.collateral, tdx.pins, 1, &facts, &checks),
                  EVIDENCE_INVALID);
    assert_string_equal(cof_checks_first_failed(&checks)->name, "evidence.hcl_report");
    assert_status(cof_evidence_need(cof_buf_view(&json), &need, NULL), EVIDENCE_INVALID);
    assert_ok(cof_azure_evidence_parse(cof_buf_view(&json), &read, NULL));
    assert_ok(cof_buf_append(&read.td_quote, cof_buf_view(&whole.td_quote), NULL));
    cof_buf_clear(&json);
    assert_ok(cof_azure_evidence_print(&read, &json, NULL));
    assert_ok(verify(cof_buf_view(&json), tdx.collateral, tdx.pins, 1, &facts, &checks));
}

/* --- none of these --- */

static const struct {
    const char *what;
    const char *bytes;
    size_t size;
} unknown[] = {
    {"nothing", "", 0},
    {"a few bytes", "\3\0\2", 3},
    {"a quote of version 2", "\2\0\2\0\0\0\0\0", 8},
    {"a quote of version 6", "\6\0\2\0\0\0\0\0", 8},
    {"a quote with a P-384 key", "\3\0\3\0\0\0\0\0", 8},
    {"a quote of version 5, cut off", "\5\0\2\0\x81\0\0\0", 8},
    {"a report of version 1", "\1\0\0\0\0\0\0\0", 8},
    {"a report of version 6", "\6\0\0\0\0\0\0\0", 8},
    {"zeros", "\0\0\0\0\0\0\0\0", 8},
    {"an Open Enclave report of its own machine", "\1\0\0\0\1\0\0\0", 8},
    {"an HCL report alone", "HCLA\2\0\0\0", 8},
    {"JSON of something else", "{\"a\":1}", 7},
    {"a list", "[{\"SnpReport\":1}]", 17},
    {"JSON cut off", "{\"SnpReport\":", 13},
    {"JSON with two members of a name", "{\"SnpReport\":1,\"SnpReport\":1}", 29},
};

static void what_is_no_evidence_is_refused_as_such(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        const cof_view bytes = cof_view_of(unknown[i].bytes, unknown[i].size);
        cof_facts facts = {0};
        cof_checks checks = {0};
        cof_collateral_need need = {0};
        if (cof_evidence_detect(bytes) != COF_EVIDENCE_UNKNOWN) {
            fail_msg("%s is taken for evidence", unknown[i].what);
        }
        assert_status(cof_evidence_need(bytes, &need, NULL), EVIDENCE_INVALID);
        assert_status(verify(bytes, NULL, tdx.pins, 1, &facts, &checks), EVIDENCE_INVALID);
        assert_string_equal(cof_checks_first_failed(&checks)->name, "evidence.structure");
        assert_status(
            cof_evidence_verify(&(cof_evidence_input){.evidence = bytes}, &facts, NULL, NULL),
            EVIDENCE_INVALID);
    }
}

static void evidence_that_is_too_long_is_refused(void **state)
{
    (void)state;
    static uint8_t bytes[COF_EVIDENCE_MAX + 1] = {3, 0, 2, 0};
    cof_facts facts = {0};
    cof_checks checks = {0};
    assert_int_equal(cof_evidence_detect(cof_view_of(bytes, sizeof bytes)), COF_EVIDENCE_UNKNOWN);
    assert_int_equal(cof_evidence_detect(cof_view_of(bytes, sizeof bytes - 1)),
                     COF_EVIDENCE_SGX_QUOTE);
    assert_status(verify(cof_view_of(bytes, sizeof bytes), NULL, tdx.pins, 1, &facts, &checks),
                  EVIDENCE_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quotes_of_every_version_are_known_and_verify),
        cmocka_unit_test(a_processor_ca_is_told_from_a_platform_ca),
        cmocka_unit_test(an_open_enclave_report_is_a_quote_behind_a_header),
        cmocka_unit_test(padding_of_a_quote_does_not_change_its_digest),
        cmocka_unit_test(collateral_that_was_opened_before_is_used),
        cmocka_unit_test(a_bare_report_takes_all_from_its_caller),
        cmocka_unit_test(a_report_brings_its_certificates_along),
        cmocka_unit_test(what_the_caller_gives_is_preferred_to_what_comes_along),
        cmocka_unit_test(the_firmwares_message_holds_a_report),
        cmocka_unit_test(an_azure_machine_verifies_through_the_same_door),
        cmocka_unit_test(runtime_data_is_bound_by_a_tpm_quote_as_by_any_other),
        cmocka_unit_test(what_is_printed_is_canonical_and_is_read_again),
        cmocka_unit_test(json_that_is_not_the_form_is_refused),
        cmocka_unit_test(an_agent_adds_the_td_quote),
        cmocka_unit_test(what_is_no_evidence_is_refused_as_such),
        cmocka_unit_test(evidence_that_is_too_long_is_refused),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
