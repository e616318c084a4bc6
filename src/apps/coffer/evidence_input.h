/* Evidence from files, for the commands that look at it. */
#ifndef COF_APP_EVIDENCE_INPUT_H
#define COF_APP_EVIDENCE_INPUT_H

#include "tcb/base/buf.h"

enum { COF_EVIDENCE_FILE_MAX = 4 * 1024 * 1024 };

/**
 * Appends the evidence in a file: as it stands there, as hex digits, or out of a receipt (without
 * trusting it). @return as cof_read_file; also COF_E_BAD_FORMAT, COF_E_BAD_JSON (a receipt without
 * evidence).
 */
COF_MUST_USE cof_status cof_evidence_read(const char *path, cof_buf *out, cof_err *err);

#endif
