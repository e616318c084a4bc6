#include "host/infer/validate.h"

#include <inttypes.h>

#include "host/infer/feed_file.h"
#include "tcb/data/idx.h"

static cof_status feed_csv(void *context, cof_view piece, cof_err *err)
{
    return cof_csv_feed(context, piece, err);
}

static cof_status feed_idx_values(void *context, cof_view piece, cof_err *err)
{
    return cof_idx_values(context, piece, err);
}

static cof_status feed_idx_labels(void *context, cof_view piece, cof_err *err)
{
    return cof_idx_labels(context, piece, err);
}

static cof_status check_csv(const char *path, cof_csv *csv, cof_err *err)
{
    COF_TRY(cof_feed_file(path, feed_csv, csv, err));
    return cof_csv_finish(csv, NULL, err);
}

cof_status cof_validate_csv(const char *path, const cof_schema *schema, size_t target,
                            cof_schema_task task, cof_validation *out, cof_err *err)
{
    COF_CLEANUP(cof_csv_drop_) cof_csv *csv = NULL;
    *out = (cof_validation){0};
    COF_TRY(cof_schema_shape(schema, target, task, &out->shape, err));
    COF_TRY(cof_csv_new(
        &(cof_csv_options){.schema = schema, .target = target, .task = task, .only_validate = true},
        &csv, err));
    const cof_status status = check_csv(path, csv, err);
    out->rows = cof_csv_row_count(csv);
    out->problems = *cof_csv_problems(csv);
    return status;
}

static cof_status check_idx(const char *values_path, const char *labels_path, cof_idx *idx,
                            cof_validation *out, cof_err *err)
{
    COF_CLEANUP(cof_rows_drop_) cof_rows *rows = NULL;
    COF_TRY(cof_feed_file(values_path, feed_idx_values, idx, err));
    COF_TRY(cof_feed_file(labels_path, feed_idx_labels, idx, err));
    COF_TRY(cof_idx_finish(idx, &rows, err));
    out->rows = cof_rows_count(rows);
    out->shape = *cof_rows_shape(rows);
    return COF_OK;
}

cof_status cof_validate_idx(const char *values_path, const char *labels_path, size_t classes,
                            size_t memory_limit, cof_validation *out, cof_err *err)
{
    COF_CLEANUP(cof_idx_drop_) cof_idx *idx = NULL;
    *out = (cof_validation){0};
    COF_TRY(cof_idx_new(classes, memory_limit, &idx, err));
    const cof_status status = check_idx(values_path, labels_path, idx, out, err);
    out->problems = *cof_idx_problems(idx);
    return status;
}

/* ---- printing ---- */

static const char *name_of(const cof_schema *schema, size_t column)
{
    return schema != NULL && column < cof_schema_count(schema)
               ? cof_schema_column(schema, column)->name
               : NULL;
}

static cof_status print_place(const cof_problem *problem, const cof_schema *schema, cof_buf *out,
                              cof_err *err)
{
    const char *column = name_of(schema, problem->column);
    if (column != NULL) {
        COF_TRY(cof_buf_printf(out, err, " column \"%s\":", column));
    }
    if (problem->position != COF_PROBLEM_NO_COLUMN) {
        COF_TRY(cof_buf_printf(out, err, " field %zu of the header:", problem->position + 1));
    }
    return COF_OK;
}

static cof_status print_problem(const cof_problem *problem, const cof_schema *schema,
                                const char *path, cof_buf *out, cof_err *err)
{
    const char *suggestion = name_of(schema, problem->suggestion);
    COF_TRY(cof_buf_append_text(out, path, err));
    if (problem->first_line > 0) {
        COF_TRY(cof_buf_printf(out, err, ":%" PRIu64, problem->first_line));
    }
    COF_TRY(cof_buf_append_text(out, ":", err));
    COF_TRY(print_place(problem, schema, out, err));
    COF_TRY(cof_buf_printf(out, err, " %s", cof_problem_text(problem->kind)));
    if (suggestion != NULL) {
        COF_TRY(cof_buf_printf(out, err, "; did you mean \"%s\"?", suggestion));
    }
    if (problem->first_row > 0) {
        COF_TRY(cof_buf_printf(out, err, " (%" PRIu64 " %s, first in row %" PRIu64 ")",
                               problem->count, problem->count == 1 ? "time" : "times",
                               problem->first_row));
    }
    return cof_buf_append_text(out, "\n", err);
}

cof_status cof_validation_print(const cof_validation *validation, const cof_schema *schema,
                                const char *path, cof_buf *out, cof_err *err)
{
    const cof_problems *problems = &validation->problems;
    uint64_t shown = 0;
    for (size_t i = 0; i < problems->kept_count; i++) {
        COF_TRY(print_problem(&problems->kept[i], schema, path, out, err));
        shown += problems->kept[i].count;
    }
    if (problems->total > shown) {
        return cof_buf_printf(out, err, "%s: %" PRIu64 " more problems\n", path,
                              problems->total - shown);
    }
    return COF_OK;
}

cof_status cof_validation_to_json(const cof_validation *validation, const cof_schema *schema,
                                  json_t **out_json, cof_err *err)
{
    COF_JSON json_t *json = json_object();
    json_t *problems = NULL;
    if (json == NULL) {
        return COF_FAIL(err, NO_MEMORY, "validation");
    }
    COF_TRY(cof_problems_to_json(&validation->problems, schema, &problems, err));
    COF_TRY(cof_json_set(json, "problems", problems, err));
    COF_TRY(cof_json_set(json, "problems_total",
                         json_integer((json_int_t)validation->problems.total), err));
    COF_TRY(cof_json_set(json, "rows", json_integer((json_int_t)validation->rows), err));
    COF_TRY(
        cof_json_set(json, "columns", json_integer((json_int_t)validation->shape.columns), err));
    *out_json = json_incref(json);
    return COF_OK;
}
