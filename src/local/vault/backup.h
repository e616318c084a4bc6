/*
 * Backups of keys: a blob that only this installation opens, with all versions, their attributes
 * and the rotation policy (docs/formats/vault.md).
 *
 *   "COFKEYB1" || salt (32) || tag (16) || cipher
 *
 * sealed (sealing.h) to "coffer-local/key-backup/v1" and the tenant.
 */
#ifndef COF_LOCAL_BACKUP_H
#define COF_LOCAL_BACKUP_H

#include "local/vault/key_store.h"

/* So that base64url of it fits into a request's body. */
enum { COF_BACKUP_BYTES = 768 * 1024 };

/** Appends a key's backup. @return COF_OK, COF_E_NOT_FOUND, COF_E_LIMIT (too many versions), … */
COF_MUST_USE cof_status cof_backup_make(const cof_key_store *store, const char *tenant,
                                        const char *name, cof_buf *out, cof_err *err);

/** What a blob holds. Zeroed is empty. */
typedef struct cof_backup {
    char name[COF_KEY_NAME_SIZE];
    cof_key_copy *copies;
    size_t count;
    json_t *rotation;
} cof_backup;

/** @return COF_OK, COF_E_BAD_FORMAT, COF_E_TAG_MISMATCH (changed, or of another installation), … */
COF_MUST_USE cof_status cof_backup_read(const cof_root_key *root, const char *tenant, cof_view blob,
                                        cof_backup *out, cof_err *err);

/** Reads what was sealed: for cof_backup_read and its tests. */
COF_MUST_USE cof_status cof_backup_parse(cof_view plain, cof_backup *out, cof_err *err);

void cof_backup_free(cof_backup *backup);

#endif
