/* RSA keys: transfer keys (OAEP, RFC 8017 section 7.1) and service signatures (RS256). */
#ifndef COF_CRYPTO_RSA_H
#define COF_CRYPTO_RSA_H

#include <jansson.h>

#include "tcb/base/buf.h"

typedef struct cof_rsa_key cof_rsa_key; /* a public key, or a pair */

typedef enum cof_oaep_hash {
    COF_OAEP_SHA1,
    COF_OAEP_SHA256
} cof_oaep_hash; /* the hash of OAEP and of its MGF1 */

/** Makes a pair of 2048, 3072 or 4096 bits, e = 65537. @return COF_OK, COF_E_BAD_ARGUMENT,
 * COF_E_CRYPTO. */
COF_MUST_USE cof_status cof_rsa_generate(unsigned bits, cof_rsa_key **out, cof_err *err);

/** From PKCS#8 DER (whole input); wipes nothing of the input. @return COF_OK, COF_E_BAD_KEY. */
COF_MUST_USE cof_status cof_rsa_from_pkcs8(cof_view der, cof_rsa_key **out, cof_err *err);
/** Appends PKCS#8 DER. @return COF_OK, COF_E_BAD_KEY when it is a public key. */
COF_MUST_USE cof_status cof_rsa_to_pkcs8(const cof_rsa_key *key, cof_buf *out, cof_err *err);

/** From a JWK with kty RSA, n, e (2048 to 4096 bits, odd e >= 65537); other members are ignored.
 * @return COF_OK, COF_E_BAD_KEY. */
COF_MUST_USE cof_status cof_rsa_from_jwk(const json_t *jwk, cof_rsa_key **out, cof_err *err);
/** {"kty":"RSA","n":…,"e":…}: the caller owns it. @return COF_OK, COF_E_NO_MEMORY, COF_E_CRYPTO. */
COF_MUST_USE cof_status cof_rsa_to_jwk(const cof_rsa_key *key, json_t **out_jwk, cof_err *err);

/** Takes over an OpenSSL key (EVP_PKEY, one reference), on failure too, that must be RSA; NULL is
 * refused (BAD_KEY). For relying/ and local/, where keys come from certificates. */
struct evp_pkey_st;
COF_MUST_USE cof_status cof_rsa_from_evp(struct evp_pkey_st *pkey, cof_rsa_key **out, cof_err *err);
/** Borrowed. */
struct evp_pkey_st *cof_rsa_evp(const cof_rsa_key *key);

/** Size of the modulus in bytes. */
size_t cof_rsa_size(const cof_rsa_key *key);
bool cof_rsa_has_private(const cof_rsa_key *key);

/** RSA-OAEP of a short secret; appends cof_rsa_size() bytes. @return COF_OK, COF_E_CRYPTO. */
COF_MUST_USE cof_status cof_rsa_encrypt(const cof_rsa_key *key, cof_oaep_hash hash, cof_view secret,
                                        cof_buf *out, cof_err *err);
/** @return COF_OK, COF_E_KEY_MISMATCH (one answer for every cipher that does not open),
 * COF_E_CRYPTO, or as cof_buf_append. */
COF_MUST_USE cof_status cof_rsa_decrypt(const cof_rsa_key *key, cof_oaep_hash hash, cof_view cipher,
                                        cof_buf *out, cof_err *err);

/** RSASSA-PKCS1-v1_5 with SHA-256 over bytes (RS256); appends the signature. */
COF_MUST_USE cof_status cof_rsa_sign(const cof_rsa_key *key, cof_view bytes, cof_buf *out,
                                     cof_err *err);
/** @return COF_OK, COF_E_BAD_SIGNATURE. */
COF_MUST_USE cof_status cof_rsa_verify(const cof_rsa_key *key, cof_view bytes, cof_view signature,
                                       cof_err *err);

void cof_rsa_key_free(cof_rsa_key *key);
COF_OWNED(cof_rsa_key, cof_rsa_key_free);

#endif
