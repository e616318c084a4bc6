/*
 * The certificate chains of a quote and of Intel's collateral: PCK leaf <- processor or platform CA
 * <- root, and TCB signing certificate <- root. They are judged under a *pinned root public key*,
 * never under the root certificate that comes along: that is only the key's carrier.
 *
 * What is demanded of every certificate: DER, version 3, a named P-256 key, ecdsa-with-SHA256 and
 * nothing else, issuer's name byte for byte, authority key identifier, the signature, basic
 * constraints, path length and key usage of its role, no critical extension besides these two,
 * the common name of its role in the root's family.
 */
#ifndef COF_VERIFY_CHAIN_H
#define COF_VERIFY_CHAIN_H

#include <openssl/x509.h>

#include "relying/verify/intel/pck.h"
#include "relying/verify/trust.h"
#include "tcb/crypto/ec.h"

/** CA and root of a PCK chain, verified, kept for the next quote with the very same two. Zeroed is
 * empty; free with cof_chain_top_free. */
typedef struct cof_chain_top {
    cof_buf text; /* PEM of both, exactly as it was verified */
    cof_root_pin pin;
    X509 *ca;
    X509 *root;
} cof_chain_top;

void cof_chain_top_free(cof_chain_top *top);

/** What a good PCK chain says. Zeroed is empty; free with cof_pck_chain_free. */
typedef struct cof_pck_chain {
    cof_root_pin root; /* the pin that matched */
    cof_pck pck;       /* the platform, from the leaf's SGX extension */
    X509 *leaf;
    cof_ec_key *key; /* the PCK public key */
} cof_pck_chain;

void cof_pck_chain_free(cof_pck_chain *chain);

/**
 * Verifies exactly three PEM certificates (leaf, CA, root; nothing but line ends between them),
 * every one valid at now_unix_s at both ends, the leaf with a well-formed SGX extension. Revocation
 * lists are not looked at: a caller that trusts COF_ROOT_INTEL must do that as well.
 *
 * @param roots  root_count pins; none is trusted implicitly
 * @param top    what was verified before, or empty; replaced when the quote brings another CA
 * @param out    written only on success; the caller frees it
 * @return COF_OK, COF_E_EVIDENCE_INVALID (malformed, or a signature or constraint does not hold),
 * COF_E_EVIDENCE_UNTRUSTED (root not pinned, names of another family, issued by another key),
 * COF_E_EVIDENCE_OLD, COF_E_EVIDENCE_EARLY (not valid at that time), COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_pck_chain_verify(cof_view pem, const cof_root_pin *roots,
                                             size_t root_count, int64_t now_unix_s,
                                             cof_chain_top *top, cof_pck_chain *out, cof_err *err);

/** A TCB signing certificate and the root above it, verified. Zeroed is empty; free with
 * cof_tcb_signer_free. */
typedef struct cof_tcb_signer {
    X509 *certificate;
    X509 *root;
    cof_ec_key *key;
} cof_tcb_signer;

void cof_tcb_signer_free(cof_tcb_signer *signer);

/** Verifies exactly two PEM certificates: TCB signing certificate, root. Times are not looked at.
 * @return as cof_pck_chain_verify. */
COF_MUST_USE cof_status cof_tcb_signer_verify(cof_view pem, const cof_root_pin *root,
                                              cof_tcb_signer *out, cof_err *err);

/** Is the certificate valid at that time? Lowers *expires_unix_s to its end. @return COF_OK,
 * COF_E_EVIDENCE_INVALID, COF_E_EVIDENCE_OLD, COF_E_EVIDENCE_EARLY. */
COF_MUST_USE cof_status cof_chain_check_time(X509 *certificate, const char *what,
                                             int64_t now_unix_s, int64_t *expires_unix_s,
                                             cof_err *err);

#endif
