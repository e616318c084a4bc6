#include "tcb/wire/reader.h"

#include <string.h>

cof_reader cof_reader_of(cof_view bytes)
{
    return (cof_reader){.bytes = bytes};
}

size_t cof_reader_left(const cof_reader *reader)
{
    return reader->bytes.size - reader->position;
}

cof_status cof_read_view(cof_reader *reader, size_t size, cof_view *out, cof_err *err)
{
    const size_t left = cof_reader_left(reader);
    if (size > left) {
        return COF_FAIL(err, TRUNCATED, "%zu bytes needed at offset %zu, %zu left", size,
                        reader->position, left);
    }
    /* Adding 0 to the NULL of an empty view is undefined. */
    *out = size == 0 ? (cof_view){0} : cof_view_of(reader->bytes.data + reader->position, size);
    reader->position += size;
    return COF_OK;
}

cof_status cof_read_copy(cof_reader *reader, void *out, size_t size, cof_err *err)
{
    cof_view bytes = {0};
    COF_TRY(cof_read_view(reader, size, &bytes, err));
    if (size > 0) {
        memcpy(out, bytes.data, size);
    }
    return COF_OK;
}

static uint64_t little_endian(cof_view bytes)
{
    uint64_t value = 0;
    for (size_t i = bytes.size; i > 0; i--) {
        value = value << 8 | bytes.data[i - 1];
    }
    return value;
}

static uint64_t big_endian(cof_view bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes.size; i++) {
        value = value << 8 | bytes.data[i];
    }
    return value;
}

cof_status cof_read_u8(cof_reader *reader, uint8_t *out, cof_err *err)
{
    return cof_read_copy(reader, out, sizeof *out, err);
}

cof_status cof_read_u16le(cof_reader *reader, uint16_t *out, cof_err *err)
{
    cof_view bytes = {0};
    COF_TRY(cof_read_view(reader, sizeof *out, &bytes, err));
    *out = (uint16_t)little_endian(bytes);
    return COF_OK;
}

cof_status cof_read_u32le(cof_reader *reader, uint32_t *out, cof_err *err)
{
    cof_view bytes = {0};
    COF_TRY(cof_read_view(reader, sizeof *out, &bytes, err));
    *out = (uint32_t)little_endian(bytes);
    return COF_OK;
}

cof_status cof_read_u64le(cof_reader *reader, uint64_t *out, cof_err *err)
{
    cof_view bytes = {0};
    COF_TRY(cof_read_view(reader, sizeof *out, &bytes, err));
    *out = little_endian(bytes);
    return COF_OK;
}

cof_status cof_read_u32be(cof_reader *reader, uint32_t *out, cof_err *err)
{
    cof_view bytes = {0};
    COF_TRY(cof_read_view(reader, sizeof *out, &bytes, err));
    *out = (uint32_t)big_endian(bytes);
    return COF_OK;
}

cof_status cof_read_u64be(cof_reader *reader, uint64_t *out, cof_err *err)
{
    cof_view bytes = {0};
    COF_TRY(cof_read_view(reader, sizeof *out, &bytes, err));
    *out = big_endian(bytes);
    return COF_OK;
}

cof_status cof_reader_finish(const cof_reader *reader, cof_err *err)
{
    const size_t left = cof_reader_left(reader);
    if (left != 0) {
        return COF_FAIL(err, TRAILING_BYTES, "%zu bytes after offset %zu", left, reader->position);
    }
    return COF_OK;
}
