/*
 * The report of Azure's paravisor (HCL): a hardware report whose report data is the hash of claims
 * (JSON) that name the vTPM's attestation key. NV index 0x01400001.
 */
#ifndef COF_VERIFY_HCL_H
#define COF_VERIFY_HCL_H

#include <jansson.h>

#include "tcb/base/buf.h"

enum {
    COF_HCL_MAX = 4096,
    COF_HCL_HARDWARE_SIZE = 1184,
    COF_HCL_VM_ID_SIZE = 40,
    COF_HCL_USER_DATA_SIZE = 64,
    COF_RSA_2048_SIZE = 256
};

typedef enum cof_hcl_type { COF_HCL_SNP = 2, COF_HCL_TDX = 4 } cof_hcl_type;
typedef enum cof_hcl_hash {
    COF_HCL_SHA256 = 1,
    COF_HCL_SHA384 = 2,
    COF_HCL_SHA512 = 3
} cof_hcl_hash;

/** A report taken apart. Views borrow from the bytes that were parsed. */
typedef struct cof_hcl_report {
    uint32_t version;
    cof_hcl_type type;
    cof_hcl_hash hash;
    cof_view hardware; /* SNP report (1184 bytes) or TDREPORT (1024 bytes) */
    cof_view claims;   /* exactly the bytes that the hardware report hashes */
} cof_hcl_report;

/**
 * Reads a report: every length agrees with the others, what follows is zero padding.
 * @return COF_OK, COF_E_LIMIT, COF_E_TRUNCATED, COF_E_TRAILING_BYTES, COF_E_BAD_VERSION,
 * COF_E_BAD_FORMAT, COF_E_UNSUPPORTED (type or hash).
 */
COF_MUST_USE cof_status cof_hcl_report_parse(cof_view bytes, cof_hcl_report *out, cof_err *err);

/** What the claims say, as far as policies and tokens need it. */
typedef struct cof_hcl_claims {
    uint8_t ak_modulus[COF_RSA_2048_SIZE]; /* HCLAkPub: RSA-2048, exponent 65537 */
    bool has_user_data;
    uint8_t user_data[COF_HCL_USER_DATA_SIZE];
    char vm_id[COF_HCL_VM_ID_SIZE]; /* vmUniqueId; "" when there is none */
    bool is_secure_boot, is_console_enabled, is_tpm_enabled, is_tpm_persisted;
} cof_hcl_claims;

/** Reads the claims: one HCLAkPub, no duplicate keys, no duplicate members. @return COF_OK,
 * COF_E_BAD_JSON, COF_E_BAD_FORMAT, COF_E_BAD_KEY, COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_hcl_claims_parse(cof_view json, cof_hcl_claims *out, cof_err *err);

#endif
