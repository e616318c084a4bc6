/*
 * What an administrator of the attestation service sends: a JWS (RFC 7515) that is unsecured, or
 * signed with RS256, PS256 or ES256 by the key of the certificate in its own header. Who may sign
 * is for the caller to judge.
 */
#ifndef COF_LOCAL_ATTEST_ORDER_H
#define COF_LOCAL_ATTEST_ORDER_H

#include <openssl/x509.h>

#include "tcb/wire/json.h"

/* Over policies of 24 KiB. It comes back inside an answer, which is a token
 * (COF_LIMIT_TOKEN_BYTES).
 */
enum { COF_ORDER_BYTES = 44 * 1024 };

/** For cof_order_parse: when is not looked at. */
#define COF_ORDER_ANY_TIME INT64_C(-1)

/** A JWS taken apart; a signature in it was verified. Zeroed is empty; free with cof_order_free. */
typedef struct cof_order {
    X509 *signer;    /* x5c[0]; NULL: unsecured */
    json_t *payload; /* an object; NULL: the payload is empty */
} cof_order;

/**
 * Reads it. The signer's certificate must be valid now; whoever issued it is not looked at.
 *
 * @param text  at most COF_ORDER_BYTES
 * @return COF_OK, COF_E_TOKEN_INVALID (parts, header, algorithm, certificate, signature),
 * COF_E_NO_MEMORY. err's detail says it in a sentence that callers may see.
 */
COF_MUST_USE cof_status cof_order_parse(cof_view text, int64_t now_unix_s, cof_order *out,
                                        cof_err *err);

void cof_order_free(cof_order *order);

/** {"alg","kty","use":"sig","x5c":[…]} of a certificate: the caller owns it. @return COF_OK,
 * COF_E_BAD_KEY (neither RSA nor P-256), COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_order_jwk(X509 *certificate, json_t **out, cof_err *err);

/** A certificate from standard base64 of its DER. RSA of 2048 to 4096 bits, or P-256. @return
 * COF_OK, COF_E_BAD_KEY, COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_order_certificate(const json_t *text, X509 **out, cof_err *err);

#endif
