/*
 * Key release policies, as Azure Key Vault has them:
 *
 *   policy    = {"version":"1.0.0","anyOf":[authority,…]}        ("allOf" is accepted too)
 *   authority = {"authority":"<issuer>","allOf":[condition,…]}   ("anyOf" likewise)
 *   condition = {"claim":"a.b","equals":string|number|boolean} | {"allOf":[…]} | {"anyOf":[…]}
 *
 * Strict where a mistake would open something: duplicate and unknown members, empty lists and other
 * types are refused when the policy is set. Lenient where Azure is: the spelling of anyOf and
 * allOf, and scalars are compared as their JSON text ("0" equals 0, "false" equals false).
 */
#ifndef COF_LOCAL_KEY_POLICY_H
#define COF_LOCAL_KEY_POLICY_H

#include "tcb/wire/json.h"

enum {
    COF_KEY_POLICY_BYTES = 96 * 1024,
    COF_KEY_POLICY_CONDITIONS = 4096,
    COF_KEY_POLICY_DEPTH = 16
};

typedef struct cof_key_policy cof_key_policy;

/** @return COF_OK, COF_E_BAD_JSON, COF_E_BAD_FORMAT, COF_E_BAD_VERSION, COF_E_LIMIT,
 * COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_key_policy_parse(cof_view text, cof_key_policy **out, cof_err *err);

/**
 * Judges the claims of a token whose signature was verified with this issuer's own keys.
 *
 * @param issuer  the authority that was verified; authorities of other names are not met
 * @param checks  an array that gets {"claim","expected","found","met"} for each condition looked
 * at; NULL: not wanted
 * @return COF_OK, COF_E_RELEASE_REFUSED, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_key_policy_judge(const cof_key_policy *policy, const char *issuer,
                                             const json_t *claims, json_t *checks, cof_err *err);

void cof_key_policy_free(cof_key_policy *policy);
COF_OWNED(cof_key_policy, cof_key_policy_free);

#endif
