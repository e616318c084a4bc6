#include "host/http/breaker.h"

#include "harness/cof_test.h"

static const cof_breaker_policy defaults = {0};

static bool may_pass(cof_breaker *breaker, int64_t now_ms, unsigned *wait_ms)
{
    *wait_ms = 0;
    return cof_breaker_may_pass(breaker, &defaults, now_ms, wait_ms);
}

static void fail_times(cof_breaker *breaker, unsigned count, int64_t now_ms)
{
    for (unsigned i = 0; i < count; i++) {
        cof_breaker_failed(breaker, &defaults, now_ms);
    }
}

static void it_opens_after_failures_in_a_row_only(void **state)
{
    (void)state;
    unsigned wait_ms = 0;
    cof_breaker breaker = {0};
    fail_times(&breaker, 4, 100);
    cof_breaker_worked(&breaker);
    fail_times(&breaker, 4, 100);
    assert_true(may_pass(&breaker, 100, &wait_ms));
    fail_times(&breaker, 1, 100);
    assert_false(may_pass(&breaker, 100, &wait_ms));
    assert_int_equal(wait_ms, 5000);
    assert_false(may_pass(&breaker, 5099, &wait_ms));
    assert_int_equal(wait_ms, 1);
}

static void after_the_pause_one_request_tries(void **state)
{
    (void)state;
    unsigned wait_ms = 0;
    cof_breaker breaker = {0};
    fail_times(&breaker, 5, 0);
    assert_true(may_pass(&breaker, 5000, &wait_ms));
    assert_int_equal(breaker.state, COF_BREAKER_HALF_OPEN);
    assert_false(may_pass(&breaker, 5000, &wait_ms));
    cof_breaker_worked(&breaker);
    assert_true(may_pass(&breaker, 5000, &wait_ms));
    assert_true(may_pass(&breaker, 5000, &wait_ms));
}

static void a_trial_that_never_comes_back_does_not_keep_it_closed_for_ever(void **state)
{
    (void)state;
    unsigned wait_ms = 0;
    cof_breaker breaker = {0};
    fail_times(&breaker, 5, 0);
    assert_true(may_pass(&breaker, 5000, &wait_ms));
    assert_false(may_pass(&breaker, 9999, &wait_ms));
    assert_true(may_pass(&breaker, 10000, &wait_ms));
}

static void the_pauses_double_up_to_the_limit(void **state)
{
    (void)state;
    static const unsigned pauses[] = {5000, 10000, 20000, 40000, 60000, 60000};
    unsigned wait_ms = 0;
    int64_t now = 0;
    cof_breaker breaker = {0};
    fail_times(&breaker, 5, now);
    for (size_t i = 0; i < sizeof pauses / sizeof pauses[0]; i++) {
        assert_false(may_pass(&breaker, now, &wait_ms));
        assert_int_equal(wait_ms, pauses[i]);
        now += pauses[i];
        assert_true(may_pass(&breaker, now, &wait_ms));
        fail_times(&breaker, 1, now);
    }
}

static void a_late_failure_does_not_lengthen_the_pause(void **state)
{
    (void)state;
    unsigned wait_ms = 0;
    cof_breaker breaker = {0};
    fail_times(&breaker, 5, 0);
    fail_times(&breaker, 3, 4000);
    assert_true(may_pass(&breaker, 5000, &wait_ms));
}

static void the_policy_decides(void **state)
{
    (void)state;
    unsigned wait_ms = 0;
    const cof_breaker_policy policy = {.failures = 1, .open_ms = 100, .open_max_ms = 50};
    cof_breaker breaker = {0};
    cof_breaker_failed(&breaker, &policy, 0);
    assert_false(cof_breaker_may_pass(&breaker, &policy, 0, &wait_ms));
    assert_int_equal(wait_ms, 50);
}

static void throttling_and_refusals_are_signs_of_life(void **state)
{
    (void)state;
    static const int alive[] = {200, 304, 400, 401, 403, 404, 408, 429, 501};
    static const int dead[] = {0, 500, 502, 503, 504};
    for (size_t i = 0; i < sizeof alive / sizeof alive[0]; i++) {
        assert_true(cof_breaker_is_alive(alive[i]));
    }
    for (size_t i = 0; i < sizeof dead / sizeof dead[0]; i++) {
        assert_false(cof_breaker_is_alive(dead[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_opens_after_failures_in_a_row_only),
        cmocka_unit_test(after_the_pause_one_request_tries),
        cmocka_unit_test(a_trial_that_never_comes_back_does_not_keep_it_closed_for_ever),
        cmocka_unit_test(the_pauses_double_up_to_the_limit),
        cmocka_unit_test(a_late_failure_does_not_lengthen_the_pause),
        cmocka_unit_test(the_policy_decides),
        cmocka_unit_test(throttling_and_refusals_are_signs_of_life),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
