/*
 * The header line against the schema.
 *
 * A name that is not in the schema is never shown: a file without a header would have its first row
 * printed. What is shown is its place, and the schema's name that it resembles.
 */
#include "tcb/data/csv_internal.h"
#include "tcb/data/lookup.h"

/* Looking for a resembling name costs a pass over the schema: it is done for the first few only. */
enum { SUGGESTIONS = 8 };

typedef struct header_check {
    uint8_t *seen; /* by schema column */
    const char **names;
    size_t extra_count;
} header_check;

static void add(cof_csv *csv, cof_problem_kind kind, size_t column, size_t position,
                size_t suggestion)
{
    cof_problems_add(&csv->problems, &(cof_problem){.kind = kind,
                                                    .column = column,
                                                    .position = position,
                                                    .suggestion = suggestion,
                                                    .first_line = csv->line});
}

static void add_unknown(cof_csv *csv, header_check *check, const cof_field *field, size_t position)
{
    size_t near = COF_PROBLEM_NO_COLUMN;
    if (field->fault == COF_FIELD_BAD_QUOTE) {
        add(csv, COF_PROBLEM_BAD_QUOTE, COF_PROBLEM_NO_COLUMN, position, COF_PROBLEM_NO_COLUMN);
        return;
    }
    if (check->extra_count++ < SUGGESTIONS &&
        !cof_lookup_near(check->names, csv->plan_count, field->text, &near)) {
        near = COF_PROBLEM_NO_COLUMN;
    }
    add(csv, COF_PROBLEM_EXTRA_COLUMN, COF_PROBLEM_NO_COLUMN, position, near);
}

static void check_name(cof_csv *csv, header_check *check, const cof_lookup *lookup,
                       const cof_field *field, size_t position)
{
    size_t column = 0;
    if (field->fault != COF_FIELD_OK || !cof_lookup_find(lookup, field->text, &column)) {
        add_unknown(csv, check, field, position);
    } else if (check->seen[column]) {
        add(csv, COF_PROBLEM_REPEATED_COLUMN, column, position, COF_PROBLEM_NO_COLUMN);
    } else {
        check->seen[column] = 1;
        if (column != position) {
            add(csv, COF_PROBLEM_MISORDERED_COLUMN, column, position, COF_PROBLEM_NO_COLUMN);
        }
    }
}

static cof_status check_names(cof_csv *csv, header_check *check, const cof_lookup *lookup,
                              const cof_record *record, cof_err *err)
{
    size_t position = 0;
    for (const uint8_t *at = record->start; at != NULL; position++) {
        cof_field field = {0};
        COF_TRY(cof_field_read(at, record->stop, &csv->scratch, &field, err));
        check_name(csv, check, lookup, &field, position);
        at = field.next;
    }
    for (size_t i = 0; i < csv->plan_count; i++) {
        if (!check->seen[i]) {
            add(csv, COF_PROBLEM_MISSING_COLUMN, i, COF_PROBLEM_NO_COLUMN, COF_PROBLEM_NO_COLUMN);
        }
    }
    return COF_OK;
}

cof_status cof_csv_check_header(cof_csv *csv, const cof_record *record, cof_err *err)
{
    COF_CLEANUP(cof_free_drop_) uint8_t *seen = calloc(csv->plan_count, 1);
    COF_CLEANUP(cof_free_drop_) const char **names = calloc(csv->plan_count, sizeof *names);
    COF_CLEANUP(cof_lookup_free) cof_lookup lookup = {0};
    size_t repeated = 0;
    if (seen == NULL || names == NULL) {
        return COF_FAIL(err, NO_MEMORY, "header of %zu columns", csv->plan_count);
    }
    for (size_t i = 0; i < csv->plan_count; i++) {
        names[i] = cof_schema_column(csv->schema, i)->name;
    }
    COF_TRY(cof_lookup_init(&lookup, names, csv->plan_count, &repeated, err));
    header_check check = {.seen = seen, .names = names};
    COF_TRY(check_names(csv, &check, &lookup, record, err));
    if (csv->problems.total > 0) {
        return cof_problems_fail(&csv->problems, csv->schema, COF_E_SCHEMA_MISMATCH, err);
    }
    return COF_OK;
}
