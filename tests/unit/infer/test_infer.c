#include "host/infer/infer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/cof_tempdir.h"
#include "harness/cof_test.h"
#include "host/infer/validate.h"

typedef struct fixture {
    char folder[COF_TEMPDIR_SIZE];
    char path[COF_TEMPDIR_SIZE + 16];
    char other[COF_TEMPDIR_SIZE + 16];
} fixture;

static int set_up(void **state)
{
    fixture *files = calloc(1, sizeof *files);
    assert_non_null(files);
    cof_tempdir_make(files->folder);
    (void)snprintf(files->path, sizeof files->path, "%s/data", files->folder);
    (void)snprintf(files->other, sizeof files->other, "%s/labels", files->folder);
    *state = files;
    return 0;
}

static int tear_down(void **state)
{
    fixture *files = *state;
    cof_tempdir_remove(files->folder);
    free(files);
    return 0;
}

static void write_file(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static cof_status infer_text(const fixture *files, const char *text, const char *target,
                             json_t **out, cof_err *err)
{
    COF_JSON json_t *name = target == NULL ? NULL : json_string(target);
    write_file(files->path, text, strlen(text));
    return cof_infer_schema(files->path, name, out, err);
}

static void check_inferred(const fixture *files, const char *text, const char *target,
                           const char *expected)
{
    COF_JSON json_t *json = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf printed = {0};
    cof_err err = {0};
    cof_buf_init(&printed, 1024 * 1024);
    if (infer_text(files, text, target, &json, &err) != COF_OK) {
        fail_msg("%s: %s", text, err.detail);
    }
    assert_ok(cof_json_print(json_object_get(json, "columns"), &printed, NULL));
    assert_view_text(cof_buf_view(&printed), expected);
}

static void check_refused(const fixture *files, const char *text, const char *target,
                          const char *status, const char *detail)
{
    COF_JSON json_t *json = NULL;
    cof_err err = {0};
    const cof_status result = infer_text(files, text, target, &json, &err);
    assert_string_equal(cof_status_describe(result)->name, status);
    if (strstr(err.detail, detail) == NULL) {
        fail_msg("%s: %s", text, err.detail);
    }
    assert_null(json);
}

static void columns_get_the_type_of_their_cells(void **state)
{
    check_inferred(*state, "x,n,c,y\n1.5,1,red,yes\n2,-7,\"green\",no\n3e1,0,red,yes\n", "y",
                   "[{\"name\":\"x\",\"type\":\"number\",\"missing\":\"refuse\"},{\"name\":\"n\","
                   "\"type\":\"integer\",\"missing\":\"refuse\"},"
                   "{\"name\":\"c\",\"type\":\"category\",\"values\":[\"green\",\"red\"]},"
                   "{\"name\":\"y\",\"type\":\"category\",\"values\":[\"no\",\"yes\"]}]");
    check_inferred(*state, "a,b\n1,2\n3,x\n", NULL,
                   "[{\"name\":\"a\",\"type\":\"integer\",\"missing\":\"refuse\"},{\"name\":\"b\","
                   "\"type\":\"category\",\"values\":[\"2\",\"x\"]}]");
}

static void few_whole_numbers_make_a_class_target(void **state)
{
    check_inferred(
        *state, "x,y\n1.5,3\n1.5,1\n1.5,2\n", "y",
        "[{\"name\":\"x\",\"type\":\"number\",\"missing\":\"refuse\"},"
        "{\"name\":\"y\",\"type\":\"integer\",\"min\":1,\"max\":3,\"missing\":\"refuse\"}]");
    check_inferred(*state, "x,y\n1.5,10\n1.5,2\n", "y",
                   "[{\"name\":\"x\",\"type\":\"number\",\"missing\":\"refuse\"},{\"name\":\"y\","
                   "\"type\":\"category\",\"values\":[\"2\",\"10\"]}]");
    check_inferred(
        *state, "x,y\n1.5,1.0\n1.5,0\n1.5,1\n", "y",
        "[{\"name\":\"x\",\"type\":\"number\",\"missing\":\"refuse\"},"
        "{\"name\":\"y\",\"type\":\"integer\",\"min\":0,\"max\":1,\"missing\":\"refuse\"}]");
    check_refused(*state, "x,y\n1,1.0\n1,5\n1,1\n", "y", "DATA_INVALID", "more than one way");
    check_refused(*state, "x,y\n1,7\n1,7\n", "y", "SCHEMA_MISMATCH", "one class");
}

static void many_whole_numbers_make_a_regression(void **state)
{
    for (int count = 20; count <= 21; count++) {
        char text[512] = "y,x\n";
        for (int i = 0; i < count; i++) {
            (void)snprintf(text + strlen(text), sizeof text - strlen(text), "%d,0.5\n", i);
        }
        check_inferred(*state, text, "y",
                       count == 20
                           ? "[{\"name\":\"y\",\"type\":\"integer\",\"min\":0,\"max\":19,"
                             "\"missing\":\"refuse\"},"
                             "{\"name\":\"x\",\"type\":\"number\",\"missing\":\"refuse\"}]"
                           : "[{\"name\":\"y\",\"type\":\"integer\",\"missing\":\"refuse\"},"
                             "{\"name\":\"x\",\"type\":\"number\",\"missing\":\"refuse\"}]");
    }
}

/* The contract is public: ranges of features would tell an operator about the data. */
static void nothing_of_a_features_numbers_is_in_the_schema(void **state)
{
    COF_JSON json_t *json = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf printed = {0};
    const char *text = NULL;
    cof_buf_init(&printed, 4096);
    assert_ok(infer_text(*state, "x,n,y\n123.5,4567,0\n123.25,4568,1\n", "y", &json, NULL));
    assert_ok(cof_json_print(json, &printed, NULL));
    assert_ok(cof_buf_text(&printed, &text, NULL));
    assert_null(strstr(text, "123"));
    assert_null(strstr(text, "456"));
}

static void what_no_schema_can_describe_is_refused_with_its_place(void **state)
{
    check_refused(*state, "", "y", "DATA_EMPTY", "no row");
    check_refused(*state, "x,y\n", "y", "DATA_EMPTY", "no row");
    check_refused(*state, "1,2\n3,4\n", "y", "SCHEMA_MISMATCH", "header");
    check_refused(*state, "x,,y\n1,2,3\n", "y", "SCHEMA_MISMATCH", "column 1");
    check_refused(*state, "x,x,y\n1,2,3\n", "y", "BAD_FORMAT", "twice");
    check_refused(*state, "x,y\n1,2\n3\n", "y", "DATA_INVALID", "line 3: too few");
    check_refused(*state, "x,y\n1,2,3\n", "y", "DATA_INVALID", "line 2: too many");
    check_refused(*state, "x,y\n1,2\n\n3,4\n", "y", "DATA_INVALID", "line 3 is empty");
    check_refused(*state, "x,y\n1,2\n,4\n", "y", "DATA_INVALID", "line 3, column \"x\"");
    check_refused(*state, "x,y\n1\"2,2\n", "y", "DATA_INVALID", "quote");
    check_refused(*state, "x,y\n1,\"2\n", "y", "BAD_FORMAT", "not closed");
    check_refused(*state, "x,colour\n1,2\n", "color", "NOT_FOUND", "did you mean \"colour\"");
    check_refused(*state, "y\n1\n2\n", "y", "SCHEMA_MISMATCH", "no column but the target");
}

static void a_column_of_too_many_texts_is_refused(void **state)
{
    for (size_t count = 1000; count <= 1001; count++) {
        static char text[32768];
        size_t size = (size_t)snprintf(text, sizeof text, "id,y\n");
        for (size_t i = 0; i < count; i++) {
            size += (size_t)snprintf(text + size, sizeof text - size, "p%zu,%zu\n", i, i % 2);
        }
        if (count == 1001) {
            check_refused(*state, text, "y", "DATA_INVALID",
                          "column \"id\": there are more different texts");
        } else {
            COF_JSON json_t *json = NULL;
            assert_ok(infer_text(*state, text, "y", &json, NULL));
        }
    }
}

static void a_missing_file_is_named(void **state)
{
    const fixture *files = *state;
    COF_JSON json_t *json = NULL;
    size_t classes = 0;
    cof_err err = {0};
    (void)unlink(files->other);
    assert_status(cof_infer_schema(files->other, NULL, &json, &err), NOT_FOUND);
    assert_non_null(strstr(err.detail, "labels"));
    assert_status(cof_infer_idx_classes(files->other, &classes, &err), NOT_FOUND);
}

static void check_classes(const fixture *files, const void *bytes, size_t size, const char *status,
                          size_t expected)
{
    size_t classes = 0;
    write_file(files->other, bytes, size);
    assert_string_equal(
        cof_status_describe(cof_infer_idx_classes(files->other, &classes, NULL))->name, status);
    assert_int_equal(classes, expected);
}

static void idx_classes_are_one_more_than_the_largest_label(void **state)
{
    check_classes(*state, "\0\0\10\1\0\0\0\3\2\11\1", 11, "OK", 10);
    check_classes(*state, "\0\0\10\1\0\0\0\1\0", 9, "OK", 2);
    check_classes(*state, "\0\0\10\1\0\0\0\3\2\11", 10, "TRUNCATED", 0);
    check_classes(*state, "\0\0\10\1\0\0\0\3\2\11\1\1", 12, "TRAILING_BYTES", 0);
    check_classes(*state, "\0\0\10\1\0\0\0\0", 8, "DATA_EMPTY", 0);
    check_classes(*state, "\0\0\10\3\0\0\0\1", 8, "UNSUPPORTED", 0);
    check_classes(*state, "\0\0\11\1\0\0\0\1\0", 9, "UNSUPPORTED", 0);
    check_classes(*state, "x,y\n", 4, "BAD_FORMAT", 0);
    check_classes(*state, "\0\0", 2, "TRUNCATED", 0);
}

/* ---- validation ---- */

static void what_was_inferred_is_valid_for_its_own_data(void **state)
{
    const fixture *files = *state;
    COF_JSON json_t *json = NULL;
    COF_CLEANUP(cof_schema_drop_) cof_schema *schema = NULL;
    cof_validation found = {0};
    assert_ok(infer_text(files, "x,c,y\n1.5,\"a,b\",2\n-1,c,4\n", "y", &json, NULL));
    assert_ok(cof_schema_from_json(json, &schema, NULL));
    assert_ok(cof_validate_csv(files->path, schema, 2, COF_SCHEMA_BINARY, &found, NULL));
    assert_int_equal(found.rows, 2);
    assert_int_equal(found.shape.columns, 3);
    assert_int_equal(found.problems.total, 0);
}

static void problems_are_printed_with_file_and_line(void **state)
{
    static const char bad[] = "x,c,y\n1.5,a,2\noops,c,4\nSECRET,c,4\n1,d,2\n";
    const fixture *files = *state;
    COF_JSON json_t *json = NULL;
    COF_JSON json_t *report = NULL;
    COF_CLEANUP(cof_schema_drop_) cof_schema *schema = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf printed = {0};
    cof_validation found = {0};
    cof_buf_init(&printed, 4096);
    assert_ok(infer_text(files, "x,c,y\n1.5,a,2\n-1,c,4\n", "y", &json, NULL));
    assert_ok(cof_schema_from_json(json, &schema, NULL));
    write_file(files->path, bad, sizeof bad - 1);
    assert_status(cof_validate_csv(files->path, schema, 2, COF_SCHEMA_BINARY, &found, NULL),
                  DATA_INVALID);
    assert_int_equal(found.rows, 4);
    assert_ok(cof_validation_print(&found, schema, "cells.csv", &printed, NULL));
    assert_view_text(
        cof_buf_view(&printed),
        "cells.csv:3: column \"x\": the value is not a decimal number (2 times, first in row 2)\n"
        "cells.csv:5: column \"c\": the value is none of the category's (1 time, first in row "
        "4)\n");
    cof_buf_clear(&printed);
    assert_ok(cof_validation_to_json(&found, schema, &report, NULL));
    assert_ok(cof_json_canonical(report, &printed, NULL));
    assert_view_text(cof_buf_view(&printed),
                     "{\"columns\":3,\"problems\":[{\"column\":\"x\",\"count\":2,\"first_row\":2,"
                     "\"kind\":\"not_a_number\"},"
                     "{\"column\":\"c\",\"count\":1,\"first_row\":4,\"kind\":\"unknown_category\"}]"
                     ",\"problems_total\":3,\"rows\":4}");
}

static void header_problems_are_printed_with_suggestions(void **state)
{
    static const char bad[] = "radus,y\n1,2\n";
    const fixture *files = *state;
    COF_JSON json_t *json = NULL;
    COF_CLEANUP(cof_schema_drop_) cof_schema *schema = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf printed = {0};
    cof_validation found = {0};
    cof_buf_init(&printed, 4096);
    assert_ok(infer_text(files, "radius,y\n1,2\n2,4\n", "y", &json, NULL));
    assert_ok(cof_schema_from_json(json, &schema, NULL));
    write_file(files->path, bad, sizeof bad - 1);
    assert_status(cof_validate_csv(files->path, schema, 1, COF_SCHEMA_BINARY, &found, NULL),
                  SCHEMA_MISMATCH);
    assert_ok(cof_validation_print(&found, schema, "cells.csv", &printed, NULL));
    assert_view_text(cof_buf_view(&printed),
                     "cells.csv:1: field 1 of the header: the header has a column that is not in "
                     "the schema; did you mean \"radius\"?\n"
                     "cells.csv:1: column \"radius\": the column is not in the header\n");
}

static void idx_files_are_validated_together(void **state)
{
    const fixture *files = *state;
    cof_validation found = {0};
    write_file(files->path, "\0\0\10\2\0\0\0\2\0\0\0\2abcd", 16);
    write_file(files->other, "\0\0\10\1\0\0\0\2\0\5", 10);
    assert_ok(cof_validate_idx(files->path, files->other, 6, 1000, &found, NULL));
    assert_int_equal(found.rows, 2);
    assert_int_equal(found.shape.columns, 2);
    assert_status(cof_validate_idx(files->path, files->other, 5, 1000, &found, NULL), DATA_INVALID);
    assert_int_equal(found.problems.kept[0].kind, COF_PROBLEM_BAD_LABEL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(columns_get_the_type_of_their_cells),
        TEST(few_whole_numbers_make_a_class_target),
        TEST(many_whole_numbers_make_a_regression),
        TEST(nothing_of_a_features_numbers_is_in_the_schema),
        TEST(what_no_schema_can_describe_is_refused_with_its_place),
        TEST(a_column_of_too_many_texts_is_refused),
        TEST(a_missing_file_is_named),
        TEST(idx_classes_are_one_more_than_the_largest_label),
        TEST(what_was_inferred_is_valid_for_its_own_data),
        TEST(problems_are_printed_with_file_and_line),
        TEST(header_problems_are_printed_with_suggestions),
        TEST(idx_files_are_validated_together),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
