#include "data_case.h"

static const char schema_json[] =
    "{\"columns\":[{\"name\":\"num\",\"type\":\"number\",\"missing\":\"refuse\"},"
    "{\"name\":\"mean\",\"type\":\"number\",\"missing\":\"mean\"},"
    "{\"name\":\"two\",\"type\":\"category\",\"values\":[\"no\",\"yes\"]},"
    "{\"name\":\"three\",\"type\":\"category\",\"values\":[\"a\",\"b\",\"c\"]},"
    "{\"name\":\"one\",\"type\":\"category\",\"values\":[\"only\"]},"
    "{\"name\":\"digit\",\"type\":\"integer\",\"min\":3,\"max\":22,\"missing\":\"refuse\"},"
    "{\"name\":\"wide\",\"type\":\"integer\",\"min\":0,\"max\":20,\"missing\":\"refuse\"},"
    "{\"name\":\"flag\",\"type\":\"integer\",\"min\":-1,\"max\":0,\"missing\":\"refuse\"},"
    "{\"name\":\"open\",\"type\":\"integer\",\"min\":0,\"missing\":\"refuse\"}]}";

typedef struct target_case {
    const char *name;
    cof_schema_task task; /* default */
    size_t classes;
    size_t columns; /* of the 13 features, without the target's */
} target_case;

static const target_case good[] = {
    {"num", COF_SCHEMA_REGRESSION, 0, 11},  {"two", COF_SCHEMA_BINARY, 2, 10},
    {"three", COF_SCHEMA_CLASSES, 3, 9},    {"digit", COF_SCHEMA_CLASSES, 20, 11},
    {"wide", COF_SCHEMA_REGRESSION, 0, 11}, {"flag", COF_SCHEMA_BINARY, 2, 11},
    {"open", COF_SCHEMA_REGRESSION, 0, 11}};

static size_t find(const cof_schema *schema, const char *name)
{
    size_t index = 0;
    assert_ok(cof_schema_find(schema, name, &index, NULL));
    return index;
}

static void the_target_decides_task_classes_and_width(void **state)
{
    (void)state;
    COF_CLEANUP(cof_schema_drop_) cof_schema *schema = case_schema(schema_json);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        const size_t target = find(schema, good[i].name);
        cof_table_shape shape = {0};
        assert_int_equal(cof_schema_default_task(schema, target), good[i].task);
        assert_ok(cof_schema_shape(schema, target, good[i].task, &shape, NULL));
        assert_int_equal(shape.columns, good[i].columns);
        assert_int_equal(shape.classes, good[i].classes);
        assert_int_equal(shape.values, COF_TABLE_F32);
        assert_int_equal(shape.labels, good[i].classes == 0 ? COF_TABLE_NUMBER : COF_TABLE_CLASS);
    }
}

static void a_task_that_does_not_fit_its_target_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        cof_schema_task task;
    } bad[] = {{"num", COF_SCHEMA_BINARY},     {"num", COF_SCHEMA_CLASSES},
               {"wide", COF_SCHEMA_CLASSES},   {"three", COF_SCHEMA_BINARY},
               {"two", COF_SCHEMA_REGRESSION}, {"one", COF_SCHEMA_CLASSES},
               {"mean", COF_SCHEMA_REGRESSION}};
    COF_CLEANUP(cof_schema_drop_) cof_schema *schema = case_schema(schema_json);
    cof_table_shape shape = {0};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_status(
            cof_schema_shape(schema, find(schema, bad[i].name), bad[i].task, &shape, NULL),
            SCHEMA_MISMATCH);
    }
    assert_ok(cof_schema_shape(schema, find(schema, "digit"), COF_SCHEMA_REGRESSION, &shape, NULL));
    assert_ok(cof_schema_shape(schema, find(schema, "two"), COF_SCHEMA_CLASSES, &shape, NULL));
    assert_status(cof_schema_shape(schema, 9, COF_SCHEMA_REGRESSION, &shape, NULL),
                  SCHEMA_MISMATCH);
}

static void a_schema_of_the_target_alone_is_refused(void **state)
{
    (void)state;
    COF_CLEANUP(cof_schema_drop_)
    cof_schema *schema = case_schema(
        "{\"columns\":[{\"name\":\"num\",\"type\":\"number\",\"missing\":\"refuse\"}]}");
    cof_table_shape shape = {0};
    assert_status(cof_schema_shape(schema, 0, COF_SCHEMA_REGRESSION, &shape, NULL),
                  SCHEMA_MISMATCH);
}

static void check_name(const cof_schema *schema, const char *target, size_t k, bool is_class,
                       const char *expected)
{
    COF_CLEANUP(cof_buf_free) cof_buf name = {0};
    cof_buf_init(&name, 1024);
    const cof_status status =
        is_class ? cof_schema_class_name(schema, find(schema, target), k, &name, NULL)
                 : cof_schema_feature_name(schema, find(schema, target), k, &name, NULL);
    if (expected == NULL) {
        assert_status(status, BAD_ARGUMENT);
        return;
    }
    assert_ok(status);
    assert_view_text(cof_buf_view(&name), expected);
}

static void features_and_classes_have_names(void **state)
{
    (void)state;
    COF_CLEANUP(cof_schema_drop_) cof_schema *schema = case_schema(schema_json);
    check_name(schema, "two", 0, true, "no");
    check_name(schema, "two", 1, true, "yes");
    check_name(schema, "two", 2, true, NULL);
    check_name(schema, "digit", 19, true, "22");
    check_name(schema, "flag", 0, true, "-1");
    check_name(schema, "num", 0, true, NULL);
    check_name(schema, "num", 0, false, "mean");
    check_name(schema, "num", 1, false, "two=no");
    check_name(schema, "num", 5, false, "three=c");
    check_name(schema, "num", 10, false, "open");
    check_name(schema, "num", 11, false, NULL);
    check_name(schema, "three", 4, false, "one=only");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_target_decides_task_classes_and_width),
        cmocka_unit_test(a_task_that_does_not_fit_its_target_is_refused),
        cmocka_unit_test(a_schema_of_the_target_alone_is_refused),
        cmocka_unit_test(features_and_classes_have_names),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
