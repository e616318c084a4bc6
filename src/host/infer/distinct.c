#include "host/infer/distinct.h"

#include <string.h>

static int compare(const char *text, cof_view other)
{
    const size_t size = strlen(text);
    const int order = memcmp(text, other.data, size < other.size ? size : other.size);
    return order != 0 ? order : (size > other.size) - (size < other.size);
}

/* The place of the text, or where it belongs. */
static size_t find(const cof_distinct *distinct, cof_view text, bool *out_found)
{
    size_t low = 0;
    size_t high = distinct->count;
    *out_found = false;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = compare(distinct->texts[middle], text);
        if (order == 0) {
            *out_found = true;
            return middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static cof_status grow(cof_distinct *distinct, cof_err *err)
{
    if (distinct->count < distinct->capacity) {
        return COF_OK;
    }
    const size_t capacity = distinct->capacity == 0 ? 16 : 2 * distinct->capacity;
    char **texts = realloc(distinct->texts, capacity * sizeof *texts);
    if (texts == NULL) {
        return COF_FAIL(err, NO_MEMORY, "%zu values", capacity);
    }
    distinct->texts = texts;
    distinct->capacity = capacity;
    return COF_OK;
}

cof_status cof_distinct_add(cof_distinct *distinct, cof_view text, size_t limit, cof_err *err)
{
    bool is_found = false;
    const size_t at = find(distinct, text, &is_found);
    if (is_found) {
        return COF_OK;
    }
    if (distinct->count == limit) {
        return COF_FAIL(err, LIMIT, "more than %zu different values", limit);
    }
    COF_TRY(grow(distinct, err));
    char *copy = strndup((const char *)text.data, text.size);
    if (copy == NULL) {
        return COF_FAIL(err, NO_MEMORY, "value");
    }
    memmove(distinct->texts + at + 1, distinct->texts + at,
            (distinct->count - at) * sizeof *distinct->texts);
    distinct->texts[at] = copy;
    distinct->count++;
    return COF_OK;
}

void cof_distinct_free(cof_distinct *distinct)
{
    for (size_t i = 0; i < distinct->count; i++) {
        free(distinct->texts[i]);
    }
    free(distinct->texts);
    *distinct = (cof_distinct){0};
}
