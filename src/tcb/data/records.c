#include "tcb/data/records.h"

#include <string.h>

#include "tcb/base/limits.h"

/*
 * Implementation notes
 *
 * A quote opens a quoted field only at the start of a field; inside one, two quotes are one.
 * Everywhere else a quote is an ordinary byte here, and a fault when the field is read. So where a
 * record ends does not depend on what is done with faults, and one bad quote costs one row.
 *
 * Two ways find a record's end. Without a quote before the next newline, the newline is it, and
 * memchr finds both; that is nearly all of any table. Else, and for records cut by the end of a
 * piece, a state per byte decides, which is kept between pieces, so that a line fed byte by byte is
 * still scanned once.
 */
enum { FIELD_START, PLAIN, QUOTED, AFTER_QUOTE };

static const uint8_t byte_order_mark[3] = {0xef, 0xbb, 0xbf};

void cof_records_init(cof_records *records)
{
    *records = (cof_records){.line = 1, .state = FIELD_START};
    /* One byte more for the newline that finish adds. */
    cof_buf_init(&records->carry, COF_LIMIT_LINE_BYTES + 1);
}

void cof_records_free(cof_records *records)
{
    cof_buf_free(&records->carry);
}

static int next_state(int state, uint8_t byte)
{
    if (state == QUOTED) {
        return byte == '"' ? AFTER_QUOTE : QUOTED;
    }
    if (byte == ',') {
        return FIELD_START;
    }
    if (byte == '"' && (state == FIELD_START || state == AFTER_QUOTE)) {
        return QUOTED;
    }
    return PLAIN;
}

/* The newline that ends the record, or NULL; *state goes on from where it was. */
static const uint8_t *scan(const uint8_t *at, const uint8_t *end, int *state)
{
    for (; at < end; at++) {
        if (*at == '\n' && *state != QUOTED) {
            return at;
        }
        *state = next_state(*state, *at);
    }
    return NULL;
}

static uint64_t count_newlines(const uint8_t *at, const uint8_t *end)
{
    uint64_t count = 0;
    while (at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        count++;
        at++;
    }
    return count;
}

/* The first byte over the limit decides the reason, wherever the pieces were cut. at: what follows
 * the carry, far enough. */
static cof_status fail_too_long(cof_records *records, const uint8_t *at, cof_err *err)
{
    const cof_buf *carry = &records->carry;
    int state = FIELD_START;
    if (carry->size > 0) {
        (void)scan(carry->data, carry->data + carry->size, &state);
    }
    (void)scan(at, at + (COF_LIMIT_LINE_BYTES + 1 - carry->size), &state);
    records->is_unclosed = state == QUOTED;
    records->is_too_long = !records->is_unclosed;
    return COF_FAIL(err, LIMIT, "line %llu: %s within %d bytes", (unsigned long long)records->line,
                    records->is_unclosed ? "a quote is not closed" : "the line does not end",
                    COF_LIMIT_LINE_BYTES);
}

static cof_status hand_on(cof_records *records, const uint8_t *start, const uint8_t *newline,
                          bool has_quote, cof_record_handler handler, void *context, cof_err *err)
{
    cof_record record = {
        .start = start, .stop = newline, .line = records->line, .has_quote = has_quote};
    if (records->count == 0 && newline - start >= 3 &&
        memcmp(start, byte_order_mark, sizeof byte_order_mark) == 0) {
        record.start += sizeof byte_order_mark;
    }
    if (record.stop > record.start && record.stop[-1] == '\r') {
        record.stop--;
    }
    records->line += 1 + (has_quote ? count_newlines(start, newline) : 0);
    records->count++;
    return handler(context, &record, err);
}

/* Adds bytes to the cut record. */
static cof_status append_carry(cof_records *records, const uint8_t *at, const uint8_t *end,
                               cof_err *err)
{
    const size_t size = (size_t)(end - at);
    if (size > COF_LIMIT_LINE_BYTES - records->carry.size) {
        return fail_too_long(records, at, err);
    }
    if (size > 0 && !records->carry_quote) {
        records->carry_quote = memchr(at, '"', size) != NULL;
    }
    return cof_buf_append(&records->carry, cof_view_of(at, size), err);
}

/* Hands the carry on; it ends with a newline that its limit has room for. */
static cof_status end_carry(cof_records *records, cof_record_handler handler, void *context,
                            cof_err *err)
{
    COF_TRY(cof_buf_append_text(&records->carry, "\n", err));
    const uint8_t *start = records->carry.data;
    COF_TRY(hand_on(records, start, start + records->carry.size - 1, records->carry_quote, handler,
                    context, err));
    cof_buf_clear(&records->carry);
    records->state = FIELD_START;
    records->carry_quote = false;
    return COF_OK;
}

/* The newline that ends the record at `at`, which has_quote says how to find. */
static const uint8_t *record_end(const uint8_t *at, const uint8_t *end, const uint8_t *quote,
                                 bool *out_has_quote)
{
    const uint8_t *newline = memchr(at, '\n', (size_t)(end - at));
    *out_has_quote = newline != NULL && quote != NULL && quote < newline;
    if (*out_has_quote) {
        int state = FIELD_START;
        newline = scan(at, end, &state);
    }
    return newline;
}

static const uint8_t *find_quote(const uint8_t *at, const uint8_t *end)
{
    return at < end ? memchr(at, '"', (size_t)(end - at)) : NULL;
}

cof_status cof_records_feed(cof_records *records, cof_view piece, cof_record_handler handler,
                            void *context, cof_err *err)
{
    if (piece.size == 0) {
        return COF_OK;
    }
    const uint8_t *at = piece.data;
    const uint8_t *end = at + piece.size;
    if (records->carry.size > 0) {
        const uint8_t *newline = scan(at, end, &records->state);
        COF_TRY(append_carry(records, at, newline == NULL ? end : newline, err));
        if (newline == NULL) {
            return COF_OK;
        }
        COF_TRY(end_carry(records, handler, context, err));
        at = newline + 1;
    }
    const uint8_t *quote = find_quote(at, end);
    while (at < end) {
        bool has_quote = false;
        const uint8_t *newline = record_end(at, end, quote, &has_quote);
        if (newline == NULL) {
            break;
        }
        if ((size_t)(newline - at) > COF_LIMIT_LINE_BYTES) {
            return fail_too_long(records, at, err);
        }
        COF_TRY(hand_on(records, at, newline, has_quote, handler, context, err));
        at = newline + 1;
        quote = quote != NULL && quote < at ? find_quote(at, end) : quote;
    }
    (void)scan(at, end, &records->state);
    return append_carry(records, at, end, err);
}

cof_status cof_records_finish(cof_records *records, cof_record_handler handler, void *context,
                              cof_err *err)
{
    if (records->carry.size == 0) {
        return COF_OK;
    }
    if (records->state == QUOTED) {
        records->is_unclosed = true;
        return COF_FAIL(err, BAD_FORMAT, "line %llu: a quote is not closed",
                        (unsigned long long)records->line);
    }
    return end_carry(records, handler, context, err);
}

/* ---- fields ---- */

static void finish_field(const uint8_t *delimiter, const uint8_t *stop, cof_field *out)
{
    out->next = delimiter < stop ? delimiter + 1 : NULL;
    if (out->text.size > COF_LIMIT_FIELD_BYTES) {
        out->fault = COF_FIELD_TOO_LONG;
    }
}

static void read_plain(const uint8_t *at, const uint8_t *stop, cof_field *out)
{
    const uint8_t *comma = memchr(at, ',', (size_t)(stop - at));
    const uint8_t *delimiter = comma != NULL ? comma : stop;
    *out = (cof_field){.text = cof_view_of(at, (size_t)(delimiter - at))};
    if (out->text.size > 0 && memchr(at, '"', out->text.size) != NULL) {
        out->fault = COF_FIELD_BAD_QUOTE;
    }
    finish_field(delimiter, stop, out);
}

/* at is after the opening quote. Follows the same states as scan, so both agree where the field
 * ends. */
static cof_status read_quoted(const uint8_t *at, const uint8_t *stop, cof_buf *scratch,
                              cof_field *out, cof_err *err)
{
    cof_field field = {0};
    int state = QUOTED;
    for (; at < stop && (state == QUOTED || *at != ','); at++) {
        state = next_state(state, *at);
        if (state == PLAIN) {
            field.fault = COF_FIELD_BAD_QUOTE;
        }
        /* The byte belongs to the text unless it is a closing quote or the first of a pair. */
        if (state != AFTER_QUOTE && scratch->size <= COF_LIMIT_FIELD_BYTES) {
            COF_TRY(cof_buf_append(scratch, cof_view_of(at, 1), err));
        }
    }
    if (state == QUOTED) {
        field.fault = COF_FIELD_BAD_QUOTE;
    }
    field.text = cof_buf_view(scratch);
    finish_field(at, stop, &field);
    *out = field;
    return COF_OK;
}

cof_status cof_field_read(const uint8_t *at, const uint8_t *stop, cof_buf *scratch, cof_field *out,
                          cof_err *err)
{
    cof_buf_clear(scratch);
    if (at < stop && *at == '"') {
        return read_quoted(at + 1, stop, scratch, out, err);
    }
    read_plain(at, stop, out);
    return COF_OK;
}
