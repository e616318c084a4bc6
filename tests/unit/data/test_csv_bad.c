/* Bad input: each is refused, found at its place, counted, and never printed. */
#include "data_case.h"

#include <stdio.h>

#include "tcb/base/limits.h"

#define SCHEMA                                                                                     \
    "{\"columns\":[{\"name\":\"radius\",\"type\":\"number\",\"min\":0,\"max\":100,\"missing\":"    \
    "\"refuse\"},"                                                                                 \
    "{\"name\":\"age\",\"type\":\"integer\",\"missing\":\"refuse\"},"                              \
    "{\"name\":\"size\",\"type\":\"number\",\"missing\":\"mean\"},"                                \
    "{\"name\":\"kind\",\"type\":\"category\",\"values\":[\"benign\",\"malignant\"]}]}"
#define HEADER "radius,age,size,kind\n"
#define GOOD   "1,2,3,benign\n"

typedef struct bad_case {
    const char *text; /* after HEADER, GOOD: so the first bad row is 2, its line 3 */
    cof_problem_kind kind;
    size_t column;
    uint64_t count;
    uint64_t first_row;
    uint64_t first_line;
} bad_case;

#define NONE COF_PROBLEM_NO_COLUMN

static const bad_case cell_cases[] = {
    {"abc,2,3,benign\n", COF_PROBLEM_NOT_A_NUMBER, 0, 1, 2, 3},
    {GOOD "1,2,3,benign\nabc,2,3,benign\nx,2,3,benign\n", COF_PROBLEM_NOT_A_NUMBER, 0, 2, 4, 5},
    {"0x1p3,2,3,benign\n", COF_PROBLEM_NOT_A_NUMBER, 0, 1, 2, 3},
    {"1e,2,3,benign\n", COF_PROBLEM_NOT_A_NUMBER, 0, 1, 2, 3},
    {"NA,2,3,benign\n", COF_PROBLEM_NOT_A_NUMBER, 0, 1, 2, 3},
    {"nan,2,3,benign\n", COF_PROBLEM_NOT_FINITE, 0, 1, 2, 3},
    {"1,2,-Inf,benign\n", COF_PROBLEM_NOT_FINITE, 2, 1, 2, 3},
    {"1,2,Infinity,benign\n", COF_PROBLEM_NOT_FINITE, 2, 1, 2, 3},
    {"1,2,1e39,benign\n", COF_PROBLEM_OUT_OF_RANGE, 2, 1, 2, 3},
    {"1,2,-1e999,benign\n", COF_PROBLEM_OUT_OF_RANGE, 2, 1, 2, 3},
    {"-0.0001,2,3,benign\n", COF_PROBLEM_OUT_OF_RANGE, 0, 1, 2, 3},
    {"100.5,2,3,benign\n", COF_PROBLEM_OUT_OF_RANGE, 0, 1, 2, 3},
    {"100.00000000000001,2,3,benign\n", COF_PROBLEM_OUT_OF_RANGE, 0, 1, 2, 3},
    {"1,2.5,3,benign\n", COF_PROBLEM_NOT_AN_INTEGER, 1, 1, 2, 3},
    {"1,,3,benign\n", COF_PROBLEM_MISSING, 1, 1, 2, 3},
    {",2,3,benign\n", COF_PROBLEM_MISSING, 0, 1, 2, 3},
    {"1,\"\",3,benign\n", COF_PROBLEM_MISSING, 1, 1, 2, 3},
    {"1,2,3,\n", COF_PROBLEM_MISSING, 3, 1, 2, 3},
    {"1,2,3,Benign\n", COF_PROBLEM_UNKNOWN_CATEGORY, 3, 1, 2, 3},
    {"1,2,3,benig\n", COF_PROBLEM_UNKNOWN_CATEGORY, 3, 1, 2, 3},
    {"1,2,3,benign \n", COF_PROBLEM_STRAY_SPACE, 3, 1, 2, 3},
    {"1, 2,3,benign\n", COF_PROBLEM_STRAY_SPACE, 1, 1, 2, 3},
    {"1,2,3,\xff\xfe\n", COF_PROBLEM_NOT_UTF8, 3, 1, 2, 3},
    {"1,2,3\n", COF_PROBLEM_RAGGED_ROW, NONE, 1, 2, 3},
    {"1\n", COF_PROBLEM_RAGGED_ROW, NONE, 1, 2, 3},
    {"1,2,3,benign,\n", COF_PROBLEM_RAGGED_ROW, NONE, 1, 2, 3},
    {"1,2,3,benign,5,6\n1,2\n", COF_PROBLEM_RAGGED_ROW, NONE, 2, 2, 3},
    {"1,2,3,be\"nign\n", COF_PROBLEM_BAD_QUOTE, 3, 1, 2, 3},
    {"1,2,3,\"benign\"x\n", COF_PROBLEM_BAD_QUOTE, 3, 1, 2, 3},
    {"1\",2,3,benign\n", COF_PROBLEM_BAD_QUOTE, 0, 1, 2, 3},
    {"\n\n" GOOD, COF_PROBLEM_EMPTY_LINE, NONE, 2, 2, 3},
    {"1,2,3,\"beni\ngn\"\nx,2,3,benign\n", COF_PROBLEM_NOT_A_NUMBER, 0, 1, 3, 5},
};

static void check_case(const bad_case *bad, cof_view text, size_t piece)
{
    csv_case test;
    case_read(&test, SCHEMA, "kind", text, piece);
    assert_status(test.status, DATA_INVALID);
    const cof_problem *problem = case_problem(&test, bad->kind);
    if (problem == NULL) {
        fail_msg("%s: not found", bad->text);
    }
    assert_int_equal(problem->column, bad->column);
    assert_int_equal(problem->count, bad->count);
    assert_int_equal(problem->first_row, bad->first_row);
    assert_int_equal(problem->first_line, bad->first_line);
    assert_null(test.rows);
    case_end(&test);
}

static void each_bad_cell_is_found_at_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cell_cases / sizeof cell_cases[0]; i++) {
        char text[256];
        (void)snprintf(text, sizeof text, HEADER GOOD "%s" GOOD, cell_cases[i].text);
        check_case(&cell_cases[i], cof_view_text(text), 0);
        check_case(&cell_cases[i], cof_view_text(text), 1);
        check_case(&cell_cases[i], cof_view_text(text), 5);
    }
}

static void a_nul_byte_is_refused(void **state)
{
    (void)state;
    static const char number[] = HEADER GOOD "1\0,2,3,benign\n";
    static const char category[] = HEADER GOOD "1,2,3,benign\0\n";
    const bad_case first = {"NUL in a number", COF_PROBLEM_NUL_BYTE, 0, 1, 2, 3};
    const bad_case second = {"NUL in a category", COF_PROBLEM_NUL_BYTE, 3, 1, 2, 3};
    check_case(&first, cof_view_of(number, sizeof number - 1), 0);
    check_case(&second, cof_view_of(category, sizeof category - 1), 0);
}

static void a_quote_that_is_never_closed_is_refused(void **state)
{
    (void)state;
    const bad_case bad = {"unclosed", COF_PROBLEM_BAD_QUOTE, NONE, 1, 2, 3};
    const cof_view text = cof_view_text(HEADER GOOD "1,2,3,\"benign\n" GOOD GOOD);
    check_case(&bad, text, 0);
    check_case(&bad, text, 1);
}

/* ---- headers ---- */

typedef struct header_case {
    const char *text;
    cof_problem_kind kind;
    size_t column;
    size_t position;
    size_t suggestion;
} header_case;

static const header_case header_cases[] = {
    {"radius,age,kind\n", COF_PROBLEM_MISSING_COLUMN, 2, NONE, NONE},
    {"radius,age,size,kind,extra\n", COF_PROBLEM_EXTRA_COLUMN, NONE, 4, NONE},
    {"radus,age,size,kind\n", COF_PROBLEM_EXTRA_COLUMN, NONE, 0, 0},
    {"radus,age,size,kind\n", COF_PROBLEM_MISSING_COLUMN, 0, NONE, NONE},
    {"Radius,age,size,kind\n", COF_PROBLEM_EXTRA_COLUMN, NONE, 0, 0},
    {"radius,age,szie,kind\n", COF_PROBLEM_EXTRA_COLUMN, NONE, 2, 2},
    {"age,radius,size,kind\n", COF_PROBLEM_MISORDERED_COLUMN, 1, 0, NONE},
    {"age,radius,size,kind\n", COF_PROBLEM_MISORDERED_COLUMN, 0, 1, NONE},
    {"radius,age,size,kind,age\n", COF_PROBLEM_REPEATED_COLUMN, 1, 4, NONE},
    {"radius,ag\"e,size,kind\n", COF_PROBLEM_BAD_QUOTE, NONE, 1, NONE},
    {"radius;age;size;kind\n", COF_PROBLEM_MISSING_COLUMN, 3, NONE, NONE},
    {"\n", COF_PROBLEM_MISSING_COLUMN, 0, NONE, NONE},
    {"", COF_PROBLEM_NO_HEADER, NONE, NONE, NONE},
};

static bool has_header_problem(const csv_case *test, const header_case *expected)
{
    const cof_problems *problems = cof_csv_problems(test->csv);
    for (size_t i = 0; i < problems->kept_count; i++) {
        const cof_problem *problem = &problems->kept[i];
        if (problem->kind == expected->kind && problem->column == expected->column &&
            problem->position == expected->position) {
            return problem->suggestion == expected->suggestion && problem->first_row == 0;
        }
    }
    return false;
}

static void each_bad_header_is_explained(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof header_cases / sizeof header_cases[0]; i++) {
        for (size_t piece = 0; piece < 2; piece++) {
            csv_case test;
            case_read(&test, SCHEMA, "kind", cof_view_text(header_cases[i].text), piece);
            assert_status(test.status, SCHEMA_MISMATCH);
            if (!has_header_problem(&test, &header_cases[i])) {
                fail_msg("not found: %s", header_cases[i].text);
            }
            case_end(&test);
        }
    }
}

static void a_good_header_line_given_as_utf16_is_refused(void **state)
{
    (void)state;
    static const char text[] = "\xff\xfer\0a\0d\0\n\0";
    csv_case test;
    case_read(&test, SCHEMA, "kind", cof_view_of(text, sizeof text - 1), 0);
    assert_status(test.status, SCHEMA_MISMATCH);
    case_end(&test);
}

static void a_header_without_rows_is_refused(void **state)
{
    (void)state;
    csv_case test;
    case_read_text(&test, SCHEMA, "kind", HEADER "\n\r\n");
    assert_status(test.status, DATA_EMPTY);
    case_end(&test);
}

/* A file without a header would otherwise show its first row. */
static void no_text_of_the_file_is_ever_printed(void **state)
{
    (void)state;
    static const char *const texts[] = {"17.99,SECRET1,SECRET2,SECRET3\n",
                                        HEADER "SECRET1,SECRET2,SECRET3,SECRET4\n",
                                        HEADER "1,2,3,\"SECRET\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        csv_case test;
        COF_JSON json_t *array = NULL;
        COF_CLEANUP(cof_buf_free) cof_buf text = {0};
        const char *printed = NULL;
        cof_buf_init(&text, 65536);
        case_read_text(&test, SCHEMA, "kind", texts[i]);
        assert_int_not_equal(test.status, COF_OK);
        assert_null(strstr(test.err.detail, "SECRET"));
        assert_ok(cof_problems_to_json(cof_csv_problems(test.csv), test.schema, &array, NULL));
        assert_ok(cof_json_print(array, &text, NULL));
        assert_ok(cof_buf_text(&text, &printed, NULL));
        assert_non_null(strstr(printed, "kind"));
        assert_null(strstr(printed, "SECRET"));
        assert_null(strstr(printed, "17.99"));
        case_end(&test);
    }
}

/* ---- limits ---- */

static cof_status feed_endless(const char *start, uint64_t bytes, size_t *out_memory,
                               uint64_t *out_fed, cof_problem_kind *out_kind)
{
    static uint8_t block[65536];
    COF_CLEANUP(cof_schema_drop_) cof_schema *schema = case_schema(SCHEMA);
    COF_CLEANUP(cof_csv_drop_) cof_csv *csv = NULL;
    memset(block, '1', sizeof block);
    assert_ok(cof_csv_new(
        &(cof_csv_options){
            .schema = schema, .target = 3, .task = COF_SCHEMA_BINARY, .memory_limit = 1u << 20},
        &csv, NULL));
    cof_status status = cof_csv_feed(csv, cof_view_text(start), NULL);
    uint64_t fed = 0;
    for (; status == COF_OK && fed < bytes; fed += sizeof block) {
        status = cof_csv_feed(csv, cof_view_of(block, sizeof block), NULL);
    }
    *out_memory = cof_csv_memory(csv);
    *out_fed = fed;
    *out_kind = cof_csv_problems(csv)->kept[0].kind;
    return status;
}

static void a_line_of_a_gigabyte_fails_early_in_bounded_memory(void **state)
{
    (void)state;
    static const char *const starts[] = {"radius,", HEADER, HEADER GOOD "1,2,",
                                         HEADER GOOD "1,2,\""};
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        size_t memory = 0;
        uint64_t fed = 0;
        cof_problem_kind kind = COF_PROBLEM_KIND_COUNT;
        assert_status(feed_endless(starts[i], UINT64_C(1) << 30, &memory, &fed, &kind),
                      DATA_INVALID);
        assert_true(fed <= COF_LIMIT_LINE_BYTES + 2 * 65536);
        assert_true(memory <= 2 * COF_LIMIT_LINE_BYTES);
        assert_int_equal(kind, i == 3 ? COF_PROBLEM_BAD_QUOTE : COF_PROBLEM_LINE_TOO_LONG);
    }
}

static void read_row_with_field(size_t size, bool is_quoted, size_t piece,
                                cof_problem_kind expected)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    uint8_t *place = NULL;
    csv_case test;
    cof_buf_init(&text, (size_t)4 << 20);
    assert_ok(cof_buf_append_text(&text, is_quoted ? HEADER "1,2,3,\"" : HEADER "1,2,3,", NULL));
    assert_ok(cof_buf_extend(&text, size, &place, NULL));
    memset(place, 'b', size);
    assert_ok(cof_buf_append_text(&text, is_quoted ? "\"\n" : "\n", NULL));
    case_read(&test, SCHEMA, "kind", cof_buf_view(&text), piece);
    assert_status(test.status, DATA_INVALID);
    assert_int_equal(cof_csv_problems(test.csv)->kept[0].kind, expected);
    case_end(&test);
}

static void a_field_over_the_limit_is_named_as_such(void **state)
{
    (void)state;
    static const size_t pieces[] = {0, 1000, 65536};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        for (int is_quoted = 0; is_quoted < 2; is_quoted++) {
            read_row_with_field(COF_LIMIT_FIELD_BYTES, is_quoted != 0, pieces[i],
                                COF_PROBLEM_UNKNOWN_CATEGORY);
            read_row_with_field(COF_LIMIT_FIELD_BYTES + 1, is_quoted != 0, pieces[i],
                                COF_PROBLEM_FIELD_TOO_LONG);
            read_row_with_field(COF_LIMIT_LINE_BYTES - 100, is_quoted != 0, pieces[i],
                                COF_PROBLEM_FIELD_TOO_LONG);
        }
        read_row_with_field(COF_LIMIT_LINE_BYTES + 100, false, pieces[i],
                            COF_PROBLEM_LINE_TOO_LONG);
        read_row_with_field(COF_LIMIT_LINE_BYTES + 100, true, pieces[i], COF_PROBLEM_BAD_QUOTE);
    }
}

static void rows_over_the_memory_limit_are_refused_with_both_numbers(void **state)
{
    (void)state;
    COF_CLEANUP(cof_schema_drop_) cof_schema *schema = case_schema(SCHEMA);
    COF_CLEANUP(cof_csv_drop_) cof_csv *csv = NULL;
    cof_err err = {0};
    /* A row takes 3 numbers and a label: 16 bytes. */
    assert_ok(cof_csv_new(
        &(cof_csv_options){
            .schema = schema, .target = 3, .task = COF_SCHEMA_BINARY, .memory_limit = 47},
        &csv, NULL));
    assert_ok(cof_csv_feed(csv, cof_view_text(HEADER GOOD GOOD), NULL));
    assert_status(cof_csv_feed(csv, cof_view_text(GOOD), &err), MEMORY_LIMIT);
    assert_non_null(strstr(err.detail, "48"));
    assert_non_null(strstr(err.detail, "47"));
}

static void a_mean_of_nothing_is_refused(void **state)
{
    (void)state;
    csv_case test;
    case_read_text(&test, SCHEMA, "kind", HEADER "1,2,,benign\n1,2,,malignant\n");
    assert_status(test.status, DATA_INVALID);
    const cof_problem *problem = case_problem(&test, COF_PROBLEM_NO_VALUES);
    assert_non_null(problem);
    assert_int_equal(problem->column, 2);
    case_end(&test);
}

static void counts_go_on_after_the_first_problem_and_rows_are_given_back(void **state)
{
    (void)state;
    COF_CLEANUP(cof_schema_drop_) cof_schema *schema = case_schema(SCHEMA);
    COF_CLEANUP(cof_csv_drop_) cof_csv *csv = NULL;
    assert_ok(cof_csv_new(
        &(cof_csv_options){
            .schema = schema, .target = 3, .task = COF_SCHEMA_BINARY, .memory_limit = 1u << 20},
        &csv, NULL));
    assert_ok(cof_csv_feed(csv, cof_view_text(HEADER GOOD), NULL));
    for (size_t i = 0; i < 200000; i++) {
        assert_ok(cof_csv_feed(csv, cof_view_text("oops,2.5,3,benign\n"), NULL));
    }
    assert_true(cof_csv_memory(csv) < 64 * 1024);
    assert_status(cof_csv_finish(csv, NULL, NULL), DATA_INVALID);
    const cof_problems *problems = cof_csv_problems(csv);
    assert_int_equal(problems->total, 400000);
    assert_int_equal(problems->kept_count, 2);
    assert_int_equal(problems->kept[0].count, 200000);
    assert_int_equal(problems->kept[1].count, 200000);
    assert_int_equal(cof_csv_row_count(csv), 200001);
}

static void a_reader_that_has_ended_stays_ended(void **state)
{
    (void)state;
    csv_case test;
    case_read_text(&test, SCHEMA, "kind", "wrong\n");
    assert_status(test.status, SCHEMA_MISMATCH);
    assert_status(cof_csv_feed(test.csv, cof_view_text(HEADER GOOD), NULL), SCHEMA_MISMATCH);
    assert_status(cof_csv_finish(test.csv, NULL, NULL), SCHEMA_MISMATCH);
    case_end(&test);
    case_read_text(&test, SCHEMA, "kind", HEADER GOOD);
    assert_ok(test.status);
    assert_status(cof_csv_feed(test.csv, cof_view_text(GOOD), NULL), BAD_ARGUMENT);
    case_end(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_bad_cell_is_found_at_its_place),
        cmocka_unit_test(a_nul_byte_is_refused),
        cmocka_unit_test(a_quote_that_is_never_closed_is_refused),
        cmocka_unit_test(each_bad_header_is_explained),
        cmocka_unit_test(a_good_header_line_given_as_utf16_is_refused),
        cmocka_unit_test(a_header_without_rows_is_refused),
        cmocka_unit_test(no_text_of_the_file_is_ever_printed),
        cmocka_unit_test(a_line_of_a_gigabyte_fails_early_in_bounded_memory),
        cmocka_unit_test(a_field_over_the_limit_is_named_as_such),
        cmocka_unit_test(rows_over_the_memory_limit_are_refused_with_both_numbers),
        cmocka_unit_test(a_mean_of_nothing_is_refused),
        cmocka_unit_test(counts_go_on_after_the_first_problem_and_rows_are_given_back),
        cmocka_unit_test(a_reader_that_has_ended_stays_ended),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
