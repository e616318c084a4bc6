/* Sets of public keys (RFC 7517) as services publish them: RSA keys by kid, from n and e or from
 * x5c. */
#ifndef COF_TOKEN_JWKS_H
#define COF_TOKEN_JWKS_H

#include "tcb/crypto/rsa.h"
#include "tcb/wire/json.h"

enum { COF_JWKS_KEYS_MAX = 32, COF_JWKS_X5C_MAX = 8 };

typedef struct cof_jwks cof_jwks;

/**
 * Reads {"keys":[…]}. Keys that cannot verify RS256 (another kty, use or alg) are left out; a key
 * with both n, e and x5c must say the same in both; two usable keys of one kid are refused. The
 * certificate only carries the key here: the set is trusted because of where it came from.
 *
 * @return COF_OK, COF_E_BAD_JSON, COF_E_BAD_FORMAT, COF_E_BAD_KEY, COF_E_LIMIT, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_jwks_parse(cof_view text, cof_jwks **out_keys, cof_err *err);
/** The same from a value that was parsed already (strictly). */
COF_MUST_USE cof_status cof_jwks_from_json(const json_t *value, cof_jwks **out_keys, cof_err *err);

/** How many keys are usable. */
size_t cof_jwks_count(const cof_jwks *keys);

/** The key of this kid, compared exactly; borrowed; NULL when there is none (kid may be NULL: then
 * there is none). */
const cof_rsa_key *cof_jwks_find(const cof_jwks *keys, const char *kid);

/** The RSA public key of the first certificate of an x5c array (standard base64 of DER). The caller
 * owns it. @return COF_OK, COF_E_BAD_KEY. */
COF_MUST_USE cof_status cof_jwks_key_from_x5c(const json_t *x5c, cof_rsa_key **out_key,
                                              cof_err *err);

void cof_jwks_free(cof_jwks *keys);
COF_OWNED(cof_jwks, cof_jwks_free);

#endif
