/* The report of Azure's paravisor (HCL), as far as who asks for evidence must look into it. */
#ifndef COF_EVIDENCE_HCL_REPORT_H
#define COF_EVIDENCE_HCL_REPORT_H

#include "tcb/base/buf.h"

enum { COF_HCL_USER_DATA_SIZE = 64, COF_HCL_REPORT_MAX = 4096 };

/**
 * Is this a whole report (its hash fits its claims), and do the claims show this user data?
 * @return COF_OK, COF_E_EVIDENCE_BINDING (not, or not yet), COF_E_UNSUPPORTED (another hardware, or
 * another hash than SHA-256), COF_E_TRUNCATED, COF_E_BAD_JSON, COF_E_BAD_FORMAT, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_hcl_check_user_data(
    cof_view report, const uint8_t user_data[static COF_HCL_USER_DATA_SIZE], cof_err *err);

#endif
