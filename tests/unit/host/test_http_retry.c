#include "harness/cof_test.h"

#include "host/http/http_retry.h"

static const cof_retry_policy defaults = {0};

static bool decide(cof_retry_outcome outcome, uint32_t random, unsigned *wait_ms)
{
    return cof_retry_decide(&defaults, &outcome, random, wait_ms);
}

static void only_what_may_succeed_later_is_repeated(void **state)
{
    (void)state;
    static const struct {
        int status;
        bool always;
        bool when_repeatable;
    } rows[] = {{0, false, true},    {200, false, false}, {400, false, false}, {401, false, false},
                {403, false, false}, {404, false, false}, {408, false, true},  {409, false, false},
                {429, true, true},   {500, false, true},  {501, false, false}, {502, false, true},
                {503, true, true},   {504, false, true}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unsigned wait_ms = 0;
        assert_int_equal(
            decide((cof_retry_outcome){.attempt = 1, .http_status = rows[i].status}, 0, &wait_ms),
            rows[i].always);
        assert_int_equal(decide((cof_retry_outcome){.attempt = 1,
                                                    .http_status = rows[i].status,
                                                    .is_repeatable = true},
                                0, &wait_ms),
                         rows[i].when_repeatable);
    }
}

static void attempts_end(void **state)
{
    (void)state;
    unsigned wait_ms = 0;
    assert_true(decide((cof_retry_outcome){.attempt = 3, .http_status = 503}, 0, &wait_ms));
    assert_false(decide((cof_retry_outcome){.attempt = 4, .http_status = 503}, 0, &wait_ms));
}

static void waits_double_with_jitter_and_have_a_cap(void **state)
{
    (void)state;
    const cof_retry_policy many = {
        .attempts = 100, .base_ms = 100, .cap_ms = 1000, .budget_ms = 1000000};
    for (unsigned attempt = 1; attempt < 100; attempt++) {
        const unsigned full = attempt <= 4 ? 100u << (attempt - 1) : 1000;
        const cof_retry_outcome outcome = {.attempt = attempt, .http_status = 503};
        for (uint32_t random = 0; random < 5000; random += 7) {
            unsigned wait_ms = 0;
            assert_true(cof_retry_decide(&many, &outcome, random, &wait_ms));
            assert_in_range(wait_ms, full / 2, full);
        }
    }
}

static void the_services_hint_is_followed_exactly(void **state)
{
    (void)state;
    unsigned wait_ms = 0;
    assert_true(decide((cof_retry_outcome){.attempt = 1, .http_status = 429, .retry_after = "3"},
                       99, &wait_ms));
    assert_int_equal(wait_ms, 3000);
    assert_true(decide(
        (cof_retry_outcome){
            .attempt = 1, .http_status = 429, .retry_after = "3", .retry_after_ms = "20"},
        99, &wait_ms));
    assert_int_equal(wait_ms, 20);
    assert_true(decide((cof_retry_outcome){.attempt = 1, .http_status = 429, .retry_after = "soon"},
                       0, &wait_ms));
    assert_int_equal(wait_ms, 200);
}

static void a_hint_over_the_limits_ends_the_attempts(void **state)
{
    (void)state;
    unsigned wait_ms = 0;
    assert_false(decide((cof_retry_outcome){.attempt = 1, .http_status = 429, .retry_after = "9"},
                        0, &wait_ms));
    assert_false(decide((cof_retry_outcome){.attempt = 1,
                                            .http_status = 429,
                                            .retry_after = "99999999999999999999"},
                        0, &wait_ms));
    assert_false(decide(
        (cof_retry_outcome){
            .attempt = 1, .waited_ms = 19000, .http_status = 429, .retry_after = "2"},
        0, &wait_ms));
}

static void hints_have_an_order_and_a_date_is_one(void **state)
{
    (void)state;
    unsigned wait_ms = 0;
    cof_retry_outcome outcome = {.attempt = 1,
                                 .http_status = 503,
                                 .retry_after = "Sun, 06 Nov 1994 08:49:40 GMT",
                                 .now_unix_s = 784111777}; /* RFC 9110 section 5.6.7's example */
    assert_true(decide(outcome, 99, &wait_ms));
    assert_int_equal(wait_ms, 3000);
    outcome.now_unix_s = 784111790; /* it has passed */
    assert_true(decide(outcome, 99, &wait_ms));
    assert_int_equal(wait_ms, 0);
    outcome.now_unix_s = 784111700; /* over the cap */
    assert_false(decide(outcome, 0, &wait_ms));
    outcome.now_unix_s = 700000000; /* over a day */
    assert_false(decide(outcome, 0, &wait_ms));
    outcome.x_ms_retry_after_ms = "70";
    assert_true(decide(outcome, 99, &wait_ms));
    assert_int_equal(wait_ms, 70);
    outcome.retry_after_ms = "60";
    assert_true(decide(outcome, 99, &wait_ms));
    assert_int_equal(wait_ms, 60);
    outcome = (cof_retry_outcome){.attempt = 1, .http_status = 503, .retry_after = "Sun, 06 Nov"};
    outcome.now_unix_s = 784111777;
    assert_true(decide(outcome, 0, &wait_ms));
    assert_int_equal(wait_ms, 200); /* no date: as without */
}

static void only_a_patient_request_is_repeated_after_404(void **state)
{
    (void)state;
    unsigned wait_ms = 0;
    static const int statuses[] = {404, 410};
    for (size_t i = 0; i < 2; i++) {
        cof_retry_outcome outcome = {
            .attempt = 1, .http_status = statuses[i], .is_repeatable = true};
        assert_false(decide(outcome, 0, &wait_ms));
        outcome.is_patient = true;
        assert_true(decide(outcome, 0, &wait_ms));
        outcome.is_repeatable = false;
        assert_false(decide(outcome, 0, &wait_ms));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_may_succeed_later_is_repeated),
        cmocka_unit_test(attempts_end),
        cmocka_unit_test(waits_double_with_jitter_and_have_a_cap),
        cmocka_unit_test(the_services_hint_is_followed_exactly),
        cmocka_unit_test(a_hint_over_the_limits_ends_the_attempts),
        cmocka_unit_test(hints_have_an_order_and_a_date_is_one),
        cmocka_unit_test(only_a_patient_request_is_repeated_after_404),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
