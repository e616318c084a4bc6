/* Answers of a token service, or of a metadata service that gives tokens (RFC 6749 section 5). */
#ifndef COF_AZURE_TOKEN_ANSWER_H
#define COF_AZURE_TOKEN_ANSWER_H

#include "tcb/base/buf.h"

/** A token. Zeroed is empty; cof_token_answer_free wipes. */
typedef struct cof_token_answer {
    cof_buf access;
    cof_buf refresh; /* empty: the answer has none */
    int64_t lifetime_s;
    int64_t refresh_in_s; /* when to ask for the next; 0: the answer does not say */
} cof_token_answer;

/**
 * Reads {"access_token","expires_in","token_type"?,"refresh_token"?,"refresh_in"?}; numbers may be
 * texts of digits, as a metadata service writes them.
 *
 * @param out  zeroed; written only on success
 * @return COF_OK, COF_E_BAD_FORMAT, COF_E_BAD_JSON, COF_E_LIMIT, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_token_answer_parse(cof_view body, cof_token_answer *out, cof_err *err);

void cof_token_answer_free(cof_token_answer *answer);

/**
 * What a refusal's {"error","error_description"} says: the service's number ("AADSTS7000215") and
 * the beginning of its description, without control characters. A description that repeats the
 * secret is left out.
 *
 * @param secret  what the request held; may be empty
 * @param out     of size bytes; "" when the body says nothing
 */
void cof_token_refusal_text(cof_view body, cof_view secret, char *out, size_t size);

#endif
