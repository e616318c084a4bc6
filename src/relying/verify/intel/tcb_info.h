/*
 * Intel's TCB info (version 3; version 2 for SGX) and QE identity (version 2), as the Provisioning
 * Certification Service serves them: strict readers of JSON whose signature covers the exact bytes
 * of the inner object. (Intel SGX and TDX Provisioning Certification Service API, version 4.)
 */
#ifndef COF_VERIFY_TCB_INFO_H
#define COF_VERIFY_TCB_INFO_H

#include "relying/verify/facts.h"

enum {
    COF_TCB_LEVELS_MAX = 64,
    COF_TDX_MODULES_MAX = 16,
    COF_TDX_MODULE_LEVELS_MAX = 16,
    COF_QE_LEVELS_MAX = 32
};

/** A signed JSON document, cut out of its bytes without re-writing them. */
typedef struct cof_signed_json {
    cof_view body;                      /* the inner object, exactly as served: what is signed */
    uint8_t signature[COF_EC_RAW_SIZE]; /* r || s */
} cof_signed_json;

/**
 * Finds the inner object named member ("tcbInfo", "enclaveIdentity") and the signature in
 * {"<member>":{…},"signature":"<128 hex>"}: exactly these two members, each once, in either order.
 *
 * @return COF_OK, COF_E_LIMIT, COF_E_BAD_JSON, COF_E_BAD_FORMAT.
 */
COF_MUST_USE cof_status cof_signed_json_cut(cof_view bytes, const char *member,
                                            cof_signed_json *out, cof_err *err);

/** A level of security versions, and how the platform is rated that reaches it. */
typedef struct cof_tcb_level {
    uint8_t sgx[16];
    uint8_t tdx[16]; /* TDX only */
    uint16_t pce_svn;
    int64_t date_unix_s;
    cof_tcb_status status;
    cof_advisories advisories;
} cof_tcb_level;

/** A level of one security version: of a QE, or of a TDX module. */
typedef struct cof_svn_level {
    uint16_t isv_svn;
    int64_t date_unix_s;
    cof_tcb_status status;
    cof_advisories advisories;
} cof_svn_level;

typedef struct cof_tdx_module {
    uint8_t version; /* of "TDX_01": 1; the unnamed one ("tdxModule"): 0 */
    uint8_t mrsigner[48];
    uint64_t attributes, attributes_mask;
    size_t level_count;
    cof_svn_level levels[COF_TDX_MODULE_LEVELS_MAX]; /* highest first; none for the unnamed one */
} cof_tdx_module;

typedef struct cof_tcb_info {
    bool is_tdx;
    uint32_t version;
    int64_t issued_unix_s, next_update_unix_s;
    uint8_t fmspc[6];
    uint8_t pce_id[2];
    uint32_t evaluation_number;
    size_t module_count; /* TDX: modules[0] is the unnamed one */
    cof_tdx_module modules[COF_TDX_MODULES_MAX];
    size_t level_count;
    cof_tcb_level levels[COF_TCB_LEVELS_MAX]; /* highest first, as Intel sorts them; checked */
} cof_tcb_info;

/**
 * Reads the inner object. Every member exactly once, of the right type; unknown members of the
 * document are refused, but for those that Intel documents as informative (component category and
 * type). Fractions, signs, exponents and numbers out of range are refused; levels must be sorted so
 * that no later level dominates an earlier one.
 *
 * @param out  large (about 200 KB): on the heap
 * @return COF_OK, COF_E_BAD_JSON, COF_E_BAD_FORMAT, COF_E_BAD_VERSION, COF_E_LIMIT,
 * COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_tcb_info_parse(cof_view body, cof_tcb_info *out, cof_err *err);

typedef enum cof_qe_id { COF_QE_SGX, COF_QE_TDX, COF_QE_VERIFIER } cof_qe_id; /* QE, TD_QE, QVE */

typedef struct cof_qe_identity {
    cof_qe_id id;
    int64_t issued_unix_s, next_update_unix_s;
    uint32_t evaluation_number;
    uint32_t misc_select, misc_select_mask;
    uint8_t attributes[16], attributes_mask[16];
    uint8_t mrsigner[32];
    uint16_t isv_prod_id;
    size_t level_count;
    cof_svn_level levels[COF_QE_LEVELS_MAX]; /* highest first; checked */
} cof_qe_identity;

/** As cof_tcb_info_parse. Levels of an enclave, here and of a TDX module, are UpToDate, OutOfDate
 * or Revoked: other ratings are refused. out is large: on the heap. */
COF_MUST_USE cof_status cof_qe_identity_parse(cof_view body, cof_qe_identity *out, cof_err *err);

/** ISO 8601 "2025-06-19T10:32:27Z", exactly, a date that exists. @return COF_OK, COF_E_BAD_FORMAT.
 */
COF_MUST_USE cof_status cof_time_parse(cof_view text, int64_t *out_unix_s, cof_err *err);

#endif
