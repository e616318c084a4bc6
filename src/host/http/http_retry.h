/* When a request is sent again, and after how long. Pure: no clock, no random source, no sleep of
 * its own. */
#ifndef COF_HOST_HTTP_RETRY_H
#define COF_HOST_HTTP_RETRY_H

#include <stdint.h>

#include "tcb/base/buf.h"

/** Zeroed members get the defaults named. */
typedef struct cof_retry_policy {
    unsigned attempts;  /* 4: the first one counts; 1 never repeats */
    unsigned base_ms;   /* 400: before the second attempt, then doubled */
    unsigned cap_ms;    /* 8000: no single wait is longer */
    unsigned budget_ms; /* 20000: all waits together */
} cof_retry_policy;

/** What happened to the attempt just made. */
typedef struct cof_retry_outcome {
    unsigned attempt;        /* 1 for the first */
    unsigned waited_ms;      /* so far */
    int http_status;         /* 0: there was no answer */
    bool is_repeatable;      /* doing it twice is the same as once */
    bool is_patient;         /* 404 and 410 too: the service is not ready yet */
    const char *retry_after; /* the field of the answer: seconds, or a date; NULL: there is none */
    const char *retry_after_ms;
    const char *x_ms_retry_after_ms;
    int64_t now_unix_s; /* for a date; 0: a date is no hint */
} cof_retry_outcome;

/**
 * Should it be sent again? 429 and 503 always (the service did not do it); no answer at all, 408,
 * 500, 502 and 504 only what is repeatable. A service's hint (retry-after-ms, x-ms-retry-after-ms,
 * Retry-After, in this order) is followed exactly, or not at all when it goes over a limit; without
 * one the wait is between half and the whole of base *
 * 2^(attempt-1).
 *
 * @param random  any 32 random bits
 */
bool cof_retry_decide(const cof_retry_policy *policy, const cof_retry_outcome *outcome,
                      uint32_t random, unsigned *out_wait_ms);

#endif
