/*
 * Real quotes, TCB info and QE identities through the parsers alone: what another implementation
 * read from them is what is read here. Usage: test_intel_parsers_vectors FOLDER, which holds
 * bundles/, sgx/ and tdx/ and is not part of this project.
 */
#include <dirent.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

#include "harness/cof_hex.h"
#include "harness/cof_test.h"
#include "relying/verify/collateral.h"
#include "relying/verify/intel/tcb_info.h"
#include "tcb/wire/json.h"

static const char *folder;
static cof_tcb_info info;
static cof_qe_identity identity;

static void read_file(const char *directory, const char *name, cof_buf *out)
{
    char path[2048];
    uint8_t piece[4096];
    size_t size = 0;
    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fail_msg("%s cannot be opened", path);
        return;
    }
    cof_buf_init(out, COF_COLLATERAL_ITEM_MAX);
    while ((size = fread(piece, 1, sizeof piece, file)) > 0) {
        assert_ok(cof_buf_append(out, cof_view_of(piece, size), NULL));
    }
    (void)fclose(file);
}

static void assert_member_hex(const json_t *object, const char *key, const void *bytes, size_t size)
{
    const char *text = json_string_value(json_object_get(object, key));
    if (text == NULL) {
        fail_msg("no \"%s\"", key);
        return;
    }
    assert_hex(bytes, size, text);
}

static void assert_member_u64(const json_t *object, const char *key, uint64_t number)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(number >> 8 * i);
    }
    assert_member_hex(object, key, bytes, sizeof bytes);
}

static void assert_member_int(const json_t *object, const char *key, int64_t number)
{
    assert_true(json_is_integer(json_object_get(object, key)));
    assert_int_equal(json_integer_value(json_object_get(object, key)), number);
}

static void assert_sgx_body(const json_t *body, const cof_sgx_report *report)
{
    assert_member_hex(body, "cpusvn", report->cpu_svn, 16);
    assert_member_hex(body, "mrenclave", report->mrenclave, 32);
    assert_member_hex(body, "mrsigner", report->mrsigner, 32);
    assert_member_hex(body, "report_data", report->report_data, 64);
    assert_member_int(body, "isvprodid", report->isv_prod_id);
    assert_member_int(body, "isvsvn", report->isv_svn);
    const bool is_debug = (report->flags & COF_SGX_FLAG_DEBUG) != 0;
    assert_int_equal(json_is_true(json_object_get(body, "debug")), is_debug);
}

static void assert_td_body(const json_t *body, const cof_td_report *td)
{
    assert_member_hex(body, "tee_tcb_svn", td->tee_tcb_svn, 16);
    assert_member_hex(body, "mrseam", td->mrseam, 48);
    assert_member_hex(body, "mrsignerseam", td->mrsignerseam, 48);
    assert_member_u64(body, "seamattributes", td->seam_attributes);
    assert_member_u64(body, "tdattributes", td->td_attributes);
    assert_member_u64(body, "xfam", td->xfam);
    assert_member_hex(body, "mrtd", td->mrtd, 48);
    assert_member_hex(body, "mrconfigid", td->mrconfigid, 48);
    assert_member_hex(body, "mrowner", td->mrowner, 48);
    assert_member_hex(body, "mrownerconfig", td->mrownerconfig, 48);
    assert_member_hex(body, "rtmr0", td->rtmr[0], 48);
    assert_member_hex(body, "rtmr1", td->rtmr[1], 48);
    assert_member_hex(body, "rtmr2", td->rtmr[2], 48);
    assert_member_hex(body, "rtmr3", td->rtmr[3], 48);
    assert_member_hex(body, "report_data", td->report_data, 64);
    if (td->is_1_5) {
        assert_member_hex(body, "tee_tcb_svn2", td->tee_tcb_svn2, 16);
        assert_member_hex(body, "mrservicetd", td->mrservicetd, 48);
    }
}

static void check_quote(const char *directory, const json_t *bundle)
{
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {0};
    cof_quote quote = {0};
    read_file(directory, "quote.bin", &bytes);
    assert_ok(cof_quote_parse(cof_buf_view(&bytes), &quote, NULL));
    const json_t *body = json_object_get(bundle, "body");
    assert_member_int(bundle, "version", quote.version);
    assert_int_equal(bytes.size, quote.quote_bytes.size); /* bundles are without padding */
    assert_member_int(bundle, "qe_isvsvn", quote.qe_report.isv_svn);
    if (quote.version == 5) {
        assert_member_int(bundle, "body_type", quote.td.is_1_5 ? 3 : 2);
    }
    if (quote.kind == COF_QUOTE_SGX) {
        assert_sgx_body(body, &quote.body);
    } else {
        assert_td_body(body, &quote.td);
    }
}

static void check_documents(const char *directory, const json_t *bundle)
{
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {0};
    cof_signed_json cut = {0};
    read_file(directory, "tcbinfo.json", &bytes);
    assert_ok(cof_signed_json_cut(cof_buf_view(&bytes), "tcbInfo", &cut, NULL));
    assert_ok(cof_tcb_info_parse(cut.body, &info, NULL));
    assert_member_hex(bundle, "fmspc", info.fmspc, 6);
    assert_member_int(bundle, "tcb_eval", info.evaluation_number);
    const bool is_tdx = strcmp(json_string_value(json_object_get(bundle, "tee")), "TDX") == 0;
    assert_int_equal(info.is_tdx, is_tdx);
    cof_buf_free(&bytes);
    read_file(directory, "qeid.json", &bytes);
    assert_ok(cof_signed_json_cut(cof_buf_view(&bytes), "enclaveIdentity", &cut, NULL));
    assert_ok(cof_qe_identity_parse(cut.body, &identity, NULL));
    assert_member_int(bundle, "qe_eval", identity.evaluation_number);
    assert_int_equal(identity.id, is_tdx ? COF_QE_TDX : COF_QE_SGX);
}

/* The SGX extension of the leaf: the FMSPC is that of the TCB info, and the Platform CA's
 * certificates have the members that only they have. */
static void check_leaf(const char *directory, const json_t *bundle)
{
    COF_CLEANUP(cof_buf_free) cof_buf pem = {0};
    cof_pck pck = {0};
    read_file(directory, "pck_leaf.pem", &pem);
    BIO *text = BIO_new_mem_buf(pem.data, (int)pem.size);
    X509 *leaf = PEM_read_bio_X509(text, NULL, NULL, NULL);
    assert_non_null(leaf);
    ASN1_OBJECT *object = OBJ_txt2obj("1.2.840.113741.1.13.1", 1);
    const int at = X509_get_ext_by_OBJ(leaf, object, -1);
    assert_true(at >= 0);
    const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(X509_get_ext(leaf, at));
    assert_ok(cof_pck_parse(
        cof_view_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value)), &pck, NULL));
    char issuer[64] = "";
    assert_true(X509_NAME_get_text_by_NID(X509_get_issuer_name(leaf), NID_commonName, issuer,
                                          sizeof issuer) > 0);
    const bool is_platform = strcmp(issuer, "Intel SGX PCK Platform CA") == 0;
    assert_int_equal(pck.has_platform_instance, is_platform);
    assert_int_equal(pck.has_smt, is_platform);
    assert_int_equal(pck.has_cached_keys, is_platform);
    assert_int_equal(pck.has_dynamic_platform, is_platform);
    assert_member_hex(bundle, "fmspc", pck.fmspc, 6);
    ASN1_OBJECT_free(object);
    X509_free(leaf);
    BIO_free(text);
}

static size_t each_bundle(void (*check)(const char *directory, const json_t *bundle))
{
    static const char *const kinds[] = {"sgx", "tdx"};
    size_t count = 0;
    for (size_t i = 0; i < 2; i++) {
        char kind[1024];
        (void)snprintf(kind, sizeof kind, "%s/bundles/%s", folder, kinds[i]);
        DIR *directory = opendir(kind);
        assert_non_null(directory);
        for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
            if (entry->d_name[0] == '.') {
                continue;
            }
            char path[1536];
            COF_JSON json_t *bundle = NULL;
            COF_CLEANUP(cof_buf_free) cof_buf text = {0};
            (void)snprintf(path, sizeof path, "%s/%s", kind, entry->d_name);
            read_file(path, "bundle.json", &text);
            assert_ok(cof_json_parse(cof_buf_view(&text), COF_COLLATERAL_ITEM_MAX, &bundle, NULL));
            check(path, bundle);
            count++;
        }
        (void)closedir(directory);
    }
    return count;
}

static void real_quotes_read_as_others_read_them(void **state)
{
    (void)state;
    assert_true(each_bundle(check_quote) >= 20);
}

static void real_documents_read_as_others_read_them(void **state)
{
    (void)state;
    assert_true(each_bundle(check_documents) >= 20);
}

static void real_pck_extensions_are_read(void **state)
{
    (void)state;
    assert_true(each_bundle(check_leaf) >= 20);
}

typedef struct raw_file {
    const char *name;
    cof_status expected;
} raw_file;

static void real_buffers_are_taken_with_their_padding_and_nothing_else(void **state)
{
    (void)state;
    static const raw_file files[] = {
        {"sgx/Phala-Network_dcap-qvl/sgx_quote", COF_OK},
        {"tdx/Phala-Network_dcap-qvl/tdx_quote", COF_OK},
        {"tdx/Phala-Network_dcap-qvl/tdx_quote_outdated", COF_OK},
        {"tdx/confidential-containers_trustee/tdx_quote_4.dat", COF_OK},
        {"tdx/confidential-dot-ai_attestation-rs/tdx_quote_live.dat", COF_OK},
        {"tdx/flashbots_attested-tls/azure_failed_dcap_quote_10.bin", COF_OK},
        {"tdx/flashbots_attested-tls/dcap-tdx-1766059550570652607", COF_OK},
        {"tdx/google_go-tdx-guest/cos-113-tdx-quote.dat", COF_OK},
        {"tdx/google_go-tdx-guest/quote_v5_sample.dat", COF_OK},
        {"tdx/openenclave_openenclave/tdx_quote_v5.bin", COF_OK},
        {"azure/confidential-containers_trustee/td-quote.bin", COF_OK},
        /* something other than zeros after the quote */
        {"tdx/google_go-tdx-guest/tdx_prod_quote_SPR_E4.dat", COF_E_TRAILING_BYTES},
        /* samples that no platform made: certification data of type 1; a chain of DER */
        {"sgx/intel_SGX-TDX-DCAP-QuoteVerificationLibrary/quote.dat", COF_E_UNSUPPORTED},
        {"tdx/intel_SGX-TDX-DCAP-QuoteVerificationLibrary/quote.dat", COF_E_BAD_FORMAT},
        /* not quotes */
        {"tdx/confidential-dot-ai_attestation-rs/tdx_tdreport_live.bin", COF_E_BAD_VERSION},
        {"tdx/google_go-tdx-guest/report.dat", COF_E_BAD_VERSION},
        {"sgx/openenclave_openenclave/sgx_report_bad.bin", COF_E_BAD_VERSION},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        COF_CLEANUP(cof_buf_free) cof_buf bytes = {0};
        cof_quote quote = {0};
        read_file(folder, files[i].name, &bytes);
        const cof_status status = cof_quote_parse(cof_buf_view(&bytes), &quote, NULL);
        if (status != files[i].expected) {
            fail_msg("%s: %s", files[i].name, cof_status_describe(status)->name);
        }
    }
}

static void an_open_enclave_report_is_unwrapped(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {0};
    cof_view inner = {0};
    cof_quote quote = {0};
    read_file(folder, "sgx/openenclave_openenclave/sgx_report_bad.bin", &bytes);
    assert_ok(cof_open_enclave_unwrap(cof_buf_view(&bytes), &inner, NULL));
    assert_ok(cof_quote_parse(inner, &quote, NULL));
    assert_int_equal(quote.version, 3);
}

static cof_status read_document(cof_view text)
{
    cof_signed_json cut = {0};
    const bool is_tcb = memmem(text.data, text.size, "tcbInfo", 7) != NULL;
    COF_TRY(cof_signed_json_cut(text, is_tcb ? "tcbInfo" : "enclaveIdentity", &cut, NULL));
    return is_tcb ? cof_tcb_info_parse(cut.body, &info, NULL)
                  : cof_qe_identity_parse(cut.body, &identity, NULL);
}

static void documents_and_broken_documents_are_told_apart(void **state)
{
    (void)state;
#define OE      "sgx/openenclave_openenclave/"
#define QVL_SGX "sgx/intel_SGX-TDX-DCAP-QuoteVerificationLibrary/"
#define QVL_TDX "tdx/intel_SGX-TDX-DCAP-QuoteVerificationLibrary/"
    static const raw_file files[] = {
        {OE "qe_identity_ok.json", COF_OK},
        {OE "qe_identity_with_advisoryids.json", COF_OK},
        {OE "qve_identity_ok.json", COF_OK},
        {OE "tcbinfo_sgx.json", COF_OK},
        {QVL_SGX "qeIdentity.json", COF_OK},
        {QVL_SGX "qveIdentity.json", COF_OK},
        {QVL_SGX "tcbInfo.json", COF_OK},
        {QVL_TDX "qeIdentity.json", COF_OK},
        {"tdx/automata-network_dcap-rs/qeidentityv2_apiv4.json", COF_OK},
        {"tdx/automata-network_dcap-rs/tcb_info_v3_tdx_0.json", COF_OK},
        {"tdx/automata-network_dcap-rs/tcb_info_v3_tdx_1.json", COF_OK},
        {"tdx/automata-network_dcap-rs/tcbinfov3_00806f050000.json", COF_OK},
        {"tdx/confidential-containers_trustee/enclaveIdentity.json", COF_OK},
        {"tdx/confidential-containers_trustee/tcbInfo.json", COF_OK},
        {"tdx/confidential-dot-ai_attestation-rs/tcb_info_50806f000000.json", COF_OK},
        {"tdx/confidential-dot-ai_attestation-rs/tcb_info_90c06f000000.json", COF_OK},
        {"tdx/confidential-dot-ai_attestation-rs/td_qe_identity.json", COF_OK},
        {"tdx/google_go-tdx-guest/sample_qeIdentity_response", COF_OK},
        {"tdx/google_go-tdx-guest/sample_tcbInfo_response", COF_OK},
        {"tdx/google_go-tdx-guest/sample_tcbinfo_response_v5", COF_OK},
        /* written by hand: component versions over 255; no pceId */
        {QVL_TDX "tcbInfo.json", COF_E_BAD_FORMAT},
        {OE "tcbInfo.json", COF_E_BAD_FORMAT},
        {OE "qe_identity_missing_attributes.json", COF_E_BAD_FORMAT},
        {OE "qe_identity_missing_mrsigner.json", COF_E_BAD_FORMAT},
        {OE "qe_identity_missing_nextupdate.json", COF_E_BAD_FORMAT},
        {OE "qe_identity_missing_signature.json", COF_E_BAD_FORMAT},
        {OE "qe_identity_missing_tcb_levels.json", COF_E_BAD_FORMAT},
        {OE "tcbInfoNegativeCompSvn.json", COF_E_BAD_FORMAT},
        {OE "tcbInfoNegativeFloat.json", COF_E_BAD_FORMAT},
        {OE "tcbInfoNegativeIntegerOverflow.json", COF_E_BAD_JSON},
        {OE "tcbInfoNegativeIntegerWithSign.json", COF_E_BAD_FORMAT},
        {OE "tcbInfoNegativeInvalidIssueDate.json", COF_E_BAD_FORMAT},
        {OE "tcbInfoNegativeInvalidNextUpdate.json", COF_E_BAD_FORMAT},
        {OE "tcbInfoNegativeMissingNextUpdate.json", COF_E_BAD_FORMAT},
        {OE "tcbInfoNegativePceSvn.json", COF_E_BAD_FORMAT},
        {OE "tcbInfoNegativePropertyMissingLevel0.json", COF_E_BAD_FORMAT},
        {OE "tcbInfoNegativePropertyWrongTypeLevel1.json", COF_E_BAD_FORMAT},
        {OE "tcbInfoNegativeSignature.json", COF_E_BAD_FORMAT},
        {OE "tcbInfoNegativeStringEscape.json", COF_E_BAD_FORMAT},
        {OE "tcbInfoNegativeTcbType.json", COF_E_BAD_FORMAT},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        COF_CLEANUP(cof_buf_free) cof_buf bytes = {0};
        read_file(folder, files[i].name, &bytes);
        const cof_status status = read_document(cof_buf_view(&bytes));
        if (status != files[i].expected) {
            fail_msg("%s: %s", files[i].name, cof_status_describe(status)->name);
        }
    }
}

/* The text of a document in another one, as a client of the service had saved it. */
static void saved_answers_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        const char *member;
    } files[] = {
        {"sgx/matter-labs_teepot/sgx_tcb_info_00906ED50000.json", "tcb_info_json"},
        {"sgx/matter-labs_teepot/sgx_tcb_info_v3.json", "tcb_info_json"},
        {"sgx/matter-labs_teepot/sgx_qe_identity.json", "enclave_identity_json"},
        {"sgx/matter-labs_teepot/sgx_qe_identity_v3.json", "enclave_identity_json"},
        {"sgx/matter-labs_teepot/sgx_qve_identity.json", "enclave_identity_json"},
        {"tdx/matter-labs_teepot/tdx_tcb_info_00806F050000.json", "tcb_info_json"},
        {"tdx/matter-labs_teepot/tdx_qe_identity.json", "enclave_identity_json"},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        COF_CLEANUP(cof_buf_free) cof_buf bytes = {0};
        COF_JSON json_t *saved = NULL;
        read_file(folder, files[i].file, &bytes);
        assert_ok(cof_json_parse(cof_buf_view(&bytes), COF_COLLATERAL_ITEM_MAX, &saved, NULL));
        const json_t *text = json_object_get(saved, files[i].member);
        assert_non_null(text);
        const cof_status status =
            read_document(cof_view_of(json_string_value(text), json_string_length(text)));
        if (status != COF_OK) {
            fail_msg("%s: %s", files[i].file, cof_status_describe(status)->name);
        }
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: test_intel_parsers_vectors FOLDER\n");
        return 64;
    }
    folder = argv[1];
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_quotes_read_as_others_read_them),
        cmocka_unit_test(real_documents_read_as_others_read_them),
        cmocka_unit_test(real_pck_extensions_are_read),
        cmocka_unit_test(real_buffers_are_taken_with_their_padding_and_nothing_else),
        cmocka_unit_test(an_open_enclave_report_is_unwrapped),
        cmocka_unit_test(documents_and_broken_documents_are_told_apart),
        cmocka_unit_test(saved_answers_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
