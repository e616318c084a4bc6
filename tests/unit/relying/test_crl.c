/*
 * Revocation lists: of P-256 issuers (Intel's) and of RSA-PSS ones (AMD's), each wrong in one place
 * and rightly signed.
 */
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "harness/cof_test.h"
#include "relying/verify/crl.h"
#include "relying/verify/x509.h"
#include "rig/amd_rig.h"
#include "rig/intel_rig.h"

static intel_rig intel;
static amd_rig amd;

static int set_up(void **state)
{
    (void)state;
    cof_err err = {0};
    return intel_rig_make(&intel, &(intel_rig_options){0}, &err) == COF_OK &&
                   amd_rig_make(&amd, &(amd_rig_options){0}, &err) == COF_OK
               ? 0
               : -1;
}

static int tear_down(void **state)
{
    (void)state;
    intel_rig_free(&intel);
    amd_rig_free(&amd);
    return 0;
}

static cof_status open_view(cof_view der, X509 *issuer)
{
    cof_crl *crl = NULL;
    cof_err err = {0};
    const cof_status status = cof_crl_open(der, issuer, &crl, &err);
    assert_true(status == COF_OK || (crl == NULL && err.status == status));
    cof_crl_free(crl);
    assert_int_equal(ERR_peek_error(), 0);
    return status;
}

static cof_view pck_crl(void)
{
    return cof_collateral_view(&intel.collateral, COF_COLLATERAL_PCK_CRL);
}

static cof_view amd_crl(void)
{
    return cof_collateral_view(&amd.collateral, COF_COLLATERAL_AMD_CRL);
}

static void a_good_list_says_what_it_is(void **state)
{
    (void)state;
    COF_CLEANUP(cof_crl_drop_) cof_crl *crl = NULL;
    COF_CLEANUP(cof_crl_drop_) cof_crl *of_amd = NULL;
    assert_ok(cof_crl_open(pck_crl(), intel.certificates[INTEL_RIG_CA], &crl, NULL));
    assert_int_equal(cof_crl_issued_unix_s(crl), INTEL_RIG_NOW - INTEL_RIG_DAY_S);
    assert_int_equal(cof_crl_next_update_unix_s(crl), INTEL_RIG_NOW + 29 * INTEL_RIG_DAY_S);
    assert_int_equal(cof_crl_number(crl), INTEL_RIG_CRL_NUMBER);
    assert_ok(cof_crl_open(amd_crl(), amd.certificates[AMD_RIG_ROOT], &of_amd, NULL));
    assert_int_equal(cof_crl_number(of_amd), AMD_RIG_CRL_NUMBER);
    assert_true(cof_digest_equal(cof_crl_issuer(of_amd), &amd.pins[0].spki));
    assert_false(cof_digest_equal(cof_crl_issuer(crl), cof_crl_issuer(of_amd)));
}

static void both_ends_of_its_validity_count(void **state)
{
    (void)state;
    COF_CLEANUP(cof_crl_drop_) cof_crl *crl = NULL;
    assert_ok(cof_crl_open(pck_crl(), intel.certificates[INTEL_RIG_CA], &crl, NULL));
    const int64_t from = cof_crl_issued_unix_s(crl);
    const int64_t to = cof_crl_next_update_unix_s(crl);
    assert_ok(cof_crl_check_time(crl, from, NULL));
    assert_ok(cof_crl_check_time(crl, to, NULL));
    assert_status(cof_crl_check_time(crl, from - 1, NULL), COLLATERAL_EARLY);
    assert_status(cof_crl_check_time(crl, to + 1, NULL), COLLATERAL_OLD);
    assert_status(cof_crl_check_time(crl, INT64_MIN, NULL), COLLATERAL_EARLY);
    assert_status(cof_crl_check_time(crl, INT64_MAX, NULL), COLLATERAL_OLD);
}

static void only_the_issuer_s_own_certificates_are_judged(void **state)
{
    (void)state;
    COF_CLEANUP(cof_crl_drop_) cof_crl *crl = NULL;
    COF_CLEANUP(cof_crl_drop_) cof_crl *root = NULL;
    X509 *const *certificates = intel.certificates;
    assert_ok(cof_crl_open(pck_crl(), certificates[INTEL_RIG_CA], &crl, NULL));
    assert_ok(cof_crl_open(cof_collateral_view(&intel.collateral, COF_COLLATERAL_ROOT_CRL),
                           certificates[INTEL_RIG_ROOT], &root, NULL));
    assert_ok(cof_crl_check(crl, certificates[INTEL_RIG_LEAF], NULL));
    assert_status(cof_crl_check(root, certificates[INTEL_RIG_LEAF], NULL), COLLATERAL_MISMATCH);
    assert_ok(cof_crl_check(root, certificates[INTEL_RIG_CA], NULL));
    assert_ok(cof_crl_check(root, certificates[INTEL_RIG_SIGNER], NULL));
    assert_status(cof_crl_check(crl, certificates[INTEL_RIG_CA], NULL), COLLATERAL_MISMATCH);
}

static void the_serial_on_the_list_is_found_among_many(void **state)
{
    (void)state;
    intel_rig rig;
    intel_rig_options options = {
        .root_crl.revoked = {INTEL_RIG_OTHER_CA, INTEL_RIG_SIGNER, INTEL_RIG_DEFAULT}};
    COF_CLEANUP(cof_crl_drop_) cof_crl *crl = NULL;
    assert_ok(intel_rig_make(&rig, &options, NULL));
    assert_ok(cof_crl_open(cof_collateral_view(&rig.collateral, COF_COLLATERAL_ROOT_CRL),
                           rig.certificates[INTEL_RIG_ROOT], &crl, NULL));
    assert_ok(cof_crl_check(crl, rig.certificates[INTEL_RIG_CA], NULL));
    assert_status(cof_crl_check(crl, rig.certificates[INTEL_RIG_SIGNER], NULL), EVIDENCE_REVOKED);
    assert_status(cof_crl_check(crl, rig.certificates[INTEL_RIG_OTHER_CA], NULL), EVIDENCE_REVOKED);
    intel_rig_free(&rig);
}

static void lists_of_others_are_a_mismatch(void **state)
{
    (void)state;
    X509 *const *certificates = intel.certificates;
    assert_status(open_view(pck_crl(), certificates[INTEL_RIG_ROOT]), COLLATERAL_MISMATCH);
    assert_status(open_view(pck_crl(), certificates[INTEL_RIG_OTHER_CA]), COLLATERAL_MISMATCH);
    assert_status(open_view(amd_crl(), certificates[INTEL_RIG_ROOT]), COLLATERAL_MISMATCH);
    assert_status(open_view(pck_crl(), amd.certificates[AMD_RIG_ROOT]), COLLATERAL_MISMATCH);
}

static void no_bit_can_be_flipped_and_no_byte_is_missing(void **state)
{
    (void)state;
    uint8_t bytes[8192];
    const cof_view der = pck_crl();
    X509 *ca = intel.certificates[INTEL_RIG_CA];
    assert_true(der.size + 1 <= sizeof bytes);
    memcpy(bytes, der.data, der.size);
    for (size_t i = 0; i < der.size; i++) {
        for (int bit = 0; bit < 8; bit++) {
            bytes[i] ^= (uint8_t)(1 << bit);
            assert_int_not_equal(open_view(cof_view_of(bytes, der.size), ca), COF_OK);
            bytes[i] ^= (uint8_t)(1 << bit);
        }
        assert_status(open_view(cof_view_of(bytes, i), ca), COLLATERAL_INVALID);
    }
    bytes[der.size] = 0;
    assert_status(open_view(cof_view_of(bytes, der.size + 1), ca), COLLATERAL_INVALID);
    assert_ok(open_view(cof_view_of(bytes, der.size), ca));
    assert_status(open_view((cof_view){0}, ca), COLLATERAL_INVALID);
}

/* The whole list in BER: an indefinite length instead of the right one. */
static void a_list_in_ber_is_refused(void **state)
{
    (void)state;
    uint8_t bytes[8192];
    const cof_view der = pck_crl();
    assert_int_equal(der.data[1], 0x82);
    bytes[0] = der.data[0];
    bytes[1] = 0x80;
    memcpy(bytes + 2, der.data + 4, der.size - 4);
    bytes[der.size - 2] = 0;
    bytes[der.size - 1] = 0;
    assert_status(open_view(cof_view_of(bytes, der.size), intel.certificates[INTEL_RIG_CA]),
                  COLLATERAL_INVALID);
}

/* The same with a length that is right but not in its shortest form. */
static void a_length_that_is_too_long_is_refused(void **state)
{
    (void)state;
    uint8_t bytes[8192];
    const cof_view der = pck_crl();
    const uint8_t front[] = {0x30, 0x83, 0, der.data[2], der.data[3]};
    memcpy(bytes, front, sizeof front);
    memcpy(bytes + sizeof front, der.data + 4, der.size - 4);
    assert_status(open_view(cof_view_of(bytes, der.size + 1), intel.certificates[INTEL_RIG_CA]),
                  COLLATERAL_INVALID);
}

static void a_subject_has_one_common_name(void **state)
{
    (void)state;
    X509 *certificate = X509_new();
    assert_non_null(certificate);
    X509_NAME *name = X509_get_subject_name(certificate);
    assert_false(cof_x509_has_common_name(certificate, "one"));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                                    (const unsigned char *)"one", -1, -1, 0),
                         1);
        assert_int_equal(cof_x509_has_common_name(certificate, "one"), i == 0);
        assert_false(cof_x509_has_common_name(certificate, "on"));
    }
    X509_free(certificate);
}

/* How a list of our own making is wrong. Zeroed is good. */
typedef struct how {
    const char *what;
    const EVP_MD *(*hash)(void); /* NULL: the right one */
    const EVP_MD *(*mgf1)(void);
    int salt_size; /* 0: 48 */
    bool is_pkcs1;
    int numbers;          /* how many CRL numbers more than one */
    bool is_number_huge;  /* above 2^64 */
    bool is_critical;     /* an issuing distribution point, which is critical */
    bool is_delta;        /* a delta CRL indicator */
    int key_identifiers;  /* how many */
    bool is_key_id_other; /* another key's */
    bool ends_before;     /* nextUpdate before thisUpdate */
    cof_status status;
} how;

static void add(X509_CRL *list, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, NULL, NULL, NULL, list, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    assert_non_null(extension);
    assert_int_equal(X509_CRL_add_ext(list, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static void add_number(X509_CRL *list, bool is_huge)
{
    BIGNUM *value = BN_new();
    assert_non_null(value);
    assert_int_equal(BN_set_bit(value, is_huge ? 64 : 3), 1);
    ASN1_INTEGER *number = BN_to_ASN1_INTEGER(value, NULL);
    assert_non_null(number);
    assert_int_equal(X509_CRL_add1_ext_i2d(list, NID_crl_number, number, 0, X509V3_ADD_APPEND), 1);
    ASN1_INTEGER_free(number);
    BN_free(value);
}

static void add_key_identifier(X509_CRL *list, X509 *issuer, bool is_other)
{
    AUTHORITY_KEYID *identifier = AUTHORITY_KEYID_new();
    assert_non_null(identifier);
    identifier->keyid = ASN1_OCTET_STRING_dup(X509_get0_subject_key_id(issuer));
    assert_non_null(identifier->keyid);
    if (is_other) {
        identifier->keyid->data[0] ^= 1;
    }
    assert_int_equal(
        X509_CRL_add1_ext_i2d(list, NID_authority_key_identifier, identifier, 0, X509V3_ADD_APPEND),
        1);
    AUTHORITY_KEYID_free(identifier);
}

static void fill(X509_CRL *list, X509 *issuer, const how *row)
{
    ASN1_TIME *from = ASN1_TIME_set(NULL, INTEL_RIG_NOW);
    ASN1_TIME *to = ASN1_TIME_set(NULL, INTEL_RIG_NOW + (row->ends_before ? -1 : 1000));
    assert_int_equal(X509_CRL_set_version(list, X509_CRL_VERSION_2), 1);
    assert_int_equal(X509_CRL_set_issuer_name(list, X509_get_subject_name(issuer)), 1);
    assert_int_equal(X509_CRL_set1_lastUpdate(list, from), 1);
    assert_int_equal(X509_CRL_set1_nextUpdate(list, to), 1);
    ASN1_TIME_free(from);
    ASN1_TIME_free(to);
    for (int i = 0; i < row->numbers + 1; i++) {
        add_number(list, row->is_number_huge);
    }
    for (int i = 0; i < row->key_identifiers; i++) {
        add_key_identifier(list, issuer, row->is_key_id_other);
    }
    if (row->is_critical) {
        add(list, NID_issuing_distribution_point, "critical,DER:30:03:81:01:ff");
    }
    if (row->is_delta) {
        add(list, NID_delta_crl, "critical,DER:02:01:01");
    }
}

static void sign(X509_CRL *list, EVP_PKEY *key, const how *row)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *how_to = NULL;
    const bool is_rsa = EVP_PKEY_is_a(key, "RSA") == 1;
    const EVP_MD *usual = is_rsa ? EVP_sha384() : EVP_sha256();
    const EVP_MD *hash = row->hash != NULL ? row->hash() : usual;
    assert_int_equal(EVP_DigestSignInit(context, &how_to, hash, NULL, key), 1);
    if (is_rsa && !row->is_pkcs1) {
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(how_to, RSA_PKCS1_PSS_PADDING), 1);
        assert_int_equal(
            EVP_PKEY_CTX_set_rsa_pss_saltlen(how_to, row->salt_size != 0 ? row->salt_size : 48), 1);
        assert_int_equal(
            EVP_PKEY_CTX_set_rsa_mgf1_md(how_to, row->mgf1 != NULL ? row->mgf1() : EVP_sha384()),
            1);
    }
    assert_true(X509_CRL_sign_ctx(list, context) > 0);
    EVP_MD_CTX_free(context);
}

static cof_status open_made(const how *row, X509 *issuer, EVP_PKEY *key)
{
    X509_CRL *list = X509_CRL_new();
    unsigned char *der = NULL;
    assert_non_null(list);
    fill(list, issuer, row);
    sign(list, key, row);
    const int size = i2d_X509_CRL(list, &der);
    assert_true(size > 0);
    ERR_clear_error();
    const cof_status status = open_view(cof_view_of(der, (size_t)size), issuer);
    OPENSSL_free(der);
    X509_CRL_free(list);
    return status;
}

static void are_judged(const how *rows, size_t count, X509 *issuer, EVP_PKEY *key)
{
    for (size_t i = 0; i < count; i++) {
        const cof_status status = open_made(&rows[i], issuer, key);
        if (status != rows[i].status) {
            fail_msg("%s: %s", rows[i].what, cof_status_describe(status)->name);
        }
    }
}

static const how forms[] = {
    {.what = "good"},
    {.what = "good, with a key identifier", .key_identifiers = 1},
    {.what = "a key identifier twice", .key_identifiers = 2, .status = COF_E_COLLATERAL_INVALID},
    {.what = "another key's identifier",
     .key_identifiers = 1,
     .is_key_id_other = true,
     .status = COF_E_COLLATERAL_MISMATCH},
    {.what = "no number", .numbers = -1, .status = COF_E_COLLATERAL_INVALID},
    {.what = "two numbers", .numbers = 1, .status = COF_E_COLLATERAL_INVALID},
    {.what = "a huge number", .is_number_huge = true, .status = COF_E_COLLATERAL_INVALID},
    {.what = "of one distribution point", .is_critical = true, .status = COF_E_COLLATERAL_INVALID},
    {.what = "a delta", .is_delta = true, .status = COF_E_COLLATERAL_INVALID},
    {.what = "ends before it begins", .ends_before = true, .status = COF_E_COLLATERAL_INVALID},
    {.what = "SHA-512", .hash = EVP_sha512, .status = COF_E_COLLATERAL_INVALID},
};

static const how pss_forms[] = {
    {.what = "SHA-256", .hash = EVP_sha256, .status = COF_E_COLLATERAL_INVALID},
    {.what = "MGF1 with SHA-256", .mgf1 = EVP_sha256, .status = COF_E_COLLATERAL_INVALID},
    {.what = "a salt of 32 bytes", .salt_size = 32, .status = COF_E_COLLATERAL_INVALID},
    {.what = "a salt of 64 bytes", .salt_size = 64, .status = COF_E_COLLATERAL_INVALID},
    {.what = "PKCS #1 v1.5", .is_pkcs1 = true, .status = COF_E_COLLATERAL_INVALID},
};

static void only_the_exact_form_and_algorithm_is_read(void **state)
{
    (void)state;
    X509 *ca = intel.certificates[INTEL_RIG_CA];
    X509 *root = amd.certificates[AMD_RIG_ROOT];
    EVP_PKEY *ca_key = cof_ec_evp(intel.keys[INTEL_RIG_CA]);
    EVP_PKEY *root_key = amd.keys[AMD_RIG_ROOT];
    are_judged(forms, sizeof forms / sizeof forms[0], ca, ca_key);
    are_judged(forms, sizeof forms / sizeof forms[0], root, root_key);
    are_judged(pss_forms, sizeof pss_forms / sizeof pss_forms[0], root, root_key);
    are_judged(&(how){.what = "SHA-384", .hash = EVP_sha384, .status = COF_E_COLLATERAL_INVALID}, 1,
               ca, ca_key);
    are_judged(&(how){.what = "a stranger", .status = COF_E_COLLATERAL_INVALID}, 1, ca,
               cof_ec_evp(intel.keys[INTEL_RIG_STRANGER]));
    are_judged(&(how){.what = "a stranger", .status = COF_E_COLLATERAL_INVALID}, 1, root,
               amd.keys[AMD_RIG_CA]);
}

/* The first place of some bytes. */
static size_t find(cof_view in, const void *bytes, size_t size)
{
    const uint8_t *at = memmem(in.data, in.size, bytes, size);
    assert_non_null(at);
    return (size_t)(at - in.data);
}

/* The algorithm inside what is signed is another one than the one outside: signed all the same. */
static void an_algorithm_that_differs_inside_is_refused(void **state)
{
    (void)state;
    static const uint8_t ecdsa_sha256[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                           0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
    for (int change = 0; change < 2; change++) {
        const cof_view der = pck_crl();
        uint8_t inside[8192];
        COF_CLEANUP(cof_buf_free) cof_buf signature = {.limit = 128};
        COF_CLEANUP(cof_buf_free) cof_buf whole = {.limit = 8192};
        const unsigned char *at = der.data;
        long size = 0;
        int tag = 0;
        int class = 0;
        (void)ASN1_get_object(&at, &size, &tag, &class, (long)der.size);
        const uint8_t *start = at;
        (void)ASN1_get_object(&at, &size, &tag, &class, size);
        const size_t inside_size = (size_t)(at + size - start);
        memcpy(inside, start, inside_size);
        const size_t place =
            find(cof_view_of(inside, inside_size), ecdsa_sha256, sizeof ecdsa_sha256);
        inside[place + sizeof ecdsa_sha256 - 1] ^= (uint8_t)change;
        assert_ok(cof_ec_sign_der(intel.keys[INTEL_RIG_CA], cof_view_of(inside, inside_size),
                                  &signature, NULL));
        const size_t bits = signature.size + 1;
        const size_t total = inside_size + sizeof ecdsa_sha256 + 2 + bits;
        const uint8_t front[] = {0x30, 0x82, (uint8_t)(total >> 8), (uint8_t)total};
        const uint8_t bit_string[] = {0x03, (uint8_t)bits, 0};
        assert_ok(cof_buf_append(&whole, cof_view_of(front, sizeof front), NULL));
        assert_ok(cof_buf_append(&whole, cof_view_of(inside, inside_size), NULL));
        assert_ok(cof_buf_append(&whole, cof_view_of(ecdsa_sha256, sizeof ecdsa_sha256), NULL));
        assert_ok(cof_buf_append(&whole, cof_view_of(bit_string, sizeof bit_string), NULL));
        assert_ok(cof_buf_append(&whole, cof_buf_view(&signature), NULL));
        const cof_status status = open_view(cof_buf_view(&whole), intel.certificates[INTEL_RIG_CA]);
        assert_int_equal(status, change == 0 ? COF_OK : COF_E_COLLATERAL_INVALID);
    }
}

static cof_status read_time(int type, const char *text, int64_t *out)
{
    ASN1_STRING *time = ASN1_STRING_type_new(type);
    assert_non_null(time);
    assert_int_equal(ASN1_STRING_set(time, text, -1), 1);
    const cof_status status = cof_x509_time(time, out, NULL);
    ASN1_STRING_free(time);
    return status;
}

static void times_have_one_form(void **state)
{
    (void)state;
    static const struct {
        int type;
        const char *text;
    } refused[] = {
        {V_ASN1_UTCTIME, "2701010000Z"},
        {V_ASN1_UTCTIME, "27010100000Z0"},
        {V_ASN1_UTCTIME, "270101000000"},
        {V_ASN1_UTCTIME, "270101000000+0100"},
        {V_ASN1_UTCTIME, "271301000000Z"},
        {V_ASN1_UTCTIME, "270230000000Z"},
        {V_ASN1_UTCTIME, "270101240000Z"},
        {V_ASN1_GENERALIZEDTIME, "20270101000000"},
        {V_ASN1_GENERALIZEDTIME, "2027010100+01"},
        {V_ASN1_GENERALIZEDTIME, "20270101000000.5Z"},
        {V_ASN1_GENERALIZEDTIME, "2027010100+0100"},
        {V_ASN1_UTCTIME, "20270101000000Z"},
        {V_ASN1_UTCTIME, "27010100+0100"},
        {V_ASN1_OCTET_STRING, "270101000000Z"},
        {V_ASN1_UTCTIME, "2701010000+00"},
        {V_ASN1_UTCTIME, ""},
    };
    int64_t unix_s = 7;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        if (read_time(refused[i].type, refused[i].text, &unix_s) != COF_E_BAD_FORMAT) {
            fail_msg("%s is read", refused[i].text);
        }
    }
    assert_status(cof_x509_time(NULL, &unix_s, NULL), BAD_FORMAT);
    assert_int_equal(unix_s, 7);
    assert_ok(read_time(V_ASN1_UTCTIME, "270101000000Z", &unix_s));
    assert_int_equal(unix_s, INTEL_RIG_NOW);
    assert_ok(read_time(V_ASN1_UTCTIME, "500101000000Z", &unix_s));
    assert_int_equal(unix_s, -631152000);
    assert_ok(read_time(V_ASN1_GENERALIZEDTIME, "99991231235959Z", &unix_s));
    assert_int_equal(unix_s, 253402300799);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_have_one_form),
        cmocka_unit_test(a_good_list_says_what_it_is),
        cmocka_unit_test(both_ends_of_its_validity_count),
        cmocka_unit_test(only_the_issuer_s_own_certificates_are_judged),
        cmocka_unit_test(the_serial_on_the_list_is_found_among_many),
        cmocka_unit_test(lists_of_others_are_a_mismatch),
        cmocka_unit_test(no_bit_can_be_flipped_and_no_byte_is_missing),
        cmocka_unit_test(a_list_in_ber_is_refused),
        cmocka_unit_test(a_length_that_is_too_long_is_refused),
        cmocka_unit_test(a_subject_has_one_common_name),
        cmocka_unit_test(only_the_exact_form_and_algorithm_is_read),
        cmocka_unit_test(an_algorithm_that_differs_inside_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
