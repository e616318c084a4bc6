/*
 * Azure Attestation's policy language, versions 1.0 to 1.2: what an attestation service is told
 * about which evidence it may attest, and what its token says. docs/formats/attestation-policy.md
 * has the grammar. (Microsoft Azure Attestation, "Attestation policy" and "Claim rule grammar".)
 */
#ifndef COF_RELYING_MAA_H
#define COF_RELYING_MAA_H

#include <jansson.h>

#include "tcb/base/buf.h"

enum { COF_MAA_POLICY_BYTES = 64 * 1024, COF_MAA_RULES_MAX = 256 };

/** Where a text is wrong: 1-based, columns in bytes. */
typedef struct cof_maa_place {
    size_t line, column;
} cof_maa_place;

typedef struct cof_maa_policy cof_maa_policy;

/**
 * Reads a policy.
 *
 * @param out_place  where it is wrong; written only for COF_E_POLICY_SYNTAX; may be NULL
 * @return COF_OK, COF_E_POLICY_SYNTAX (err's detail says what was expected and found), COF_E_LIMIT,
 * COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_maa_parse(cof_view text, cof_maa_policy **out, cof_maa_place *out_place,
                                      cof_err *err);

/** Appends the policy in one canonical spelling: parse(print(p)) equals p. */
COF_MUST_USE cof_status cof_maa_print(const cof_maa_policy *policy, cof_buf *out, cof_err *err);

/** What a policy makes of claims. Zeroed is empty; free with cof_maa_outcome_free. */
typedef struct cof_maa_outcome {
    bool is_permitted;
    bool is_denied;     /* a deny() was reached: then never permitted */
    size_t rule;        /* the rule (1-based, authorizationrules) that decided; 0: none did */
    json_t *issued;     /* object: claim type -> value; several values of one type: an array */
    json_t *properties; /* object: issueproperty */
} cof_maa_outcome;

/**
 * Evaluates: configurationrules, authorizationrules, then (if permitted) issuancerules.
 *
 * @param claims  object of the incoming claims: scalars, arrays (one claim per element) and objects
 * (one claim whose value is JSON); issuer "AttestationService"
 * @return COF_OK (also when not permitted: see outcome), COF_E_POLICY_EVALUATION (a function failed
 * on its arguments, or too many claims), COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_maa_evaluate(const cof_maa_policy *policy, const json_t *claims,
                                         cof_maa_outcome *out, cof_err *err);

/** The configuration alone: object of properties that configurationrules issue without looking at
 * claims; the caller owns it. */
COF_MUST_USE cof_status cof_maa_configuration(const cof_maa_policy *policy, json_t **out,
                                              cof_err *err);

void cof_maa_outcome_free(cof_maa_outcome *outcome);
void cof_maa_policy_free(cof_maa_policy *policy);
COF_OWNED(cof_maa_policy, cof_maa_policy_free);

#endif
