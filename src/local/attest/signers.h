/*
 * The certificates of those who may sign policies, attest/signers.json. When there is one, policies
 * must be signed ("isolated mode"); while there is none, the callers' grants decide alone.
 */
#ifndef COF_LOCAL_ATTEST_SIGNERS_H
#define COF_LOCAL_ATTEST_SIGNERS_H

#include <openssl/x509.h>

#include "local/state/state.h"

enum { COF_ATTEST_SIGNERS_MAX = 8 };

typedef struct cof_attest_signers cof_attest_signers;

/** Reads the file; none is an empty list. kept: state. @return COF_OK, COF_E_BAD_FORMAT, … */
COF_MUST_USE cof_status cof_attest_signers_open(const cof_state *state, cof_attest_signers **out,
                                                cof_err *err);

bool cof_attest_signers_is_empty(const cof_attest_signers *signers);

/** Is exactly this certificate on the list? NULL never is. */
bool cof_attest_signers_have(const cof_attest_signers *signers, X509 *certificate);

/** Durably; one that is there already is fine. @return COF_OK, COF_E_LIMIT, COF_E_IO, … */
COF_MUST_USE cof_status cof_attest_signers_add(cof_attest_signers *signers, X509 *certificate,
                                               cof_err *err);

/** Durably; one that is not there is fine. @return COF_OK, COF_E_FORBIDDEN (it is the last one:
 * nobody could sign any more), COF_E_IO, … */
COF_MUST_USE cof_status cof_attest_signers_remove(cof_attest_signers *signers, X509 *certificate,
                                                  cof_err *err);

/** {"keys":[{"alg","kty","use","x5c"}]}: the caller owns it. */
COF_MUST_USE cof_status cof_attest_signers_to_json(const cof_attest_signers *signers, json_t **out,
                                                   cof_err *err);

void cof_attest_signers_free(cof_attest_signers *signers);
COF_OWNED(cof_attest_signers, cof_attest_signers_free);

#endif
