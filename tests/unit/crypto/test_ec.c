#include <openssl/ec.h>
#include <openssl/evp.h>

#include "harness/cof_hex.h"
#include "tcb/crypto/ec.h"
#include "tcb/crypto/rsa.h"
#include "tcb/wire/json.h"

/* RFC 6979 appendix A.2.5: the key, and its signature over "sample" with SHA-256. */
static const char point_hex[] = "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
                                "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
static const char sample_hex[] = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
                                 "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";
static const char order_hex[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

static void the_signature_of_rfc_6979_verifies(void **state)
{
    (void)state;
    COF_HEX(point, point_hex);
    COF_HEX(signature, sample_hex);
    COF_CLEANUP(cof_ec_key_drop_) cof_ec_key *key = NULL;
    assert_ok(cof_ec_from_point(point.data, &key, NULL));
    assert_ok(cof_ec_verify(key, cof_view_text("sample"), signature.data, NULL));
    assert_status(cof_ec_verify(key, cof_view_text("Sample"), signature.data, NULL), BAD_SIGNATURE);
    for (size_t bit = 0; bit < 8 * signature.size; bit++) {
        signature.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_status(cof_ec_verify(key, cof_view_text("sample"), signature.data, NULL),
                      BAD_SIGNATURE);
        signature.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

static void numbers_out_of_range_are_no_signature(void **state)
{
    (void)state;
    COF_HEX(point, point_hex);
    COF_HEX(order, order_hex);
    COF_CLEANUP(cof_ec_key_drop_) cof_ec_key *key = NULL;
    assert_ok(cof_ec_from_point(point.data, &key, NULL));
    uint8_t raw[COF_EC_RAW_SIZE] = {0};
    assert_status(cof_ec_verify(key, cof_view_text("sample"), raw, NULL), BAD_SIGNATURE);
    memset(raw, 0xFF, sizeof raw);
    assert_status(cof_ec_verify(key, cof_view_text("sample"), raw, NULL), BAD_SIGNATURE);
    memcpy(raw, order.data, 32);
    memcpy(raw + 32, order.data, 32);
    assert_status(cof_ec_verify(key, cof_view_text("sample"), raw, NULL), BAD_SIGNATURE);
}

static void both_forms_of_a_signature_verify(void **state)
{
    (void)state;
    COF_CLEANUP(cof_ec_key_drop_) cof_ec_key *key = NULL;
    COF_CLEANUP(cof_ec_key_drop_) cof_ec_key *other = NULL;
    assert_ok(cof_ec_generate(&key, NULL));
    assert_ok(cof_ec_generate(&other, NULL));
    for (int i = 0; i < 20; i++) {
        uint8_t raw[COF_EC_RAW_SIZE];
        COF_CLEANUP(cof_buf_free) cof_buf der = {.limit = 72};
        assert_ok(cof_ec_sign(key, cof_view_text("text"), raw, NULL));
        assert_ok(cof_ec_verify(key, cof_view_text("text"), raw, NULL));
        assert_status(cof_ec_verify(other, cof_view_text("text"), raw, NULL), BAD_SIGNATURE);
        assert_ok(cof_ec_sign_der(key, (cof_view){0}, &der, NULL));
        assert_ok(cof_ec_verify_der(key, (cof_view){0}, cof_buf_view(&der), NULL));
        assert_status(cof_ec_verify_der(other, (cof_view){0}, cof_buf_view(&der), NULL),
                      BAD_SIGNATURE);
        assert_status(
            cof_ec_verify_der(key, (cof_view){0}, cof_view_of(der.data, der.size - 1), NULL),
            BAD_SIGNATURE);
    }
    assert_status(cof_ec_verify_der(key, (cof_view){0}, (cof_view){0}, NULL), BAD_SIGNATURE);
}

static void a_der_signature_with_more_behind_it_is_refused(void **state)
{
    (void)state;
    COF_CLEANUP(cof_ec_key_drop_) cof_ec_key *key = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf der = {.limit = 80};
    assert_ok(cof_ec_generate(&key, NULL));
    assert_ok(cof_ec_sign_der(key, cof_view_text("text"), &der, NULL));
    assert_ok(cof_buf_append_text(&der, "x", NULL));
    assert_status(cof_ec_verify_der(key, cof_view_text("text"), cof_buf_view(&der), NULL),
                  BAD_SIGNATURE);
}

static void a_key_comes_back_from_each_of_its_forms(void **state)
{
    (void)state;
    COF_HEX(expected, point_hex);
    COF_CLEANUP(cof_ec_key_drop_) cof_ec_key *key = NULL;
    COF_CLEANUP(cof_ec_key_drop_) cof_ec_key *again = NULL;
    COF_JSON json_t *jwk = NULL;
    uint8_t point[COF_EC_RAW_SIZE];
    assert_ok(cof_ec_from_point(expected.data, &key, NULL));
    assert_ok(cof_ec_to_point(key, point, NULL));
    assert_hex(point, sizeof point, point_hex);
    assert_ok(cof_ec_to_jwk(key, &jwk, NULL));
    assert_string_equal(json_string_value(json_object_get(jwk, "x")),
                        "YP7UuiVanTHJYet0xjVtaMBJuJI7Yfps5mliLmDyn7Y");
    assert_string_equal(json_string_value(json_object_get(jwk, "y")),
                        "eQP-EAi4vJmkGunpVii8ZPLxsgwtfp9Rd6PClNRGIpk");
    assert_ok(cof_ec_from_jwk(jwk, &again, NULL));
    assert_ok(cof_ec_to_point(again, point, NULL));
    assert_hex(point, sizeof point, point_hex);
}

static void pkcs8_comes_back_as_it_went_in(void **state)
{
    (void)state;
    COF_CLEANUP(cof_ec_key_drop_) cof_ec_key *key = NULL;
    COF_CLEANUP(cof_ec_key_drop_) cof_ec_key *again = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf der = {.limit = 200};
    COF_CLEANUP(cof_buf_free) cof_buf der_again = {.limit = 200};
    cof_ec_key *none = NULL;
    assert_ok(cof_ec_generate(&key, NULL));
    assert_ok(cof_ec_to_pkcs8(key, &der, NULL));
    assert_ok(cof_ec_from_pkcs8(cof_buf_view(&der), &again, NULL));
    assert_ok(cof_ec_to_pkcs8(again, &der_again, NULL));
    assert_true(cof_view_equal(cof_buf_view(&der), cof_buf_view(&der_again)));
    for (size_t size = 0; size < der.size; size++) {
        assert_status(cof_ec_from_pkcs8(cof_view_of(der.data, size), &none, NULL), BAD_KEY);
    }
    assert_ok(cof_buf_append_text(&der, "x", NULL));
    assert_status(cof_ec_from_pkcs8(cof_buf_view(&der), &none, NULL), BAD_KEY);
    /* The private number stands at offset 36: another one does not fit the public point. */
    der.data[40] ^= 1;
    assert_status(cof_ec_from_pkcs8(cof_view_of(der.data, der.size - 1), &none, NULL), BAD_KEY);
    assert_null(none);
}

static void a_point_off_the_curve_is_refused(void **state)
{
    (void)state;
    COF_HEX(point, point_hex);
    cof_ec_key *key = NULL;
    for (size_t bit = 0; bit < 8 * point.size; bit += 7) {
        point.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_status(cof_ec_from_point(point.data, &key, NULL), BAD_KEY);
        point.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    uint8_t odd[COF_EC_RAW_SIZE] = {0};
    assert_status(cof_ec_from_point(odd, &key, NULL), BAD_KEY);
    memset(odd, 0xFF, sizeof odd);
    assert_status(cof_ec_from_point(odd, &key, NULL), BAD_KEY);
    assert_null(key);
}

static void a_jwk_that_is_not_on_p256_is_refused(void **state)
{
    (void)state;
#define X "\"x\":\"YP7UuiVanTHJYet0xjVtaMBJuJI7Yfps5mliLmDyn7Y\""
#define Y "\"y\":\"eQP-EAi4vJmkGunpVii8ZPLxsgwtfp9Rd6PClNRGIpk\""
    static const char *const rows[] = {"{}",
                                       "[]",
                                       "{\"kty\":\"EC\",\"crv\":\"P-256\"," X "}",
                                       "{\"kty\":\"EC\",\"crv\":\"P-384\"," X "," Y "}",
                                       "{\"kty\":\"RSA\",\"crv\":\"P-256\"," X "," Y "}",
                                       "{\"crv\":\"P-256\"," X "," Y "}",
                                       "{\"kty\":\"EC\"," X "," Y "}",
                                       "{\"kty\":\"EC\",\"crv\":\"P-256\"," X ",\"y\":\"\"}",
                                       "{\"kty\":\"EC\",\"crv\":\"P-256\"," X
                                       ",\"y\":\"AHkD_hAIuLyZpBrp6VYovGTy8bIMLX6fUXejwpTURiKZ\"}",
                                       "{\"kty\":\"EC\",\"crv\":\"P-256\"," X ",\"y\":7}",
                                       "{\"kty\":\"EC\",\"crv\":\"P-256\"," X
                                       ",\"y\":\"YP7UuiVanTHJYet0xjVtaMBJuJI7Yfps5mliLmDyn7Y\"}"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        COF_JSON json_t *jwk = NULL;
        cof_ec_key *key = NULL;
        assert_ok(cof_json_parse(cof_view_text(rows[i]), 1000, &jwk, NULL));
        assert_status(cof_ec_from_jwk(jwk, &key, NULL), BAD_KEY);
        assert_null(key);
    }
    COF_JSON json_t *good = NULL;
    COF_CLEANUP(cof_ec_key_drop_) cof_ec_key *key = NULL;
    assert_ok(cof_json_parse(
        cof_view_text("{\"kty\":\"EC\",\"crv\":\"P-256\"," X "," Y ",\"kid\":\"a\"}"), 1000, &good,
        NULL));
    assert_ok(cof_ec_from_jwk(good, &key, NULL));
#undef X
#undef Y
}

static void an_openssl_key_is_taken_over_and_checked(void **state)
{
    (void)state;
    cof_ec_key *key = NULL;
    assert_status(cof_ec_from_evp(NULL, &key, NULL), BAD_KEY);
    assert_status(cof_ec_from_evp(EVP_EC_gen("P-384"), &key, NULL), BAD_KEY);
    assert_status(cof_ec_from_evp(EVP_EC_gen("secp256k1"), &key, NULL), BAD_KEY);
    assert_status(cof_ec_from_evp(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), &key, NULL), BAD_KEY);
    assert_null(key);
    assert_ok(cof_ec_from_evp(EVP_EC_gen("P-256"), &key, NULL));
    assert_true(EVP_PKEY_is_a(cof_ec_evp(key), "EC"));
    COF_CLEANUP(cof_buf_free) cof_buf der = {.limit = 200};
    assert_ok(cof_ec_to_pkcs8(key, &der, NULL));
    cof_ec_key_free(key);
    cof_ec_key_free(NULL);
}

static void a_curve_that_is_spelled_out_is_refused(void **state)
{
    (void)state;
    /* The same curve, but with its parameters in the key instead of its name. */
    COF_CLEANUP(cof_ec_key_drop_) cof_ec_key *key = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf der = {.limit = 1000};
    cof_ec_key *none = NULL;
    assert_ok(cof_ec_generate(&key, NULL));
    assert_int_equal(EVP_PKEY_set_utf8_string_param(cof_ec_evp(key), "encoding", "explicit"), 1);
    assert_ok(cof_ec_to_pkcs8(key, &der, NULL));
    assert_true(der.size > 300);
    assert_status(cof_ec_from_pkcs8(cof_buf_view(&der), &none, NULL), BAD_KEY);
    assert_null(none);
}

static void a_public_key_neither_signs_nor_exports(void **state)
{
    (void)state;
    COF_HEX(point, point_hex);
    COF_CLEANUP(cof_ec_key_drop_) cof_ec_key *key = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 200};
    uint8_t raw[COF_EC_RAW_SIZE];
    assert_ok(cof_ec_from_point(point.data, &key, NULL));
    assert_status(cof_ec_sign(key, cof_view_text("x"), raw, NULL), BAD_KEY);
    assert_status(cof_ec_sign_der(key, cof_view_text("x"), &out, NULL), BAD_KEY);
    assert_status(cof_ec_to_pkcs8(key, &out, NULL), BAD_KEY);
    assert_int_equal(out.size, 0);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_signature_of_rfc_6979_verifies),
        cmocka_unit_test(numbers_out_of_range_are_no_signature),
        cmocka_unit_test(both_forms_of_a_signature_verify),
        cmocka_unit_test(a_der_signature_with_more_behind_it_is_refused),
        cmocka_unit_test(a_key_comes_back_from_each_of_its_forms),
        cmocka_unit_test(pkcs8_comes_back_as_it_went_in),
        cmocka_unit_test(a_point_off_the_curve_is_refused),
        cmocka_unit_test(a_jwk_that_is_not_on_p256_is_refused),
        cmocka_unit_test(an_openssl_key_is_taken_over_and_checked),
        cmocka_unit_test(a_curve_that_is_spelled_out_is_refused),
        cmocka_unit_test(a_public_key_neither_signs_nor_exports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
