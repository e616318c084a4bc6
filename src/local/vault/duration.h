/*
 * Durations as rotation policies have them (ISO 8601, the form of XML Schema's duration):
 * P[nY][nM][nD][T[nH][nM][nS]], at least one part, whole numbers. Years and months are those of the
 * calendar (UTC): one month after January 31 is the last day of February.
 */
#ifndef COF_LOCAL_DURATION_H
#define COF_LOCAL_DURATION_H

#include <stdint.h>

#include "tcb/base/buf.h"

typedef struct cof_duration {
    int32_t months; /* years are twelve */
    int64_t seconds;
} cof_duration;

/** At most 1000 years of each part. @return COF_OK, COF_E_BAD_FORMAT. */
COF_MUST_USE cof_status cof_duration_parse(const char *text, cof_duration *out, cof_err *err);

/** The time that comes this long after, or before, a time of the years 1970 to 9999. */
int64_t cof_duration_after(const cof_duration *duration, int64_t unix_s);
int64_t cof_duration_before(const cof_duration *duration, int64_t unix_s);

#endif
