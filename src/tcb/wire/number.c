/*
 * Implementation notes. The C library prints correctly rounded digits, so the shortest text is the
 * first precision whose digits read back as the value. Any decimal of at most 15 digits survives a
 * normal double, so 15 is where the search starts; subnormal numbers hold less, there it starts
 * at 1. At a power of two the double below is nearer than the one above; there the digits one step
 * up may read back where the correctly rounded ones do not.
 */
#include "tcb/wire/number.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIGITS_MAX = 17, SCIENTIFIC_SIZE = 40 };

/* value = 0.d1d2d3… * 10^point, without trailing zeros. */
typedef struct decimal {
    char digits[DIGITS_MAX + 1];
    int count;
    int point;
} decimal;

static double read_back(const decimal *number)
{
    char text[SCIENTIFIC_SIZE];
    (void)snprintf(text, sizeof text, "%se%d", number->digits, number->point - number->count);
    return strtod(text, NULL);
}

static decimal round_to(double value, int count)
{
    char text[SCIENTIFIC_SIZE];
    (void)snprintf(text, sizeof text, "%.*e", count - 1, value);
    decimal number = {.count = count};
    const char *exponent = strchr(text, 'e');
    /* What is no digit before the exponent is the decimal point, whatever the locale calls it. */
    int used = 0;
    for (const char *c = text; c < exponent && used < count; c++) {
        if (*c >= '0' && *c <= '9') {
            number.digits[used++] = *c;
        }
    }
    number.point = (int)strtol(exponent + 1, NULL, 10) + 1;
    return number;
}

/* One more in the last digit. @return false when all digits are nines. */
static bool step_up(decimal *number)
{
    int i = number->count - 1;
    while (i >= 0 && number->digits[i] == '9') {
        number->digits[i--] = '0';
    }
    if (i < 0) {
        return false;
    }
    number->digits[i]++;
    return true;
}

static decimal shortest(double value)
{
    int exponent = 0;
    const bool is_power_of_two = frexp(value, &exponent) == 0.5;
    decimal number = {.count = 0};
    for (int count = value < DBL_MIN ? 1 : 15; count <= DIGITS_MAX; count++) {
        number = round_to(value, count);
        if (read_back(&number) == value) {
            break;
        }
        decimal above = number;
        if (is_power_of_two && step_up(&above) && read_back(&above) == value) {
            number = above;
            break;
        }
    }
    while (number.count > 1 && number.digits[number.count - 1] == '0') {
        number.digits[--number.count] = '\0';
    }
    return number;
}

cof_status cof_number_text(double value, char out[static COF_NUMBER_TEXT_SIZE], cof_err *err)
{
    if (!isfinite(value)) {
        return COF_FAIL(err, BAD_JSON, "a number is not finite");
    }
    if (value == 0) {
        memcpy(out, "0", 2);
        return COF_OK;
    }
    const char *sign = value < 0 ? "-" : "";
    const decimal number = shortest(fabs(value));
    const char *digits = number.digits;
    if (number.count <= number.point && number.point <= 21) {
        (void)snprintf(out, COF_NUMBER_TEXT_SIZE, "%s%s%.*s", sign, digits,
                       number.point - number.count, "00000000000000000000");
    } else if (0 < number.point && number.point <= 21) {
        (void)snprintf(out, COF_NUMBER_TEXT_SIZE, "%s%.*s.%s", sign, number.point, digits,
                       digits + number.point);
    } else if (-6 < number.point && number.point <= 0) {
        (void)snprintf(out, COF_NUMBER_TEXT_SIZE, "%s0.%.*s%s", sign, -number.point, "00000",
                       digits);
    } else {
        (void)snprintf(out, COF_NUMBER_TEXT_SIZE, "%s%.1s%s%se%+d", sign, digits,
                       number.count > 1 ? "." : "", digits + 1, number.point - 1);
    }
    return COF_OK;
}
