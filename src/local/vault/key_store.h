/*
 * The vault's keys on disk, and in memory what they are: vault/keys/<name>/ holds, for each
 * version, <number>-<version>.json; beside them deleted.json where the key is deleted, and
 * rotation.json (docs/formats/vault.md).
 *
 * Each change is one atomic step on disk: a file that appears, is replaced or is removed, or a
 * folder that is renamed. So a crash leaves the state before or after it; what it left over is
 * removed at the next start. Memory follows the disk, never the other way.
 *
 * A private key is sealed (sealing.h) to its name, version, number, and the digest of everything
 * else in its file. A file is opened once, at its first use, and what does not open is not served.
 *
 * Names compare without regard to case, and keep the spelling that they were made with.
 */
#ifndef COF_LOCAL_KEY_STORE_H
#define COF_LOCAL_KEY_STORE_H

#include "local/state/state.h"
#include "local/vault/key_material.h"
#include "local/vault/sealing.h"
#include "tcb/crypto/rsa.h"

enum { COF_KEY_NAME_SIZE = 128, COF_KEY_VERSION_SIZE = 33, COF_KEY_VERSIONS_MAX = 1000 };

typedef struct cof_key_store cof_key_store;

/** One version of a key. Zeroed is empty; free with cof_stored_key_free. */
typedef struct cof_stored_key {
    char name[COF_KEY_NAME_SIZE];
    char version[COF_KEY_VERSION_SIZE];
    uint32_t number; /* 1, 2, …: the order of a key's versions; 0: made before there were numbers */
    json_t *meta;    /* as key_meta.h has it; shared with the store: never changed */
    uint8_t salt_[COF_SEALING_SALT_SIZE];
    cof_buf sealed_;
} cof_stored_key;

/** What is known of a name. Borrowed from the store until it is changed. */
typedef struct cof_key_name {
    const char *name;
    size_t version_count;
    bool is_deleted;
    bool is_damaged; /* a file beside its versions was changed: it can only be purged */
    int64_t deleted_unix_s;
    int64_t purge_unix_s;   /* when it will be gone for good */
    const json_t *rotation; /* rotation.json as rotation.h has it; NULL: none */
} cof_key_name;

/** Reads what there is, and completes or undoes what a crash interrupted. kept: state. @param root
 * copied */
COF_MUST_USE cof_status cof_key_store_open(const cof_state *state, const cof_root_key *root,
                                           cof_key_store **out, cof_err *err);
/** The root key, borrowed. */
const cof_root_key *cof_key_store_root(const cof_key_store *store);

/** Is it 1 to 127 letters, digits and "-"? Whatever becomes part of a path was asked this first. */
bool cof_key_name_is_valid(const char *name);
/** Is it 32 lower-case hex digits? */
bool cof_key_version_is_valid(const char *version);

/** @return false when no key, deleted or not, has the name. */
bool cof_key_store_look(const cof_key_store *store, const char *name, cof_key_name *out);
/** The next name after this one ("": the first) in the order of lists, deleted ones or the others.
 * The name need not exist any more. @return false at the end. */
bool cof_key_store_next(const cof_key_store *store, const char *after, bool is_deleted,
                        cof_key_name *out);

/** Reads one version of a key that is not deleted; version "" is the current one. @return COF_OK,
 * COF_E_NOT_FOUND, COF_E_TAG_MISMATCH (a file was changed), COF_E_BAD_FORMAT, … */
COF_MUST_USE cof_status cof_key_store_get(const cof_key_store *store, const char *name,
                                          const char *version, cof_stored_key *out, cof_err *err);
/** The same by its place among the versions, 0 the oldest, of a key that may be deleted. */
COF_MUST_USE cof_status cof_key_store_at(const cof_key_store *store, const char *name, size_t index,
                                         cof_stored_key *out, cof_err *err);

/** The secret part; the caller owns it. @return COF_OK, COF_E_TAG_MISMATCH, COF_E_BAD_KEY, … */
COF_MUST_USE cof_status cof_key_store_material(const cof_key_store *store,
                                               const cof_stored_key *key, cof_key_material **out,
                                               cof_err *err);
/** Makes a version that is not in the store yet, so that its making can be written down first.
 * @param meta borrowed @return COF_OK, COF_E_BAD_ARGUMENT (name), COF_E_EXISTS (the name is of a
 * deleted key), COF_E_LIMIT (versions). */
COF_MUST_USE cof_status cof_key_store_prepare(const cof_key_store *store, const char *name,
                                              const json_t *meta, const cof_key_material *material,
                                              cof_stored_key *out, cof_err *err);
/** Puts it into the store: it is the current one then. */
COF_MUST_USE cof_status cof_key_store_commit(cof_key_store *store, const cof_stored_key *key,
                                             cof_err *err);
/** Both. */
COF_MUST_USE cof_status cof_key_store_add(cof_key_store *store, const char *name,
                                          const json_t *meta, const cof_key_material *material,
                                          cof_stored_key *out, cof_err *err);

/** Replaces the meta data of a version. @param meta borrowed */
COF_MUST_USE cof_status cof_key_store_update(cof_key_store *store, cof_stored_key *key,
                                             const json_t *meta, cof_err *err);

/** Deletes, recovers, purges a key with all its versions. @return COF_OK, COF_E_NOT_FOUND (no such
 * key in that state), … */
COF_MUST_USE cof_status cof_key_store_delete(cof_key_store *store, const char *name,
                                             int64_t now_unix_s, int64_t purge_unix_s,
                                             cof_err *err);
COF_MUST_USE cof_status cof_key_store_recover(cof_key_store *store, const char *name, cof_err *err);
COF_MUST_USE cof_status cof_key_store_purge(cof_key_store *store, const char *name, cof_err *err);

/** Sets rotation.json's content; borrowed. @return COF_OK, COF_E_NOT_FOUND, … */
COF_MUST_USE cof_status cof_key_store_set_rotation(cof_key_store *store, const char *name,
                                                   const json_t *rotation, cof_err *err);

/** A version as a backup has it. */
typedef struct cof_key_copy {
    char version[COF_KEY_VERSION_SIZE];
    json_t *meta;
    cof_key_material *material;
} cof_key_copy;

/**
 * Puts a whole key into the store at once.
 *
 * @param copies    borrowed; the oldest first
 * @param rotation  NULL: none
 * @return COF_OK, COF_E_BAD_ARGUMENT (name, versions), COF_E_EXISTS, …
 */
COF_MUST_USE cof_status cof_key_store_restore(cof_key_store *store, const char *name,
                                              const cof_key_copy *copies, size_t count,
                                              const json_t *rotation, cof_err *err);

void cof_stored_key_free(cof_stored_key *key);
void cof_key_store_free(cof_key_store *store);
COF_OWNED(cof_key_store, cof_key_store_free);

#endif
