#include "host/collateral/lifetime.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { SECONDS_DIGITS_MAX = 10, DATE_SIZE = 29 };
static const int64_t seconds_max = INT64_C(1) << 31; /* RFC 9111 §1.2.2 */

bool cof_http_date(const char *text, int64_t *out_unix_s)
{
    struct tm parts = {0};
    if (strlen(text) != DATE_SIZE) {
        return false;
    }
    const char *rest = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    if (rest == NULL || *rest != '\0') {
        return false;
    }
    *out_unix_s = (int64_t)timegm(&parts);
    return true;
}

/* delta-seconds; more than can be is the most that can be. */
static bool read_seconds(const char *text, size_t size, int64_t *out)
{
    int64_t value = 0;
    if (size == 0) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        value = i < SECONDS_DIGITS_MAX ? value * 10 + (text[i] - '0') : seconds_max;
    }
    *out = value < seconds_max ? value : seconds_max;
    return true;
}

static bool is_word(const char *text, size_t size, const char *word)
{
    return size == strlen(word) && strncasecmp(text, word, size) == 0;
}

/* One directive of Cache-Control, without the space around it. */
static void read_directive(const char *text, size_t size, cof_lifetime *out)
{
    static const char max_age[] = "max-age=";
    const size_t head = sizeof max_age - 1;
    if (is_word(text, size, "no-store")) {
        out->may_store = false;
    }
    if (is_word(text, size, "no-cache") || is_word(text, size, "no-store")) {
        out->is_known = true;
        out->seconds = 0;
    }
    if (size >= head && strncasecmp(text, max_age, head) == 0) {
        int64_t seconds = 0;
        const bool is_first = !out->is_known;
        (void)read_seconds(text + head, size - head, &seconds);
        out->is_known = true;
        out->seconds = is_first || seconds < out->seconds ? seconds : out->seconds;
    }
}

static void read_cache_control(const char *text, cof_lifetime *out)
{
    while (*text != '\0') {
        text += strspn(text, " \t,");
        size_t size = strcspn(text, ",");
        const char *next = text + size;
        while (size > 0 && (text[size - 1] == ' ' || text[size - 1] == '\t')) {
            size--;
        }
        read_directive(text, size, out);
        text = next;
    }
}

static int64_t until(const cof_lifetime_fields *fields, int64_t now_unix_s)
{
    int64_t expires = 0;
    int64_t date = now_unix_s;
    if (!cof_http_date(fields->expires, &expires) ||
        (fields->date != NULL && !cof_http_date(fields->date, &date))) {
        return 0;
    }
    return expires - date;
}

cof_lifetime cof_lifetime_of(const cof_lifetime_fields *fields, int64_t now_unix_s)
{
    cof_lifetime lifetime = {.may_store = true};
    int64_t age = 0;
    if (fields->cache_control != NULL) {
        read_cache_control(fields->cache_control, &lifetime);
    }
    if (!lifetime.is_known && fields->expires != NULL) {
        lifetime.is_known = true;
        lifetime.seconds = until(fields, now_unix_s);
    }
    if (fields->age != NULL && read_seconds(fields->age, strlen(fields->age), &age)) {
        lifetime.seconds -= age;
    }
    if (lifetime.seconds < 0 || !lifetime.is_known) {
        lifetime.seconds = 0;
    }
    return lifetime;
}

cof_lifetime cof_lifetime_shorter(cof_lifetime a, cof_lifetime b)
{
    const bool take_b = b.is_known && (!a.is_known || b.seconds < a.seconds);
    cof_lifetime shorter = take_b ? b : a;
    shorter.may_store = a.may_store && b.may_store;
    return shorter;
}
