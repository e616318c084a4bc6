#include "tcb/data/decimal.h"

#include <locale.h>
#include <stdlib.h>

#include "tcb/base/limits.h"
#include "tcb/base/wipe.h"

const double cof_decimal_powers[2 * COF_DECIMAL_LAST_POWER + 1] = {
    1e-40, 1e-39, 1e-38, 1e-37, 1e-36, 1e-35, 1e-34, 1e-33, 1e-32, 1e-31, 1e-30, 1e-29,
    1e-28, 1e-27, 1e-26, 1e-25, 1e-24, 1e-23, 1e-22, 1e-21, 1e-20, 1e-19, 1e-18, 1e-17,
    1e-16, 1e-15, 1e-14, 1e-13, 1e-12, 1e-11, 1e-10, 1e-9,  1e-8,  1e-7,  1e-6,  1e-5,
    1e-4,  1e-3,  1e-2,  1e-1,  1e0,   1e1,   1e2,   1e3,   1e4,   1e5,   1e6,   1e7,
    1e8,   1e9,   1e10,  1e11,  1e12,  1e13,  1e14,  1e15,  1e16,  1e17,  1e18,  1e19,
    1e20,  1e21,  1e22,  1e23,  1e24,  1e25,  1e26,  1e27,  1e28,  1e29,  1e30,  1e31,
    1e32,  1e33,  1e34,  1e35,  1e36,  1e37,  1e38,  1e39,  1e40};

enum { EXPONENT_HELD = 100000 };

const uint8_t *cof_decimal_exponent(const uint8_t *p, const uint8_t *stop, cof_decimal *number)
{
    bool is_negative = false;
    if (p < stop && (*p == '-' || *p == '+')) {
        is_negative = *p == '-';
        p++;
    }
    if (p >= stop || (unsigned)(*p - '0') >= 10) {
        return NULL;
    }
    int32_t value = 0;
    for (; p < stop && (unsigned)(*p - '0') < 10; p++) {
        value = value < EXPONENT_HELD ? value * 10 + (*p - '0') : value;
    }
    value = value < EXPONENT_HELD ? value : EXPONENT_HELD;
    number->exponent += is_negative ? -value : value;
    return p;
}

/* The C library rounds correctly at any length. "C" is a constant of the library: making it
 * allocates nothing. */
static cof_status read_slowly(cof_view text, cof_number *out, cof_err *err)
{
    char copy[COF_LIMIT_NUMBER_BYTES + 1];
    const locale_t locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (locale == (locale_t)0) {
        return COF_FAIL(err, NO_MEMORY, "locale");
    }
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    *out =
        (cof_number){.wide = strtod_l(copy, NULL, locale), .narrow = strtof_l(copy, NULL, locale)};
    cof_wipe(copy, text.size);
    freelocale(locale);
    return COF_OK;
}

cof_status cof_decimal_read(cof_view text, cof_number *out, cof_err *err)
{
    cof_decimal number = {0};
    if (text.size > COF_LIMIT_NUMBER_BYTES) {
        return COF_FAIL(err, LIMIT, "a number of %zu characters, where at most %d are allowed",
                        text.size, COF_LIMIT_NUMBER_BYTES);
    }
    const uint8_t *stop = text.data + text.size;
    if (text.size == 0 || cof_decimal_scan(text.data, stop, &number) != stop) {
        return COF_FAIL(err, BAD_FORMAT, "not a decimal number");
    }
    if (cof_decimal_fast(&number, out)) {
        return COF_OK;
    }
    return read_slowly(text, out, err);
}
