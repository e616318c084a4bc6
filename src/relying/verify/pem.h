/* Certificates as PEM text (RFC 7468) and as DER, read strictly: nothing before, between or after
 * them but line ends. */
#ifndef COF_VERIFY_PEM_H
#define COF_VERIFY_PEM_H

#include <openssl/x509.h>

#include "tcb/base/buf.h"

enum {
    COF_PEM_CERTIFICATES_MAX = 3, /* of a cof_pem_chain */
    COF_CERTIFICATE_DER_MAX = 8 * 1024
};

/** Certificates in the order of the text. Zeroed is empty; free with cof_pem_chain_free. */
typedef struct cof_pem_chain {
    X509 *certificates[COF_PEM_CERTIFICATES_MAX];
} cof_pem_chain;

/**
 * Cuts one certificate off the front of *rest, with the line ends behind it, and appends its DER,
 * which is not read. out may have any limit: COF_CERTIFICATE_DER_MAX is enough.
 *
 * @return COF_OK, COF_E_BAD_FORMAT, COF_E_NO_MEMORY; on failure *rest may have moved.
 */
COF_MUST_USE cof_status cof_pem_cut(cof_view *rest, cof_buf *out_der, cof_err *err);

/**
 * Reads one to max certificates, each DER without anything after it.
 *
 * @param out_certificates  (max) written only on success; the caller owns the first *out_count
 * @param max  at most 8
 * @return COF_OK, COF_E_BAD_FORMAT (more than max, too), COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_pem_read(cof_view pem, size_t max, X509 **out_certificates,
                                     size_t *out_count, cof_err *err);

/** Reads exactly three certificates. @return as cof_pem_read. */
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
