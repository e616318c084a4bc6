/* Where a job's objects stand in the store: docs/formats/agent.md. */
#ifndef COF_AGENT_NAMES_H
#define COF_AGENT_NAMES_H

#include "host/store/blob_store.h"
#include "tcb/crypto/digest.h"

/** A blob's name. */
typedef struct cof_blob_name {
    char text[COF_BLOB_NAME_SIZE + 1];
} cof_blob_name;

/** objects/<digest>.sealed */
void cof_name_input(const cof_digest *digest, cof_blob_name *out);

/** jobs/<contract>/<run>/<tail>; run is hex. @return COF_OK, COF_E_BAD_ARGUMENT (too long, or not a
 * blob's name). */
COF_MUST_USE cof_status cof_name_of_run(const cof_digest *contract, const char *run,
                                        const char *tail, cof_blob_name *out, cof_err *err);

/* The tails. */
#define COF_NAME_CHECKPOINT "checkpoint.sealed"
#define COF_NAME_RECEIPT    "receipt.json"
#define COF_NAME_LOG        "log.jsonl"
#define COF_NAME_COLLATERAL "collateral.json" /* of real hardware: what its evidence needs */

/** jobs/<contract>/<run>/outputs/<output>.sealed */
COF_MUST_USE cof_status cof_name_output(const cof_digest *contract, const char *run,
                                        const char *output, cof_blob_name *out, cof_err *err);

#endif
