/*
 * Is genuine evidence what the owner meant? Judges facts (relying/verify) by a contract's
 * platform.accept. There is no "accepted with a warning".
 */
#ifndef COF_POLICY_POLICY_H
#define COF_POLICY_POLICY_H

#include "relying/policy/checks.h"
#include "relying/verify/facts.h"
#include "tcb/contract/contract.h"

enum { COF_POLICY_ENTRIES_MAX = 8 };

/** One member of platform.accept. */
typedef struct cof_policy_entry {
    cof_tee tee;
    cof_digest root; /* COF_TEE_SIMULATED: the installation's root key; else ignored */
    const cof_digest *measurements; /* MRENCLAVE values, kept (borrowed) */
    size_t measurement_count;       /* none accepts nothing */
} cof_policy_entry;

/** What an owner accepts. Zeroed is valid and accepts nothing. A debuggable enclave is never
 * accepted. */
typedef struct cof_policy {
    cof_policy_entry entries[COF_POLICY_ENTRIES_MAX];
    size_t count;
} cof_policy;

/** Adds an entry. @return COF_OK, COF_E_LIMIT. */
COF_MUST_USE cof_status cof_policy_add(cof_policy *policy, const cof_policy_entry *entry,
                                       cof_err *err);

/** The policy of a contract's platform.accept. It borrows from the contract. @return COF_OK,
 * COF_E_LIMIT. */
COF_MUST_USE cof_status cof_policy_from_contract(const cof_contract *contract,
                                                 cof_policy *out_policy, cof_err *err);

/**
 * The roots to verify evidence under: one per simulated root that the policy names, and Intel's
 * when it names sgx.
 *
 * @param out_roots  room for COF_POLICY_ENTRIES_MAX pins
 * @return how many
 */
size_t cof_policy_roots(const cof_policy *policy,
                        cof_root_pin out_roots[static COF_POLICY_ENTRIES_MAX]);

/**
 * Judges. Adds the checks "policy.debug", "policy.platform", "policy.root", "policy.measurement".
 *
 * Evidence of COF_TEE_SGX is refused with COF_E_PLATFORM_REFUSED even when the policy names sgx:
 * without Intel's collateral nobody can say whether the platform was revoked or is out of date
 * (docs/limitations.md). It fails closed until that is there.
 *
 * @param checks  may be NULL
 * @return COF_OK, COF_E_EVIDENCE_DEBUG, COF_E_PLATFORM_REFUSED, COF_E_EVIDENCE_UNTRUSTED (another
 * installation's simulated root), COF_E_MEASUREMENT_REFUSED.
 */
COF_MUST_USE cof_status cof_policy_judge(const cof_facts *facts, const cof_policy *policy,
                                         cof_checks *checks, cof_err *err);

#endif
