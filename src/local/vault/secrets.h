/* The calls on secrets, as Azure Key Vault's REST interface has them (secrets.json, 7.3 to 7.6). */
#ifndef COF_LOCAL_SECRETS_H
#define COF_LOCAL_SECRETS_H

#include "local/vault/secret_store.h"
#include "local/vault/vault_internal.h"

cof_status cof_secrets_set(cof_keyvault_call *call, cof_err *err);
cof_status cof_secrets_get(cof_keyvault_call *call, cof_err *err);
cof_status cof_secrets_update(cof_keyvault_call *call, cof_err *err);
cof_status cof_secrets_list(cof_keyvault_call *call, cof_err *err);
cof_status cof_secrets_versions(cof_keyvault_call *call, cof_err *err);
cof_status cof_secrets_delete(cof_keyvault_call *call, cof_err *err);
cof_status cof_secrets_deleted(cof_keyvault_call *call, cof_err *err);
cof_status cof_secrets_list_deleted(cof_keyvault_call *call, cof_err *err);
cof_status cof_secrets_recover(cof_keyvault_call *call, cof_err *err);
cof_status cof_secrets_purge(cof_keyvault_call *call, cof_err *err);
cof_status cof_secrets_backup(cof_keyvault_call *call, cof_err *err);
cof_status cof_secrets_restore(cof_keyvault_call *call, cof_err *err);

/* What their files share. */

cof_secret_store cof_secrets_store(const cof_keyvault_call *call);

/** Writes down what is done, or why not. @param name as the call has it; @param version NULL: none
 */
COF_MUST_USE cof_status cof_secrets_record(const cof_keyvault_call *call, const char *action,
                                           const char *name, const char *version,
                                           const char *decision, const char *why, cof_err *err);

/** Appends the members of a SecretItem: id (with the version unless it is NULL), contentType,
 * attributes, tags; of a deleted one recoveryId, deletedDate, scheduledPurgeDate. The caller owns
 * *out. */
COF_MUST_USE cof_status cof_secrets_show(const cof_keyvault_call *call,
                                         const cof_secret_index *index, const char *version,
                                         const json_t *meta, json_t **out, cof_err *err);

/** Answers with a SecretBundle. @param value  NULL: without its value */
COF_MUST_USE cof_status cof_secrets_answer(cof_keyvault_call *call, const cof_secret_index *index,
                                           const cof_secret *secret, const cof_buf *value,
                                           cof_err *err);

/** Answers 404 SecretNotFound. */
COF_MUST_USE cof_status cof_secrets_not_found(cof_keyvault_call *call, cof_err *err);

/** The secret of the path, deleted or not; when there is none, the answer is written. */
COF_MUST_USE cof_status cof_secrets_find(cof_keyvault_call *call, bool is_deleted,
                                         cof_secret_index *out, bool *out_found, cof_err *err);

/** secret_request.c: the meta data that a request makes, or changes. @param old NULL: a new one.
 * @return COF_OK, COF_E_BAD_ARGUMENT with what to tell the caller, COF_E_NO_MEMORY. The caller owns
 * *out. */
COF_MUST_USE cof_status cof_secret_meta(const json_t *request, const json_t *old,
                                        int64_t now_unix_s, json_t **out, cof_err *err);

/** secret_backup.c: appends a blob that only this installation opens. @return COF_OK, COF_E_LIMIT,
 * … */
COF_MUST_USE cof_status cof_secret_backup_make(const cof_secret_store *store, const char *tenant,
                                               const cof_secret_index *index, cof_buf *out,
                                               cof_err *err);
/** Writes the versions of a blob's secret, which no index names yet: cof_secret_index_write puts
 * the secret into the store. @return COF_OK, COF_E_TAG_MISMATCH (changed, or of another
 * installation), COF_E_BAD_FORMAT, COF_E_EXISTS (then *out is the one that there is), … */
COF_MUST_USE cof_status cof_secret_backup_restore(const cof_secret_store *store, const char *tenant,
                                                  cof_view blob, cof_secret_index *out,
                                                  cof_err *err);

enum { COF_SECRET_BACKUP_BYTES = 768 * 1024 };

#endif
