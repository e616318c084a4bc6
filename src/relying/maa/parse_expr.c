#include <errno.h>
#include <string.h>

#include "relying/maa/jmespath.h"
#include "relying/maa/parser.h"

static cof_status parse_at(cof_maa_parser *parser, const cof_maa_rule *rule, unsigned depth,
                           const cof_maa_expr **out);

static cof_status new_expr(cof_maa_parser *parser, cof_maa_expr_kind kind, cof_maa_expr **out)
{
    void *place = NULL;
    COF_TRY(cof_maa_take(parser->policy, sizeof(cof_maa_expr), &place, parser->err));
    *out = place;
    (*out)->kind = kind;
    (*out)->place = parser->token.place;
    return COF_OK;
}

static cof_status parse_integer(cof_maa_parser *parser, cof_maa_expr *expr)
{
    const cof_view text = parser->token.text;
    const size_t sign = text.data[0] == '-' ? 1 : 0;
    char digits[24] = "";
    if (text.size >= sizeof digits || memchr(text.data, '.', text.size) != NULL ||
        (text.data[sign] == '0' && text.size > 1)) {
        return cof_maa_unexpected(parser, "a whole number of 64 bits");
    }
    memcpy(digits, text.data, text.size);
    errno = 0;
    expr->integer = strtoll(digits, NULL, 10);
    if (errno != 0) {
        return cof_maa_unexpected(parser, "a whole number of 64 bits");
    }
    return cof_maa_step(parser);
}

cof_status cof_maa_parse_property(cof_maa_parser *parser, cof_maa_property *out)
{
    for (int i = 0; i < COF_MAA_PROPERTIES; i++) {
        if (cof_maa_token_is(&parser->token, cof_maa_property_name((cof_maa_property)i))) {
            *out = (cof_maa_property)i;
            return cof_maa_step(parser);
        }
    }
    return cof_maa_unexpected(parser, "type, value, valueType or issuer");
}

static cof_status parse_claim(cof_maa_parser *parser, const cof_maa_rule *rule,
                              const cof_maa_token *name, cof_maa_expr *expr)
{
    for (size_t i = 0; i < rule->condition_count; i++) {
        const char *bound = rule->conditions[i]->name;
        if (bound != NULL && cof_view_equal(cof_view_text(bound), name->text)) {
            expr->condition = i;
            COF_TRY(cof_maa_step(parser));
            return cof_maa_parse_property(parser, &expr->property);
        }
    }
    char shown[COF_MAA_SHOWN_BYTES];
    return cof_maa_syntax(parser->lexer.out_place, name->place, parser->err,
                          "no condition before this binds %s", cof_maa_token_show(name, shown));
}

/* What can be said of an argument without evaluating it. */
static cof_status check_argument(cof_maa_parser *parser, cof_maa_function function, size_t index,
                                 const cof_maa_expr *argument)
{
    const bool wants_bool = function == COF_MAA_NEGATE_BOOL;
    const bool wants_text = function == COF_MAA_JMES_PATH || function == COF_MAA_APPEND_STRING ||
                            function == COF_MAA_JSON_TO_CLAIM_VALUE;
    const bool is_literal = argument->kind == COF_MAA_STRING || argument->kind == COF_MAA_INTEGER ||
                            argument->kind == COF_MAA_BOOLEAN;
    if (is_literal && ((wants_bool && argument->kind != COF_MAA_BOOLEAN) ||
                       (wants_text && argument->kind != COF_MAA_STRING))) {
        return cof_maa_syntax(parser->lexer.out_place, argument->place, parser->err,
                              "%s takes %s here", cof_maa_function_name(function),
                              wants_bool ? "true or false" : "a string");
    }
    if (function != COF_MAA_JMES_PATH || index != 1 || argument->kind != COF_MAA_STRING) {
        return COF_OK;
    }
    /* A literal query is checked now, so that a policy with a wrong one is never accepted. */
    COF_CLEANUP(cof_jmes_query_drop_) cof_jmes_query *query = NULL;
    cof_err why = {0};
    const cof_status status = cof_jmes_parse(argument->text, &query, &why);
    if (status != COF_E_POLICY_EVALUATION) {
        return status;
    }
    return cof_maa_syntax(parser->lexer.out_place, argument->place, parser->err, "%s", why.detail);
}

static cof_status parse_arguments(cof_maa_parser *parser, const cof_maa_rule *rule, unsigned depth,
                                  cof_maa_expr *call)
{
    const size_t count = cof_maa_function_arguments(call->function);
    COF_TRY(cof_maa_expect(parser, "("));
    for (size_t i = 0; i < count; i++) {
        if (i > 0) {
            COF_TRY(cof_maa_expect(parser, ","));
        }
        COF_TRY(parse_at(parser, rule, depth + 1, &call->arguments[i]));
        COF_TRY(check_argument(parser, call->function, i, call->arguments[i]));
    }
    return cof_maa_expect(parser, ")");
}

static cof_status find_function(cof_maa_parser *parser, const cof_maa_token *name,
                                cof_maa_function *out)
{
    char shown[COF_MAA_SHOWN_BYTES];
    if (parser->policy->minor < 2) {
        return cof_maa_syntax(parser->lexer.out_place, name->place, parser->err,
                              "functions need version 1.2");
    }
    for (int i = 0; i < COF_MAA_FUNCTIONS; i++) {
        if (cof_maa_token_is(name, cof_maa_function_name((cof_maa_function)i))) {
            *out = (cof_maa_function)i;
            return COF_OK;
        }
    }
    return cof_maa_syntax(parser->lexer.out_place, name->place, parser->err,
                          "there is no function %s", cof_maa_token_show(name, shown));
}

static cof_status parse_name(cof_maa_parser *parser, const cof_maa_rule *rule, unsigned depth,
                             cof_maa_expr *expr)
{
    const cof_maa_token name = parser->token;
    COF_TRY(cof_maa_step(parser));
    if (cof_maa_token_is(&parser->token, "(")) {
        expr->kind = COF_MAA_CALL;
        COF_TRY(find_function(parser, &name, &expr->function));
        return parse_arguments(parser, rule, depth, expr);
    }
    if (cof_maa_token_is(&parser->token, ".")) {
        expr->kind = COF_MAA_CLAIM;
        return parse_claim(parser, rule, &name, expr);
    }
    return cof_maa_unexpected(parser, "'.' or '('");
}

static cof_status parse_at(cof_maa_parser *parser, const cof_maa_rule *rule, unsigned depth,
                           const cof_maa_expr **out)
{
    if (depth > COF_MAA_EXPR_DEPTH) {
        return COF_FAIL(parser->err, LIMIT, "calls inside each other, at most %d deep",
                        COF_MAA_EXPR_DEPTH);
    }
    cof_maa_expr *expr = NULL;
    COF_TRY(new_expr(parser, COF_MAA_STRING, &expr));
    if (cof_maa_token_is(&parser->token, "true") || cof_maa_token_is(&parser->token, "false")) {
        expr->kind = COF_MAA_BOOLEAN;
        expr->integer = cof_maa_token_is(&parser->token, "true") ? 1 : 0;
        COF_TRY(cof_maa_step(parser));
    } else if (parser->token.kind == COF_MAA_TOKEN_NUMBER) {
        expr->kind = COF_MAA_INTEGER;
        COF_TRY(parse_integer(parser, expr));
    } else if (parser->token.kind == COF_MAA_TOKEN_NAME) {
        COF_TRY(parse_name(parser, rule, depth, expr));
    } else {
        COF_TRY(cof_maa_parse_string(parser, "a value", &expr->text));
    }
    *out = expr;
    return COF_OK;
}

cof_status cof_maa_parse_expr(cof_maa_parser *parser, const cof_maa_rule *rule,
                              const cof_maa_expr **out)
{
    return parse_at(parser, rule, 0, out);
}
