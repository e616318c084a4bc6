/*
 * A circuit breaker for one service: after failures in a row it is left alone for a while, then
 * tried with one request, and left alone for longer when that fails too. Pure: no clock of its own.
 *
 *   closed --failures--> open --time--> half open --success--> closed
 *                          ^-----------failure------'
 */
#ifndef COF_HOST_BREAKER_H
#define COF_HOST_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

/** Zeroed members get the defaults named. */
typedef struct cof_breaker_policy {
    unsigned failures;    /* 5 in a row open it */
    unsigned open_ms;     /* 5000: then doubled for each trial that fails */
    unsigned open_max_ms; /* 60000 */
} cof_breaker_policy;

typedef enum cof_breaker_state {
    COF_BREAKER_CLOSED,
    COF_BREAKER_OPEN,
    COF_BREAKER_HALF_OPEN /* one request is on its way, to see */
} cof_breaker_state;

/** Zeroed is closed. */
typedef struct cof_breaker {
    cof_breaker_state state;
    unsigned failures; /* in a row */
    unsigned open_ms;  /* of the present pause */
    int64_t until_ms;  /* of the pause, or of the wait for the trial's result */
} cof_breaker;

/**
 * May a request be sent now? The first after a pause may, as a trial; others wait for its result,
 * for as long as a pause at most.
 * @param out_wait_ms  when it may not: until one may
 */
bool cof_breaker_may_pass(cof_breaker *breaker, const cof_breaker_policy *policy, int64_t now_ms,
                          unsigned *out_wait_ms);

/** The service answered. */
void cof_breaker_worked(cof_breaker *breaker);
/** It did not answer, or that it cannot. */
void cof_breaker_failed(cof_breaker *breaker, const cof_breaker_policy *policy, int64_t now_ms);

/** Does an answer of this HTTP status say that the service is there? 0: there was no answer. */
bool cof_breaker_is_alive(int http_status);

#endif
