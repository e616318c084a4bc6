/*
 * Evidence of any kind: which it is (from its content), what collateral it needs, and whether it is
 * genuine. docs/formats/evidence.md. Whether it is what somebody wanted is judged by
 * relying/policy.
 */
#ifndef COF_VERIFY_EVIDENCE_H
#define COF_VERIFY_EVIDENCE_H

#include "relying/policy/checks.h"
#include "relying/verify/collateral.h"
#include "relying/verify/freshness.h"
#include "relying/verify/intel/intel_collateral.h"

enum { COF_EVIDENCE_MAX = 64 * 1024 };

/** How the evidence is written. */
typedef enum cof_evidence_form {
    COF_EVIDENCE_UNKNOWN,
    COF_EVIDENCE_SGX_QUOTE,    /* DCAP quote of version 3, or 4 with an SGX body */
    COF_EVIDENCE_OPEN_ENCLAVE, /* the same behind Open Enclave's 16-byte header */
    COF_EVIDENCE_TDX_QUOTE,    /* DCAP quote of version 4 or 5 */
    COF_EVIDENCE_SNP_REPORT,   /* a report, with or without a certificate table behind it */
    COF_EVIDENCE_SNP_JSON,     /* Azure's {"SnpReport","VcekCertChain","Endorsements"?} */
    COF_EVIDENCE_AZURE_CVM     /* JSON: HCL report, TPM quote, PCRs, TD quote or VCEK */
} cof_evidence_form;

cof_evidence_form cof_evidence_detect(cof_view evidence);

/** Reads what has to be fetched, without verifying. @return COF_OK, COF_E_EVIDENCE_INVALID. */
COF_MUST_USE cof_status cof_evidence_need(cof_view evidence, cof_collateral_need *out,
                                          cof_err *err);

/** What a verification is given. Zeroed members mean: none. All is borrowed. */
typedef struct cof_evidence_input {
    cof_view evidence;
    const cof_collateral *collateral;
    cof_intel_collateral *intel; /* already opened from the same bytes, for many verifications;
                                    NULL: opened from collateral */
    const cof_root_pin *roots;   /* the only ones trusted */
    size_t root_count;
    int64_t now_unix_s;
    cof_freshness *seen; /* the newest collateral seen: older is refused; on success what was used
                            is noted */
} cof_evidence_input;

/**
 * Is it genuine? Stops at the first failure; fills checks as far as it got. Debuggable evidence is
 * genuine (out_facts says so), a revoked TCB too: both are for the policy to refuse.
 *
 * @param out_facts  written only on success
 * @param checks     may be NULL
 * @return COF_OK, COF_E_EVIDENCE_INVALID, COF_E_EVIDENCE_UNTRUSTED, COF_E_EVIDENCE_OLD (a
 * certificate's validity is over), COF_E_EVIDENCE_EARLY, COF_E_EVIDENCE_REVOKED,
 * COF_E_COLLATERAL_MISSING, COF_E_COLLATERAL_INVALID, COF_E_COLLATERAL_OLD,
 * COF_E_COLLATERAL_EARLY, COF_E_COLLATERAL_MISMATCH, COF_E_COLLATERAL_ROLLED_BACK,
 * COF_E_TCB_UNKNOWN, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_evidence_verify(const cof_evidence_input *input, cof_facts *out_facts,
                                            cof_checks *checks, cof_err *err);

#endif
