/* The words of an attestation policy, each with its place. */
#ifndef COF_RELYING_MAA_LEXER_H
#define COF_RELYING_MAA_LEXER_H

#include "relying/maa/maa.h"

typedef enum cof_maa_token_kind {
    COF_MAA_TOKEN_END,
    COF_MAA_TOKEN_NAME,
    COF_MAA_TOKEN_NUMBER, /* digits, or digits.digits */
    COF_MAA_TOKEN_STRING, /* with its quotes and escapes */
    COF_MAA_TOKEN_MARK    /* punctuation or an operator */
} cof_maa_token_kind;

typedef struct cof_maa_token {
    cof_maa_token_kind kind;
    cof_view text; /* borrowed from the policy's text */
    cof_maa_place place;
} cof_maa_token;

typedef struct cof_maa_lexer {
    cof_view text;
    size_t at;
    cof_maa_place place;
    cof_maa_place *out_place; /* where a failure is told; may be NULL */
} cof_maa_lexer;

/** Starts at the first byte. @return COF_OK, COF_E_POLICY_SYNTAX (not UTF-8), COF_E_LIMIT. */
COF_MUST_USE cof_status cof_maa_lexer_init(cof_maa_lexer *lexer, cof_view text,
                                           cof_maa_place *out_place, cof_err *err);

/** The next word, past white space and comments. @return COF_OK, COF_E_POLICY_SYNTAX. */
COF_MUST_USE cof_status cof_maa_lexer_next(cof_maa_lexer *lexer, cof_maa_token *out, cof_err *err);

/** Fails with POLICY_SYNTAX at a place: "line 2, column 1: <message>". */
COF_MUST_USE cof_status cof_maa_syntax(cof_maa_place *out_place, cof_maa_place place, cof_err *err,
                                       const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/** Is the token this name (in any case) or this mark? */
bool cof_maa_token_is(const cof_maa_token *token, const char *text);

enum { COF_MAA_SHOWN_BYTES = 48 };
/** The token for a message: '[' or the end of the policy; long ones are cut, odd bytes shown as ?.
 */
const char *cof_maa_token_show(const cof_maa_token *token, char out[static COF_MAA_SHOWN_BYTES]);

/** Writes the content of a STRING token, without quotes and escapes, and a NUL. out has room for
 * text.size bytes. */
void cof_maa_token_unquote(const cof_maa_token *token, char *out);

#endif
