/*
 * The attestation service, on Microsoft Azure Attestation's wire protocol (api-version 2020-10-01
 * to 2025-06-01):
 *
 *   POST /attest/{SgxEnclave | OpenEnclave | SevSnpVm | TdxVm | AzureGuest}
 *                                            evidence and runtime data in, a signed token out
 *   GET, PUT /policies/{type}, POST /policies/{type}:reset
 *   GET /certificates, POST /certificates:add, /certificates:remove    who may sign policies
 *   GET /tcbbaselines/{type}
 *   GET /certs                               the key that signs tokens
 *   GET /.well-known/openid-configuration
 *
 * It says whether evidence is genuine, and what it says; what is acceptable is for its policies and
 * for release policies to decide. So a debuggable enclave gets its token, which says so. Every
 * decision is in the audit trail before its answer leaves. docs/formats/local.md.
 */
#ifndef COF_LOCAL_ATTEST_H
#define COF_LOCAL_ATTEST_H

#include "host/http/http_server.h"
#include "local/identity/issuer.h"
#include "local/state/trail.h"
#include "relying/token/token.h"
#include "relying/verify/collateral.h"

typedef struct cof_attest cof_attest;

enum { COF_ATTEST_ROOTS_MAX = 16 };

/** What the service stands on. Pointers are kept, but for roots. */
typedef struct cof_attest_options {
    const cof_state *state; /* its port must be fixed */
    cof_trail *trail;
    const cof_issuer *identity; /* by whose tokens callers are known, */
    cof_access *access;         /* and which of them may manage policies; NULL: nobody */
    const cof_root_pin *roots;  /* the only ones believed, at most COF_ATTEST_ROOTS_MAX; copied */
    size_t root_count;
    cof_collateral_source *collateral; /* NULL: only evidence that needs none is attested */
} cof_attest_options;

/** Opens the service; its key is made at the first start. @return COF_OK, COF_E_LIMIT (roots),
 * COF_E_BAD_FORMAT (a file of its folder), … */
COF_MUST_USE cof_status cof_attest_open(const cof_attest_options *options, cof_attest **out,
                                        cof_err *err);

/** Adds its routes. kept: attest, as long as the server. */
COF_MUST_USE cof_status cof_attest_serve(cof_attest *attest, cof_http_server *server, cof_err *err);

/** Its tokens' issuer: the base URL. */
const char *cof_attest_issuer(const cof_attest *attest);

/** The keys that its tokens are verified with; borrowed. For the vault in the same process. */
const cof_jwks *cof_attest_keys(const cof_attest *attest);

void cof_attest_free(cof_attest *attest);
COF_OWNED(cof_attest, cof_attest_free);

#endif
