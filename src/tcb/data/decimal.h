/* Decimal numbers as a table holds them: [+-] digits [. digits] [e [+-] digits], at least one digit
 * before the e. */
#ifndef COF_DATA_DECIMAL_H
#define COF_DATA_DECIMAL_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

#include "tcb/base/buf.h"

/** A number taken apart: mantissa times 10^exponent. The mantissa is right while there are at most
 * 19 digits. */
typedef struct cof_decimal {
    uint64_t mantissa;
    int32_t exponent;
    uint32_t digits;
    bool is_negative;
} cof_decimal;

/** The nearest values to a decimal. */
typedef struct cof_number {
    double wide;  /* nearest double */
    float narrow; /* nearest float, rounded once; infinite when the decimal is beyond the range */
} cof_number;

/**
 * Up to eight digits at p, added to *mantissa at its end. Reads 8 bytes when 8 are left before
 * stop. Both steps work on all bytes of a word at once: a byte is a digit when it is 0 to 9 after
 * the exclusive or with '0', and the value of eight digits is the sum of neighbours with weights
 * 10, 100 and 10000.
 */
static inline unsigned cof_decimal_take8(const uint8_t *p, const uint8_t *stop, uint64_t *mantissa)
{
    static const uint64_t powers[9] = {1,      10,      100,      1000,     10000,
                                       100000, 1000000, 10000000, 100000000};
    uint64_t word = 0;
    unsigned count = 0;
    if (stop - p < 8) {
        for (; p < stop && (unsigned)(*p - '0') < 10; p++, count++) {
            *mantissa = *mantissa * 10 + (uint64_t)(*p - '0');
        }
        return count;
    }
    memcpy(&word, p, sizeof word);
    word = le64toh(word) ^ 0x3030303030303030u;
    /* The lowest byte that is no digit gets its high bit; bytes above it may get one by carry,
     * which does not matter. */
    const uint64_t other = ((word + 0x7676767676767676u) | word) & 0x8080808080808080u;
    count = other == 0 ? 8 : (unsigned)__builtin_ctzll(other) / 8;
    if (count == 0) {
        return 0;
    }
    word <<= 8 * (8 - count);
    word = word * 10 + (word >> 8);
    word = ((word & 0x000000ff000000ffu) * 0x000f424000000064u +
            ((word >> 16) & 0x000000ff000000ffu) * 0x0000271000000001u) >>
           32;
    *mantissa = *mantissa * powers[count] + word;
    return count;
}

/** All digits from p; gives their end. */
static inline const uint8_t *cof_decimal_digits(const uint8_t *p, const uint8_t *stop,
                                                cof_decimal *number)
{
    unsigned count = 0;
    do {
        count = cof_decimal_take8(p, stop, &number->mantissa);
        p += count;
        number->digits += count;
    } while (count == 8);
    return p;
}

/** The exponent after an e; NULL when it has no digit. Held at 100000, which is beyond any number
 * of 1024 characters. */
const uint8_t *cof_decimal_exponent(const uint8_t *p, const uint8_t *stop, cof_decimal *number);

/** Takes the number at p apart; gives its end, or NULL when there is none. The byte at p can be
 * read, even if p is stop. */
static inline const uint8_t *cof_decimal_scan(const uint8_t *p, const uint8_t *stop,
                                              cof_decimal *out)
{
    cof_decimal number = {0};
    /* Without a branch: signs are as good as random. This is why the byte at p must be readable. */
    number.is_negative = *p == '-';
    p += (size_t)(number.is_negative | (*p == '+'));
    p = cof_decimal_digits(p, stop, &number);
    if (p < stop && *p == '.') {
        const uint32_t whole = number.digits;
        p = cof_decimal_digits(p + 1, stop, &number);
        number.exponent = -(int32_t)(number.digits - whole);
    }
    if (number.digits == 0) {
        return NULL;
    }
    if (p < stop && (*p | 0x20) == 'e') {
        p = cof_decimal_exponent(p + 1, stop, &number);
    }
    *out = number;
    return p;
}

enum { COF_DECIMAL_EXACT_POWER = 22, COF_DECIMAL_LAST_POWER = 40 };

/** 10^-40 to 10^40, rounded; 10^0 to 10^22 exact. */
extern const double cof_decimal_powers[2 * COF_DECIMAL_LAST_POWER + 1];

static inline double cof_decimal_power(int32_t exponent)
{
    return cof_decimal_powers[exponent + COF_DECIMAL_LAST_POWER];
}

/** The value with its sign, without a branch. */
static inline double cof_decimal_sign(const cof_decimal *number, double value)
{
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof bits);
    bits |= (uint64_t)number->is_negative << 63;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/** Whether a double rounds to the same float as everything within slack units of its last place
 * (and its exact self). */
static inline bool cof_decimal_rounds(double value, uint32_t slack)
{
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof bits);
    /* The 29 bits that a float lacks; 0x10000000 is halfway between two floats. */
    const uint32_t rest = (uint32_t)(bits & 0x1fffffffu);
    const uint32_t gap = rest > 0x10000000u ? rest - 0x10000000u : 0x10000000u - rest;
    return gap > slack && value >= 0x1p-126 && value < 0x1p127;
}

/**
 * The value, where two exact doubles and one rounding give it (Clinger 1990) and rounding that
 * again to single precision cannot go wrong.
 * @return false when it takes cof_decimal_read().
 */
static inline bool cof_decimal_fast(const cof_decimal *number, cof_number *out)
{
    if (number->digits > 19 || number->mantissa > (UINT64_C(1) << 53) ||
        number->exponent < -COF_DECIMAL_EXACT_POWER || number->exponent > COF_DECIMAL_EXACT_POWER) {
        return false;
    }
    const double mantissa = (double)number->mantissa;
    const double value = number->exponent < 0 ? mantissa / cof_decimal_power(-number->exponent)
                                              : mantissa * cof_decimal_power(number->exponent);
    if (value != 0.0 && !cof_decimal_rounds(value, 0)) {
        return false;
    }
    out->wide = cof_decimal_sign(number, value);
    out->narrow = (float)out->wide;
    return true;
}

/**
 * The nearest float only, faster and for more digits and larger exponents. Mantissa, power and
 * product are each rounded once, so the double is within 3 units of its last place, and the float
 * is right unless the double is near a halfway point.
 * @return false when it takes cof_decimal_read().
 */
static inline bool cof_decimal_fast_narrow(const cof_decimal *number, float *out)
{
    if (number->digits > 19 || number->exponent < -COF_DECIMAL_LAST_POWER ||
        number->exponent > COF_DECIMAL_LAST_POWER) {
        return false;
    }
    const double value = (double)number->mantissa * cof_decimal_power(number->exponent);
    if (value != 0.0 && !cof_decimal_rounds(value, 8)) {
        return false;
    }
    *out = (float)cof_decimal_sign(number, value);
    return true;
}

/**
 * The value of a whole text. @return COF_OK, COF_E_BAD_FORMAT (not a decimal number), COF_E_LIMIT
 * (over COF_LIMIT_NUMBER_BYTES). Does not depend on the locale.
 */
COF_MUST_USE cof_status cof_decimal_read(cof_view text, cof_number *out, cof_err *err);

#endif
