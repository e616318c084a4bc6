/*
 * Key-encryption keys as a vault releases them: wrapped to the transfer key that the evidence
 * names. The envelope is RSA-OAEP(32-byte AES key), as long as the modulus, then AES-256-KWP (RFC
 * 5649) of the released key's PKCS#8 DER. Source: Azure Key Vault, "secure key release",
 * PKCS#11 3.0 §2.1.21.
 */
#ifndef COF_RELEASE_RELEASE_H
#define COF_RELEASE_RELEASE_H

#include "tcb/crypto/rsa.h"

/** As in a KEY frame of the worker protocol. */
enum {
    COF_RELEASE_RSA_AES_KEY_WRAP = 1,    /* CKM_RSA_AES_KEY_WRAP: OAEP with SHA-1 */
    COF_RELEASE_RSA_AES_KEY_WRAP_256 = 2 /* RSA_AES_KEY_WRAP_256: OAEP with SHA-256 */
};

/**
 * Opens the envelope with the transfer key.
 *
 * @return COF_OK, COF_E_UNSUPPORTED (algorithm), COF_E_LIMIT, COF_E_BAD_FORMAT (size),
 *         COF_E_BAD_ARGUMENT (transfer is a public key), COF_E_KEY_MISMATCH (one answer for every
 *         envelope that does not open), COF_E_BAD_KEY (what was inside is no RSA key pair).
 */
COF_MUST_USE cof_status cof_release_unwrap(const cof_rsa_key *transfer, uint8_t algorithm,
                                           cof_view wrapped, cof_rsa_key **out_kek, cof_err *err);

#endif
