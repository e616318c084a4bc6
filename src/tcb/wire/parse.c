/*
 * Implementation notes. The values are jansson's, the parser is not: when memory runs out, jansson
 * 2.14 drops bytes of the token that it is reading (load.c, lex_save) and goes on. Whoever can make
 * an allocation fail, as the host of an enclave can, would change what a signed text says. Its
 * error texts also quote the input, and it bounds nesting at 2048.
 *
 * The whole text is checked to be UTF-8 first; then only the bytes of the grammar matter.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "tcb/base/limits.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum { NUMBER_CHARACTERS_MAX = 128 };

typedef struct parser {
    cof_view text;
    size_t position;
    cof_err *err;
} parser;

static cof_status parse_value(parser *p, unsigned depth, json_t **out);

static cof_status fail(const parser *p, const char *what)
{
    return COF_FAIL(p->err, BAD_JSON, "%s at offset %zu", what, p->position);
}

/* The next byte, or 0 at the end: NUL is no character of JSON. */
static uint8_t peek(const parser *p)
{
    return p->position < p->text.size ? p->text.data[p->position] : 0;
}

static bool accept(parser *p, char c)
{
    if (peek(p) != (uint8_t)c) {
        return false;
    }
    p->position++;
    return true;
}

static void skip_space(parser *p)
{
    for (uint8_t c = peek(p); c == ' ' || c == '\t' || c == '\n' || c == '\r'; c = peek(p)) {
        p->position++;
    }
}

static cof_status parse_word(parser *p, const char *word)
{
    const size_t size = strlen(word);
    if (p->text.size - p->position < size || memcmp(p->text.data + p->position, word, size) != 0) {
        return fail(p, "not a JSON value");
    }
    p->position += size;
    return COF_OK;
}

/* The four digits of \uXXXX. */
static cof_status parse_code_unit(parser *p, uint32_t *out)
{
    uint8_t bytes[2];
    if (p->text.size - p->position < 4) {
        return fail(p, "an escape is cut off");
    }
    if (cof_hex_decode(cof_view_of(p->text.data + p->position, 4), bytes, sizeof bytes, NULL) !=
        COF_OK) {
        return fail(p, "an escape is not hex");
    }
    p->position += 4;
    *out = (uint32_t)bytes[0] << 8 | bytes[1];
    return COF_OK;
}

static cof_status append_code_point(const parser *p, uint32_t code, cof_buf *out)
{
    uint8_t bytes[4];
    size_t size = 0;
    if (code < 0x80) {
        bytes[size++] = (uint8_t)code;
    } else if (code < 0x800) {
        bytes[size++] = (uint8_t)(0xC0 | code >> 6);
    } else if (code < 0x10000) {
        bytes[size++] = (uint8_t)(0xE0 | code >> 12);
        bytes[size++] = (uint8_t)(0x80 | (code >> 6 & 0x3F));
    } else {
        bytes[size++] = (uint8_t)(0xF0 | code >> 18);
        bytes[size++] = (uint8_t)(0x80 | (code >> 12 & 0x3F));
        bytes[size++] = (uint8_t)(0x80 | (code >> 6 & 0x3F));
    }
    if (code >= 0x80) {
        bytes[size++] = (uint8_t)(0x80 | (code & 0x3F));
    }
    return cof_buf_append(out, cof_view_of(bytes, size), p->err);
}

static cof_status parse_unicode_escape(parser *p, cof_buf *out)
{
    uint32_t code = 0;
    COF_TRY(parse_code_unit(p, &code));
    if (code == 0) {
        return fail(p, "a NUL in a string");
    }
    if (code >= 0xD800 && code <= 0xDFFF) {
        uint32_t low = 0;
        if (code >= 0xDC00 || !accept(p, '\\') || !accept(p, 'u')) {
            return fail(p, "a lone surrogate");
        }
        COF_TRY(parse_code_unit(p, &low));
        if (low < 0xDC00 || low > 0xDFFF) {
            return fail(p, "a lone surrogate");
        }
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    return append_code_point(p, code, out);
}

/* Behind a backslash. */
static cof_status parse_escape(parser *p, cof_buf *out)
{
    static const char names[] = "\"\\/bfnrt";
    static const char meant[] = "\"\\/\b\f\n\r\t";
    if (accept(p, 'u')) {
        return parse_unicode_escape(p, out);
    }
    const uint8_t c = peek(p);
    const char *found = c == 0 ? NULL : strchr(names, c);
    if (found == NULL) {
        return fail(p, "not an escape");
    }
    p->position++;
    return cof_buf_append(out, cof_view_of(meant + (found - names), 1), p->err);
}

/* Appends the decoded string. */
static cof_status parse_text(parser *p, cof_buf *out)
{
    if (!accept(p, '"')) {
        return fail(p, "a string is missing");
    }
    while (!accept(p, '"')) {
        const size_t start = p->position;
        for (uint8_t c = peek(p); c >= 0x20 && c != '"' && c != '\\'; c = peek(p)) {
            p->position++;
        }
        if (p->position > start) {
            COF_TRY(cof_buf_append(out, cof_view_of(p->text.data + start, p->position - start),
                                   p->err));
        } else if (accept(p, '\\')) {
            COF_TRY(parse_escape(p, out));
        } else {
            return fail(p, p->position == p->text.size ? "a string has no end"
                                                       : "a control character in a string");
        }
    }
    return COF_OK;
}

static cof_status parse_string(parser *p, json_t **out)
{
    COF_CLEANUP(cof_buf_free) cof_buf decoded = {0};
    cof_buf_init(&decoded, p->text.size);
    COF_TRY(parse_text(p, &decoded));
    json_t *value =
        json_stringn_nocheck(decoded.size == 0 ? "" : (const char *)decoded.data, decoded.size);
    if (value == NULL) {
        return COF_FAIL(p->err, NO_MEMORY, "JSON string of %zu bytes", decoded.size);
    }
    *out = value;
    return COF_OK;
}

static bool skip_digits(parser *p)
{
    const size_t start = p->position;
    while (peek(p) >= '0' && peek(p) <= '9') {
        p->position++;
    }
    return p->position > start;
}

/* Moves behind a number (RFC 8259 section 6). */
static cof_status scan_number(parser *p, bool *out_is_integer)
{
    bool is_integer = true;
    (void)accept(p, '-');
    if (!accept(p, '0') && !skip_digits(p)) {
        return fail(p, "not a JSON value");
    }
    if (accept(p, '.')) {
        is_integer = false;
        if (!skip_digits(p)) {
            return fail(p, "a number has no digits after the point");
        }
    }
    if (accept(p, 'e') || accept(p, 'E')) {
        is_integer = false;
        if (!accept(p, '+')) {
            (void)accept(p, '-');
        }
        if (!skip_digits(p)) {
            return fail(p, "a number has no exponent");
        }
    }
    *out_is_integer = is_integer;
    return COF_OK;
}

static cof_status parse_number(parser *p, json_t **out)
{
    const size_t start = p->position;
    bool is_integer = false;
    COF_TRY(scan_number(p, &is_integer));
    const size_t size = p->position - start;
    if (size > NUMBER_CHARACTERS_MAX) {
        return fail(p, "a number is too long");
    }
    char text[NUMBER_CHARACTERS_MAX + 1] = {0};
    memcpy(text, p->text.data + start, size);
    char *end = NULL;
    errno = 0;
    const long long integer = is_integer ? strtoll(text, &end, 10) : 0;
    if (is_integer && errno == ERANGE) {
        return fail(p, "an integer is too big");
    }
    const double real = is_integer ? 0 : strtod(text, &end);
    if (!isfinite(real)) {
        return fail(p, "a number is too big");
    }
    if (end != text + size) {
        return COF_FAIL(p->err, INTERNAL, "numbers are read in the C locale only");
    }
    json_t *value = is_integer ? json_integer(integer) : json_real(real);
    if (value == NULL) {
        return COF_FAIL(p->err, NO_MEMORY, "JSON number");
    }
    *out = value;
    return COF_OK;
}

static cof_status parse_array(parser *p, unsigned depth, json_t **out)
{
    COF_JSON json_t *array = json_array();
    if (array == NULL) {
        return COF_FAIL(p->err, NO_MEMORY, "JSON array");
    }
    p->position++;
    skip_space(p);
    bool has_more = !accept(p, ']');
    while (has_more) {
        COF_JSON json_t *value = NULL;
        COF_TRY(parse_value(p, depth, &value));
        if (json_array_append(array, value) != 0) {
            return COF_FAIL(p->err, NO_MEMORY, "JSON array");
        }
        has_more = accept(p, ',');
        if (!has_more && !accept(p, ']')) {
            return fail(p, "an array is not closed");
        }
    }
    *out = json_incref(array);
    return COF_OK;
}

static cof_status parse_member(parser *p, unsigned depth, json_t *object)
{
    COF_CLEANUP(cof_buf_free) cof_buf name = {0};
    cof_buf_init(&name, p->text.size + 1);
    skip_space(p);
    COF_TRY(parse_text(p, &name));
    const char *key = NULL;
    COF_TRY(cof_buf_text(&name, &key, p->err));
    if (json_object_get(object, key) != NULL) {
        return fail(p, "a member stands twice, the second one ends");
    }
    skip_space(p);
    if (!accept(p, ':')) {
        return fail(p, "a colon is missing");
    }
    COF_JSON json_t *value = NULL;
    COF_TRY(parse_value(p, depth, &value));
    if (json_object_set_nocheck(object, key, value) != 0) {
        return COF_FAIL(p->err, NO_MEMORY, "JSON object");
    }
    return COF_OK;
}

static cof_status parse_object(parser *p, unsigned depth, json_t **out)
{
    COF_JSON json_t *object = json_object();
    if (object == NULL) {
        return COF_FAIL(p->err, NO_MEMORY, "JSON object");
    }
    p->position++;
    skip_space(p);
    bool has_more = !accept(p, '}');
    while (has_more) {
        COF_TRY(parse_member(p, depth, object));
        has_more = accept(p, ',');
        if (!has_more && !accept(p, '}')) {
            return fail(p, "an object is not closed");
        }
    }
    *out = json_incref(object);
    return COF_OK;
}

/* The one call for a constant; jansson's are static and need no memory. */
static cof_status parse_constant(parser *p, const char *word, json_t *constant, json_t **out)
{
    COF_TRY(parse_word(p, word));
    *out = constant;
    return COF_OK;
}

/* With the space on both sides of it. depth counts the arrays and objects around it. */
static cof_status parse_value(parser *p, unsigned depth, json_t **out)
{
    skip_space(p);
    const uint8_t c = peek(p);
    if ((c == '{' || c == '[') && depth == COF_LIMIT_JSON_DEPTH) {
        return COF_FAIL(p->err, LIMIT, "JSON nests deeper than %d at offset %zu",
                        COF_LIMIT_JSON_DEPTH, p->position);
    }
    if (c == '{') {
        COF_TRY(parse_object(p, depth + 1, out));
    } else if (c == '[') {
        COF_TRY(parse_array(p, depth + 1, out));
    } else if (c == '"') {
        COF_TRY(parse_string(p, out));
    } else if (c == 't') {
        COF_TRY(parse_constant(p, "true", json_true(), out));
    } else if (c == 'f') {
        COF_TRY(parse_constant(p, "false", json_false(), out));
    } else if (c == 'n') {
        COF_TRY(parse_constant(p, "null", json_null(), out));
    } else {
        COF_TRY(parse_number(p, out));
    }
    skip_space(p);
    return COF_OK;
}

cof_status cof_json_parse(cof_view text, size_t limit, json_t **out_value, cof_err *err)
{
    if (text.size > limit) {
        return COF_FAIL(err, LIMIT, "JSON of %zu bytes where at most %zu are allowed", text.size,
                        limit);
    }
    if (!cof_utf8_is_valid(text)) {
        return COF_FAIL(err, BAD_JSON, "JSON that is not UTF-8");
    }
    parser p = {.text = text, .err = err};
    COF_JSON json_t *value = NULL;
    COF_TRY(parse_value(&p, 0, &value));
    if (p.position != text.size) {
        return fail(&p, "something follows the JSON");
    }
    *out_value = json_incref(value);
    return COF_OK;
}
