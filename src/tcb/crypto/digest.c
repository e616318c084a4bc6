#include "tcb/crypto/digest.h"

#include <openssl/core_names.h>
#include <string.h>

#include "tcb/base/wipe.h"
#include "tcb/crypto/openssl.h"
#include "tcb/wire/text.h"

static const size_t hkdf_size_max = (size_t)255 * COF_DIGEST_SIZE; /* RFC 5869 section 2.3 */

struct cof_sha256 {
    EVP_MD_CTX *context;
};

cof_status cof_sha256_new(cof_sha256 **out, cof_err *err)
{
    COF_CLEANUP(cof_sha256_drop_) cof_sha256 *hash = calloc(1, sizeof *hash);
    if (hash == NULL) {
        return COF_FAIL(err, NO_MEMORY, "SHA-256");
    }
    hash->context = EVP_MD_CTX_new();
    if (hash->context == NULL || EVP_DigestInit_ex2(hash->context, EVP_sha256(), NULL) != 1) {
        return COF_FAIL_OPENSSL(err, CRYPTO, "SHA-256");
    }
    *out = cof_sha256_take(&hash);
    return COF_OK;
}

cof_status cof_sha256_update(cof_sha256 *hash, cof_view bytes, cof_err *err)
{
    if (bytes.size > 0 && EVP_DigestUpdate(hash->context, bytes.data, bytes.size) != 1) {
        return COF_FAIL_OPENSSL(err, CRYPTO, "SHA-256");
    }
    return COF_OK;
}

cof_status cof_sha256_finish(cof_sha256 *hash, cof_digest *out, cof_err *err)
{
    cof_digest digest = {0};
    if (EVP_DigestFinal_ex(hash->context, digest.bytes, NULL) != 1) {
        return COF_FAIL_OPENSSL(err, CRYPTO, "SHA-256");
    }
    *out = digest;
    return COF_OK;
}

void cof_sha256_free(cof_sha256 *hash)
{
    if (hash != NULL) {
        EVP_MD_CTX_free(hash->context);
        free(hash);
    }
}

cof_status cof_digest_of(cof_view bytes, cof_digest *out, cof_err *err)
{
    cof_digest digest = {0};
    if (EVP_Digest(cof_openssl_data(bytes), bytes.size, digest.bytes, NULL, EVP_sha256(), NULL) !=
        1) {
        return COF_FAIL_OPENSSL(err, CRYPTO, "SHA-256");
    }
    *out = digest;
    return COF_OK;
}

bool cof_digest_equal(const cof_digest *a, const cof_digest *b)
{
    /* A digest is public, but a MAC is one too: constant time costs nothing here. */
    return cof_secret_equal(a->bytes, b->bytes, sizeof a->bytes);
}

void cof_digest_text(const cof_digest *digest, char out[static 2 * COF_DIGEST_SIZE + 1])
{
    cof_hex_text(cof_view_of(digest->bytes, sizeof digest->bytes), out);
}

cof_status cof_hmac_sha256(cof_view key, cof_view bytes, cof_digest *out, cof_err *err)
{
    cof_digest mac = {0};
    size_t size = 0;
    if (EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, cof_openssl_data(key), key.size,
                  cof_openssl_data(bytes), bytes.size, mac.bytes, sizeof mac.bytes,
                  &size) == NULL ||
        size != sizeof mac.bytes) {
        cof_wipe(&mac, sizeof mac);
        return COF_FAIL_OPENSSL(err, CRYPTO, "HMAC-SHA-256");
    }
    *out = mac;
    cof_wipe(&mac, sizeof mac); /* it may be a key */
    return COF_OK;
}

cof_status cof_hkdf(cof_view secret, cof_view salt, cof_view info, cof_span out, cof_err *err)
{
    if (secret.size == 0 || out.size == 0 || out.size > hkdf_size_max) {
        return COF_FAIL(err, CRYPTO, "HKDF of %zu bytes from a secret of %zu", out.size,
                        secret.size);
    }
    COF_CLEANUP(EVP_KDF_drop_) EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    COF_CLEANUP(EVP_KDF_CTX_drop_) EVP_KDF_CTX *context = kdf == NULL ? NULL : EVP_KDF_CTX_new(kdf);
    if (context == NULL) {
        return COF_FAIL_OPENSSL(err, CRYPTO, "HKDF-SHA-256");
    }
    /* Parameters take no const; they are only read. An empty salt means one of zeros (RFC 5869
     * section 2.2). */
    OSSL_PARAM params[5];
    size_t count = 0;
    params[count++] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0);
    params[count++] =
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)secret.data, secret.size);
    if (salt.size > 0) {
        params[count++] =
            OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)salt.data, salt.size);
    }
    if (info.size > 0) {
        params[count++] =
            OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)info.data, info.size);
    }
    params[count] = OSSL_PARAM_construct_end();
    if (EVP_KDF_derive(context, out.data, out.size, params) != 1) {
        cof_wipe(out.data, out.size);
        return COF_FAIL_OPENSSL(err, CRYPTO, "HKDF-SHA-256");
    }
    return COF_OK;
}
