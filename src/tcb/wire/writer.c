#include "tcb/wire/writer.h"

static cof_status write_little_endian(cof_buf *buf, uint64_t value, size_t size, cof_err *err)
{
    uint8_t *place = NULL;
    COF_TRY(cof_buf_extend(buf, size, &place, err));
    for (size_t i = 0; i < size; i++) {
        place[i] = (uint8_t)(value >> (8 * i));
    }
    return COF_OK;
}

static cof_status write_big_endian(cof_buf *buf, uint64_t value, size_t size, cof_err *err)
{
    uint8_t *place = NULL;
    COF_TRY(cof_buf_extend(buf, size, &place, err));
    for (size_t i = 0; i < size; i++) {
        place[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
    }
    return COF_OK;
}

cof_status cof_write_u8(cof_buf *buf, uint8_t value, cof_err *err)
{
    return write_little_endian(buf, value, sizeof value, err);
}

cof_status cof_write_u16le(cof_buf *buf, uint16_t value, cof_err *err)
{
    return write_little_endian(buf, value, sizeof value, err);
}

cof_status cof_write_u32le(cof_buf *buf, uint32_t value, cof_err *err)
{
    return write_little_endian(buf, value, sizeof value, err);
}

cof_status cof_write_u64le(cof_buf *buf, uint64_t value, cof_err *err)
{
    return write_little_endian(buf, value, sizeof value, err);
}

cof_status cof_write_u32be(cof_buf *buf, uint32_t value, cof_err *err)
{
    return write_big_endian(buf, value, sizeof value, err);
}

cof_status cof_write_u64be(cof_buf *buf, uint64_t value, cof_err *err)
{
    return write_big_endian(buf, value, sizeof value, err);
}
