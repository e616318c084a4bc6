/* Both printers of JSON: in the order of insertion, and the canonical form (RFC 8785). */
#include <math.h>
#include <string.h>

#include "tcb/base/limits.h"
#include "tcb/wire/json.h"
#include "tcb/wire/number.h"

static const json_int_t integer_max = (json_int_t)1
                                      << 53; /* RFC 8785 section 3.2.2.3, RFC 7493 section 2.2 */

typedef struct printer {
    bool is_canonical;
    cof_buf *out;
    cof_err *err;
} printer;

static cof_status print_value(const printer *p, const json_t *value, unsigned depth);

static cof_status print_string(const printer *p, const char *text, size_t size)
{
    COF_TRY(cof_buf_append_text(p->out, "\"", p->err));
    size_t start = 0;
    for (size_t i = 0; i < size; i++) {
        const unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != '"' && c != '\\') {
            continue;
        }
        COF_TRY(cof_buf_append(p->out, cof_view_of(text + start, i - start), p->err));
        start = i + 1;
        static const char shorts[] = "\"\\\b\f\n\r\t";
        const char *found = memchr(shorts, c, sizeof shorts - 1);
        if (found != NULL) {
            const char escape[2] = {'\\', "\"\\bfnrt"[found - shorts]};
            COF_TRY(cof_buf_append(p->out, cof_view_of(escape, sizeof escape), p->err));
        } else {
            COF_TRY(cof_buf_printf(p->out, p->err, "\\u%04x", (unsigned)c));
        }
    }
    COF_TRY(cof_buf_append(p->out, cof_view_of(text + start, size - start), p->err));
    return cof_buf_append_text(p->out, "\"", p->err);
}

static cof_status print_integer(const printer *p, json_int_t value)
{
    if (p->is_canonical && (value > integer_max || value < -integer_max)) {
        return COF_FAIL(p->err, BAD_JSON, "an integer is beyond 2^53");
    }
    return cof_buf_printf(p->out, p->err, "%" JSON_INTEGER_FORMAT, value);
}

static cof_status print_real(const printer *p, double value)
{
    char text[COF_NUMBER_TEXT_SIZE];
    COF_TRY(cof_number_text(value, text, p->err));
    COF_TRY(cof_buf_append_text(p->out, text, p->err));
    /* Outside the canonical form a real stays one when it is read back. */
    if (!p->is_canonical && strpbrk(text, ".e") == NULL) {
        return cof_buf_append_text(p->out, ".0", p->err);
    }
    return COF_OK;
}

static cof_status print_array(const printer *p, const json_t *array, unsigned depth)
{
    COF_TRY(cof_buf_append_text(p->out, "[", p->err));
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (i > 0) {
            COF_TRY(cof_buf_append_text(p->out, ",", p->err));
        }
        COF_TRY(print_value(p, json_array_get(array, i), depth + 1));
    }
    return cof_buf_append_text(p->out, "]", p->err);
}

/*
 * The order of UTF-16 code units is that of the bytes of UTF-8, but for one thing: a surrogate
 * (F0 and above in UTF-8) comes before U+E000 to U+FFFF (EE and EF).
 */
static int compare_keys(const void *left, const void *right)
{
    const unsigned char *a = *(const unsigned char *const *)left;
    const unsigned char *b = *(const unsigned char *const *)right;
    while (*a == *b && *a != '\0') {
        a++;
        b++;
    }
    const bool a_is_high = *a == 0xEE || *a == 0xEF;
    const bool b_is_high = *b == 0xEE || *b == 0xEF;
    if (a_is_high && *b >= 0xF0) {
        return 1;
    }
    if (b_is_high && *a >= 0xF0) {
        return -1;
    }
    return *a < *b ? -1 : *a > *b;
}

static cof_status print_object(const printer *p, const json_t *object, unsigned depth)
{
    const size_t count = json_object_size(object);
    COF_CLEANUP(cof_free_drop_) const char **keys = calloc(count + 1, sizeof *keys);
    if (keys == NULL) {
        return COF_FAIL(p->err, NO_MEMORY, "%zu members", count);
    }
    json_t *members = (json_t *)object; /* jansson's iterators take no const, and change nothing */
    size_t used = 0;
    for (void *i = json_object_iter(members); i != NULL && used < count;
         i = json_object_iter_next(members, i)) {
        keys[used++] = json_object_iter_key(i);
    }
    if (p->is_canonical) {
        qsort(keys, used, sizeof *keys, compare_keys);
    }
    COF_TRY(cof_buf_append_text(p->out, "{", p->err));
    for (size_t i = 0; i < used; i++) {
        if (i > 0) {
            COF_TRY(cof_buf_append_text(p->out, ",", p->err));
        }
        COF_TRY(print_string(p, keys[i], strlen(keys[i])));
        COF_TRY(cof_buf_append_text(p->out, ":", p->err));
        COF_TRY(print_value(p, json_object_get(object, keys[i]), depth + 1));
    }
    return cof_buf_append_text(p->out, "}", p->err);
}

static cof_status print_value(const printer *p, const json_t *value, unsigned depth)
{
    if (depth > COF_LIMIT_JSON_DEPTH) {
        return COF_FAIL(p->err, LIMIT, "JSON nests deeper than %d", COF_LIMIT_JSON_DEPTH);
    }
    if (value == NULL) {
        return COF_FAIL(p->err, NO_MEMORY, "no JSON value");
    }
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return print_object(p, value, depth);
    case JSON_ARRAY:
        return print_array(p, value, depth);
    case JSON_STRING:
        return print_string(p, json_string_value(value), json_string_length(value));
    case JSON_INTEGER:
        return print_integer(p, json_integer_value(value));
    case JSON_REAL:
        return print_real(p, json_real_value(value));
    case JSON_TRUE:
        return cof_buf_append_text(p->out, "true", p->err);
    case JSON_FALSE:
        return cof_buf_append_text(p->out, "false", p->err);
    case JSON_NULL:
        return cof_buf_append_text(p->out, "null", p->err);
    }
    return COF_FAIL(p->err, INTERNAL, "a JSON value of no type");
}

/* On failure out is as it was: half a text never stays in it. */
static cof_status print_whole(const printer *p, const json_t *value)
{
    const size_t before = p->out->size;
    const cof_status status = print_value(p, value, 0);
    if (status != COF_OK) {
        p->out->size = before;
    }
    return status;
}

cof_status cof_json_print(const json_t *value, cof_buf *out, cof_err *err)
{
    const printer p = {.is_canonical = false, .out = out, .err = err};
    return print_whole(&p, value);
}

cof_status cof_json_canonical(const json_t *value, cof_buf *out, cof_err *err)
{
    const printer p = {.is_canonical = true, .out = out, .err = err};
    return print_whole(&p, value);
}
