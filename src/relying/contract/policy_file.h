/* A policy file: `platform` of job.yaml by itself, for judging evidence without a contract. */
#ifndef COF_RELYING_CONTRACT_POLICY_FILE_H
#define COF_RELYING_CONTRACT_POLICY_FILE_H

#include "relying/contract/diagnostics.h"
#include "relying/policy/policy.h"

/**
 * Reads {accept: […]} or {platform: {accept: […]}}, YAML or JSON. Nothing is looked up: every
 * platform's measurements (or signer), and a simulated one's root, must be there.
 *
 * @param problems  gets every refusal with its place
 * @return COF_OK, COF_E_CONTRACT_INVALID (see problems), COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_policy_file_parse(cof_view text, cof_diagnostics *problems,
                                              cof_policy *out, cof_err *err);

#endif
