/* Is a TD report's module Intel's, as TCB info describes it? */
#ifndef COF_VERIFY_TD_H
#define COF_VERIFY_TD_H

#include "relying/policy/checks.h"
#include "relying/verify/intel/quote.h"
#include "relying/verify/intel/tcb_info.h"

/** TD attributes that no TD may have: bits 1 to 7 are reserved in the group that makes a TD
 * untrusted (TUD). */
#define COF_TD_ATTRIBUTES_RESERVED ((uint64_t)0xfe)

/**
 * The TDX module that TEE_TCB_SVN names has an identity, MRSIGNERSEAM is that identity's signer,
 * SEAMATTRIBUTES are its attributes and are zero, and no reserved TD attribute is set. How the
 * module is rated is cof_tcb_rate's to say.
 *
 * @return COF_OK, COF_E_EVIDENCE_INVALID, COF_E_TCB_UNKNOWN (no identity of that module).
 */
COF_MUST_USE cof_status cof_td_check(const cof_td_report *td, const cof_tcb_info *info,
                                     cof_checks *checks, cof_err *err);

#endif
