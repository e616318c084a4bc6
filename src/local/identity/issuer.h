/*
 * The identity service: OIDC discovery, keys, and tokens for client credentials, on Entra ID's wire
 * protocol.
 *
 *   GET  /{tenant}/v2.0/.well-known/openid-configuration,
 * /{tenant}/.well-known/openid-configuration GET  /{tenant}/discovery/v2.0/keys,
 * /{tenant}/discovery/keys POST /{tenant}/oauth2/v2.0/token
 */
#ifndef COF_LOCAL_ISSUER_H
#define COF_LOCAL_ISSUER_H

#include "host/http/http_server.h"
#include "local/identity/clients.h"
#include "relying/token/token.h"

typedef struct cof_issuer cof_issuer;

/** Opens the service; its key and applications are made at the first start. kept: state, whose port
 * must be fixed. */
COF_MUST_USE cof_status cof_issuer_open(const cof_state *state, cof_issuer **out, cof_err *err);

/** Adds its routes. kept: issuer, as long as the server. */
COF_MUST_USE cof_status cof_issuer_serve(cof_issuer *issuer, cof_http_server *server, cof_err *err);

/** The issuer (iss) of its access tokens: "<base>/<tenant>/". */
const char *cof_issuer_url(const cof_issuer *issuer);

/** The key set as the service publishes it; borrowed. For verifiers in the same process. */
const json_t *cof_issuer_keys(const cof_issuer *issuer);

/**
 * Verifies "Bearer <token>" for an audience.
 *
 * @param authorization  the header field, or NULL
 * @param out_claims     the caller owns it
 * @return COF_OK, COF_E_UNAUTHORIZED (none, or not a bearer token), or as cof_token_verify.
 */
COF_MUST_USE cof_status cof_issuer_check(const cof_issuer *issuer, const char *authorization,
                                         const char *audience, json_t **out_claims, cof_err *err);

/** Do the claims have this role? */
bool cof_issuer_has_role(const json_t *claims, const char *role);

void cof_issuer_free(cof_issuer *issuer);
COF_OWNED(cof_issuer, cof_issuer_free);

#endif
