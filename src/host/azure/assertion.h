/* A client's assertion by its certificate (RFC 7523 section 2.2), as Entra ID takes it. */
#ifndef COF_AZURE_ASSERTION_H
#define COF_AZURE_ASSERTION_H

#include "tcb/base/buf.h"

typedef struct cof_assertion_key cof_assertion_key;

/**
 * Reads a PEM text: an RSA key of at least 2048 bits without a password, and its certificate.
 * @return COF_OK, COF_E_BAD_KEY (one of them is missing, or they are not of each other),
 * COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_assertion_key_parse(cof_view pem, cof_assertion_key **out,
                                                cof_err *err);

/** What an assertion says. Borrowed. */
typedef struct cof_assertion {
    const char *audience;  /* the token endpoint */
    const char *client_id; /* iss and sub */
    int64_t now_unix_s;
    bool is_rs256; /* instead of PS256 */
} cof_assertion;

/** Appends the JWS: ten minutes long, with a fresh jti. @return COF_OK, COF_E_CRYPTO,
 * COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_assertion_make(const cof_assertion_key *key,
                                           const cof_assertion *assertion, cof_buf *out,
                                           cof_err *err);

void cof_assertion_key_free(cof_assertion_key *key);
COF_OWNED(cof_assertion_key, cof_assertion_key_free);

#endif
