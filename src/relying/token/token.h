/* JWTs (RFC 7519): verification with given keys, issuer, audience and time; and the making of
 * claims. */
#ifndef COF_TOKEN_TOKEN_H
#define COF_TOKEN_TOKEN_H

#include "relying/token/jwks.h"
#include "relying/token/jws.h"

enum { COF_TOKEN_SKEW_MAX_S = 600 };

/** What a token must meet. All is borrowed. */
typedef struct cof_token_rules {
    const cof_jwks *keys; /* the issuer's keys, from where the caller trusts them */
    const char *issuer;   /* must equal iss exactly, but for one trailing slash */
    const char *
        audience; /* must be among aud; NULL: aud is not looked at (attestation tokens have none) */
    int64_t now_unix_s; /* nbf - skew <= now < exp + skew */
    int64_t skew_s;     /* 0 to COF_TOKEN_SKEW_MAX_S */
} cof_token_rules;

/**
 * Verifies a token and gives its claims. Claims are strict JSON (duplicate members refused); iss
 * and exp must be there, nbf and iat are checked when they are there; kid must name one of the
 * keys.
 *
 * @param out_claims  the caller owns it
 * @return COF_OK, COF_E_TOKEN_INVALID (malformed, algorithm, signature, audience, not valid yet),
 *         COF_E_TOKEN_UNTRUSTED (another issuer, a kid that the issuer does not publish),
 * COF_E_TOKEN_EXPIRED, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_token_verify(cof_view token, const cof_token_rules *rules,
                                         json_t **out_claims, cof_err *err);

/**
 * The claims of a token that were not verified, to choose the issuer by before verifying. Nothing
 * in them is to be believed.
 * @return COF_OK, COF_E_TOKEN_INVALID, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_token_peek(cof_view token, json_t **out_claims, cof_err *err);

/** The claims iss, aud (when not NULL), iat, nbf and exp = now + lifetime, for a caller to add to.
 * The caller owns it. */
COF_MUST_USE cof_status cof_token_claims_new(const char *issuer, const char *audience,
                                             int64_t now_unix_s, int64_t lifetime_s,
                                             json_t **out_claims, cof_err *err);

/**
 * Signs claims as a JWT, header {"alg":"RS256","kid":kid,"typ":"JWT"} and the members of
 * extra_header (borrowed; NULL: none). Appends to out. @return COF_OK, COF_E_BAD_ARGUMENT,
 * COF_E_CRYPTO, COF_E_NO_MEMORY, COF_E_LIMIT.
 */
COF_MUST_USE cof_status cof_token_sign(const cof_rsa_key *key, const char *kid,
                                       const json_t *extra_header, const json_t *claims,
                                       cof_buf *out, cof_err *err);

/** Are two issuer URLs the same, but for one trailing slash? */
bool cof_token_issuer_equal(const char *a, const char *b);

#endif
