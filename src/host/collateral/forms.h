/*
 * The forms in which collateral is served and stored, brought to the one form that is verified: DER
 * for revocation lists and leaf certificates, PEM text for chains. Nothing is judged here.
 */
#ifndef COF_HOST_COLLATERAL_FORMS_H
#define COF_HOST_COLLATERAL_FORMS_H

#include "tcb/base/buf.h"

/** A revocation list as DER, as one PEM block ("X509 CRL"), or as the hex digits of DER (as Intel's
 * PCCS serves it). Appends DER: one element, nothing behind it. @return COF_OK, COF_E_BAD_FORMAT,
 * COF_E_LIMIT, COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_form_crl(cof_view bytes, cof_buf *out_der, cof_err *err);

/** A certificate as DER or as one PEM block ("CERTIFICATE"). @return as above. */
COF_MUST_USE cof_status cof_form_certificate(cof_view bytes, cof_buf *out_der, cof_err *err);

/** A chain: PEM blocks of certificates, and nothing else but line ends. Copied as it is. @return as
 * above. */
COF_MUST_USE cof_status cof_form_chain(cof_view bytes, cof_buf *out_pem, cof_err *err);

/**
 * A chain out of a header field: percent-decoded (RFC 3986 §2.1: '+' stays '+'), then as
 * cof_form_chain.
 */
COF_MUST_USE cof_status cof_form_chain_header(const char *field, cof_buf *out_pem, cof_err *err);

#endif
