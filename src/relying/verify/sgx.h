/*
 * Is this quote genuine? Structure, certificate chain under a pinned root, the quoting enclave's
 * report, and the quote's own signature. Whether it is what somebody wanted is judged by
 * relying/policy.
 *
 * This release does not look at Intel's collateral (revocation lists, TCB info, QE identity). So a
 * quote under Intel's root can be verified here as far as its signatures go, and the policy refuses
 * it all the same (policy.h): facts with tee COF_TEE_SGX are never enough to release anything. The
 * simulated platform has no collateral.
 */
#ifndef COF_VERIFY_SGX_H
#define COF_VERIFY_SGX_H

#include "relying/policy/checks.h"
#include "relying/verify/chain.h"
#include "relying/verify/quote.h"

/** The kind of protection behind the evidence: follows from the root that signed, from nothing
 * else. */
typedef enum cof_tee { COF_TEE_NONE, COF_TEE_SIMULATED, COF_TEE_SGX } cof_tee;

/** "simulated", "sgx": as in a contract's platform.accept[].type. "none" for anything else. */
const char *cof_tee_name(cof_tee tee);

/** What genuine evidence says. All values are public. */
typedef struct cof_facts {
    cof_tee tee;
    cof_root_pin root; /* which pinned root stands behind it */
    cof_digest mrenclave;
    cof_digest mrsigner;
    uint16_t product_id;
    uint16_t svn;
    uint16_t config_svn;
    uint64_t flags; /* COF_SGX_FLAG_… */
    uint64_t xfrm;
    bool is_debuggable; /* a policy must look at it: genuine evidence may well say so */
    uint8_t report_data[COF_REPORT_DATA_SIZE];
    uint8_t config_id[64];
    uint8_t isv_ext_prod_id[16];
    uint8_t isv_family_id[16];
    uint8_t cpu_svn[16];
    cof_pck pck;
    cof_digest quote_digest; /* SHA-256 of the quote */
} cof_facts;

/**
 * Verifies an SGX v3 quote: parse; chain under one of the roots at now_unix_s; the QE report's
 * signature by the PCK key; the QE not debuggable; QE report data = SHA-256(attestation key ||
 * authentication data), then 32 zero bytes; the attestation key on the curve; the signature over
 * header and body; the body's INIT flag. Stops at the first failure; fills checks
 * ("evidence.structure", "evidence.chain", …) as far as it got.
 *
 * @param checks     may be NULL
 * @param out_facts  written only on success
 * @return COF_OK, COF_E_EVIDENCE_INVALID (malformed or a signature does not hold),
 * COF_E_EVIDENCE_UNTRUSTED (not under these roots), COF_E_EVIDENCE_OLD (a certificate is not valid
 * at that time), COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_sgx_verify(cof_view quote, const cof_root_pin *roots, size_t root_count,
                                       int64_t now_unix_s, cof_facts *out_facts, cof_checks *checks,
                                       cof_err *err);

#endif
