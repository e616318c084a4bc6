/*
 * Reports and certificates of real machines, which other projects publish for their tests; the
 * folder is this program's argument. AMD's revocation lists among them are valid only at some
 * times: a report whose leaf began later must fail at exactly that point.
 */
#include "harness/cof_test.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "relying/verify/amd/snp.h"
#include "relying/verify/pem.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum { FILE_MAX = 256 * 1024, PATH_SIZE = 512, HCL_REPORT_AT = 32 };

static const char *folder;
static cof_facts facts;
static cof_checks checks;
static cof_err err;

/* 2024-11-15, 2025-06-20, 2026-03-15 and 2026-08-25, noon */
#define AT_2024_11 INT64_C(1731672000)
#define AT_2025_06 INT64_C(1750420800)
#define AT_2026_03 INT64_C(1773576000)
#define AT_2026_08 INT64_C(1787659200)

#define TRUSTEE "snp/confidential-containers_trustee/"
#define GOOGLE  "snp/google_go-sev-guest/"
#define DOT_AI  "snp/confidential-dot-ai_attestation-rs/"
#define MS_TAV  "snp/microsoft_TEE-Attestation-Verification/"
#define AZ_COCO "azure/confidential-containers_trustee/"

/* How a report or a leaf lies in its file. */
typedef enum form {
    RAW,
    HCL,           /* behind Azure's header */
    TXTAR,         /* PEM inside an archive of texts; HCL or a report */
    JSON_NUMBERS,  /* {"report":[…HCL bytes…],"vcek":PEM} */
    JSON_BASE64,   /* {"hcl_report":…,"vcek":…}: base64url */
    JSON_EVIDENCE, /* the same below "evidence" */
} form;

typedef struct vector {
    const char *report;
    form report_form;
    const char *leaf; /* NULL: in the report's JSON, or in the chain */
    const char *chain;
    const char *chain_2; /* the second half, where ASK and ARK are two files */
    cof_snp_product crl; /* whose revocation list */
    int64_t now;
    const char *status;
    const char *check; /* the one that fails */
} vector;

static const vector vectors[] = {
    /* What verifies. */
    {TRUSTEE "test-report.bin", RAW, TRUSTEE "test-vcek.der", GOOGLE "ask_ark_milan.pem", NULL,
     COF_SNP_MILAN, AT_2025_06, "OK", NULL},
    {GOOGLE "attestation.bin", RAW, GOOGLE "vcek.testcer", GOOGLE "milan.testcer", NULL,
     COF_SNP_MILAN, AT_2025_06, "OK", NULL},
    {TRUSTEE "test-vlek-report.bin", RAW, TRUSTEE "test-vlek.der", GOOGLE "ask_ark_milan_vlek.pem",
     NULL, COF_SNP_MILAN, AT_2025_06, "OK", NULL},
    {MS_TAV "milan_attestation_report.bin", RAW, MS_TAV "milan_vcek.pem", MS_TAV "milan_ask.pem",
     MS_TAV "milan_ark.pem", COF_SNP_MILAN, AT_2026_03, "OK", NULL},
    {MS_TAV "turin_attestation_report.bin", RAW, MS_TAV "turin_vcek.pem",
     GOOGLE "ask_ark_turin_vcek.pem", NULL, COF_SNP_TURIN, AT_2026_08, "OK", NULL},
    {MS_TAV "turin_attestation_report.bin", RAW, MS_TAV "turin_vcek.pem", MS_TAV "turin_ask.pem",
     MS_TAV "turin_ark.pem", COF_SNP_TURIN, AT_2026_08, "OK", NULL},
    {AZ_COCO "hcl-report.bin", HCL, NULL, AZ_COCO "vcek.pem", NULL, COF_SNP_MILAN, AT_2025_06, "OK",
     NULL},
    {AZ_COCO "evidence-v1.json", JSON_BASE64, NULL, GOOGLE "ask_ark_milan.pem", NULL, COF_SNP_MILAN,
     AT_2025_06, "OK", NULL},
    {AZ_COCO "evidence-genoa.json", JSON_NUMBERS, NULL, GOOGLE "ask_ark_genoa.pem", NULL,
     COF_SNP_GENOA, AT_2025_06, "OK", NULL},
    {"azure/confidential-dot-ai_attestation-rs/milan-v3-attestation.json", JSON_EVIDENCE, NULL,
     GOOGLE "ask_ark_milan.pem", NULL, COF_SNP_MILAN, AT_2025_06, "OK", NULL},
    {"azure/openpcc_openpcc/azure_sevsnp_report.txt", TXTAR,
     "snp/openpcc_openpcc/sev_certificates.txt", GOOGLE "ask_ark_genoa.pem", NULL, COF_SNP_GENOA,
     AT_2025_06, "OK", NULL},
    /* Genoa's list had ended when this leaf began. */
    {DOT_AI "live-report-v5-genoa.bin", RAW, DOT_AI "live-vcek-genoa.der",
     GOOGLE "ask_ark_genoa.pem", NULL, COF_SNP_GENOA, AT_2026_03, "COLLATERAL_OLD",
     "evidence.crl_time"},
    /* The wrong time, the wrong list, none. */
    {TRUSTEE "test-report.bin", RAW, TRUSTEE "test-vcek.der", GOOGLE "ask_ark_milan.pem", NULL,
     COF_SNP_MILAN, AT_2024_11, "COLLATERAL_EARLY", "evidence.crl_time"},
    {TRUSTEE "test-report.bin", RAW, TRUSTEE "test-vcek.der", GOOGLE "ask_ark_milan.pem", NULL,
     COF_SNP_MILAN, AT_2026_08, "COLLATERAL_OLD", "evidence.crl_time"},
    {TRUSTEE "test-report.bin", RAW, TRUSTEE "test-vcek.der", GOOGLE "ask_ark_milan.pem", NULL,
     COF_SNP_GENOA, AT_2025_06, "COLLATERAL_MISMATCH", "evidence.crl"},
    {TRUSTEE "test-report.bin", RAW, TRUSTEE "test-vcek.der", GOOGLE "ask_ark_milan.pem", NULL,
     COF_SNP_NONE, AT_2025_06, "COLLATERAL_MISSING", "evidence.crl"},
    {MS_TAV "milan_attestation_report.bin", RAW, MS_TAV "milan_vcek.pem",
     GOOGLE "ask_ark_milan.pem", NULL, COF_SNP_MILAN, AT_2025_06, "EVIDENCE_EARLY",
     "evidence.validity"},
    {TRUSTEE "test-vlek-report.bin", RAW, TRUSTEE "test-vlek.der", GOOGLE "ask_ark_milan_vlek.pem",
     NULL, COF_SNP_MILAN, AT_2026_03, "EVIDENCE_OLD", "evidence.validity"},
    /* Leaves whose extensions contradict, made by Confidential Containers for their tests. */
    {TRUSTEE "test-report.bin", RAW, TRUSTEE "test-vcek-invalid-legacy.der",
     GOOGLE "ask_ark_milan.pem", NULL, COF_SNP_MILAN, AT_2025_06, "EVIDENCE_INVALID",
     "evidence.chain"},
    {TRUSTEE "test-report.bin", RAW, TRUSTEE "test-vcek-invalid-new.der",
     GOOGLE "ask_ark_milan.pem", NULL, COF_SNP_MILAN, AT_2025_06, "EVIDENCE_INVALID",
     "evidence.chain"},
    /* Pieces of different machines. */
    {TRUSTEE "test-report.bin", RAW, GOOGLE "vcek.testcer", GOOGLE "ask_ark_milan.pem", NULL,
     COF_SNP_MILAN, AT_2025_06, "COLLATERAL_MISMATCH", "evidence.leaf_tcb"},
    {TRUSTEE "test-vlek-report.bin", RAW, TRUSTEE "test-vcek.der", GOOGLE "ask_ark_milan.pem", NULL,
     COF_SNP_MILAN, AT_2025_06, "EVIDENCE_INVALID", "evidence.leaf"},
    {TRUSTEE "test-vlek-report.bin", RAW, TRUSTEE "test-vlek.der", GOOGLE "ask_ark_milan.pem", NULL,
     COF_SNP_MILAN, AT_2025_06, "EVIDENCE_UNTRUSTED", "evidence.names"},
    {TRUSTEE "test-report.bin", RAW, TRUSTEE "test-vcek.der", GOOGLE "ask_ark_milan_vlek.pem", NULL,
     COF_SNP_MILAN, AT_2025_06, "EVIDENCE_UNTRUSTED", "evidence.names"},
    {TRUSTEE "test-report.bin", RAW, TRUSTEE "test-vcek.der", GOOGLE "ask_ark_genoa.pem", NULL,
     COF_SNP_MILAN, AT_2025_06, "EVIDENCE_UNTRUSTED", "evidence.root"},
    {TRUSTEE "test-report.bin", RAW, DOT_AI "live-vcek-genoa.der", GOOGLE "ask_ark_genoa.pem", NULL,
     COF_SNP_GENOA, AT_2026_03, "COLLATERAL_OLD", "evidence.crl_time"},
    {MS_TAV "milan_attestation_report.bin", RAW, MS_TAV "turin_vcek.pem",
     GOOGLE "ask_ark_turin_vcek.pem", NULL, COF_SNP_TURIN, AT_2026_08, "COLLATERAL_MISMATCH",
     "evidence.product"},
    {AZ_COCO "evidence-v1.json", JSON_BASE64, MS_TAV "milan_vcek.pem", GOOGLE "ask_ark_milan.pem",
     NULL, COF_SNP_MILAN, AT_2026_03, "COLLATERAL_MISMATCH", "evidence.chip_id"},
    {"azure/kinvolk_azure-cvm-tooling/hcl-report-snp.bin", HCL, NULL,
     "azure/kinvolk_azure-cvm-tooling/certs.pem", NULL, COF_SNP_MILAN, AT_2025_06,
     "COLLATERAL_MISMATCH", "evidence.chip_id"},
    /* No leaf was published with these. */
    {"snp/microsoft_confidential-sidecar-containers/snp_report.bin", RAW, NULL,
     GOOGLE "ask_ark_milan.pem", NULL, COF_SNP_MILAN, AT_2025_06, "COLLATERAL_MISSING",
     "evidence.certificates"},
    {"snp/openpcc_openpcc/gce_sevsnp_report.txt", TXTAR, NULL, GOOGLE "ask_ark_milan.pem", NULL,
     COF_SNP_MILAN, AT_2025_06, "COLLATERAL_MISSING", "evidence.certificates"},
};

static cof_buf read_file(const char *name)
{
    char path[PATH_SIZE];
    uint8_t *place = NULL;
    cof_buf bytes = {.limit = FILE_MAX};
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fail_msg("cannot open %s", path);
    }
    assert_ok(cof_buf_extend(&bytes, FILE_MAX, &place, NULL));
    bytes.size = fread(place, 1, FILE_MAX, file);
    (void)fclose(file);
    assert_true(bytes.size > 0 && bytes.size < FILE_MAX);
    return bytes;
}

/* The bytes of the first PEM block behind the title. */
static cof_buf pem_block(cof_buf *text, const char *title)
{
    const char *all = NULL;
    cof_buf base64 = {.limit = FILE_MAX};
    cof_buf out = {.limit = FILE_MAX};
    assert_ok(cof_buf_text(text, &all, NULL));
    const char *at = title[0] == '\0' ? all : strstr(all, title);
    assert_non_null(at);
    at = strstr(at, "-----BEGIN ");
    assert_non_null(at);
    at = strchr(at, '\n');
    const char *end = at == NULL ? NULL : strstr(at, "-----END ");
    assert_non_null(end);
    for (; at < end; at++) {
        if (*at != '\n' && *at != '\r') {
            assert_ok(cof_buf_append(&base64, cof_view_of(at, 1), NULL));
        }
    }
    assert_ok(cof_base64_decode(cof_buf_view(&base64), &out, NULL));
    cof_buf_free(&base64);
    return out;
}

static cof_buf without_first(cof_buf *bytes, size_t count)
{
    cof_buf rest = {.limit = FILE_MAX};
    assert_true(bytes->size >= count + COF_SNP_REPORT_SIZE);
    assert_ok(cof_buf_append(&rest, cof_view_of(bytes->data + count, COF_SNP_REPORT_SIZE), NULL));
    return rest;
}

static cof_buf numbers(const json_t *array)
{
    cof_buf out = {.limit = FILE_MAX};
    for (size_t i = 0; i < json_array_size(array); i++) {
        const uint8_t byte = (uint8_t)json_integer_value(json_array_get(array, i));
        assert_ok(cof_buf_append(&out, cof_view_of(&byte, 1), NULL));
    }
    return out;
}

/* The HCL report in a JSON form, and the leaf beside it. */
static cof_buf read_json(cof_buf *file, form how, cof_collateral *collateral)
{
    COF_JSON json_t *all = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf leaf = {.limit = FILE_MAX};
    cof_buf hcl = {.limit = FILE_MAX};
    assert_ok(cof_json_parse(cof_buf_view(file), FILE_MAX, &all, NULL));
    const json_t *object = how == JSON_EVIDENCE ? json_object_get(all, "evidence") : all;
    if (how == JSON_NUMBERS) {
        hcl = numbers(json_object_get(object, "report"));
        assert_ok(
            cof_buf_append_text(&leaf, json_string_value(json_object_get(object, "vcek")), NULL));
    } else {
        assert_ok(cof_json_get_base64url(object, "hcl_report", &hcl, NULL));
        assert_ok(cof_json_get_base64url(object, "vcek", &leaf, NULL));
    }
    assert_ok(cof_collateral_set(collateral, COF_COLLATERAL_AMD_LEAF, cof_buf_view(&leaf), NULL));
    return hcl;
}

static cof_buf read_report(const vector *v, cof_collateral *collateral)
{
    COF_CLEANUP(cof_buf_free) cof_buf file = read_file(v->report);
    COF_CLEANUP(cof_buf_free) cof_buf inner = {0};
    switch (v->report_form) {
    case RAW:
        return without_first(&file, 0);
    case HCL:
        return without_first(&file, HCL_REPORT_AT);
    case TXTAR:
        inner = pem_block(&file, "");
        return without_first(&inner, inner.size == COF_SNP_REPORT_SIZE ? 0 : HCL_REPORT_AT);
    case JSON_NUMBERS:
    case JSON_BASE64:
    case JSON_EVIDENCE:
        break;
    }
    inner = read_json(&file, v->report_form, collateral);
    return without_first(&inner, HCL_REPORT_AT);
}

static void put(cof_collateral *collateral, cof_collateral_item item, const char *name,
                const char *name_2)
{
    COF_CLEANUP(cof_buf_free) cof_buf first = read_file(name);
    if (strstr(name, "sev_certificates.txt") != NULL) {
        COF_CLEANUP(cof_buf_free) cof_buf leaf = pem_block(&first, "test_vcek.pem");
        assert_ok(cof_collateral_set(collateral, item, cof_buf_view(&leaf), NULL));
        return;
    }
    if (name_2 != NULL) {
        COF_CLEANUP(cof_buf_free) cof_buf second = read_file(name_2);
        assert_ok(cof_buf_append(&first, cof_buf_view(&second), NULL));
    }
    assert_ok(cof_collateral_set(collateral, item, cof_buf_view(&first), NULL));
}

static void put_crl(cof_collateral *collateral, cof_snp_product product)
{
    cof_buf crl = {0};
    if (product == COF_SNP_NONE) {
        return;
    }
    if (product == COF_SNP_TURIN) {
        crl = read_file("snp/amd_kds_crl/turin_crl_2026-08.der");
    } else {
        COF_CLEANUP(cof_buf_free)
        cof_buf file = read_file("snp/openpcc_openpcc/sev_certificates.txt");
        crl = pem_block(&file, product == COF_SNP_MILAN ? "test_amd_milan_crl.pem"
                                                        : "test_amd_genoa_crl.pem");
    }
    assert_ok(cof_collateral_set(collateral, COF_COLLATERAL_AMD_CRL, cof_buf_view(&crl), NULL));
    cof_buf_free(&crl);
}

static cof_status verify(const vector *v, cof_buf *report)
{
    COF_CLEANUP(cof_collateral_free) cof_collateral collateral = {0};
    *report = read_report(v, &collateral);
    put(&collateral, COF_COLLATERAL_AMD_CHAIN, v->chain, v->chain_2);
    if (v->leaf != NULL) {
        put(&collateral, COF_COLLATERAL_AMD_LEAF, v->leaf, NULL);
    }
    put_crl(&collateral, v->crl);
    const cof_snp_input input = {.report = cof_buf_view(report),
                                 .collateral = &collateral,
                                 .roots = cof_roots_amd,
                                 .root_count = 3,
                                 .now_unix_s = v->now};
    checks = (cof_checks){0};
    err = (cof_err){0};
    return cof_snp_verify(&input, &facts, &checks, &err);
}

static void each_has_its_verdict(void **state)
{
    (void)state;
    size_t wrong = 0;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        const vector *v = &vectors[i];
        COF_CLEANUP(cof_buf_free) cof_buf report = {0};
        const char *name = cof_status_describe(verify(v, &report))->name;
        const cof_check *failed = cof_checks_first_failed(&checks);
        const bool is_right =
            strcmp(name, v->status) == 0 &&
            (v->check == NULL ? failed == NULL
                              : failed != NULL && strcmp(failed->name, v->check) == 0);
        if (!is_right) {
            print_error("%s, %s: %s at %s (%s), expected %s at %s\n", v->report,
                        v->leaf == NULL ? "-" : v->leaf, name, failed == NULL ? "-" : failed->name,
                        err.detail, v->status, v->check == NULL ? "-" : v->check);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

/* The same reports, each with one bit changed. */
static void no_real_report_survives_a_flipped_bit(void **state)
{
    (void)state;
    for (size_t i = 0; i < 11; i++) {
        const vector *v = &vectors[i];
        COF_CLEANUP(cof_collateral_free) cof_collateral collateral = {0};
        COF_CLEANUP(cof_buf_free) cof_buf report = read_report(v, &collateral);
        put(&collateral, COF_COLLATERAL_AMD_CHAIN, v->chain, v->chain_2);
        if (v->leaf != NULL) {
            put(&collateral, COF_COLLATERAL_AMD_LEAF, v->leaf, NULL);
        }
        put_crl(&collateral, v->crl);
        const cof_snp_input input = {.report = cof_buf_view(&report),
                                     .collateral = &collateral,
                                     .roots = cof_roots_amd,
                                     .root_count = 3,
                                     .now_unix_s = v->now};
        assert_ok(cof_snp_verify(&input, &facts, NULL, NULL));
        for (size_t at = i; at < report.size; at += 61) {
            report.data[at] ^= 0x10;
            assert_int_not_equal(cof_snp_verify(&input, &facts, NULL, NULL), COF_OK);
            report.data[at] ^= 0x10;
        }
    }
}

static void the_facts_are_those_of_the_manifest(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf debug = {0};
    COF_CLEANUP(cof_buf_free) cof_buf vlek = {0};
    COF_CLEANUP(cof_buf_free) cof_buf turin = {0};
    assert_ok(verify(&vectors[1], &debug));
    assert_true(facts.is_debuggable);
    assert_int_equal(facts.snp.product, COF_SNP_MILAN); /* from the leaf: the report is of 2 */
    assert_ok(verify(&vectors[2], &vlek));
    assert_string_equal(facts.snp.csp_id, "CN=cc-us-east-2.amazonaws.com");
    assert_int_equal(facts.snp.vmpl, 1);
    assert_int_equal(facts.snp.policy, 0x30000);
    assert_ok(verify(&vectors[4], &turin));
    const cof_snp_tcb tcb = cof_snp_tcb_of(facts.snp.reported_tcb, facts.snp.product);
    assert_int_equal(tcb.fmc, 1);
    assert_int_equal(tcb.snp, 4);
    assert_int_equal(tcb.microcode, 81);
    assert_int_equal(facts.snp.launch_mitigations, 0x3f);
    assert_int_equal(facts.root.family, COF_ROOT_AMD_TURIN);
}

/* AMD revoked a first ASK of Genoa (serial 0x020001): its list is real, and the ASK in use is not
 * on it. */
static void genoas_list_does_not_name_the_ask_in_use(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf report = {0};
    assert_ok(verify(&vectors[8], &report));
    assert_int_equal(facts.snp.product, COF_SNP_GENOA);
    assert_string_equal(cof_checks_find(&checks, "evidence.revocation")->actual, "020002: is not");
}

static void reports_alone_are_split_as_they_are(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        if (vectors[i].report_form == RAW) {
            COF_CLEANUP(cof_buf_free) cof_buf file = read_file(vectors[i].report);
            cof_view report = {0};
            assert_ok(cof_snp_evidence_split(cof_buf_view(&file), &report, NULL, NULL));
            assert_true(cof_view_equal(report, cof_buf_view(&file)));
        }
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_has_its_verdict),
        cmocka_unit_test(no_real_report_survives_a_flipped_bit),
        cmocka_unit_test(the_facts_are_those_of_the_manifest),
        cmocka_unit_test(genoas_list_does_not_name_the_ask_in_use),
        cmocka_unit_test(reports_alone_are_split_as_they_are),
    };
    if (argc != 2) {
        return 64;
    }
    folder = argv[1];
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
