/* base64url, base64 and hex (RFC 4648), UTF-8. Decoders are strict: one encoding of any bytes is
 * accepted. */
#ifndef COF_WIRE_TEXT_H
#define COF_WIRE_TEXT_H

#include "tcb/base/buf.h"

/** Appends base64url without padding (RFC 4648 section 5). */
COF_MUST_USE cof_status cof_base64url_encode(cof_view bytes, cof_buf *out, cof_err *err);

/**
 * Decodes base64url. Padding is accepted only when complete; bits left over must be zero.
 * @return COF_OK, COF_E_BAD_FORMAT, or as cof_buf_append.
 */
COF_MUST_USE cof_status cof_base64url_decode(cof_view text, cof_buf *out, cof_err *err);

/** Standard base64 with padding (RFC 4648 section 4), for x5c, kid and DSSE. */
COF_MUST_USE cof_status cof_base64_encode(cof_view bytes, cof_buf *out, cof_err *err);
COF_MUST_USE cof_status cof_base64_decode(cof_view text, cof_buf *out, cof_err *err);

/** Appends lower-case hex. */
COF_MUST_USE cof_status cof_hex_encode(cof_view bytes, cof_buf *out, cof_err *err);

/** Writes lower-case hex and a NUL: out has room for 2 * bytes.size + 1 characters. */
void cof_hex_text(cof_view bytes, char *out);

/** Whole, shortest-form UTF-8 without surrogates (RFC 3629). The empty view is. */
bool cof_utf8_is_valid(cof_view text);

/** Decodes exactly size bytes from 2 * size hex digits of either case. @return COF_OK,
 * COF_E_BAD_FORMAT. */
COF_MUST_USE cof_status cof_hex_decode(cof_view text, void *out, size_t size, cof_err *err);

#endif
