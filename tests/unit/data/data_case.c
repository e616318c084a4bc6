#include "data_case.h"

cof_status case_try_schema(const char *json, cof_schema **out, cof_err *err)
{
    COF_JSON json_t *value = NULL;
    COF_TRY(cof_json_parse(cof_view_text(json), 1024 * 1024, &value, err));
    return cof_schema_from_json(value, out, err);
}

cof_schema *case_schema(const char *json)
{
    cof_schema *schema = NULL;
    cof_err err = {0};
    if (case_try_schema(json, &schema, &err) != COF_OK) {
        fail_msg("schema: %s", err.detail);
    }
    return schema;
}

static cof_status feed(csv_case *test, cof_view text, size_t piece)
{
    for (size_t at = 0; at < text.size;) {
        const size_t left = text.size - at;
        const size_t size = piece == 0 || piece > left ? left : piece;
        /* A block of its own, so that a sanitizer sees a read beyond the piece. */
        COF_CLEANUP(cof_free_drop_) uint8_t *copy = malloc(size);
        assert_non_null(copy);
        memcpy(copy, text.data + at, size);
        COF_TRY(cof_csv_feed(test->csv, cof_view_of(copy, size), &test->err));
        at += size;
    }
    return cof_csv_finish(test->csv, &test->rows, &test->err);
}

static void move_rows(csv_case *test)
{
    const cof_table_shape *shape = cof_rows_shape(test->rows);
    const size_t count = cof_rows_count(test->rows);
    test->values = calloc(count * shape->columns, sizeof *test->values);
    test->labels = calloc(count, COF_TABLE_LABEL_SIZE);
    assert_non_null(test->values);
    assert_non_null(test->labels);
    test->table =
        (cof_table){.shape = *shape, .rows = count, .values = test->values, .labels = test->labels};
    assert_ok(cof_rows_move(test->rows, &test->table, &test->err));
}

void case_read(csv_case *test, const char *schema, const char *target, cof_view text, size_t piece)
{
    size_t index = 0;
    *test = (csv_case){.schema = case_schema(schema)};
    assert_ok(cof_schema_find(test->schema, target, &index, &test->err));
    const cof_csv_options options = {.schema = test->schema,
                                     .target = index,
                                     .task = cof_schema_default_task(test->schema, index),
                                     .memory_limit = (size_t)64 << 20};
    assert_ok(cof_csv_new(&options, &test->csv, &test->err));
    test->status = feed(test, text, piece);
    if (test->status == COF_OK) {
        move_rows(test);
    }
}

void case_read_text(csv_case *test, const char *schema, const char *target, const char *text)
{
    case_read(test, schema, target, cof_view_text(text), 0);
}

void case_end(csv_case *test)
{
    cof_rows_free(test->rows);
    cof_csv_free(test->csv);
    cof_schema_free(test->schema);
    free(test->values);
    free(test->labels);
    *test = (csv_case){0};
}

const cof_problem *case_problem(const csv_case *test, cof_problem_kind kind)
{
    const cof_problems *problems = cof_csv_problems(test->csv);
    for (size_t i = 0; i < problems->kept_count; i++) {
        if (problems->kept[i].kind == kind) {
            return &problems->kept[i];
        }
    }
    return NULL;
}
