/*
 * SGX DCAP quotes, version 3 (Intel SGX ECDSA Quote Library API, appendix A): a strict reader.
 * Structure only: who signed what is judged by sgx.h.
 */
#ifndef COF_VERIFY_QUOTE_H
#define COF_VERIFY_QUOTE_H

#include "tcb/crypto/ec.h"

enum {
    COF_QUOTE_HEADER_SIZE = 48,
    COF_QUOTE_REPORT_SIZE = 384,
    COF_QUOTE_SIGNED_SIZE = COF_QUOTE_HEADER_SIZE + COF_QUOTE_REPORT_SIZE,
    COF_QUOTE_AUTH_MAX = 64, /* authentication data of the quoting enclave */
    COF_REPORT_DATA_SIZE = 64
};

/** SECS attribute flags (Intel SDM volume 3D, table 34-3). */
#define COF_SGX_FLAG_INIT   ((uint64_t)1 << 0)
#define COF_SGX_FLAG_DEBUG  ((uint64_t)1 << 1)
#define COF_SGX_FLAG_MODE64 ((uint64_t)1 << 2)

/** An enclave report's body (384 bytes), in the order of the structure. */
typedef struct cof_sgx_report {
    uint8_t cpu_svn[16];
    uint32_t misc_select;
    uint8_t isv_ext_prod_id[16];
    uint64_t flags;
    uint64_t xfrm;
    uint8_t mrenclave[32];
    uint8_t mrsigner[32];
    uint8_t config_id[64];
    uint16_t isv_prod_id;
    uint16_t isv_svn;
    uint16_t config_svn;
    uint8_t isv_family_id[16];
    uint8_t report_data[COF_REPORT_DATA_SIZE];
} cof_sgx_report;

/** A quote taken apart. Views borrow from the bytes that were parsed. */
typedef struct cof_quote {
    uint16_t qe_svn;
    uint16_t pce_svn;
    uint8_t user_data[20];
    cof_sgx_report body;
    cof_sgx_report qe_report;
    cof_view signed_bytes;                    /* header and body: what the attestation key signs */
    cof_view qe_report_bytes;                 /* what the PCK key signs */
    cof_view qe_auth;                         /* at most COF_QUOTE_AUTH_MAX bytes */
    cof_view chain;                           /* PEM, without the NUL that some platforms add */
    uint8_t signature[COF_EC_RAW_SIZE];       /* over signed_bytes */
    uint8_t attestation_key[COF_EC_RAW_SIZE]; /* x || y; not yet checked to be on the curve */
    uint8_t qe_signature[COF_EC_RAW_SIZE];    /* over qe_report_bytes */
} cof_quote;

/**
 * Reads a whole quote: version 3, ECDSA-P256, SGX, Intel's QE vendor id, reserved bytes zero,
 * certification data of type 5 (a PEM chain), every length exact, nothing left over.
 *
 * @return COF_OK, COF_E_LIMIT (over COF_LIMIT_QUOTE_BYTES), COF_E_TRUNCATED, COF_E_TRAILING_BYTES,
 *         COF_E_BAD_VERSION, COF_E_UNSUPPORTED (key type, TEE or certification data of another
 * kind), COF_E_BAD_FORMAT (vendor id, reserved bytes, authentication data, NUL inside the chain).
 */
COF_MUST_USE cof_status cof_quote_parse(cof_view bytes, cof_quote *out_quote, cof_err *err);

#endif
