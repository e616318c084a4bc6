#include <string.h>

#include "relying/maa/jmes_parser.h"

cof_status cof_jmes_add(cof_jmes_parser *p, cof_jmes_kind kind, size_t left, size_t right,
                        size_t *out)
{
    if (p->query->count == COF_JMES_NODES) {
        return cof_jmes_refuse(&p->lexer, "the query is too long", p->err);
    }
    *out = p->query->count++;
    p->query->nodes[*out] = (cof_jmes_node){.kind = kind,
                                            .left = left,
                                            .right = right,
                                            .third = COF_JMES_NONE,
                                            .first = COF_JMES_NONE,
                                            .next = COF_JMES_NONE};
    return COF_OK;
}

cof_status cof_jmes_step(cof_jmes_parser *p)
{
    return cof_jmes_next(&p->lexer, p->err);
}

cof_status cof_jmes_expect(cof_jmes_parser *p, cof_jmes_token token, const char *what)
{
    if (p->lexer.token != token) {
        return cof_jmes_refuse(&p->lexer, what, p->err);
    }
    return cof_jmes_step(p);
}

static cof_status take_name(cof_jmes_parser *p, char **out)
{
    const size_t size = p->lexer.name.size;
    *out = calloc(1, size + 1);
    if (*out == NULL) {
        return COF_FAIL(p->err, NO_MEMORY, "JmesPath");
    }
    if (size > 0) {
        memcpy(*out, p->lexer.name.data, size);
    }
    return COF_OK;
}

cof_status cof_jmes_parse_field(cof_jmes_parser *p, size_t *out)
{
    COF_TRY(cof_jmes_add(p, COF_JMES_FIELD, COF_JMES_NONE, COF_JMES_NONE, out));
    COF_TRY(take_name(p, &p->query->nodes[*out].text));
    return cof_jmes_step(p);
}

/* expression, expression ... up to close. */
static cof_status parse_items(cof_jmes_parser *p, size_t owner, cof_jmes_token close,
                              size_t *out_count)
{
    size_t *link = &p->query->nodes[owner].first;
    *out_count = 0;
    for (;;) {
        size_t item = COF_JMES_NONE;
        COF_TRY(cof_jmes_parse_expression(p, 0, &item));
        /* A node can stand in one list only: what is shared with an outer one is wrapped. */
        COF_TRY(cof_jmes_add(p, COF_JMES_CHAIN, item, COF_JMES_NONE, &item));
        *link = item;
        link = &p->query->nodes[item].next;
        (*out_count)++;
        if (p->lexer.token != COF_JMES_T_COMMA) {
            return cof_jmes_expect(p, close,
                                   close == COF_JMES_T_RPAREN ? "expected ',' or ')'"
                                                              : "expected ',' or ']'");
        }
        COF_TRY(cof_jmes_step(p));
    }
}

cof_status cof_jmes_parse_function(cof_jmes_parser *p, size_t *out)
{
    COF_CLEANUP(cof_free_drop_) char *name = NULL;
    size_t low = 0;
    size_t high = 0;
    size_t count = 0;
    COF_TRY(take_name(p, &name));
    const int row = cof_jmes_function_find(name, &low, &high);
    if (row < 0) {
        return cof_jmes_refuse(&p->lexer, "there is no such function here", p->err);
    }
    COF_TRY(cof_jmes_step(p));
    COF_TRY(cof_jmes_expect(p, COF_JMES_T_LPAREN, "expected '('"));
    COF_TRY(cof_jmes_add(p, COF_JMES_FUNCTION, COF_JMES_NONE, COF_JMES_NONE, out));
    p->query->nodes[*out].number = row;
    if (p->lexer.token == COF_JMES_T_RPAREN) {
        COF_TRY(cof_jmes_step(p));
    } else {
        COF_TRY(parse_items(p, *out, COF_JMES_T_RPAREN, &count));
    }
    if (count < low || count > high) {
        return cof_jmes_refuse(&p->lexer, "the function takes another number of arguments", p->err);
    }
    return COF_OK;
}

cof_status cof_jmes_parse_hash(cof_jmes_parser *p, size_t *out)
{
    COF_TRY(cof_jmes_add(p, COF_JMES_HASH, COF_JMES_NONE, COF_JMES_NONE, out));
    size_t *link = &p->query->nodes[*out].first;
    for (;;) {
        size_t pair = COF_JMES_NONE;
        if (p->lexer.token != COF_JMES_T_NAME && p->lexer.token != COF_JMES_T_QUOTED) {
            return cof_jmes_refuse(&p->lexer, "expected a name", p->err);
        }
        COF_TRY(cof_jmes_parse_field(p, &pair));
        p->query->nodes[pair].kind = COF_JMES_PAIR;
        COF_TRY(cof_jmes_expect(p, COF_JMES_T_COLON, "expected ':'"));
        COF_TRY(cof_jmes_parse_expression(p, 0, &p->query->nodes[pair].left));
        *link = pair;
        link = &p->query->nodes[pair].next;
        if (p->lexer.token != COF_JMES_T_COMMA) {
            return cof_jmes_expect(p, COF_JMES_T_RBRACE, "expected ',' or '}'");
        }
        COF_TRY(cof_jmes_step(p));
    }
}

cof_status cof_jmes_parse_list(cof_jmes_parser *p, size_t *out)
{
    size_t count = 0;
    COF_TRY(cof_jmes_add(p, COF_JMES_LIST, COF_JMES_NONE, COF_JMES_NONE, out));
    return parse_items(p, *out, COF_JMES_T_RBRACKET, &count);
}
