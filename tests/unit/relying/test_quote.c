/* Quotes of the simulated platform, each altered in one place, and refused with the right status.
 */
#include <string.h>

#include "harness/cof_test.h"
#include "harness/cof_verify.h"
#include "unit/relying/rig.h"

static rig_platform good;

static int set_up(void **state)
{
    (void)state;
    rig_make(&good, &(rig_options){0});
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    rig_free(&good);
    return 0;
}

static cof_status verify(const rig_platform *rig, cof_view quote)
{
    cof_facts facts = {0};
    cof_err err = {0};
    const cof_status status = verify_quote(quote, &rig->pin, 1, RIG_NOW, &facts, NULL, &err);
    /* The status in the error is the status that was given. */
    assert_true(status == COF_OK || err.status == status);
    return status;
}

static void a_good_quote_verifies_and_says_what_was_quoted(void **state)
{
    (void)state;
    cof_facts facts = {0};
    cof_checks checks = {0};
    assert_ok(
        verify_quote(cof_buf_view(&good.quote), &good.pin, 1, RIG_NOW, &facts, &checks, NULL));
    assert_true(cof_checks_all_ok(&checks));
    assert_int_equal(checks.count, 7);
    assert_int_equal(facts.tee, COF_TEE_SIMULATED);
    assert_memory_equal(facts.sgx.mrenclave, good.mrenclave, 32);
    assert_memory_equal(facts.report_data, good.report_data, 64);
    assert_int_equal(facts.sgx.isv_prod_id, 1);
    assert_int_equal(facts.sgx.isv_svn, 1);
    assert_false(facts.is_debuggable);
    assert_true(cof_digest_equal(&facts.root.spki, &good.pin.spki));
    assert_memory_equal(facts.pck.components, cof_pki_cpu_svn, 16);
    assert_int_equal(facts.pck.pce_svn, 13);
    cof_digest signer = {0};
    assert_ok(cof_digest_of(cof_view_text("coffer simulated signer"), &signer, NULL));
    assert_true(memcmp(facts.sgx.mrsigner, signer.bytes, 32) == 0);
}

/* One byte changed: what the parser or the verifier answers. */
typedef struct alteration {
    const char *what;
    size_t at;
    uint8_t flip;
    cof_status parse;
    cof_status verify;
} alteration;

static const alteration alterations[] = {
    {"version", 0, 1, COF_E_BAD_VERSION, COF_E_EVIDENCE_INVALID},
    {"version, high byte", 1, 1, COF_E_BAD_VERSION, COF_E_EVIDENCE_INVALID},
    {"attestation key type", 2, 1, COF_E_UNSUPPORTED, COF_E_EVIDENCE_INVALID},
    {"TEE type TDX", 4, 0x81, COF_E_UNSUPPORTED, COF_E_EVIDENCE_INVALID},
    {"TEE type, high byte", 7, 1, COF_E_UNSUPPORTED, COF_E_EVIDENCE_INVALID},
    {"QE SVN", 8, 1, COF_OK, COF_E_EVIDENCE_INVALID},
    {"PCE SVN", 10, 1, COF_OK, COF_E_EVIDENCE_INVALID},
    {"vendor id, first byte", 12, 1, COF_E_BAD_FORMAT, COF_E_EVIDENCE_INVALID},
    {"vendor id, last byte", 27, 1, COF_E_BAD_FORMAT, COF_E_EVIDENCE_INVALID},
    {"user data", 28, 1, COF_OK, COF_E_EVIDENCE_INVALID},
    {"CPUSVN", 48, 1, COF_OK, COF_E_EVIDENCE_INVALID},
    {"MISCSELECT", 64, 1, COF_OK, COF_E_EVIDENCE_INVALID},
    {"reserved 1", 68, 1, COF_E_BAD_FORMAT, COF_E_EVIDENCE_INVALID},
    {"extended product id", 80, 1, COF_OK, COF_E_EVIDENCE_INVALID},
    {"attributes: debug", 96, 2, COF_OK, COF_E_EVIDENCE_INVALID},
    {"attributes: init", 96, 1, COF_OK, COF_E_EVIDENCE_INVALID},
    {"xfrm", 104, 1, COF_OK, COF_E_EVIDENCE_INVALID},
    {"MRENCLAVE", COF_QUOTE_AT_MRENCLAVE, 1, COF_OK, COF_E_EVIDENCE_INVALID},
    {"reserved 2", 144, 1, COF_E_BAD_FORMAT, COF_E_EVIDENCE_INVALID},
    {"MRSIGNER", 176, 1, COF_OK, COF_E_EVIDENCE_INVALID},
    {"reserved 3", 208, 1, COF_E_BAD_FORMAT, COF_E_EVIDENCE_INVALID},
    {"CONFIGID", 240, 1, COF_OK, COF_E_EVIDENCE_INVALID},
    {"product id", 304, 1, COF_OK, COF_E_EVIDENCE_INVALID},
    {"ISV SVN", 306, 1, COF_OK, COF_E_EVIDENCE_INVALID},
    {"CONFIGSVN", 308, 1, COF_OK, COF_E_EVIDENCE_INVALID},
    {"reserved 4", 310, 1, COF_E_BAD_FORMAT, COF_E_EVIDENCE_INVALID},
    {"family id", 352, 1, COF_OK, COF_E_EVIDENCE_INVALID},
    {"report data", COF_QUOTE_AT_REPORT_DATA, 1, COF_OK, COF_E_EVIDENCE_INVALID},
    {"report data, last byte", 431, 1, COF_OK, COF_E_EVIDENCE_INVALID},
    {"size of the signature data, huge", 435, 0xff, COF_E_TRUNCATED, COF_E_EVIDENCE_INVALID},
    {"quote signature r", COF_QUOTE_AT_SIGNATURE, 1, COF_OK, COF_E_EVIDENCE_INVALID},
    {"quote signature s", COF_QUOTE_AT_SIGNATURE + 63, 1, COF_OK, COF_E_EVIDENCE_INVALID},
    {"attestation key x (off the curve, and not bound)", COF_QUOTE_AT_KEY, 1, COF_OK,
     COF_E_EVIDENCE_INVALID},
    {"attestation key y", COF_QUOTE_AT_KEY + 63, 1, COF_OK, COF_E_EVIDENCE_INVALID},
    {"QE report CPUSVN", COF_QUOTE_AT_QE_REPORT, 1, COF_OK, COF_E_EVIDENCE_INVALID},
    {"QE report reserved", COF_QUOTE_AT_QE_REPORT + 20, 1, COF_E_BAD_FORMAT,
     COF_E_EVIDENCE_INVALID},
    {"QE report MRSIGNER", COF_QUOTE_AT_QE_REPORT + 128, 1, COF_OK, COF_E_EVIDENCE_INVALID},
    {"QE report data", COF_QUOTE_AT_QE_REPORT + 320, 1, COF_OK, COF_E_EVIDENCE_INVALID},
    {"QE report data, zero half", COF_QUOTE_AT_QE_REPORT + 383, 1, COF_OK, COF_E_EVIDENCE_INVALID},
    {"QE signature r", COF_QUOTE_AT_QE_SIGNATURE, 1, COF_OK, COF_E_EVIDENCE_INVALID},
    {"QE signature s", COF_QUOTE_AT_QE_SIGNATURE + 63, 1, COF_OK, COF_E_EVIDENCE_INVALID},
    {"size of the authentication data, 33", COF_QUOTE_AT_AUTH_SIZE, 1, COF_E_UNSUPPORTED,
     COF_E_EVIDENCE_INVALID},
    {"size of the authentication data, over the limit", COF_QUOTE_AT_AUTH_SIZE, 0xc0,
     COF_E_BAD_FORMAT, COF_E_EVIDENCE_INVALID},
    {"size of the authentication data, huge", COF_QUOTE_AT_AUTH_SIZE + 1, 0xff, COF_E_BAD_FORMAT,
     COF_E_EVIDENCE_INVALID},
    {"authentication data", COF_QUOTE_AT_AUTH_SIZE + 2, 1, COF_OK, COF_E_EVIDENCE_INVALID},
    {"certification type 4", COF_QUOTE_AT_CHAIN - 6, 1, COF_E_UNSUPPORTED, COF_E_EVIDENCE_INVALID},
    {"certification type 1", COF_QUOTE_AT_CHAIN - 6, 4, COF_E_UNSUPPORTED, COF_E_EVIDENCE_INVALID},
    {"size of the chain, huge", COF_QUOTE_AT_CHAIN - 1, 0xff, COF_E_TRUNCATED,
     COF_E_EVIDENCE_INVALID},
    {"chain, begin line", COF_QUOTE_AT_CHAIN, 1, COF_OK, COF_E_EVIDENCE_INVALID},
    {"chain, inside the leaf", COF_QUOTE_AT_CHAIN + 200, 1, COF_OK, COF_E_EVIDENCE_INVALID},
};

static void a_quote_altered_in_one_byte_is_refused(void **state)
{
    (void)state;
    uint8_t bytes[16 * 1024];
    const size_t size = good.quote.size;
    for (size_t i = 0; i < sizeof alterations / sizeof alterations[0]; i++) {
        const alteration *change = &alterations[i];
        memcpy(bytes, good.quote.data, size);
        bytes[change->at] ^= change->flip;
        cof_quote quote = {0};
        const cof_view view = cof_view_of(bytes, size);
        const cof_status parsed = cof_quote_parse(view, &quote, NULL);
        const cof_status verified = verify(&good, view);
        if (parsed != change->parse || verified != change->verify) {
            fail_msg("%s: parse %s, verify %s", change->what, cof_status_describe(parsed)->name,
                     cof_status_describe(verified)->name);
        }
    }
    assert_true(sizeof alterations / sizeof alterations[0] >= 40);
}

/* Adds to a little-endian u32 in a copy of the good quote. */
static void resized(size_t at, int32_t change, cof_status expected)
{
    uint8_t bytes[16 * 1024];
    uint32_t size = 0;
    memcpy(bytes, good.quote.data, good.quote.size);
    memcpy(&size, bytes + at, sizeof size);
    size += (uint32_t)change;
    memcpy(bytes + at, &size, sizeof size);
    cof_quote quote = {0};
    const cof_view view = cof_view_of(bytes, good.quote.size);
    assert_int_equal(cof_quote_parse(view, &quote, NULL), expected);
    assert_status(verify(&good, view), EVIDENCE_INVALID);
}

static void a_size_that_is_off_by_one_is_refused(void **state)
{
    (void)state;
    resized(432, 1, COF_E_TRUNCATED);
    resized(432, -1, COF_E_TRUNCATED);
    resized(COF_QUOTE_AT_CHAIN - 4, 1, COF_E_TRUNCATED);
    resized(COF_QUOTE_AT_CHAIN - 4, -1, COF_E_TRAILING_BYTES);
}

/* Of the whole signed and signing part, no bit may change; of the chain's text, none may change
 * unnoticed. */
static void no_bit_of_a_quote_can_be_flipped(void **state)
{
    (void)state;
    uint8_t bytes[16 * 1024];
    const size_t size = good.quote.size;
    memcpy(bytes, good.quote.data, size);
    for (size_t at = 0; at < size; at++) {
        const uint8_t flip = (uint8_t)(1u << (at % 8));
        bytes[at] ^= flip;
        const cof_status status = verify(&good, cof_view_of(bytes, size));
        /* A line end may become another line end (0x0a ^ 0x07): the same certificates. None of
         * these flips does that. */
        if (status == COF_OK) {
            fail_msg("byte %zu ^ 0x%02x verifies", at, flip);
        }
        bytes[at] ^= flip;
    }
}

static void a_quote_truncated_anywhere_is_refused(void **state)
{
    (void)state;
    for (size_t size = 0; size < good.quote.size; size++) {
        cof_quote quote = {0};
        assert_status(cof_quote_parse(cof_view_of(good.quote.data, size), &quote, NULL), TRUNCATED);
        assert_status(verify(&good, cof_view_of(good.quote.data, size)), EVIDENCE_INVALID);
    }
}

static void only_a_few_zeros_may_follow(void **state)
{
    (void)state;
    uint8_t bytes[16 * 1024] = {0};
    const size_t size = good.quote.size;
    memcpy(bytes, good.quote.data, size);
    cof_quote quote = {0};
    assert_ok(cof_quote_parse(cof_view_of(bytes, size + 1), &quote, NULL));
    assert_int_equal(quote.quote_bytes.size, size);
    assert_ok(verify(&good, cof_view_of(bytes, size + COF_QUOTE_PADDING_MAX)));
    assert_status(
        cof_quote_parse(cof_view_of(bytes, size + COF_QUOTE_PADDING_MAX + 1), &quote, NULL),
        TRAILING_BYTES);
    bytes[size + 99] = 1;
    assert_status(cof_quote_parse(cof_view_of(bytes, size + 100), &quote, NULL), TRAILING_BYTES);
    assert_status(verify(&good, cof_view_of(bytes, size + 100)), EVIDENCE_INVALID);
}

static void a_quote_over_the_limit_is_refused(void **state)
{
    (void)state;
    static uint8_t bytes[64 * 1024 + 1];
    cof_quote quote = {0};
    assert_status(cof_quote_parse(cof_view_of(bytes, sizeof bytes), &quote, NULL), LIMIT);
}

/* The signature data's size, and the chain's, grow by extra; the bytes are put at the end. */
static void append_to_chain(cof_buf *quote, cof_view bytes)
{
    uint32_t size = (uint32_t)(quote->size - 436 + bytes.size);
    memcpy(quote->data + 432, &size, 4);
    size = (uint32_t)(quote->size - COF_QUOTE_AT_CHAIN + bytes.size);
    memcpy(quote->data + COF_QUOTE_AT_CHAIN - 4, &size, 4);
    assert_ok(cof_buf_append(quote, bytes, NULL));
}

static void only_one_nul_may_end_the_chain(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf quote = {.limit = 32768};
    assert_ok(cof_buf_append(&quote, cof_buf_view(&good.quote), NULL));
    append_to_chain(&quote, cof_view_of("\0", 1));
    cof_quote parsed = {0};
    assert_status(cof_quote_parse(cof_buf_view(&quote), &parsed, NULL), BAD_FORMAT);
    assert_status(verify(&good, cof_buf_view(&quote)), EVIDENCE_INVALID);
}

static void a_chain_without_the_nul_is_as_good(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf quote = {.limit = 32768};
    assert_ok(cof_buf_append(&quote, cof_view_of(good.quote.data, good.quote.size - 1), NULL));
    append_to_chain(&quote, (cof_view){0});
    assert_ok(verify(&good, cof_buf_view(&quote)));
}

static void a_fourth_certificate_is_refused(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf quote = {.limit = 32768};
    assert_ok(cof_buf_append(&quote, cof_view_of(good.quote.data, good.quote.size - 1), NULL));
    append_to_chain(&quote, cof_buf_view(&good.pem[2]));
    assert_status(verify(&good, cof_buf_view(&quote)), EVIDENCE_INVALID);
}

static void refused(const rig_options *options, cof_status expected, const char *what)
{
    rig_platform bad;
    rig_make(&bad, options);
    const cof_status status = verify(&bad, cof_buf_view(&bad.quote));
    rig_free(&bad);
    if (status != expected) {
        fail_msg("%s: %s", what, cof_status_describe(status)->name);
    }
}

static void certificates_out_of_time_are_refused(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        rig_options expired = {0};
        rig_options early = {0};
        expired.not_after[i] = RIG_NOW - 1;
        early.not_before[i] = RIG_NOW + 1;
        refused(&expired, COF_E_EVIDENCE_OLD, "expired");
        refused(&early, COF_E_EVIDENCE_EARLY, "not yet valid");
    }
}

static void certificates_with_other_names_are_refused(void **state)
{
    (void)state;
    static const char *const intel[] = {"Intel SGX PCK Certificate", "Intel SGX PCK Processor CA",
                                        "Intel SGX Root CA"};
    for (int i = 0; i < 3; i++) {
        rig_options options = {0};
        options.names[i] = intel[i];
        refused(&options, COF_E_EVIDENCE_UNTRUSTED, intel[i]);
    }
    refused(&(rig_options){.names = {intel[0], intel[1], intel[2]}}, COF_E_EVIDENCE_UNTRUSTED,
            "all Intel");
}

static void certificates_with_other_roles_are_refused(void **state)
{
    (void)state;
    refused(
        &(rig_options){.is_role_set = true, .roles = {COF_PKI_LEAF, COF_PKI_LEAF, COF_PKI_ROOT}},
        COF_E_EVIDENCE_INVALID, "CA that is none");
    refused(&(rig_options){.is_role_set = true, .roles = {COF_PKI_CA, COF_PKI_CA, COF_PKI_ROOT}},
            COF_E_EVIDENCE_INVALID, "leaf that is a CA");
    refused(&(rig_options){.is_role_set = true, .roles = {COF_PKI_LEAF, COF_PKI_CA, COF_PKI_LEAF}},
            COF_E_EVIDENCE_INVALID, "root that is no CA");
    refused(
        &(rig_options){.is_role_set = true, .roles = {COF_PKI_LEAF, COF_PKI_ROOT, COF_PKI_ROOT}},
        COF_E_EVIDENCE_INVALID, "CA with another path length");
}

static void a_debuggable_quoting_enclave_is_refused(void **state)
{
    (void)state;
    refused(&(rig_options){.qe_flags = COF_SGX_FLAG_INIT | COF_SGX_FLAG_DEBUG},
            COF_E_EVIDENCE_INVALID, "debug QE");
    refused(&(rig_options){.qe_flags = COF_SGX_FLAG_MODE64}, COF_E_EVIDENCE_INVALID,
            "QE not initialised");
    refused(&(rig_options){.flags = COF_SGX_FLAG_MODE64}, COF_E_EVIDENCE_INVALID,
            "enclave not initialised");
}

static void a_debuggable_enclave_is_genuine_and_says_so(void **state)
{
    (void)state;
    rig_platform debug;
    cof_facts facts = {0};
    rig_make(&debug,
             &(rig_options){.flags = COF_SGX_FLAG_INIT | COF_SGX_FLAG_DEBUG | COF_SGX_FLAG_MODE64});
    assert_ok(verify_quote(cof_buf_view(&debug.quote), &debug.pin, 1, RIG_NOW, &facts, NULL, NULL));
    rig_free(&debug);
    assert_true(facts.is_debuggable);
}

static void another_root_with_the_same_name_is_refused(void **state)
{
    (void)state;
    rig_platform other;
    rig_make(&other, &(rig_options){0});
    /* Whole other platform under our pin. */
    assert_status(verify(&good, cof_buf_view(&other.quote)), EVIDENCE_UNTRUSTED);
    /* Our root certificate at the end of the other's chain: the pin matches, the signatures do not.
     */
    rig_requote(&other, cof_buf_view(&other.pem[0]), cof_buf_view(&other.pem[1]),
                cof_buf_view(&good.pem[2]));
    assert_status(verify(&good, cof_buf_view(&other.quote)), EVIDENCE_UNTRUSTED);
    /* Our CA and root, the other's leaf. */
    rig_requote(&other, cof_buf_view(&other.pem[0]), cof_buf_view(&good.pem[1]),
                cof_buf_view(&good.pem[2]));
    assert_status(verify(&good, cof_buf_view(&other.quote)), EVIDENCE_UNTRUSTED);
    /* Our whole chain, but the QE report is signed by the other's PCK key. */
    rig_requote(&other, cof_buf_view(&good.pem[0]), cof_buf_view(&good.pem[1]),
                cof_buf_view(&good.pem[2]));
    assert_status(verify(&good, cof_buf_view(&other.quote)), EVIDENCE_INVALID);
    rig_free(&other);
}

static void a_chain_in_another_order_is_refused(void **state)
{
    (void)state;
    static const int orders[][3] = {{0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 1, 0}, {2, 0, 1},
                                    {0, 0, 2}, {0, 1, 1}, {1, 1, 2}, {0, 2, 2}};
    rig_platform mixed;
    rig_make(&mixed, &(rig_options){0});
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        rig_requote(&mixed, cof_buf_view(&mixed.pem[orders[i][0]]),
                    cof_buf_view(&mixed.pem[orders[i][1]]), cof_buf_view(&mixed.pem[orders[i][2]]));
        const cof_status status = verify(&mixed, cof_buf_view(&mixed.quote));
        assert_true(status == COF_E_EVIDENCE_INVALID || status == COF_E_EVIDENCE_UNTRUSTED);
    }
    rig_free(&mixed);
}

static void text_between_certificates_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"subject=x\n", " ", "-----BEGIN CERTIFICATE-----\n"};
    rig_platform mixed;
    rig_make(&mixed, &(rig_options){0});
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        COF_CLEANUP(cof_buf_free) cof_buf ca = {.limit = 16384};
        assert_ok(cof_buf_append_text(&ca, texts[i], NULL));
        assert_ok(cof_buf_append(&ca, cof_buf_view(&mixed.pem[1]), NULL));
        rig_requote(&mixed, cof_buf_view(&mixed.pem[0]), cof_buf_view(&ca),
                    cof_buf_view(&mixed.pem[2]));
        assert_status(verify(&mixed, cof_buf_view(&mixed.quote)), EVIDENCE_INVALID);
    }
    rig_free(&mixed);
}

static void an_attestation_key_off_the_curve_is_refused(void **state)
{
    (void)state;
    /* Bound and signed correctly by the QE, so that only the curve check can refuse it: the QE
     * report is made anew. */
    rig_platform bad;
    rig_make(&bad, &(rig_options){0});
    uint8_t *key = bad.quote.data + COF_QUOTE_AT_KEY;
    memset(key, 0, COF_EC_RAW_SIZE); /* (0, 0) is not on P-256 */
    uint8_t bound[COF_EC_RAW_SIZE + 32];
    memcpy(bound, key, COF_EC_RAW_SIZE);
    memcpy(bound + COF_EC_RAW_SIZE, bad.quote.data + COF_QUOTE_AT_AUTH_SIZE + 2, 32);
    cof_digest digest = {0};
    assert_ok(cof_digest_of(cof_view_of(bound, sizeof bound), &digest, NULL));
    memcpy(bad.quote.data + COF_QUOTE_AT_QE_REPORT + 320, digest.bytes, 32);
    assert_ok(cof_ec_sign(bad.keys[0], cof_view_of(bad.quote.data + COF_QUOTE_AT_QE_REPORT, 384),
                          bad.quote.data + COF_QUOTE_AT_QE_SIGNATURE, NULL));
    cof_checks checks = {0};
    cof_facts facts = {0};
    assert_status(
        verify_quote(cof_buf_view(&bad.quote), &bad.pin, 1, RIG_NOW, &facts, &checks, NULL),
        EVIDENCE_INVALID);
    assert_string_equal(cof_checks_first_failed(&checks)->name, "evidence.signature");
    rig_free(&bad);
}

static void a_qe_report_with_a_tail_is_refused(void **state)
{
    (void)state;
    rig_platform bad;
    rig_make(&bad, &(rig_options){0});
    bad.quote.data[COF_QUOTE_AT_QE_REPORT + 383] = 1;
    assert_ok(cof_ec_sign(bad.keys[0], cof_view_of(bad.quote.data + COF_QUOTE_AT_QE_REPORT, 384),
                          bad.quote.data + COF_QUOTE_AT_QE_SIGNATURE, NULL));
    cof_checks checks = {0};
    cof_facts facts = {0};
    assert_status(
        verify_quote(cof_buf_view(&bad.quote), &bad.pin, 1, RIG_NOW, &facts, &checks, NULL),
        EVIDENCE_INVALID);
    assert_string_equal(cof_checks_first_failed(&checks)->name, "evidence.qe_binding");
    rig_free(&bad);
}

static void zero_signatures_are_refused(void **state)
{
    (void)state;
    uint8_t bytes[16 * 1024];
    memcpy(bytes, good.quote.data, good.quote.size);
    memset(bytes + COF_QUOTE_AT_SIGNATURE, 0, COF_EC_RAW_SIZE);
    assert_status(verify(&good, cof_view_of(bytes, good.quote.size)), EVIDENCE_INVALID);
    memcpy(bytes, good.quote.data, good.quote.size);
    memset(bytes + COF_QUOTE_AT_QE_SIGNATURE, 0, COF_EC_RAW_SIZE);
    assert_status(verify(&good, cof_view_of(bytes, good.quote.size)), EVIDENCE_INVALID);
}

static void without_a_pin_nothing_is_trusted(void **state)
{
    (void)state;
    cof_facts facts = {0};
    assert_status(verify_quote(cof_buf_view(&good.quote), NULL, 0, RIG_NOW, &facts, NULL, NULL),
                  EVIDENCE_UNTRUSTED);
    assert_status(
        verify_quote(cof_buf_view(&good.quote), &cof_root_intel, 1, RIG_NOW, &facts, NULL, NULL),
        EVIDENCE_UNTRUSTED);
    /* The right key as a root of the other family: the names give it away. */
    const cof_root_pin as_intel = {.family = COF_ROOT_INTEL, .spki = good.pin.spki};
    assert_status(
        verify_quote(cof_buf_view(&good.quote), &as_intel, 1, RIG_NOW, &facts, NULL, NULL),
        EVIDENCE_UNTRUSTED);
    const cof_root_pin both[] = {cof_root_intel, good.pin};
    assert_ok(verify_quote(cof_buf_view(&good.quote), both, 2, RIG_NOW, &facts, NULL, NULL));
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_quote_verifies_and_says_what_was_quoted),
        cmocka_unit_test(a_quote_altered_in_one_byte_is_refused),
        cmocka_unit_test(a_size_that_is_off_by_one_is_refused),
        cmocka_unit_test(no_bit_of_a_quote_can_be_flipped),
        cmocka_unit_test(a_quote_truncated_anywhere_is_refused),
        cmocka_unit_test(only_a_few_zeros_may_follow),
        cmocka_unit_test(a_quote_over_the_limit_is_refused),
        cmocka_unit_test(only_one_nul_may_end_the_chain),
        cmocka_unit_test(a_chain_without_the_nul_is_as_good),
        cmocka_unit_test(a_fourth_certificate_is_refused),
        cmocka_unit_test(certificates_out_of_time_are_refused),
        cmocka_unit_test(certificates_with_other_names_are_refused),
        cmocka_unit_test(certificates_with_other_roles_are_refused),
        cmocka_unit_test(a_debuggable_quoting_enclave_is_refused),
        cmocka_unit_test(a_debuggable_enclave_is_genuine_and_says_so),
        cmocka_unit_test(another_root_with_the_same_name_is_refused),
        cmocka_unit_test(a_chain_in_another_order_is_refused),
        cmocka_unit_test(text_between_certificates_is_refused),
        cmocka_unit_test(an_attestation_key_off_the_curve_is_refused),
        cmocka_unit_test(a_qe_report_with_a_tail_is_refused),
        cmocka_unit_test(zero_signatures_are_refused),
        cmocka_unit_test(without_a_pin_nothing_is_trusted),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
