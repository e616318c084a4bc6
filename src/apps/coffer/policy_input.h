/* Policies from files, for the commands that judge by one. */
#ifndef COF_APP_POLICY_INPUT_H
#define COF_APP_POLICY_INPUT_H

#include "relying/policy/policy.h"

/**
 * Reads a policy: a contract (JSON), whose platform.accept counts, or a policy file
 * (docs/formats/policy.md). Problems of the latter go to standard error with their places.
 */
COF_MUST_USE cof_status cof_policy_read(const char *path, cof_policy *out, cof_err *err);

#endif
