/* How problems are shown: with the line and a caret, as JSON, and with the nearest name. */
#include <stdio.h>
#include <string.h>

#include "contract_case.h"

static const char source[] = "first: 1\nsecond: \xc3\xa4\xc3\xb6 bad\n\tthird\n";

static cof_diagnostics *list_of(const char *text)
{
    cof_diagnostics *list = NULL;
    assert_ok(cof_diagnostics_new("job.yaml", cof_view_text(text), &list, NULL));
    return list;
}

static void a_problem_is_shown_under_its_line(void **state)
{
    (void)state;
    COF_CLEANUP(cof_diagnostics_drop_) cof_diagnostics *list = list_of(source);
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 4096};
    cof_diagnostics_add(list, 3, 2, NULL, "tab");
    cof_diagnostics_add(list, 2, 12, "write \"good\"", "bad is not %s", "good");
    cof_diagnostics_add(list, 0, 0, NULL, "whole file");
    cof_diagnostics_add(list, 99, 1, NULL, "beyond the end");
    cof_diagnostics_sort(list);
    assert_ok(cof_diagnostics_print(list, &out, NULL));
    assert_view_text(cof_buf_view(&out), "job.yaml: whole file\n"
                                         "job.yaml:2:12: bad is not good; write \"good\"\n"
                                         "    second: \xc3\xa4\xc3\xb6 bad\n"
                                         "               ^\n"
                                         "job.yaml:3:2: tab\n"
                                         "     third\n"
                                         "     ^\n"
                                         "job.yaml:99:1: beyond the end\n");
}

static void problems_are_json_too(void **state)
{
    (void)state;
    COF_CLEANUP(cof_diagnostics_drop_) cof_diagnostics *list = list_of(source);
    COF_JSON json_t *json = NULL;
    cof_diagnostics_add(list, 1, 8, "write 2", "one");
    cof_diagnostics_add(list, 2, 1, NULL, "two");
    assert_ok(cof_diagnostics_json(list, &json, NULL));
    COF_CLEANUP(cof_buf_free) cof_buf text = case_canonical(json);
    assert_view_text(cof_buf_view(&text),
                     "{\"count\":2,\"file\":\"job.yaml\",\"problems\":[{\"column\":8,\"line\":1,"
                     "\"message\":\"one\","
                     "\"remedy\":\"write 2\"},{\"column\":1,\"line\":2,\"message\":\"two\"}]}");
}

static void problems_over_the_limit_are_counted(void **state)
{
    (void)state;
    COF_CLEANUP(cof_diagnostics_drop_) cof_diagnostics *list = list_of("");
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 64 * 1024};
    const char *text = NULL;
    for (size_t i = 0; i < COF_DIAGNOSTICS_KEPT + 7; i++) {
        cof_diagnostics_add(list, i + 1, 1, NULL, "p");
    }
    assert_int_equal(cof_diagnostics_count(list), COF_DIAGNOSTICS_KEPT + 7);
    assert_null(cof_diagnostics_at(list, COF_DIAGNOSTICS_KEPT));
    assert_ok(cof_diagnostics_print(list, &out, NULL));
    assert_ok(cof_buf_text(&out, &text, NULL));
    assert_non_null(strstr(text, "job.yaml: and 7 more problems\n"));
}

static void no_problem_is_ok_and_a_problem_is_not(void **state)
{
    (void)state;
    COF_CLEANUP(cof_diagnostics_drop_) cof_diagnostics *list = list_of("");
    cof_err err = {0};
    assert_ok(cof_diagnostics_status(list, &err));
    cof_diagnostics_add(list, 4, 5, "r", "m");
    assert_status(cof_diagnostics_status(list, &err), CONTRACT_INVALID);
    assert_string_equal(err.detail, "job.yaml:4:5: m");
    cof_diagnostics_add(NULL, 1, 1, NULL, "nobody listens");
}

static void a_quoted_text_is_short_and_harmless(void **state)
{
    (void)state;
    char out[COF_DIAGNOSTICS_QUOTED];
    char text[200];
    assert_string_equal(cof_diagnostics_quote("a\x1b[31mb\n", out), "a?[31mb?");
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_int_equal(strlen(cof_diagnostics_quote(text, out)), COF_DIAGNOSTICS_QUOTED - 1);
    assert_string_equal(out + COF_DIAGNOSTICS_QUOTED - 4, "...");
    /* A cut does not leave half a character. */
    for (size_t i = 0; i + 1 < sizeof text; i++) {
        text[i] = (char)(i % 2 == 0 ? 0xc3 : 0xa4);
    }
    (void)cof_diagnostics_quote(text, out);
    const size_t kept = strlen(out) - 3;
    assert_true(kept % 2 == 0 && kept >= COF_DIAGNOSTICS_QUOTED - 5);
}

static void the_nearest_name_is_a_slip_of_the_hand_away(void **state)
{
    (void)state;
    static const char *const names[] = {"epochs", "batch", "seed", "validation",
                                        NULL,     "test",  "mlp"};
    const size_t count = sizeof names / sizeof names[0];
    assert_string_equal(cof_nearest_name("epoch", names, count), "epochs");
    assert_string_equal(cof_nearest_name("epocsh", names, count), "epochs");
    assert_string_equal(cof_nearest_name("bacth", names, count), "batch");
    assert_string_equal(cof_nearest_name("sede", names, count), "seed");
    assert_string_equal(cof_nearest_name("validaton", names, count), "validation");
    assert_string_equal(cof_nearest_name("mpl", names, count), "mlp");
    assert_null(cof_nearest_name("zzz", names, count));
    assert_null(cof_nearest_name("", names, count));
    assert_null(cof_nearest_name("x", names, count));
    assert_null(cof_nearest_name("averyveryverylongwordthatisnoneofthem", names, count));
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_problem_is_shown_under_its_line),
        cmocka_unit_test(problems_are_json_too),
        cmocka_unit_test(problems_over_the_limit_are_counted),
        cmocka_unit_test(no_problem_is_ok_and_a_problem_is_not),
        cmocka_unit_test(a_quoted_text_is_short_and_harmless),
        cmocka_unit_test(the_nearest_name_is_a_slip_of_the_hand_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
