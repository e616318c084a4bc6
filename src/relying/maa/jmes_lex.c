#include "relying/maa/jmes_lex.h"

#include <string.h>

enum { INDEX_DIGITS = 9 };

cof_status cof_jmes_refuse(const cof_jmes_lexer *lexer, const char *what, cof_err *err)
{
    return COF_FAIL(err, POLICY_EVALUATION, "JmesPath column %zu: %s", lexer->start + 1, what);
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static cof_status lex_name(cof_jmes_lexer *lexer, cof_err *err)
{
    const char *start = lexer->text + lexer->at;
    size_t size = 1;
    while (is_letter(start[size]) || is_digit(start[size])) {
        size++;
    }
    lexer->at += size;
    lexer->token = COF_JMES_T_NAME;
    cof_buf_clear(&lexer->name);
    return cof_buf_append(&lexer->name, cof_view_of(start, size), err);
}

static cof_status lex_number(cof_jmes_lexer *lexer, cof_err *err)
{
    const bool is_negative = lexer->text[lexer->at] == '-';
    size_t count = 0;
    int64_t number = 0;
    lexer->at += is_negative ? 1 : 0;
    for (; is_digit(lexer->text[lexer->at]); lexer->at++, count++) {
        if (count == INDEX_DIGITS) {
            return cof_jmes_refuse(lexer, "an index has too many digits", err);
        }
        number = 10 * number + (lexer->text[lexer->at] - '0');
    }
    if (count == 0) {
        return cof_jmes_refuse(lexer, "expected a digit after '-'", err);
    }
    lexer->token = COF_JMES_T_NUMBER;
    lexer->number = is_negative ? -number : number;
    return COF_OK;
}

/* Finds the closing mark; a backslash takes the next byte with it. */
static cof_status find_close(const cof_jmes_lexer *lexer, char mark, size_t *out_size, cof_err *err)
{
    const char *start = lexer->text + lexer->at + 1;
    size_t size = 0;
    while (start[size] != mark) {
        if (start[size] == '\\' && start[size + 1] != '\0') {
            size++;
        }
        if (start[size] == '\0') {
            return cof_jmes_refuse(lexer, "a quote is not closed", err);
        }
        size++;
    }
    *out_size = size;
    return COF_OK;
}

/* JSON between marks; only \` is an escape of the literal itself. */
static cof_status parse_json(cof_jmes_lexer *lexer, cof_view text, json_t **out, cof_err *err)
{
    json_t *value = NULL;
    cof_err why = {0};
    const cof_status status = cof_json_parse(text, COF_JMES_QUERY_BYTES, &value, &why);
    if (status == COF_E_NO_MEMORY) {
        return COF_FAIL(err, NO_MEMORY, "JmesPath literal");
    }
    if (status != COF_OK) {
        return cof_jmes_refuse(lexer, "the literal is not JSON", err);
    }
    *out = value;
    return COF_OK;
}

/* The text between marks with \MARK as MARK; other backslashes stay. */
static cof_status unescape(const cof_jmes_lexer *lexer, char mark, size_t size, cof_buf *out,
                           cof_err *err)
{
    const char *start = lexer->text + lexer->at + 1;
    for (size_t i = 0; i < size; i++) {
        if (start[i] == '\\' && start[i + 1] == mark) {
            i++;
        } else if (start[i] == '\\') {
            COF_TRY(cof_buf_append(out, cof_view_of(start + i++, 1), err));
        }
        COF_TRY(cof_buf_append(out, cof_view_of(start + i, 1), err));
    }
    return COF_OK;
}

static cof_status lex_literal(cof_jmes_lexer *lexer, char mark, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_JMES_QUERY_BYTES};
    size_t size = 0;
    COF_TRY(find_close(lexer, mark, &size, err));
    COF_TRY(unescape(lexer, mark, size, &text, err));
    json_decref(lexer->literal);
    lexer->literal = NULL;
    if (mark == '`') {
        COF_TRY(parse_json(lexer, cof_buf_view(&text), &lexer->literal, err));
    } else {
        lexer->literal = json_stringn((const char *)text.data, text.size);
        if (text.size == 0) {
            lexer->literal = json_string("");
        }
        if (lexer->literal == NULL) {
            return COF_FAIL(err, NO_MEMORY, "JmesPath literal");
        }
    }
    lexer->at += size + 2;
    lexer->token = COF_JMES_T_LITERAL;
    return COF_OK;
}

static cof_status lex_quoted(cof_jmes_lexer *lexer, cof_err *err)
{
    size_t size = 0;
    COF_JSON json_t *name = NULL;
    COF_TRY(find_close(lexer, '"', &size, err));
    COF_TRY(parse_json(lexer, cof_view_of(lexer->text + lexer->at, size + 2), &name, err));
    cof_buf_clear(&lexer->name);
    COF_TRY(cof_buf_append_text(&lexer->name, json_string_value(name), err));
    lexer->at += size + 2;
    lexer->token = COF_JMES_T_QUOTED;
    return COF_OK;
}

static cof_status lex_mark(cof_jmes_lexer *lexer, cof_err *err)
{
    /* Longer ones first. */
    static const struct {
        const char *text;
        cof_jmes_token token;
    } marks[] = {
        {"||", COF_JMES_T_OR},      {"&&", COF_JMES_T_AND},    {"==", COF_JMES_T_EQ},
        {"!=", COF_JMES_T_NE},      {"<=", COF_JMES_T_LE},     {">=", COF_JMES_T_GE},
        {"[]", COF_JMES_T_FLATTEN}, {"[?", COF_JMES_T_FILTER}, {"@", COF_JMES_T_AT},
        {"*", COF_JMES_T_STAR},     {".", COF_JMES_T_DOT},     {",", COF_JMES_T_COMMA},
        {":", COF_JMES_T_COLON},    {"|", COF_JMES_T_PIPE},    {"!", COF_JMES_T_NOT},
        {"<", COF_JMES_T_LT},       {">", COF_JMES_T_GT},      {"[", COF_JMES_T_LBRACKET},
        {"]", COF_JMES_T_RBRACKET}, {"{", COF_JMES_T_LBRACE},  {"}", COF_JMES_T_RBRACE},
        {"(", COF_JMES_T_LPAREN},   {")", COF_JMES_T_RPAREN},
    };
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        const size_t size = strlen(marks[i].text);
        if (strncmp(lexer->text + lexer->at, marks[i].text, size) == 0) {
            lexer->at += size;
            lexer->token = marks[i].token;
            return COF_OK;
        }
    }
    if (lexer->text[lexer->at] == '&') {
        return cof_jmes_refuse(lexer, "expression references (&) are not supported", err);
    }
    return cof_jmes_refuse(lexer, "unexpected character", err);
}

cof_status cof_jmes_next(cof_jmes_lexer *lexer, cof_err *err)
{
    lexer->at += strspn(lexer->text + lexer->at, " \t\r\n");
    lexer->start = lexer->at;
    const char first = lexer->text[lexer->at];
    if (first == '\0') {
        lexer->token = COF_JMES_T_END;
        return COF_OK;
    }
    if (is_letter(first)) {
        return lex_name(lexer, err);
    }
    if (is_digit(first) || first == '-') {
        return lex_number(lexer, err);
    }
    if (first == '`' || first == '\'') {
        return lex_literal(lexer, first, err);
    }
    return first == '"' ? lex_quoted(lexer, err) : lex_mark(lexer, err);
}

void cof_jmes_lexer_free(cof_jmes_lexer *lexer)
{
    cof_buf_free(&lexer->name);
    json_decref(lexer->literal);
    *lexer = (cof_jmes_lexer){0};
}
