/* Owners of OpenSSL's objects, and what RSA and EC keys do alike: for the modules of crypto/ alone.
 */
#ifndef COF_CRYPTO_OPENSSL_H
#define COF_CRYPTO_OPENSSL_H

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

#include "tcb/base/buf.h"

COF_OWNED(BIGNUM, BN_clear_free);
COF_OWNED(BN_CTX, BN_CTX_free);
COF_OWNED(ECDSA_SIG, ECDSA_SIG_free);
COF_OWNED(EVP_CIPHER, EVP_CIPHER_free);
COF_OWNED(EVP_CIPHER_CTX, EVP_CIPHER_CTX_free);
COF_OWNED(EVP_KDF, EVP_KDF_free);
COF_OWNED(EVP_KDF_CTX, EVP_KDF_CTX_free);
COF_OWNED(EVP_MD_CTX, EVP_MD_CTX_free);
COF_OWNED(EVP_PKEY, EVP_PKEY_free);
COF_OWNED(EVP_PKEY_CTX, EVP_PKEY_CTX_free);
COF_OWNED(OSSL_PARAM, OSSL_PARAM_free);
COF_OWNED(OSSL_PARAM_BLD, OSSL_PARAM_BLD_free);
COF_OWNED(PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free);

/** Empties OpenSSL's queue of errors, which would otherwise be read as a later call's, and says
 * whether it names a lack of memory. */
bool cof_openssl_ran_out_of_memory(void);

/** Fails with code, or with NO_MEMORY where that is the cause. */
#define COF_FAIL_OPENSSL(err, code, ...)                                                           \
    (cof_openssl_ran_out_of_memory() ? COF_FAIL((err), NO_MEMORY, __VA_ARGS__)                     \
                                     : COF_FAIL((err), code, __VA_ARGS__))

/** OpenSSL takes NULL for "not given": an empty view becomes a place of no bytes. */
static inline const uint8_t *cof_openssl_data(cof_view bytes)
{
    return bytes.size == 0 ? (const uint8_t *)"" : bytes.data;
}

/** A private key from the whole of a PKCS#8 DER, of any algorithm. @return COF_OK, COF_E_BAD_KEY.
 */
COF_MUST_USE cof_status cof_pkey_from_pkcs8(cof_view der, EVP_PKEY **out, cof_err *err);

/** Appends PKCS#8 DER of a private key. @return COF_OK, COF_E_CRYPTO, or as cof_buf_append. */
COF_MUST_USE cof_status cof_pkey_to_pkcs8(const EVP_PKEY *pkey, cof_buf *out, cof_err *err);

/** Whether a big number of this name is part of the key, for private parts. */
bool cof_pkey_has(const EVP_PKEY *pkey, const char *parameter);

/** A key of an algorithm from public parameters, which it takes over. @return COF_OK,
 * COF_E_BAD_KEY. */
COF_MUST_USE cof_status cof_pkey_from_params(const char *algorithm, OSSL_PARAM_BLD *parts,
                                             EVP_PKEY **out, cof_err *err);

/** Appends the signature over SHA-256(bytes), in the key's own format. @return COF_OK,
 * COF_E_CRYPTO. */
COF_MUST_USE cof_status cof_pkey_sign(EVP_PKEY *pkey, cof_view bytes, cof_buf *out, cof_err *err);

/** @return COF_OK, COF_E_BAD_SIGNATURE. */
COF_MUST_USE cof_status cof_pkey_verify(EVP_PKEY *pkey, cof_view bytes, cof_view signature,
                                        cof_err *err);

#endif
