/*
 * Slows down who fails often: after a number of failures in a row, each further attempt has to
 * wait, twice as long every time up to a maximum. In memory; a fixed number of names, of which the
 * one that failed longest ago makes room.
 */
#ifndef COF_LOCAL_THROTTLE_H
#define COF_LOCAL_THROTTLE_H

#include <stdint.h>

#include "tcb/base/own.h"
#include "tcb/base/status.h"

enum {
    COF_THROTTLE_NAMES = 256,
    COF_THROTTLE_NAME_SIZE = 104, /* longer names are cut */
    COF_THROTTLE_FREE = 10,       /* failures that cost nothing */
    COF_THROTTLE_FIRST_S = 2,
    COF_THROTTLE_MAX_S = 60,
    COF_THROTTLE_FORGET_S = 3600 /* after this long without a failure all is forgotten */
};

typedef struct cof_throttle cof_throttle;

COF_MUST_USE cof_status cof_throttle_new(cof_throttle **out, cof_err *err);

/** Seconds that this name still has to wait; 0: it may try. */
int64_t cof_throttle_wait(const cof_throttle *throttle, const char *name, int64_t now);

/** An attempt failed. */
void cof_throttle_failed(cof_throttle *throttle, const char *name, int64_t now);

/** An attempt succeeded: earlier failures are forgotten. */
void cof_throttle_passed(cof_throttle *throttle, const char *name);

void cof_throttle_free(cof_throttle *throttle);
COF_OWNED(cof_throttle, cof_throttle_free);

#endif
