/*
 * The vault's keys on disk: vault/keys/<name>/<version>.json, and <name>/current, the newest
 * version's name.
 *
 * A private key is PKCS#8 under AES-256-GCM. Its encryption key is derived, for each writing anew,
 * from the installation's root key (vault/root.key), the key's name and version, and the digest of
 * everything else in the file: so a policy, a tag or a name that was changed on disk makes the
 * private key unreadable. What this protects is a copy of the folder without root.key.
 */
#ifndef COF_LOCAL_KEY_STORE_H
#define COF_LOCAL_KEY_STORE_H

#include "local/state/state.h"
#include "tcb/crypto/rsa.h"

enum { COF_KEY_NAME_SIZE = 128, COF_KEY_VERSION_SIZE = 33 };

typedef struct cof_key_store cof_key_store;

/** One version of a key. Zeroed is empty; free with cof_stored_key_free. */
typedef struct cof_stored_key {
    char name[COF_KEY_NAME_SIZE];
    char version[COF_KEY_VERSION_SIZE];
    json_t *meta; /* kty, n, e, key_ops, attributes, tags, release_policy: as key_meta.h has them */
    uint8_t salt_[32];
    cof_buf sealed_;
} cof_stored_key;

COF_MUST_USE cof_status cof_key_store_open(const cof_state *state, cof_key_store **out,
                                           cof_err *err);

/** Is it 1 to 127 letters, digits and "-"? Whatever becomes part of a path was asked this first. */
bool cof_key_name_is_valid(const char *name);
/** Is it 32 lower-case hex digits? */
bool cof_key_version_is_valid(const char *version);

/** Makes a new version the current one. @param meta borrowed @return COF_OK, COF_E_BAD_ARGUMENT
 * (name), or as the state's functions. */
COF_MUST_USE cof_status cof_key_store_add(cof_key_store *store, const char *name,
                                          const json_t *meta, const cof_rsa_key *key,
                                          cof_stored_key *out, cof_err *err);

/** Reads one version; version "" is the current one. @return COF_OK, COF_E_NOT_FOUND,
 * COF_E_BAD_FORMAT, … */
COF_MUST_USE cof_status cof_key_store_get(const cof_key_store *store, const char *name,
                                          const char *version, cof_stored_key *out, cof_err *err);

/** The private key; the caller owns it. @return COF_OK, COF_E_TAG_MISMATCH (the file was changed),
 * COF_E_BAD_KEY, … */
COF_MUST_USE cof_status cof_key_store_private(const cof_key_store *store, const cof_stored_key *key,
                                              cof_rsa_key **out, cof_err *err);

/** Replaces the meta data of a version. @param meta borrowed */
COF_MUST_USE cof_status cof_key_store_update(cof_key_store *store, cof_stored_key *key,
                                             const json_t *meta, cof_err *err);

void cof_stored_key_free(cof_stored_key *key);
void cof_key_store_free(cof_key_store *store);
COF_OWNED(cof_key_store, cof_key_store_free);

#endif
