/*
 * The vault, on Azure Key Vault's wire protocol (api-version 7.3 to 7.6, and by date): RSA keys,
 * their release policies, and secure key release.
 *
 *   POST  /keys/{name}/create          GET   /keys/{name}[/{version}]      PATCH
 * /keys/{name}/{version} POST  /keys/{name}/{version}/wrapkey, unwrapkey POST
 * /keys/{name}[/{version}]/release
 *
 * Callers are known by the identity service's tokens; what each may do by their roles
 * (identity/clients.h). Every decision is in the audit trail before its answer leaves; a caller who
 * is refused is told a code.
 */
#ifndef COF_LOCAL_VAULT_H
#define COF_LOCAL_VAULT_H

#include "local/attest/attest.h"
#include "local/ca/ca.h"
#include "local/identity/issuer.h"

typedef struct cof_keyvault cof_keyvault;

/** The services that the vault stands on. All are kept. */
typedef struct cof_keyvault_parts {
    const cof_state *state;
    cof_trail *trail;
    const cof_ca *ca;
    const cof_issuer *identity;
    const cof_attest *attest; /* the only authority that release policies can name here */
} cof_keyvault_parts;

COF_MUST_USE cof_status cof_keyvault_open(const cof_keyvault_parts *parts, cof_keyvault **out,
                                          cof_err *err);

/** Adds its routes. kept: vault, as long as the server. */
COF_MUST_USE cof_status cof_keyvault_serve(cof_keyvault *vault, cof_http_server *server,
                                           cof_err *err);

void cof_keyvault_free(cof_keyvault *vault);
COF_OWNED(cof_keyvault, cof_keyvault_free);

#endif
