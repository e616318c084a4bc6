/*
 * Streaming CSV reader (RFC 4180) for a known schema.
 *
 * Pieces may be cut anywhere. A UTF-8 byte order mark, LF or CRLF, quoted fields with "" and
 * newlines, a last line without an end and empty lines at the end are accepted; spaces belong to
 * their field. The first line holds the columns' names, exactly those of the schema in its order.
 * Numbers are decimal, rounded correctly to single precision; an empty field is a missing value.
 * Nothing that a cell holds is ever printed or kept outside the rows.
 */
#ifndef COF_DATA_CSV_H
#define COF_DATA_CSV_H

#include "tcb/data/problems.h"
#include "tcb/data/rows.h"
#include "tcb/data/schema.h"

typedef struct cof_csv_options {
    const cof_schema *schema; /* kept: must outlive the reader */
    size_t target;            /* schema column of the labels */
    cof_schema_task task;
    size_t memory_limit; /* bytes that the rows may take */
    bool only_validate;  /* rows are counted and checked, but not kept */
} cof_csv_options;

typedef struct cof_csv cof_csv;

/** @return COF_OK, COF_E_NO_MEMORY, or as cof_schema_shape. */
COF_MUST_USE cof_status cof_csv_new(const cof_csv_options *options, cof_csv **out, cof_err *err);

/**
 * Takes the next bytes of the file, in pieces of any size. A cell that does not fit its column is
 * counted, and reading goes on; once there is a problem, further rows are checked but not kept.
 * After a failure every further call fails alike.
 * @return COF_OK, COF_E_SCHEMA_MISMATCH (the header), COF_E_DATA_INVALID (a line or quote that has
 * no end within the limit), COF_E_MEMORY_LIMIT, COF_E_NO_MEMORY, COF_E_LIMIT (rows).
 */
COF_MUST_USE cof_status cof_csv_feed(cof_csv *csv, cof_view piece, cof_err *err);

/**
 * Ends the file: fills missing values with the mean of the column's present values in this table
 * (double precision, in row order), and gives the rows, which the caller owns. out_rows may be
 * NULL, and gets NULL with only_validate.
 * @return COF_OK, COF_E_DATA_INVALID or COF_E_SCHEMA_MISMATCH (see cof_csv_problems),
 * COF_E_DATA_EMPTY (no rows), or as cof_csv_feed.
 */
COF_MUST_USE cof_status cof_csv_finish(cof_csv *csv, cof_rows **out_rows, cof_err *err);

/** What was found so far; borrowed. */
const cof_problems *cof_csv_problems(const cof_csv *csv);

/** Rows read so far, with or without problems. */
uint64_t cof_csv_row_count(const cof_csv *csv);

/** Bytes of memory that the reader and its rows take now. */
size_t cof_csv_memory(const cof_csv *csv);

/** Wipes and frees; accepts NULL. */
void cof_csv_free(cof_csv *csv);
COF_OWNED(cof_csv, cof_csv_free);

#endif
