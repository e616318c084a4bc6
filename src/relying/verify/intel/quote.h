/*
 * DCAP quotes of SGX and TDX, versions 3 to 5 (Intel SGX ECDSA Quote Library API, appendix A; Intel
 * TDX DCAP Quoting Library API, appendix A): a strict reader. Structure only: who signed what is
 * judged by dcap.h.
 */
#ifndef COF_VERIFY_QUOTE_H
#define COF_VERIFY_QUOTE_H

#include "tcb/crypto/ec.h"

enum {
    COF_QUOTE_HEADER_SIZE = 48,
    COF_QUOTE_REPORT_SIZE = 384,
    COF_QUOTE_SIGNED_SIZE = COF_QUOTE_HEADER_SIZE + COF_QUOTE_REPORT_SIZE,
    COF_QUOTE_AUTH_MAX = 64, /* authentication data of the quoting enclave */
    COF_QUOTE_PADDING_MAX = 4096,
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

/** A TD report's body: TD 1.0 (584 bytes) or, with the last two members, TD 1.5 (648 bytes). */
typedef struct cof_td_report {
    bool is_1_5;
    uint8_t tee_tcb_svn[16];
    uint8_t mrseam[48];
    uint8_t mrsignerseam[48];
    uint64_t seam_attributes;
    uint64_t td_attributes; /* COF_TD_ATTRIBUTE_… */
    uint64_t xfam;
    uint8_t mrtd[48];
    uint8_t mrconfigid[48];
    uint8_t mrowner[48];
    uint8_t mrownerconfig[48];
    uint8_t rtmr[4][48];
    uint8_t report_data[COF_REPORT_DATA_SIZE];
    uint8_t tee_tcb_svn2[16]; /* 1.5 */
    uint8_t mrservicetd[48];  /* 1.5 */
} cof_td_report;

/** TD attributes (Intel TDX Module ABI, ATTRIBUTES). */
#define COF_TD_ATTRIBUTE_DEBUG           ((uint64_t)1 << 0)
#define COF_TD_ATTRIBUTE_SEPT_VE_DISABLE ((uint64_t)1 << 28)
#define COF_TD_ATTRIBUTE_MIGRATABLE      ((uint64_t)1 << 29)
#define COF_TD_ATTRIBUTE_PKS             ((uint64_t)1 << 30)
#define COF_TD_ATTRIBUTE_KL              ((uint64_t)1 << 31)
#define COF_TD_ATTRIBUTE_PERFMON         ((uint64_t)1 << 63)

/** Whose body it is. */
typedef enum cof_quote_kind { COF_QUOTE_SGX, COF_QUOTE_TDX } cof_quote_kind;

/** A quote taken apart. Views borrow from the bytes that were parsed. */
typedef struct cof_quote {
    uint16_t version; /* 3, 4, 5 */
    cof_quote_kind kind;
    uint16_t qe_svn;  /* version 3; else 0 */
    uint16_t pce_svn; /* version 3; else 0 */
    uint8_t user_data[20];
    cof_sgx_report body; /* COF_QUOTE_SGX */
    cof_td_report td;    /* COF_QUOTE_TDX */
    cof_sgx_report qe_report;
    cof_view quote_bytes;                     /* the whole quote, without padding */
    cof_view signed_bytes;                    /* header and body: what the attestation key signs */
    cof_view qe_report_bytes;                 /* what the PCK key signs */
    cof_view qe_auth;                         /* at most COF_QUOTE_AUTH_MAX bytes */
    cof_view chain;                           /* PEM, without the NUL that some platforms add */
    uint8_t signature[COF_EC_RAW_SIZE];       /* over signed_bytes */
    uint8_t attestation_key[COF_EC_RAW_SIZE]; /* x || y; not yet checked to be on the curve */
    uint8_t qe_signature[COF_EC_RAW_SIZE];    /* over qe_report_bytes */
} cof_quote;

/**
 * Reads a whole quote: version 3 (SGX), 4 (SGX or TDX) or 5 (body types 1, 2, 3), ECDSA P-256,
 * Intel's QE vendor id, reserved bytes zero, a PCK chain as certification data (type 5; in versions
 * 4 and 5 inside type 6), every length exact. After the quote only zero bytes may follow, at most
 * COF_QUOTE_PADDING_MAX: some transports pad.
 *
 * @return COF_OK, COF_E_LIMIT (over COF_LIMIT_QUOTE_BYTES), COF_E_TRUNCATED, COF_E_TRAILING_BYTES,
 *         COF_E_BAD_VERSION, COF_E_UNSUPPORTED (key type, TEE, body or certification data of
 *         another kind, or kinds that do not go together), COF_E_BAD_FORMAT (vendor id, reserved
 *         bytes, body size, authentication data, NUL inside the chain).
 */
COF_MUST_USE cof_status cof_quote_parse(cof_view bytes, cof_quote *out_quote, cof_err *err);

/** Open Enclave's header (version 1, type 2, exact size) taken off; the quote inside is not read.
 * @return COF_OK, COF_E_TRUNCATED, COF_E_TRAILING_BYTES, COF_E_BAD_VERSION, COF_E_UNSUPPORTED. */
COF_MUST_USE cof_status cof_open_enclave_unwrap(cof_view bytes, cof_view *out_quote, cof_err *err);

#endif
