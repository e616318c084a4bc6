/* Fetching a finished run: results opened for the identities of this home, the receipt and what
 * belongs to it. */
#ifndef COF_APP_FETCH_H
#define COF_APP_FETCH_H

#include "apps/coffer/request.h"
#include "apps/coffer/run_state.h"

typedef struct cof_fetched {
    json_t *outputs; /* {name: path} of what was opened */
    size_t others;   /* outputs that others receive too: NAME.sealed, as they are */
    cof_path receipt;
} cof_fetched;

/** Fills folder (made when missing) with results, receipt.json, log.jsonl, contract.json and
 * consents. Files that are there are replaced. */
COF_MUST_USE cof_status cof_fetch(const cof_request *request, const cof_run_state *run,
                                  const char *folder, cof_fetched *out, cof_err *err);

void cof_fetched_drop_(cof_fetched *fetched);

#endif
