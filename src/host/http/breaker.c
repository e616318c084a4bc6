#include "host/http/breaker.h"

#include <limits.h>

static unsigned or_default(unsigned value, unsigned otherwise)
{
    return value != 0 ? value : otherwise;
}

bool cof_breaker_may_pass(cof_breaker *breaker, const cof_breaker_policy *policy, int64_t now_ms,
                          unsigned *out_wait_ms)
{
    if (breaker->state == COF_BREAKER_CLOSED) {
        return true;
    }
    if (now_ms < breaker->until_ms) {
        const int64_t left = breaker->until_ms - now_ms;
        *out_wait_ms = left < (int64_t)UINT_MAX ? (unsigned)left : UINT_MAX;
        return false;
    }
    /* Who was sent before and never came back must not keep it closed to others. */
    breaker->state = COF_BREAKER_HALF_OPEN;
    breaker->until_ms = now_ms + (int64_t)or_default(policy->open_ms, 5000);
    return true;
}

void cof_breaker_worked(cof_breaker *breaker)
{
    *breaker = (cof_breaker){0};
}

void cof_breaker_failed(cof_breaker *breaker, const cof_breaker_policy *policy, int64_t now_ms)
{
    const unsigned most = or_default(policy->open_max_ms, 60000);
    breaker->failures += breaker->failures < UINT_MAX;
    if (breaker->state == COF_BREAKER_CLOSED) {
        if (breaker->failures < or_default(policy->failures, 5)) {
            return;
        }
        breaker->open_ms = or_default(policy->open_ms, 5000);
    } else if (breaker->state == COF_BREAKER_HALF_OPEN) {
        breaker->open_ms = breaker->open_ms > most / 2 ? most : breaker->open_ms * 2;
    } else {
        return; /* of a request from before: the pause is counted from what opened it */
    }
    breaker->open_ms = breaker->open_ms < most ? breaker->open_ms : most;
    breaker->state = COF_BREAKER_OPEN;
    breaker->until_ms = now_ms + (int64_t)breaker->open_ms;
}

bool cof_breaker_is_alive(int http_status)
{
    switch (http_status) {
    case 0:
    case 500:
    case 502:
    case 503:
    case 504:
        return false;
    default:
        return true;
    }
}
