#include "tcb/tensor/pool.h"

#include <pthread.h>
#include <stdint.h>

#include "tcb/base/limits.h"

struct member {
    cof_pool *pool;
    pthread_t thread;
    size_t index;
};

struct cof_pool {
    pthread_mutex_t lock;
    pthread_cond_t wake; /* there is a new round, or the end */
    pthread_cond_t done; /* the last member has finished the round */
    cof_pool_work work;
    void *context;
    uint64_t round;
    size_t busy;
    size_t count;
    size_t started; /* members whose thread exists; member 0 is the caller */
    bool is_ending;
    struct member members[COF_LIMIT_THREADS];
};

static void *member_main(void *argument)
{
    const struct member *self = argument;
    cof_pool *pool = self->pool;
    uint64_t seen = 0;
    (void)pthread_mutex_lock(&pool->lock);
    for (;;) {
        while (pool->round == seen && !pool->is_ending) {
            (void)pthread_cond_wait(&pool->wake, &pool->lock);
        }
        if (pool->is_ending) {
            break;
        }
        seen = pool->round;
        (void)pthread_mutex_unlock(&pool->lock);
        pool->work(pool->context, self->index, pool->count);
        (void)pthread_mutex_lock(&pool->lock);
        pool->busy--;
        if (pool->busy == 0) {
            (void)pthread_cond_signal(&pool->done);
        }
    }
    (void)pthread_mutex_unlock(&pool->lock);
    return NULL;
}

static cof_status start_members(cof_pool *pool, cof_err *err)
{
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0) {
        return COF_FAIL(err, NO_MEMORY, "thread attributes");
    }
    int failed = pthread_attr_setstacksize(&attributes, COF_POOL_STACK_BYTES);
    for (size_t i = 1; i < pool->count && failed == 0; i++) {
        pool->members[i] = (struct member){.pool = pool, .index = i};
        failed =
            pthread_create(&pool->members[i].thread, &attributes, member_main, &pool->members[i]);
        pool->started += failed == 0 ? 1 : 0;
    }
    (void)pthread_attr_destroy(&attributes);
    if (failed != 0) {
        return COF_FAIL(err, NO_MEMORY, "thread %zu of %zu", pool->started + 1, pool->count);
    }
    return COF_OK;
}

cof_status cof_pool_new(size_t count, cof_pool **out_pool, cof_err *err)
{
    if (count < 1 || count > COF_LIMIT_THREADS) {
        return COF_FAIL(err, BAD_ARGUMENT, "%zu threads where 1 to %d are allowed", count,
                        COF_LIMIT_THREADS);
    }
    COF_CLEANUP(cof_pool_drop_) cof_pool *pool = calloc(1, sizeof *pool);
    if (pool == NULL) {
        return COF_FAIL(err, NO_MEMORY, "thread pool");
    }
    pool->count = count;
    /* With default attributes these three cannot fail on Linux. */
    (void)pthread_mutex_init(&pool->lock, NULL);
    (void)pthread_cond_init(&pool->wake, NULL);
    (void)pthread_cond_init(&pool->done, NULL);
    COF_TRY(start_members(pool, err));
    *out_pool = cof_pool_take(&pool);
    return COF_OK;
}

size_t cof_pool_count(const cof_pool *pool)
{
    return pool->count;
}

void cof_pool_run(cof_pool *pool, cof_pool_work work, void *context)
{
    if (pool->count == 1) {
        work(context, 0, 1);
        return;
    }
    (void)pthread_mutex_lock(&pool->lock);
    pool->work = work;
    pool->context = context;
    pool->busy = pool->count - 1;
    pool->round++;
    (void)pthread_cond_broadcast(&pool->wake);
    (void)pthread_mutex_unlock(&pool->lock);
    work(context, 0, pool->count);
    (void)pthread_mutex_lock(&pool->lock);
    while (pool->busy > 0) {
        (void)pthread_cond_wait(&pool->done, &pool->lock);
    }
    (void)pthread_mutex_unlock(&pool->lock);
}

void cof_pool_share(size_t total, size_t grain, size_t index, size_t count, size_t *out_begin,
                    size_t *out_end)
{
    const size_t grains = total / grain + (total % grain != 0 ? 1 : 0);
    /* The first (grains % count) shares get one grain more; no product that could overflow. */
    const size_t each = grains / count;
    const size_t extra = grains % count;
    const size_t first = index * each + (index < extra ? index : extra);
    const size_t last = first + each + (index < extra ? 1 : 0);
    *out_begin = first * grain < total ? first * grain : total;
    *out_end = last * grain < total ? last * grain : total;
}

void cof_pool_free(cof_pool *pool)
{
    if (pool == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&pool->lock);
    pool->is_ending = true;
    (void)pthread_cond_broadcast(&pool->wake);
    (void)pthread_mutex_unlock(&pool->lock);
    for (size_t i = 1; i <= pool->started; i++) {
        (void)pthread_join(pool->members[i].thread, NULL);
    }
    (void)pthread_cond_destroy(&pool->done);
    (void)pthread_cond_destroy(&pool->wake);
    (void)pthread_mutex_destroy(&pool->lock);
    free(pool);
}
