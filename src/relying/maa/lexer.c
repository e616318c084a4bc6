#include "relying/maa/lexer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "tcb/wire/text.h"

enum { MESSAGE_BYTES = 200 };

cof_status cof_maa_syntax(cof_maa_place *out_place, cof_maa_place place, cof_err *err,
                          const char *format, ...)
{
    char message[MESSAGE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    if (out_place != NULL) {
        *out_place = place;
    }
    return COF_FAIL(err, POLICY_SYNTAX, "line %zu, column %zu: %s", place.line, place.column,
                    message);
}

cof_status cof_maa_lexer_init(cof_maa_lexer *lexer, cof_view text, cof_maa_place *out_place,
                              cof_err *err)
{
    if (text.size > COF_MAA_POLICY_BYTES) {
        return COF_FAIL(err, LIMIT, "a policy of %zu bytes, at most %d", text.size,
                        COF_MAA_POLICY_BYTES);
    }
    *lexer = (cof_maa_lexer){.text = text, .place = {1, 1}, .out_place = out_place};
    if (!cof_utf8_is_valid(text)) {
        return cof_maa_syntax(out_place, lexer->place, err, "the policy is not UTF-8");
    }
    return COF_OK;
}

/* The byte at a distance; 0 beyond the end (a NUL in the text is no word either). */
static uint8_t peek(const cof_maa_lexer *lexer, size_t distance)
{
    return lexer->text.size - lexer->at > distance ? lexer->text.data[lexer->at + distance] : 0;
}

static void advance(cof_maa_lexer *lexer, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (lexer->text.data[lexer->at++] == '\n') {
            lexer->place = (cof_maa_place){lexer->place.line + 1, 1};
        } else {
            lexer->place.column++;
        }
    }
}

static bool is_space(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_letter(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_';
}

static void skip_blank(cof_maa_lexer *lexer)
{
    for (;;) {
        if (is_space(peek(lexer, 0))) {
            advance(lexer, 1);
        } else if (peek(lexer, 0) == '/' && peek(lexer, 1) == '/') {
            while (lexer->at < lexer->text.size && peek(lexer, 0) != '\n') {
                advance(lexer, 1);
            }
        } else {
            return;
        }
    }
}

static size_t digits(const cof_maa_lexer *lexer, size_t from)
{
    size_t count = 0;
    while (is_digit(peek(lexer, from + count))) {
        count++;
    }
    return count;
}

static size_t number_size(const cof_maa_lexer *lexer)
{
    const size_t sign = peek(lexer, 0) == '-' ? 1 : 0;
    size_t size = sign + digits(lexer, sign);
    if (peek(lexer, size) == '.' && is_digit(peek(lexer, size + 1))) {
        size += 1 + digits(lexer, size + 1);
    }
    return size;
}

static size_t name_size(const cof_maa_lexer *lexer)
{
    size_t size = 1;
    while (is_letter(peek(lexer, size)) || is_digit(peek(lexer, size))) {
        size++;
    }
    return size;
}

/* The size of a string with its quotes. An error is told at the byte that is wrong. */
static cof_status string_size(cof_maa_lexer *lexer, size_t *out, cof_err *err)
{
    size_t size = 1;
    while (peek(lexer, size) != '"') {
        const uint8_t byte = peek(lexer, size);
        const cof_maa_place place = {lexer->place.line, lexer->place.column + size};
        if (lexer->at + size >= lexer->text.size || byte == '\n' || byte == '\r') {
            return cof_maa_syntax(lexer->out_place, place, err,
                                  "expected '\"' at the end of the string");
        }
        if ((byte < 0x20 && byte != '\t') || byte == 0x7f) {
            return cof_maa_syntax(lexer->out_place, place, err,
                                  "a string has the control character 0x%02x", byte);
        }
        if (byte == '\\' && peek(lexer, size + 1) != '"' && peek(lexer, size + 1) != '\\') {
            return cof_maa_syntax(lexer->out_place, place, err,
                                  "expected \\\" or \\\\ after a backslash in a string");
        }
        size += byte == '\\' ? 2 : 1;
    }
    *out = size + 1;
    return COF_OK;
}

static size_t mark_size(const cof_maa_lexer *lexer)
{
    static const char *const pairs[] = {"=>", "==", "!=", "<=", ">=", "&&"};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        if (peek(lexer, 0) == (uint8_t)pairs[i][0] && peek(lexer, 1) == (uint8_t)pairs[i][1]) {
            return 2;
        }
    }
    return peek(lexer, 0) != 0 && strchr("{}[]();:,.=<>!", peek(lexer, 0)) != NULL ? 1 : 0;
}

static cof_status unknown(const cof_maa_lexer *lexer, cof_err *err)
{
    const uint8_t byte = peek(lexer, 0);
    if (byte == 0xef && peek(lexer, 1) == 0xbb && peek(lexer, 2) == 0xbf) {
        return cof_maa_syntax(lexer->out_place, lexer->place, err,
                              "a byte order mark is not part of a policy");
    }
    if (byte == '/' && peek(lexer, 1) == '*') {
        return cof_maa_syntax(lexer->out_place, lexer->place, err,
                              "a comment starts with // and ends with its line");
    }
    if (byte > 0x20 && byte < 0x7f) {
        return cof_maa_syntax(lexer->out_place, lexer->place, err, "unexpected character '%c'",
                              byte);
    }
    return cof_maa_syntax(lexer->out_place, lexer->place, err, "unexpected byte 0x%02x", byte);
}

cof_status cof_maa_lexer_next(cof_maa_lexer *lexer, cof_maa_token *out, cof_err *err)
{
    skip_blank(lexer);
    cof_maa_token token = {.kind = COF_MAA_TOKEN_MARK, .place = lexer->place};
    const uint8_t first = peek(lexer, 0);
    size_t size = 0;
    if (lexer->at == lexer->text.size) {
        token.kind = COF_MAA_TOKEN_END;
    } else if (is_letter(first)) {
        token.kind = COF_MAA_TOKEN_NAME;
        size = name_size(lexer);
    } else if (is_digit(first) || (first == '-' && is_digit(peek(lexer, 1)))) {
        token.kind = COF_MAA_TOKEN_NUMBER;
        size = number_size(lexer);
    } else if (first == '"') {
        token.kind = COF_MAA_TOKEN_STRING;
        COF_TRY(string_size(lexer, &size, err));
    } else {
        size = mark_size(lexer);
        if (size == 0) {
            return unknown(lexer, err);
        }
    }
    token.text = cof_view_of(lexer->text.data + lexer->at, size);
    advance(lexer, size);
    *out = token;
    return COF_OK;
}

bool cof_maa_token_is(const cof_maa_token *token, const char *text)
{
    return (token->kind == COF_MAA_TOKEN_NAME || token->kind == COF_MAA_TOKEN_MARK) &&
           token->text.size == strlen(text) &&
           strncasecmp((const char *)token->text.data, text, token->text.size) == 0;
}

const char *cof_maa_token_show(const cof_maa_token *token, char out[static COF_MAA_SHOWN_BYTES])
{
    enum { KEPT = COF_MAA_SHOWN_BYTES - 8 };
    if (token->kind == COF_MAA_TOKEN_END) {
        return "the end of the policy";
    }
    const size_t kept = token->text.size < KEPT ? token->text.size : KEPT;
    size_t size = 0;
    out[size++] = '\'';
    for (size_t i = 0; i < kept; i++) {
        const uint8_t byte = token->text.data[i];
        out[size++] = byte >= 0x20 && byte < 0x7f ? (char)byte : '?';
    }
    (void)snprintf(out + size, COF_MAA_SHOWN_BYTES - size, "%s'",
                   kept < token->text.size ? "..." : "");
    return out;
}

void cof_maa_token_unquote(const cof_maa_token *token, char *out)
{
    size_t size = 0;
    for (size_t i = 1; i + 1 < token->text.size; i++) {
        if (token->text.data[i] == '\\') {
            i++;
        }
        out[size++] = (char)token->text.data[i];
    }
    out[size] = '\0';
}
