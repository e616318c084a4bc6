/*
 * Identities of this home: who owns data and who receives results. The public part is a file that
 * can be given to others; the key-encryption keys stay in the vault; the key that signs consents is
 * a file here.
 *
 * identities/NAME.json:
 * {"coffer":"identity/v1","name":…,"data":{"kid":…,"jwk":…},"results":{"kid":…,"jwk":…},"sign":JWK}
 */
#ifndef COF_APP_IDENTITY_H
#define COF_APP_IDENTITY_H

#include <jansson.h>

#include "apps/coffer/services.h"
#include "tcb/crypto/ec.h"
#include "tcb/crypto/rsa.h"

typedef struct cof_identity {
    json_t *json;
    const char *name;
    const char *data_kid;
    const char *results_kid;
    const json_t *results_jwk;
    const json_t *sign_jwk;
    cof_rsa_key *data_key;    /* public: what data is sealed for */
    cof_rsa_key *results_key; /* public: what results are sealed for */
} cof_identity;

/** Reads an identity. @return COF_OK, COF_E_NOT_FOUND, COF_E_BAD_FORMAT, COF_E_BAD_KEY. */
COF_MUST_USE cof_status cof_identity_load(const char *home, const char *name, cof_identity **out,
                                          cof_err *err);

/** Reads an identity's public text. @return as cof_identity_load. */
COF_MUST_USE cof_status cof_identity_parse(cof_view text, cof_identity **out, cof_err *err);

/**
 * Makes an identity: NAME-data (exportable, with a release policy that nothing meets yet) and
 * NAME-results (never exportable) in the vault, and a signing key here. bits is 2048, 3072 or 4096.
 * @return COF_OK, COF_E_EXISTS, COF_E_BAD_ARGUMENT (the name), or as cof_vault_create.
 */
COF_MUST_USE cof_status cof_identity_create(const char *home, const char *name, unsigned bits,
                                            const cof_services *services, cof_identity **out,
                                            cof_err *err);

/**
 * Makes an identity go on with other versions of its keys, durably; *identity is replaced.
 * @param data     the bundle of the new data key, results that of the new results key; borrowed
 * @return COF_OK, or as reading and writing it.
 */
COF_MUST_USE cof_status cof_identity_set_keys(const char *home, cof_identity **identity,
                                              const json_t *data, const json_t *results,
                                              cof_err *err);

/** The key that signs this identity's consents. @return COF_OK, COF_E_CONSENT_MISSING (somebody
 * else's identity). */
COF_MUST_USE cof_status cof_identity_sign_key(const char *home, const char *name, cof_ec_key **out,
                                              cof_err *err);

/**
 * The release policy of a data key before any consent: no token can meet it, since no contract's
 * digest is "none". The caller owns it; NULL when there is no memory.
 */
json_t *cof_identity_closed_policy(const char *authority);

void cof_identity_free(cof_identity *identity);
COF_OWNED(cof_identity, cof_identity_free);

#endif
