#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "harness/cof_alloc_fail.h"
#include "harness/cof_test.h"
#include "tcb/base/limits.h"
#include "tcb/tensor/pool.h"

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*start)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*start)(void *), void *argument);

static int threads_left = -1; /* of those that may still be made; below 0: any number */
static size_t threads_made;

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*start)(void *), void *argument)
{
    if (threads_left == 0) {
        return EAGAIN;
    }
    threads_left--;
    threads_made++;
    return __real_pthread_create(thread, attributes, start, argument);
}

struct tally {
    atomic_int calls[8];
    atomic_int wrong;
    size_t count;
};

static void count_call(void *context, size_t index, size_t count)
{
    struct tally *tally = context;
    if (count != tally->count || index >= count) {
        atomic_fetch_add(&tally->wrong, 1);
        return;
    }
    atomic_fetch_add(&tally->calls[index], 1);
}

static void each_round_calls_each_index_once(void **state)
{
    (void)state;
    for (size_t count = 1; count <= 8; count++) {
        COF_CLEANUP(cof_pool_drop_) cof_pool *pool = NULL;
        assert_ok(cof_pool_new(count, &pool, NULL));
        assert_int_equal(cof_pool_count(pool), count);
        struct tally tally = {.count = count};
        for (int round = 1; round <= 200; round++) {
            cof_pool_run(pool, count_call, &tally);
            for (size_t i = 0; i < count; i++) {
                /* All of them are done when the call returns. */
                assert_int_equal(atomic_load(&tally.calls[i]), round);
            }
        }
        assert_int_equal(atomic_load(&tally.wrong), 0);
    }
}

static void one_thread_is_the_caller(void **state)
{
    (void)state;
    threads_made = 0;
    COF_CLEANUP(cof_pool_drop_) cof_pool *pool = NULL;
    assert_ok(cof_pool_new(1, &pool, NULL));
    assert_int_equal(threads_made, 0);
}

static void counts_outside_the_limit_are_refused(void **state)
{
    (void)state;
    cof_pool *pool = NULL;
    assert_status(cof_pool_new(0, &pool, NULL), BAD_ARGUMENT);
    assert_status(cof_pool_new(COF_LIMIT_THREADS + 1, &pool, NULL), BAD_ARGUMENT);
    assert_null(pool);
}

static void a_thread_that_cannot_be_made_fails_the_pool_and_leaves_none(void **state)
{
    (void)state;
    for (int allowed = 0; allowed < 3; allowed++) {
        threads_left = allowed;
        cof_pool *pool = NULL;
        assert_status(cof_pool_new(4, &pool, NULL), NO_MEMORY);
        assert_null(pool);
        threads_left = -1;
    }
}

static cof_status make_pool(void *context)
{
    (void)context;
    COF_CLEANUP(cof_pool_drop_) cof_pool *pool = NULL;
    return cof_pool_new(3, &pool, NULL);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    assert_true(cof_alloc_fail_each(make_pool, NULL, (const cof_status[]){COF_OK}) >= 1);
}

static void shares_cover_the_range_without_overlap(void **state)
{
    (void)state;
    static const size_t totals[] = {0, 1, 2, 11, 12, 13, 127, 128, 785, 65537};
    static const size_t grains[] = {1, 4, 12, 64};
    for (size_t t = 0; t < sizeof totals / sizeof totals[0]; t++) {
        for (size_t g = 0; g < sizeof grains / sizeof grains[0]; g++) {
            for (size_t count = 1; count <= 7; count++) {
                size_t next = 0;
                for (size_t i = 0; i < count; i++) {
                    size_t begin = 0;
                    size_t end = 0;
                    cof_pool_share(totals[t], grains[g], i, count, &begin, &end);
                    assert_int_equal(begin, next);
                    assert_true(end >= begin && (begin % grains[g] == 0 || begin == totals[t]));
                    next = end;
                }
                assert_int_equal(next, totals[t]);
            }
        }
    }
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_round_calls_each_index_once),
        cmocka_unit_test(one_thread_is_the_caller),
        cmocka_unit_test(counts_outside_the_limit_are_refused),
        cmocka_unit_test(a_thread_that_cannot_be_made_fails_the_pool_and_leaves_none),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(shares_cover_the_range_without_overlap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
