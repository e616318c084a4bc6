/* A chain of certificates as PEM text (RFC 7468), read strictly: nothing before, between or after
 * but line ends. */
#ifndef COF_VERIFY_PEM_H
#define COF_VERIFY_PEM_H

#include <openssl/x509.h>

#include "tcb/base/buf.h"

enum { COF_PEM_CERTIFICATES_MAX = 3 };

/** Certificates in the order of the text. Zeroed is empty; free with cof_pem_chain_free. */
typedef struct cof_pem_chain {
    X509 *certificates[COF_PEM_CERTIFICATES_MAX];
} cof_pem_chain;

/** Reads exactly three certificates, each DER without anything after it. @return COF_OK,
 * COF_E_BAD_FORMAT, COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_pem_chain_parse(cof_view pem, cof_pem_chain *out_chain, cof_err *err);

void cof_pem_chain_free(cof_pem_chain *chain);

/** Reads one certificate from DER, whole input, in DER and not merely BER. @return COF_OK,
 * COF_E_BAD_FORMAT, COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_certificate_parse(cof_view der, X509 **out_certificate, cof_err *err);

static inline void cof_x509_drop_(X509 **certificate)
{
    X509_free(*certificate);
    *certificate = NULL;
}

#endif
