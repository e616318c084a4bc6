/* What the vault's files share. */
#ifndef COF_LOCAL_VAULT_INTERNAL_H
#define COF_LOCAL_VAULT_INTERNAL_H

#include "local/identity/access.h"
#include "local/vault/key_meta.h"
#include "local/vault/vault.h"

struct cof_keyvault {
    cof_keyvault_parts parts;
    cof_key_store *store;
    cof_rsa_key *release_key; /* signs released keys */
    X509 *release_leaf;       /* its certificate, under the installation's root */
    struct event_base *base;  /* of what happens by time */
};

/** One call of an admitted caller. */
typedef struct cof_keyvault_call {
    cof_keyvault *vault;
    const cof_http_request *request;
    cof_http_response *response;
    const json_t *caller; /* the claims of its token */
} cof_keyvault_call;

typedef cof_status (*cof_keyvault_operation)(cof_keyvault_call *call, cof_err *err);

/**
 * Carries an operation out for a caller who may have it done, and else answers 401 with where
 * tokens come from, 403, or 400 (api-version). Refusals of access are recorded.
 *
 * @param context  the vault, as routes have it
 * @param action   COF_ACTION_…; the scope asked for is "/keys/NAME" for "keys/…" ("/secrets/NAME"
 *                 for "secrets/…") with the first segment as the name, "/keys" without one
 */
COF_MUST_USE cof_status cof_keyvault_admit(void *context, const cof_http_request *request,
                                           cof_http_response *response, const char *action,
                                           cof_keyvault_operation operation, cof_err *err);

/** Answers 400 BadParameter. */
COF_MUST_USE cof_status cof_keyvault_bad(cof_keyvault_call *call, const char *message,
                                         cof_err *err);
/** Answers 403 Forbidden with an inner code. */
COF_MUST_USE cof_status cof_keyvault_forbid(cof_keyvault_call *call, const char *inner,
                                            const char *message, cof_err *err);

/** Answers 409 Conflict; inner may be NULL. */
COF_MUST_USE cof_status cof_keyvault_conflict(cof_keyvault_call *call, const char *inner,
                                              const char *message, cof_err *err);
/** Answers 404 KeyNotFound for the key of the path. */
COF_MUST_USE cof_status cof_keyvault_not_found(cof_keyvault_call *call, cof_err *err);
/** Answers 200 with the KeyBundle. */
COF_MUST_USE cof_status cof_keyvault_answer_bundle(cof_keyvault_call *call,
                                                   const cof_stored_key *key, cof_err *err);

/** Reads the key of the path (name, and version when there is a second segment). When there is
 * none, *out_found is false and the answer is written. */
COF_MUST_USE cof_status cof_keyvault_find(cof_keyvault_call *call, cof_stored_key *out_key,
                                          bool *out_found, cof_err *err);

/** Reads the body. When it is not a JSON object, *out is NULL and the answer is written. */
COF_MUST_USE cof_status cof_keyvault_body(cof_keyvault_call *call, json_t **out, cof_err *err);

/** Appends a record of a decision to the audit trail. @param more further members, taken over;
 * NULL: none */
COF_MUST_USE cof_status cof_keyvault_record(const cof_keyvault_call *call, const char *action,
                                            const cof_stored_key *key, const char *decision,
                                            const char *why, json_t *more, cof_err *err);

/** Puts a new version into the store: recorded under this action, then made. A call without a
 * request is the vault's own. @param meta gets the public part */
COF_MUST_USE cof_status cof_keyvault_put(const cof_keyvault_call *call, const char *action,
                                         const char *name, json_t *meta,
                                         const cof_key_material *material, cof_stored_key *out,
                                         cof_err *err);
/** Adds recoveryId, deletedDate and scheduledPurgeDate to a bundle or an item. */
COF_MUST_USE cof_status cof_keyvault_show_deleted(const cof_keyvault *vault,
                                                  const cof_key_name *name, json_t *shown,
                                                  cof_err *err);

/** Purges what was deleted long enough ago; does what rotation policies say is due. What cannot be
 * done is tried again at the next call. */
COF_MUST_USE cof_status cof_keyvault_purge_due(cof_keyvault *vault, cof_err *err);
COF_MUST_USE cof_status cof_keyvault_rotate_due(cof_keyvault *vault, cof_err *err);

/* The operations. */
cof_status cof_keyvault_create(cof_keyvault_call *call, cof_err *err);
cof_status cof_keyvault_import(cof_keyvault_call *call, cof_err *err);
cof_status cof_keyvault_get(cof_keyvault_call *call, cof_err *err);
cof_status cof_keyvault_update(cof_keyvault_call *call, cof_err *err);
cof_status cof_keyvault_list(cof_keyvault_call *call, cof_err *err);
cof_status cof_keyvault_versions(cof_keyvault_call *call, cof_err *err);
cof_status cof_keyvault_delete(cof_keyvault_call *call, cof_err *err);
cof_status cof_keyvault_deleted(cof_keyvault_call *call, cof_err *err);
cof_status cof_keyvault_list_deleted(cof_keyvault_call *call, cof_err *err);
cof_status cof_keyvault_recover(cof_keyvault_call *call, cof_err *err);
cof_status cof_keyvault_purge(cof_keyvault_call *call, cof_err *err);
cof_status cof_keyvault_backup(cof_keyvault_call *call, cof_err *err);
cof_status cof_keyvault_restore(cof_keyvault_call *call, cof_err *err);
cof_status cof_keyvault_rotate(cof_keyvault_call *call, cof_err *err);
cof_status cof_keyvault_get_rotation(cof_keyvault_call *call, cof_err *err);
cof_status cof_keyvault_set_rotation(cof_keyvault_call *call, cof_err *err);
cof_status cof_keyvault_encrypt(cof_keyvault_call *call, cof_err *err);
cof_status cof_keyvault_decrypt(cof_keyvault_call *call, cof_err *err);
cof_status cof_keyvault_wrap(cof_keyvault_call *call, cof_err *err);
cof_status cof_keyvault_unwrap(cof_keyvault_call *call, cof_err *err);
cof_status cof_keyvault_sign(cof_keyvault_call *call, cof_err *err);
cof_status cof_keyvault_verify(cof_keyvault_call *call, cof_err *err);
cof_status cof_keyvault_random(cof_keyvault_call *call, cof_err *err);
cof_status cof_keyvault_release(cof_keyvault_call *call, cof_err *err);
cof_status cof_keyvault_decisions(cof_keyvault_call *call, cof_err *err);

/** use_routes.c: the calls that use keys, those on secrets, and the record of decisions. */
COF_MUST_USE cof_status cof_keyvault_serve_uses(cof_keyvault *vault, cof_http_server *server,
                                                cof_err *err);

/* release_answer.c */

/** What is released, and how. All is borrowed. */
typedef struct cof_release_answer {
    const cof_stored_key *key;
    const char *kid_asked; /* as the request named it */
    const char *enc;
    const char *api_version;
    const char *nonce;      /* NULL: none */
    const char *target_kid; /* of the key that it is wrapped to */
    cof_view wrapped;
} cof_release_answer;

/** Signs the answer of a release: appends a JWS to out. */
COF_MUST_USE cof_status cof_release_answer_sign(const cof_keyvault *vault,
                                                const cof_release_answer *answer, cof_buf *out,
                                                cof_err *err);

#endif
