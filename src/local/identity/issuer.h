/*
 * The identity service of one tenant, on Entra ID's wire protocol: OIDC discovery, keys, tokens for
 * applications and people. docs/formats/local.md "Identity".
 *
 *   GET  /{tenant}/v2.0/.well-known/openid-configuration   and without v2.0
 *   GET  /{tenant}/discovery/v2.0/keys                     and without v2.0
 *   GET  /common/discovery/instance
 *   POST /{tenant}/oauth2/v2.0/token, /{tenant}/oauth2/token
 *   POST /{tenant}/oauth2/v2.0/devicecode, /{tenant}/oauth2/v2.0/revoke
 *   GET, POST /{tenant}/oauth2/deviceauth                  the page where people sign in
 */
#ifndef COF_LOCAL_ISSUER_H
#define COF_LOCAL_ISSUER_H

#include "host/http/http_server.h"
#include "local/identity/access.h"
#include "local/identity/directory.h"
#include "local/state/trail.h"
#include "relying/token/token.h"

/** The public application that people sign in to with a device code; every installation has it. */
#define COF_ISSUER_CLI_CLIENT_ID "c0ffe2c1-1ca1-4c11-8f3b-5d9a7be04a52"

typedef struct cof_issuer cof_issuer;

/** What the service works with. All is kept as long as it. */
typedef struct cof_issuer_parts {
    const cof_state *state; /* its port must be fixed */
    cof_directory *directory;
    cof_access *access;
    cof_trail *trail; /* sign-ins of people, sessions that were ended, rollover of keys */
} cof_issuer_parts;

/** Opens the service; its key is made at the first start. */
COF_MUST_USE cof_status cof_issuer_open(const cof_issuer_parts *parts, cof_issuer **out,
                                        cof_err *err);

/** Adds its routes. kept: issuer, as long as the server. */
COF_MUST_USE cof_status cof_issuer_serve(cof_issuer *issuer, cof_http_server *server, cof_err *err);

/** The issuer (iss) of its access tokens: "<base>/<tenant>/". */
const char *cof_issuer_url(const cof_issuer *issuer);

/**
 * Verifies "Bearer <token>" for an audience, with the keys that are published now.
 *
 * @param authorization  the header field, or NULL
 * @param out_claims     the caller owns it
 * @return COF_OK, COF_E_UNAUTHORIZED (none, or not a bearer token), or as cof_token_verify.
 */
COF_MUST_USE cof_status cof_issuer_check(const cof_issuer *issuer, const char *authorization,
                                         const char *audience, json_t **out_claims, cof_err *err);

void cof_issuer_free(cof_issuer *issuer);
COF_OWNED(cof_issuer, cof_issuer_free);

#endif
