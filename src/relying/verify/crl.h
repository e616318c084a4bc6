/* Certificate revocation lists (RFC 5280 §5): strict, and authenticated before they are asked. */
#ifndef COF_VERIFY_CRL_H
#define COF_VERIFY_CRL_H

#include <openssl/x509.h>

#include "tcb/base/buf.h"
#include "tcb/crypto/digest.h"

/** A list whose issuer and signature were verified. */
typedef struct cof_crl cof_crl;

/**
 * Reads one list from DER (whole input, version 2, with a CRL number, no critical extension that is
 * unknown, nextUpdate present) and verifies that issuer signed it: name equal byte for byte,
 * authority key identifier if present, signature algorithm the one that the issuer's family uses.
 * Time is not looked at.
 *
 * @param issuer  a CA certificate that was itself verified
 * @return COF_OK, COF_E_COLLATERAL_INVALID, COF_E_COLLATERAL_MISMATCH (another issuer's),
 * COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_crl_open(cof_view der, X509 *issuer, cof_crl **out, cof_err *err);

int64_t cof_crl_issued_unix_s(const cof_crl *crl);
int64_t cof_crl_next_update_unix_s(const cof_crl *crl);
uint64_t cof_crl_number(const cof_crl *crl);

/** SHA-256 of the issuer's SubjectPublicKeyInfo. */
const cof_digest *cof_crl_issuer(const cof_crl *crl);

/** Is it valid at that time? @return COF_OK, COF_E_COLLATERAL_OLD, COF_E_COLLATERAL_EARLY. */
COF_MUST_USE cof_status cof_crl_check_time(const cof_crl *crl, int64_t now_unix_s, cof_err *err);

/** Is the certificate's serial on the list? The certificate's issuer must be the list's.
 * @return COF_OK (not on it), COF_E_EVIDENCE_REVOKED, COF_E_COLLATERAL_MISMATCH. */
COF_MUST_USE cof_status cof_crl_check(const cof_crl *crl, X509 *certificate, cof_err *err);

void cof_crl_free(cof_crl *crl);
COF_OWNED(cof_crl, cof_crl_free);

#endif
