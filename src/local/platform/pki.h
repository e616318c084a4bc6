/*
 * Certificates for the simulated platform: each call makes one. Names, validity and flags are the
 * caller's, so that tests can make chains that a verifier has to refuse.
 */
#ifndef COF_PLATFORM_PKI_H
#define COF_PLATFORM_PKI_H

#include <openssl/x509.h>

#include "tcb/crypto/ec.h"

/** What kind of certificate; the values of path lengths and key usage follow from it. */
typedef enum cof_pki_role {
    COF_PKI_ROOT, /* CA, path length 1 */
    COF_PKI_CA,   /* CA, path length 0 */
    COF_PKI_LEAF  /* end entity, digital signature, with the SGX extension */
} cof_pki_role;

/** What to certify. All is borrowed. */
typedef struct cof_pki_request {
    cof_pki_role role;
    const char *common_name;
    const cof_ec_key *key;        /* of the subject: its public half goes in */
    X509 *issuer;                 /* NULL: self-signed */
    const cof_ec_key *issuer_key; /* a pair */
    int64_t not_before_unix_s;
    int64_t not_after_unix_s;
} cof_pki_request;

/** Makes and signs one certificate. The caller owns it (X509_free). @return COF_OK, COF_E_CRYPTO,
 * COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_pki_certify(const cof_pki_request *request, X509 **out_certificate,
                                        cof_err *err);

/** Appends a certificate as PEM. @return COF_OK, COF_E_CRYPTO, or as cof_buf_append. */
COF_MUST_USE cof_status cof_pki_print(X509 *certificate, cof_buf *out_pem, cof_err *err);

enum { COF_PKI_CPU_SVN_SIZE = 16 };

/** The CPUSVN that the SGX extension of leaves names. */
extern const uint8_t cof_pki_cpu_svn[COF_PKI_CPU_SVN_SIZE];

/** Appends the value of a PCK's SGX extension (relying/verify/pck.h reads it). @return as
 * cof_buf_append. */
COF_MUST_USE cof_status cof_pki_sgx_extension(const uint8_t ppid[static 16], cof_buf *out_der,
                                              cof_err *err);

#endif
