/* A bounded reader: each read checks what is left, so that a parser reads like its format. */
#ifndef COF_WIRE_READER_H
#define COF_WIRE_READER_H

#include <stdint.h>

#include "tcb/base/buf.h"

/** Borrowed bytes and a position in them. */
typedef struct cof_reader {
    cof_view bytes;
    size_t position;
} cof_reader;

cof_reader cof_reader_of(cof_view bytes);
size_t cof_reader_left(const cof_reader *reader);

/* Each returns COF_OK, or COF_E_TRUNCATED and leaves the position where it was. */
COF_MUST_USE cof_status cof_read_u8(cof_reader *reader, uint8_t *out, cof_err *err);
COF_MUST_USE cof_status cof_read_u16le(cof_reader *reader, uint16_t *out, cof_err *err);
COF_MUST_USE cof_status cof_read_u32le(cof_reader *reader, uint32_t *out, cof_err *err);
COF_MUST_USE cof_status cof_read_u64le(cof_reader *reader, uint64_t *out, cof_err *err);
COF_MUST_USE cof_status cof_read_u32be(cof_reader *reader, uint32_t *out, cof_err *err);
COF_MUST_USE cof_status cof_read_u64be(cof_reader *reader, uint64_t *out, cof_err *err);

/** Borrows the next size bytes. */
COF_MUST_USE cof_status cof_read_view(cof_reader *reader, size_t size, cof_view *out, cof_err *err);

/** Copies the next size bytes. */
COF_MUST_USE cof_status cof_read_copy(cof_reader *reader, void *out, size_t size, cof_err *err);

/** @return COF_OK when nothing is left, else COF_E_TRAILING_BYTES. */
COF_MUST_USE cof_status cof_reader_finish(const cof_reader *reader, cof_err *err);

#endif
