#include "data_case.h"

#include <stdio.h>

#include "tcb/base/limits.h"

#define NUMBER(name)    "{\"name\":\"" name "\",\"type\":\"number\",\"missing\":\"refuse\"}"
#define SCHEMA(columns) "{\"columns\":[" columns "]}"

static const char good[] =
    SCHEMA("{\"name\":\"a\",\"type\":\"number\",\"min\":-1.5,\"max\":100,\"missing\":\"mean\"},"
           "{\"name\":\"b\",\"type\":\"integer\",\"min\":0,\"missing\":\"refuse\"},"
           "{\"name\":\"c\",\"type\":\"category\",\"values\":[\"x\",\"y\",\"z\"]}");

static void a_schema_says_what_its_json_says(void **state)
{
    (void)state;
    COF_CLEANUP(cof_schema_drop_) cof_schema *schema = case_schema(good);
    assert_int_equal(cof_schema_count(schema), 3);
    const cof_column *a = cof_schema_column(schema, 0);
    assert_string_equal(a->name, "a");
    assert_int_equal(a->type, COF_COLUMN_NUMBER);
    assert_int_equal(a->missing, COF_MISSING_MEAN);
    assert_true(a->has_min && a->has_max && a->min == -1.5 && a->max == 100);
    const cof_column *b = cof_schema_column(schema, 1);
    assert_int_equal(b->type, COF_COLUMN_INTEGER);
    assert_true(b->has_min && !b->has_max);
    const cof_column *c = cof_schema_column(schema, 2);
    assert_int_equal(c->value_count, 3);
    assert_string_equal(c->values[2], "z");
    size_t value = 0;
    assert_true(cof_schema_value(schema, 2, cof_view_text("y"), &value));
    assert_int_equal(value, 1);
    assert_false(cof_schema_value(schema, 2, cof_view_text("yy"), &value));
    assert_false(cof_schema_value(schema, 2, cof_view_text(""), &value));
    assert_false(cof_schema_value(schema, 0, cof_view_text("y"), &value));
}

static void printing_and_reading_a_schema_gives_the_same_canonical_form(void **state)
{
    (void)state;
    COF_CLEANUP(cof_schema_drop_) cof_schema *schema = case_schema(good);
    COF_CLEANUP(cof_buf_free) cof_buf before = {0};
    COF_CLEANUP(cof_buf_free) cof_buf after = {0};
    COF_JSON json_t *in = NULL;
    COF_JSON json_t *out = NULL;
    cof_buf_init(&before, 65536);
    cof_buf_init(&after, 65536);
    assert_ok(cof_json_parse(cof_view_text(good), 65536, &in, NULL));
    assert_ok(cof_schema_to_json(schema, &out, NULL));
    assert_ok(cof_json_canonical(in, &before, NULL));
    assert_ok(cof_json_canonical(out, &after, NULL));
    assert_true(cof_view_equal(cof_buf_view(&before), cof_buf_view(&after)));
}

typedef struct refusal {
    const char *json;
    const char *detail;
} refusal;

static const refusal refusals[] = {
    {"[]", "object"},
    {"{}", "columns"},
    {"{\"columns\":{}}", "columns"},
    {SCHEMA(""), "0 columns"},
    {"{\"columns\":[" NUMBER("a") "],\"more\":1}", "more"},
    {SCHEMA("5"), "column 0"},
    {SCHEMA("{\"type\":\"number\",\"missing\":\"refuse\"}"), "name"},
    {SCHEMA("{\"name\":\"a\",\"missing\":\"refuse\"}"), "type"},
    {SCHEMA("{\"name\":\"a\",\"type\":\"text\",\"missing\":\"refuse\"}"), "type"},
    {SCHEMA("{\"name\":\"a\",\"type\":\"number\"}"), "missing"},
    {SCHEMA("{\"name\":\"a\",\"type\":\"number\",\"missing\":\"zero\"}"), "missing"},
    {SCHEMA("{\"name\":\"a\",\"type\":\"integer\",\"missing\":\"mean\"}"), "missing"},
    {SCHEMA("{\"name\":\"a\",\"type\":\"number\",\"missing\":\"refuse\",\"unit\":\"mm\"}"), "unit"},
    {SCHEMA("{\"name\":\"a\",\"type\":\"number\",\"missing\":\"refuse\",\"values\":[\"x\"]}"),
     "values"},
    {SCHEMA("{\"name\":\"a\",\"type\":\"number\",\"missing\":\"refuse\",\"min\":2,\"max\":1}"),
     "min"},
    {SCHEMA("{\"name\":\"a\",\"type\":\"number\",\"missing\":\"refuse\",\"min\":\"1\"}"), "min"},
    {SCHEMA("{\"name\":\"a\",\"type\":\"integer\",\"missing\":\"refuse\",\"min\":0.5}"), "min"},
    {SCHEMA("{\"name\":\"a\",\"type\":\"integer\",\"missing\":\"refuse\",\"max\":1e17}"), "max"},
    {SCHEMA("{\"name\":\"a\",\"type\":\"category\"}"), "values"},
    {SCHEMA("{\"name\":\"a\",\"type\":\"category\",\"values\":[]}"), "values"},
    {SCHEMA("{\"name\":\"a\",\"type\":\"category\",\"values\":[1,2]}"), "value 0"},
    {SCHEMA("{\"name\":\"a\",\"type\":\"category\",\"values\":[\"x\",\"\"]}"), "value 1"},
    {SCHEMA("{\"name\":\"a\",\"type\":\"category\",\"values\":[\"x\\ny\"]}"), "value 0"},
    {SCHEMA("{\"name\":\"a\",\"type\":\"category\",\"values\":[\"x\",\"y\",\"x\"]}"), "value 2"},
    {SCHEMA("{\"name\":\"a\",\"type\":\"category\",\"values\":[\"x\"],\"missing\":\"refuse\"}"),
     "missing"},
    {SCHEMA("{\"name\":\"a\",\"type\":\"category\",\"values\":[\"x\"],\"min\":1}"), "min"},
    {SCHEMA(NUMBER("")), "column 0"},
    {SCHEMA(NUMBER("a\\tb")), "control"},
    {SCHEMA(NUMBER("a") "," NUMBER("b") "," NUMBER("a")), "column 2"},
};

static void what_a_contract_may_not_say_is_refused_with_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        cof_schema *schema = NULL;
        cof_err err = {0};
        const cof_status status = case_try_schema(refusals[i].json, &schema, &err);
        if ((status != COF_E_BAD_FORMAT && status != COF_E_LIMIT) ||
            strstr(err.detail, refusals[i].detail) == NULL) {
            fail_msg("%s: %s %s", refusals[i].json, cof_status_describe(status)->name, err.detail);
        }
        assert_null(schema);
    }
}

static json_t *columns_of(size_t count, size_t name_size)
{
    json_t *schema = json_object();
    json_t *columns = json_array();
    for (size_t i = 0; i < count; i++) {
        char name[1024];
        memset(name, 'n', sizeof name);
        (void)snprintf(name, 16, "%08zu", i);
        name[8] = 'n';
        name[name_size] = '\0';
        json_t *column = json_object();
        json_object_set_new(column, "name", json_string(name));
        json_object_set_new(column, "type", json_string("number"));
        json_object_set_new(column, "missing", json_string("refuse"));
        json_array_append_new(columns, column);
    }
    json_object_set_new(schema, "columns", columns);
    return schema;
}

static void check_columns(size_t count, size_t name_size, bool is_good)
{
    COF_JSON json_t *json = columns_of(count, name_size);
    COF_CLEANUP(cof_schema_drop_) cof_schema *schema = NULL;
    assert_int_equal(cof_schema_from_json(json, &schema, NULL) == COF_OK, is_good);
}

static void counts_and_sizes_over_their_limits_are_refused(void **state)
{
    (void)state;
    check_columns(COF_LIMIT_COLUMNS, 12, true);
    check_columns(COF_LIMIT_COLUMNS + 1, 12, false);
    check_columns(1, COF_LIMIT_COLUMN_BYTES, true);
    check_columns(1, COF_LIMIT_COLUMN_BYTES + 1, false);
}

static void a_category_of_more_values_than_the_limit_is_refused(void **state)
{
    (void)state;
    for (size_t count = COF_LIMIT_CLASSES; count <= COF_LIMIT_CLASSES + 1; count++) {
        COF_JSON json_t *json = columns_of(1, 12);
        COF_CLEANUP(cof_schema_drop_) cof_schema *schema = NULL;
        json_t *column = json_array_get(json_object_get(json, "columns"), 0);
        json_t *values = json_array();
        for (size_t i = 0; i < count; i++) {
            json_array_append_new(values, json_sprintf("v%zu", i));
        }
        json_object_del(column, "missing");
        json_object_set_new(column, "type", json_string("category"));
        json_object_set_new(column, "values", values);
        assert_int_equal(cof_schema_from_json(json, &schema, NULL) == COF_OK,
                         count == COF_LIMIT_CLASSES);
    }
}

static void a_misspelt_column_gets_a_suggestion(void **state)
{
    (void)state;
    COF_CLEANUP(cof_schema_drop_)
    cof_schema *schema = case_schema(SCHEMA(NUMBER("radius") "," NUMBER("texture")));
    size_t index = 0;
    cof_err err = {0};
    assert_ok(cof_schema_find(schema, "texture", &index, &err));
    assert_int_equal(index, 1);
    assert_status(cof_schema_find(schema, "textrue", &index, &err), NOT_FOUND);
    assert_non_null(strstr(err.detail, "did you mean \"texture\"?"));
    assert_status(cof_schema_find(schema, "banana", &index, &err), NOT_FOUND);
    assert_null(strstr(err.detail, "did you mean"));
}

static void a_target_is_named_or_counted(void **state)
{
    (void)state;
    COF_CLEANUP(cof_schema_drop_)
    cof_schema *schema = case_schema(SCHEMA(NUMBER("a") "," NUMBER("b")));
    COF_JSON json_t *targets = json_pack("[s,i,i,i,f]", "b", 0, 2, -1, 1.0);
    size_t index = 9;
    assert_ok(cof_schema_target(schema, json_array_get(targets, 0), &index, NULL));
    assert_int_equal(index, 1);
    assert_ok(cof_schema_target(schema, json_array_get(targets, 1), &index, NULL));
    assert_int_equal(index, 0);
    assert_status(cof_schema_target(schema, json_array_get(targets, 2), &index, NULL), NOT_FOUND);
    assert_status(cof_schema_target(schema, json_array_get(targets, 3), &index, NULL), NOT_FOUND);
    assert_status(cof_schema_target(schema, json_array_get(targets, 4), &index, NULL), BAD_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_schema_says_what_its_json_says),
        cmocka_unit_test(printing_and_reading_a_schema_gives_the_same_canonical_form),
        cmocka_unit_test(what_a_contract_may_not_say_is_refused_with_its_place),
        cmocka_unit_test(counts_and_sizes_over_their_limits_are_refused),
        cmocka_unit_test(a_category_of_more_values_than_the_limit_is_refused),
        cmocka_unit_test(a_misspelt_column_gets_a_suggestion),
        cmocka_unit_test(a_target_is_named_or_counted),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
