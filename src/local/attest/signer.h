/* The attestation service's own key: made at the first start, published with a certificate that
 * names the service's URL, and what signs its answers. */
#ifndef COF_LOCAL_ATTEST_SIGNER_H
#define COF_LOCAL_ATTEST_SIGNER_H

#include "local/state/state.h"
#include "relying/token/token.h"

typedef struct cof_attest_signer cof_attest_signer;

/** Opens the key, attest/signing.key, and its certificate, making what is missing. kept: state,
 * whose port must be fixed. */
COF_MUST_USE cof_status cof_attest_signer_open(const cof_state *state, cof_attest_signer **out,
                                               cof_err *err);

/** The key set as it is published, and the same read; borrowed. */
const json_t *cof_attest_signer_published(const cof_attest_signer *signer);
const cof_jwks *cof_attest_signer_keys(const cof_attest_signer *signer);

/** How a token shows its signer's certificate, beside kid and jku. */
typedef enum cof_attest_proof {
    COF_ATTEST_BY_KID,
    COF_ATTEST_BY_X5C, /* the certificate itself */
    COF_ATTEST_BY_X5T  /* its SHA-1, base64url */
} cof_attest_proof;

/** Signs claims as a JWT of this service; appends it. */
COF_MUST_USE cof_status cof_attest_signer_sign(const cof_attest_signer *signer,
                                               cof_attest_proof proof, const json_t *claims,
                                               cof_buf *out, cof_err *err);

/** Appends the claims as an unsecured JWT (RFC 7519 section 6), which proves nothing. */
COF_MUST_USE cof_status cof_attest_unsecured(const json_t *claims, cof_buf *out, cof_err *err);

void cof_attest_signer_free(cof_attest_signer *signer);
COF_OWNED(cof_attest_signer, cof_attest_signer_free);

#endif
