/*
 * What is unwise or impossible in a policy, before anybody relies on it. Three kinds of policies:
 * an Azure Attestation policy, a Key Vault release policy, a platform policy of Coffer.
 *
 * It is a reader, not a proof: a policy without findings can still be wrong, and an unusual one can
 * get a finding that does not hold. docs/formats/attestation-policy.md lists the findings.
 */
#ifndef COF_POLICY_LINT_H
#define COF_POLICY_LINT_H

#include "relying/policy/policy.h"
#include "tcb/wire/json.h"

typedef enum cof_lint_severity {
    COF_LINT_INFO,
    COF_LINT_WARNING,
    COF_LINT_ERROR
} cof_lint_severity;

typedef enum cof_lint_kind {
    COF_LINT_ATTESTATION, /* text in Azure Attestation's policy language */
    COF_LINT_RELEASE,     /* JSON with anyOf, as Key Vault has it */
    COF_LINT_PLATFORM     /* anything else: a platform policy, if it is a policy */
} cof_lint_kind;

/**
 * Findings in the order in which they were made: an array of {"code":"accepts-debug",
 * "severity":"error"|"warning"|"info", "where":"4:5" or "anyOf[0]", "text":"..."}. The caller owns
 * it. @return COF_OK, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_lint_new(json_t **out_findings, cof_err *err);

bool cof_lint_has_errors(const json_t *findings);

/**
 * Tells the kind by content, and takes off what a policy may be wrapped in: {"data": base64url} of
 * a key, a token of /policies/{type}, its claims x-ms-policy and AttestationPolicy.
 *
 * @param out  gets the policy's own text
 * @return COF_OK, COF_E_BAD_FORMAT (something is wrapped that cannot be read), COF_E_LIMIT,
 * COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_lint_unwrap(cof_view text, cof_lint_kind *out_kind, cof_buf *out,
                                        cof_err *err);

/** @return COF_OK whatever is found, also a syntax error; COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_lint_attestation(cof_view text, json_t *findings, cof_err *err);
COF_MUST_USE cof_status cof_lint_release(cof_view text, json_t *findings, cof_err *err);
COF_MUST_USE cof_status cof_lint_platform(const cof_policy *policy, json_t *findings, cof_err *err);

#endif
