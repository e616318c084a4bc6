/*
 * A client of Azure Key Vault's key operations, as far as owners and recipients need them
 * (Key Vault REST API 7.5). The vault is the key's own: a key identifier is a URL.
 */
#ifndef COF_HOST_AZURE_VAULT_H
#define COF_HOST_AZURE_VAULT_H

#include <jansson.h>

#include "host/azure/entra.h"
#include "tcb/crypto/keys.h"

typedef struct cof_vault {
    cof_http_client *http; /* borrowed */
    cof_entra *entra;      /* borrowed */
    const char *scope;     /* borrowed: "https://vault.azure.net/.default" */
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

/** Reads the release policy out of a bundle: a new reference, or NULL when there is none. @return
 * COF_OK, COF_E_BAD_FORMAT. */
COF_MUST_USE cof_status cof_vault_bundle_policy(const json_t *bundle, json_t **out_policy,
                                                cof_err *err);

#endif
