/* The report for the recipients, JSON: docs/formats/report.md. */
#ifndef COF_WORKER_REPORT_H
#define COF_WORKER_REPORT_H

#include "tcb/worker/state.h"

/** Appends the report: every metric and the whole history, whatever is disclosed. @return also as
 * cof_trainer_report. */
COF_MUST_USE cof_status cof_worker_report_print(cof_worker *worker, cof_buf *out, cof_err *err);

#endif
