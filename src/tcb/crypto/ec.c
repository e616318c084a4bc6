#include "tcb/crypto/ec.h"

#include <openssl/core_names.h>
#include <string.h>

#include "tcb/crypto/openssl.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum {
    NUMBER_SIZE = COF_EC_RAW_SIZE / 2,
    DER_SIZE_MAX = 72
}; /* two integers of at most 33 bytes */

struct cof_ec_key {
    EVP_PKEY *pkey;
    bool has_private;
};

static cof_status check_curve(const EVP_PKEY *pkey, cof_err *err)
{
    if (!EVP_PKEY_is_a(pkey, "EC")) {
        return COF_FAIL(err, BAD_KEY, "not an EC key");
    }
    char group[32] = {0};
    if (EVP_PKEY_get_group_name(pkey, group, sizeof group, NULL) != 1 ||
        strcmp(group, "prime256v1") != 0) {
        return COF_FAIL_OPENSSL(err, BAD_KEY, "not a key on P-256");
    }
    /* A curve spelled out in the key may have another generator than the one it is taken for. */
    int is_explicit = 0;
    if (EVP_PKEY_get_int_param(pkey, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
                               &is_explicit) != 1 ||
        is_explicit != 0) {
        return COF_FAIL_OPENSSL(err, BAD_KEY, "an EC key with explicit parameters");
    }
    return COF_OK;
}

/* The point is on the curve and not at infinity; the private number fits it. */
static cof_status check_numbers(EVP_PKEY *pkey, bool has_private, cof_err *err)
{
    COF_CLEANUP(EVP_PKEY_CTX_drop_)
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    if (context == NULL || EVP_PKEY_public_check(context) != 1 ||
        (has_private && EVP_PKEY_pairwise_check(context) != 1)) {
        return COF_FAIL_OPENSSL(err, BAD_KEY, "not a valid key on P-256");
    }
    return COF_OK;
}

/* Takes pkey over, whatever happens. */
static cof_status wrap_key(EVP_PKEY *pkey, bool has_private, cof_ec_key **out, cof_err *err)
{
    COF_CLEANUP(EVP_PKEY_drop_) EVP_PKEY *owned = pkey;
    COF_TRY(check_curve(owned, err));
    COF_TRY(check_numbers(owned, has_private, err));
    cof_ec_key *key = calloc(1, sizeof *key);
    if (key == NULL) {
        return COF_FAIL(err, NO_MEMORY, "EC key");
    }
    key->pkey = EVP_PKEY_take(&owned);
    key->has_private = has_private;
    *out = key;
    return COF_OK;
}

cof_status cof_ec_generate(cof_ec_key **out, cof_err *err)
{
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    if (pkey == NULL) {
        return COF_FAIL_OPENSSL(err, CRYPTO, "making an EC key");
    }
    return wrap_key(pkey, true, out, err);
}

cof_status cof_ec_from_pkcs8(cof_view der, cof_ec_key **out, cof_err *err)
{
    EVP_PKEY *pkey = NULL;
    COF_TRY(cof_pkey_from_pkcs8(der, &pkey, err));
    return wrap_key(pkey, true, out, err);
}

cof_status cof_ec_to_pkcs8(const cof_ec_key *key, cof_buf *out, cof_err *err)
{
    if (!key->has_private) {
        return COF_FAIL(err, BAD_KEY, "a public key");
    }
    return cof_pkey_to_pkcs8(key->pkey, out, err);
}

cof_status cof_ec_from_point(const uint8_t point[static COF_EC_RAW_SIZE], cof_ec_key **out,
                             cof_err *err)
{
    uint8_t encoded[1 + COF_EC_RAW_SIZE] = {POINT_CONVERSION_UNCOMPRESSED};
    memcpy(encoded + 1, point, COF_EC_RAW_SIZE);
    COF_CLEANUP(OSSL_PARAM_BLD_drop_) OSSL_PARAM_BLD *parts = OSSL_PARAM_BLD_new();
    if (parts == NULL ||
        OSSL_PARAM_BLD_push_utf8_string(parts, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) != 1 ||
        OSSL_PARAM_BLD_push_octet_string(parts, OSSL_PKEY_PARAM_PUB_KEY, encoded, sizeof encoded) !=
            1) {
        return COF_FAIL_OPENSSL(err, CRYPTO, "EC key");
    }
    EVP_PKEY *pkey = NULL;
    COF_TRY(cof_pkey_from_params("EC", parts, &pkey, err));
    return wrap_key(pkey, false, out, err);
}

static bool is_text(const json_t *jwk, const char *name, const char *expected)
{
    const char *text = json_string_value(json_object_get(jwk, name));
    return text != NULL && strcmp(text, expected) == 0;
}

/* A coordinate has its full 32 bytes (RFC 7518 section 6.2.1.2). */
static cof_status get_coordinate(const json_t *jwk, const char *name,
                                 uint8_t out[static NUMBER_SIZE], cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {0};
    cof_buf_init(&bytes, NUMBER_SIZE);
    const cof_status status = cof_json_get_base64url(jwk, name, &bytes, err);
    if (status == COF_E_NO_MEMORY) {
        return status;
    }
    if (status != COF_OK || bytes.size != NUMBER_SIZE) {
        return COF_FAIL(err, BAD_KEY, "the JWK's \"%s\" is not 32 bytes", name);
    }
    memcpy(out, bytes.data, NUMBER_SIZE);
    return COF_OK;
}

cof_status cof_ec_from_jwk(const json_t *jwk, cof_ec_key **out, cof_err *err)
{
    if (!is_text(jwk, "kty", "EC") || !is_text(jwk, "crv", "P-256")) {
        return COF_FAIL(err, BAD_KEY, "not a JWK on P-256");
    }
    uint8_t point[COF_EC_RAW_SIZE];
    COF_TRY(get_coordinate(jwk, "x", point, err));
    COF_TRY(get_coordinate(jwk, "y", point + NUMBER_SIZE, err));
    return cof_ec_from_point(point, out, err);
}

cof_status cof_ec_to_point(const cof_ec_key *key, uint8_t out[static COF_EC_RAW_SIZE], cof_err *err)
{
    COF_CLEANUP(BIGNUM_drop_) BIGNUM *x = NULL;
    COF_CLEANUP(BIGNUM_drop_) BIGNUM *y = NULL;
    uint8_t point[COF_EC_RAW_SIZE];
    if (EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_EC_PUB_X, &x) != 1 ||
        EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_EC_PUB_Y, &y) != 1 ||
        BN_bn2binpad(x, point, NUMBER_SIZE) != NUMBER_SIZE ||
        BN_bn2binpad(y, point + NUMBER_SIZE, NUMBER_SIZE) != NUMBER_SIZE) {
        return COF_FAIL_OPENSSL(err, CRYPTO, "EC key");
    }
    memcpy(out, point, sizeof point);
    return COF_OK;
}

static cof_status set_coordinate(json_t *jwk, const char *name, const uint8_t *bytes, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    cof_buf_init(&text, (size_t)2 * NUMBER_SIZE);
    COF_TRY(cof_base64url_encode(cof_view_of(bytes, NUMBER_SIZE), &text, err));
    return cof_json_set(jwk, name, json_stringn((const char *)text.data, text.size), err);
}

cof_status cof_ec_to_jwk(const cof_ec_key *key, json_t **out_jwk, cof_err *err)
{
    uint8_t point[COF_EC_RAW_SIZE];
    COF_TRY(cof_ec_to_point(key, point, err));
    COF_JSON json_t *jwk = json_object();
    if (jwk == NULL) {
        return COF_FAIL(err, NO_MEMORY, "JWK");
    }
    COF_TRY(cof_json_set(jwk, "kty", json_string("EC"), err));
    COF_TRY(cof_json_set(jwk, "crv", json_string("P-256"), err));
    COF_TRY(set_coordinate(jwk, "x", point, err));
    COF_TRY(set_coordinate(jwk, "y", point + NUMBER_SIZE, err));
    *out_jwk = json_incref(jwk);
    return COF_OK;
}

cof_status cof_ec_from_evp(EVP_PKEY *pkey, cof_ec_key **out, cof_err *err)
{
    if (pkey == NULL) {
        return COF_FAIL(err, BAD_KEY, "no key");
    }
    return wrap_key(pkey, cof_pkey_has(pkey, OSSL_PKEY_PARAM_PRIV_KEY), out, err);
}

EVP_PKEY *cof_ec_evp(const cof_ec_key *key)
{
    return key->pkey;
}

cof_status cof_ec_sign_der(const cof_ec_key *key, cof_view bytes, cof_buf *out, cof_err *err)
{
    if (!key->has_private) {
        return COF_FAIL(err, BAD_KEY, "a public key cannot sign");
    }
    return cof_pkey_sign(key->pkey, bytes, out, err);
}

cof_status cof_ec_verify_der(const cof_ec_key *key, cof_view bytes, cof_view signature,
                             cof_err *err)
{
    return cof_pkey_verify(key->pkey, bytes, signature, err);
}

/* Takes r and s over, whatever happens. */
static cof_status make_pair(BIGNUM *r, BIGNUM *s, ECDSA_SIG **out, cof_err *err)
{
    ECDSA_SIG *pair = ECDSA_SIG_new();
    if (pair == NULL || r == NULL || s == NULL) {
        ECDSA_SIG_free(pair);
        BN_free(r);
        BN_free(s);
        return COF_FAIL_OPENSSL(err, CRYPTO, "ECDSA signature");
    }
    (void)ECDSA_SIG_set0(pair, r, s); /* fails for NULL alone */
    *out = pair;
    return COF_OK;
}

cof_status cof_ec_sign(const cof_ec_key *key, cof_view bytes, uint8_t out[static COF_EC_RAW_SIZE],
                       cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf der = {0};
    cof_buf_init(&der, DER_SIZE_MAX);
    COF_TRY(cof_ec_sign_der(key, bytes, &der, err));
    /* Into numbers that are there: d2i_ECDSA_SIG of OpenSSL 3.0 does not see when it cannot make
     * its own. */
    COF_CLEANUP(ECDSA_SIG_drop_) ECDSA_SIG *pair = NULL;
    COF_TRY(make_pair(BN_new(), BN_new(), &pair, err));
    const uint8_t *position = der.data;
    uint8_t raw[COF_EC_RAW_SIZE];
    if (d2i_ECDSA_SIG(&pair, &position, (long)der.size) == NULL ||
        BN_bn2binpad(ECDSA_SIG_get0_r(pair), raw, NUMBER_SIZE) != NUMBER_SIZE ||
        BN_bn2binpad(ECDSA_SIG_get0_s(pair), raw + NUMBER_SIZE, NUMBER_SIZE) != NUMBER_SIZE) {
        return COF_FAIL_OPENSSL(err, CRYPTO, "ECDSA signature");
    }
    memcpy(out, raw, sizeof raw);
    return COF_OK;
}

/* SEQUENCE of r and s. */
static cof_status raw_to_der(const uint8_t raw[static COF_EC_RAW_SIZE],
                             uint8_t out[static DER_SIZE_MAX], size_t *out_size, cof_err *err)
{
    COF_CLEANUP(ECDSA_SIG_drop_) ECDSA_SIG *pair = NULL;
    COF_TRY(make_pair(BN_bin2bn(raw, NUMBER_SIZE, NULL),
                      BN_bin2bn(raw + NUMBER_SIZE, NUMBER_SIZE, NULL), &pair, err));
    uint8_t *position = out;
    const int size = i2d_ECDSA_SIG(pair, NULL);
    if (size <= 0 || size > DER_SIZE_MAX || i2d_ECDSA_SIG(pair, &position) != size) {
        return COF_FAIL_OPENSSL(err, CRYPTO, "ECDSA signature");
    }
    *out_size = (size_t)size;
    return COF_OK;
}

cof_status cof_ec_verify(const cof_ec_key *key, cof_view bytes,
                         const uint8_t signature[static COF_EC_RAW_SIZE], cof_err *err)
{
    uint8_t der[DER_SIZE_MAX];
    size_t size = 0;
    COF_TRY(raw_to_der(signature, der, &size, err));
    return cof_ec_verify_der(key, bytes, cof_view_of(der, size), err);
}

void cof_ec_key_free(cof_ec_key *key)
{
    if (key != NULL) {
        EVP_PKEY_free(key->pkey);
        free(key);
    }
}
