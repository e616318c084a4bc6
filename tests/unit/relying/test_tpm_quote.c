/* What a TPM signs: quotes, certifications, signatures and keys, byte by byte. */
#include <string.h>

#include "harness/cof_hex.h"
#include "harness/cof_test.h"
#include "relying/verify/azure/tpm_attest.h"
#include "relying/verify/azure/tpm_key.h"
#include "relying/verify/azure/tpm_quote.h"
#include "tcb/crypto/rsa.h"

#define NAME                                                                                       \
    "0022000b"                                                                                     \
    "ab00000000000000000000000000000000000000000000000000000000000000"
#define CLOCK                                                                                      \
    "00000000075bcd15"                                                                             \
    "00000007"                                                                                     \
    "00000003"                                                                                     \
    "01"                                                                                           \
    "2020031200120003"
#define DIGEST                                                                                     \
    "0020"                                                                                         \
    "cd00000000000000000000000000000000000000000000000000000000000000"
#define HEAD                                                                                       \
    "ff5443478018" NAME "0003"                                                                     \
    "010203" CLOCK
#define GOOD                                                                                       \
    HEAD "00000001"                                                                                \
         "000b"                                                                                    \
         "03"                                                                                      \
         "ff0180" DIGEST

static void a_quote_is_read(void **state)
{
    (void)state;
    COF_HEX(bytes, GOOD);
    cof_tpm_quote quote = {0};
    assert_ok(cof_tpm_quote_parse(cof_buf_view(&bytes), &quote, NULL));
    assert_int_equal(quote.extra_size, 3);
    assert_memory_equal(quote.extra, "\1\2\3\0", 4);
    assert_int_equal(quote.clock, 123456789);
    assert_int_equal(quote.reset_count, 7);
    assert_int_equal(quote.restart_count, 3);
    assert_true(quote.is_clock_safe);
    assert_true(quote.firmware_version == UINT64_C(0x2020031200120003));
    assert_int_equal(quote.pcr_mask, 0x8001ff);
    assert_int_equal(quote.pcr_digest.bytes[0], 0xcd);
}

static void extra_data_of_any_size_up_to_64_bytes_is_read(void **state)
{
    (void)state;
    COF_HEX(empty, "ff5443478018" NAME "0000" CLOCK "00000001000b03ffffff" DIGEST);
    COF_HEX(longest, "ff5443478018" NAME "0040"
                     "1111111111111111111111111111111111111111111111111111111111111111"
                     "1111111111111111111111111111111111111111111111111111111111111111" CLOCK
                     "00000001000b03ffffff" DIGEST);
    cof_tpm_quote quote = {0};
    assert_ok(cof_tpm_quote_parse(cof_buf_view(&empty), &quote, NULL));
    assert_int_equal(quote.extra_size, 0);
    assert_ok(cof_tpm_quote_parse(cof_buf_view(&longest), &quote, NULL));
    assert_int_equal(quote.extra_size, 64);
    assert_int_equal(quote.extra[63], 0x11);
}

static const struct {
    const char *what;
    const char *hex;
    cof_status status;
} wrong[] = {
    {"nothing", "", COF_E_TRUNCATED},
    {"magic", "fe5443478018" NAME "0000" CLOCK "00000001000b03ffffff" DIGEST, COF_E_BAD_FORMAT},
    {"type certify", "ff5443478017" NAME "0000" CLOCK "00000001000b03ffffff" DIGEST,
     COF_E_BAD_FORMAT},
    {"type 0", "ff5443470000" NAME "0000" CLOCK "00000001000b03ffffff" DIGEST, COF_E_BAD_FORMAT},
    {"no signer",
     "ff5443478018"
     "0000"
     "0000" CLOCK "00000001000b03ffffff" DIGEST,
     COF_E_BAD_FORMAT},
    {"a signer named by SHA-1",
     "ff5443478018"
     "0016"
     "0004"
     "0000000000000000000000000000000000000000"
     "0000" CLOCK "00000001000b03ffffff" DIGEST,
     COF_E_BAD_FORMAT},
    {"extra data of 65 bytes",
     "ff5443478018" NAME "0041"
     "1111111111111111111111111111111111111111111111111111111111111111"
     "111111111111111111111111111111111111111111111111111111111111111111" CLOCK
     "00000001000b03ffffff" DIGEST,
     COF_E_BAD_FORMAT},
    {"extra data beyond the end",
     "ff5443478018" NAME "0040"
     "00",
     COF_E_TRUNCATED},
    {"the clock's state",
     "ff5443478018" NAME "0000"
     "00000000075bcd15"
     "00000007"
     "00000003"
     "02"
     "2020031200120003"
     "00000001000b03ffffff" DIGEST,
     COF_E_BAD_FORMAT},
    {"no bank", HEAD "00000000" DIGEST, COF_E_UNSUPPORTED},
    {"two banks",
     HEAD "00000002"
          "000b03ffffff"
          "000403ffffff" DIGEST,
     COF_E_UNSUPPORTED},
    {"4 billion banks",
     HEAD "ffffffff"
          "000b03ffffff" DIGEST,
     COF_E_UNSUPPORTED},
    {"bank SHA-1",
     HEAD "00000001"
          "000403ffffff" DIGEST,
     COF_E_UNSUPPORTED},
    {"bank SHA-384",
     HEAD "00000001"
          "000c03ffffff" DIGEST,
     COF_E_UNSUPPORTED},
    {"a selection of 2 bytes",
     HEAD "00000001"
          "000b02ffff" DIGEST,
     COF_E_BAD_FORMAT},
    {"a selection of 4 bytes",
     HEAD "00000001"
          "000b04ffffff00" DIGEST,
     COF_E_BAD_FORMAT},
    {"an empty selection",
     HEAD "00000001"
          "000b03000000" DIGEST,
     COF_E_BAD_FORMAT},
    {"a digest of 31 bytes",
     HEAD "00000001"
          "000b03ffffff"
          "001f"
          "cd000000000000000000000000000000000000000000000000000000000000",
     COF_E_BAD_FORMAT},
    {"a digest of 33 bytes",
     HEAD "00000001"
          "000b03ffffff"
          "0021"
          "cd0000000000000000000000000000000000000000000000000000000000000000",
     COF_E_BAD_FORMAT},
    {"no digest",
     HEAD "00000001"
          "000b03ffffff"
          "0000",
     COF_E_BAD_FORMAT},
    {"a byte behind it", GOOD "00", COF_E_TRAILING_BYTES},
};

static void a_quote_that_is_not_well_formed_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        COF_HEX(bytes, wrong[i].hex);
        cof_tpm_quote quote = {0};
        const cof_status status = cof_tpm_quote_parse(cof_buf_view(&bytes), &quote, NULL);
        if (status != wrong[i].status) {
            fail_msg("%s: %s", wrong[i].what, cof_status_describe(status)->name);
        }
        assert_int_equal(quote.pcr_mask, 0);
    }
}

static void a_quote_that_is_cut_off_is_refused(void **state)
{
    (void)state;
    COF_HEX(bytes, GOOD);
    cof_tpm_quote quote = {0};
    for (size_t size = 0; size < bytes.size; size++) {
        assert_status(cof_tpm_quote_parse(cof_view_of(bytes.data, size), &quote, NULL), TRUNCATED);
    }
}

static void a_quote_that_is_too_long_is_refused(void **state)
{
    (void)state;
    static const uint8_t zeros[COF_TPM_QUOTE_MAX + 1];
    cof_tpm_quote quote = {0};
    assert_status(cof_tpm_quote_parse(cof_view_of(zeros, sizeof zeros), &quote, NULL), LIMIT);
}

/* PCR values in ascending order, only those that are selected. */
static void the_digest_is_over_exactly_the_selected_values(void **state)
{
    (void)state;
    cof_pcrs pcrs = {.mask = 0x800001};
    uint8_t both[2 * COF_DIGEST_SIZE] = {0};
    memset(pcrs.values[0].bytes, 1, COF_DIGEST_SIZE);
    memset(pcrs.values[5].bytes, 5, COF_DIGEST_SIZE);
    memset(pcrs.values[23].bytes, 23, COF_DIGEST_SIZE);
    memset(both, 1, COF_DIGEST_SIZE);
    memset(both + COF_DIGEST_SIZE, 23, COF_DIGEST_SIZE);
    cof_tpm_quote quote = {.pcr_mask = 0x800001};
    assert_ok(cof_digest_of(cof_view_of(both, sizeof both), &quote.pcr_digest, NULL));
    assert_ok(cof_tpm_quote_check_pcrs(&quote, &pcrs, NULL));
    /* One value more or fewer than is selected. */
    pcrs.mask = 0x800021;
    assert_status(cof_tpm_quote_check_pcrs(&quote, &pcrs, NULL), EVIDENCE_INVALID);
    pcrs.mask = 0x000001;
    assert_status(cof_tpm_quote_check_pcrs(&quote, &pcrs, NULL), EVIDENCE_INVALID);
    /* The same values under other numbers. */
    pcrs.values[22] = pcrs.values[23];
    pcrs.mask = 0x400001;
    assert_status(cof_tpm_quote_check_pcrs(&quote, &pcrs, NULL), EVIDENCE_INVALID);
    pcrs.mask = 0x800001;
    pcrs.values[23].bytes[31] ^= 1;
    assert_status(cof_tpm_quote_check_pcrs(&quote, &pcrs, NULL), EVIDENCE_INVALID);
}

static void a_size_in_front_is_taken_off_only_when_it_is_one(void **state)
{
    (void)state;
    const cof_view marker = cof_view_text("\377TCG");
    COF_HEX(raw, "ff544347"
                 "8018");
    COF_HEX(sized, "0006"
                   "ff544347"
                   "8018");
    COF_HEX(wrong_size, "0007"
                        "ff544347"
                        "8018");
    COF_HEX(other, "0006"
                   "ff544348"
                   "8018");
    COF_HEX(tiny, "0000");
    assert_int_equal(cof_tpm2b_unwrap(cof_buf_view(&raw), marker).size, 6);
    assert_ptr_equal(cof_tpm2b_unwrap(cof_buf_view(&raw), marker).data, raw.data);
    assert_int_equal(cof_tpm2b_unwrap(cof_buf_view(&sized), marker).size, 6);
    assert_ptr_equal(cof_tpm2b_unwrap(cof_buf_view(&sized), marker).data, sized.data + 2);
    assert_int_equal(cof_tpm2b_unwrap(cof_buf_view(&wrong_size), marker).size, 8);
    assert_int_equal(cof_tpm2b_unwrap(cof_buf_view(&other), marker).size, 8);
    assert_int_equal(cof_tpm2b_unwrap(cof_buf_view(&tiny), marker).size, 2);
    assert_int_equal(cof_tpm2b_unwrap((cof_view){0}, marker).size, 0);
}

static void a_signature_is_256_bytes_or_framed(void **state)
{
    (void)state;
    uint8_t bytes[COF_TPM_SIGNATURE_MAX + 1] = {0x00, 0x14, 0x00, 0x0b, 0x01, 0x00};
    cof_view out = {0};
    assert_ok(cof_tpm_signature(cof_view_of(bytes, 256), &out, NULL));
    assert_ptr_equal(out.data, bytes);
    assert_ok(cof_tpm_signature(cof_view_of(bytes, 262), &out, NULL));
    assert_ptr_equal(out.data, bytes + 6);
    assert_int_equal(out.size, 256);
    static const size_t sizes[] = {0, 6, 255, 257, 261, 263};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        assert_status(cof_tpm_signature(cof_view_of(bytes, sizes[i]), &out, NULL), BAD_FORMAT);
    }
    for (size_t at = 0; at < 6; at++) {
        bytes[at] ^= 1;
        assert_status(cof_tpm_signature(cof_view_of(bytes, 262), &out, NULL), BAD_FORMAT);
        bytes[at] ^= 1;
    }
}

#define PUBLIC_HEAD                                                                                \
    "0001"                                                                                         \
    "000b"                                                                                         \
    "00020432"                                                                                     \
    "0000"                                                                                         \
    "0010"                                                                                         \
    "0010"                                                                                         \
    "0800"
#define N16  "c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1"
#define N64  N16 N16 N16 N16
#define N256 N64 N64 N64 N64

static void a_decryption_key_is_read_and_named(void **state)
{
    (void)state;
    COF_HEX(bytes, PUBLIC_HEAD "00000000"
                               "0100" N256);
    COF_HEX(spelled, PUBLIC_HEAD "00010001"
                                 "0100" N256);
    cof_tpm_decryption_key key = {0};
    cof_digest name = {0};
    assert_ok(cof_tpm_decryption_key_parse(cof_buf_view(&bytes), &key, NULL));
    assert_int_equal(key.modulus[0], 0xc1);
    assert_int_equal(key.modulus[255], 0xc1);
    assert_ok(cof_digest_of(cof_buf_view(&bytes), &name, NULL));
    assert_true(cof_digest_equal(&name, &key.name));
    assert_ok(cof_tpm_decryption_key_parse(cof_buf_view(&spelled), &key, NULL));
}

static const struct {
    const char *hex;
    cof_status status;
} wrong_keys[] = {
    {"", COF_E_TRUNCATED},
    {"0023"
     "000b"
     "00020432"
     "0000"
     "0010"
     "0010"
     "0800"
     "00000000"
     "0100" N256,
     COF_E_UNSUPPORTED}, /* an elliptic curve's */
    {"0001"
     "0004"
     "00020432"
     "0000"
     "0010"
     "0010"
     "0800"
     "00000000"
     "0100" N256,
     COF_E_UNSUPPORTED}, /* named by SHA-1 */
    {"0001"
     "000b"
     "00020430"
     "0000"
     "0010"
     "0010"
     "0800"
     "00000000"
     "0100" N256,
     COF_E_UNSUPPORTED}, /* not fixed to its TPM */
    {"0001"
     "000b"
     "00020422"
     "0000"
     "0010"
     "0010"
     "0800"
     "00000000"
     "0100" N256,
     COF_E_UNSUPPORTED}, /* not fixed to its parent */
    {"0001"
     "000b"
     "00020412"
     "0000"
     "0010"
     "0010"
     "0800"
     "00000000"
     "0100" N256,
     COF_E_UNSUPPORTED}, /* made elsewhere */
    {"0001"
     "000b"
     "00000432"
     "0000"
     "0010"
     "0010"
     "0800"
     "00000000"
     "0100" N256,
     COF_E_UNSUPPORTED}, /* does not decrypt */
    {"0001"
     "000b"
     "00060432"
     "0000"
     "0010"
     "0010"
     "0800"
     "00000000"
     "0100" N256,
     COF_E_UNSUPPORTED}, /* signs */
    {"0001"
     "000b"
     "00030432"
     "0000"
     "0010"
     "0010"
     "0800"
     "00000000"
     "0100" N256,
     COF_E_UNSUPPORTED}, /* restricted */
    {"0001"
     "000b"
     "00020432"
     "0000"
     "0006"
     "0010"
     "0800"
     "00000000"
     "0100" N256,
     COF_E_UNSUPPORTED}, /* a cipher: a storage key */
    {"0001"
     "000b"
     "00020432"
     "0000"
     "0010"
     "0014"
     "0800"
     "00000000"
     "0100" N256,
     COF_E_UNSUPPORTED}, /* a signature scheme */
    {"0001"
     "000b"
     "00020432"
     "0000"
     "0010"
     "0010"
     "0400"
     "00000000"
     "0080" N64 N64,
     COF_E_UNSUPPORTED}, /* 1024 bits */
    {PUBLIC_HEAD "00000003"
                 "0100" N256,
     COF_E_UNSUPPORTED},
    {PUBLIC_HEAD "00000000"
                 "00ff" N64 N64 N64 N16 N16 N16 "c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1",
     COF_E_BAD_FORMAT},
    {PUBLIC_HEAD "00000000"
                 "0100"
                 "41c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1" N16 N16 N16 N64 N64 N64,
     COF_E_BAD_FORMAT},
    {PUBLIC_HEAD "00000000"
                 "0100" N64 N64 N64 N16 N16 N16 "c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c0",
     COF_E_BAD_FORMAT},
    {PUBLIC_HEAD "00000000"
                 "0101" N256 "c1",
     COF_E_BAD_FORMAT},
    {PUBLIC_HEAD "00000000"
                 "0100" N256 "00",
     COF_E_TRAILING_BYTES},
    {PUBLIC_HEAD "00000000"
                 "0100" N64,
     COF_E_TRUNCATED},
};

static void a_key_of_another_kind_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong_keys / sizeof wrong_keys[0]; i++) {
        COF_HEX(bytes, wrong_keys[i].hex);
        cof_tpm_decryption_key key = {0};
        const cof_status status = cof_tpm_decryption_key_parse(cof_buf_view(&bytes), &key, NULL);
        if (status != wrong_keys[i].status) {
            fail_msg("%zu: %s", i, cof_status_describe(status)->name);
        }
    }
}

static void a_certification_names_its_key(void **state)
{
    (void)state;
    COF_HEX(good, "ff5443478017" NAME "0000" CLOCK NAME NAME);
    COF_HEX(quote, GOOD);
    COF_HEX(longer, "ff5443478017" NAME "0000" CLOCK NAME NAME "00");
    COF_HEX(shorter, "ff5443478017" NAME "0000" CLOCK NAME "0022000b");
    cof_digest name = {0};
    assert_ok(cof_tpm_certify_parse(cof_buf_view(&good), &name, NULL));
    assert_int_equal(name.bytes[0], 0xab);
    assert_status(cof_tpm_certify_parse(cof_buf_view(&quote), &name, NULL), BAD_FORMAT);
    assert_status(cof_tpm_certify_parse(cof_buf_view(&longer), &name, NULL), TRAILING_BYTES);
    assert_status(cof_tpm_certify_parse(cof_buf_view(&shorter), &name, NULL), TRUNCATED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quote_is_read),
        cmocka_unit_test(extra_data_of_any_size_up_to_64_bytes_is_read),
        cmocka_unit_test(a_quote_that_is_not_well_formed_is_refused),
        cmocka_unit_test(a_quote_that_is_cut_off_is_refused),
        cmocka_unit_test(a_quote_that_is_too_long_is_refused),
        cmocka_unit_test(the_digest_is_over_exactly_the_selected_values),
        cmocka_unit_test(a_size_in_front_is_taken_off_only_when_it_is_one),
        cmocka_unit_test(a_signature_is_256_bytes_or_framed),
        cmocka_unit_test(a_decryption_key_is_read_and_named),
        cmocka_unit_test(a_key_of_another_kind_is_refused),
        cmocka_unit_test(a_certification_names_its_key),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
