/*
 * What OpenSSL leaves to its caller when certificates and revocation lists are judged: names as
 * bytes, exact algorithms, times as numbers. What is read here is not yet trusted.
 */
#ifndef COF_VERIFY_X509_H
#define COF_VERIFY_X509_H

#include <openssl/x509.h>

#include "tcb/base/buf.h"
#include "tcb/crypto/digest.h"

/** SHA-256 of the SubjectPublicKeyInfo (DER). @return COF_OK, COF_E_BAD_FORMAT, COF_E_CRYPTO. */
COF_MUST_USE cof_status cof_x509_spki(X509 *certificate, cof_digest *out, cof_err *err);

/** True when the subject has exactly one common name, and it is this text. */
bool cof_x509_has_common_name(X509 *certificate, const char *expected);

/** The same name, byte for byte. */
bool cof_x509_names_equal(const X509_NAME *a, const X509_NAME *b);

/** RFC 5280 §4.1.2.5: YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ, a date that exists. @return COF_OK,
 * COF_E_BAD_FORMAT. */
COF_MUST_USE cof_status cof_x509_time(const ASN1_TIME *time, int64_t *out_unix_s, cof_err *err);

/** Both ends of a certificate's validity. @return as cof_x509_time. */
COF_MUST_USE cof_status cof_x509_validity(X509 *certificate, int64_t *out_not_before_unix_s,
                                          int64_t *out_not_after_unix_s, cof_err *err);

/** Is the key on the named curve P-256 ("prime256v1")? */
bool cof_x509_is_p256(EVP_PKEY *key);

/**
 * Is this the one algorithm that an issuer with this key signs with? P-256: ecdsa-with-SHA256
 * without parameters (RFC 5758 §3.2). RSA of 2048 bits or more: RSASSA-PSS with SHA-384, MGF1 with
 * SHA-384, a salt of 48 bytes (RFC 4055 §3.1). Any other key: none is.
 */
bool cof_x509_is_algorithm_of(const X509_ALGOR *algorithm, EVP_PKEY *issuer_key);

#endif
