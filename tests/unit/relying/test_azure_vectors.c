/*
 * Real evidence of Azure confidential VMs, in the shapes in which other verifiers publish theirs,
 * with the collateral of its day. Usage: test_azure_vectors FOLDER (of the vectors); the folder is
 * not part of this project.
 */
#include <stdio.h>
#include <string.h>

#include "harness/cof_test.h"
#include "relying/verify/azure/azure_cvm.h"
#include "relying/verify/azure/tpm_key.h"
#include "relying/verify/pem.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

/* Within the validity of the revocation lists that there are: 2025-06-15. */
#define AT_2025_06 INT64_C(1749945600)

enum { FILE_MAX = 256 * 1024 };

static const char *folder;

static cof_buf read_file(const char *name)
{
    char path[1024];
    uint8_t piece[4096];
    cof_buf out = {.limit = FILE_MAX};
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fail_msg("%s cannot be opened", path);
        return out;
    }
    for (size_t size = 0; (size = fread(piece, 1, sizeof piece, file)) > 0;) {
        assert_ok(cof_buf_append(&out, cof_view_of(piece, size), NULL));
    }
    (void)fclose(file);
    return out;
}

#define FILE_BUF(name, path) COF_CLEANUP(cof_buf_free) cof_buf name = read_file(path)

/* The base64 of either alphabet between two texts, white space apart; "-----BEGIN" is found behind
 * the text after. */
static cof_buf base64_between(const cof_buf *file, const char *after, const char *begin,
                              const char *end)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = FILE_MAX};
    COF_CLEANUP(cof_buf_free) cof_buf copy = {.limit = FILE_MAX};
    const char *whole = NULL;
    assert_ok(cof_buf_append(&copy, cof_buf_view(file), NULL));
    assert_ok(cof_buf_text(&copy, &whole, NULL));
    const char *at = strstr(whole, after);
    assert_non_null(at);
    at = strstr(at, begin);
    assert_non_null(at);
    at += strlen(begin);
    const char *stop = strstr(at, end);
    assert_non_null(stop);
    for (; at < stop; at++) {
        const char c = (char)(*at == '+' ? '-' : *at == '/' ? '_' : *at);
        if (c != '\n' && c != '\r' && c != ' ') {
            assert_ok(cof_buf_append(&text, cof_view_of(&c, 1), NULL));
        }
    }
    cof_buf out = {.limit = FILE_MAX};
    assert_ok(cof_base64url_decode(cof_buf_view(&text), &out, NULL));
    return out;
}

static void put_intel(cof_collateral *collateral, const char *bundle)
{
    for (int i = COF_COLLATERAL_TCB_INFO; i <= COF_COLLATERAL_PCK_CRL; i++) {
        char path[512];
        const cof_collateral_item item = (cof_collateral_item)i;
        (void)snprintf(path, sizeof path, "bundles/tdx/%s/%s", bundle,
                       cof_collateral_file_name(item));
        FILE_BUF(bytes, path);
        assert_ok(cof_collateral_set(collateral, item, cof_buf_view(&bytes), NULL));
    }
}

static void put_amd(cof_collateral *collateral, const char *chain, const char *crl)
{
    FILE_BUF(pem, chain);
    FILE_BUF(lists, "snp/openpcc_openpcc/sev_certificates.txt");
    COF_CLEANUP(cof_buf_free)
    cof_buf der = base64_between(&lists, crl, "-----BEGIN X509 CRL-----", "-----END X509 CRL-----");
    assert_ok(cof_collateral_set(collateral, COF_COLLATERAL_AMD_CHAIN, cof_buf_view(&pem), NULL));
    assert_ok(cof_collateral_set(collateral, COF_COLLATERAL_AMD_CRL, cof_buf_view(&der), NULL));
}

static void put_milan(cof_collateral *collateral)
{
    put_amd(collateral, "snp/google_go-sev-guest/ask_ark_milan.pem", "test_amd_milan_crl.pem");
}

static void put_genoa(cof_collateral *collateral)
{
    put_amd(collateral, "snp/google_go-sev-guest/ask_ark_genoa.pem", "test_amd_genoa_crl.pem");
}

static cof_evidence_input input_of(const cof_collateral *collateral, int64_t now_unix_s)
{
    static cof_root_pin roots[4];
    roots[0] = cof_root_intel;
    memcpy(roots + 1, cof_roots_amd, sizeof cof_roots_amd);
    return (cof_evidence_input){
        .collateral = collateral, .roots = roots, .root_count = 4, .now_unix_s = now_unix_s};
}

static void expect_genuine(cof_status status, const cof_checks *checks)
{
    const cof_check *check = cof_checks_first_failed(checks);
    if (status != COF_OK) {
        fail_msg("%s: %s: %s, expected %s", cof_status_describe(status)->name,
                 check == NULL ? "" : check->name, check == NULL ? "" : check->actual,
                 check == NULL ? "" : check->expected);
    }
    assert_true(cof_checks_all_ok(checks));
}

static void expect_refused(cof_status status, const char *expected, const cof_checks *checks,
                           const char *name)
{
    const cof_check *check = cof_checks_first_failed(checks);
    assert_non_null(check);
    assert_string_equal(cof_status_describe(status)->name, expected);
    assert_string_equal(check->name, name);
    assert_ptr_equal(check, &checks->items[checks->count - 1]);
}

static cof_status verify_json(cof_view json, const cof_collateral *collateral, int64_t now_unix_s,
                              cof_facts *facts, cof_checks *checks)
{
    cof_evidence_input input = input_of(collateral, now_unix_s);
    *checks = (cof_checks){0};
    input.evidence = json;
    return cof_evidence_verify(&input, facts, checks, NULL);
}

static cof_status verify_parts(const cof_azure_evidence *evidence, const cof_collateral *collateral,
                               int64_t now_unix_s, cof_facts *facts, cof_checks *checks)
{
    const cof_evidence_input input = input_of(collateral, now_unix_s);
    *checks = (cof_checks){0};
    return cof_azure_cvm_verify(evidence, &input, facts, checks, NULL);
}

/* Confidential Containers, version 1, Milan. */
static void an_snp_machine_of_confidential_containers_is_genuine(void **state)
{
    (void)state;
    FILE_BUF(json, "azure/confidential-containers_trustee/evidence-v1.json");
    COF_CLEANUP(cof_collateral_free) cof_collateral collateral = {0};
    cof_facts facts = {0};
    cof_checks checks = {0};
    put_milan(&collateral);
    assert_int_equal(cof_evidence_detect(cof_buf_view(&json)), COF_EVIDENCE_AZURE_CVM);
    expect_genuine(verify_json(cof_buf_view(&json), &collateral, AT_2025_06, &facts, &checks),
                   &checks);
    assert_int_equal(facts.tee, COF_TEE_AZURE_CVM);
    assert_int_equal(facts.hardware, COF_TEE_SEV_SNP);
    assert_int_equal(facts.snp.product, COF_SNP_MILAN);
    assert_memory_equal(facts.report_data, "challenge\0\0", 11);
    assert_int_equal(facts.azure.pcrs.mask, 0xffffff);
    assert_true(facts.azure.claims.is_secure_boot);
    assert_string_equal(facts.azure.claims.vm_id, "26F8BC30-774E-4290-8E7A-535F3B672AEE");
    assert_false(facts.is_debuggable);

    /* The list's time is over, has not begun; there is none; nobody trusts AMD. */
    expect_refused(verify_json(cof_buf_view(&json), &collateral, 1790000000, &facts, &checks),
                   "COLLATERAL_OLD", &checks, "evidence.crl_time");
    expect_refused(verify_json(cof_buf_view(&json), &collateral, 1745000000, &facts, &checks),
                   "COLLATERAL_EARLY", &checks, "evidence.crl_time");
    cof_buf_free(&collateral.items[COF_COLLATERAL_AMD_CRL]);
    expect_refused(verify_json(cof_buf_view(&json), &collateral, AT_2025_06, &facts, &checks),
                   "COLLATERAL_MISSING", &checks, "evidence.crl");
    expect_refused(verify_json(cof_buf_view(&json), NULL, AT_2025_06, &facts, &checks),
                   "COLLATERAL_MISSING", &checks, "evidence.certificates");
}

static void what_an_snp_machine_needs_is_read_from_its_evidence(void **state)
{
    (void)state;
    FILE_BUF(json, "azure/confidential-containers_trustee/evidence-v1.json");
    FILE_BUF(tdx, "azure/confidential-containers_trustee/az-tdx-vtpm_evidence-v1.json");
    cof_collateral_need need = {0};
    assert_ok(cof_evidence_need(cof_buf_view(&json), &need, NULL));
    assert_int_equal(need.hardware, COF_TEE_SEV_SNP);
    assert_int_equal(need.product, COF_SNP_MILAN);
    assert_true(need.reported_tcb == UINT64_C(0xdb18000000000004));
    assert_int_equal(need.chip_id[0], 0x66);
    assert_true(need.has_leaf);
    assert_false(need.has_chain);
    assert_false(need.is_vlek);
    assert_ok(cof_evidence_need(cof_buf_view(&tdx), &need, NULL));
    assert_int_equal(need.hardware, COF_TEE_TDX);
    assert_true(need.is_platform_ca);
    assert_memory_equal(need.fmspc, ((const uint8_t[]){0x00, 0x80, 0x6f, 0x05, 0x00, 0x00}), 6);
}

/* The shape without a version, Genoa: the leaf is PEM, numbers stand for bytes. */
static void an_snp_machine_in_the_oldest_shape_is_genuine(void **state)
{
    (void)state;
    FILE_BUF(json, "azure/confidential-containers_trustee/evidence-genoa.json");
    COF_CLEANUP(cof_collateral_free) cof_collateral collateral = {0};
    cof_facts facts = {0};
    cof_checks checks = {0};
    put_genoa(&collateral);
    expect_genuine(verify_json(cof_buf_view(&json), &collateral, AT_2025_06, &facts, &checks),
                   &checks);
    assert_int_equal(facts.snp.product, COF_SNP_GENOA);
    assert_true(facts.azure.claims.is_tpm_persisted);
    expect_refused(verify_json(cof_buf_view(&json), &collateral, 1790000000, &facts, &checks),
                   "COLLATERAL_OLD", &checks, "evidence.crl_time");
    cof_collateral_free(&collateral);
    collateral = (cof_collateral){0};
    put_milan(&collateral);
    assert_int_not_equal(verify_json(cof_buf_view(&json), &collateral, AT_2025_06, &facts, &checks),
                         COF_OK);
}

/* Its nonce is empty: genuine, but over nothing. */
static void a_quote_over_nothing_binds_nothing(void **state)
{
    (void)state;
    FILE_BUF(file, "azure/confidential-dot-ai_attestation-rs/milan-v3-attestation.json");
    COF_JSON json_t *object = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf json = {.limit = FILE_MAX};
    COF_CLEANUP(cof_collateral_free) cof_collateral collateral = {0};
    cof_facts facts = {0};
    cof_checks checks = {0};
    const uint8_t zeros[COF_REPORT_DATA_SIZE] = {0};
    put_milan(&collateral);
    assert_ok(cof_json_parse(cof_buf_view(&file), FILE_MAX, &object, NULL));
    assert_ok(cof_json_print(json_object_get(object, "evidence"), &json, NULL));
    expect_genuine(verify_json(cof_buf_view(&json), &collateral, AT_2025_06, &facts, &checks),
                   &checks);
    assert_int_equal(facts.azure.quote.extra_size, 0);
    assert_memory_equal(facts.report_data, zeros, sizeof zeros);
    /* What wraps the evidence is not evidence. */
    assert_int_equal(cof_evidence_detect(cof_buf_view(&file)), COF_EVIDENCE_UNKNOWN);
}

static void a_tdx_machine_of_confidential_containers_is_genuine(void **state)
{
    (void)state;
    static const struct {
        const char *bundle;
        int64_t now_unix_s;
    } days[] = {{"confidential-containers-az-tdx-vtpm-evidence-v1-260127", 1770801952},
                {"confidential-containers-az-tdx-vtpm-evidence-v1-260612", 1782599235}};
    FILE_BUF(json, "azure/confidential-containers_trustee/az-tdx-vtpm_evidence-v1.json");
    for (size_t i = 0; i < 2; i++) {
        COF_CLEANUP(cof_collateral_free) cof_collateral collateral = {0};
        cof_facts facts = {0};
        cof_checks checks = {0};
        put_intel(&collateral, days[i].bundle);
        expect_genuine(
            verify_json(cof_buf_view(&json), &collateral, days[i].now_unix_s, &facts, &checks),
            &checks);
        assert_int_equal(facts.tee, COF_TEE_AZURE_CVM);
        assert_int_equal(facts.hardware, COF_TEE_TDX);
        assert_int_equal(facts.tcb.status, COF_TCB_OUT_OF_DATE);
        assert_string_equal(facts.azure.claims.vm_id, "6332533D-5649-4D02-8AA7-8F64B7C3EE21");
        assert_int_equal(facts.td.mrtd[0], 0x02);
        expect_refused(verify_json(cof_buf_view(&json), NULL, days[i].now_unix_s, &facts, &checks),
                       "COLLATERAL_MISSING", &checks, "evidence.collateral");
    }
}

/* What is read is written in Coffer's form, and says the same. */
static void evidence_of_others_can_be_written_anew(void **state)
{
    (void)state;
    static const char *const files[] = {
        "azure/confidential-containers_trustee/evidence-v1.json",
        "azure/confidential-containers_trustee/az-tdx-vtpm_evidence-v1.json",
        "azure/confidential-containers_trustee/evidence-genoa.json"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        FILE_BUF(json, files[i]);
        COF_CLEANUP(cof_azure_evidence_free) cof_azure_evidence first = {0};
        COF_CLEANUP(cof_azure_evidence_free) cof_azure_evidence second = {0};
        COF_CLEANUP(cof_buf_free) cof_buf printed = {.limit = COF_EVIDENCE_MAX};
        assert_ok(cof_azure_evidence_parse(cof_buf_view(&json), &first, NULL));
        assert_ok(cof_azure_evidence_print(&first, &printed, NULL));
        assert_ok(cof_azure_evidence_parse(cof_buf_view(&printed), &second, NULL));
        assert_true(
            cof_view_equal(cof_buf_view(&first.hcl_report), cof_buf_view(&second.hcl_report)));
        assert_true(cof_view_equal(cof_buf_view(&first.quote), cof_buf_view(&second.quote)));
        assert_true(
            cof_view_equal(cof_buf_view(&first.signature), cof_buf_view(&second.signature)));
        assert_true(cof_view_equal(cof_buf_view(&first.td_quote), cof_buf_view(&second.td_quote)));
        assert_true(cof_view_equal(cof_buf_view(&first.leaf), cof_buf_view(&second.leaf)));
        assert_memory_equal(&first.pcrs, &second.pcrs, sizeof first.pcrs);
    }
}

/* Lists of numbers: "[ 1, 2 ]" behind a word. Reads size of them, over any brackets and dashes. */
static void read_numbers(const char *text, const char *word, cof_buf *out, size_t size)
{
    const char *at = strstr(text, word);
    assert_non_null(at);
    at += strlen(word);
    for (size_t i = 0; i < size; i++) {
        unsigned value = 0;
        while (*at < '0' || *at > '9') {
            assert_true(*at != '\0');
            at++;
        }
        while (*at >= '0' && *at <= '9') {
            value = value * 10 + (unsigned)(*at++ - '0');
        }
        const uint8_t byte = (uint8_t)value;
        assert_true(value < 256);
        assert_ok(cof_buf_append(out, cof_view_of(&byte, 1), NULL));
    }
}

/* A machine of another project, in YAML; its AK certificate fills the whole NV index. */
static void read_flashbots(cof_azure_evidence *out)
{
    FILE_BUF(file, "azure/flashbots_attested-tls/azure-tdx-1764662251380464271.yaml");
    COF_CLEANUP(cof_buf_free) cof_buf copy = {.limit = FILE_MAX};
    COF_CLEANUP(cof_buf_free) cof_buf pcrs = {.limit = sizeof out->pcrs.values};
    const char *text = NULL;
    assert_ok(cof_buf_append(&copy, cof_buf_view(&file), NULL));
    assert_ok(cof_buf_text(&copy, &text, NULL));
    out->td_quote = base64_between(&file, "tdx_quote_base64:", "|-", "\n\n");
    out->hcl_report = base64_between(&file, "hcl_report_base64:", "|-", "\n\n");
    out->ak_certificate = base64_between(
        &file, "ak_certificate_pem:", "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----");
    cof_buf_init(&out->quote, FILE_MAX);
    cof_buf_init(&out->signature, FILE_MAX);
    read_numbers(text, "signature:", &out->signature, 256);
    read_numbers(text, "message:", &out->quote, 145);
    read_numbers(text, "pcrs:", &pcrs, sizeof out->pcrs.values);
    memcpy(out->pcrs.values, pcrs.data, pcrs.size);
    out->pcrs.mask = 0xffffff;
}

static void a_tdx_machine_with_an_ak_certificate_is_genuine(void **state)
{
    (void)state;
    static const struct {
        const char *bundle;
        int64_t now_unix_s;
    } days[] = {{"flashbots-azure-tdx-1764662251380464271-yaml-tdx-260201", 1771028279},
                {"flashbots-azure-tdx-1764662251380464271-yaml-tdx-260218", 1772707803}};
    for (size_t i = 0; i < 2; i++) {
        COF_CLEANUP(cof_azure_evidence_free) cof_azure_evidence evidence = {0};
        COF_CLEANUP(cof_collateral_free) cof_collateral collateral = {0};
        cof_facts facts = {0};
        cof_checks checks = {0};
        read_flashbots(&evidence);
        put_intel(&collateral, days[i].bundle);
        expect_genuine(verify_parts(&evidence, &collateral, days[i].now_unix_s, &facts, &checks),
                       &checks);
        assert_int_equal(facts.tcb.status, COF_TCB_UP_TO_DATE);
        assert_true(facts.azure.has_ak_certificate);
        assert_int_equal(evidence.ak_certificate.size, 4096);
        assert_int_equal(facts.azure.quote.extra_size, 32);
    }
}

/* A hardware report and claims, without a TPM quote: right up to there. */
static void expect_all_but_the_tpm_quote(const cof_azure_evidence *evidence,
                                         const cof_collateral *collateral, int64_t now_unix_s)
{
    cof_facts facts = {0};
    cof_checks checks = {0};
    const cof_status status = verify_parts(evidence, collateral, now_unix_s, &facts, &checks);
    expect_refused(status, "EVIDENCE_INVALID", &checks, "evidence.tpm_quote");
    assert_non_null(cof_checks_find(&checks, "evidence.claims"));
}

static void a_tdx_machine_of_openpcc_is_genuine_up_to_its_missing_tpm_quote(void **state)
{
    (void)state;
    FILE_BUF(file, "azure/openpcc_openpcc/azure_tdx_report.txt");
    COF_CLEANUP(cof_azure_evidence_free)
    cof_azure_evidence evidence = {
        .hcl_report = base64_between(&file, "test_azure_tdx_report.pem", "-----BEGIN REPORT-----",
                                     "-----END REPORT-----"),
        .td_quote = base64_between(&file, "test_azure_tdx_quote.pem", "-----BEGIN QUOTE-----",
                                   "-----END QUOTE-----")};
    COF_CLEANUP(cof_collateral_free) cof_collateral collateral = {0};
    put_intel(&collateral, "openpcc-azure-tdx-report-txt-quote-260218");
    expect_all_but_the_tpm_quote(&evidence, &collateral, 1772707803);
}

static void an_snp_machine_of_openpcc_needs_its_chips_certificate(void **state)
{
    (void)state;
    FILE_BUF(file, "azure/openpcc_openpcc/azure_sevsnp_report.txt");
    COF_CLEANUP(cof_azure_evidence_free)
    cof_azure_evidence evidence = {
        .hcl_report = base64_between(&file, "test_azure_sevsnp_report.pem",
                                     "-----BEGIN REPORT-----", "-----END REPORT-----")};
    COF_CLEANUP(cof_collateral_free) cof_collateral collateral = {0};
    cof_facts facts = {0};
    cof_checks checks = {0};
    put_genoa(&collateral);
    expect_refused(verify_parts(&evidence, &collateral, AT_2025_06, &facts, &checks),
                   "COLLATERAL_MISSING", &checks, "evidence.certificates");
}

/* A report of version 2, which does not name its product; leaf and chain in one PEM file. */
static void an_snp_machine_of_2023_is_genuine(void **state)
{
    (void)state;
    FILE_BUF(quote, "azure/confidential-containers_trustee/tpm-quote-v1.json");
    COF_JSON json_t *object = NULL;
    COF_JSON json_t *quote_object = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf json = {.limit = FILE_MAX};
    COF_CLEANUP(cof_buf_free)
    cof_buf hcl = read_file("azure/confidential-containers_trustee/hcl-report.bin");
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = FILE_MAX};
    COF_CLEANUP(cof_azure_evidence_free) cof_azure_evidence evidence = {0};
    COF_CLEANUP(cof_collateral_free) cof_collateral collateral = {0};
    cof_collateral_need need = {0};
    cof_facts facts = {0};
    cof_checks checks = {0};
    assert_ok(cof_base64url_encode(cof_buf_view(&hcl), &text, NULL));
    assert_ok(cof_json_parse(cof_buf_view(&quote), FILE_MAX, &quote_object, NULL));
    object = json_pack("{s:i, s:s%, s:O}", "version", 1, "hcl_report", text.data, text.size,
                       "tpm_quote", quote_object);
    assert_non_null(object);
    assert_ok(cof_json_print(object, &json, NULL));
    assert_ok(cof_azure_evidence_parse(cof_buf_view(&json), &evidence, NULL));
    assert_ok(cof_azure_evidence_need(&evidence, &need, NULL));
    assert_int_equal(need.product, COF_SNP_NONE);
    assert_false(need.has_leaf);

    put_milan(&collateral);
    FILE_BUF(pem, "azure/confidential-containers_trustee/vcek.pem");
    assert_ok(cof_collateral_set(&collateral, COF_COLLATERAL_AMD_CHAIN, cof_buf_view(&pem), NULL));
    expect_genuine(verify_parts(&evidence, &collateral, AT_2025_06, &facts, &checks), &checks);
    assert_int_equal(facts.snp.version, 2);
    assert_int_equal(facts.snp.product, COF_SNP_MILAN);

    /* With the leaf in the evidence, its issuer says which product's list is needed. */
    cof_view rest = cof_buf_view(&pem);
    cof_buf_init(&evidence.leaf, FILE_MAX);
    assert_ok(cof_pem_cut(&rest, &evidence.leaf, NULL));
    assert_ok(cof_azure_evidence_need(&evidence, &need, NULL));
    assert_int_equal(need.product, COF_SNP_MILAN);
    assert_true(need.has_leaf);
}

/* u64 size, signature, u64 size, message, u64 count, values: how az-cvm-vtpm stores a quote. */
static void a_stored_quote_is_by_the_key_in_the_claims(void **state)
{
    (void)state;
    FILE_BUF(stored, "azure/confidential-containers_trustee/quote.bin");
    FILE_BUF(hcl, "azure/confidential-containers_trustee/hcl-report.bin");
    cof_hcl_report report = {0};
    cof_hcl_claims claims = {0};
    cof_tpm_quote quote = {0};
    cof_pcrs pcrs = {.mask = 0xffffff};
    assert_int_equal(stored.size, 8 + 256 + 8 + 122 + 8 + 768);
    const cof_view signature = cof_view_of(stored.data + 8, 256);
    const cof_view message = cof_view_of(stored.data + 272, 122);
    memcpy(pcrs.values, stored.data + 402, 768);
    assert_ok(cof_hcl_report_parse(cof_buf_view(&hcl), &report, NULL));
    assert_ok(cof_hcl_claims_parse(report.claims, &claims, NULL));
    assert_ok(cof_tpm_verify(claims.ak_modulus, message, signature, NULL));
    assert_ok(cof_tpm_quote_parse(message, &quote, NULL));
    assert_ok(cof_tpm_quote_check_pcrs(&quote, &pcrs, NULL));
    pcrs.values[23].bytes[31] ^= 1;
    assert_status(cof_tpm_quote_check_pcrs(&quote, &pcrs, NULL), EVIDENCE_INVALID);
}

/* One whose key no claims name: it is read, but nothing vouches for it. */
static void a_stored_quote_without_claims_is_by_nobody(void **state)
{
    (void)state;
    FILE_BUF(stored, "azure/kinvolk_azure-cvm-tooling/quote.bin");
    FILE_BUF(json, "azure/kinvolk_azure-cvm-tooling/var-data.bin");
    cof_hcl_claims claims = {0};
    cof_tpm_quote quote = {0};
    cof_pcrs pcrs = {.mask = 0xffffff};
    const cof_view signature = cof_view_of(stored.data + 8, 256);
    const cof_view message = cof_view_of(stored.data + 272, 122);
    memcpy(pcrs.values, stored.data + 402, 768);
    assert_ok(cof_tpm_quote_parse(message, &quote, NULL));
    assert_ok(cof_tpm_quote_check_pcrs(&quote, &pcrs, NULL));
    assert_ok(cof_hcl_claims_parse(cof_buf_view(&json), &claims, NULL));
    assert_status(cof_tpm_verify(claims.ak_modulus, message, signature, NULL), BAD_SIGNATURE);
}

static void all_hcl_reports_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        cof_hcl_type type;
        bool has_user_data;
    } files[] = {
        {"azure/confidential-containers_trustee/az-tdx-vtpm_hcl-report.bin", COF_HCL_TDX, true},
        {"azure/confidential-containers_trustee/hcl-report.bin", COF_HCL_SNP, true},
        {"azure/kinvolk_azure-cvm-tooling/hcl-report-snp.bin", COF_HCL_SNP, false},
        {"azure/kinvolk_azure-cvm-tooling/hcl-report-tdx.bin", COF_HCL_TDX, true}};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        FILE_BUF(bytes, files[i].name);
        cof_hcl_report report = {0};
        cof_hcl_claims claims = {0};
        cof_digest digest = {0};
        assert_ok(cof_hcl_report_parse(cof_buf_view(&bytes), &report, NULL));
        assert_int_equal(report.type, files[i].type);
        assert_ok(cof_hcl_claims_parse(report.claims, &claims, NULL));
        assert_int_equal(claims.has_user_data, files[i].has_user_data);
        assert_ok(cof_digest_of(report.claims, &digest, NULL));
        const size_t at = report.type == COF_HCL_SNP ? 0x50 : 128;
        assert_memory_equal(report.hardware.data + at, digest.bytes, sizeof digest.bytes);
    }
}

/* Claims that were stored apart are those of the report. */
static void stored_claims_are_the_reports(void **state)
{
    (void)state;
    FILE_BUF(stored, "azure/kinvolk_azure-cvm-tooling/var-data.bin");
    cof_hcl_claims claims = {0};
    assert_ok(cof_hcl_claims_parse(cof_buf_view(&stored), &claims, NULL));
    assert_true(claims.is_tpm_enabled);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_snp_machine_of_confidential_containers_is_genuine),
        cmocka_unit_test(what_an_snp_machine_needs_is_read_from_its_evidence),
        cmocka_unit_test(an_snp_machine_in_the_oldest_shape_is_genuine),
        cmocka_unit_test(a_quote_over_nothing_binds_nothing),
        cmocka_unit_test(a_tdx_machine_of_confidential_containers_is_genuine),
        cmocka_unit_test(evidence_of_others_can_be_written_anew),
        cmocka_unit_test(a_tdx_machine_with_an_ak_certificate_is_genuine),
        cmocka_unit_test(a_tdx_machine_of_openpcc_is_genuine_up_to_its_missing_tpm_quote),
        cmocka_unit_test(an_snp_machine_of_openpcc_needs_its_chips_certificate),
        cmocka_unit_test(an_snp_machine_of_2023_is_genuine),
        cmocka_unit_test(a_stored_quote_is_by_the_key_in_the_claims),
        cmocka_unit_test(a_stored_quote_without_claims_is_by_nobody),
        cmocka_unit_test(all_hcl_reports_are_read),
        cmocka_unit_test(stored_claims_are_the_reports),
    };
    if (argc != 2) {
        (void)fprintf(stderr, "usage: test_azure_vectors FOLDER\n");
        return 1;
    }
    folder = argv[1];
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
