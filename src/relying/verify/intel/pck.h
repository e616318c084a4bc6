/*
 * The SGX extension of a PCK certificate (OID 1.2.840.113741.1.13.1; Intel SGX PCK Certificate and
 * CRL Profile Specification): a strict DER reader.
 */
#ifndef COF_VERIFY_PCK_H
#define COF_VERIFY_PCK_H

#include "tcb/base/buf.h"

enum { COF_PCK_COMPONENTS = 16 };

/** Which platform a PCK certificate speaks for. */
typedef struct cof_pck {
    uint8_t ppid[16];
    uint8_t components[COF_PCK_COMPONENTS]; /* TCB component security versions */
    uint16_t pce_svn;
    uint8_t cpu_svn[16];
    uint8_t pce_id[2];
    uint8_t fmspc[6];
    uint8_t sgx_type; /* 0 standard, 1 scalable, 2 scalable with integrity */
    /* Only certificates of the Platform CA have these; each may be absent. */
    bool has_platform_instance;
    uint8_t platform_instance[16];
    bool has_dynamic_platform, is_dynamic_platform; /* packages can be added or replaced */
    bool has_cached_keys, is_cached_keys; /* Intel's registration service keeps the keys */
    bool has_smt, is_smt_enabled;         /* simultaneous multithreading */
} cof_pck;

/**
 * Reads the extension's value: every element exactly once, exact types and lengths, minimal DER,
 * nothing left over. The platform instance id and the configuration may be absent.
 *
 * @return COF_OK, COF_E_BAD_FORMAT.
 */
COF_MUST_USE cof_status cof_pck_parse(cof_view der, cof_pck *out_pck, cof_err *err);

#endif
