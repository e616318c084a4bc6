/* The store's memory, and its files. */
#ifndef COF_LOCAL_KEY_STORE_INTERNAL_H
#define COF_LOCAL_KEY_STORE_INTERNAL_H

#include "local/vault/key_store.h"

enum { COF_KEY_SECRET_BYTES = 8 * 1024, COF_KEY_META_BYTES = 192 * 1024 };

#define COF_KEY_FOLDER        "vault/keys"
#define COF_KEY_DELETED_FILE  "deleted.json"
#define COF_KEY_ROTATION_FILE "rotation.json"
#define COF_KEY_HIDDEN                                                                             \
    ".part-" /* a folder that is being made or removed: no key has such a name                     \
              */

/** A version, read when it is first needed. */
typedef struct key_version {
    char id[COF_KEY_VERSION_SIZE];
    uint32_t number; /* 0: a file of the format before */
    json_t *meta;    /* NULL: not read yet */
    uint8_t salt[COF_SEALING_SALT_SIZE];
    cof_buf sealed;
} key_version;

/** A name. */
typedef struct key_entry {
    char name[COF_KEY_NAME_SIZE];
    key_version *versions; /* the current one is the last */
    size_t count;
    size_t capacity;
    bool is_deleted;
    cof_status damage; /* COF_OK, or why nothing of it is served */
    int64_t deleted_unix_s;
    int64_t purge_unix_s;
    json_t *rotation;
} key_entry;

struct cof_key_store {
    const cof_state *state;
    cof_root_key root;
    key_entry **entries; /* by name without case, then by name */
    size_t count;
    size_t capacity;
};

/* key_index.c */

/** The entry of a name: of this spelling, else of any. NULL when there is none. */
key_entry *cof_key_index_find(const cof_key_store *store, const char *name);
/** The entry of a key that is deleted, or is not. @return COF_OK, COF_E_NOT_FOUND,
 * COF_E_TAG_MISMATCH (a file beside its versions was changed). */
cof_status cof_key_index_get(const cof_key_store *store, const char *name, bool is_deleted,
                             key_entry **out, cof_err *err);
/** The place of the first entry that comes after a name in the order of lists. */
size_t cof_key_index_after(const cof_key_store *store, const char *name);
/** A new entry, in its place. The caller may remove it again. */
cof_status cof_key_index_insert(cof_key_store *store, const char *name, key_entry **out,
                                cof_err *err);
void cof_key_index_remove(cof_key_store *store, const key_entry *entry);
/** Room for one more version at the end, zeroed and not counted yet. */
cof_status cof_key_index_reserve(key_entry *entry, key_version **out, cof_err *err);
void cof_key_version_clear(key_version *version);

/* key_files.c */

/** The file of a version in a folder of keys. */
cof_status cof_key_file_path(const char *folder, uint32_t number, const char *id, cof_path *out,
                             cof_err *err);
/** Seals a secret to the key that it belongs to: salt_ and sealed_. */
cof_status cof_key_file_seal(const cof_key_store *store, cof_stored_key *key, const json_t *meta,
                             cof_view secret, cof_err *err);
cof_status cof_key_file_open(const cof_key_store *store, const cof_stored_key *key, cof_buf *out,
                             cof_err *err);
/** Writes a version's file into a folder under the state's. */
cof_status cof_key_file_write(const cof_key_store *store, const char *folder,
                              const cof_stored_key *key, const json_t *meta, cof_err *err);
/** Reads and checks a version that is not in memory yet. */
cof_status cof_key_file_load(const cof_key_store *store, const char *name, key_version *version,
                             cof_err *err);
/** Files beside the versions, with a code over all of it. Reading: without the code. */
cof_status cof_key_side_write(const cof_key_store *store, const char *folder, const char *name,
                              const char *file, const json_t *record, cof_err *err);
cof_status cof_key_side_read(const cof_key_store *store, const char *name, const char *file,
                             json_t **out, cof_err *err);
/** Makes the entries durable: fsync of a folder under the state's. */
cof_status cof_key_folder_sync(const cof_key_store *store, const char *folder, cof_err *err);
/** Removes a folder of files; what cannot be removed stays. */
void cof_key_folder_remove(const cof_key_store *store, const char *folder);

/* key_scan.c */

/** Fills an empty store from the disk. */
cof_status cof_key_scan(cof_key_store *store, cof_err *err);

#endif
