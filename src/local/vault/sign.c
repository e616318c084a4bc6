#include "local/vault/sign.h"

#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include "tcb/base/wipe.h"
#include "tcb/crypto/openssl.h"

enum { HMAC_SIZE_MAX = 64, DER_SIZE_MAX = 160 };

static cof_status check_digest(const cof_algorithm *algorithm, cof_view digest, cof_err *err)
{
    if (algorithm->scheme != COF_SCHEME_HS && digest.size != algorithm->digest_size) {
        return COF_FAIL(err, BAD_ARGUMENT, "%s signs a digest of %zu bytes", algorithm->name,
                        algorithm->digest_size);
    }
    return COF_OK;
}

static cof_status hmac(const cof_algorithm *algorithm, const cof_key_material *key, cof_view bytes,
                       uint8_t out[static HMAC_SIZE_MAX], cof_err *err)
{
    const cof_view secret = cof_key_material_bytes(key);
    size_t size = 0;
    if (EVP_Q_mac(NULL, "HMAC", NULL, algorithm->hash, NULL, secret.data, secret.size,
                  cof_openssl_data(bytes), bytes.size, out, HMAC_SIZE_MAX, &size) == NULL ||
        size != algorithm->digest_size) {
        return COF_FAIL_OPENSSL(err, CRYPTO, "HMAC");
    }
    return COF_OK;
}

static bool set_rsa(const cof_algorithm *algorithm, EVP_PKEY_CTX *context)
{
    const bool is_pss = algorithm->scheme == COF_SCHEME_PS;
    const EVP_MD *hash = EVP_get_digestbyname(algorithm->hash);
    return EVP_PKEY_CTX_set_rsa_padding(context,
                                        is_pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) == 1 &&
           EVP_PKEY_CTX_set_signature_md(context, hash) == 1 &&
           (!is_pss || EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1);
}

/* OpenSSL's DER to r || s. */
static cof_status der_to_raw(cof_view der, size_t part_size, cof_buf *out, cof_err *err)
{
    const uint8_t *at = der.data;
    uint8_t *place = NULL;
    COF_CLEANUP(ECDSA_SIG_drop_)
    ECDSA_SIG *parts = d2i_ECDSA_SIG(NULL, &at, (long)der.size);
    if (parts == NULL) {
        return COF_FAIL_OPENSSL(err, CRYPTO, "ECDSA");
    }
    COF_TRY(cof_buf_extend(out, 2 * part_size, &place, err));
    if (BN_bn2binpad(ECDSA_SIG_get0_r(parts), place, (int)part_size) < 0 ||
        BN_bn2binpad(ECDSA_SIG_get0_s(parts), place + part_size, (int)part_size) < 0) {
        out->size -= 2 * part_size;
        return COF_FAIL_OPENSSL(err, CRYPTO, "ECDSA");
    }
    return COF_OK;
}

static cof_status raw_to_der(cof_view raw, uint8_t out[static DER_SIZE_MAX], size_t *out_size,
                             cof_err *err)
{
    COF_CLEANUP(ECDSA_SIG_drop_) ECDSA_SIG *parts = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(raw.data, (int)(raw.size / 2), NULL);
    BIGNUM *s = BN_bin2bn(raw.data + raw.size / 2, (int)(raw.size / 2), NULL);
    if (parts == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(parts, r, s) != 1) {
        BN_free(r);
        BN_free(s);
        return COF_FAIL_OPENSSL(err, CRYPTO, "ECDSA");
    }
    uint8_t *at = out;
    const int size = i2d_ECDSA_SIG(parts, NULL);
    if (size <= 0 || size > DER_SIZE_MAX || i2d_ECDSA_SIG(parts, &at) != size) {
        return COF_FAIL_OPENSSL(err, CRYPTO, "ECDSA");
    }
    *out_size = (size_t)size;
    return COF_OK;
}

/* The bytes of one coordinate, or of r or s. */
static size_t curve_size(EVP_PKEY *pkey)
{
    return ((size_t)EVP_PKEY_get_bits(pkey) + 7) / 8;
}

static cof_status start(const cof_algorithm *algorithm, EVP_PKEY *pkey, bool is_signing,
                        EVP_PKEY_CTX **out, cof_err *err)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    if (context == NULL ||
        (is_signing ? EVP_PKEY_sign_init(context) : EVP_PKEY_verify_init(context)) != 1 ||
        (algorithm->type == COF_KEY_RSA && !set_rsa(algorithm, context))) {
        EVP_PKEY_CTX_free(context);
        return COF_FAIL_OPENSSL(err, CRYPTO, "%s", algorithm->name);
    }
    *out = context;
    return COF_OK;
}

cof_status cof_sign_digest(const cof_algorithm *algorithm, const cof_key_material *key,
                           cof_view digest, cof_buf *out, cof_err *err)
{
    COF_CLEANUP(EVP_PKEY_CTX_drop_) EVP_PKEY_CTX *context = NULL;
    EVP_PKEY *pkey = cof_key_material_evp(key);
    uint8_t mac[HMAC_SIZE_MAX];
    COF_TRY(check_digest(algorithm, digest, err));
    if (algorithm->scheme == COF_SCHEME_HS) {
        COF_TRY(hmac(algorithm, key, digest, mac, err));
        return cof_buf_append(out, cof_view_of(mac, algorithm->digest_size), err);
    }
    COF_TRY(start(algorithm, pkey, true, &context, err));
    COF_CLEANUP(cof_buf_free) cof_buf signature = {.limit = COF_SIGN_BYTES};
    uint8_t *place = NULL;
    size_t size = (size_t)EVP_PKEY_get_size(pkey);
    COF_TRY(cof_buf_extend(&signature, size, &place, err));
    if (EVP_PKEY_sign(context, place, &size, digest.data, digest.size) != 1) {
        return COF_FAIL_OPENSSL(err, CRYPTO, "%s", algorithm->name);
    }
    const cof_view made = cof_view_of(place, size);
    return algorithm->scheme == COF_SCHEME_ES ? der_to_raw(made, curve_size(pkey), out, err)
                                              : cof_buf_append(out, made, err);
}

static cof_status check_hmac(const cof_algorithm *algorithm, const cof_key_material *key,
                             cof_view digest, cof_view signature, cof_err *err)
{
    uint8_t mac[HMAC_SIZE_MAX];
    COF_TRY(hmac(algorithm, key, digest, mac, err));
    const bool is_equal = signature.size == algorithm->digest_size &&
                          cof_secret_equal(mac, signature.data, signature.size);
    cof_wipe(mac, sizeof mac); /* of a message that the caller may not be able to sign */
    return is_equal ? COF_OK : COF_FAIL(err, BAD_SIGNATURE, "the signature does not verify");
}

cof_status cof_sign_check(const cof_algorithm *algorithm, const cof_key_material *key,
                          cof_view digest, cof_view signature, cof_err *err)
{
    COF_CLEANUP(EVP_PKEY_CTX_drop_) EVP_PKEY_CTX *context = NULL;
    EVP_PKEY *pkey = cof_key_material_evp(key);
    uint8_t der[DER_SIZE_MAX];
    COF_TRY(check_digest(algorithm, digest, err));
    if (algorithm->scheme == COF_SCHEME_HS) {
        return check_hmac(algorithm, key, digest, signature, err);
    }
    if (algorithm->scheme == COF_SCHEME_ES) {
        size_t size = 0;
        if (signature.size != 2 * curve_size(pkey)) {
            return COF_FAIL(err, BAD_SIGNATURE, "the signature does not verify");
        }
        COF_TRY(raw_to_der(signature, der, &size, err));
        signature = cof_view_of(der, size);
    }
    COF_TRY(start(algorithm, pkey, false, &context, err));
    const int verified = EVP_PKEY_verify(context, cof_openssl_data(signature), signature.size,
                                         digest.data, digest.size);
    if (verified != 1) {
        return COF_FAIL_OPENSSL(err, BAD_SIGNATURE, "the signature does not verify");
    }
    return COF_OK;
}
