/*
 * Keys and signatures of a TPM 2.0 (TPM 2.0 Library Specification, part 2): RSA public areas
 * (TPMT_PUBLIC, 12.2.4), certifications (TPMS_ATTEST with TPMS_CERTIFY_INFO, 10.12) and signatures
 * (TPMT_SIGNATURE, 11.3.4): strict readers.
 */
#ifndef COF_VERIFY_TPM_KEY_H
#define COF_VERIFY_TPM_KEY_H

#include "relying/verify/azure/hcl.h"
#include "tcb/crypto/digest.h"

enum { COF_TPM_PUBLIC_MAX = 512, COF_TPM_SIGNATURE_MAX = COF_RSA_2048_SIZE + 6 };

/** Takes the size of a TPM2B structure off; bytes without one are given back as they are. Which it
 * is shows in the content: marker is what the structure itself starts with. */
cof_view cof_tpm2b_unwrap(cof_view bytes, cof_view marker);

/** The 256 bytes of an RSASSA-SHA-256 signature, from just these or from a TPMT_SIGNATURE. @return
 * COF_OK, COF_E_BAD_FORMAT. */
COF_MUST_USE cof_status cof_tpm_signature(cof_view bytes, cof_view *out_signature, cof_err *err);

/**
 * Verifies RSASSA-PKCS1-v1_5 with SHA-256.
 *
 * @param modulus  of a key with exponent 65537
 * @return COF_OK, COF_E_BAD_SIGNATURE, COF_E_BAD_KEY, COF_E_BAD_FORMAT (signature), COF_E_CRYPTO.
 */
COF_MUST_USE cof_status cof_tpm_verify(const uint8_t modulus[static COF_RSA_2048_SIZE],
                                       cof_view bytes, cof_view signature, cof_err *err);

/** A key of the vTPM that decrypts. */
typedef struct cof_tpm_decryption_key {
    uint8_t modulus[COF_RSA_2048_SIZE]; /* exponent 65537 */
    cof_digest name;                    /* SHA-256 of the public area: how a TPM names it */
} cof_tpm_decryption_key;

/**
 * Reads the TPMT_PUBLIC of an RSA-2048 key that cannot leave its TPM and that decrypts: name
 * algorithm SHA-256, fixedTPM, fixedParent, sensitiveDataOrigin, decrypt; neither restricted nor
 * for signing. @return COF_OK, COF_E_TRUNCATED, COF_E_TRAILING_BYTES, COF_E_BAD_FORMAT,
 * COF_E_UNSUPPORTED (another kind of key), COF_E_CRYPTO.
 */
COF_MUST_USE cof_status cof_tpm_decryption_key_parse(cof_view bytes, cof_tpm_decryption_key *out,
                                                     cof_err *err);

/** Reads the TPMS_ATTEST by which a TPM certifies a key, and gives the digest in the key's name
 * (name algorithm SHA-256). @return COF_OK, COF_E_TRUNCATED, COF_E_TRAILING_BYTES,
 * COF_E_BAD_FORMAT. */
COF_MUST_USE cof_status cof_tpm_certify_parse(cof_view bytes, cof_digest *out_name, cof_err *err);

#endif
