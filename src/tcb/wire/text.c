/*
 * Implementation notes. A digit is found by comparing, not by looking it up: keys in transit are
 * text too, and a table indexed by secret bytes leaves them in the cache. A decoder that fails
 * takes back, wiped, what it had appended.
 */
#include "tcb/wire/text.h"

#include "tcb/base/size.h"
#include "tcb/base/wipe.h"

/* The two alphabets differ in digits 62 and 63. */
typedef struct alphabet {
    char digit62;
    char digit63;
    bool is_padded;
} alphabet;

static const alphabet url_alphabet = {'-', '_', false};
static const alphabet standard_alphabet = {'+', '/', true};

/* All ones when low <= value <= high, else 0; each argument is a byte. */
static unsigned in_range(unsigned value, unsigned low, unsigned high)
{
    return (((value - low) >> 31) - 1) & (((high - value) >> 31) - 1);
}

static uint8_t sextet_char(const alphabet *set, unsigned value)
{
    unsigned result = in_range(value, 0, 25) & (value + 'A');
    result |= in_range(value, 26, 51) & (value - 26 + 'a');
    result |= in_range(value, 52, 61) & (value - 52 + '0');
    result |= in_range(value, 62, 62) & (unsigned)set->digit62;
    result |= in_range(value, 63, 63) & (unsigned)set->digit63;
    return (uint8_t)result;
}

/* The value of a digit; 64 or more when it is none. */
static unsigned char_sextet(const alphabet *set, unsigned c)
{
    const unsigned upper = in_range(c, 'A', 'Z');
    const unsigned lower = in_range(c, 'a', 'z');
    const unsigned digit = in_range(c, '0', '9');
    const unsigned is62 = in_range(c, (unsigned)set->digit62, (unsigned)set->digit62);
    const unsigned is63 = in_range(c, (unsigned)set->digit63, (unsigned)set->digit63);
    const unsigned value = (upper & (c - 'A')) | (lower & (c - 'a' + 26)) |
                           (digit & (c - '0' + 52)) | (is62 & 62) | (is63 & 63);
    return value | (~(upper | lower | digit | is62 | is63) & 64);
}

static cof_status encode(const alphabet *set, cof_view bytes, cof_buf *out, cof_err *err)
{
    const size_t rest = bytes.size % 3;
    size_t size = 0;
    COF_TRY(cof_size_mul(bytes.size / 3, 4, &size, err));
    COF_TRY(cof_size_add(size, rest == 0 ? 0 : set->is_padded ? 4 : rest + 1, &size, err));
    if (size == 0) {
        return COF_OK;
    }
    uint8_t *place = NULL;
    COF_TRY(cof_buf_extend(out, size, &place, err));
    size_t used = 0;
    for (size_t i = 0; i < bytes.size; i += 3) {
        const size_t count = bytes.size - i < 3 ? bytes.size - i : 3;
        unsigned group = 0;
        for (size_t k = 0; k < 3; k++) {
            group = group << 8 | (k < count ? bytes.data[i + k] : 0);
        }
        for (size_t k = 0; k < count + 1; k++) {
            place[used++] = sextet_char(set, group >> (18 - 6 * k) & 63);
        }
    }
    while (used < size) {
        place[used++] = '=';
    }
    return COF_OK;
}

/* Takes the padding away, where there is one. @return false when it is not complete. */
static bool strip_padding(const alphabet *set, cof_view text, size_t *out_digits)
{
    size_t digits = text.size;
    while (digits > 0 && text.size - digits < 2 && text.data[digits - 1] == '=') {
        digits--;
    }
    *out_digits = digits;
    if (digits % 4 == 1) {
        return false;
    }
    if (digits == text.size) {
        return !set->is_padded || digits % 4 == 0;
    }
    return digits % 4 != 0 && text.size % 4 == 0;
}

/* Writes digits * 6 / 8 bytes. @return false for a character that is no digit, or left-over bits.
 */
static bool decode_digits(const alphabet *set, const uint8_t *text, size_t digits, uint8_t *place)
{
    unsigned group = 0;
    unsigned bits = 0;
    unsigned bad = 0;
    for (size_t i = 0; i < digits; i++) {
        const unsigned value = char_sextet(set, text[i]);
        bad |= value & 64;
        group = (group << 6 | (value & 63)) & 0xffff;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            *place++ = (uint8_t)(group >> bits);
        }
    }
    return bad == 0 && (group & ((1U << bits) - 1)) == 0;
}

static cof_status decode(const alphabet *set, cof_view text, cof_buf *out, cof_err *err)
{
    size_t digits = 0;
    if (!strip_padding(set, text, &digits)) {
        return COF_FAIL(err, BAD_FORMAT, "base64 of %zu characters is incomplete", text.size);
    }
    if (digits == 0) {
        return COF_OK;
    }
    const size_t size = digits / 4 * 3 + digits % 4 * 6 / 8;
    uint8_t *place = NULL;
    COF_TRY(cof_buf_extend(out, size, &place, err));
    if (!decode_digits(set, text.data, digits, place)) {
        cof_wipe(place, size);
        out->size -= size;
        return COF_FAIL(err, BAD_FORMAT, "base64 of %zu characters is not canonical", text.size);
    }
    return COF_OK;
}

cof_status cof_base64url_encode(cof_view bytes, cof_buf *out, cof_err *err)
{
    return encode(&url_alphabet, bytes, out, err);
}

cof_status cof_base64url_decode(cof_view text, cof_buf *out, cof_err *err)
{
    return decode(&url_alphabet, text, out, err);
}

cof_status cof_base64_encode(cof_view bytes, cof_buf *out, cof_err *err)
{
    return encode(&standard_alphabet, bytes, out, err);
}

cof_status cof_base64_decode(cof_view text, cof_buf *out, cof_err *err)
{
    return decode(&standard_alphabet, text, out, err);
}

static uint8_t nibble_char(unsigned value)
{
    return (uint8_t)(value + '0' + (in_range(value, 10, 15) & ('a' - '0' - 10)));
}

/* The value of a hex digit; 16 or more when it is none. */
static unsigned char_nibble(unsigned c)
{
    const unsigned digit = in_range(c, '0', '9');
    const unsigned lower = in_range(c, 'a', 'f');
    const unsigned upper = in_range(c, 'A', 'F');
    const unsigned value =
        (digit & (c - '0')) | (lower & (c - 'a' + 10)) | (upper & (c - 'A' + 10));
    return value | (~(digit | lower | upper) & 16);
}

static void hex_digits(cof_view bytes, uint8_t *out)
{
    for (size_t i = 0; i < bytes.size; i++) {
        out[2 * i] = nibble_char(bytes.data[i] >> 4);
        out[2 * i + 1] = nibble_char(bytes.data[i] & 15);
    }
}

cof_status cof_hex_encode(cof_view bytes, cof_buf *out, cof_err *err)
{
    if (bytes.size == 0) {
        return COF_OK;
    }
    size_t size = 0;
    COF_TRY(cof_size_mul(bytes.size, 2, &size, err));
    uint8_t *place = NULL;
    COF_TRY(cof_buf_extend(out, size, &place, err));
    hex_digits(bytes, place);
    return COF_OK;
}

void cof_hex_text(cof_view bytes, char *out)
{
    hex_digits(bytes, (uint8_t *)out);
    out[2 * bytes.size] = '\0';
}

cof_status cof_hex_decode(cof_view text, void *out, size_t size, cof_err *err)
{
    if (text.size / 2 != size || text.size % 2 != 0) {
        return COF_FAIL(err, BAD_FORMAT, "%zu hex digits where %zu bytes are expected", text.size,
                        size);
    }
    unsigned bad = 0;
    for (size_t i = 0; i < text.size; i++) {
        bad |= char_nibble(text.data[i]) & 16;
    }
    if (bad != 0) {
        return COF_FAIL(err, BAD_FORMAT, "not a hex digit");
    }
    uint8_t *bytes = out;
    for (size_t i = 0; i < size; i++) {
        bytes[i] =
            (uint8_t)(char_nibble(text.data[2 * i]) << 4 | char_nibble(text.data[2 * i + 1]));
    }
    return COF_OK;
}

/* How many bytes follow a first byte, and the range of the second one; 0 for no first byte. */
static size_t utf8_tail(uint8_t first, uint8_t *out_low, uint8_t *out_high)
{
    *out_low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    *out_high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (first >= 0xC2 && first <= 0xDF) {
        return 1;
    }
    if (first >= 0xE0 && first <= 0xEF) {
        return 2;
    }
    return first >= 0xF0 && first <= 0xF4 ? 3 : 0;
}

bool cof_utf8_is_valid(cof_view text)
{
    size_t i = 0;
    while (i < text.size) {
        if (text.data[i] < 0x80) {
            i++;
            continue;
        }
        uint8_t low = 0;
        uint8_t high = 0;
        const size_t tail = utf8_tail(text.data[i], &low, &high);
        if (tail == 0 || text.size - i - 1 < tail || text.data[i + 1] < low ||
            text.data[i + 1] > high) {
            return false;
        }
        for (size_t k = 2; k <= tail; k++) {
            if (text.data[i + k] < 0x80 || text.data[i + k] > 0xBF) {
                return false;
            }
        }
        i += tail + 1;
    }
    return true;
}
