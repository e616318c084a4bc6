/* From genuine evidence and a policy to the claims of a token. */
#ifndef COF_LOCAL_ATTEST_TOKEN_H
#define COF_LOCAL_ATTEST_TOKEN_H

#include "local/attest/claims.h"
#include "local/attest/policies.h"
#include "local/attest/signer.h"

/** What a token is made of. All is borrowed. */
typedef struct cof_attest_case {
    cof_attest_kind kind;
    const cof_facts *facts;
    const cof_guest_claims *guest; /* AzureGuest; else NULL */
    const cof_attest_extra *extra;
    const cof_attest_policy *policy;
    const char *issuer;
    int64_t now_unix_s;
} cof_attest_case;

/**
 * Evaluates the policy on the claims of the evidence, and makes the token's claims.
 *
 * @param out_claims  the caller owns it
 * @param out_proof   how the token is to show its signer, as the policy asks for
 * @return COF_OK, COF_E_POLICY_EVALUATION (denied, not permitted, or the policy's own demands, with
 * a sentence that the caller may see), COF_E_CRYPTO, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_attest_make_claims(const cof_attest_case *c, json_t **out_claims,
                                               cof_attest_proof *out_proof, cof_err *err);

#endif
