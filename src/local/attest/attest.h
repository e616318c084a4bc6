/*
 * The attestation service, on Microsoft Azure Attestation's wire protocol, for evidence of this
 * installation's simulated platform:
 *
 *   POST /attest/SgxEnclave                  a quote and runtime data in, a signed token out
 *   GET  /certs                              the key that signs tokens
 *   GET  /.well-known/openid-configuration
 *
 * It says whether evidence is genuine, and what it says; what is acceptable is for release policies
 * to decide. So a debuggable enclave gets its token, which says so.
 */
#ifndef COF_LOCAL_ATTEST_H
#define COF_LOCAL_ATTEST_H

#include "host/http/http_server.h"
#include "local/state/trail.h"
#include "relying/token/token.h"
#include "tcb/crypto/digest.h"

typedef struct cof_attest cof_attest;

/**
 * Opens the service; its key is made at the first start.
 *
 * @param state  kept; its port must be fixed
 * @param trail  kept
 * @param root   SHA-256 of the SubjectPublicKeyInfo of the SIMULATED root to believe, and no other;
 * copied
 */
COF_MUST_USE cof_status cof_attest_open(const cof_state *state, cof_trail *trail,
                                        const cof_digest *root, cof_attest **out, cof_err *err);

/** Adds its routes. kept: attest, as long as the server. */
COF_MUST_USE cof_status cof_attest_serve(cof_attest *attest, cof_http_server *server, cof_err *err);

/** Its tokens' issuer: the base URL. */
const char *cof_attest_issuer(const cof_attest *attest);

/** The keys that its tokens are verified with; borrowed. For the vault in the same process. */
const cof_jwks *cof_attest_keys(const cof_attest *attest);

void cof_attest_free(cof_attest *attest);
COF_OWNED(cof_attest, cof_attest_free);

#endif
