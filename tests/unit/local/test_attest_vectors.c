/*
 * Real evidence of SGX, TDX and SEV-SNP, as a caller sends it, at the time at which its collateral
 * was valid: the tokens say what the bytes say. Usage: test_attest_vectors FOLDER (of the vectors);
 * the folder is not part of this project.
 */
#include <dirent.h>
#include <stdio.h>

#include "local/attest/token.h"
#include "unit/local/attest_case.h"

enum { FILE_MAX = 1 << 20 };

#define AT_2026_08 INT64_C(1787659200)

static const char *folder;
static cof_root_pin roots[4];

static int start(void **state)
{
    (void)state;
    roots[0] = cof_root_intel;
    for (size_t i = 0; i < 3; i++) {
        roots[1 + i] = cof_roots_amd[i];
    }
    return 0;
}

static cof_buf read_file(const char *directory, const char *name)
{
    char path[1024];
    cof_buf out = {.limit = FILE_MAX};
    (void)snprintf(path, sizeof path, "%s/%s/%s", folder, directory, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fail_msg("%s cannot be opened", path);
        return out;
    }
    uint8_t piece[4096];
    size_t size = 0;
    while ((size = fread(piece, 1, sizeof piece, file)) > 0) {
        assert_ok(cof_buf_append(&out, cof_view_of(piece, size), NULL));
    }
    (void)fclose(file);
    return out;
}

static void put_file(cof_collateral *collateral, cof_collateral_item item, const char *directory,
                     const char *name)
{
    COF_CLEANUP(cof_buf_free) cof_buf bytes = read_file(directory, name);
    assert_ok(cof_collateral_set(collateral, item, cof_buf_view(&bytes), NULL));
}

/* Judges a request and makes the claims of its token, by the default policy. */
static cof_status attest(cof_attest_kind kind, const json_t *body, const cof_collateral *collateral,
                         int64_t now_unix_s, json_t **out_claims, cof_err *err)
{
    collateral_case source = collateral_case_of(collateral);
    const cof_attest_trust trust = {.roots = roots,
                                    .root_count = sizeof roots / sizeof roots[0],
                                    .collateral = &source.source,
                                    .now_unix_s = now_unix_s};
    COF_CLEANUP(cof_attest_policy_free) cof_attest_policy policy = {0};
    const cof_attest_extra extra = {0};
    cof_facts facts = {0};
    cof_attest_proof proof = COF_ATTEST_BY_KID;
    assert_ok(cof_attest_policy_read(cof_view_text(cof_attest_kind_of(kind)->default_policy),
                                     &policy, err));
    COF_TRY(attest_judge_body(&trust, kind, body, NULL, &facts, NULL, err));
    const cof_attest_case c = {.kind = kind,
                               .facts = &facts,
                               .extra = &extra,
                               .policy = &policy,
                               .issuer = "https://localhost:1",
                               .now_unix_s = now_unix_s};
    return cof_attest_make_claims(&c, out_claims, &proof, err);
}

static void assert_bytes(const json_t *claims, const char *name, const uint8_t *bytes, size_t size)
{
    char expected[2 * 64 + 1];
    cof_hex_text(cof_view_of(bytes, size), expected);
    const char *text = json_string_value(json_object_get(claims, name));
    assert_non_null(text);
    assert_string_equal(text, expected);
}

/* What Intel's own library says of the bundle, in the spelling of the vendor. */
static const char *expected_status(const json_t *bundle)
{
    static const char *const names[][2] = {
        {"STATUS_OK", "UpToDate"},
        {"STATUS_TCB_SW_HARDENING_NEEDED", "SWHardeningNeeded"},
        {"STATUS_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED", "ConfigurationAndSWHardeningNeeded"},
        {"STATUS_TCB_TD_RELAUNCH_ADVISED", "TDRelaunchAdvised"},
        {"STATUS_TCB_OUT_OF_DATE", "OutOfDate"},
    };
    const char *name =
        json_string_value(json_object_get(json_object_get(bundle, "intel_qvl"), "quote"));
    for (size_t i = 0; name != NULL && i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(name, names[i][0]) == 0) {
            return names[i][1];
        }
    }
    return NULL;
}

typedef void (*bundle_check)(const char *name, const cof_buf *quote, const json_t *bundle,
                             const cof_collateral *collateral, int64_t now_unix_s);

static size_t each_bundle(const char *kind, bundle_check check)
{
    char path[1024];
    size_t count = 0;
    (void)snprintf(path, sizeof path, "%s/bundles/%s", folder, kind);
    DIR *directory = opendir(path);
    assert_non_null(directory);
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        char name[512];
        int64_t now = 0;
        COF_CLEANUP(cof_collateral_free) cof_collateral collateral = {0};
        COF_JSON json_t *bundle = NULL;
        (void)snprintf(name, sizeof name, "bundles/%s/%s", kind, entry->d_name);
        for (int i = COF_COLLATERAL_TCB_INFO; i <= COF_COLLATERAL_PCK_CRL; i++) {
            put_file(&collateral, (cof_collateral_item)i, name,
                     cof_collateral_file_name((cof_collateral_item)i));
        }
        COF_CLEANUP(cof_buf_free) cof_buf quote = read_file(name, "quote.bin");
        COF_CLEANUP(cof_buf_free) cof_buf json = read_file(name, "bundle.json");
        assert_ok(cof_json_parse(cof_buf_view(&json), FILE_MAX, &bundle, NULL));
        assert_ok(cof_json_get_int(bundle, "verify_at", 0, INT64_MAX, &now, NULL));
        check(name, &quote, bundle, &collateral, now);
        count++;
    }
    (void)closedir(directory);
    return count;
}

static void check_sgx(const char *name, const cof_buf *quote, const json_t *bundle,
                      const cof_collateral *collateral, int64_t now_unix_s)
{
    COF_JSON json_t *body = json_object();
    COF_JSON json_t *claims = NULL;
    cof_err err = {0};
    attest_put(body, "quote", cof_buf_view(quote));
    if (attest(COF_ATTEST_SGX, body, collateral, now_unix_s, &claims, &err) != COF_OK) {
        fail_msg("%s: %s", name, err.detail);
    }
    assert_bytes(claims, "x-ms-sgx-mrenclave", quote->data + 48 + 64, 32);
    assert_bytes(claims, "x-ms-sgx-mrsigner", quote->data + 48 + 128, 32);
    assert_bytes(claims, "sgx-mrenclave", quote->data + 48 + 64, 32);
    assert_bytes(claims, "x-ms-sgx-report-data", quote->data + 48 + 320, 64);
    assert_int_equal(json_is_true(json_object_get(claims, "x-ms-sgx-is-debuggable")),
                     quote->data[48 + 48] >> 1 & 1);
    assert_string_equal(json_string_value(json_object_get(claims, "coffer-tcb-status")),
                        expected_status(bundle));
    assert_int_equal(json_object_size(json_object_get(claims, "x-ms-sgx-collateral")), 7);
}

static void real_sgx_quotes_are_attested(void **state)
{
    (void)state;
    assert_true(each_bundle("sgx", check_sgx) >= 3);
}

static void check_tdx(const char *name, const cof_buf *quote, const json_t *bundle,
                      const cof_collateral *collateral, int64_t now_unix_s)
{
    COF_JSON json_t *body = json_object();
    COF_JSON json_t *claims = NULL;
    cof_err err = {0};
    const char *expected = expected_status(bundle);
    const bool is_v5 = quote->data[0] == 5;
    const uint8_t *td = quote->data + 48 + (is_v5 ? 6 : 0);
    attest_put(body, "quote", cof_buf_view(quote));
    const cof_status status = attest(COF_ATTEST_TDX, body, collateral, now_unix_s, &claims, &err);
    if (expected == NULL) { /* Intel knows no level that the platform reaches */
        assert_status(status, TCB_UNKNOWN);
        return;
    }
    if (status != COF_OK) {
        fail_msg("%s: %s", name, err.detail);
    }
    assert_bytes(claims, "tdx_tee_tcb_svn", td, 16);
    assert_bytes(claims, "tdx_mrseam", td + 16, 48);
    assert_bytes(claims, "tdx_td_attributes", td + 120, 8);
    assert_bytes(claims, "tdx_xfam", td + 128, 8);
    assert_bytes(claims, "tdx_mrtd", td + 136, 48);
    assert_bytes(claims, "tdx_rtmr0", td + 328, 48);
    assert_bytes(claims, "tdx_rtmr3", td + 472, 48);
    assert_bytes(claims, "tdx_report_data", td + 520, 64);
    assert_string_equal(json_string_value(json_object_get(claims, "attester_tcb_status")),
                        expected);
}

static void real_tdx_quotes_are_attested(void **state)
{
    (void)state;
    assert_true(each_bundle("tdx", check_tdx) >= 20);
}

static void outdated_collateral_refuses_a_real_quote(void **state)
{
    (void)state;
    static const char name[] = "bundles/sgx/phala-network-sgx-quote-250619";
    COF_CLEANUP(cof_collateral_free) cof_collateral collateral = {0};
    COF_CLEANUP(cof_buf_free) cof_buf quote = read_file(name, "quote.bin");
    COF_JSON json_t *body = json_object();
    json_t *claims = NULL;
    for (int i = COF_COLLATERAL_TCB_INFO; i <= COF_COLLATERAL_PCK_CRL; i++) {
        put_file(&collateral, (cof_collateral_item)i, name,
                 cof_collateral_file_name((cof_collateral_item)i));
    }
    attest_put(body, "quote", cof_buf_view(&quote));
    assert_status(attest(COF_ATTEST_SGX, body, &collateral, AT_2026_08, &claims, NULL),
                  COLLATERAL_OLD);
}

#define MS "snp/microsoft_TEE-Attestation-Verification"

static json_t *snp_body(const cof_buf *report, const char *leaf, const char *chain)
{
    COF_JSON json_t *evidence = json_object();
    COF_CLEANUP(cof_buf_free) cof_buf pem = read_file(MS, leaf);
    COF_CLEANUP(cof_buf_free) cof_buf above = read_file("snp/google_go-sev-guest", chain);
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = FILE_MAX};
    json_t *body = json_object();
    assert_ok(cof_buf_append(&pem, cof_buf_view(&above), NULL));
    attest_put(evidence, "SnpReport", cof_buf_view(report));
    attest_put(evidence, "VcekCertChain", cof_buf_view(&pem));
    assert_ok(cof_json_print(evidence, &text, NULL));
    attest_put(body, "report", cof_buf_view(&text));
    return body;
}

static void a_real_snp_report_is_attested(void **state)
{
    (void)state;
    COF_CLEANUP(cof_collateral_free) cof_collateral collateral = {0};
    COF_CLEANUP(cof_buf_free) cof_buf report = read_file(MS, "turin_attestation_report.bin");
    COF_JSON json_t *body = snp_body(&report, "turin_vcek.pem", "ask_ark_turin_vcek.pem");
    COF_JSON json_t *claims = NULL;
    put_file(&collateral, COF_COLLATERAL_AMD_CRL, "snp/amd_kds_crl", "turin_crl_2026-08.der");
    assert_ok(attest(COF_ATTEST_SNP, body, &collateral, AT_2026_08, &claims, NULL));
    assert_bytes(claims, "x-ms-sevsnpvm-launchmeasurement", report.data + 0x90, 48);
    assert_bytes(claims, "x-ms-sevsnpvm-reportdata", report.data + 0x50, 64);
    assert_bytes(claims, "x-ms-sevsnpvm-hostdata", report.data + 0xc0, 32);
    assert_bytes(claims, "x-ms-sevsnpvm-reportid", report.data + 0x140, 32);
    /* Turin's TCB_VERSION: FMC, boot loader, TEE, SNP, reserved, microcode. */
    const uint8_t *tcb = report.data + 0x180;
    static const struct {
        const char *name;
        size_t at;
    } rows[] = {{"x-ms-sevsnpvm-bootloader-svn", 1},
                {"x-ms-sevsnpvm-tee-svn", 2},
                {"x-ms-sevsnpvm-snpfw-svn", 3},
                {"x-ms-sevsnpvm-microcode-svn", 7}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(json_integer_value(json_object_get(claims, rows[i].name)),
                         tcb[rows[i].at]);
    }
    assert_true(json_is_false(json_object_get(claims, "x-ms-sevsnpvm-is-debuggable")));
}

static void without_a_revocation_list_a_real_snp_report_is_refused(void **state)
{
    (void)state;
    const cof_collateral none = {0};
    COF_CLEANUP(cof_buf_free) cof_buf report = read_file(MS, "milan_attestation_report.bin");
    COF_JSON json_t *body = snp_body(&report, "milan_vcek.pem", "ask_ark_milan.pem");
    json_t *claims = NULL;
    assert_status(attest(COF_ATTEST_SNP, body, &none, AT_2026_08, &claims, NULL),
                  COLLATERAL_MISSING);
}

/* On Azure the TD quote is over the paravisor's claims, which are then the runtime data. */
static void the_claims_of_a_real_azure_td_are_bound(void **state)
{
    (void)state;
    static const char name[] = "bundles/tdx/confidential-containers-az-tdx-vtpm-evidence-v1-260127";
    COF_CLEANUP(cof_collateral_free) cof_collateral collateral = {0};
    COF_CLEANUP(cof_azure_evidence_free) cof_azure_evidence evidence = {0};
    COF_CLEANUP(cof_buf_free)
    cof_buf json =
        read_file("azure/confidential-containers_trustee", "az-tdx-vtpm_evidence-v1.json");
    COF_CLEANUP(cof_buf_free) cof_buf bundle_text = read_file(name, "bundle.json");
    COF_JSON json_t *bundle = NULL;
    COF_JSON json_t *body = json_object();
    COF_JSON json_t *claims = NULL;
    cof_hcl_report hcl = {0};
    int64_t now = 0;
    for (int i = COF_COLLATERAL_TCB_INFO; i <= COF_COLLATERAL_PCK_CRL; i++) {
        put_file(&collateral, (cof_collateral_item)i, name,
                 cof_collateral_file_name((cof_collateral_item)i));
    }
    assert_ok(cof_json_parse(cof_buf_view(&bundle_text), FILE_MAX, &bundle, NULL));
    assert_ok(cof_json_get_int(bundle, "verify_at", 0, INT64_MAX, &now, NULL));
    assert_ok(cof_azure_evidence_parse(cof_buf_view(&json), &evidence, NULL));
    assert_ok(cof_hcl_report_parse(cof_buf_view(&evidence.hcl_report), &hcl, NULL));
    attest_put(body, "quote", cof_buf_view(&evidence.td_quote));
    attest_put_data(body, "runtimeData", hcl.claims, "JSON");
    assert_ok(attest(COF_ATTEST_TDX, body, &collateral, now, &claims, NULL));
    attest_put_data(body, "runtimeData", cof_view_of(hcl.claims.data, hcl.claims.size - 1),
                    "Binary");
    json_t *none = NULL;
    assert_status(attest(COF_ATTEST_TDX, body, &collateral, now, &none, NULL), EVIDENCE_BINDING);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_sgx_quotes_are_attested),
        cmocka_unit_test(real_tdx_quotes_are_attested),
        cmocka_unit_test(outdated_collateral_refuses_a_real_quote),
        cmocka_unit_test(a_real_snp_report_is_attested),
        cmocka_unit_test(without_a_revocation_list_a_real_snp_report_is_refused),
        cmocka_unit_test(the_claims_of_a_real_azure_td_are_bound),
    };
    if (argc != 2) {
        (void)fprintf(stderr, "usage: test_attest_vectors FOLDER\n");
        return 2;
    }
    folder = argv[1];
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, start, NULL);
}
