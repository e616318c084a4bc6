/*
 * One request to Blob Storage under way, several at once: built, authorized, sent, sent again,
 * turned to the second region where that is allowed, and judged. blob.h has the operations.
 *
 * A read (GET, HEAD) that the first region does not answer (no connection, no answer in time, 500,
 * 502, 503, 504) is asked of the second; when that has nothing (404: not copied there yet) or fails
 * too, the first one's failure stands.
 */
#ifndef COF_HOST_AZURE_BLOB_CALL_H
#define COF_HOST_AZURE_BLOB_CALL_H

#include "host/azure/storage_auth.h"
#include "host/azure/storage_place.h"
#include "host/http/http_transfer.h"

#define COF_STORAGE_VERSION "2021-12-02" /* x-ms-version */

enum { COF_BLOB_PAIRS = 12 };

typedef struct cof_blob_client {
    cof_storage_place place;
    cof_storage_place secondary;
    bool has_secondary;
    cof_storage_auth auth;
    cof_transfers *transfers;
    unsigned long sent; /* requests so far, without repetitions */
} cof_blob_client;

/** What is asked. Texts and bytes are borrowed: the texts until cof_blob_call_start returns, body
 * and into until the call is done. */
typedef struct cof_blob_request {
    const char *method;
    const char *blob;                    /* whole name; NULL: the container */
    bool is_account;                     /* the account instead */
    cof_http_pair query[COF_BLOB_PAIRS]; /* rows with name NULL are left out */
    cof_http_pair headers[COF_BLOB_PAIRS];
    cof_view body;
    const char *content_type;
    cof_span into;
    size_t answer_limit;
} cof_blob_request;

typedef struct cof_blob_call cof_blob_call;

/** Starts. @return COF_OK, COF_E_BAD_ARGUMENT, COF_E_NO_MEMORY, or as cof_credential_token. */
COF_MUST_USE cof_status cof_blob_call_start(cof_blob_client *client,
                                            const cof_blob_request *request, cof_blob_call **out,
                                            cof_err *err);
/** Is there an answer, of whatever kind? */
bool cof_blob_call_is_done(const cof_blob_call *call);
/**
 * Waits for the answer and judges it. @return COF_OK (2xx), NOT_FOUND, EXISTS, BUSY (a lease, or a
 * condition is not met), FORBIDDEN, UNAUTHORIZED, …: docs/formats/storage.md; err has the
 * service's code and what to do.
 */
COF_MUST_USE cof_status cof_blob_call_wait(cof_blob_call *call, cof_err *err);
/** Of a call that was waited for. */
const cof_http_answer *cof_blob_call_answer(const cof_blob_call *call);
/** Bytes in request.into. */
size_t cof_blob_call_received(const cof_blob_call *call);
/** The service's code of a refusal, else "". */
const char *cof_blob_call_code(const cof_blob_call *call);

/** Gives up a call that is under way. */
void cof_blob_call_free(cof_blob_call *call);
COF_OWNED(cof_blob_call, cof_blob_call_free);

/** Start, wait: for one call alone. *out is the caller's on success. */
COF_MUST_USE cof_status cof_blob_call_run(cof_blob_client *client, const cof_blob_request *request,
                                          cof_blob_call **out, cof_err *err);

/** What a refusal of this HTTP status and code means; fills err. */
COF_MUST_USE cof_status cof_storage_refusal(int http_status, const char *code, const char *what,
                                            cof_err *err);

#endif
