/*
 * Compact JWS (RFC 7515) with RS256 and nothing else. The key is always the caller's: jku, jwk, x5u
 * and x5c of a header are never a reason to trust anything.
 */
#ifndef COF_TOKEN_JWS_H
#define COF_TOKEN_JWS_H

#include "tcb/crypto/rsa.h"
#include "tcb/wire/json.h"

enum { COF_JWS_KID_MAX = 512, COF_JWS_HEADER_MAX = 24 * 1024 };

/** A JWS taken apart; nothing of it is trusted before cof_jws_verify. Zeroed is empty. */
typedef struct cof_jws {
    json_t *header;
    const char *alg;       /* borrowed from header */
    const char *kid;       /* borrowed from header, or NULL */
    cof_buf payload;       /* decoded bytes */
    cof_view signed_bytes; /* "header.payload", borrowed from the text */
    cof_buf signature;
} cof_jws;

/**
 * Takes a JWS apart: three non-empty base64url parts without padding, a header that is strict JSON
 * (duplicate members refused) with alg exactly "RS256" and no crit, b64 or zip.
 *
 * @param text  borrowed while out_jws lives; at most COF_LIMIT_TOKEN_BYTES
 * @return COF_OK, COF_E_TOKEN_INVALID, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_jws_parse(cof_view text, cof_jws *out_jws, cof_err *err);

/** The same where the caller verifies signatures of other kinds itself: alg may be "PS256" too. */
COF_MUST_USE cof_status cof_jws_parse_pss(cof_view text, cof_jws *out_jws, cof_err *err);

/** Verifies the signature, of alg RS256. @return COF_OK, COF_E_TOKEN_INVALID. */
COF_MUST_USE cof_status cof_jws_verify(const cof_jws *jws, const cof_rsa_key *key, cof_err *err);

void cof_jws_free(cof_jws *jws);

/**
 * Makes a JWS and appends it to out.
 *
 * @param header  an object without alg ("alg":"RS256" is put first), borrowed; NULL: alg alone
 * @return COF_OK, COF_E_BAD_ARGUMENT (header has alg, or the key is public), COF_E_CRYPTO, or as
 * cof_buf_append.
 */
COF_MUST_USE cof_status cof_jws_sign(const cof_rsa_key *key, const json_t *header, cof_view payload,
                                     cof_buf *out, cof_err *err);

#endif
