/*
 * From a job file to an agreed contract in this home: the job is checked, its data sealed into the
 * store, everything looked up and resolved. The same job with the same data gives the same contract
 * again, so that running it again resumes.
 *
 * requests/FINGERPRINT.json says which contract a request became; jobs/DIGEST/contract.json is the
 * contract.
 */
#ifndef COF_APP_REQUEST_H
#define COF_APP_REQUEST_H

#include "apps/coffer/agree.h"
#include "apps/coffer/identity.h"
#include "apps/coffer/output.h"
#include "apps/coffer/services.h"
#include "host/store/blob_store.h"
#include "relying/contract/resolve.h"

enum { COF_REQUEST_IDENTITIES = COF_LIMIT_OWNERS + COF_LIMIT_RECIPIENTS };

typedef struct cof_request {
    const char *home;
    cof_output *output;
    cof_path path;   /* job.yaml */
    cof_path folder; /* where it lies */
    cof_buf text;
    cof_diagnostics *problems;
    cof_job *job;
    cof_services *services;
    cof_blob_store *store;
    cof_identity *identities[COF_REQUEST_IDENTITIES];
    size_t identity_count;
    cof_digest worker; /* the installed worker's measurement */
    cof_digest fingerprint;
    cof_buf contract_text; /* canonical */
    cof_contract *contract;
    char digest[2 * COF_DIGEST_SIZE + 1];
    cof_path job_path; /* jobs/DIGEST */
    cof_path contract_path;
    bool was_known;        /* the contract was there already */
    uint64_t sealed_bytes; /* sealed by this call */
} cof_request;

/** Reads and checks job.yaml alone. Problems are shown on standard error (and as JSON with --json).
 * @return COF_OK, COF_E_CONTRACT_INVALID, COF_E_NOT_FOUND, … */
COF_MUST_USE cof_status cof_request_read(const char *home, cof_output *output, const char *path,
                                         cof_request *out, cof_err *err);

/** Makes or finds the contract: starts services when none run, makes the identity "me" when it is
 * missing, seals data. */
COF_MUST_USE cof_status cof_request_resolve(cof_request *request, cof_err *err);

/** An identity that was loaded for this request, or NULL. */
const cof_identity *cof_request_identity(const cof_request *request, const char *name);

/** The resolved contract, to consent to; borrows from the request. */
cof_agreement cof_request_agreement(const cof_request *request);

/** Frees what the request holds; accepts a zeroed one. */
void cof_request_drop_(cof_request *request);

#endif
