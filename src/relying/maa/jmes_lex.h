/* The words of a JMESPath query. */
#ifndef COF_RELYING_MAA_JMES_LEX_H
#define COF_RELYING_MAA_JMES_LEX_H

#include "relying/maa/jmespath.h"

typedef enum cof_jmes_token {
    COF_JMES_T_END,
    COF_JMES_T_NAME,    /* text */
    COF_JMES_T_QUOTED,  /* text: a quoted identifier */
    COF_JMES_T_NUMBER,  /* number */
    COF_JMES_T_LITERAL, /* literal: `JSON` or 'text' */
    COF_JMES_T_AT,
    COF_JMES_T_STAR,
    COF_JMES_T_DOT,
    COF_JMES_T_COMMA,
    COF_JMES_T_COLON,
    COF_JMES_T_PIPE,
    COF_JMES_T_OR,
    COF_JMES_T_AND,
    COF_JMES_T_NOT,
    COF_JMES_T_EQ,
    COF_JMES_T_NE,
    COF_JMES_T_LT,
    COF_JMES_T_LE,
    COF_JMES_T_GT,
    COF_JMES_T_GE,
    COF_JMES_T_FLATTEN, /* [] */
    COF_JMES_T_FILTER,  /* [? */
    COF_JMES_T_LBRACKET,
    COF_JMES_T_RBRACKET,
    COF_JMES_T_LBRACE,
    COF_JMES_T_RBRACE,
    COF_JMES_T_LPAREN,
    COF_JMES_T_RPAREN,
    COF_JMES_T_KINDS
} cof_jmes_token;

/** The lexer and the token that it stands at. */
typedef struct cof_jmes_lexer {
    const char *text;
    size_t at;    /* after the token */
    size_t start; /* of the token */
    cof_jmes_token token;
    cof_buf name; /* NAME, QUOTED */
    int64_t number;
    json_t *literal;
} cof_jmes_lexer;

/** Goes to the next token. @return COF_OK, COF_E_POLICY_EVALUATION, COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_jmes_next(cof_jmes_lexer *lexer, cof_err *err);

/** Fails with POLICY_EVALUATION: "JmesPath column N: <what>", N of the token. */
COF_MUST_USE cof_status cof_jmes_refuse(const cof_jmes_lexer *lexer, const char *what,
                                        cof_err *err);

void cof_jmes_lexer_free(cof_jmes_lexer *lexer);

#endif
