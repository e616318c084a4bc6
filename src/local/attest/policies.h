/* The attestation service's policies, one for each kind of evidence; kept in attest/policies. */
#ifndef COF_LOCAL_ATTEST_POLICIES_H
#define COF_LOCAL_ATTEST_POLICIES_H

#include "local/attest/kind.h"
#include "local/attest/order.h"
#include "local/state/state.h"
#include "relying/maa/maa.h"

enum { COF_POLICY_HASH_SIZE = 44 }; /* base64url of a SHA-256, and a NUL */

/** A policy that can judge. Zeroed is empty; free with cof_attest_policy_free. */
typedef struct cof_attest_policy {
    cof_maa_policy *rules;
    char hash[COF_POLICY_HASH_SIZE]; /* x-ms-policy-hash */
    char *jws;                       /* as it was set; for a default one, unsecured */
    json_t *signer;                  /* x-ms-policy-signer: a JWK; NULL: it was not signed */
} cof_attest_policy;

/**
 * Makes a policy of its text: parsed, hashed, without a JWS.
 *
 * @return COF_OK, COF_E_POLICY_SYNTAX (err's detail: "Line 3, Column 5: …"), COF_E_LIMIT,
 * COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_attest_policy_read(cof_view text, cof_attest_policy *out, cof_err *err);

/**
 * Makes a policy of an administrator's JWS whose payload is {"AttestationPolicy":base64url(text)}.
 *
 * @param order  the same JWS, taken apart
 * @return COF_OK, COF_E_TOKEN_INVALID (no such member), or as cof_attest_policy_read.
 */
COF_MUST_USE cof_status cof_attest_policy_of_order(cof_view jws, const cof_order *order,
                                                   cof_attest_policy *out, cof_err *err);

void cof_attest_policy_free(cof_attest_policy *policy);

typedef struct cof_attest_policies cof_attest_policies;

/** Reads what was set; where nothing was, the default holds. A file that cannot be read is an
 * error, not the default. kept: state. */
COF_MUST_USE cof_status cof_attest_policies_open(const cof_state *state, cof_attest_policies **out,
                                                 cof_err *err);

/** The policy in force; borrowed until it is set or reset. */
const cof_attest_policy *cof_attest_policies_get(const cof_attest_policies *policies,
                                                 cof_attest_kind kind);

/** Puts a policy in force, durably. Takes *policy over on success. */
COF_MUST_USE cof_status cof_attest_policies_set(cof_attest_policies *policies, cof_attest_kind kind,
                                                cof_attest_policy *policy, cof_err *err);

/** Puts the default policy in force, durably. */
COF_MUST_USE cof_status cof_attest_policies_reset(cof_attest_policies *policies,
                                                  cof_attest_kind kind, cof_err *err);

void cof_attest_policies_free(cof_attest_policies *policies);
COF_OWNED(cof_attest_policies, cof_attest_policies_free);

#endif
