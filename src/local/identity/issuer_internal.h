/* What the identity service's files share. */
#ifndef COF_LOCAL_ISSUER_INTERNAL_H
#define COF_LOCAL_ISSUER_INTERNAL_H

#include "local/identity/issuer.h"

enum { COF_ISSUER_URL_SIZE = 160, COF_ISSUER_THUMBPRINT_SIZE = 64, COF_ISSUER_SKEW_S = 300 };

struct cof_issuer {
    const cof_state *state;
    cof_clients *apps;
    cof_rsa_key *key;
    char issuer[COF_ISSUER_URL_SIZE];
    char kid[COF_ISSUER_THUMBPRINT_SIZE]; /* also its x5t */
    json_t *keys;
    cof_jwks *jwks;
};

/** POST /{tenant}/oauth2/v2.0/token */
cof_status cof_issuer_token(void *context, const cof_http_request *request,
                            cof_http_response *response, cof_err *err);

/** Answers as Entra ID refuses: {"error","error_description","error_codes",…}. */
COF_MUST_USE cof_status cof_issuer_refuse(const cof_issuer *issuer, const cof_http_request *request,
                                          cof_http_response *response, int status,
                                          const char *error, int code, const char *text,
                                          cof_err *err);

/** Is the path's tenant ours? */
bool cof_issuer_is_tenant(const cof_issuer *issuer, const cof_http_request *request);

#endif
