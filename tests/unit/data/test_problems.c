#include "data_case.h"

static const char schema_json[] =
    "{\"columns\":[{\"name\":\"radius\",\"type\":\"number\",\"missing\":\"refuse\"},"
    "{\"name\":\"kind\",\"type\":\"number\",\"missing\":\"refuse\"}]}";

static void add(cof_problems *problems, cof_problem_kind kind, size_t column, uint64_t row)
{
    cof_problems_add(problems, &(cof_problem){.kind = kind,
                                              .column = column,
                                              .position = COF_PROBLEM_NO_COLUMN,
                                              .suggestion = COF_PROBLEM_NO_COLUMN,
                                              .first_row = row});
}

static void the_same_problem_is_counted_and_its_first_place_kept(void **state)
{
    (void)state;
    cof_problems problems = {0};
    add(&problems, COF_PROBLEM_NOT_A_NUMBER, 0, 17);
    add(&problems, COF_PROBLEM_MISSING, 0, 18);
    add(&problems, COF_PROBLEM_NOT_A_NUMBER, 0, 19);
    assert_int_equal(problems.kept_count, 2);
    assert_int_equal(problems.kept[0].count, 2);
    assert_int_equal(problems.kept[0].first_row, 17);
    assert_int_equal(problems.total, 3);
}

static void only_so_many_are_kept_and_all_are_counted(void **state)
{
    (void)state;
    cof_problems problems = {0};
    for (size_t i = 0; i < 1000; i++) {
        add(&problems, COF_PROBLEM_MISSING, i, i + 1);
        add(&problems, COF_PROBLEM_MISSING, 63, i + 1);
    }
    assert_int_equal(problems.kept_count, COF_PROBLEMS_KEPT);
    assert_int_equal(problems.total, 2000);
}

static void an_event_names_kind_column_count_and_row(void **state)
{
    (void)state;
    COF_CLEANUP(cof_schema_drop_) cof_schema *schema = case_schema(schema_json);
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    COF_JSON json_t *array = NULL;
    cof_problems problems = {0};
    cof_buf_init(&text, 4096);
    add(&problems, COF_PROBLEM_NOT_A_NUMBER, 0, 17);
    add(&problems, COF_PROBLEM_NOT_A_NUMBER, 0, 18);
    add(&problems, COF_PROBLEM_RAGGED_ROW, COF_PROBLEM_NO_COLUMN, 20);
    cof_problems_add(&problems, &(cof_problem){.kind = COF_PROBLEM_EXTRA_COLUMN,
                                               .column = COF_PROBLEM_NO_COLUMN,
                                               .position = 4,
                                               .suggestion = 1});
    assert_ok(cof_problems_to_json(&problems, schema, &array, NULL));
    assert_ok(cof_json_print(array, &text, NULL));
    assert_view_text(
        cof_buf_view(&text),
        "[{\"kind\":\"not_a_number\",\"column\":\"radius\",\"count\":2,\"first_row\":17},"
        "{\"kind\":\"ragged_row\",\"count\":1,\"first_row\":20},"
        "{\"kind\":\"extra_column\",\"count\":1,\"first_row\":0,\"position\":4,"
        "\"did_you_mean\":\"kind\"}]");
}

static void a_failure_tells_the_first_problem(void **state)
{
    (void)state;
    COF_CLEANUP(cof_schema_drop_) cof_schema *schema = case_schema(schema_json);
    cof_problems problems = {0};
    cof_err err = {0};
    add(&problems, COF_PROBLEM_MISSING, 1, 3);
    add(&problems, COF_PROBLEM_NOT_A_NUMBER, 0, 5);
    assert_status(cof_problems_fail(&problems, schema, COF_E_DATA_INVALID, &err), DATA_INVALID);
    assert_string_equal(err.detail, "row 3, column \"kind\": the value is missing (2 in all)");
}

static void every_kind_has_a_name_and_a_text(void **state)
{
    (void)state;
    for (int i = 0; i < COF_PROBLEM_KIND_COUNT; i++) {
        assert_true(strlen(cof_problem_name((cof_problem_kind)i)) > 0);
        assert_true(strlen(cof_problem_text((cof_problem_kind)i)) > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_problem_is_counted_and_its_first_place_kept),
        cmocka_unit_test(only_so_many_are_kept_and_all_are_counted),
        cmocka_unit_test(an_event_names_kind_column_count_and_row),
        cmocka_unit_test(a_failure_tells_the_first_problem),
        cmocka_unit_test(every_kind_has_a_name_and_a_text),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
