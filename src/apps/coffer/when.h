/* Points in time that a user gives: RFC 3339 in UTC, or Unix seconds. */
#ifndef COF_APP_WHEN_H
#define COF_APP_WHEN_H

#include <stdint.h>

#include "tcb/base/status.h"

/** NULL means now. @return COF_OK, COF_E_USAGE. */
COF_MUST_USE cof_status cof_when(const char *text, int64_t *out_unix_s, cof_err *err);

#endif
