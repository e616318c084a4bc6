/* A step of a verification as a check: for the modules of intel/. */
#ifndef COF_VERIFY_RECORD_H
#define COF_VERIFY_RECORD_H

#include "relying/policy/checks.h"

/** Adds a check for a step that gave status: actual when it went well, else what err says, which
 * must not be NULL. @return status. */
COF_MUST_USE static inline cof_status cof_record(cof_checks *checks, const char *name,
                                                 const char *expected, const char *actual,
                                                 cof_status status, const cof_err *err)
{
    (void)cof_check_add(checks, name, status == COF_OK, expected, "%s",
                        status == COF_OK ? actual : err->detail);
    return status;
}

#endif
