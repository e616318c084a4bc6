#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "local/state/trail.h"
#include "local/vault/decisions.h"
#include "local_fixture.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"

static const cof_decision_filter any = {.max = COF_DECISIONS_MAX};

/* Appends a line to the trail, as it is. */
static void write_line(const local_fixture *f, const char *text, size_t size)
{
    cof_path path;
    assert_ok(cof_state_path(f->state, "audit.jsonl", &path, NULL));
    const int fd = open(path.text, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, size), size);
    assert_int_equal(close(fd), 0);
}

/* A record with a number, so long that blocks of the reader end within lines. */
static void write_record(const local_fixture *f, int number, const char *key, size_t padding)
{
    COF_CLEANUP(cof_buf_free) cof_buf line = {.limit = COF_LIMIT_JSON_BYTES};
    assert_ok(cof_buf_printf(&line, NULL,
                             "{\"action\":\"release\",\"key\":\"%s\",\"decision\":\"released\","
                             "\"run\":\"%d\",\"time\":%d,\"x\":\"",
                             key, number, 1000 + number));
    for (size_t i = 0; i < padding; i++) {
        assert_ok(cof_buf_append_text(&line, "y", NULL));
    }
    assert_ok(cof_buf_append_text(&line, "\"}\n", NULL));
    write_line(f, (const char *)line.data, line.size);
}

static json_t *ask(const local_fixture *f, const cof_decision_filter *filter, bool is_complete)
{
    json_t *records = NULL;
    bool found_complete = !is_complete;
    assert_ok(cof_decisions_read(f->state, filter, &records, &found_complete, NULL));
    assert_int_equal(found_complete, is_complete);
    return records;
}

static int number_at(const json_t *records, size_t index)
{
    return (int)json_integer_value(json_object_get(json_array_get(records, index), "time")) - 1000;
}

static void records_come_newest_first_across_blocks(void **state)
{
    const local_fixture *f = *state;
    for (int i = 0; i < 60; i++) {
        write_record(f, i, "k", (size_t)i * 97 % 7001);
    }
    COF_JSON json_t *records = ask(f, &any, true);
    assert_int_equal(json_array_size(records), 60);
    for (size_t i = 0; i < 60; i++) {
        assert_int_equal(number_at(records, i), 59 - (int)i);
    }
}

static void a_line_longer_than_a_block_is_read_whole(void **state)
{
    const local_fixture *f = *state;
    write_record(f, 1, "k", 10);
    write_record(f, 2, "k", 200000);
    write_record(f, 3, "k", 10);
    COF_JSON json_t *records = ask(f, &any, true);
    assert_int_equal(json_array_size(records), 3);
    assert_int_equal(number_at(records, 1), 2);
}

static void lines_that_are_no_records_are_passed_over(void **state)
{
    const local_fixture *f = *state;
    static const char *const lines[] = {"\n", "nonsense\n", "[1]\n", "{\"time\":5}\n",
                                        "{\"decision\":\"x\",\"decision\":\"y\"}\n"};
    write_record(f, 1, "k", 0);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        write_line(f, lines[i], strlen(lines[i]));
    }
    write_record(f, 2, "k", 0);
    write_line(f, "{\"decision\":\"cut sho", 20);
    COF_JSON json_t *records = ask(f, &any, true);
    assert_int_equal(json_array_size(records), 2);
}

static void a_line_over_the_limit_hides_no_other(void **state)
{
    const local_fixture *f = *state;
    COF_CLEANUP(cof_buf_free) cof_buf long_line = {.limit = (size_t)3 * COF_LIMIT_JSON_BYTES};
    uint8_t *place = NULL;
    assert_ok(cof_buf_extend(&long_line, (size_t)2 * COF_LIMIT_JSON_BYTES, &place, NULL));
    memset(place, 'x', long_line.size);
    place[long_line.size - 1] = '\n';
    write_record(f, 1, "k", 0);
    write_line(f, (const char *)long_line.data, long_line.size);
    write_record(f, 2, "k", 0);
    COF_JSON json_t *records = ask(f, &any, true);
    assert_int_equal(json_array_size(records), 2);
    assert_int_equal(number_at(records, 1), 1);
}

static void only_what_is_asked_for_comes(void **state)
{
    const local_fixture *f = *state;
    for (int i = 0; i < 10; i++) {
        write_record(f, i, i % 2 == 0 ? "even" : "odd", 0);
    }
    cof_decision_filter filter = {.key = "ODD", .max = 3};
    COF_JSON json_t *odd = ask(f, &filter, false);
    assert_int_equal(json_array_size(odd), 3);
    assert_int_equal(number_at(odd, 2), 5);
    filter = (cof_decision_filter){.run = "4", .max = 10};
    COF_JSON json_t *run = ask(f, &filter, true);
    assert_int_equal(json_array_size(run), 1);
    filter = (cof_decision_filter){.since_unix_s = 1007, .max = 10};
    COF_JSON json_t *late = ask(f, &filter, true);
    assert_int_equal(json_array_size(late), 3);
    filter = (cof_decision_filter){.action = "release", .decision = "refused", .max = 10};
    COF_JSON json_t *none = ask(f, &filter, true);
    assert_int_equal(json_array_size(none), 0);
}

static void an_answer_is_bounded_and_says_so(void **state)
{
    const local_fixture *f = *state;
    for (int i = 0; i < 12; i++) {
        write_record(f, i, "k", 60000);
    }
    COF_JSON json_t *records = ask(f, &any, false);
    assert_int_equal(json_array_size(records), 8);
    assert_int_equal(number_at(records, 0), 11);
}

static void an_empty_trail_has_no_decisions(void **state)
{
    const local_fixture *f = *state;
    write_line(f, "", 0);
    COF_JSON json_t *records = ask(f, &any, true);
    assert_int_equal(json_array_size(records), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        local_test(records_come_newest_first_across_blocks),
        local_test(a_line_longer_than_a_block_is_read_whole),
        local_test(lines_that_are_no_records_are_passed_over),
        local_test(a_line_over_the_limit_hides_no_other),
        local_test(only_what_is_asked_for_comes),
        local_test(an_answer_is_bounded_and_says_so),
        local_test(an_empty_trail_has_no_decisions),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
