/* X.509 certificates for the local services: making them, and the forms in which protocols carry
 * them. */
#ifndef COF_LOCAL_CERT_H
#define COF_LOCAL_CERT_H

#include <jansson.h>
#include <openssl/x509.h>
#include <stdint.h>

#include "tcb/base/buf.h"

COF_OWNED(X509, X509_free);
COF_OWNED(EVP_PKEY, EVP_PKEY_free);

/** What to make. All is borrowed. */
typedef struct cof_cert_request {
    const char *common_name;
    EVP_PKEY *key; /* the subject's; only its public half is used when issuer_key is given */
    X509 *issuer;  /* NULL: self-signed by key */
    EVP_PKEY *issuer_key;
    const char *alt_names; /* "DNS:localhost,IP:127.0.0.1", or NULL */
    bool is_ca;
    int64_t not_before; /* Unix seconds */
    int days;
} cof_cert_request;

/** @return COF_OK, COF_E_CRYPTO, COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_cert_make(const cof_cert_request *request, X509 **out, cof_err *err);

/** Appends PEM. */
COF_MUST_USE cof_status cof_cert_to_pem(X509 *certificate, cof_buf *out, cof_err *err);
/** The first certificate of a PEM text. @return COF_OK, COF_E_BAD_FORMAT. */
COF_MUST_USE cof_status cof_cert_from_pem(cof_view pem, X509 **out, cof_err *err);

/** Appends DER. */
COF_MUST_USE cof_status cof_cert_to_der(X509 *certificate, cof_buf *out, cof_err *err);

/** Standard base64 of the DER, as x5c holds it: the caller owns it. */
COF_MUST_USE cof_status cof_cert_to_x5c(X509 *certificate, json_t **out_text, cof_err *err);

/** Appends the digest (EVP_sha1() or EVP_sha256()) of the DER. x5t is SHA-1 by RFC 7515
 * section 4.1.7: a name, not a proof. */
COF_MUST_USE cof_status cof_cert_thumbprint(X509 *certificate, const EVP_MD *md, cof_buf *out,
                                            cof_err *err);

/** Is it for this key, with this common name, and valid from now for at least so many days? */
bool cof_cert_fits(X509 *certificate, const EVP_PKEY *key, const char *common_name,
                   int64_t now_unix_s, int days);

/** Appends the PEM of a SubjectPublicKeyInfo. */
COF_MUST_USE cof_status cof_cert_spki_pem(const EVP_PKEY *key, cof_buf *out, cof_err *err);

#endif
