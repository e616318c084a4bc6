#include "relying/contract/scalar.h"

#include <jansson.h>
#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads digits (no leading zero) from *at on; at most 18 of them, so that nothing overflows. */
static bool take_count(const char **at, int64_t *out)
{
    const char *start = *at;
    int64_t value = 0;
    while (is_digit(**at)) {
        if (*at - start == 18) {
            return false;
        }
        value = value * 10 + (**at - '0');
        (*at)++;
    }
    if (*at == start || (*start == '0' && *at - start > 1)) {
        return false;
    }
    *out = value;
    return true;
}

bool cof_scalar_integer(const char *text, int64_t *out)
{
    const bool is_negative = *text == '-';
    int64_t value = 0;
    text += is_negative;
    if (!take_count(&text, &value) || *text != '\0') {
        return false;
    }
    *out = is_negative ? -value : value;
    return true;
}

bool cof_scalar_number(const char *text, double *out)
{
    /* jansson's grammar is JSON's, and it does not depend on the locale; nothing but a number may
     * stand there. */
    if (text[0] == '\0' || strspn(text, "0123456789+-.eE") != strlen(text)) {
        return false;
    }
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    const bool is_number = json_is_number(value);
    if (is_number) {
        *out = json_number_value(value);
    }
    json_decref(value);
    return is_number;
}

/* Exactly size digits. */
static bool take_digits(const char **at, size_t size, int *out)
{
    int value = 0;
    for (size_t i = 0; i < size; i++) {
        if (!is_digit(**at)) {
            return false;
        }
        value = value * 10 + (**at - '0');
        (*at)++;
    }
    *out = value;
    return true;
}

static bool take_character(const char **at, char c)
{
    if (**at != c) {
        return false;
    }
    (*at)++;
    return true;
}

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_of_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year));
}

static int64_t days_since_1970(int year, int month, int day)
{
    int64_t days = day - 1;
    for (int y = 1970; y < year; y++) {
        days += 365 + is_leap(y);
    }
    for (int m = 1; m < month; m++) {
        days += days_of_month(year, m);
    }
    return days;
}

static bool take_offset(const char **at, int64_t *out_s)
{
    int hours = 0;
    int minutes = 0;
    if (take_character(at, 'Z')) {
        *out_s = 0;
        return true;
    }
    const int sign = **at == '-' ? -1 : 1;
    if ((!take_character(at, '+') && !take_character(at, '-')) || !take_digits(at, 2, &hours) ||
        !take_character(at, ':') || !take_digits(at, 2, &minutes) || hours > 23 || minutes > 59) {
        return false;
    }
    *out_s = sign * ((int64_t)hours * 3600 + (int64_t)minutes * 60);
    return true;
}

bool cof_scalar_time(const char *text, int64_t *out_unix_s)
{
    int year = 0;
    int month = 0;
    int day = 0;
    int hour = 0;
    int minute = 0;
    int second = 0;
    int64_t offset = 0;
    if (!take_digits(&text, 4, &year) || !take_character(&text, '-') ||
        !take_digits(&text, 2, &month) || !take_character(&text, '-') ||
        !take_digits(&text, 2, &day) || !take_character(&text, 'T') ||
        !take_digits(&text, 2, &hour) || !take_character(&text, ':') ||
        !take_digits(&text, 2, &minute) || !take_character(&text, ':') ||
        !take_digits(&text, 2, &second) || !take_offset(&text, &offset) || *text != '\0') {
        return false;
    }
    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > days_of_month(year, month) ||
        hour > 23 || minute > 59 || second > 59) {
        return false;
    }
    *out_unix_s = days_since_1970(year, month, day) * 86400 + (int64_t)hour * 3600 +
                  (int64_t)minute * 60 + second - offset;
    return true;
}

typedef struct unit {
    const char *name;
    int64_t factor;
} unit;

static bool take_with_unit(const char *text, const unit *units, size_t count, int64_t *out)
{
    int64_t value = 0;
    if (!take_count(&text, &value)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(text, units[i].name) == 0) {
            return !__builtin_mul_overflow(value, units[i].factor, out);
        }
    }
    return false;
}

bool cof_scalar_size(const char *text, int64_t *out_bytes)
{
    static const unit units[] = {
        {"KiB", (int64_t)1 << 10}, {"MiB", (int64_t)1 << 20}, {"GiB", (int64_t)1 << 30}};
    return take_with_unit(text, units, sizeof units / sizeof units[0], out_bytes);
}

bool cof_scalar_duration(const char *text, int64_t *out_s)
{
    static const unit units[] = {{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
    return take_with_unit(text, units, sizeof units / sizeof units[0], out_s);
}
