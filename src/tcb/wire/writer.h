/* Fixed-width numbers at the end of a cof_buf. Each fails as cof_buf_append does. */
#ifndef COF_WIRE_WRITER_H
#define COF_WIRE_WRITER_H

#include <stdint.h>

#include "tcb/base/buf.h"

COF_MUST_USE cof_status cof_write_u8(cof_buf *buf, uint8_t value, cof_err *err);
COF_MUST_USE cof_status cof_write_u16le(cof_buf *buf, uint16_t value, cof_err *err);
COF_MUST_USE cof_status cof_write_u32le(cof_buf *buf, uint32_t value, cof_err *err);
COF_MUST_USE cof_status cof_write_u64le(cof_buf *buf, uint64_t value, cof_err *err);
COF_MUST_USE cof_status cof_write_u32be(cof_buf *buf, uint32_t value, cof_err *err);
COF_MUST_USE cof_status cof_write_u64be(cof_buf *buf, uint64_t value, cof_err *err);

#endif
