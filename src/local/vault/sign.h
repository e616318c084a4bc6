/* Signing and verifying by a vault's key. */
#ifndef COF_LOCAL_SIGN_H
#define COF_LOCAL_SIGN_H

#include "local/vault/algorithms.h"

enum { COF_SIGN_BYTES = 64 * 1024 };

/**
 * Signs a digest; with HMAC (HS256, …) the bytes themselves, of any size.
 *
 * @param algorithm  fits the key
 * @param digest     as long as the algorithm's hash
 * @param out        gets the signature: RSA's as RFC 8017 has it, ECDSA's as r || s, each as long
 * as the curve's order
 * @return COF_OK, COF_E_BAD_ARGUMENT (the digest's size), COF_E_CRYPTO, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_sign_digest(const cof_algorithm *algorithm, const cof_key_material *key,
                                        cof_view digest, cof_buf *out, cof_err *err);

/** @return COF_OK, COF_E_BAD_ARGUMENT (the digest's size), COF_E_BAD_SIGNATURE, COF_E_CRYPTO,
 * COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_sign_check(const cof_algorithm *algorithm, const cof_key_material *key,
                                       cof_view digest, cof_view signature, cof_err *err);

#endif
