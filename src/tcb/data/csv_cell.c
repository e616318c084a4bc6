/*
 * One cell, slowly: what the fast way of csv.c leaves over (categories, quoted and missing fields,
 * numbers of many digits), and the exact reason when a cell does not fit its column.
 */
#include <math.h>
#include <strings.h>

#include "tcb/data/csv_internal.h"
#include "tcb/wire/text.h"

static bool is_not_finite(cof_view text)
{
    static const char *const words[] = {"nan", "inf", "infinity"};
    if (text.size > 0 && (*text.data == '-' || *text.data == '+')) {
        text = cof_view_of(text.data + 1, text.size - 1);
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        const cof_view word = cof_view_text(words[i]);
        if (text.size == word.size &&
            strncasecmp((const char *)text.data, words[i], word.size) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_space(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

/* Why a text is no number or no category, beyond that it is none. */
static cof_problem_kind diagnose(cof_view text, cof_problem_kind otherwise)
{
    if (text.size > 0 && memchr(text.data, 0, text.size) != NULL) {
        return COF_PROBLEM_NUL_BYTE;
    }
    if (!cof_utf8_is_valid(text)) {
        return COF_PROBLEM_NOT_UTF8;
    }
    if (text.size > 0 && (is_space(text.data[0]) || is_space(text.data[text.size - 1]))) {
        return COF_PROBLEM_STRAY_SPACE;
    }
    return otherwise;
}

static void read_category(cof_csv *csv, size_t column, cof_view text, const cof_csv_row *row)
{
    const cof_csv_plan *plan = &csv->plans[column];
    size_t value = 0;
    if (!cof_schema_value(csv->schema, column, text, &value)) {
        cof_csv_problem(csv, diagnose(text, COF_PROBLEM_UNKNOWN_CATEGORY), column);
    } else if (plan->is_target) {
        *(int32_t *)row->label = (int32_t)value;
    } else {
        row->values[plan->place + value] = 1.0f;
    }
}

static cof_status read_number(cof_csv *csv, size_t column, cof_view text, const cof_csv_row *row,
                              cof_err *err)
{
    cof_csv_plan *plan = &csv->plans[column];
    cof_number number = {0};
    const cof_status status = cof_decimal_read(text, &number, err);
    if (status == COF_E_NO_MEMORY) {
        return status;
    }
    if (status == COF_E_LIMIT) {
        cof_csv_problem(csv, COF_PROBLEM_FIELD_TOO_LONG, column);
    } else if (status != COF_OK) {
        cof_csv_problem(csv,
                        is_not_finite(text) ? COF_PROBLEM_NOT_FINITE
                                            : diagnose(text, COF_PROBLEM_NOT_A_NUMBER),
                        column);
    } else if (!isfinite(number.narrow) || number.wide < plan->min || number.wide > plan->max) {
        cof_csv_problem(csv, COF_PROBLEM_OUT_OF_RANGE, column);
    } else if (plan->type == COF_COLUMN_INTEGER && number.wide != trunc(number.wide)) {
        cof_csv_problem(csv, COF_PROBLEM_NOT_AN_INTEGER, column);
    } else {
        cof_csv_put_number(csv, plan, number.wide, number.narrow, row);
    }
    return COF_OK;
}

static void read_missing(cof_csv *csv, size_t column, const cof_csv_row *row)
{
    cof_csv_plan *plan = &csv->plans[column];
    if (plan->missing == COF_MISSING_REFUSE) {
        cof_csv_problem(csv, COF_PROBLEM_MISSING, column);
        return;
    }
    /* No number that is read is a NaN, so this marks the place until the mean is known. */
    row->values[plan->place] = NAN;
    plan->absent++;
}

cof_status cof_csv_read_cell(cof_csv *csv, size_t column, const cof_field *field,
                             const cof_csv_row *row, cof_err *err)
{
    if (field->fault == COF_FIELD_BAD_QUOTE) {
        cof_csv_problem(csv, COF_PROBLEM_BAD_QUOTE, column);
    } else if (field->fault == COF_FIELD_TOO_LONG) {
        cof_csv_problem(csv, COF_PROBLEM_FIELD_TOO_LONG, column);
    } else if (field->text.size == 0) {
        read_missing(csv, column, row);
    } else if (csv->plans[column].type == COF_COLUMN_CATEGORY) {
        read_category(csv, column, field->text, row);
    } else {
        return read_number(csv, column, field->text, row, err);
    }
    return COF_OK;
}
