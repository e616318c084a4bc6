/*
 * The vault, on Azure Key Vault's wire protocol (api-version 7.3 to 7.6, and by date): keys of all
 * types with their life (docs/formats/vault.md), their use, and secure key release.
 *
 * Callers are known by the identity service's tokens; what each may do is asked of
 * identity/access.h at every call. Every decision is in the audit trail before its answer leaves; a
 * caller who is refused is told a code.
 */
#ifndef COF_LOCAL_VAULT_H
#define COF_LOCAL_VAULT_H

#include "local/attest/attest.h"
#include "local/ca/ca.h"
#include "local/identity/access.h"
#include "local/identity/issuer.h"
#include "local/vault/authorities.h"
#include "local/vault/root_key.h"

typedef struct cof_keyvault cof_keyvault;

/** The services that the vault stands on. All are kept, but root. */
typedef struct cof_keyvault_parts {
    const cof_state *state;
    cof_trail *trail;
    const cof_ca *ca;
    const cof_issuer *identity;
    cof_access *access;                 /* who may do what */
    const cof_root_source *root;        /* where the root key comes from; NULL: its file */
    const cof_attest *attest;           /* whose tokens release keys, */
    const cof_authorities *authorities; /* and those of these services of others; NULL: none */
} cof_keyvault_parts;

COF_MUST_USE cof_status cof_keyvault_open(const cof_keyvault_parts *parts, cof_keyvault **out,
                                          cof_err *err);

/** Adds its routes. kept: vault, as long as the server. */
COF_MUST_USE cof_status cof_keyvault_serve(cof_keyvault *vault, cof_http_server *server,
                                           cof_err *err);

void cof_keyvault_free(cof_keyvault *vault);
COF_OWNED(cof_keyvault, cof_keyvault_free);

#endif
