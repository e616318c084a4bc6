/* Contracts that others propose: reading one into this home, and the consents of its owners. */
#ifndef COF_APP_CONSENT_H
#define COF_APP_CONSENT_H

#include "apps/coffer/agree.h"
#include "apps/coffer/command.h"
#include "apps/coffer/request.h"

/** A contract that was handed over as a file. */
typedef struct cof_handout {
    cof_buf text; /* canonical */
    cof_contract *contract;
    char digest[2 * COF_DIGEST_SIZE + 1];
    cof_path folder; /* HOME/jobs/DIGEST; made by cof_handout_keep */
} cof_handout;

/** Reads a contract's file, strictly. @return COF_OK, COF_E_CONTRACT_INVALID, … */
COF_MUST_USE cof_status cof_handout_read(const char *home, const char *path, cof_handout *out,
                                         cof_err *err);
/** Puts it into this home: jobs/DIGEST/contract.json. */
COF_MUST_USE cof_status cof_handout_keep(const cof_handout *handout, cof_err *err);
/** Accepts a zeroed one. */
void cof_handout_drop_(cof_handout *handout);

/**
 * For coffer run: takes the consents of --consent, and has the owners of this home consent when
 * everybody else has. Who is missing, and what they have to run, is shown.
 * @return COF_OK, COF_E_CONSENT_MISSING, or as cof_agree.
 */
COF_MUST_USE cof_status cof_consent_for_run(const cof_app *app, const cof_args *args,
                                            const cof_request *request, cof_err *err);

#endif
