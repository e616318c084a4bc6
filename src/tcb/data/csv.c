#include "tcb/data/csv.h"

#include <math.h>

#include "tcb/base/limits.h"
#include "tcb/base/wipe.h"
#include "tcb/data/csv_internal.h"

/*
 * Implementation notes
 *
 * records.c cuts the stream into lines; a line's numbers are then read where they lie: one scan of
 * a number finds its value and its end, so no field is cut out first. Every cell that this does not
 * settle (another type, a quote, nothing there, many digits, out of range) goes to csv_cell.c,
 * which also finds the reason when it does not fit.
 *
 * The rows stay in blocks until the last is read (rows.h). After the first problem the table is
 * lost, so its rows are given back at once and later ones are only checked, in the spare row.
 */

static void make_plan(const cof_column *column, bool is_target, size_t *place, cof_csv_plan *out)
{
    *out = (cof_csv_plan){.type = column->type,
                          .missing = column->missing,
                          .is_target = is_target,
                          .is_bounded = column->has_min || column->has_max,
                          .min = column->has_min ? column->min : -INFINITY,
                          .max = column->has_max ? column->max : INFINITY,
                          .place = *place};
    if (!is_target) {
        *place += column->type == COF_COLUMN_CATEGORY ? column->value_count : 1;
    }
}

static cof_status make_plans(cof_csv *csv, cof_err *err)
{
    size_t place = 0;
    csv->plan_count = cof_schema_count(csv->schema);
    csv->plans = calloc(csv->plan_count, sizeof *csv->plans);
    /* The label stands behind the values. */
    csv->spare_row = calloc(csv->shape.columns + 1, sizeof *csv->spare_row);
    if (csv->plans == NULL || csv->spare_row == NULL) {
        return COF_FAIL(err, NO_MEMORY, "reader of %zu columns", csv->plan_count);
    }
    for (size_t i = 0; i < csv->plan_count; i++) {
        make_plan(cof_schema_column(csv->schema, i), i == csv->target, &place, &csv->plans[i]);
    }
    return COF_OK;
}

cof_status cof_csv_new(const cof_csv_options *options, cof_csv **out, cof_err *err)
{
    cof_table_shape shape = {0};
    COF_TRY(cof_schema_shape(options->schema, options->target, options->task, &shape, err));
    COF_CLEANUP(cof_csv_drop_) cof_csv *csv = calloc(1, sizeof *csv);
    if (csv == NULL) {
        return COF_FAIL(err, NO_MEMORY, "CSV reader");
    }
    csv->schema = options->schema;
    csv->target = options->target;
    csv->shape = shape;
    csv->only_validate = options->only_validate;
    cof_records_init(&csv->records);
    /* One byte over the limit shows that a field is too long. */
    cof_buf_init(&csv->scratch, COF_LIMIT_FIELD_BYTES + 1);
    COF_TRY(make_plans(csv, err));
    if (!options->only_validate) {
        COF_TRY(cof_rows_new(&shape, options->memory_limit, &csv->rows, err));
    }
    *out = cof_csv_take(&csv);
    return COF_OK;
}

void cof_csv_free(cof_csv *csv)
{
    if (csv == NULL) {
        return;
    }
    if (csv->spare_row != NULL) {
        cof_wipe(csv->spare_row, (csv->shape.columns + 1) * sizeof *csv->spare_row);
    }
    if (csv->plans != NULL) {
        cof_wipe(csv->plans, csv->plan_count * sizeof *csv->plans);
    }
    free(csv->spare_row);
    free(csv->plans);
    cof_records_free(&csv->records);
    cof_buf_free(&csv->scratch);
    cof_rows_free(csv->rows);
    free(csv);
}

void cof_csv_problem(cof_csv *csv, cof_problem_kind kind, size_t column)
{
    cof_problems_add(&csv->problems, &(cof_problem){.kind = kind,
                                                    .column = column,
                                                    .position = COF_PROBLEM_NO_COLUMN,
                                                    .suggestion = COF_PROBLEM_NO_COLUMN,
                                                    .first_row = csv->row,
                                                    .first_line = csv->line});
}

/* ---- rows ---- */

/* A number that stands at *at unquoted and fits its column; *at then is the next field, or NULL. */
static bool read_fast(const cof_csv *csv, cof_csv_plan *plan, const uint8_t **at,
                      const uint8_t *stop, const cof_csv_row *row)
{
    cof_decimal decimal;
    cof_number number = {0};
    if (plan->type == COF_COLUMN_CATEGORY) {
        return false;
    }
    const uint8_t *end = cof_decimal_scan(*at, stop, &decimal);
    if (end == NULL || (end != stop && *end != ',') || end - *at > COF_LIMIT_NUMBER_BYTES) {
        return false;
    }
    if (plan->type == COF_COLUMN_NUMBER && !plan->is_bounded) {
        if (!cof_decimal_fast_narrow(&decimal, &number.narrow)) {
            return false;
        }
    } else if (!cof_decimal_fast(&decimal, &number) || number.wide < plan->min ||
               number.wide > plan->max ||
               (plan->type == COF_COLUMN_INTEGER && number.wide != trunc(number.wide))) {
        return false;
    }
    cof_csv_put_number(csv, plan, number.wide, number.narrow, row);
    *at = end == stop ? NULL : end + 1;
    return true;
}

static cof_status read_slowly(cof_csv *csv, size_t column, const uint8_t **at, const uint8_t *stop,
                              const cof_csv_row *row, cof_err *err)
{
    cof_field field = {0};
    COF_TRY(cof_field_read(*at, stop, &csv->scratch, &field, err));
    COF_TRY(cof_csv_read_cell(csv, column, &field, row, err));
    *at = field.next;
    return COF_OK;
}

static cof_status read_row(cof_csv *csv, const cof_record *record, const cof_csv_row *row,
                           cof_err *err)
{
    const uint8_t *at = record->start;
    size_t column = 0;
    for (; column < csv->plan_count && at != NULL; column++) {
        if (!read_fast(csv, &csv->plans[column], &at, record->stop, row)) {
            COF_TRY(read_slowly(csv, column, &at, record->stop, row, err));
        }
    }
    if (column < csv->plan_count || at != NULL) {
        cof_csv_problem(csv, COF_PROBLEM_RAGGED_ROW, COF_PROBLEM_NO_COLUMN);
    }
    return COF_OK;
}

static bool is_kept(const cof_csv *csv)
{
    return csv->rows != NULL && csv->problems.total == 0;
}

static cof_status read_and_keep(cof_csv *csv, const cof_record *record, cof_err *err)
{
    void *values = csv->spare_row;
    void *label = csv->spare_row + csv->shape.columns;
    if (csv->problems.total > 0) {
        cof_rows_free(csv->rows);
        csv->rows = NULL;
    }
    if (is_kept(csv)) {
        COF_TRY(cof_rows_values_place(csv->rows, &values, err));
        COF_TRY(cof_rows_label_place(csv->rows, &label, err));
    }
    COF_TRY(read_row(csv, record, &(cof_csv_row){.values = values, .label = label}, err));
    if (is_kept(csv)) {
        cof_rows_values_commit(csv->rows);
        cof_rows_label_commit(csv->rows);
    }
    return COF_OK;
}

/* Empty lines are forgiven at the end of the file only, so they are judged when something follows.
 */
static void judge_empty_lines(cof_csv *csv)
{
    csv->line = csv->empty_line;
    for (; csv->empty_count > 0; csv->empty_count--) {
        cof_csv_problem(csv, COF_PROBLEM_EMPTY_LINE, COF_PROBLEM_NO_COLUMN);
    }
}

static cof_status take_record(void *context, const cof_record *record, cof_err *err)
{
    cof_csv *csv = context;
    if (!csv->has_header) {
        csv->has_header = true;
        csv->line = record->line;
        return cof_csv_check_header(csv, record, err);
    }
    if (record->start == record->stop) {
        csv->empty_line = csv->empty_count == 0 ? record->line : csv->empty_line;
        csv->empty_count++;
        return COF_OK;
    }
    csv->row++;
    if (csv->empty_count > 0) {
        judge_empty_lines(csv);
    }
    csv->line = record->line;
    return read_and_keep(csv, record, err);
}

/* ---- the stream ---- */

/* A line or quote without an end ends the reading: what follows it cannot be cut into rows. */
static cof_status explain(cof_csv *csv, cof_status status, cof_err *err)
{
    if (!csv->records.is_too_long && !csv->records.is_unclosed) {
        return status;
    }
    csv->row = csv->has_header ? csv->row + 1 : 0;
    csv->line = csv->records.line;
    cof_csv_problem(csv,
                    csv->records.is_too_long ? COF_PROBLEM_LINE_TOO_LONG : COF_PROBLEM_BAD_QUOTE,
                    COF_PROBLEM_NO_COLUMN);
    return cof_problems_fail(&csv->problems, csv->schema, COF_E_DATA_INVALID, err);
}

static cof_status end_reading(cof_csv *csv, cof_status status)
{
    csv->failed = status;
    cof_rows_free(csv->rows);
    csv->rows = NULL;
    return status;
}

static cof_status fail_again(const cof_csv *csv, cof_err *err)
{
    return cof_err_set(err, csv->failed, __FILE__, __LINE__, "the reader has ended");
}

cof_status cof_csv_feed(cof_csv *csv, cof_view piece, cof_err *err)
{
    if (csv->failed != COF_OK) {
        return fail_again(csv, err);
    }
    const cof_status status = cof_records_feed(&csv->records, piece, take_record, csv, err);
    return status == COF_OK ? COF_OK : end_reading(csv, explain(csv, status, err));
}

static void fill_means(cof_csv *csv)
{
    for (size_t k = 0; k < csv->plan_count; k++) {
        const cof_csv_plan *plan = &csv->plans[k];
        if (plan->absent == 0) {
            continue;
        }
        const float mean = (float)(plan->sum / (double)plan->present);
        for (size_t i = 0; i < cof_rows_count(csv->rows); i++) {
            float *cell = (float *)cof_rows_values_at(csv->rows, i) + plan->place;
            *cell = isnan(*cell) ? mean : *cell;
        }
    }
}

static cof_status judge(cof_csv *csv, cof_err *err)
{
    if (!csv->has_header) {
        cof_csv_problem(csv, COF_PROBLEM_NO_HEADER, COF_PROBLEM_NO_COLUMN);
        return cof_problems_fail(&csv->problems, csv->schema, COF_E_SCHEMA_MISMATCH, err);
    }
    for (size_t i = 0; i < csv->plan_count; i++) {
        if (csv->plans[i].absent > 0 && csv->plans[i].present == 0) {
            cof_csv_problem(csv, COF_PROBLEM_NO_VALUES, i);
        }
    }
    if (csv->problems.total > 0) {
        return cof_problems_fail(&csv->problems, csv->schema, COF_E_DATA_INVALID, err);
    }
    return csv->row > 0 ? COF_OK : COF_FAIL(err, DATA_EMPTY, "there is a header and no row");
}

cof_status cof_csv_finish(cof_csv *csv, cof_rows **out_rows, cof_err *err)
{
    if (csv->failed != COF_OK) {
        return fail_again(csv, err);
    }
    cof_status status = cof_records_finish(&csv->records, take_record, csv, err);
    status = status == COF_OK ? judge(csv, err) : explain(csv, status, err);
    if (status != COF_OK) {
        return end_reading(csv, status);
    }
    if (csv->rows != NULL) {
        fill_means(csv);
    }
    if (out_rows != NULL) {
        *out_rows = cof_rows_take(&csv->rows);
    }
    (void)end_reading(csv, COF_E_BAD_ARGUMENT);
    return COF_OK;
}

const cof_problems *cof_csv_problems(const cof_csv *csv)
{
    return &csv->problems;
}

uint64_t cof_csv_row_count(const cof_csv *csv)
{
    return csv->row;
}

size_t cof_csv_memory(const cof_csv *csv)
{
    size_t bytes = sizeof *csv + csv->records.carry.capacity + csv->scratch.capacity;
    bytes +=
        csv->plan_count * sizeof *csv->plans + (csv->shape.columns + 1) * sizeof *csv->spare_row;
    return bytes + (csv->rows != NULL ? cof_rows_memory(csv->rows) : 0);
}
