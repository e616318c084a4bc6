/* What the tests of the data layer share: a schema from JSON text, and a CSV text read in pieces.
 */
#ifndef COF_TESTS_DATA_CASE_H
#define COF_TESTS_DATA_CASE_H

#include <string.h>

#include "harness/cof_test.h"
#include "tcb/data/csv.h"

/** A schema that must be valid. */
cof_schema *case_schema(const char *json);

/** Tries to read a schema. */
cof_status case_try_schema(const char *json, cof_schema **out, cof_err *err);

typedef struct csv_case {
    cof_schema *schema;
    cof_csv *csv;
    cof_rows *rows;
    cof_status status; /* of the call that failed, or of finish */
    cof_err err;
    float *values; /* after success: (rows, columns) and labels */
    void *labels;
    cof_table table;
} csv_case;

/** Reads text, which must not be a schema failure, in pieces of piece bytes (0: all at once). */
void case_read(csv_case *test, const char *schema, const char *target, cof_view text, size_t piece);
void case_read_text(csv_case *test, const char *schema, const char *target, const char *text);
void case_end(csv_case *test);

/** The first problem of this kind, or NULL. */
const cof_problem *case_problem(const csv_case *test, cof_problem_kind kind);

#endif
