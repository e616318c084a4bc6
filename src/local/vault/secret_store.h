/*
 * The vault's secrets on disk: vault/secrets/<name, lower case>/ holds <version>.json for each
 * version, and index.json with their order (docs/formats/vault.md).
 *
 * A value is sealed (sealing.h) to its name, version, and the digest of all else in its file; the
 * index carries a code that only this installation makes. index.json is written last when something
 * appears and removed first when it goes: a crash leaves the state before or after, and at most
 * files that nothing names.
 */
#ifndef COF_LOCAL_SECRET_STORE_H
#define COF_LOCAL_SECRET_STORE_H

#include "local/state/state.h"
#include "local/state/trail.h"
#include "local/vault/key_store.h"

enum {
    COF_SECRET_NAME_SIZE = COF_KEY_NAME_SIZE,
    COF_SECRET_VALUE_BYTES = 25 * 1024, /* as Azure has it */
    COF_SECRET_VERSIONS_MAX = 1000
};

/** Where secrets are: borrowed for a call. */
typedef struct cof_secret_store {
    const cof_state *state;
    const cof_root_key *root;
} cof_secret_store;

/** What is known of a name. Zeroed is empty; free with cof_secret_index_free. */
typedef struct cof_secret_index {
    char name[COF_SECRET_NAME_SIZE]; /* in the spelling that it was made with */
    json_t *versions;                /* their names, the newest last */
    bool is_deleted;
    int64_t deleted_unix_s;
    int64_t purge_unix_s;
} cof_secret_index;

/** One version: its name, and {"contentType"?,"attributes":{…},"tags":{…}}. Zeroed is empty. */
typedef struct cof_secret {
    char version[COF_KEY_VERSION_SIZE];
    json_t *meta;
    uint8_t salt_[COF_SEALING_SALT_SIZE];
    cof_buf sealed_;
} cof_secret;

/** @return COF_OK, COF_E_NOT_FOUND, COF_E_TAG_MISMATCH (the file was changed), COF_E_BAD_FORMAT, …
 */
COF_MUST_USE cof_status cof_secret_index_read(const cof_secret_store *store, const char *name,
                                              cof_secret_index *out, cof_err *err);

/** A version by its name; "" is the newest. @return COF_OK, COF_E_NOT_FOUND, COF_E_TAG_MISMATCH
 * (the file was changed), COF_E_BAD_FORMAT, … */
COF_MUST_USE cof_status cof_secret_read(const cof_secret_store *store,
                                        const cof_secret_index *index, const char *version,
                                        cof_secret *out, cof_err *err);
/** Appends the value. @return COF_OK, COF_E_TAG_MISMATCH (the file was changed), … */
COF_MUST_USE cof_status cof_secret_value(const cof_secret_store *store,
                                         const cof_secret_index *index, const cof_secret *secret,
                                         cof_buf *out, cof_err *err);

/**
 * Makes a version that no index names yet.
 * @param index  of the name, or with the name alone for a new one
 * @param version  "": a random name
 * @param meta  borrowed
 */
COF_MUST_USE cof_status cof_secret_write(const cof_secret_store *store,
                                         const cof_secret_index *index, const char *version,
                                         const json_t *meta, cof_view value, cof_secret *out,
                                         cof_err *err);
/** Makes it the newest: the index is written. @return also COF_E_LIMIT (versions). */
COF_MUST_USE cof_status cof_secret_add(const cof_secret_store *store, cof_secret_index *index,
                                       const char *version, cof_err *err);
/** Replaces what is beside a version's value. @param meta borrowed */
COF_MUST_USE cof_status cof_secret_update(const cof_secret_store *store,
                                          const cof_secret_index *index, cof_secret *secret,
                                          const json_t *meta, cof_err *err);

/** Writes the index after a change of its members. */
COF_MUST_USE cof_status cof_secret_index_write(const cof_secret_store *store,
                                               const cof_secret_index *index, cof_err *err);
/** Removes a secret with all its versions. */
COF_MUST_USE cof_status cof_secret_remove(const cof_secret_store *store,
                                          const cof_secret_index *index, cof_err *err);

/**
 * The next secret after a name ("": the first) in the order of lists, deleted ones or the others.
 * One whose index cannot be read is passed over. *out_found is false at the end.
 */
COF_MUST_USE cof_status cof_secret_next(const cof_secret_store *store, const char *after,
                                        bool is_deleted, cof_secret_index *out, bool *out_found,
                                        cof_err *err);

/** Removes the secrets that were deleted so long ago, each written down first; and what a crash
 * left of one that was being made or removed: a folder without an index. */
COF_MUST_USE cof_status cof_secret_purge_due(const cof_secret_store *store, cof_trail *trail,
                                             cof_err *err);

void cof_secret_index_free(cof_secret_index *index);
void cof_secret_free(cof_secret *secret);

#endif
