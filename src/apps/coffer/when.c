#include "apps/coffer/when.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* RFC 3339 §5.6; fractions of a second are dropped. */
static bool read_rfc3339(const char *text, int64_t *out_unix_s)
{
    struct tm when = {0};
    int hours = 0;
    int minutes = 0;
    int used = 0;
    char sign = '+';
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &when);
    if (rest != NULL && *rest == '.' && strspn(rest + 1, "0123456789") > 0) {
        rest += 1 + strspn(rest + 1, "0123456789");
    }
    if (rest == NULL || (strcmp(rest, "Z") != 0 &&
                         (sscanf(rest, "%c%2d:%2d%n", &sign, &hours, &minutes, &used) != 3 ||
                          used != 6 || rest[used] != '\0' || (sign != '+' && sign != '-') ||
                          hours < 0 || hours > 23 || minutes < 0 || minutes > 59))) {
        return false;
    }
    const int64_t offset = 60 * (60 * (int64_t)hours + minutes);
    *out_unix_s = (int64_t)timegm(&when) - (sign == '-' ? -offset : offset);
    return true;
}

cof_status cof_when(const char *text, int64_t *out_unix_s, cof_err *err)
{
    if (text == NULL) {
        *out_unix_s = (int64_t)time(NULL);
        return COF_OK;
    }
    char *end = NULL;
    errno = 0;
    const long long seconds = strtoll(text, &end, 10);
    if (errno == 0 && end != text && *end == '\0' && seconds >= 0) {
        *out_unix_s = seconds;
        return COF_OK;
    }
    if (!read_rfc3339(text, out_unix_s)) {
        return COF_FAIL(err, USAGE, "%s is not a time like 2026-12-31T23:59:59Z or Unix seconds",
                        text);
    }
    return COF_OK;
}
