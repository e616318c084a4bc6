#include "apps/coffer/when.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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
    struct tm when = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &when);
    if (rest == NULL || *rest != '\0') {
        return COF_FAIL(err, USAGE, "%s is not a time like 2026-12-31T23:59:59Z or Unix seconds",
                        text);
    }
    *out_unix_s = (int64_t)timegm(&when);
    return COF_OK;
}
