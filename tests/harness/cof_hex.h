/* Bytes from the hex of a vector; ends the cmocka test when it is none. */
#ifndef COF_HARNESS_HEX_H
#define COF_HARNESS_HEX_H

#include <string.h>

#include "harness/cof_test.h"
#include "tcb/wire/text.h"

static inline cof_buf cof_hex(const char *hex)
{
    const size_t size = strlen(hex) / 2;
    cof_buf buf = {.limit = size};
    uint8_t *place = NULL;
    if (size > 0) {
        assert_ok(cof_buf_extend(&buf, size, &place, NULL));
        assert_ok(cof_hex_decode(cof_view_text(hex), place, size, NULL));
    }
    return buf;
}
/** Declares an owner: COF_HEX(name, "00ff"); */
#define COF_HEX(name, hex) COF_CLEANUP(cof_buf_free) cof_buf name = cof_hex(hex)

#define assert_hex(place, count, hex)                                                              \
    do {                                                                                           \
        COF_HEX(expected_, hex);                                                                   \
        assert_int_equal((count), expected_.size);                                                 \
        assert_memory_equal((place), expected_.data, expected_.size);                              \
    } while (0)

#endif
