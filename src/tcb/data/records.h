/*
 * Cuts a stream of bytes into CSV records (RFC 4180), and a record into fields.
 *
 * A record that stands whole in the piece it came with is handed on where it lies; only one that is
 * cut by the end of a piece is copied, to a carry that is bounded by COF_LIMIT_LINE_BYTES and
 * wiped.
 */
#ifndef COF_DATA_RECORDS_H
#define COF_DATA_RECORDS_H

#include "tcb/base/buf.h"

/**
 * One record, without its line end; borrowed for the call. The byte at stop can be read, and is no
 * digit, letter, comma or quote: it is part of the line end.
 */
typedef struct cof_record {
    const uint8_t *start;
    const uint8_t *stop;
    uint64_t line; /* of its start, from 1 */
    bool has_quote;
} cof_record;

typedef cof_status (*cof_record_handler)(void *context, const cof_record *record, cof_err *err);

/** Plain value; cof_records_init, then cof_records_free. */
typedef struct cof_records {
    cof_buf carry;
    int state;        /* of the scan of the carry */
    bool carry_quote; /* the carry has a quote */
    bool is_too_long; /* why feeding failed: no line end within the limit… */
    bool is_unclosed; /* …or no closing quote */
    uint64_t line;    /* where the next record starts */
    uint64_t count;   /* records so far */
} cof_records;

void cof_records_init(cof_records *records);

/**
 * Hands on every record that ends in this piece. A byte order mark before the first is skipped.
 * @return COF_OK, COF_E_LIMIT (is_too_long or is_unclosed), COF_E_NO_MEMORY, or what the handler
 * returned.
 */
COF_MUST_USE cof_status cof_records_feed(cof_records *records, cof_view piece,
                                         cof_record_handler handler, void *context, cof_err *err);

/** Hands on a last record that has no line end. @return as cof_records_feed; COF_E_BAD_FORMAT
 * (is_unclosed). */
COF_MUST_USE cof_status cof_records_finish(cof_records *records, cof_record_handler handler,
                                           void *context, cof_err *err);

void cof_records_free(cof_records *records);

typedef enum cof_field_fault {
    COF_FIELD_OK = 0,
    COF_FIELD_BAD_QUOTE,
    COF_FIELD_TOO_LONG
} cof_field_fault;

/** One field; borrowed from the record, or from scratch when quotes had to be undone. */
typedef struct cof_field {
    cof_view text;
    cof_field_fault fault;
    const uint8_t *next; /* start of the next field, NULL after the last */
} cof_field;

/**
 * The field that starts at `at`, which is between a record's start and its stop. scratch is cleared
 * first and needs a limit of at least COF_LIMIT_FIELD_BYTES.
 * @return COF_OK (faults too), COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_field_read(const uint8_t *at, const uint8_t *stop, cof_buf *scratch,
                                       cof_field *out, cof_err *err);

#endif
