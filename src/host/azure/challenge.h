/* For which service a token is asked, and that it is shown to no other. */
#ifndef COF_AZURE_CHALLENGE_H
#define COF_AZURE_CHALLENGE_H

#include "tcb/base/buf.h"

enum { COF_SCOPE_MAX = 1024 };

/**
 * The scope that a vault's challenge asks for, from WWW-Authenticate: its scope, or resource +
 * "/.default". The resource must be the vault itself, or a host that the vault is below
 * ("https://vault.azure.net" for NAME.vault.azure.net), or, of a vault on the token service's own
 * host (coffer-local), a key service of Azure's: no vault can have a token made for somebody else.
 *
 * @param challenge  NULL: the answer had none
 * @param vault_url  any URL of the vault
 * @param issuer     base URL of the token service
 * @return COF_OK, COF_E_UNAUTHORIZED.
 */
COF_MUST_USE cof_status cof_challenge_scope(const char *challenge, const char *vault_url,
                                            const char *issuer, cof_buf *out_scope, cof_err *err);

/**
 * The scope that a vault of this name will ask for, by the same rules, so that the first request
 * can have its token already; nothing when the name does not tell. @return COF_OK, COF_E_LIMIT.
 */
COF_MUST_USE cof_status cof_vault_scope(const char *vault_url, const char *issuer,
                                        cof_buf *out_scope, cof_err *err);

#endif
