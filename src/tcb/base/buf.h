/* Borrowed bytes (cof_view, cof_span) and owned, growing bytes with a maximum (cof_buf). */
#ifndef COF_BASE_BUF_H
#define COF_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcb/base/own.h"
#include "tcb/base/status.h"

/** Borrowed bytes that are only read. {NULL, 0} is the empty view. */
typedef struct cof_view {
    const uint8_t *data;
    size_t size;
} cof_view;

/** Borrowed bytes that are written. */
typedef struct cof_span {
    uint8_t *data;
    size_t size;
} cof_span;

/** Owned bytes; never grows over its limit; wiped whenever memory is given back. Zeroed is valid,
 * with limit 0. */
typedef struct cof_buf {
    uint8_t *data;
    size_t size;
    size_t capacity;
    size_t limit;
} cof_buf;

/** A view of size bytes at data. */
static inline cof_view cof_view_of(const void *data, size_t size)
{
    return (cof_view){(const uint8_t *)data, size};
}

/** A view of a text without its NUL. */
cof_view cof_view_text(const char *text);

/** Same size and same bytes; for public values only (see cof_secret_equal). */
bool cof_view_equal(cof_view a, cof_view b);

/** An empty buffer that may grow to limit bytes; allocates nothing. */
void cof_buf_init(cof_buf *buf, size_t limit);

/** Makes room for extra more bytes. @return COF_OK, COF_E_LIMIT, COF_E_NO_MEMORY; on failure the
 * buffer is unchanged. */
COF_MUST_USE cof_status cof_buf_reserve(cof_buf *buf, size_t extra, cof_err *err);

/** Adds extra bytes and gives their place, not initialised. @return as cof_buf_reserve. */
COF_MUST_USE cof_status cof_buf_extend(cof_buf *buf, size_t extra, uint8_t **out_place,
                                       cof_err *err);

/** Copies bytes to the end. The view must not point into the buffer. @return as cof_buf_reserve. */
COF_MUST_USE cof_status cof_buf_append(cof_buf *buf, cof_view bytes, cof_err *err);

/** Appends a text without its NUL. @return as cof_buf_reserve. */
COF_MUST_USE cof_status cof_buf_append_text(cof_buf *buf, const char *text, cof_err *err);

/** Appends formatted text without a NUL. @return as cof_buf_reserve. */
COF_MUST_USE cof_status cof_buf_printf(cof_buf *buf, cof_err *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Puts a NUL after the bytes (not counted in size) and gives the text. @return as cof_buf_reserve.
 */
COF_MUST_USE cof_status cof_buf_text(cof_buf *buf, const char **out_text, cof_err *err);

/** The bytes so far; valid until the buffer changes. */
cof_view cof_buf_view(const cof_buf *buf);

/** Wipes the content and keeps the memory. */
void cof_buf_clear(cof_buf *buf);

/** Wipes and frees; the buffer is empty afterwards and keeps its limit. */
void cof_buf_free(cof_buf *buf);

/** For COF_CLEANUP(cof_buf_free) cof_buf b = {0}; then cof_buf_init. */

#endif
