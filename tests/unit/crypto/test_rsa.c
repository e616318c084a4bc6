#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "harness/cof_hex.h"
#include "tcb/crypto/ec.h"
#include "tcb/crypto/rsa.h"
#include "tcb/wire/json.h"
#include "vectors/crypto/vectors.h"

static cof_rsa_key *load(void)
{
    COF_HEX(der, rsa_pkcs8_hex);
    cof_rsa_key *key = NULL;
    assert_ok(cof_rsa_from_pkcs8(cof_buf_view(&der), &key, NULL));
    return key;
}

static void another_implementations_oaep_opens(void **state)
{
    (void)state;
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *key = load();
    COF_HEX(with_sha1, rsa_oaep_sha1_hex);
    COF_HEX(with_sha256, rsa_oaep_sha256_hex);
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 32};
    assert_ok(cof_rsa_decrypt(key, COF_OAEP_SHA1, cof_buf_view(&with_sha1), &out, NULL));
    assert_hex(out.data, out.size, rsa_secret_hex);
    cof_buf_clear(&out);
    assert_ok(cof_rsa_decrypt(key, COF_OAEP_SHA256, cof_buf_view(&with_sha256), &out, NULL));
    assert_hex(out.data, out.size, rsa_secret_hex);
    assert_int_equal(cof_rsa_size(key), 256);
    assert_true(cof_rsa_has_private(key));
}

static void every_way_to_fail_to_open_has_one_answer(void **state)
{
    (void)state;
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *key = load();
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *public_key = NULL;
    COF_JSON json_t *jwk = NULL;
    assert_ok(cof_rsa_to_jwk(key, &jwk, NULL));
    assert_ok(cof_rsa_from_jwk(jwk, &public_key, NULL));
    COF_HEX(cipher, rsa_oaep_sha256_hex);
    COF_HEX(huge, rsa_n_hex);
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 256};
    const cof_view whole = cof_buf_view(&cipher);
    const struct {
        const cof_rsa_key *key;
        cof_oaep_hash hash;
        cof_view cipher;
    } cases[] = {
        {key, COF_OAEP_SHA1, whole},                          /* the other hash */
        {public_key, COF_OAEP_SHA256, whole},                 /* no private key */
        {key, COF_OAEP_SHA256, cof_view_of(whole.data, 255)}, /* too short */
        {key, COF_OAEP_SHA256, (cof_view){0}},                /* nothing */
        {key, COF_OAEP_SHA256, cof_buf_view(&huge)},          /* not below the modulus */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cof_err err = {0};
        assert_status(cof_rsa_decrypt(cases[i].key, cases[i].hash, cases[i].cipher, &out, &err),
                      KEY_MISMATCH);
        assert_string_equal(err.detail, "RSA-OAEP does not open");
    }
    for (size_t bit = 0; bit < 8 * cipher.size; bit += 61) {
        cipher.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_status(cof_rsa_decrypt(key, COF_OAEP_SHA256, whole, &out, NULL), KEY_MISMATCH);
        cipher.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    assert_int_equal(out.size, 0);
}

static void a_secret_sealed_for_a_jwk_opens_with_its_private_key(void **state)
{
    (void)state;
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *key = NULL;
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *public_key = NULL;
    COF_JSON json_t *jwk = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf cipher = {.limit = 384};
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 32};
    assert_ok(cof_rsa_generate(3072, &key, NULL));
    assert_ok(cof_rsa_to_jwk(key, &jwk, NULL));
    assert_null(json_object_get(jwk, "d"));
    assert_ok(cof_rsa_from_jwk(jwk, &public_key, NULL));
    assert_false(cof_rsa_has_private(public_key));
    assert_ok(cof_rsa_encrypt(public_key, COF_OAEP_SHA256, cof_view_text("secret"), &cipher, NULL));
    assert_int_equal(cipher.size, 384);
    assert_ok(cof_rsa_decrypt(key, COF_OAEP_SHA256, cof_buf_view(&cipher), &out, NULL));
    assert_view_text(cof_buf_view(&out), "secret");
    assert_status(
        cof_rsa_decrypt(key, COF_OAEP_SHA256, cof_buf_view(&cipher), &(cof_buf){.limit = 5}, NULL),
        LIMIT);
    /* 384 - 2 * 32 - 2 bytes is the most that OAEP-256 holds. */
    static const uint8_t large[319] = {0};
    COF_CLEANUP(cof_buf_free) cof_buf room = {.limit = 384};
    assert_status(
        cof_rsa_encrypt(public_key, COF_OAEP_SHA256, cof_view_of(large, sizeof large), &room, NULL),
        CRYPTO);
    assert_int_equal(room.size, 0);
    assert_ok(cof_rsa_encrypt(public_key, COF_OAEP_SHA256, (cof_view){0}, &room, NULL));
}

static void another_implementations_rs256_verifies(void **state)
{
    (void)state;
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *key = load();
    COF_HEX(message, rsa_message_hex);
    COF_HEX(signature, rsa_rs256_hex);
    COF_CLEANUP(cof_buf_free) cof_buf mine = {.limit = 256};
    assert_ok(cof_rsa_verify(key, cof_buf_view(&message), cof_buf_view(&signature), NULL));
    assert_ok(cof_rsa_sign(key, cof_buf_view(&message), &mine, NULL));
    assert_hex(mine.data, mine.size, rsa_rs256_hex);
    for (size_t bit = 0; bit < 8 * signature.size; bit += 61) {
        signature.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_status(cof_rsa_verify(key, cof_buf_view(&message), cof_buf_view(&signature), NULL),
                      BAD_SIGNATURE);
        signature.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    assert_status(cof_rsa_verify(key, cof_view_text("x"), cof_buf_view(&signature), NULL),
                  BAD_SIGNATURE);
    assert_status(
        cof_rsa_verify(key, cof_buf_view(&message), cof_view_of(signature.data, 255), NULL),
        BAD_SIGNATURE);
    assert_status(cof_rsa_verify(key, cof_buf_view(&message), (cof_view){0}, NULL), BAD_SIGNATURE);
}

static void pkcs8_comes_back_as_it_went_in(void **state)
{
    (void)state;
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *key = load();
    COF_CLEANUP(cof_buf_free) cof_buf der = {.limit = 4096};
    assert_ok(cof_rsa_to_pkcs8(key, &der, NULL));
    assert_hex(der.data, der.size, rsa_pkcs8_hex);
    assert_status(cof_rsa_to_pkcs8(key, &(cof_buf){.limit = 100}, NULL), LIMIT);
}

static void pkcs8_that_is_not_one_whole_valid_key_is_refused(void **state)
{
    (void)state;
    COF_HEX(der, rsa_pkcs8_hex);
    cof_rsa_key *key = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf longer = {.limit = 4096};
    assert_ok(cof_buf_append(&longer, cof_buf_view(&der), NULL));
    assert_ok(cof_buf_append_text(&longer, "x", NULL));
    assert_status(cof_rsa_from_pkcs8(cof_buf_view(&longer), &key, NULL), BAD_KEY);
    assert_status(cof_rsa_from_pkcs8((cof_view){0}, &key, NULL), BAD_KEY);
    for (size_t size = 1; size < der.size; size += 41) {
        assert_status(cof_rsa_from_pkcs8(cof_view_of(der.data, size), &key, NULL), BAD_KEY);
    }
    /* Parts that do not belong together: a bit of the modulus, and one in the middle of the private
     * exponent. */
    static const size_t places[] = {60, 340};
    for (size_t i = 0; i < 2; i++) {
        der.data[places[i]] ^= 4;
        assert_status(cof_rsa_from_pkcs8(cof_buf_view(&der), &key, NULL), BAD_KEY);
        der.data[places[i]] ^= 4;
    }
    COF_CLEANUP(cof_ec_key_drop_) cof_ec_key *other = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf other_der = {.limit = 4096};
    assert_ok(cof_ec_generate(&other, NULL));
    assert_ok(cof_ec_to_pkcs8(other, &other_der, NULL));
    assert_status(cof_rsa_from_pkcs8(cof_buf_view(&other_der), &key, NULL), BAD_KEY);
    assert_null(key);
}

static void assert_jwk_refused(const char *n_hex, const char *e_text)
{
    COF_HEX(n, n_hex);
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 4096};
    cof_rsa_key *key = NULL;
    assert_ok(cof_base64url_encode(cof_buf_view(&n), &text, NULL));
    COF_JSON json_t *jwk =
        json_pack("{s:s,s:s%,s:s}", "kty", "RSA", "n", text.data == NULL ? "" : (char *)text.data,
                  text.size, "e", e_text);
    assert_status(cof_rsa_from_jwk(jwk, &key, NULL), BAD_KEY);
    assert_null(key);
}

static void a_jwk_out_of_range_is_refused(void **state)
{
    (void)state;
    char number[2 * 520 + 1];
    memcpy(number, rsa_n_hex, sizeof rsa_n_hex);
    static const char *const exponents[] = {"",     "AA",  "AQ",     "Aw",    "AQAA",
                                            "AP__", "__8", "AAEAAQ", "AQAB!", "AQABAQABAQAB"};
    for (size_t i = 0; i < sizeof exponents / sizeof *exponents; i++) {
        assert_jwk_refused(number, exponents[i]);
    }
    number[511] = '0'; /* even */
    assert_jwk_refused(number, "AQAB");
    number[0] = '7'; /* 2047 bits */
    number[511] = '1';
    assert_jwk_refused(number, "AQAB");
    number[510] = '\0'; /* 2040 bits */
    number[0] = 'f';
    assert_jwk_refused(number, "AQAB");
    assert_jwk_refused("", "AQAB");
    assert_jwk_refused("00", "AQAB");
    memset(number, 'f', sizeof number - 1);
    number[1026] = '\0'; /* 4104 bits */
    assert_jwk_refused(number, "AQAB");
    memcpy(number, "00", 2); /* a zero in front */
    memcpy(number + 2, rsa_n_hex, sizeof rsa_n_hex);
    assert_jwk_refused(number, "AQAB");
}

static void a_jwk_of_another_kind_or_without_members_is_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {"{}",
                                       "[]",
                                       "1",
                                       "{\"kty\":\"EC\",\"n\":\"AQ\",\"e\":\"AQAB\"}",
                                       "{\"kty\":\"RSA\"}",
                                       "{\"kty\":\"RSA\",\"n\":1,\"e\":\"AQAB\"}",
                                       "{\"kty\":null,\"n\":\"AQ\",\"e\":\"AQAB\"}",
                                       "{\"kty\":\"RSA\",\"n\":\"A Q\",\"e\":\"AQAB\"}"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        COF_JSON json_t *jwk = NULL;
        cof_rsa_key *key = NULL;
        assert_ok(cof_json_parse(cof_view_text(rows[i]), 1000, &jwk, NULL));
        assert_status(cof_rsa_from_jwk(jwk, &key, NULL), BAD_KEY);
        assert_null(key);
    }
}

static void an_openssl_key_is_taken_over_and_checked(void **state)
{
    (void)state;
    cof_rsa_key *key = NULL;
    assert_status(cof_rsa_from_evp(NULL, &key, NULL), BAD_KEY);
    assert_status(cof_rsa_from_evp(EVP_EC_gen("P-256"), &key, NULL), BAD_KEY);
    assert_status(cof_rsa_from_evp(EVP_RSA_gen(1024), &key, NULL), BAD_KEY);
    assert_null(key);
    assert_ok(cof_rsa_from_evp(EVP_RSA_gen(2048), &key, NULL));
    assert_true(cof_rsa_has_private(key));
    assert_int_equal(EVP_PKEY_get_bits(cof_rsa_evp(key)), 2048);
    cof_rsa_key_free(key);
    cof_rsa_key_free(NULL);
}

static void only_three_sizes_are_made(void **state)
{
    (void)state;
    static const unsigned sizes[] = {0, 512, 1024, 2047, 2056, 8192};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        cof_rsa_key *key = NULL;
        assert_status(cof_rsa_generate(sizes[i], &key, NULL), BAD_ARGUMENT);
        assert_null(key);
    }
}

static void a_public_key_neither_signs_nor_exports(void **state)
{
    (void)state;
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *key = load();
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *public_key = NULL;
    COF_JSON json_t *jwk = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 4096};
    assert_ok(cof_rsa_to_jwk(key, &jwk, NULL));
    assert_ok(cof_rsa_from_jwk(jwk, &public_key, NULL));
    assert_status(cof_rsa_sign(public_key, cof_view_text("x"), &out, NULL), BAD_KEY);
    assert_status(cof_rsa_to_pkcs8(public_key, &out, NULL), BAD_KEY);
    assert_int_equal(out.size, 0);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_implementations_oaep_opens),
        cmocka_unit_test(every_way_to_fail_to_open_has_one_answer),
        cmocka_unit_test(a_secret_sealed_for_a_jwk_opens_with_its_private_key),
        cmocka_unit_test(another_implementations_rs256_verifies),
        cmocka_unit_test(pkcs8_comes_back_as_it_went_in),
        cmocka_unit_test(pkcs8_that_is_not_one_whole_valid_key_is_refused),
        cmocka_unit_test(a_jwk_out_of_range_is_refused),
        cmocka_unit_test(a_jwk_of_another_kind_or_without_members_is_refused),
        cmocka_unit_test(an_openssl_key_is_taken_over_and_checked),
        cmocka_unit_test(only_three_sizes_are_made),
        cmocka_unit_test(a_public_key_neither_signs_nor_exports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
