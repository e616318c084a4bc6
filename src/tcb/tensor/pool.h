/*
 * A fixed number of threads that all run one function at a time. Nobody spins: who has nothing to
 * do sleeps. What a thread works on is a function of its index alone, so results do not depend on
 * which thread is faster.
 */
#ifndef COF_TENSOR_POOL_H
#define COF_TENSOR_POOL_H

#include <stddef.h>

#include "tcb/base/own.h"
#include "tcb/base/status.h"

typedef struct cof_pool cof_pool;

/** Work of thread index of count. */
typedef void (*cof_pool_work)(void *context, size_t index, size_t count);

/** The stack of each thread that a pool makes, in bytes. */
enum { COF_POOL_STACK_BYTES = 256 * 1024 };

/**
 * Makes count - 1 threads: the caller of cof_pool_run is the first of them, so 1 makes none.
 * @param count  1 to COF_LIMIT_THREADS
 * @return COF_OK, COF_E_BAD_ARGUMENT, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_pool_new(size_t count, cof_pool **out_pool, cof_err *err);

size_t cof_pool_count(const cof_pool *pool);

/** Runs work(context, i, count) once for each i and returns when all are done. Not reentrant. */
void cof_pool_run(cof_pool *pool, cof_pool_work work, void *context);

/** Share index of count of the range 0 to total, cut at multiples of grain (at least 1). May be
 * empty. */
void cof_pool_share(size_t total, size_t grain, size_t index, size_t count, size_t *out_begin,
                    size_t *out_end);

void cof_pool_free(cof_pool *pool);
COF_OWNED(cof_pool, cof_pool_free);

#endif
