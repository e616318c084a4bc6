/* RSA encryption by a vault's key: the part of crypt.h that is RSA's. */
#ifndef COF_LOCAL_RSA_CRYPT_H
#define COF_LOCAL_RSA_CRYPT_H

#include "local/vault/algorithms.h"

struct evp_pkey_st;
/** RSAES-OAEP with one hash (OpenSSL's name) for the label and for MGF1, to any public key.
 * Appends.
 * @return COF_OK, COF_E_BAD_ARGUMENT (value is too long for the key), COF_E_CRYPTO, …. */
COF_MUST_USE cof_status cof_rsa_oaep_seal(struct evp_pkey_st *pkey, const char *hash,
                                          cof_view value, cof_buf *out, cof_err *err);

/** @return COF_OK, COF_E_BAD_ARGUMENT (value is too long for the key), COF_E_CRYPTO, …. Appends. */
COF_MUST_USE cof_status cof_rsa_crypt_seal(const cof_algorithm *algorithm,
                                           const cof_key_material *key, cof_view value,
                                           cof_buf *out, cof_err *err);

/** @return COF_OK, COF_E_KEY_MISMATCH, COF_E_CRYPTO, …. Appends. With RSA1_5 only a cipher of
 * another size than the key's, or a number over its modulus, which are public, do not open. */
COF_MUST_USE cof_status cof_rsa_crypt_open(const cof_algorithm *algorithm,
                                           const cof_key_material *key, cof_view cipher,
                                           cof_buf *out, cof_err *err);

#endif
