/*
 * Is genuine evidence what the owner meant? Judges facts (relying/verify) by a contract's
 * platform.accept. There is no "accepted with a warning".
 */
#ifndef COF_POLICY_POLICY_H
#define COF_POLICY_POLICY_H

#include "relying/policy/accept.h"
#include "relying/policy/checks.h"
#include "tcb/contract/contract.h"

enum { COF_POLICY_ENTRIES_MAX = 8, COF_POLICY_ROOTS_MAX = 12 };

/**
 * What an owner accepts. Zeroed is valid and accepts nothing. Large (about 30 KB). Of entries for
 * one platform the first counts; of several simulated ones, the first that names the evidence's
 * root.
 */
typedef struct cof_policy {
    cof_accept entries[COF_POLICY_ENTRIES_MAX];
    size_t count;
} cof_policy;

/** Adds a copy of an entry. @return COF_OK, COF_E_LIMIT. */
COF_MUST_USE cof_status cof_policy_add(cof_policy *policy, const cof_accept *entry, cof_err *err);

/** From a list of members of platform.accept. @return COF_OK, COF_E_BAD_FORMAT (the detail names
 * the member), COF_E_LIMIT. */
COF_MUST_USE cof_status cof_policy_from_json(const json_t *accept, cof_policy *out_policy,
                                             cof_err *err);

/** The policy of a contract's platform.accept. @return as cof_policy_from_json, but
 * COF_E_CONTRACT_INVALID where that says COF_E_BAD_FORMAT. */
COF_MUST_USE cof_status cof_policy_from_contract(const cof_contract *contract,
                                                 cof_policy *out_policy, cof_err *err);

/**
 * The roots to verify evidence under: one per simulated root that the policy names, and those of
 * the vendors whose platforms it names.
 *
 * @param out_roots  room for COF_POLICY_ROOTS_MAX pins
 * @return how many
 */
size_t cof_policy_roots(const cof_policy *policy,
                        cof_root_pin out_roots[static COF_POLICY_ROOTS_MAX]);

/**
 * Judges facts. Adds the checks "policy.debug", "policy.platform", "policy.root", "policy.tcb" and
 * "policy.advisories" (where the vendor rates), "policy.measurement", and what the entry demands
 * beyond ("policy.rtmr0", "policy.pcr4", "policy.host_data", …), as far as it gets: it stops at the
 * first that fails. The whole of a contract's binding (report data, an Azure VM's user data) is
 * judged by whoever knows the runtime data, not here.
 *
 * @param checks  may be NULL
 * @return COF_OK, COF_E_EVIDENCE_DEBUG, COF_E_PLATFORM_REFUSED, COF_E_EVIDENCE_UNTRUSTED (another
 * root), COF_E_TCB_REVOKED, COF_E_TCB_REFUSED, COF_E_MEASUREMENT_REFUSED.
 */
COF_MUST_USE cof_status cof_policy_judge(const cof_facts *facts, const cof_policy *policy,
                                         cof_checks *checks, cof_err *err);

/**
 * Judges facts where nobody said what is wanted: debuggable platforms and revoked TCBs are refused,
 * everything else genuine is accepted and reported. Adds "policy.debug" and "policy.tcb".
 * @return COF_OK, COF_E_EVIDENCE_DEBUG, COF_E_TCB_REVOKED.
 */
COF_MUST_USE cof_status cof_policy_judge_genuine(const cof_facts *facts, cof_checks *checks,
                                                 cof_err *err);

#endif
