/* Showing a list of checks as a tree, or as JSON. */
#ifndef COF_APP_SHOW_CHECKS_H
#define COF_APP_SHOW_CHECKS_H

#include "apps/coffer/output.h"
#include "relying/policy/checks.h"

/** A line for each check; parts ("evidence.chain") stand under their check. A failed one shows
 * expected and found. */
void cof_show_checks(cof_output *output, const cof_checks *checks);

/** With --json: {"verdict":…, "checks":[…]} and the members of extra (borrowed, may be NULL). */
COF_MUST_USE cof_status cof_show_checks_json(cof_output *output, const char *verdict,
                                             const cof_checks *checks, const json_t *extra,
                                             cof_err *err);

#endif
