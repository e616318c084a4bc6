/*
 * Managing the attestation services of others, an API of this project's own:
 *
 *   GET    /authorities          {"authorities":[{"id","issuer","added","kids"}]}
 *   PUT    /authorities/{id}     {"issuer","keys":{"keys":[…]}}
 *   DELETE /authorities/{id}
 *
 * Callers have a token for the vault and the action authorities/write at "/authorities". Every
 * change is in the audit trail before it is made. docs/formats/vault.md.
 */
#ifndef COF_LOCAL_AUTHORITIES_API_H
#define COF_LOCAL_AUTHORITIES_API_H

#include "local/identity/access.h"
#include "local/identity/issuer.h"
#include "local/state/trail.h"
#include "local/vault/authorities.h"

/** What the routes stand on. All is kept. */
typedef struct cof_authorities_api {
    cof_authorities *authorities;
    const cof_state *state;
    cof_trail *trail;
    const cof_issuer *identity;
    cof_access *access;
} cof_authorities_api;

/** Adds the routes. kept: api, as long as the server. @return COF_OK, COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_authorities_serve(cof_authorities_api *api, cof_http_server *server,
                                              cof_err *err);

#endif
