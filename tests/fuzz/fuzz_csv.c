/* Any bytes as a CSV file: cut in pieces (the first byte says how) or whole, the result is the
 * same. */
#include <stdlib.h>
#include <string.h>

#include "tcb/data/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char schema_json[] =
    "{\"columns\":[{\"name\":\"x\",\"type\":\"number\",\"missing\":\"mean\"},"
    "{\"name\":\"n\",\"type\":\"integer\",\"min\":-5,\"max\":1000000,\"missing\":\"refuse\"},"
    "{\"name\":\"c\",\"type\":\"category\",\"values\":[\"a\",\"b,\\\"c\\\"\"]},"
    "{\"name\":\"y\",\"type\":\"category\",\"values\":[\"no\",\"yes\"]}]}";

enum { MEMORY_LIMIT = 1 << 20 };

typedef struct outcome {
    cof_status status;
    uint64_t rows;
    cof_problems problems;
    cof_rows *table;
} outcome;

static cof_status feed(cof_csv *csv, const uint8_t *data, size_t size, size_t piece,
                       cof_rows **out_rows)
{
    for (size_t at = 0; at < size;) {
        const size_t take = size - at < piece ? size - at : piece;
        /* A block of exactly this size, so that a read beyond it is seen. */
        COF_CLEANUP(cof_free_drop_) uint8_t *block = malloc(take);
        if (block == NULL) {
            abort();
        }
        memcpy(block, data + at, take);
        COF_TRY(cof_csv_feed(csv, cof_view_of(block, take), NULL));
        at += take;
    }
    return cof_csv_finish(csv, out_rows, NULL);
}

static void run(const cof_schema *schema, const uint8_t *data, size_t size, size_t piece,
                outcome *out)
{
    COF_CLEANUP(cof_csv_drop_) cof_csv *csv = NULL;
    const cof_csv_options options = {
        .schema = schema, .target = 3, .task = COF_SCHEMA_BINARY, .memory_limit = MEMORY_LIMIT};
    if (cof_csv_new(&options, &csv, NULL) != COF_OK) {
        abort();
    }
    out->status = feed(csv, data, size, piece, &out->table);
    out->rows = cof_csv_row_count(csv);
    out->problems = *cof_csv_problems(csv);
}

/* Moves the rows, which must all be finite and in range. */
static void check_table(outcome *result, float *out_values, int32_t *out_labels)
{
    cof_table table = {.shape = *cof_rows_shape(result->table),
                       .rows = result->rows,
                       .values = out_values,
                       .labels = out_labels};
    if (cof_rows_count(result->table) != result->rows ||
        cof_rows_move(result->table, &table, NULL) != COF_OK) {
        abort();
    }
    for (size_t i = 0; i < table.rows * table.shape.columns; i++) {
        if (!__builtin_isfinite(out_values[i])) {
            abort();
        }
    }
    for (size_t i = 0; i < table.rows; i++) {
        if (out_labels[i] < 0 || out_labels[i] > 1) {
            abort();
        }
    }
}

static void compare_tables(outcome *a, outcome *b)
{
    const size_t columns = cof_rows_shape(a->table)->columns;
    float *values = calloc(2 * a->rows * columns, sizeof *values);
    int32_t *labels = calloc(2 * a->rows, sizeof *labels);
    if (values == NULL || labels == NULL) {
        abort();
    }
    check_table(a, values, labels);
    check_table(b, values + a->rows * columns, labels + a->rows);
    if (memcmp(values, values + a->rows * columns, a->rows * columns * sizeof *values) != 0 ||
        memcmp(labels, labels + a->rows, a->rows * sizeof *labels) != 0) {
        abort();
    }
    free(values);
    free(labels);
}

static bool is_same(const cof_problems *a, const cof_problems *b)
{
    bool same = a->total == b->total && a->kept_count == b->kept_count;
    for (size_t i = 0; same && i < a->kept_count; i++) {
        const cof_problem *x = &a->kept[i];
        const cof_problem *y = &b->kept[i];
        same = x->kind == y->kind && x->column == y->column && x->position == y->position &&
               x->suggestion == y->suggestion && x->count == y->count &&
               x->first_row == y->first_row && x->first_line == y->first_line;
    }
    return same;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    COF_JSON json_t *json = NULL;
    COF_CLEANUP(cof_schema_drop_) cof_schema *schema = NULL;
    outcome whole = {0};
    outcome cut = {0};
    if (size == 0) {
        return 0;
    }
    if (cof_json_parse(cof_view_text(schema_json), 4096, &json, NULL) != COF_OK ||
        cof_schema_from_json(json, &schema, NULL) != COF_OK) {
        abort();
    }
    run(schema, data + 1, size - 1, SIZE_MAX, &whole);
    run(schema, data + 1, size - 1, (size_t)data[0] + 1, &cut);
    if (whole.status != cut.status || whole.rows != cut.rows ||
        !is_same(&whole.problems, &cut.problems)) {
        abort();
    }
    if (whole.status == COF_OK) {
        compare_tables(&whole, &cut);
    }
    cof_rows_free(whole.table);
    cof_rows_free(cut.table);
    return 0;
}
