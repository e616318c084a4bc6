/*
 * How Intel rates a platform: its security versions against the levels of TCB info, of the TDX
 * module and of the quoting enclave, merged into one status. (Intel SGX and TDX Provisioning
 * Certification Service API, "Get TCB Info": how to determine the TCB status.)
 *
 * Pure functions over what was authenticated before: they decide nothing about genuineness.
 */
#ifndef COF_VERIFY_TCB_H
#define COF_VERIFY_TCB_H

#include "relying/policy/checks.h"
#include "relying/verify/intel/tcb_info.h"

/** The identity of a TDX module of this version (TEE_TCB_SVN[1]; 0: the unnamed one), or NULL. */
const cof_tdx_module *cof_tdx_module_find(const cof_tcb_info *info, uint8_t version);

/** The first level whose version is not above isv_svn, or NULL. levels: highest first. */
const cof_svn_level *cof_svn_level_find(const cof_svn_level *levels, size_t level_count,
                                        uint16_t isv_svn);

/**
 * The first level that the platform reaches: all 16 components and the PCE's version, and for a TD
 * all components of TEE_TCB_SVN, from the third on when it names a module version.
 *
 * @param td  NULL: only the components of the processor are compared
 * @return NULL when there is none
 */
const cof_tcb_level *cof_tcb_level_find(const cof_tcb_info *info, const cof_pck *pck,
                                        const cof_td_report *td);

/** A platform's status together with that of a part of it (a quoting enclave, a TDX module): a part
 * that is Revoked revokes all, and one that is not UpToDate makes all out of date. */
cof_tcb_status cof_tcb_converge(cof_tcb_status level, cof_tcb_status part);

/**
 * Rates a platform, and says each step in checks: "evidence.tcb_level" and, for a TD,
 * "evidence.tdx_module_level".
 *
 * @param td        NULL for SGX
 * @param qe_level  the level that the quoting enclave reaches
 * @param out       status, advisories (of level, module and quoting enclave), evaluation_number,
 *                  tcb_date_unix_s; written only on success. collateral_expires_unix_s stays as it
 *                  is.
 * @return COF_OK (Revoked, too), COF_E_TCB_UNKNOWN (no level matches, or no module), COF_E_LIMIT
 * (more than COF_ADVISORIES_MAX advisories).
 */
COF_MUST_USE cof_status cof_tcb_rate(const cof_tcb_info *info, const cof_pck *pck,
                                     const cof_td_report *td, const cof_svn_level *qe_level,
                                     cof_tcb_rating *out, cof_checks *checks, cof_err *err);

#endif
