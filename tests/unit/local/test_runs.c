#include "local_fixture.h"

#include <stdio.h>
#include <string.h>

#include "local/vault/runs.h"
#include "tcb/wire/json.h"

#define PREFIX   "0123456789abcdef0123456789abcdef"
#define CONTRACT PREFIX "fedcba9876543210fedcba9876543210"

static cof_stored_key key_with(const char *tags)
{
    cof_stored_key key = {.name = "k", .version = "00112233445566778899aabbccddeeff"};
    key.meta = json_pack("{s:o}", "tags", json_loads(tags, 0, NULL));
    assert_non_null(key.meta);
    return key;
}

static cof_status admit(const cof_state *state, const cof_stored_key *key, const char *contract,
                        const char *run)
{
    COF_JSON json_t *runtime = json_pack("{s:s*,s:s*}", "contract", contract, "run", run);
    return cof_runs_admit(state, key, runtime, NULL);
}

static const char *run_name(int number)
{
    static char text[40];
    (void)snprintf(text, sizeof text, "%032x", (unsigned)number);
    return text;
}

static void a_key_without_limits_is_not_limited(void **state)
{
    const local_fixture *f = *state;
    COF_CLEANUP(cof_stored_key_free) cof_stored_key key = key_with("{\"other\":\"x\"}");
    assert_ok(cof_runs_admit(f->state, &key, NULL, NULL));
    assert_ok(admit(f->state, &key, CONTRACT, NULL));
}

static void a_contract_ends_at_its_second(void **state)
{
    const local_fixture *f = *state;
    COF_CLEANUP(cof_stored_key_free)
    cof_stored_key key = key_with("{\"coffer.expires." PREFIX "\":\"1000001\"}");
    assert_ok(admit(f->state, &key, CONTRACT, NULL));
    fixture_now = 1000001;
    assert_status(admit(f->state, &key, CONTRACT, NULL), CONTRACT_EXPIRED);
}

static void distinct_runs_are_counted_and_repeated_ones_are_not(void **state)
{
    const local_fixture *f = *state;
    COF_CLEANUP(cof_stored_key_free)
    cof_stored_key key = key_with("{\"coffer.runs." PREFIX "\":\"3\"}");
    for (int i = 0; i < 3; i++) {
        assert_ok(admit(f->state, &key, CONTRACT, run_name(i)));
        assert_ok(admit(f->state, &key, CONTRACT, run_name(i)));
    }
    assert_status(admit(f->state, &key, CONTRACT, run_name(3)), RUNS_EXHAUSTED);
    assert_ok(admit(f->state, &key, CONTRACT, run_name(0)));
}

static void a_resumed_run_ends_with_the_contract_too(void **state)
{
    const local_fixture *f = *state;
    COF_CLEANUP(cof_stored_key_free)
    cof_stored_key key =
        key_with("{\"coffer.runs." PREFIX "\":\"3\",\"coffer.expires." PREFIX "\":\"1000010\"}");
    assert_ok(admit(f->state, &key, CONTRACT, run_name(0)));
    fixture_now = 1000010;
    assert_status(admit(f->state, &key, CONTRACT, run_name(0)), CONTRACT_EXPIRED);
}

static void what_names_no_contract_or_run_is_refused(void **state)
{
    const local_fixture *f = *state;
    COF_CLEANUP(cof_stored_key_free)
    cof_stored_key key = key_with("{\"coffer.runs." PREFIX "\":\"3\"}");
    assert_status(cof_runs_admit(f->state, &key, NULL, NULL), CONTRACT_MISMATCH);
    static const char *const contracts[] = {
        "", PREFIX, CONTRACT "0",
        "0123456789ABCDEF0123456789abcdeffedcba9876543210fedcba9876543210"};
    for (size_t i = 0; i < sizeof contracts / sizeof contracts[0]; i++) {
        assert_status(admit(f->state, &key, contracts[i], run_name(0)), CONTRACT_MISMATCH);
    }
    assert_status(admit(f->state, &key, CONTRACT, NULL), CONTRACT_MISMATCH);
    assert_status(admit(f->state, &key, CONTRACT, "../../x"), CONTRACT_MISMATCH);
}

static void a_count_that_was_altered_is_refused(void **state)
{
    const local_fixture *f = *state;
    static const char *const texts[] = {"",
                                        "{",
                                        "[]",
                                        "{}",
                                        "{\"runs\":5}",
                                        "{\"runs\":[5]}",
                                        "{\"runs\":[\"x\"]}",
                                        "{\"runs\":[],\"runs\":[]}"};
    COF_CLEANUP(cof_stored_key_free)
    cof_stored_key key = key_with("{\"coffer.runs." PREFIX "\":\"3\"}");
    assert_ok(admit(f->state, &key, CONTRACT, run_name(0)));
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_ok(cof_state_write(f->state,
                                  "vault/runs/k.00112233445566778899aabbccddeeff." PREFIX ".json",
                                  cof_view_text(texts[i]), NULL));
        assert_true(admit(f->state, &key, CONTRACT, run_name(0)) != COF_OK);
    }
}

static cof_status check_tags(const char *text)
{
    COF_JSON json_t *tags = json_loads(text, 0, NULL);
    assert_non_null(tags);
    return cof_runs_check_tags(tags, NULL);
}

static void tags_are_exact_or_refused(void **state)
{
    (void)state;
    assert_ok(check_tags("{\"a\":\"b\",\"coffer.runs." PREFIX "\":\"1\",\"coffer.expires." PREFIX
                         "\":\"0\"}"));
    static const char *const texts[] = {"{\"coffer.\":\"1\"}",
                                        "{\"coffer.runs." PREFIX "\":\"0\"}",
                                        "{\"coffer.runs." PREFIX "\":\"1001\"}",
                                        "{\"coffer.runs." PREFIX "\":\"01\"}",
                                        "{\"coffer.runs." PREFIX "\":\"-1\"}",
                                        "{\"coffer.runs." PREFIX "\":\" 1\"}",
                                        "{\"coffer.runs." PREFIX "\":\"\"}",
                                        "{\"coffer.runs." PREFIX "\":\"99999999999999999999\"}",
                                        "{\"coffer.runs." PREFIX "0\":\"1\"}",
                                        "{\"coffer.runs.0123456789ABCDEF0123456789abcdef\":\"1\"}",
                                        "{\"coffer.expires." PREFIX "\":\"tomorrow\"}",
                                        "{\"coffer.other." PREFIX "\":\"1\"}"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_status(check_tags(texts[i]), BAD_FORMAT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        local_test(a_key_without_limits_is_not_limited),
        local_test(a_contract_ends_at_its_second),
        local_test(distinct_runs_are_counted_and_repeated_ones_are_not),
        local_test(a_resumed_run_ends_with_the_contract_too),
        local_test(what_names_no_contract_or_run_is_refused),
        local_test(a_count_that_was_altered_is_refused),
        local_test(tags_are_exact_or_refused),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
