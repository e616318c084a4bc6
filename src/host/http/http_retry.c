#include "host/http/http_retry.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { NO_HINT = -1, TOO_LONG = 1 << 30 };

static unsigned or_default(unsigned value, unsigned otherwise)
{
    return value != 0 ? value : otherwise;
}

static bool is_worth_it(const cof_retry_outcome *outcome)
{
    switch (outcome->http_status) {
    case 429:
    case 503:
        return true;
    case 404:
    case 410:
        return outcome->is_patient && outcome->is_repeatable;
    case 0:
    case 408:
    case 500:
    case 502:
    case 504:
        return outcome->is_repeatable;
    default:
        return false;
    }
}

/* A whole number of units, in milliseconds. */
static long read_number(const char *text, long unit_ms)
{
    const size_t size = text != NULL ? strlen(text) : 0;
    if (size == 0 || strspn(text, "0123456789") != size) {
        return NO_HINT;
    }
    return size > 6 ? TOO_LONG : strtol(text, NULL, 10) * unit_ms;
}

/* RFC 9110 section 10.2.3: an HTTP date of the one form that is still sent. What has passed is now.
 */
static long read_date(const char *text, int64_t now_unix_s)
{
    struct tm parts = {0};
    if (text == NULL || now_unix_s == 0) {
        return NO_HINT;
    }
    const char *rest = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    if (rest == NULL || *rest != '\0') {
        return NO_HINT;
    }
    const int64_t left = (int64_t)timegm(&parts) - now_unix_s;
    if (left <= 0) {
        return 0;
    }
    return left > 24L * 3600 ? TOO_LONG : (long)left * 1000;
}

static long read_hint(const cof_retry_outcome *outcome)
{
    long wait = read_number(outcome->retry_after_ms, 1);
    wait = wait != NO_HINT ? wait : read_number(outcome->x_ms_retry_after_ms, 1);
    wait = wait != NO_HINT ? wait : read_number(outcome->retry_after, 1000);
    return wait != NO_HINT ? wait : read_date(outcome->retry_after, outcome->now_unix_s);
}

bool cof_retry_decide(const cof_retry_policy *policy, const cof_retry_outcome *outcome,
                      uint32_t random, unsigned *out_wait_ms)
{
    const unsigned cap_ms = or_default(policy->cap_ms, 8000);
    const unsigned budget_ms = or_default(policy->budget_ms, 20000);
    if (outcome->attempt >= or_default(policy->attempts, 4) || !is_worth_it(outcome)) {
        return false;
    }
    long wait = read_hint(outcome);
    if (wait == NO_HINT) {
        const unsigned shift = outcome->attempt - 1 < 16 ? outcome->attempt - 1 : 16;
        const uint64_t full = (uint64_t)or_default(policy->base_ms, 400) << shift;
        const unsigned bounded = full < cap_ms ? (unsigned)full : cap_ms;
        wait = (long)(bounded / 2 + random % (bounded / 2 + 1));
    }
    if (wait > (long)cap_ms || (uint64_t)outcome->waited_ms + (uint64_t)wait > budget_ms) {
        return false;
    }
    *out_wait_ms = (unsigned)wait;
    return true;
}
