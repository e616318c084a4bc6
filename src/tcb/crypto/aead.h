/*
 * The AEAD port: AES-256-GCM (NIST SP 800-38D) with 96-bit nonces and 128-bit tags, many records
 * under one key schedule. Nonces are chosen by seal/ alone, from a counter.
 */
#ifndef COF_CRYPTO_AEAD_H
#define COF_CRYPTO_AEAD_H

#include "tcb/crypto/keys.h"

enum { COF_AEAD_NONCE_SIZE = 12, COF_AEAD_TAG_SIZE = 16 };

typedef struct cof_aead cof_aead;

typedef struct cof_aead_ops {
    const char *name; /* "openssl" */
    COF_MUST_USE cof_status (*seal)(cof_aead *self, const uint8_t nonce[static COF_AEAD_NONCE_SIZE],
                                    cof_view plain, uint8_t *out_cipher,
                                    uint8_t out_tag[static COF_AEAD_TAG_SIZE], cof_err *err);
    /* On failure out_plain holds zeros: unauthenticated plaintext never leaves. */
    COF_MUST_USE cof_status (*open)(cof_aead *self, const uint8_t nonce[static COF_AEAD_NONCE_SIZE],
                                    cof_view cipher, const uint8_t tag[static COF_AEAD_TAG_SIZE],
                                    uint8_t *out_plain, cof_err *err);
    void (*free)(cof_aead *self);
} cof_aead_ops;

struct cof_aead {
    const cof_aead_ops *ops;
};

/** AES-256-GCM by OpenSSL. @return COF_OK, COF_E_CRYPTO, COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_aead_openssl_new(const cof_chunk_key *key, cof_aead **out,
                                             cof_err *err);

#ifdef COF_HAVE_IPSEC_MB
/** AES-256-GCM by Intel's ipsec-mb (build option ipsec_mb). @return COF_OK, COF_E_CRYPTO,
 * COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_aead_ipsec_mb_new(const cof_chunk_key *key, cof_aead **out,
                                              cof_err *err);
#endif

/** AES-256-GCM by the fastest implementation of this build: all give the same bytes. @return as
 * above. */
COF_MUST_USE cof_status cof_aead_new(const cof_chunk_key *key, cof_aead **out, cof_err *err);

/** Encrypts plain (any size) to out_cipher (same size). In place is allowed. @return COF_OK,
 * COF_E_CRYPTO. */
COF_MUST_USE cof_status cof_aead_seal(cof_aead *aead,
                                      const uint8_t nonce[static COF_AEAD_NONCE_SIZE],
                                      cof_view plain, uint8_t *out_cipher,
                                      uint8_t out_tag[static COF_AEAD_TAG_SIZE], cof_err *err);

/** Decrypts and authenticates; in place is allowed. @return COF_OK, COF_E_TAG_MISMATCH,
 * COF_E_CRYPTO. */
COF_MUST_USE cof_status cof_aead_open(cof_aead *aead,
                                      const uint8_t nonce[static COF_AEAD_NONCE_SIZE],
                                      cof_view cipher, const uint8_t tag[static COF_AEAD_TAG_SIZE],
                                      uint8_t *out_plain, cof_err *err);

void cof_aead_free(cof_aead *aead);
COF_OWNED(cof_aead, cof_aead_free);

#endif
