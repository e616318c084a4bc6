/* A state folder of one test, and a clock that the test moves. */
#ifndef COF_TEST_LOCAL_FIXTURE_H
#define COF_TEST_LOCAL_FIXTURE_H

#include "harness/cof_tempdir.h"
#include "harness/cof_test.h"
#include "local/state/state.h"

typedef struct local_fixture {
    char home[COF_TEMPDIR_SIZE];
    cof_state *state;
} local_fixture;

static int64_t fixture_now;

static inline int64_t fixture_clock(void)
{
    return fixture_now;
}

static inline int fixture_start(void **state)
{
    local_fixture *f = calloc(1, sizeof *f);
    cof_tempdir_make(f->home);
    fixture_now = 1000000;
    assert_ok(cof_state_open(f->home, fixture_clock, &f->state, NULL));
    *state = f;
    return 0;
}

static inline int fixture_stop(void **state)
{
    local_fixture *f = *state;
    cof_state_free(f->state);
    cof_tempdir_remove(f->home);
    free(f);
    return 0;
}

#define local_test(function) cmocka_unit_test_setup_teardown(function, fixture_start, fixture_stop)

#endif
