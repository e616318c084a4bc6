/*
 * What is wrong with a table: kinds, places and counts, never a value.
 *
 * The list is bounded: the first 64 pairs of kind and column are kept, and their counts go on; what
 * else is found is counted as well. Column names shown are those of the schema, which is public; a
 * name that stands only in the data is not.
 */
#ifndef COF_DATA_PROBLEMS_H
#define COF_DATA_PROBLEMS_H

#include <stdint.h>

#include "tcb/data/schema.h"

/* COF_X(code, name in events, what it means) */
#define COF_PROBLEM_KINDS(X)                                                                       \
    X(MISSING_COLUMN, "missing_column", "the column is not in the header")                         \
    X(EXTRA_COLUMN, "extra_column", "the header has a column that is not in the schema")           \
    X(MISORDERED_COLUMN, "misordered_column", "the column does not stand at its place")            \
    X(REPEATED_COLUMN, "repeated_column", "the column stands in the header more than once")        \
    X(NO_HEADER, "no_header", "there is no header line")                                           \
    X(RAGGED_ROW, "ragged_row", "the row has too few or too many fields")                          \
    X(EMPTY_LINE, "empty_line", "a line is empty")                                                 \
    X(LINE_TOO_LONG, "line_too_long", "a line is over the limit")                                  \
    X(FIELD_TOO_LONG, "field_too_long", "a field is over the limit")                               \
    X(BAD_QUOTE, "bad_quote", "a quote stands where none may, or is not closed")                   \
    X(NUL_BYTE, "nul_byte", "there is a NUL byte")                                                 \
    X(NOT_UTF8, "not_utf8", "the text is not UTF-8")                                               \
    X(STRAY_SPACE, "stray_space", "there is a space before or after the value")                    \
    X(MISSING, "missing", "the value is missing")                                                  \
    X(NOT_A_NUMBER, "not_a_number", "the value is not a decimal number")                           \
    X(NOT_FINITE, "not_finite", "the value is not a finite number")                                \
    X(NOT_AN_INTEGER, "not_an_integer", "the value is not a whole number")                         \
    X(OUT_OF_RANGE, "out_of_range", "the value is outside the range")                              \
    X(UNKNOWN_CATEGORY, "unknown_category", "the value is none of the category's")                 \
    X(NO_VALUES, "no_values", "the column has no value to take the mean of")                       \
    X(BAD_LABEL, "bad_label", "the label is not below the number of classes")

typedef enum cof_problem_kind {
#define COF_PROBLEM_ENUM(code, name, text) COF_PROBLEM_##code,
    COF_PROBLEM_KINDS(COF_PROBLEM_ENUM)
#undef COF_PROBLEM_ENUM
        COF_PROBLEM_KIND_COUNT
} cof_problem_kind;

enum { COF_PROBLEMS_KEPT = 64 };
#define COF_PROBLEM_NO_COLUMN ((size_t)-1)

/** All cases of one kind in one column. */
typedef struct cof_problem {
    cof_problem_kind kind;
    size_t column;     /* of the schema; COF_PROBLEM_NO_COLUMN: a whole line, or no such column */
    size_t position;   /* of a header problem: place in the header from 0; else ..._NO_COLUMN */
    size_t suggestion; /* of EXTRA_COLUMN: the schema column perhaps meant; else ..._NO_COLUMN */
    uint64_t count;
    uint64_t first_row;  /* 1 is the first row after the header; 0 is the header */
    uint64_t first_line; /* line of the file from 1; 0 where there are no lines */
} cof_problem;

/** Plain value; zeroed is valid and empty. */
typedef struct cof_problems {
    cof_problem kept[COF_PROBLEMS_KEPT];
    size_t kept_count;
    uint64_t total; /* all cases, kept or not */
} cof_problems;

/** Counts one more case; position and suggestion of the first case of its kind and column are kept.
 */
void cof_problems_add(cof_problems *problems, const cof_problem *problem);

/** "not_a_number" and "the value is not a decimal number"; static. */
const char *cof_problem_name(cof_problem_kind kind);
const char *cof_problem_text(cof_problem_kind kind);

/**
 * Adds the array of an `invalid` event: [{"kind":…,"column":…,"count":…,"first_row":…},…]; header
 * problems have "position", and "did_you_mean" where there is a suggestion. schema may be NULL
 * (IDX). The caller owns the array.
 * @return COF_OK, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_problems_to_json(const cof_problems *problems, const cof_schema *schema,
                                             json_t **out_array, cof_err *err);

/** Fails with status and the first problem as the detail. */
COF_MUST_USE cof_status cof_problems_fail(const cof_problems *problems, const cof_schema *schema,
                                          cof_status status, cof_err *err);

#endif
