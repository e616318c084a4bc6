/* The parser's own interface: parse.c (policy), parse_rule.c, parse_expr.c. */
#ifndef COF_RELYING_MAA_PARSER_H
#define COF_RELYING_MAA_PARSER_H

#include "relying/maa/lexer.h"
#include "relying/maa/tree.h"

typedef struct cof_maa_parser {
    cof_maa_lexer lexer;
    cof_maa_token token; /* the one that is looked at */
    cof_maa_policy *policy;
    cof_maa_section section;
    size_t rule_count; /* in all sections */
    cof_err *err;
} cof_maa_parser;

/** Goes to the next token. */
COF_MUST_USE cof_status cof_maa_step(cof_maa_parser *parser);

/** Steps over a mark or a name; else refuses with what was expected and found. */
COF_MUST_USE cof_status cof_maa_expect(cof_maa_parser *parser, const char *text);

/** "expected <what>, found <token>" at the token. */
COF_MUST_USE cof_status cof_maa_unexpected(cof_maa_parser *parser, const char *what);

/** Steps over a string and gives its content, in the pool. */
COF_MUST_USE cof_status cof_maa_parse_string(cof_maa_parser *parser, const char *what,
                                             const char **out);

/** Steps over an identifier and gives it, in the pool. */
COF_MUST_USE cof_status cof_maa_parse_identifier(cof_maa_parser *parser, const char **out);

/** A whole rule with its semicolon. */
COF_MUST_USE cof_status cof_maa_parse_rule(cof_maa_parser *parser, cof_maa_rule **out);

/** A property's name. */
COF_MUST_USE cof_status cof_maa_parse_property(cof_maa_parser *parser, cof_maa_property *out);

/** An expression; identifiers must be bound by a condition that rule has already. */
COF_MUST_USE cof_status cof_maa_parse_expr(cof_maa_parser *parser, const cof_maa_rule *rule,
                                           const cof_maa_expr **out);

#endif
