/*
 * Client assertions (RFC 7523 section 2.2, in Entra ID's form): a JWT by which an application
 * proves who it is; signed by the key of a certificate of its own, or by another issuer that it
 * federates with. Which key is right is the caller's to say: nothing in the assertion is a reason
 * to trust its key.
 */
#ifndef COF_LOCAL_ASSERTION_H
#define COF_LOCAL_ASSERTION_H

#include "local/identity/refusal.h"
#include "relying/token/jwks.h"
#include "relying/token/jws.h"
#include "tcb/crypto/digest.h"

enum {
    COF_ASSERTION_LIFE_S = 600, /* of those by certificate, from now */
    COF_ASSERTION_SKEW_S = 300,
    COF_ASSERTION_JTI_MAX = 256,
    COF_ASSERTION_TEXT_MAX = 2048 /* issuer, subject, audience */
};

/** An assertion taken apart; not to be believed before one of the checks below. Zeroed is empty. */
typedef struct cof_client_assertion {
    cof_jws jws;
    json_t *claims;
    cof_view text; /* borrowed */
    const char *issuer;
    const char *subject;
    const char *x5t;      /* NULL: not there */
    const char *x5t_s256; /* NULL: not there */
} cof_client_assertion;

/** Takes it apart, strictly: alg RS256 or PS256; iss and sub are texts. @param text  borrowed while
 * out lives. @return COF_ADMITTED, COF_REFUSE_ASSERTION_FORM, COF_REFUSE_FAILED. */
cof_refusal cof_client_assertion_read(cof_view text, cof_client_assertion *out);

/** What an assertion by certificate must meet. Borrowed. */
typedef struct cof_client_assertion_rules {
    const char *certificate; /* base64 of the DER of the application's certificate */
    const char *client_id;   /* must be iss and sub */
    const char *const *audiences;
    size_t audience_count; /* aud must be one of these */
    int64_t now;
} cof_client_assertion_rules;

/**
 * Checks an assertion by certificate: signature, iss, sub, aud, nbf, exp (at most ten minutes
 * ahead), jti.
 *
 * @param out_name     a digest of its jti, under which it is remembered as used
 * @param out_expires  until when it is valid, and has to be remembered
 */
cof_refusal cof_client_assertion_check(const cof_client_assertion *assertion,
                                       const cof_client_assertion_rules *rules,
                                       cof_digest *out_name, int64_t *out_expires);

/** One identity of another issuer that is trusted. Borrowed. */
typedef struct cof_client_assertion_federation {
    const char *issuer;  /* iss, exactly */
    const char *subject; /* sub, exactly */
    const char *audience;
    const json_t *keys; /* the issuer's JWK set */
} cof_client_assertion_federation;

/** Checks an assertion of another issuer: iss, sub, aud, times, and the signature (RS256) with its
 * key set. */
cof_refusal cof_client_assertion_check_federated(const cof_client_assertion *assertion,
                                                 const cof_client_assertion_federation *federation,
                                                 int64_t now);

void cof_client_assertion_free(cof_client_assertion *assertion);

#endif
