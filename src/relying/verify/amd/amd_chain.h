/*
 * The certificates behind an SNP report: VCEK <- ASK or VLEK <- ASVK, <- ARK, judged under a
 * *pinned ARK public key*. The ARK certificate that comes along only carries that key.
 */
#ifndef COF_VERIFY_AMD_CHAIN_H
#define COF_VERIFY_AMD_CHAIN_H

#include <openssl/x509.h>

#include "relying/policy/checks.h"
#include "relying/verify/collateral.h"

/** Read, not believed. Zeroed is empty; free with cof_amd_chain_free. */
typedef struct cof_amd_chain {
    X509 *leaf; /* VCEK or VLEK */
    X509 *ca;   /* ASK or ASVK */
    X509 *root; /* ARK */
} cof_amd_chain;

void cof_amd_chain_free(cof_amd_chain *chain);

/**
 * Reads AMD_CHAIN (PEM: CA, ARK; or leaf, CA, ARK) and AMD_LEAF (DER or PEM), which is preferred to
 * the leaf in the chain.
 *
 * @param out  zeroed by the caller; written only on success
 * @return COF_OK, COF_E_COLLATERAL_MISSING, COF_E_EVIDENCE_INVALID, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_amd_chain_read(const cof_collateral *collateral, cof_amd_chain *out,
                                           cof_err *err);

/** What a chain is judged by. */
typedef struct cof_amd_chain_input {
    cof_snp_signer signer;   /* VCEK or VLEK: fixes the names of leaf and CA */
    cof_snp_product product; /* fixes the names of CA and ARK */
    const cof_root_pin *roots;
    size_t root_count;
    int64_t now_unix_s;
} cof_amd_chain_input;

/**
 * Is the ARK's key pinned for this product, and does each certificate vouch for the next: names,
 * RSASSA-PSS with SHA-384 and RSA-4096 throughout, CA flags, path lengths and key usages, a leaf on
 * P-384, all valid at that time at both ends, signatures. Revocation is not looked at.
 *
 * @param out_root  the pin that matched
 * @param checks    may be NULL
 * @return COF_OK, COF_E_EVIDENCE_INVALID, COF_E_EVIDENCE_UNTRUSTED (root not pinned for this
 * product; names), COF_E_EVIDENCE_OLD, COF_E_EVIDENCE_EARLY, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_amd_chain_verify(const cof_amd_chain *chain,
                                             const cof_amd_chain_input *input,
                                             cof_root_pin *out_root, cof_checks *checks,
                                             cof_err *err);

/** The leaf's key, which cof_amd_chain_verify found to be on P-384, by the name and not by
 * parameters. Borrowed. */
EVP_PKEY *cof_amd_chain_leaf_key(const cof_amd_chain *chain);

#endif
