/* ECDSA on P-256 with SHA-256 (FIPS 186-4): enclave signing keys, consents, quotes. */
#ifndef COF_CRYPTO_EC_H
#define COF_CRYPTO_EC_H

#include <jansson.h>

#include "tcb/base/buf.h"

enum { COF_EC_RAW_SIZE = 64 }; /* r || s, or x || y: 32 bytes each, big endian */

typedef struct cof_ec_key cof_ec_key; /* a public key, or a pair, on P-256 */

COF_MUST_USE cof_status cof_ec_generate(cof_ec_key **out, cof_err *err);
/** From PKCS#8 DER. @return COF_OK, COF_E_BAD_KEY. */
COF_MUST_USE cof_status cof_ec_from_pkcs8(cof_view der, cof_ec_key **out, cof_err *err);
COF_MUST_USE cof_status cof_ec_to_pkcs8(const cof_ec_key *key, cof_buf *out, cof_err *err);
/** From {"kty":"EC","crv":"P-256","x","y"}; the point must be on the curve. @return COF_OK,
 * COF_E_BAD_KEY. */
COF_MUST_USE cof_status cof_ec_from_jwk(const json_t *jwk, cof_ec_key **out, cof_err *err);
COF_MUST_USE cof_status cof_ec_to_jwk(const cof_ec_key *key, json_t **out_jwk, cof_err *err);
/** From x || y; the point must be on the curve and not at infinity. @return COF_OK, COF_E_BAD_KEY.
 */
COF_MUST_USE cof_status cof_ec_from_point(const uint8_t point[static COF_EC_RAW_SIZE],
                                          cof_ec_key **out, cof_err *err);
COF_MUST_USE cof_status cof_ec_to_point(const cof_ec_key *key, uint8_t out[static COF_EC_RAW_SIZE],
                                        cof_err *err);

struct evp_pkey_st;
/** Takes over an OpenSSL key, on failure too, that must be EC P-256; NULL is refused (BAD_KEY). */
COF_MUST_USE cof_status cof_ec_from_evp(struct evp_pkey_st *pkey, cof_ec_key **out, cof_err *err);
struct evp_pkey_st *cof_ec_evp(const cof_ec_key *key);

/** Signs SHA-256(bytes), r || s. */
COF_MUST_USE cof_status cof_ec_sign(const cof_ec_key *key, cof_view bytes,
                                    uint8_t out[static COF_EC_RAW_SIZE], cof_err *err);
/** @return COF_OK, COF_E_BAD_SIGNATURE. */
COF_MUST_USE cof_status cof_ec_verify(const cof_ec_key *key, cof_view bytes,
                                      const uint8_t signature[static COF_EC_RAW_SIZE],
                                      cof_err *err);

/** The same in DER (SEQUENCE of r, s), as DSSE envelopes carry it; appends. */
COF_MUST_USE cof_status cof_ec_sign_der(const cof_ec_key *key, cof_view bytes, cof_buf *out,
                                        cof_err *err);
COF_MUST_USE cof_status cof_ec_verify_der(const cof_ec_key *key, cof_view bytes, cof_view signature,
                                          cof_err *err);

void cof_ec_key_free(cof_ec_key *key);
COF_OWNED(cof_ec_key, cof_ec_key_free);

#endif
