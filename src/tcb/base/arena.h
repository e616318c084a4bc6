/*
 * One block of memory, planned before use and given back (wiped) whole.
 *
 * Long-lived work (a training run) adds up what it needs first, makes the arena once, and never
 * allocates again: so its peak memory is known before it starts.
 */
#ifndef COF_BASE_ARENA_H
#define COF_BASE_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "tcb/base/status.h"

enum { COF_ARENA_ALIGN = 64 }; /* a cache line, and the widest vector */

typedef struct cof_arena {
    uint8_t *base;
    size_t size;
    size_t used;
} cof_arena;

/** Rounds a request up to what it takes from an arena. @return COF_OK, COF_E_LIMIT on overflow. */
COF_MUST_USE cof_status cof_arena_need(size_t bytes, size_t *out_bytes, cof_err *err);

/** Takes size bytes from the system, zeroed, excluded from core dumps. @return COF_OK,
 * COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_arena_init(cof_arena *arena, size_t size, cof_err *err);

/** Gives bytes, zeroed, aligned to COF_ARENA_ALIGN. @return COF_OK, COF_E_NO_MEMORY (the plan was
 * too small). */
COF_MUST_USE cof_status cof_arena_take(cof_arena *arena, size_t bytes, void **out_place,
                                       cof_err *err);

/** Wipes what was used and gives the memory back. Accepts a zeroed arena. */
void cof_arena_free(cof_arena *arena);

#endif
