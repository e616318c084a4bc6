#include "local/vault/duration.h"

#include <string.h>
#include <time.h>

enum { DIGITS_MAX = 9, YEARS_MAX = 1000, DAY_S = 24 * 60 * 60, MONTHS_OF_YEAR = 12 };

/* The parts in the order in which they may come. */
typedef struct part {
    char letter;
    bool is_time;
    int64_t months; /* each one is worth */
    int64_t seconds;
} part;

static const part parts[] = {
    {'Y', false, MONTHS_OF_YEAR, 0}, {'M', false, 1, 0}, {'D', false, 0, DAY_S},
    {'H', true, 0, 60 * 60},         {'M', true, 0, 60}, {'S', true, 0, 1},
};
enum { PARTS = sizeof parts / sizeof parts[0] };

static bool read_number(const char **text, int64_t *out)
{
    const size_t size = strspn(*text, "0123456789");
    if (size == 0 || size > DIGITS_MAX) {
        return false;
    }
    *out = 0;
    for (size_t i = 0; i < size; i++) {
        *out = *out * 10 + ((*text)[i] - '0');
    }
    *text += size;
    return true;
}

/* Which part the letter is, at or after this one; PARTS when it is none. */
static size_t find_part(size_t from, bool is_time, char letter)
{
    while (from < PARTS && (parts[from].is_time != is_time || parts[from].letter != letter)) {
        from++;
    }
    return from;
}

static bool parse(const char *text, cof_duration *out)
{
    int64_t months = 0;
    int64_t seconds = 0;
    size_t next = 0;
    bool is_time = false;
    if (*text++ != 'P' || *text == '\0') {
        return false;
    }
    while (*text != '\0') {
        int64_t number = 0;
        if (*text == 'T' && !is_time) {
            is_time = true;
            text++;
        }
        if (!read_number(&text, &number)) {
            return false;
        }
        const size_t at = find_part(next, is_time, *text);
        if (at == PARTS) {
            return false;
        }
        months += number * parts[at].months;
        seconds += number * parts[at].seconds;
        next = at + 1;
        text++;
    }
    if (months > (int64_t)YEARS_MAX * MONTHS_OF_YEAR ||
        seconds > (int64_t)YEARS_MAX * 366 * DAY_S) {
        return false;
    }
    *out = (cof_duration){.months = (int32_t)months, .seconds = seconds};
    return true;
}

cof_status cof_duration_parse(const char *text, cof_duration *out, cof_err *err)
{
    return parse(text, out) ? COF_OK
                            : COF_FAIL(err, BAD_FORMAT, "not a duration such as P90D or P1Y6M");
}

static int days_of(int year, int month)
{
    static const int days[MONTHS_OF_YEAR] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month] + (month == 1 && is_leap ? 1 : 0);
}

static int64_t add_months(int64_t unix_s, int64_t months)
{
    const time_t time = (time_t)unix_s;
    struct tm date;
    if (months == 0 || gmtime_r(&time, &date) == NULL) {
        return unix_s;
    }
    const int64_t total = (int64_t)(date.tm_year + 1900) * MONTHS_OF_YEAR + date.tm_mon + months;
    const int year = (int)(total / MONTHS_OF_YEAR);
    date.tm_year = year - 1900;
    date.tm_mon = (int)(total % MONTHS_OF_YEAR);
    const int last = days_of(year, date.tm_mon);
    date.tm_mday = date.tm_mday > last ? last : date.tm_mday;
    return (int64_t)timegm(&date);
}

int64_t cof_duration_after(const cof_duration *duration, int64_t unix_s)
{
    return add_months(unix_s, duration->months) + duration->seconds;
}

int64_t cof_duration_before(const cof_duration *duration, int64_t unix_s)
{
    return add_months(unix_s, -(int64_t)duration->months) - duration->seconds;
}
