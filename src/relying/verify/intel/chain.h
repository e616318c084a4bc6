/*
 * The certificate chain of a quote: PCK leaf <- processor or platform CA <- root, judged under a
 * *pinned root public key*, never under the root certificate that the evidence itself brings along.
 */
#ifndef COF_VERIFY_CHAIN_H
#define COF_VERIFY_CHAIN_H

#include "relying/verify/intel/pck.h"
#include "relying/verify/trust.h"
#include "tcb/crypto/ec.h"

/** What a good chain says. */
typedef struct cof_chain_facts {
    cof_root_pin root; /* the pin that matched */
    cof_pck pck;       /* the platform, from the leaf's SGX extension */
} cof_chain_facts;

/**
 * Verifies exactly three PEM certificates (leaf, CA, root; nothing but line ends between them): the
 * root's key is pinned, signatures are ecdsa-with-SHA256 by P-256 keys, names chain and are those
 * of the root's family, CA flags, path lengths and key usages fit (OpenSSL with X509_STRICT, and
 * the name checks by hand), every certificate is valid at now_unix_s at both ends, the leaf has a
 * well-formed SGX extension. Revocation lists are not looked at: a caller that trusts
 * COF_ROOT_INTEL must do that as well.
 *
 * @param roots         root_count pins; none is trusted implicitly
 * @param out_leaf_key  the PCK public key; the caller owns it
 * @return COF_OK, COF_E_EVIDENCE_INVALID (malformed, or a signature or constraint does not hold),
 *         COF_E_EVIDENCE_UNTRUSTED (root not pinned, or names of another family),
 * COF_E_EVIDENCE_OLD (not valid at that time), COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_chain_verify(cof_view pem, const cof_root_pin *roots, size_t root_count,
                                         int64_t now_unix_s, cof_chain_facts *out_facts,
                                         cof_ec_key **out_leaf_key, cof_err *err);

#endif
