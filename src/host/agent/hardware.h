/*
 * A worker's evidence as its attestation service wants it, and the collateral that it is verified
 * with: certificates and TD quotes come from this machine's metadata service, collateral from the
 * vendors' services.
 */
#ifndef COF_AGENT_HARDWARE_H
#define COF_AGENT_HARDWARE_H

#include "host/azure/attest.h"

/** The evidence of a worker, borrowed. */
typedef struct cof_agent_evidence {
    char type[33];
    cof_view runtime;
    cof_view evidence;
} cof_agent_evidence;

/** Splits an EVIDENCE frame. @return COF_OK, COF_E_PROTOCOL. */
COF_MUST_USE cof_status cof_agent_evidence_parse(cof_view payload, cof_agent_evidence *out,
                                                 cof_err *err);

typedef struct cof_hardware cof_hardware;

/**
 * @param host     base URL of the metadata service; kept
 * @param journal  path: collateral is kept in the folder "collateral" beside it
 * @return COF_OK, COF_E_NO_MEMORY, COF_E_CONFIG, COF_E_PERMISSION, …
 */
COF_MUST_USE cof_status cof_hardware_new(const char *host, const char *journal, cof_hardware **out,
                                         cof_err *err);

/** A request and what it points into. Zeroed is empty; freed by cof_submission_parts_free. */
typedef struct cof_submission_parts {
    cof_attester_request request;
    cof_buf evidence;
    cof_buf certificates;
    cof_buf runtime;
} cof_submission_parts;

/**
 * Makes the request for evidence of any type. Asks the metadata service for the TD quote of an
 * azure-cvm, and the vendor for certificates that the evidence does not bring.
 *
 * @param hardware  NULL: only evidence that needs nothing more
 * @param out       zeroed; freed by the caller in any case; borrows from evidence
 * @return COF_OK, COF_E_UNSUPPORTED (an unknown type), COF_E_EVIDENCE_INVALID, COF_E_BAD_JSON,
 * COF_E_COLLATERAL_MISSING, COF_E_NETWORK, …
 */
COF_MUST_USE cof_status cof_hardware_submit(cof_hardware *hardware,
                                            const cof_agent_evidence *evidence,
                                            cof_submission_parts *out, cof_err *err);
void cof_submission_parts_free(cof_submission_parts *parts);

/** The collateral of evidence, fetched and printed as docs/formats/collateral.md says. Appended;
 * nothing for simulated evidence.
 * @return COF_OK, COF_E_EVIDENCE_INVALID, or as a collateral cache. */
COF_MUST_USE cof_status cof_hardware_bundle(cof_hardware *hardware,
                                            const cof_agent_evidence *evidence, cof_buf *out,
                                            cof_err *err);

/** A TD quote out of the metadata service's {"quote":base64url}; appended. */
COF_MUST_USE cof_status cof_td_quote_parse(cof_view answer, cof_buf *out, cof_err *err);

void cof_hardware_free(cof_hardware *hardware);
COF_OWNED(cof_hardware, cof_hardware_free);

#endif
