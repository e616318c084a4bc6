/* coffer run --receive: inputs that come straight from their owners. docs/formats/transfer.md. */
#ifndef COF_APP_RECEIVING_H
#define COF_APP_RECEIVING_H

#include "apps/coffer/output.h"
#include "host/store/blob_store.h"
#include "tcb/contract/contract.h"

/** All borrowed. */
typedef struct cof_receiving {
    const char *listen;     /* HOST:PORT, the host numeric */
    const char *run_folder; /* where the ticket is kept, for the same run to be continued */
    const cof_contract *contract;
    cof_blob_store *store;
    cof_output *output;
} cof_receiving;

/**
 * Makes the run's ticket, or takes the one that is there for the same place, and says for every
 * object that is not in the store what its owner has to do.
 *
 * @param out  the member "receive" of the agent's job file; the caller owns it
 * @return COF_OK, COF_E_USAGE (the place), or as cof_ticket_make, cof_blob_exists.
 */
COF_MUST_USE cof_status cof_receiving_prepare(const cof_receiving *receiving, json_t **out,
                                              cof_err *err);

#endif
