/* What the vault's files share. */
#ifndef COF_LOCAL_VAULT_INTERNAL_H
#define COF_LOCAL_VAULT_INTERNAL_H

#include "local/vault/key_meta.h"
#include "local/vault/vault.h"

struct cof_keyvault {
    cof_keyvault_parts parts;
    cof_key_store *store;
    cof_rsa_key *release_key; /* signs released keys */
    X509 *release_leaf;       /* its certificate, under the installation's root */
};

/** One call of an admitted caller. */
typedef struct cof_keyvault_call {
    cof_keyvault *vault;
    const cof_http_request *request;
    cof_http_response *response;
    const json_t *caller; /* the claims of its token */
} cof_keyvault_call;

typedef cof_status (*cof_keyvault_operation)(cof_keyvault_call *call, cof_err *err);

/** Answers 400 BadParameter. */
COF_MUST_USE cof_status cof_keyvault_bad(cof_keyvault_call *call, const char *message,
                                         cof_err *err);
/** Answers 403 Forbidden with an inner code. */
COF_MUST_USE cof_status cof_keyvault_forbid(cof_keyvault_call *call, const char *inner,
                                            const char *message, cof_err *err);

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

/* The operations. */
cof_status cof_keyvault_create(cof_keyvault_call *call, cof_err *err);
cof_status cof_keyvault_get(cof_keyvault_call *call, cof_err *err);
cof_status cof_keyvault_update(cof_keyvault_call *call, cof_err *err);
cof_status cof_keyvault_wrap(cof_keyvault_call *call, cof_err *err);
cof_status cof_keyvault_unwrap(cof_keyvault_call *call, cof_err *err);
cof_status cof_keyvault_release(cof_keyvault_call *call, cof_err *err);

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
