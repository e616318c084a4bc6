#include "tcb/base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tcb/base/size.h"
#include "tcb/base/wipe.h"

cof_view cof_view_text(const char *text)
{
    return cof_view_of(text, strlen(text));
}

bool cof_view_equal(cof_view a, cof_view b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

void cof_buf_init(cof_buf *buf, size_t limit)
{
    *buf = (cof_buf){.limit = limit};
}

cof_status cof_buf_reserve(cof_buf *buf, size_t extra, cof_err *err)
{
    size_t need = 0;
    COF_TRY(cof_size_add(buf->size, extra, &need, err));
    if (need > buf->limit) {
        return COF_FAIL(err, LIMIT, "%zu bytes where at most %zu are allowed", need, buf->limit);
    }
    if (need <= buf->capacity) {
        return COF_OK;
    }
    size_t capacity = buf->capacity < 256 ? 256 : buf->capacity + buf->capacity / 2;
    if (capacity < need) {
        capacity = need;
    }
    if (capacity > buf->limit) {
        capacity = buf->limit;
    }
    /* Not realloc: it would leave a copy of the old bytes behind, unwiped. */
    uint8_t *grown = malloc(capacity);
    if (grown == NULL) {
        return COF_FAIL(err, NO_MEMORY, "buffer of %zu bytes", capacity);
    }
    if (buf->size > 0) {
        memcpy(grown, buf->data, buf->size);
    }
    cof_wipe(buf->data, buf->size);
    free(buf->data);
    buf->data = grown;
    buf->capacity = capacity;
    return COF_OK;
}

cof_status cof_buf_extend(cof_buf *buf, size_t extra, uint8_t **out_place, cof_err *err)
{
    COF_TRY(cof_buf_reserve(buf, extra, err));
    *out_place = buf->data + buf->size;
    buf->size += extra;
    return COF_OK;
}

cof_status cof_buf_append(cof_buf *buf, cof_view bytes, cof_err *err)
{
    if (bytes.size == 0) {
        return COF_OK;
    }
    uint8_t *place = NULL;
    COF_TRY(cof_buf_extend(buf, bytes.size, &place, err));
    memcpy(place, bytes.data, bytes.size);
    return COF_OK;
}

cof_status cof_buf_append_text(cof_buf *buf, const char *text, cof_err *err)
{
    return cof_buf_append(buf, cof_view_text(text), err);
}

cof_status cof_buf_printf(cof_buf *buf, cof_err *err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0) {
        return COF_FAIL(err, INTERNAL, "format");
    }
    /* One byte more than the text: vsnprintf writes a NUL. */
    COF_TRY(cof_buf_reserve(buf, (size_t)length + 1, err));
    va_start(arguments, format);
    (void)vsnprintf((char *)buf->data + buf->size, (size_t)length + 1, format, arguments);
    va_end(arguments);
    buf->size += (size_t)length;
    return COF_OK;
}

cof_status cof_buf_text(cof_buf *buf, const char **out_text, cof_err *err)
{
    COF_TRY(cof_buf_reserve(buf, 1, err));
    buf->data[buf->size] = 0;
    *out_text = (const char *)buf->data;
    return COF_OK;
}

cof_view cof_buf_view(const cof_buf *buf)
{
    return (cof_view){buf->data, buf->size};
}

void cof_buf_clear(cof_buf *buf)
{
    cof_wipe(buf->data, buf->size);
    buf->size = 0;
}

void cof_buf_free(cof_buf *buf)
{
    cof_wipe(buf->data, buf->capacity);
    free(buf->data);
    *buf = (cof_buf){.limit = buf->limit};
}
