#include "apps/coffer/when.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Two digits, at most high. */
static bool read_two(const char *text, int high, int *out)
{
    if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9') {
        return false;
    }
    *out = 10 * (text[0] - '0') + (text[1] - '0');
    return *out <= high;
}

/* "Z", "+01:00" or "-01:00" */
static bool read_offset(const char *text, int64_t *out_s)
{
    int hours = 0;
    int minutes = 0;
    *out_s = 0;
    if (strcmp(text, "Z") == 0) {
        return true;
    }
    if (strlen(text) != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':' ||
        !read_two(text + 1, 23, &hours) || !read_two(text + 4, 59, &minutes)) {
        return false;
    }
    *out_s = (text[0] == '-' ? -60 : 60) * (60 * (int64_t)hours + minutes);
    return true;
}

/* RFC 3339 §5.6; fractions of a second are dropped. */
static bool read_rfc3339(const char *text, int64_t *out_unix_s)
{
    struct tm when = {0};
    int64_t offset_s = 0;
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &when);
    if (rest != NULL && *rest == '.' && strspn(rest + 1, "0123456789") > 0) {
        rest += 1 + strspn(rest + 1, "0123456789");
    }
    if (rest == NULL || !read_offset(rest, &offset_s)) {
        return false;
    }
    *out_unix_s = (int64_t)timegm(&when) - offset_s;
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
