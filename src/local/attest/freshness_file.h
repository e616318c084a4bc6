/* The memory of the newest collateral that the attestation service has used,
 * attest/freshness.json. */
#ifndef COF_LOCAL_ATTEST_FRESHNESS_FILE_H
#define COF_LOCAL_ATTEST_FRESHNESS_FILE_H

#include "local/state/state.h"
#include "relying/verify/freshness.h"

/** Reads the file; where there is none, nothing was seen. The caller frees *out with free. */
COF_MUST_USE cof_status cof_attest_freshness_open(const cof_state *state, cof_freshness **out,
                                                  cof_err *err);

/** Writes the file, durably. */
COF_MUST_USE cof_status cof_attest_freshness_save(const cof_state *state,
                                                  const cof_freshness *freshness, cof_err *err);

#endif
