/*
 * Inside seal/: which names and key identifiers an object may carry. They are shown to people and
 * become file names.
 */
#ifndef COF_SEAL_NAME_H
#define COF_SEAL_NAME_H

#include "tcb/base/buf.h"

/**
 * 1 to 128 bytes of strict UTF-8 (RFC 3629), no control characters, no '/', not "." or "..".
 * @return COF_OK, COF_E_BAD_FORMAT.
 */
COF_MUST_USE cof_status cof_seal_name_check(cof_view name, cof_err *err);

/** 1 to 512 bytes of printable ASCII. @return COF_OK, COF_E_BAD_FORMAT. */
COF_MUST_USE cof_status cof_seal_kid_check(cof_view kid, cof_err *err);

#endif
