/* Writes SGX v3 quotes byte by byte (Intel SGX ECDSA Quote Library API, appendix A) for the
 * simulated platform. */
#ifndef COF_PLATFORM_QUOTE_WRITER_H
#define COF_PLATFORM_QUOTE_WRITER_H

#include "tcb/crypto/ec.h"

/** Offsets in a quote with 32 bytes of authentication data, for tests that alter one field. */
enum {
    COF_QUOTE_AT_BODY = 48,
    COF_QUOTE_AT_MRENCLAVE = COF_QUOTE_AT_BODY + 64,
    COF_QUOTE_AT_REPORT_DATA = COF_QUOTE_AT_BODY + 320,
    COF_QUOTE_AT_SIGNATURE = 436,
    COF_QUOTE_AT_KEY = COF_QUOTE_AT_SIGNATURE + 64,
    COF_QUOTE_AT_QE_REPORT = COF_QUOTE_AT_KEY + 64,
    COF_QUOTE_AT_QE_SIGNATURE = COF_QUOTE_AT_QE_REPORT + 384,
    COF_QUOTE_AT_AUTH_SIZE = COF_QUOTE_AT_QE_SIGNATURE + 64,
    COF_QUOTE_AT_CHAIN = COF_QUOTE_AT_AUTH_SIZE + 2 + 32 + 6
};

/** What a quote is made of. All is borrowed. */
typedef struct cof_quote_spec {
    const cof_ec_key *attestation; /* a pair: signs header and body */
    const cof_ec_key *pck;         /* a pair: signs the QE report */
    cof_view chain;                /* PEM: leaf, CA, root */
    const uint8_t *mrenclave;      /* 32 bytes */
    const uint8_t *report_data;    /* 64 bytes */
    uint64_t flags;    /* attributes of the enclave: INIT is bit 0, DEBUG bit 1, MODE64 bit 2 */
    uint64_t qe_flags; /* those of the quoting enclave */
} cof_quote_spec;

/** Appends a whole quote. @return COF_OK, COF_E_CRYPTO, or as cof_buf_append. */
COF_MUST_USE cof_status cof_quote_write(const cof_quote_spec *spec, cof_buf *out, cof_err *err);

#endif
