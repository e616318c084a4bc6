/* Slowing down guesses, and what must not be used twice. */
#include "harness/cof_test.h"

#include <stdio.h>
#include <string.h>

#include "local/identity/replay.h"
#include "local/identity/throttle.h"

static const int64_t start_time = 1000000;

static cof_throttle *new_throttle(void)
{
    cof_throttle *throttle = NULL;
    assert_ok(cof_throttle_new(&throttle, NULL));
    return throttle;
}

static void add_failures(cof_throttle *throttle, const char *name, int times, int64_t now)
{
    for (int i = 0; i < times; i++) {
        cof_throttle_failed(throttle, name, now);
    }
}

static void ten_failures_are_free_and_then_waits_double(void **state)
{
    (void)state;
    COF_CLEANUP(cof_throttle_drop_) cof_throttle *throttle = new_throttle();
    static const int64_t waits[] = {2, 4, 8, 16, 32, 60, 60, 60};
    add_failures(throttle, "a", COF_THROTTLE_FREE - 1, start_time);
    assert_int_equal(cof_throttle_wait(throttle, "a", start_time), 0);
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        add_failures(throttle, "A", 1, start_time);
        assert_int_equal(cof_throttle_wait(throttle, "a", start_time), waits[i]);
        assert_int_equal(cof_throttle_wait(throttle, "a", start_time + waits[i] - 1), 1);
        assert_int_equal(cof_throttle_wait(throttle, "a", start_time + waits[i]), 0);
    }
    assert_int_equal(cof_throttle_wait(throttle, "b", start_time), 0);
}

static void success_and_an_hour_make_it_forget(void **state)
{
    (void)state;
    COF_CLEANUP(cof_throttle_drop_) cof_throttle *throttle = new_throttle();
    add_failures(throttle, "a", 20, start_time);
    add_failures(throttle, "b", 20, start_time);
    cof_throttle_passed(throttle, "a");
    assert_int_equal(cof_throttle_wait(throttle, "a", start_time), 0);
    add_failures(throttle, "b", 1, start_time + COF_THROTTLE_FORGET_S);
    assert_int_equal(cof_throttle_wait(throttle, "b", start_time + COF_THROTTLE_FORGET_S), 0);
}

static void many_names_push_out_the_oldest_only(void **state)
{
    (void)state;
    COF_CLEANUP(cof_throttle_drop_) cof_throttle *throttle = new_throttle();
    char name[24];
    add_failures(throttle, "oldest", 20, start_time);
    add_failures(throttle, "newer", 20, start_time + 1);
    for (int i = 0; i < COF_THROTTLE_NAMES - 1; i++) {
        (void)snprintf(name, sizeof name, "n%d", i);
        add_failures(throttle, name, 1, start_time + 2);
    }
    assert_int_equal(cof_throttle_wait(throttle, "oldest", start_time + 2), 0);
    assert_true(cof_throttle_wait(throttle, "newer", start_time + 2) > 0);
}

#define ONE "11111111-1111-4111-8111-111111111111"
#define TWO "22222222-2222-4222-8222-222222222222"

static cof_digest name_of(unsigned number)
{
    cof_digest digest = {{0}};
    memcpy(digest.bytes, &number, sizeof number);
    return digest;
}

static void a_name_is_admitted_once_while_it_is_valid(void **state)
{
    (void)state;
    COF_CLEANUP(cof_replay_drop_) cof_replay *replay = NULL;
    assert_ok(cof_replay_new(&replay, NULL));
    const cof_digest a = name_of(1);
    const cof_digest b = name_of(2);
    assert_ok(cof_replay_admit(replay, ONE, &a, start_time, start_time + 10, NULL));
    assert_ok(cof_replay_admit(replay, ONE, &b, start_time, start_time + 20, NULL));
    assert_status(cof_replay_admit(replay, ONE, &a, start_time + 9, start_time + 19, NULL), EXISTS);
    assert_ok(cof_replay_admit(replay, ONE, &a, start_time + 10, start_time + 30, NULL));
    assert_status(cof_replay_admit(replay, ONE, &b, start_time + 19, start_time + 30, NULL),
                  EXISTS);
}

static void one_owner_cannot_keep_out_another(void **state)
{
    (void)state;
    COF_CLEANUP(cof_replay_drop_) cof_replay *replay = NULL;
    assert_ok(cof_replay_new(&replay, NULL));
    for (unsigned i = 0; i < COF_REPLAY_OF_ONE; i++) {
        const cof_digest name = name_of(i);
        assert_ok(cof_replay_admit(replay, ONE, &name, start_time, start_time + 10, NULL));
    }
    const cof_digest more = name_of(COF_REPLAY_OF_ONE);
    const cof_digest first = name_of(0);
    assert_status(cof_replay_admit(replay, ONE, &more, start_time, start_time + 10, NULL), LIMIT);
    assert_ok(cof_replay_admit(replay, TWO, &more, start_time, start_time + 10, NULL));
    assert_ok(cof_replay_admit(replay, TWO, &first, start_time, start_time + 10, NULL));
    assert_status(cof_replay_admit(replay, TWO, &first, start_time, start_time + 10, NULL), EXISTS);
}

static void a_full_memory_refuses_and_forgets_nothing(void **state)
{
    (void)state;
    COF_CLEANUP(cof_replay_drop_) cof_replay *replay = NULL;
    assert_ok(cof_replay_new(&replay, NULL));
    for (unsigned i = 0; i < COF_REPLAY_PLACES; i++) {
        const cof_digest name = name_of(i);
        char owner[COF_REPLAY_OWNER_SIZE];
        (void)snprintf(owner, sizeof owner, "%u", i % (COF_REPLAY_PLACES / COF_REPLAY_OF_ONE + 1));
        assert_ok(cof_replay_admit(replay, i == 0 ? ONE : owner, &name, start_time, start_time + 10,
                                   NULL));
    }
    const cof_digest more = name_of(COF_REPLAY_PLACES);
    const cof_digest first = name_of(0);
    assert_status(cof_replay_admit(replay, ONE, &more, start_time, start_time + 10, NULL), LIMIT);
    assert_status(cof_replay_admit(replay, ONE, &first, start_time, start_time + 10, NULL), EXISTS);
    assert_ok(cof_replay_admit(replay, ONE, &more, start_time + 10, start_time + 20, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_failures_are_free_and_then_waits_double),
        cmocka_unit_test(success_and_an_hour_make_it_forget),
        cmocka_unit_test(many_names_push_out_the_oldest_only),
        cmocka_unit_test(a_name_is_admitted_once_while_it_is_valid),
        cmocka_unit_test(one_owner_cannot_keep_out_another),
        cmocka_unit_test(a_full_memory_refuses_and_forgets_nothing),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
