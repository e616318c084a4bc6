/*
 * A client of the key operations of Azure Key Vault, Managed HSM and coffer-local, for owners,
 * recipients and agents (Key Vault REST API 7.5). The vault is the key's own: a key identifier is a
 * URL.
 */
#ifndef COF_HOST_AZURE_VAULT_H
#define COF_HOST_AZURE_VAULT_H

#include <jansson.h>

#include "host/azure/credential.h"
#include "tcb/crypto/keys.h"

typedef struct cof_vault {
    cof_http_client *http;      /* borrowed */
    cof_credential *credential; /* borrowed */
    const char *scope; /* borrowed; NULL: what the vault's name or its challenge says, which
                          challenge.h judges */
} cof_vault;

/** What to make. */
typedef struct cof_vault_new_key {
    const char *name;
    unsigned bits;
    bool exportable;               /* then release_policy must be there */
    const json_t *release_policy;  /* the policy itself; borrowed */
    const char *const *operations; /* "wrapKey", …; NULL at the end */
} cof_vault_new_key;

/** Makes an RSA-HSM key. base is "https://vault". @return COF_OK, COF_E_EXISTS (it is deleted but
 * recoverable), COF_E_FORBIDDEN, …; the bundle is the caller's. */
COF_MUST_USE cof_status cof_vault_create(const cof_vault *vault, const char *base,
                                         const cof_vault_new_key *key, json_t **out_bundle,
                                         cof_err *err);

/** The bundle of a key by its identifier, with or without version. @return COF_OK, COF_E_NOT_FOUND,
 * … */
COF_MUST_USE cof_status cof_vault_get(const cof_vault *vault, const char *kid, json_t **out_bundle,
                                      cof_err *err);

/** Replaces tags (borrowed) and release policy (borrowed) of a key version. @return COF_OK,
 * COF_E_FORBIDDEN (the policy is immutable), … */
COF_MUST_USE cof_status cof_vault_update(const cof_vault *vault, const char *kid,
                                         const json_t *tags, const json_t *release_policy,
                                         cof_err *err);

/** Unwraps a data key (RSA-OAEP-256) inside the vault. @return COF_OK, COF_E_KEY_MISMATCH,
 * COF_E_FORBIDDEN, … */
COF_MUST_USE cof_status cof_vault_unwrap(const cof_vault *vault, const char *kid, cof_view wrapped,
                                         cof_data_key *out_key, cof_err *err);

/** Unwraps bytes of any size inside the vault, by the algorithm that is named ("RSA-OAEP",
 * "RSA-OAEP-256"); appends them. @return COF_OK, COF_E_LIMIT (more than out may hold), … */
COF_MUST_USE cof_status cof_vault_unwrap_bytes(const cof_vault *vault, const char *kid,
                                               const char *algorithm, cof_view wrapped,
                                               cof_buf *out, cof_err *err);

/** Makes a new version. key: the identifier without a version. The bundle is the caller's. */
COF_MUST_USE cof_status cof_vault_rotate(const cof_vault *vault, const char *key,
                                         json_t **out_bundle, cof_err *err);

/** Called for each item of a list, which is borrowed; what is not COF_OK ends the list. */
typedef cof_status (*cof_vault_visit)(void *context, const json_t *item, cof_err *err);

/**
 * Visits the keys of a vault (path "/keys"), or the versions of one ("/keys/NAME/versions"), page
 * by page. @return COF_OK, COF_E_FORBIDDEN, COF_E_BAD_FORMAT (a next page that is not this
 * vault's), COF_E_LIMIT (more than 1000 pages), or what visit said.
 */
COF_MUST_USE cof_status cof_vault_list(const cof_vault *vault, const char *base, const char *path,
                                       cof_vault_visit visit, void *context, cof_err *err);

/** What a vault gave for an attestation. */
typedef enum cof_released_wrap {
    COF_RELEASED_RSA_AES_SHA1 = 1, /* CKM_RSA_AES_KEY_WRAP; as in a KEY frame */
    COF_RELEASED_RSA_AES_SHA256 = 2
} cof_released_wrap;

/**
 * Has a vault release a key to what a token says: POST {kid}/release. Appends the wrapped key.
 *
 * @return COF_OK, COF_E_CONTRACT_EXPIRED, COF_E_RUNS_EXHAUSTED, COF_E_RELEASE_REFUSED,
 * COF_E_NOT_FOUND, COF_E_UNAUTHORIZED (the caller itself is not let in), COF_E_BAD_FORMAT (of the
 * answer), COF_E_REMOTE_ERROR, COF_E_NETWORK, COF_E_TIMEOUT, …
 */
COF_MUST_USE cof_status cof_vault_release(const cof_vault *vault, const char *kid, cof_view token,
                                          cof_released_wrap *out_wrap, cof_buf *out_wrapped,
                                          cof_err *err);

/**
 * The wrapped key out of a vault's answer {"value":JWS}. The signature is not checked: a key that
 * is not the right one does not open the data. @return COF_OK, COF_E_BAD_FORMAT, COF_E_BAD_JSON,
 * COF_E_LIMIT.
 */
COF_MUST_USE cof_status cof_vault_release_parse(cof_view answer, cof_released_wrap *out_wrap,
                                                cof_buf *out_wrapped, cof_err *err);

/** Reads the release policy out of a bundle: a new reference, or NULL when there is none. @return
 * COF_OK, COF_E_BAD_FORMAT. */
COF_MUST_USE cof_status cof_vault_bundle_policy(const json_t *bundle, json_t **out_policy,
                                                cof_err *err);

#endif
