#include "tcb/crypto/rsa.h"

#include <openssl/core_names.h>
#include <openssl/rsa.h>
#include <string.h>

#include "tcb/base/wipe.h"
#include "tcb/crypto/openssl.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum {
    BITS_MIN = 2048,
    BITS_MAX = 4096,
    MODULUS_SIZE_MAX = BITS_MAX / 8,
    EXPONENT_SIZE_MAX = 8,
    EXPONENT_MIN = 65537
};

struct cof_rsa_key {
    EVP_PKEY *pkey;
    bool has_private;
};

static cof_status check_exponent(const EVP_PKEY *pkey, cof_err *err)
{
    COF_CLEANUP(BIGNUM_drop_) BIGNUM *exponent = NULL;
    if (EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &exponent) != 1) {
        return COF_FAIL_OPENSSL(err, BAD_KEY, "an RSA key without an exponent");
    }
    /* At most 64 bits, so that get_word is exact. */
    if (!BN_is_odd(exponent) || BN_num_bits(exponent) > 8 * EXPONENT_SIZE_MAX ||
        BN_get_word(exponent) < EXPONENT_MIN) {
        return COF_FAIL(err, BAD_KEY, "the RSA exponent is even, or out of range");
    }
    return COF_OK;
}

static cof_status check_key(const EVP_PKEY *pkey, cof_err *err)
{
    if (!EVP_PKEY_is_a(pkey, "RSA")) {
        return COF_FAIL(err, BAD_KEY, "not an RSA key");
    }
    const int bits = EVP_PKEY_get_bits(pkey);
    if (bits < BITS_MIN || bits > BITS_MAX || bits % 8 != 0 ||
        EVP_PKEY_get_size(pkey) != bits / 8) {
        return COF_FAIL(err, BAD_KEY, "an RSA key of %d bits where %d to %d are allowed", bits,
                        BITS_MIN, BITS_MAX);
    }
    return check_exponent(pkey, err);
}

/* Takes pkey over, whatever happens. */
static cof_status wrap_key(EVP_PKEY *pkey, bool has_private, cof_rsa_key **out, cof_err *err)
{
    COF_CLEANUP(EVP_PKEY_drop_) EVP_PKEY *owned = pkey;
    COF_TRY(check_key(owned, err));
    cof_rsa_key *key = calloc(1, sizeof *key);
    if (key == NULL) {
        return COF_FAIL(err, NO_MEMORY, "RSA key");
    }
    key->pkey = EVP_PKEY_take(&owned);
    key->has_private = has_private;
    *out = key;
    return COF_OK;
}

cof_status cof_rsa_generate(unsigned bits, cof_rsa_key **out, cof_err *err)
{
    if (bits != 2048 && bits != 3072 && bits != 4096) {
        return COF_FAIL(err, BAD_ARGUMENT, "an RSA key of %u bits", bits);
    }
    EVP_PKEY *pkey = EVP_RSA_gen(bits); /* its exponent is 65537 */
    if (pkey == NULL) {
        return COF_FAIL_OPENSSL(err, CRYPTO, "making an RSA key");
    }
    return wrap_key(pkey, true, out, err);
}

/* Whether d * e = 1 (mod prime - 1). */
static bool inverts(const BIGNUM *d, const BIGNUM *e, const BIGNUM *prime, BN_CTX *context)
{
    COF_CLEANUP(BIGNUM_drop_) BIGNUM *modulus = BN_dup(prime);
    COF_CLEANUP(BIGNUM_drop_) BIGNUM *product = BN_new();
    return modulus != NULL && product != NULL && BN_sub_word(modulus, 1) == 1 &&
           BN_mod_mul(product, d, e, modulus, context) == 1 && BN_is_one(product);
}

/*
 * p * q = n, and d is the inverse of e: a key whose parts do not belong together would sign or open
 * wrongly. Not EVP_PKEY_pairwise_check: it also tests the primes, which takes 50 times as long as a
 * use of the key, and a key's owner who chose bad primes harms only itself.
 */
static cof_status check_pair(EVP_PKEY *pkey, cof_err *err)
{
    COF_CLEANUP(BIGNUM_drop_) BIGNUM *n = NULL;
    COF_CLEANUP(BIGNUM_drop_) BIGNUM *e = NULL;
    COF_CLEANUP(BIGNUM_drop_) BIGNUM *d = NULL;
    COF_CLEANUP(BIGNUM_drop_) BIGNUM *p = NULL;
    COF_CLEANUP(BIGNUM_drop_) BIGNUM *q = NULL;
    COF_CLEANUP(BIGNUM_drop_) BIGNUM *product = BN_new();
    COF_CLEANUP(BN_CTX_drop_) BN_CTX *context = BN_CTX_new();
    const bool fits = product != NULL && context != NULL &&
                      EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &n) == 1 &&
                      EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) == 1 &&
                      EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_D, &d) == 1 &&
                      EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_FACTOR1, &p) == 1 &&
                      EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_FACTOR2, &q) == 1 &&
                      BN_mul(product, p, q, context) == 1 && BN_cmp(product, n) == 0 &&
                      BN_cmp(p, q) != 0 && inverts(d, e, p, context) && inverts(d, e, q, context);
    if (!fits) {
        return COF_FAIL_OPENSSL(err, BAD_KEY, "the parts of the RSA key do not belong together");
    }
    return COF_OK;
}

cof_status cof_rsa_from_pkcs8(cof_view der, cof_rsa_key **out, cof_err *err)
{
    EVP_PKEY *pkey = NULL;
    COF_TRY(cof_pkey_from_pkcs8(der, &pkey, err));
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *key = NULL;
    COF_TRY(wrap_key(pkey, true, &key, err));
    COF_TRY(check_pair(key->pkey, err));
    *out = cof_rsa_key_take(&key);
    return COF_OK;
}

cof_status cof_rsa_to_pkcs8(const cof_rsa_key *key, cof_buf *out, cof_err *err)
{
    if (!key->has_private) {
        return COF_FAIL(err, BAD_KEY, "a public key");
    }
    return cof_pkey_to_pkcs8(key->pkey, out, err);
}

/* A Base64urlUInt (RFC 7518 section 2): no zero in front. */
static cof_status get_number(const json_t *jwk, const char *name, size_t size_max, BIGNUM **out,
                             cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {0};
    cof_buf_init(&bytes, size_max);
    const cof_status status = cof_json_get_base64url(jwk, name, &bytes, err);
    if (status != COF_OK) {
        return status == COF_E_NO_MEMORY
                   ? status
                   : COF_FAIL(err, BAD_KEY, "the JWK's \"%s\" is not valid", name);
    }
    if (bytes.size == 0 || bytes.data[0] == 0) {
        return COF_FAIL(err, BAD_KEY, "the JWK's \"%s\" is empty or starts with zeros", name);
    }
    BIGNUM *number = BN_bin2bn(bytes.data, (int)bytes.size, NULL);
    if (number == NULL) {
        return COF_FAIL_OPENSSL(err, CRYPTO, "RSA key");
    }
    *out = number;
    return COF_OK;
}

cof_status cof_rsa_from_jwk(const json_t *jwk, cof_rsa_key **out, cof_err *err)
{
    const char *kty = json_string_value(json_object_get(jwk, "kty"));
    if (kty == NULL || strcmp(kty, "RSA") != 0) {
        return COF_FAIL(err, BAD_KEY, "not an RSA JWK");
    }
    COF_CLEANUP(BIGNUM_drop_) BIGNUM *n = NULL;
    COF_CLEANUP(BIGNUM_drop_) BIGNUM *e = NULL;
    COF_TRY(get_number(jwk, "n", MODULUS_SIZE_MAX, &n, err));
    COF_TRY(get_number(jwk, "e", EXPONENT_SIZE_MAX, &e, err));
    if (!BN_is_odd(n)) {
        return COF_FAIL(err, BAD_KEY, "the RSA modulus is even");
    }
    COF_CLEANUP(OSSL_PARAM_BLD_drop_) OSSL_PARAM_BLD *parts = OSSL_PARAM_BLD_new();
    if (parts == NULL || OSSL_PARAM_BLD_push_BN(parts, OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
        OSSL_PARAM_BLD_push_BN(parts, OSSL_PKEY_PARAM_RSA_E, e) != 1) {
        return COF_FAIL_OPENSSL(err, CRYPTO, "RSA key");
    }
    EVP_PKEY *pkey = NULL;
    COF_TRY(cof_pkey_from_params("RSA", parts, &pkey, err));
    return wrap_key(pkey, false, out, err);
}

static cof_status set_number(json_t *jwk, const char *name, const EVP_PKEY *pkey,
                             const char *parameter, cof_err *err)
{
    COF_CLEANUP(BIGNUM_drop_) BIGNUM *number = NULL;
    uint8_t bytes[MODULUS_SIZE_MAX];
    if (EVP_PKEY_get_bn_param(pkey, parameter, &number) != 1 ||
        BN_num_bytes(number) > MODULUS_SIZE_MAX) {
        return COF_FAIL_OPENSSL(err, CRYPTO, "RSA key");
    }
    const size_t size = (size_t)BN_bn2bin(number, bytes);
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    cof_buf_init(&text, sizeof bytes * 2);
    COF_TRY(cof_base64url_encode(cof_view_of(bytes, size), &text, err));
    return cof_json_set(jwk, name, json_stringn((const char *)text.data, text.size), err);
}

cof_status cof_rsa_to_jwk(const cof_rsa_key *key, json_t **out_jwk, cof_err *err)
{
    COF_JSON json_t *jwk = json_object();
    if (jwk == NULL) {
        return COF_FAIL(err, NO_MEMORY, "JWK");
    }
    COF_TRY(cof_json_set(jwk, "kty", json_string("RSA"), err));
    COF_TRY(set_number(jwk, "n", key->pkey, OSSL_PKEY_PARAM_RSA_N, err));
    COF_TRY(set_number(jwk, "e", key->pkey, OSSL_PKEY_PARAM_RSA_E, err));
    *out_jwk = json_incref(jwk);
    return COF_OK;
}

cof_status cof_rsa_from_evp(EVP_PKEY *pkey, cof_rsa_key **out, cof_err *err)
{
    if (pkey == NULL) {
        return COF_FAIL(err, BAD_KEY, "no key");
    }
    return wrap_key(pkey, cof_pkey_has(pkey, OSSL_PKEY_PARAM_RSA_D), out, err);
}

EVP_PKEY *cof_rsa_evp(const cof_rsa_key *key)
{
    return key->pkey;
}

size_t cof_rsa_size(const cof_rsa_key *key)
{
    return (size_t)EVP_PKEY_get_size(key->pkey);
}

bool cof_rsa_has_private(const cof_rsa_key *key)
{
    return key->has_private;
}

/* A context for OAEP with one hash for the label and for MGF1, as JWA and Key Vault have it. */
static bool set_oaep(EVP_PKEY_CTX *context, cof_oaep_hash hash)
{
    const char *name = hash == COF_OAEP_SHA1 ? "SHA1" : "SHA256";
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_oaep_md_name(context, name, NULL) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md_name(context, name, NULL) == 1;
}

cof_status cof_rsa_encrypt(const cof_rsa_key *key, cof_oaep_hash hash, cof_view secret,
                           cof_buf *out, cof_err *err)
{
    COF_CLEANUP(EVP_PKEY_CTX_drop_)
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
    if (context == NULL || EVP_PKEY_encrypt_init(context) != 1 || !set_oaep(context, hash)) {
        return COF_FAIL_OPENSSL(err, CRYPTO, "RSA-OAEP");
    }
    size_t size = cof_rsa_size(key);
    const size_t before = out->size;
    uint8_t *place = NULL;
    COF_TRY(cof_buf_extend(out, size, &place, err));
    if (EVP_PKEY_encrypt(context, place, &size, cof_openssl_data(secret), secret.size) != 1 ||
        size != cof_rsa_size(key)) {
        out->size = before;
        return COF_FAIL_OPENSSL(err, CRYPTO, "RSA-OAEP of %zu bytes", secret.size);
    }
    return COF_OK;
}

cof_status cof_rsa_decrypt(const cof_rsa_key *key, cof_oaep_hash hash, cof_view cipher,
                           cof_buf *out, cof_err *err)
{
    if (!key->has_private || cipher.size != cof_rsa_size(key)) {
        return COF_FAIL(err, KEY_MISMATCH, "RSA-OAEP does not open");
    }
    COF_CLEANUP(EVP_PKEY_CTX_drop_)
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
    if (context == NULL || EVP_PKEY_decrypt_init(context) != 1 || !set_oaep(context, hash)) {
        return COF_FAIL_OPENSSL(err, CRYPTO, "RSA-OAEP");
    }
    /*
     * A wrong padding, a wrong label hash, a number over the modulus: one answer, whose text says
     * nothing of the cause (RFC 8017 section 7.1.2, step 3.g). OpenSSL takes the padding off in
     * constant time.
     */
    uint8_t plain[MODULUS_SIZE_MAX];
    size_t size = sizeof plain;
    const bool is_open = EVP_PKEY_decrypt(context, plain, &size, cipher.data, cipher.size) == 1;
    const cof_status status = is_open ? cof_buf_append(out, cof_view_of(plain, size), err)
                                      : COF_FAIL(err, KEY_MISMATCH, "RSA-OAEP does not open");
    cof_wipe(plain, sizeof plain);
    ERR_clear_error();
    return status;
}

cof_status cof_rsa_sign(const cof_rsa_key *key, cof_view bytes, cof_buf *out, cof_err *err)
{
    if (!key->has_private) {
        return COF_FAIL(err, BAD_KEY, "a public key cannot sign");
    }
    return cof_pkey_sign(key->pkey, bytes, out,
                         err); /* PKCS#1 v1.5 is what an RSA key signs by default */
}

cof_status cof_rsa_verify(const cof_rsa_key *key, cof_view bytes, cof_view signature, cof_err *err)
{
    return cof_pkey_verify(key->pkey, bytes, signature, err);
}

void cof_rsa_key_free(cof_rsa_key *key)
{
    if (key != NULL) {
        EVP_PKEY_free(key->pkey);
        free(key);
    }
}
