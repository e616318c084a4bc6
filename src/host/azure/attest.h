/*
 * A client of attestation services: Microsoft Azure Attestation, or coffer-local (REST API
 * 2025-06-01 and earlier). Several services can be named: the next is asked when one cannot
 * answer. A service that refuses has answered.
 */
#ifndef COF_AZURE_ATTEST_H
#define COF_AZURE_ATTEST_H

#include "host/http/http_client.h"

enum { COF_ATTESTER_SERVICES = 4 };

/** What is attested; each has its place at the service. */
typedef enum cof_attester_form {
    COF_ATTESTER_SGX,          /* SgxEnclave: a quote */
    COF_ATTESTER_OPEN_ENCLAVE, /* OpenEnclave: Open Enclave's report */
    COF_ATTESTER_SEV_SNP,      /* SevSnpVm: a report of 1184 bytes, and certificates */
    COF_ATTESTER_TDX,          /* TdxVm: a quote */
    COF_ATTESTER_AZURE_GUEST,  /* AzureGuest: AttestationInfo, JSON */
    COF_ATTESTER_FORMS
} cof_attester_form;

/** A request. All is borrowed. */
typedef struct cof_attester_request {
    cof_attester_form form;
    cof_view evidence;
    cof_view certificates; /* SEV-SNP: PEM, VCEK, ASK and ARK */
    cof_view runtime;      /* what the evidence is bound to; {NULL, 0}: none. Not of AZURE_GUEST */
    bool is_binary;        /* runtime is no JSON */
} cof_attester_request;

typedef struct cof_attester cof_attester;

/**
 * @param http      kept
 * @param services  base URLs, 1 to COF_ATTESTER_SERVICES; kept
 * @return COF_OK, COF_E_CONFIG, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_attester_new(cof_http_client *http, const char *const *services,
                                         size_t count, cof_attester **out, cof_err *err);

/**
 * Gets a token for evidence and appends it; of AZURE_GUEST, what only the guest's TPM can open.
 *
 * @param out_service  the base URL that gave it; may be NULL
 * @return COF_OK, COF_E_EVIDENCE_INVALID (refused), COF_E_UNAUTHORIZED, COF_E_REMOTE_ERROR,
 * COF_E_NETWORK, COF_E_TIMEOUT (no service could answer; err names the last), COF_E_BAD_FORMAT, …
 */
COF_MUST_USE cof_status cof_attester_token(cof_attester *attester,
                                           const cof_attester_request *request, cof_buf *out_token,
                                           const char **out_service, cof_err *err);

/** The service's keys, GET /certs, as JSON; service is one of the attester's. */
COF_MUST_USE cof_status cof_attester_keys(cof_attester *attester, const char *service, cof_buf *out,
                                          cof_err *err);

/** The body of a request, as it is sent; appended. */
COF_MUST_USE cof_status cof_attester_print(const cof_attester_request *request, cof_buf *out,
                                           cof_err *err);

void cof_attester_free(cof_attester *attester);
COF_OWNED(cof_attester, cof_attester_free);

#endif
