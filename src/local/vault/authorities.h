/*
 * Attestation services of others that release policies here may name: each by its issuer, with the
 * keys that its tokens are verified with.
 *
 * The owner of this vault puts them in (PUT /authorities/{id}, authorities_api.h); the vault itself
 * fetches nothing. vault/authorities.json, written whole at every change; docs/formats/vault.md.
 */
#ifndef COF_LOCAL_AUTHORITIES_H
#define COF_LOCAL_AUTHORITIES_H

#include "local/state/state.h"
#include "relying/token/jwks.h"
#include "tcb/base/limits.h"
#include "tcb/crypto/digest.h"

enum { COF_AUTHORITIES_MAX = 32, COF_AUTHORITY_ID_SIZE = 2 * COF_DIGEST_SIZE + 1 };

typedef struct cof_authorities cof_authorities;

/** One of them. Borrowed until the table changes. */
typedef struct cof_authority {
    const char *issuer; /* https://host[:port] */
    char id[COF_AUTHORITY_ID_SIZE];
    int64_t added_unix_s;
    const json_t *keys; /* {"keys":[…]}, as the service publishes it */
    const cof_jwks *jwks;
} cof_authority;

/** Reads the file; none is an empty table. kept: state. @return COF_OK, COF_E_BAD_FORMAT, … */
COF_MUST_USE cof_status cof_authorities_open(const cof_state *state, cof_authorities **out,
                                             cof_err *err);

/**
 * The keys of an issuer, written exactly, but for a slash at the end.
 *
 * @param issuer  NULL: then there is none
 * @param out     borrowed until the table changes; written when found
 */
bool cof_authorities_find(const cof_authorities *authorities, const char *issuer,
                          const cof_jwks **out);

size_t cof_authorities_count(const cof_authorities *authorities);
/** The index-th, in order of their issuers. */
const cof_authority *cof_authorities_at(const cof_authorities *authorities, size_t index);
/** By id; NULL: none. */
const cof_authority *cof_authorities_by_id(const cof_authorities *authorities, const char *id);

/** What an issuer is called in paths: the SHA-256 of its text, in hex. */
COF_MUST_USE cof_status cof_authority_id(const char *issuer, char out[static COF_AUTHORITY_ID_SIZE],
                                         cof_err *err);

/**
 * Puts an issuer's keys in, durably; those that it had are gone.
 *
 * @param keys  a JWK set with at least one key for RS256; members that a key is not made of are
 * dropped
 * @return COF_OK, COF_E_BAD_ARGUMENT (issuer), COF_E_FORBIDDEN (it is this vault's own),
 * COF_E_BAD_FORMAT, COF_E_BAD_KEY, COF_E_LIMIT, or as writing. The table is unchanged then.
 */
COF_MUST_USE cof_status cof_authorities_put(cof_authorities *authorities, const char *issuer,
                                            const json_t *keys, cof_err *err);

/** Takes one out, durably. @return COF_OK, COF_E_NOT_FOUND, or as writing. */
COF_MUST_USE cof_status cof_authorities_remove(cof_authorities *authorities, const char *id,
                                               cof_err *err);

/** Reads the file's text into an empty table: for tests and fuzzing. */
COF_MUST_USE cof_status cof_authorities_read(cof_authorities *authorities, cof_view text,
                                             cof_err *err);
/** An empty table. kept: state; NULL: it cannot be written. */
COF_MUST_USE cof_status cof_authorities_new(const cof_state *state, cof_authorities **out,
                                            cof_err *err);

void cof_authorities_free(cof_authorities *authorities);
COF_OWNED(cof_authorities, cof_authorities_free);

#endif
