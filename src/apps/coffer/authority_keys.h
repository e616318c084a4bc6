/* What an attestation service publishes about its tokens: issuer and keys, fetched over TLS. */
#ifndef COF_APP_AUTHORITY_KEYS_H
#define COF_APP_AUTHORITY_KEYS_H

#include "apps/coffer/output.h"
#include "relying/token/jwks.h"
#include "tcb/crypto/digest.h"

typedef struct cof_authority_keys {
    char *issuer; /* https://host[:port] */
    json_t *keys; /* {"keys":[…]} as it was fetched */
    cof_jwks *jwks;
    json_t *shown; /* [{"kid","sha256"}], in order of kids: of each key's
                      SubjectPublicKeyInfo */
    char fingerprint[2 * COF_DIGEST_SIZE + 1]; /* SHA-256 of those digests, one after the other */
} cof_authority_keys;

/**
 * Fetches URL/.well-known/openid-configuration and the keys that it names.
 *
 * @param url      https://host[:port]
 * @param ca_path  PEM: the only authorities that its certificate may be under; NULL: the system's
 * @return COF_OK, COF_E_BAD_ARGUMENT (the URL), COF_E_BAD_FORMAT (issuer or keys are not this
 * service's own), COF_E_NETWORK, …
 */
COF_MUST_USE cof_status cof_authority_fetch(const char *url, const char *ca_path,
                                            cof_authority_keys *out, cof_err *err);

/** For people: issuer, keys, fingerprint. */
void cof_authority_show(cof_output *output, const cof_authority_keys *keys);

/** Accepts a zeroed one. */
void cof_authority_keys_drop_(cof_authority_keys *keys);

#endif
