/* Shared by csv.c, csv_header.c and csv_cell.c; no part of the interface. */
#ifndef COF_DATA_CSV_INTERNAL_H
#define COF_DATA_CSV_INTERNAL_H

#include "tcb/data/csv.h"
#include "tcb/data/decimal.h"
#include "tcb/data/records.h"

/** What to do with one field, worked out once. */
typedef struct cof_csv_plan {
    cof_column_type type;
    cof_missing missing;
    bool is_target;
    bool is_bounded;
    double min; /* minus infinity when there is none */
    double max;
    size_t place; /* first feature of the row that the column makes; unused for the target */
    double sum;   /* of the present values, for COF_MISSING_MEAN */
    uint64_t present;
    uint64_t absent;
} cof_csv_plan;

struct cof_csv {
    const cof_schema *schema;
    size_t target;
    cof_table_shape shape;
    bool only_validate;
    cof_status failed; /* what ended the reading */
    cof_csv_plan *plans;
    size_t plan_count;
    cof_records records;
    cof_buf scratch;
    cof_rows *rows;
    float *spare_row; /* where a row goes that is not kept */
    cof_problems problems;
    uint64_t row; /* of the row being read, from 1; 0 is the header */
    uint64_t line;
    bool has_header;
    uint64_t empty_count; /* empty lines that nothing has followed yet */
    uint64_t empty_line;
};

/** Where one row is written; values has the shape's columns, all zero. */
typedef struct cof_csv_row {
    float *values;
    void *label; /* int32_t or float, as the shape says */
} cof_csv_row;

/** Counts a problem of a column (or COF_PROBLEM_NO_COLUMN) in the present row. */
void cof_csv_problem(cof_csv *csv, cof_problem_kind kind, size_t column);

/** Checks the header's names against the schema. @return COF_OK, COF_E_SCHEMA_MISMATCH,
 * COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_csv_check_header(cof_csv *csv, const cof_record *record, cof_err *err);

/** Reads a field of any form into the row, or counts what is wrong with it. @return COF_OK
 * (problems too), COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_csv_read_cell(cof_csv *csv, size_t column, const cof_field *field,
                                          const cof_csv_row *row, cof_err *err);

/** Writes a number that is in range and finite where its column goes. */
static inline void cof_csv_put_number(const cof_csv *csv, cof_csv_plan *plan, double wide,
                                      float narrow, const cof_csv_row *row)
{
    if (!plan->is_target) {
        row->values[plan->place] = narrow;
        if (plan->missing == COF_MISSING_MEAN) {
            plan->sum += (double)narrow;
            plan->present++;
        }
    } else if (csv->shape.labels == COF_TABLE_CLASS) {
        *(int32_t *)row->label = (int32_t)(wide - plan->min);
    } else {
        *(float *)row->label = narrow;
    }
}

#endif
