/* TDREPORT_STRUCT (Intel TDX Module ABI): what a TD's own report says, against its quote. */
#ifndef COF_VERIFY_TD_REPORT_H
#define COF_VERIFY_TD_REPORT_H

#include "relying/verify/intel/quote.h"

enum { COF_TD_REPORT_SIZE = 1024 };

/** Is the report of the TD that td (from a quote) is of: report data, attributes, XFAM, MRTD,
 * MRCONFIGID, MROWNER, MROWNERCONFIG, RTMR0 to 3. Its MAC can only be verified on its machine.
 * @return COF_OK, COF_E_TRUNCATED, COF_E_TRAILING_BYTES, COF_E_BAD_FORMAT (not a TDREPORT),
 * COF_E_EVIDENCE_INVALID (of another TD). */
COF_MUST_USE cof_status cof_td_report_check(cof_view bytes, const cof_td_report *td, cof_err *err);

#endif
