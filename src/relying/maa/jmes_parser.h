/* The JMESPath parser's own interface: jmes_parse.c (expressions), jmes_items.c (their parts). */
#ifndef COF_RELYING_MAA_JMES_PARSER_H
#define COF_RELYING_MAA_JMES_PARSER_H

#include "relying/maa/jmes_lex.h"
#include "relying/maa/jmes_tree.h"

typedef struct cof_jmes_parser {
    cof_jmes_lexer lexer;
    cof_jmes_query *query;
    unsigned depth;
    cof_err *err;
} cof_jmes_parser;

/** Goes to the next token. */
COF_MUST_USE cof_status cof_jmes_step(cof_jmes_parser *p);

/** Steps over a token; else refuses with what. */
COF_MUST_USE cof_status cof_jmes_expect(cof_jmes_parser *p, cof_jmes_token token, const char *what);

/** Adds a node; left and right may be COF_JMES_NONE. */
COF_MUST_USE cof_status cof_jmes_add(cof_jmes_parser *p, cof_jmes_kind kind, size_t left,
                                     size_t right, size_t *out);

/** Everything that binds stronger than power. */
COF_MUST_USE cof_status cof_jmes_parse_expression(cof_jmes_parser *p, int power, size_t *out);

/** A name, quoted or not. */
COF_MUST_USE cof_status cof_jmes_parse_field(cof_jmes_parser *p, size_t *out);
/** name(argument, ...), at the name. */
COF_MUST_USE cof_status cof_jmes_parse_function(cof_jmes_parser *p, size_t *out);
/** {name: expression, ...}, after the brace. */
COF_MUST_USE cof_status cof_jmes_parse_hash(cof_jmes_parser *p, size_t *out);
/** [expression, ...], after the bracket. */
COF_MUST_USE cof_status cof_jmes_parse_list(cof_jmes_parser *p, size_t *out);

#endif
