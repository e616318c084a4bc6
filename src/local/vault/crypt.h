/*
 * Encrypting and decrypting by a vault's key: encrypt and wrapKey are one thing here, decrypt and
 * unwrapKey the other.
 */
#ifndef COF_LOCAL_CRYPT_H
#define COF_LOCAL_CRYPT_H

#include "local/vault/algorithms.h"

enum {
    COF_CRYPT_VALUE_BYTES = 64 * 1024,
    COF_CRYPT_IV_BYTES = 16,
    COF_CRYPT_TAG_BYTES = 16,
    COF_CRYPT_GCM_IV_BYTES = 12
};

/** What goes into a cipher, or comes out of it. Free with cof_crypt_parts_free. */
typedef struct cof_crypt_parts {
    cof_buf value;
    cof_buf iv;  /* of GCM and CBC */
    cof_buf aad; /* of GCM, going in */
    cof_buf tag; /* of GCM */
} cof_crypt_parts;

/** Empty, with limits. */
void cof_crypt_parts_init(cof_crypt_parts *parts);
void cof_crypt_parts_free(cof_crypt_parts *parts);

/**
 * Encrypts. An iv that is not given is made from random bytes; out has the one that was used.
 *
 * @param algorithm  fits the key
 * @param out        was initialised; gets value, and iv and tag where the algorithm has them
 * @return COF_OK, COF_E_BAD_ARGUMENT with what to tell the caller (sizes, members that the
 * algorithm does not have), COF_E_CRYPTO, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_crypt_seal(const cof_algorithm *algorithm, const cof_key_material *key,
                                       const cof_crypt_parts *in, cof_crypt_parts *out,
                                       cof_err *err);

/**
 * Decrypts. Whatever is wrong with a cipher (size, tag, padding, integrity), the answer is one.
 * With RSA1_5 there is none: a cipher that was not made for the key opens to bytes that look random
 * and are the same each time (implicit rejection, draft-irtf-cfrg-rsa-guidance section 7), so that
 * nobody can learn from an answer whether a padding was right.
 *
 * @return COF_OK, COF_E_BAD_ARGUMENT (iv, tag or aad are not what the algorithm takes),
 * COF_E_KEY_MISMATCH, COF_E_CRYPTO, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_crypt_open(const cof_algorithm *algorithm, const cof_key_material *key,
                                       const cof_crypt_parts *in, cof_crypt_parts *out,
                                       cof_err *err);

#endif
