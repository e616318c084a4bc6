/*
 * Implementation notes: a Pratt parser (Pratt, "Top down operator precedence", 1973), with
 * JMESPath's own binding powers. A projection takes everything to its right down to the powers
 * below PROJECTION_STOP, and applies it to each element.
 */
#include <string.h>

#include "relying/maa/jmes_parser.h"

enum { PROJECTION_STOP = 10, POWER_FLATTEN = 9, POWER_STAR = 20, POWER_FILTER = 21 };
enum { POWER_DOT = 40, POWER_NOT = 45 };

/* How strongly a token binds what stands before it. */
static int power_of(cof_jmes_token token)
{
    static const int powers[COF_JMES_T_KINDS] = {
        [COF_JMES_T_PIPE] = 1,        [COF_JMES_T_OR] = 2,
        [COF_JMES_T_AND] = 3,         [COF_JMES_T_EQ] = 5,
        [COF_JMES_T_NE] = 5,          [COF_JMES_T_LT] = 5,
        [COF_JMES_T_LE] = 5,          [COF_JMES_T_GT] = 5,
        [COF_JMES_T_GE] = 5,          [COF_JMES_T_FLATTEN] = POWER_FLATTEN,
        [COF_JMES_T_STAR] = 20,       [COF_JMES_T_FILTER] = POWER_FILTER,
        [COF_JMES_T_DOT] = POWER_DOT, [COF_JMES_T_NOT] = POWER_NOT,
        [COF_JMES_T_LBRACE] = 50,     [COF_JMES_T_LBRACKET] = 55,
        [COF_JMES_T_LPAREN] = 60,
    };
    return powers[token];
}

/* What may stand after a dot. */
static cof_status parse_after_dot(cof_jmes_parser *p, int power, size_t *out)
{
    const cof_jmes_token token = p->lexer.token;
    if (token == COF_JMES_T_NAME || token == COF_JMES_T_QUOTED || token == COF_JMES_T_STAR) {
        return cof_jmes_parse_expression(p, power, out);
    }
    if (token == COF_JMES_T_LBRACKET) {
        COF_TRY(cof_jmes_step(p));
        return cof_jmes_parse_list(p, out);
    }
    if (token == COF_JMES_T_LBRACE) {
        COF_TRY(cof_jmes_step(p));
        return cof_jmes_parse_hash(p, out);
    }
    return cof_jmes_refuse(&p->lexer, "expected a name, '*', '[' or '{' after '.'", p->err);
}

/* What is applied to each element of a projection. */
static cof_status parse_projected(cof_jmes_parser *p, int power, size_t *out)
{
    const cof_jmes_token token = p->lexer.token;
    if (power_of(token) < PROJECTION_STOP) {
        *out = COF_JMES_NONE;
        return COF_OK;
    }
    if (token == COF_JMES_T_LBRACKET || token == COF_JMES_T_FILTER) {
        return cof_jmes_parse_expression(p, power, out);
    }
    if (token == COF_JMES_T_DOT) {
        COF_TRY(cof_jmes_step(p));
        return parse_after_dot(p, power, out);
    }
    return cof_jmes_refuse(&p->lexer, "this cannot follow a projection", p->err);
}

static cof_status parse_project(cof_jmes_parser *p, cof_jmes_kind kind, size_t left, int power,
                                size_t *out)
{
    size_t right = COF_JMES_NONE;
    COF_TRY(parse_projected(p, power, &right));
    return cof_jmes_add(p, kind, left, right, out);
}

static cof_status parse_flatten(cof_jmes_parser *p, size_t left, size_t *out)
{
    size_t flat = COF_JMES_NONE;
    COF_TRY(cof_jmes_add(p, COF_JMES_FLATTEN, left, COF_JMES_NONE, &flat));
    return parse_project(p, COF_JMES_PROJECT, flat, POWER_FLATTEN, out);
}

/* After "[?". */
static cof_status parse_filter(cof_jmes_parser *p, size_t left, size_t *out)
{
    size_t condition = COF_JMES_NONE;
    size_t right = COF_JMES_NONE;
    COF_TRY(cof_jmes_parse_expression(p, 0, &condition));
    COF_TRY(cof_jmes_expect(p, COF_JMES_T_RBRACKET, "expected ']'"));
    if (p->lexer.token != COF_JMES_T_FLATTEN) {
        COF_TRY(parse_projected(p, POWER_FILTER, &right));
    }
    COF_TRY(cof_jmes_add(p, COF_JMES_FILTER, left, right, out));
    p->query->nodes[*out].third = condition;
    return COF_OK;
}

/* After "[", when a number follows. */
static cof_status parse_index(cof_jmes_parser *p, size_t left, size_t *out)
{
    size_t index = COF_JMES_NONE;
    COF_TRY(cof_jmes_add(p, COF_JMES_INDEX, COF_JMES_NONE, COF_JMES_NONE, &index));
    p->query->nodes[index].number = p->lexer.number;
    COF_TRY(cof_jmes_step(p));
    if (p->lexer.token == COF_JMES_T_COLON) {
        return cof_jmes_refuse(&p->lexer, "slices are not supported", p->err);
    }
    COF_TRY(cof_jmes_expect(p, COF_JMES_T_RBRACKET, "expected ']'"));
    return cof_jmes_add(p, COF_JMES_CHAIN, left, index, out);
}

/* After "[": an index, a projection, or (at the start of an expression) a list. */
static cof_status parse_bracket(cof_jmes_parser *p, size_t left, bool at_start, size_t *out)
{
    if (p->lexer.token == COF_JMES_T_NUMBER) {
        return parse_index(p, left, out);
    }
    if (p->lexer.token == COF_JMES_T_COLON) {
        return cof_jmes_refuse(&p->lexer, "slices are not supported", p->err);
    }
    if (p->lexer.token == COF_JMES_T_STAR) {
        const cof_jmes_lexer before = p->lexer;
        COF_TRY(cof_jmes_step(p));
        if (p->lexer.token == COF_JMES_T_RBRACKET) {
            COF_TRY(cof_jmes_step(p));
            return parse_project(p, COF_JMES_PROJECT, left, POWER_STAR, out);
        }
        p->lexer.at = before.at;
        p->lexer.start = before.start;
        p->lexer.token = before.token;
    }
    if (at_start) {
        return cof_jmes_parse_list(p, out);
    }
    return cof_jmes_refuse(&p->lexer, "expected a number or '*'", p->err);
}

static cof_status parse_literal(cof_jmes_parser *p, size_t *out)
{
    COF_TRY(cof_jmes_add(p, COF_JMES_LITERAL, COF_JMES_NONE, COF_JMES_NONE, out));
    p->query->nodes[*out].literal = json_incref(p->lexer.literal);
    return cof_jmes_step(p);
}

static cof_status parse_name(cof_jmes_parser *p, size_t *out)
{
    const char *rest = p->lexer.text + p->lexer.at;
    if (rest[strspn(rest, " \t\r\n")] == '(') {
        return cof_jmes_parse_function(p, out);
    }
    return cof_jmes_parse_field(p, out);
}

/* What an expression starts with, after its first token was stepped over. */
static cof_status parse_opening(cof_jmes_parser *p, cof_jmes_token token, size_t *out)
{
    size_t inner = COF_JMES_NONE;
    switch ((int)token) {
    case COF_JMES_T_AT:
        return cof_jmes_add(p, COF_JMES_CURRENT, COF_JMES_NONE, COF_JMES_NONE, out);
    case COF_JMES_T_STAR:
        if (p->lexer.token == COF_JMES_T_RBRACKET) {
            return cof_jmes_add(p, COF_JMES_VALUES, COF_JMES_NONE, COF_JMES_NONE, out);
        }
        return parse_project(p, COF_JMES_VALUES, COF_JMES_NONE, POWER_STAR, out);
    case COF_JMES_T_FILTER:
        return parse_filter(p, COF_JMES_NONE, out);
    case COF_JMES_T_FLATTEN:
        return parse_flatten(p, COF_JMES_NONE, out);
    case COF_JMES_T_LBRACE:
        return cof_jmes_parse_hash(p, out);
    case COF_JMES_T_LBRACKET:
        return parse_bracket(p, COF_JMES_NONE, true, out);
    case COF_JMES_T_NOT:
        COF_TRY(cof_jmes_parse_expression(p, POWER_NOT, &inner));
        return cof_jmes_add(p, COF_JMES_NOT, inner, COF_JMES_NONE, out);
    default: /* COF_JMES_T_LPAREN */
        COF_TRY(cof_jmes_parse_expression(p, 0, out));
        return cof_jmes_expect(p, COF_JMES_T_RPAREN, "expected ')'");
    }
}

static cof_status parse_start(cof_jmes_parser *p, size_t *out)
{
    const cof_jmes_token token = p->lexer.token;
    if (token == COF_JMES_T_NAME) {
        return parse_name(p, out);
    }
    if (token == COF_JMES_T_QUOTED) {
        return cof_jmes_parse_field(p, out);
    }
    if (token == COF_JMES_T_LITERAL) {
        return parse_literal(p, out);
    }
    const bool opens = token == COF_JMES_T_AT || token == COF_JMES_T_STAR ||
                       token == COF_JMES_T_FILTER || token == COF_JMES_T_FLATTEN ||
                       token == COF_JMES_T_LBRACE || token == COF_JMES_T_LBRACKET ||
                       token == COF_JMES_T_NOT || token == COF_JMES_T_LPAREN;
    if (!opens) {
        return cof_jmes_refuse(&p->lexer, "expected an expression", p->err);
    }
    COF_TRY(cof_jmes_step(p));
    return parse_opening(p, token, out);
}

static cof_status parse_binary(cof_jmes_parser *p, cof_jmes_token token, size_t left, size_t *out)
{
    size_t right = COF_JMES_NONE;
    COF_TRY(cof_jmes_parse_expression(p, power_of(token), &right));
    if (token == COF_JMES_T_PIPE) {
        return cof_jmes_add(p, COF_JMES_CHAIN, left, right, out);
    }
    if (token == COF_JMES_T_OR || token == COF_JMES_T_AND) {
        return cof_jmes_add(p, token == COF_JMES_T_OR ? COF_JMES_OR : COF_JMES_AND, left, right,
                            out);
    }
    COF_TRY(cof_jmes_add(p, COF_JMES_COMPARE, left, right, out));
    p->query->nodes[*out].number = COF_JMES_EQ + ((int)token - (int)COF_JMES_T_EQ);
    return COF_OK;
}

static cof_status parse_dot(cof_jmes_parser *p, size_t left, size_t *out)
{
    size_t right = COF_JMES_NONE;
    if (p->lexer.token == COF_JMES_T_STAR) {
        COF_TRY(cof_jmes_step(p));
        return parse_project(p, COF_JMES_VALUES, left, POWER_STAR, out);
    }
    COF_TRY(parse_after_dot(p, POWER_DOT, &right));
    return cof_jmes_add(p, COF_JMES_CHAIN, left, right, out);
}

/* What an expression goes on with. */
static cof_status parse_rest(cof_jmes_parser *p, size_t left, size_t *out)
{
    const cof_jmes_token token = p->lexer.token;
    COF_TRY(cof_jmes_step(p));
    switch ((int)token) {
    case COF_JMES_T_DOT:
        return parse_dot(p, left, out);
    case COF_JMES_T_FLATTEN:
        return parse_flatten(p, left, out);
    case COF_JMES_T_FILTER:
        return parse_filter(p, left, out);
    case COF_JMES_T_LBRACKET:
        return parse_bracket(p, left, false, out);
    default:
        return parse_binary(p, token, left, out);
    }
}

static bool goes_on(cof_jmes_token token)
{
    return token == COF_JMES_T_DOT || token == COF_JMES_T_FLATTEN || token == COF_JMES_T_FILTER ||
           token == COF_JMES_T_LBRACKET || token == COF_JMES_T_PIPE || token == COF_JMES_T_OR ||
           token == COF_JMES_T_AND || (token >= COF_JMES_T_EQ && token <= COF_JMES_T_GE);
}

cof_status cof_jmes_parse_expression(cof_jmes_parser *p, int power, size_t *out)
{
    if (++p->depth > COF_JMES_DEPTH) {
        return cof_jmes_refuse(&p->lexer, "too deep", p->err);
    }
    size_t left = COF_JMES_NONE;
    COF_TRY(parse_start(p, &left));
    while (power < power_of(p->lexer.token)) {
        if (!goes_on(p->lexer.token)) {
            return cof_jmes_refuse(&p->lexer, "unexpected here", p->err);
        }
        COF_TRY(parse_rest(p, left, &left));
    }
    p->depth--;
    *out = left;
    return COF_OK;
}

static cof_status parse_whole(cof_jmes_parser *p)
{
    COF_TRY(cof_jmes_step(p));
    COF_TRY(cof_jmes_parse_expression(p, 0, &p->query->root));
    if (p->lexer.token != COF_JMES_T_END) {
        return cof_jmes_refuse(&p->lexer, "unexpected here", p->err);
    }
    return COF_OK;
}

cof_status cof_jmes_parse(const char *text, cof_jmes_query **out, cof_err *err)
{
    if (strlen(text) > COF_JMES_QUERY_BYTES) {
        return COF_FAIL(err, POLICY_EVALUATION, "a JmesPath query of %zu bytes, at most %d",
                        strlen(text), COF_JMES_QUERY_BYTES);
    }
    COF_CLEANUP(cof_jmes_query_drop_) cof_jmes_query *query = calloc(1, sizeof *query);
    if (query == NULL) {
        return COF_FAIL(err, NO_MEMORY, "JmesPath query");
    }
    cof_jmes_parser p = {.lexer = {.text = text, .name = {.limit = COF_JMES_QUERY_BYTES}},
                         .query = query,
                         .err = err};
    const cof_status status = parse_whole(&p);
    cof_jmes_lexer_free(&p.lexer);
    COF_TRY(status);
    *out = cof_jmes_query_take(&query);
    return COF_OK;
}

void cof_jmes_query_free(cof_jmes_query *query)
{
    if (query == NULL) {
        return;
    }
    for (size_t i = 0; i < query->count; i++) {
        free(query->nodes[i].text);
        json_decref(query->nodes[i].literal);
    }
    free(query);
}
