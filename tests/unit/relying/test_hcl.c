/* HCL reports and their claims: what is well formed, and every way not to be. */
#include <string.h>

#include "harness/cof_test.h"
#include "rig/azure_rig.h"
#include "tcb/wire/json.h"

enum { CLAIMS_AT = 1236 };

static const uint8_t hardware[COF_HCL_HARDWARE_SIZE] = {3};
static const char text[] = "{\"claims\":1}";

static cof_buf make(size_t hardware_size, size_t size)
{
    cof_buf out = {.limit = 8192};
    assert_ok(azure_rig_hcl_report(cof_view_of(hardware, hardware_size), cof_view_text(text),
                                   COF_HCL_SHA256, size, &out, NULL));
    return out;
}

static void a_report_is_taken_apart(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 2048, 2600, 4096};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        COF_CLEANUP(cof_buf_free) cof_buf snp = make(COF_HCL_HARDWARE_SIZE, sizes[i]);
        COF_CLEANUP(cof_buf_free) cof_buf tdx = make(1024, sizes[i]);
        cof_hcl_report report = {0};
        assert_ok(cof_hcl_report_parse(cof_buf_view(&snp), &report, NULL));
        assert_int_equal(report.version, 2);
        assert_int_equal(report.type, COF_HCL_SNP);
        assert_int_equal(report.hash, COF_HCL_SHA256);
        assert_int_equal(report.hardware.size, COF_HCL_HARDWARE_SIZE);
        assert_ptr_equal(report.hardware.data, snp.data + 32);
        assert_view_text(report.claims, text);
        assert_ok(cof_hcl_report_parse(cof_buf_view(&tdx), &report, NULL));
        assert_int_equal(report.type, COF_HCL_TDX);
        assert_int_equal(report.hardware.size, 1024);
    }
}

static void both_versions_and_all_hashes_are_read(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf bytes = make(1024, 2048);
    cof_hcl_report report = {0};
    bytes.data[4] = 1;
    for (uint8_t hash = 1; hash <= 3; hash++) {
        bytes.data[1228] = hash;
        assert_ok(cof_hcl_report_parse(cof_buf_view(&bytes), &report, NULL));
        assert_int_equal(report.version, 1);
        assert_int_equal(report.hash, hash);
    }
}

static const struct {
    const char *what;
    size_t at;
    uint8_t value;
    cof_status status;
} wrong[] = {
    {"magic", 3, 'B', COF_E_BAD_FORMAT},
    {"version 0", 4, 0, COF_E_BAD_VERSION},
    {"version 3", 4, 3, COF_E_BAD_VERSION},
    {"version 258", 5, 1, COF_E_BAD_VERSION},
    {"size of the report, one more", 8, 0xe1, COF_E_BAD_FORMAT},
    {"size of the report, 16 MiB more", 11, 1, COF_E_BAD_FORMAT},
    {"request type 1", 12, 1, COF_E_BAD_FORMAT},
    {"status", 19, 1, COF_E_BAD_FORMAT},
    {"reserved, first byte", 20, 1, COF_E_BAD_FORMAT},
    {"reserved, last byte", 31, 1, COF_E_BAD_FORMAT},
    {"size of the data", 1216, 0, COF_E_BAD_FORMAT},
    {"version of the data", 1220, 2, COF_E_BAD_FORMAT},
    {"type 0", 1224, 0, COF_E_UNSUPPORTED},
    {"type 1: VBS", 1224, 1, COF_E_UNSUPPORTED},
    {"type 3: none but a vTPM", 1224, 3, COF_E_UNSUPPORTED},
    {"type 5", 1224, 5, COF_E_UNSUPPORTED},
    {"hash 0", 1228, 0, COF_E_UNSUPPORTED},
    {"hash 4", 1228, 4, COF_E_UNSUPPORTED},
    {"hash 257", 1229, 1, COF_E_UNSUPPORTED},
    {"size of the claims, one less", 1232, (uint8_t)(sizeof text - 2), COF_E_BAD_FORMAT},
    {"size of the claims, one more", 1232, (uint8_t)sizeof text, COF_E_BAD_FORMAT},
    {"size of the claims, beyond the end", 1233, 0x10, COF_E_TRUNCATED},
    {"size of the claims, 4 GiB", 1235, 0xff, COF_E_TRUNCATED},
    {"first byte of the padding", CLAIMS_AT + sizeof text - 1, 1, COF_E_TRAILING_BYTES},
    {"last byte of the padding", 2599, 1, COF_E_TRAILING_BYTES},
};

static void a_wrong_byte_is_refused(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf bytes = make(COF_HCL_HARDWARE_SIZE, 2600);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        cof_hcl_report report = {0};
        const uint8_t good = bytes.data[wrong[i].at];
        assert_int_not_equal(good, wrong[i].value);
        bytes.data[wrong[i].at] = wrong[i].value;
        const cof_status status = cof_hcl_report_parse(cof_buf_view(&bytes), &report, NULL);
        if (status != wrong[i].status) {
            fail_msg("%s: %s", wrong[i].what, cof_status_describe(status)->name);
        }
        assert_null(report.claims.data);
        bytes.data[wrong[i].at] = good;
    }
}

static void bytes_behind_a_tdreport_are_refused(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf bytes = make(1024, 0);
    cof_hcl_report report = {0};
    for (size_t at = 32 + 1024; at < 32 + COF_HCL_HARDWARE_SIZE; at += 53) {
        bytes.data[at] = 1;
        assert_status(cof_hcl_report_parse(cof_buf_view(&bytes), &report, NULL), BAD_FORMAT);
        bytes.data[at] = 0;
    }
    assert_ok(cof_hcl_report_parse(cof_buf_view(&bytes), &report, NULL));
}

static void a_report_that_is_cut_off_is_refused(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf bytes = make(COF_HCL_HARDWARE_SIZE, 0);
    cof_hcl_report report = {0};
    for (size_t size = 0; size < bytes.size; size++) {
        assert_int_not_equal(cof_hcl_report_parse(cof_view_of(bytes.data, size), &report, NULL),
                             COF_OK);
    }
}

static void a_report_that_is_too_long_is_refused(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf bytes = make(COF_HCL_HARDWARE_SIZE, COF_HCL_MAX + 1);
    cof_hcl_report report = {0};
    assert_status(cof_hcl_report_parse(cof_buf_view(&bytes), &report, NULL), LIMIT);
}

/* "n" of an RSA-2048 key: 342 digits of base64url, 256 bytes; odd, its highest bit set. */
#define A16     "wAAAAAAAAAAAAAAA"
#define B16     "BBBBBBBBBBBBBBBB"
#define B64     B16 B16 B16 B16
#define MODULUS A16 B64 B64 B64 B64 B64 "BBBBBQ"

#define AK "{\"kid\":\"HCLAkPub\",\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"" MODULUS "\"}"
#define CONFIG                                                                                     \
    "\"vm-configuration\":{\"secure-boot\":true,\"console-enabled\":false,\"tpm-enabled\":true}"

static void claims_are_read(void **state)
{
    (void)state;
    cof_hcl_claims claims = {0};
    assert_ok(cof_hcl_claims_parse(cof_view_text("{\"keys\":[" AK "]," CONFIG "}"), &claims, NULL));
    assert_int_equal(claims.ak_modulus[0], 0xc0);
    assert_int_equal(claims.ak_modulus[255], 0x05);
    assert_true(claims.is_secure_boot);
    assert_true(claims.is_tpm_enabled);
    assert_false(claims.is_console_enabled);
    assert_false(claims.is_tpm_persisted);
    assert_false(claims.has_user_data);
    assert_string_equal(claims.vm_id, "");
}

static void members_that_are_not_known_are_no_reason_to_refuse(void **state)
{
    (void)state;
    cof_hcl_claims claims = {0};
    assert_ok(cof_hcl_claims_parse(
        cof_view_text("{\"keys\":[{\"kid\":\"HCLEkPub\",\"x\":1}," AK
                      "],\"new\":{\"a\":[]},\"vm-configuration\":{\"secure-boot\":false,"
                      "\"console-enabled\":true,\"tpm-enabled\":true,\"tpm-persisted\":true,"
                      "\"current-time\":1678652405,\"root-cert-thumbprint\":\"\","
                      "\"vmUniqueId\":\"e59b8ec3-0a8d-4243-b10a-9b5505870f04\"}}"),
        &claims, NULL));
    assert_false(claims.is_secure_boot);
    assert_true(claims.is_console_enabled);
    assert_true(claims.is_tpm_persisted);
    assert_string_equal(claims.vm_id, "e59b8ec3-0a8d-4243-b10a-9b5505870f04");
}

static const struct {
    const char *json;
    cof_status status;
} wrong_claims[] = {
    {"", COF_E_BAD_JSON},
    {"[]", COF_E_BAD_FORMAT},
    {"{}", COF_E_BAD_FORMAT},
    {"{\"keys\":[" AK "]}", COF_E_BAD_FORMAT},
    {"{" CONFIG "}", COF_E_BAD_FORMAT},
    {"{\"keys\":[]," CONFIG "}", COF_E_BAD_FORMAT},
    {"{\"keys\":[1]," CONFIG "}", COF_E_BAD_FORMAT},
    {"{\"keys\":[{}]," CONFIG "}", COF_E_BAD_FORMAT},
    {"{\"keys\":{}," CONFIG "}", COF_E_BAD_FORMAT},
    {"{\"keys\":[" AK "," AK "]," CONFIG "}", COF_E_BAD_FORMAT},
    {"{\"keys\":[{\"kid\":\"x\"},{\"kid\":\"x\"}," AK "]," CONFIG "}", COF_E_BAD_FORMAT},
    {"{\"keys\":[" AK "],\"keys\":[" AK "]," CONFIG "}", COF_E_BAD_JSON},
    {"{\"keys\":[" AK "]," CONFIG "," CONFIG "}", COF_E_BAD_JSON},
    {"{\"keys\":[" AK "]," CONFIG "}\n{}", COF_E_BAD_JSON},
    {"{\"keys\":[" AK "],\"vm-configuration\":1}", COF_E_BAD_FORMAT},
    {"{\"keys\":[" AK "],\"vm-configuration\":{\"secure-boot\":1,\"console-enabled\":false,"
     "\"tpm-enabled\":true}}",
     COF_E_BAD_FORMAT},
    {"{\"keys\":[" AK "],\"vm-configuration\":{\"secure-boot\":true,\"tpm-enabled\":true}}",
     COF_E_BAD_FORMAT},
    {"{\"keys\":[" AK "],\"vm-configuration\":{\"secure-boot\":true,\"console-enabled\":true}}",
     COF_E_BAD_FORMAT},
    {"{\"keys\":[" AK "]," CONFIG ",\"user-data\":\"00\"}", COF_E_BAD_FORMAT},
    {"{\"keys\":[" AK "]," CONFIG ",\"user-data\":null}", COF_E_BAD_FORMAT},
    {"{\"keys\":[{\"kid\":\"HCLAkPub\",\"kty\":\"EC\",\"e\":\"AQAB\",\"n\":\"" MODULUS
     "\"}]," CONFIG "}",
     COF_E_BAD_KEY},
    {"{\"keys\":[{\"kid\":\"HCLAkPub\",\"kty\":\"RSA\",\"e\":\"AQAC\",\"n\":\"" MODULUS
     "\"}]," CONFIG "}",
     COF_E_BAD_KEY},
    {"{\"keys\":[{\"kid\":\"HCLAkPub\",\"kty\":\"RSA\",\"e\":\"Aw\",\"n\":\"" MODULUS "\"}]," CONFIG
     "}",
     COF_E_BAD_KEY},
    /* 255 bytes; even; its highest bit not set */
    {"{\"keys\":[{\"kid\":\"HCLAkPub\",\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"" A16 B64 B64 B64 B64
         B64 "BBBB\"}]," CONFIG "}",
     COF_E_BAD_KEY},
    {"{\"keys\":[{\"kid\":\"HCLAkPub\",\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"" A16 B64 B64 B64 B64
         B64 "BBBBBA\"}]," CONFIG "}",
     COF_E_BAD_KEY},
    {"{\"keys\":[{\"kid\":\"HCLAkPub\",\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"" B16 B64 B64 B64 B64
         B64 "BBBBBQ\"}]," CONFIG "}",
     COF_E_BAD_KEY},
    {"{\"keys\":[{\"kid\":\"HCLAkPub\",\"kty\":\"RSA\",\"e\":\"AQAB\"}]," CONFIG "}",
     COF_E_BAD_KEY},
};

static void claims_that_are_wrong_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong_claims / sizeof wrong_claims[0]; i++) {
        cof_hcl_claims claims = {0};
        const cof_status status =
            cof_hcl_claims_parse(cof_view_text(wrong_claims[i].json), &claims, NULL);
        if (status != wrong_claims[i].status) {
            fail_msg("%zu: %s: %s", i, cof_status_describe(status)->name, wrong_claims[i].json);
        }
    }
}

static void an_id_that_is_too_long_is_refused(void **state)
{
    (void)state;
    cof_hcl_claims claims = {0};
    assert_int_not_equal(
        cof_hcl_claims_parse(
            cof_view_text("{\"keys\":[" AK "],\"vm-configuration\":{\"secure-boot\":true,"
                          "\"console-enabled\":false,\"tpm-enabled\":true,\"vmUniqueId\":"
                          "\"0123456789012345678901234567890123456789\"}}"),
            &claims, NULL),
        COF_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_is_taken_apart),
        cmocka_unit_test(both_versions_and_all_hashes_are_read),
        cmocka_unit_test(a_wrong_byte_is_refused),
        cmocka_unit_test(bytes_behind_a_tdreport_are_refused),
        cmocka_unit_test(a_report_that_is_cut_off_is_refused),
        cmocka_unit_test(a_report_that_is_too_long_is_refused),
        cmocka_unit_test(claims_are_read),
        cmocka_unit_test(members_that_are_not_known_are_no_reason_to_refuse),
        cmocka_unit_test(claims_that_are_wrong_are_refused),
        cmocka_unit_test(an_id_that_is_too_long_is_refused),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
