/* What a good file gives, however it is cut and written. */
#include "data_case.h"

#include <math.h>
#include <stdio.h>

#define PLAIN                                                                                      \
    "{\"columns\":[{\"name\":\"x\",\"type\":\"number\",\"missing\":\"refuse\"},"                   \
    "{\"name\":\"n\",\"type\":\"integer\",\"missing\":\"refuse\"},"                                \
    "{\"name\":\"colour\",\"type\":\"category\",\"values\":[\"red\",\"green\",\"blue\"]},"         \
    "{\"name\":\"y\",\"type\":\"category\",\"values\":[\"no\",\"yes\"]}]}"

static void check_plain(const csv_case *test)
{
    static const float values[] = {1.5f, 3, 1, 0, 0, -0.25f, -7, 0, 0, 1};
    static const int32_t labels[] = {1, 0};
    assert_ok(test->status);
    assert_int_equal(test->table.rows, 2);
    assert_int_equal(test->table.shape.columns, 5);
    assert_int_equal(test->table.shape.classes, 2);
    assert_memory_equal(test->values, values, sizeof values);
    assert_memory_equal(test->labels, labels, sizeof labels);
}

static void numbers_and_categories_become_features_and_classes(void **state)
{
    (void)state;
    csv_case test;
    case_read_text(&test, PLAIN, "y", "x,n,colour,y\n1.5,3,red,yes\n-0.25,-7,blue,no\n");
    check_plain(&test);
    case_end(&test);
}

static void line_ends_marks_and_quotes_do_not_change_a_table(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "x,n,colour,y\r\n1.5,3,red,yes\r\n-0.25,-7,blue,no\r\n",
        "x,n,colour,y\n1.5,3,red,yes\r\n-0.25,-7,blue,no",
        "x,n,colour,y\r\n1.5,3,red,yes\r\n-0.25,-7,blue,no\r\n\r\n\n",
        "\xef\xbb\xbfx,n,colour,y\n1.5,3,red,yes\n-0.25,-7,blue,no\n",
        "\xef\xbb\xbf\"x\",n,colour,y\n1.5,3,red,yes\n-0.25,-7,blue,no\n",
        "\"x\",n,\"colour\",y\r\n\"1.5\",\"3\",\"red\",\"yes\"\r\n-0.25,-7,\"blue\",no\r\n",
        "x,n,colour,y\n+1.5,3.0,red,yes\n-25e-2,-0.7e1,\"blue\",no\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        for (size_t piece = 0; piece < 40; piece++) {
            csv_case test;
            case_read(&test, PLAIN, "y", cof_view_text(texts[i]), piece);
            check_plain(&test);
            case_end(&test);
        }
    }
}

static void quoted_fields_hold_commas_and_quotes(void **state)
{
    (void)state;
    static const char schema[] =
        "{\"columns\":[{\"name\":\"a,\\\"b\",\"type\":\"number\",\"missing\":\"refuse\"},"
        "{\"name\":\"y\",\"type\":\"category\",\"values\":[\"p, q\",\"say \\\"hi\\\"\",\"é\"]}]}";
    static const char text[] = "\"a,\"\"b\",y\n1,\"p, q\"\n2,\"say \"\"hi\"\"\"\n3,\"\xc3\xa9\"\n";
    for (size_t piece = 0; piece < 20; piece++) {
        csv_case test;
        case_read(&test, schema, "y", cof_view_text(text), piece);
        assert_ok(test.status);
        assert_int_equal(test.table.rows, 3);
        for (int32_t i = 0; i < 3; i++) {
            assert_int_equal(cof_table_classes(&test.table)[i], i);
        }
        case_end(&test);
    }
}

static void an_integer_target_counts_classes_from_its_min(void **state)
{
    (void)state;
    static const char schema[] = "{\"columns\":[{\"name\":\"y\",\"type\":\"integer\",\"min\":-2,"
                                 "\"max\":1,\"missing\":\"refuse\"},"
                                 "{\"name\":\"x\",\"type\":\"number\",\"missing\":\"refuse\"}]}";
    csv_case test;
    case_read_text(&test, schema, "y", "y,x\n-2,1\n1,2\n0,3\n-1.0,4\n");
    assert_ok(test.status);
    static const int32_t labels[] = {0, 3, 2, 1};
    assert_memory_equal(test.labels, labels, sizeof labels);
    assert_int_equal(test.table.shape.classes, 4);
    case_end(&test);
}

static void a_number_target_is_kept_as_it_is(void **state)
{
    (void)state;
    static const char schema[] =
        "{\"columns\":[{\"name\":\"x\",\"type\":\"number\",\"missing\":\"refuse\"},"
        "{\"name\":\"y\",\"type\":\"number\",\"missing\":\"refuse\"}]}";
    csv_case test;
    case_read_text(&test, schema, "y", "x,y\n1,2.5\n2,-1e3\n");
    assert_ok(test.status);
    assert_int_equal(test.table.shape.labels, COF_TABLE_NUMBER);
    assert_true(cof_table_numbers(&test.table)[0] == 2.5f &&
                cof_table_numbers(&test.table)[1] == -1000.0f);
    case_end(&test);
}

static void a_missing_number_becomes_the_mean_of_those_present(void **state)
{
    (void)state;
    static const char schema[] =
        "{\"columns\":[{\"name\":\"x\",\"type\":\"number\",\"missing\":\"mean\"},"
        "{\"name\":\"z\",\"type\":\"number\",\"missing\":\"mean\"},"
        "{\"name\":\"y\",\"type\":\"number\",\"missing\":\"refuse\"}]}";
    csv_case test;
    case_read_text(&test, schema, "y", "x,z,y\n1,,0\n,4,0\n2,\"\",0\n6,8,0\n");
    assert_ok(test.status);
    static const float values[] = {1, 6, 3, 4, 2, 6, 6, 8};
    assert_memory_equal(test.values, values, sizeof values);
    case_end(&test);
}

/* A table of every form of cell, long enough to be cut everywhere and to fill more than one block.
 */
static void make_long_text(cof_buf *text, size_t rows)
{
    cof_buf_init(text, (size_t)1 << 26);
    assert_ok(cof_buf_append_text(text, "x,n,colour,y\n", NULL));
    for (size_t i = 0; i < rows; i++) {
        static const char *const colours[] = {"red", "\"green\"", "blue"};
        assert_ok(cof_buf_printf(text, NULL, "%.*g,%d,%s,%s%s\n", (int)(i % 17) + 1,
                                 sin((double)i) * pow(10, (double)(i % 30) - 15), (int)i - 500,
                                 colours[i % 3], i % 2 == 0 ? "no" : "yes",
                                 i % 5 == 0 ? "\r" : ""));
    }
}

static void pieces_of_any_size_give_the_same_table(void **state)
{
    (void)state;
    static const size_t pieces[] = {1, 2, 3, 7, 64, 1000, 4096, 65536};
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    csv_case whole;
    make_long_text(&text, 3000);
    case_read(&whole, PLAIN, "y", cof_buf_view(&text), 0);
    assert_ok(whole.status);
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        csv_case test;
        case_read(&test, PLAIN, "y", cof_buf_view(&text), pieces[i]);
        assert_ok(test.status);
        assert_int_equal(test.table.rows, 3000);
        assert_memory_equal(test.values, whole.values, 3000 * 5 * sizeof(float));
        assert_memory_equal(test.labels, whole.labels, 3000 * sizeof(int32_t));
        case_end(&test);
    }
    case_end(&whole);
}

static void a_table_of_many_blocks_is_moved_whole(void **state)
{
    (void)state;
    enum { ROWS = 120000 };
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    csv_case test;
    make_long_text(&text, ROWS);
    case_read(&test, PLAIN, "y", cof_buf_view(&text), 65536);
    assert_ok(test.status);
    assert_int_equal(test.table.rows, ROWS);
    for (size_t i = 0; i < ROWS; i++) {
        const float *row = cof_table_f32(&test.table) + 5 * i;
        assert_true(row[1] == (float)((int)i - 500));
        assert_true(row[2 + i % 3] == 1.0f && row[2] + row[3] + row[4] == 1.0f);
        assert_int_equal(cof_table_classes(&test.table)[i], i % 2);
    }
    assert_int_equal(cof_rows_count(test.rows), 0);
    case_end(&test);
}

static void memory_is_the_rows_and_little_more(void **state)
{
    (void)state;
    enum { ROWS = 100000 };
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    COF_CLEANUP(cof_schema_drop_) cof_schema *schema = case_schema(PLAIN);
    COF_CLEANUP(cof_csv_drop_) cof_csv *csv = NULL;
    make_long_text(&text, ROWS);
    assert_ok(cof_csv_new(
        &(cof_csv_options){
            .schema = schema, .target = 3, .task = COF_SCHEMA_BINARY, .memory_limit = 1u << 30},
        &csv, NULL));
    assert_ok(cof_csv_feed(csv, cof_buf_view(&text), NULL));
    const size_t least = (size_t)ROWS * (5 * sizeof(float) + 4);
    assert_int_equal(cof_csv_row_count(csv), ROWS);
    assert_true(cof_csv_memory(csv) >= least);
    assert_true(cof_csv_memory(csv) < least + 64 * 1024);
}

static void validating_keeps_no_rows(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    COF_CLEANUP(cof_schema_drop_) cof_schema *schema = case_schema(PLAIN);
    COF_CLEANUP(cof_csv_drop_) cof_csv *csv = NULL;
    cof_rows *rows = NULL;
    make_long_text(&text, 50000);
    assert_ok(cof_csv_new(
        &(cof_csv_options){
            .schema = schema, .target = 3, .task = COF_SCHEMA_BINARY, .only_validate = true},
        &csv, NULL));
    assert_ok(cof_csv_feed(csv, cof_buf_view(&text), NULL));
    assert_true(cof_csv_memory(csv) < 64 * 1024);
    assert_ok(cof_csv_finish(csv, &rows, NULL));
    assert_null(rows);
    assert_int_equal(cof_csv_row_count(csv), 50000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_and_categories_become_features_and_classes),
        cmocka_unit_test(line_ends_marks_and_quotes_do_not_change_a_table),
        cmocka_unit_test(quoted_fields_hold_commas_and_quotes),
        cmocka_unit_test(an_integer_target_counts_classes_from_its_min),
        cmocka_unit_test(a_number_target_is_kept_as_it_is),
        cmocka_unit_test(a_missing_number_becomes_the_mean_of_those_present),
        cmocka_unit_test(pieces_of_any_size_give_the_same_table),
        cmocka_unit_test(a_table_of_many_blocks_is_moved_whole),
        cmocka_unit_test(memory_is_the_rows_and_little_more),
        cmocka_unit_test(validating_keeps_no_rows),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
