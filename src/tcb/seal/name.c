#include "tcb/seal/name.h"

#include "tcb/seal/seal.h"

/*
 * One character of UTF-8 at the start of text. Gives its size, or 0 when it is not well formed:
 * over-long forms, surrogates and anything over U+10FFFF are not (RFC 3629 section 4).
 */
static size_t read_character(cof_view text, uint32_t *out_character)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    const uint8_t first = text.data[0];
    if (first < 0x80) {
        *out_character = first;
        return 1;
    }
    const size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.size < size) {
        return 0;
    }
    uint32_t character = first & (0x7fu >> size);
    for (size_t i = 1; i < size; i++) {
        if ((text.data[i] & 0xc0) != 0x80) {
            return 0;
        }
        character = character << 6 | (text.data[i] & 0x3fu);
    }
    if (character < least[size] || character > 0x10ffff ||
        (character >= 0xd800 && character <= 0xdfff)) {
        return 0;
    }
    *out_character = character;
    return size;
}

static bool is_control(uint32_t character)
{
    return character < 0x20 || (character >= 0x7f && character <= 0x9f);
}

cof_status cof_seal_name_check(cof_view name, cof_err *err)
{
    if (name.size < 1 || name.size > COF_SEAL_NAME_SIZE) {
        return COF_FAIL(err, BAD_FORMAT, "name of %zu bytes", name.size);
    }
    if (cof_view_equal(name, cof_view_text(".")) || cof_view_equal(name, cof_view_text(".."))) {
        return COF_FAIL(err, BAD_FORMAT, "name is \".\" or \"..\"");
    }
    for (size_t at = 0; at < name.size;) {
        uint32_t character = 0;
        const size_t size = read_character(cof_view_of(name.data + at, name.size - at), &character);
        if (size == 0 || is_control(character) || character == '/') {
            return COF_FAIL(err, BAD_FORMAT, "name has a character that is not allowed at byte %zu",
                            at);
        }
        at += size;
    }
    return COF_OK;
}

cof_status cof_seal_kid_check(cof_view kid, cof_err *err)
{
    if (kid.size < 1 || kid.size > COF_SEAL_KID_SIZE) {
        return COF_FAIL(err, BAD_FORMAT, "key identifier of %zu bytes", kid.size);
    }
    for (size_t i = 0; i < kid.size; i++) {
        if (kid.data[i] < 0x20 || kid.data[i] > 0x7e) {
            return COF_FAIL(err, BAD_FORMAT, "key identifier is not printable at byte %zu", i);
        }
    }
    return COF_OK;
}
