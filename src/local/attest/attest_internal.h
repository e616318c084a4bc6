/* What the attestation service's files share. */
#ifndef COF_LOCAL_ATTEST_INTERNAL_H
#define COF_LOCAL_ATTEST_INTERNAL_H

#include "local/attest/attest.h"
#include "local/attest/kind.h"
#include "local/attest/policies.h"
#include "local/attest/signer.h"
#include "local/attest/signers.h"
#include "local/attest/warm.h"
#include "relying/verify/freshness.h"

struct cof_attest {
    cof_attest_options options;
    cof_root_pin roots[COF_ATTEST_ROOTS_MAX]; /* options.roots points here */
    cof_attest_signer *signer;
    cof_attest_policies *policies;
    cof_attest_signers *signers;
    cof_attest_warm warm;
    cof_freshness *seen; /* on the heap: it is large */
};

/** One call to the service. */
typedef struct cof_attest_call {
    cof_attest *attest;
    const cof_http_request *request;
    cof_http_response *response;
    const json_t *caller; /* the claims of its token; NULL: nobody in particular */
} cof_attest_call;

typedef cof_status (*cof_attest_operation)(cof_attest_call *call, cof_err *err);

/** Looks at the api-version, then calls. For what anybody may ask. */
COF_MUST_USE cof_status cof_attest_admit_anyone(void *context, const cof_http_request *request,
                                                cof_http_response *response,
                                                cof_attest_operation operation, cof_err *err);

/** Looks at the caller's token and grants, then at the api-version, then calls. */
COF_MUST_USE cof_status cof_attest_admit_action(void *context, const cof_http_request *request,
                                                cof_http_response *response, const char *action,
                                                cof_attest_operation operation, cof_err *err);

/** Answers 400 with this code. @param inner  a status's name; NULL: none */
COF_MUST_USE cof_status cof_attest_refuse(const cof_attest_call *call, const char *code,
                                          const char *message, const char *inner, cof_err *err);

/** Answers 200 {"token"} with claims signed by the service, beside iss, iat, nbf, exp, jti. @param
 * claims  taken over; NULL: they could not be made */
COF_MUST_USE cof_status cof_attest_answer(const cof_attest_call *call, json_t *claims,
                                          cof_err *err);

/** Appends a record of an administrator's act to the audit trail. @param more  further members,
 * taken over; NULL: none */
COF_MUST_USE cof_status cof_attest_record(const cof_attest_call *call, const char *action,
                                          const char *decision, const char *why, json_t *more,
                                          cof_err *err);

/** The kind in the path, without suffix (":reset"), which must be there. *out_found false: the
 * answer is written. */
COF_MUST_USE cof_status cof_attest_find_kind(const cof_attest_call *call, const char *suffix,
                                             cof_attest_kind *out, bool *out_found, cof_err *err);

/** Adds the routes of one room. */
COF_MUST_USE cof_status cof_attest_serve_evidence(cof_attest *attest, cof_http_server *server,
                                                  cof_err *err);
COF_MUST_USE cof_status cof_attest_serve_policies(cof_attest *attest, cof_http_server *server,
                                                  cof_err *err);
COF_MUST_USE cof_status cof_attest_serve_certificates(cof_attest *attest, cof_http_server *server,
                                                      cof_err *err);
COF_MUST_USE cof_status cof_attest_serve_metadata(cof_attest *attest, cof_http_server *server,
                                                  cof_err *err);

/** Names a handler of a route that anybody, or callers who may do this, may use. */
#define COF_ATTEST_OPEN(function, operation)                                                       \
    static cof_status function(void *context, const cof_http_request *request,                     \
                               cof_http_response *response, cof_err *err)                          \
    {                                                                                              \
        return cof_attest_admit_anyone(context, request, response, operation, err);                \
    }                                                                                              \
    struct cof_attest_semicolon_

#define COF_ATTEST_ACTION(function, action, operation)                                             \
    static cof_status function(void *context, const cof_http_request *request,                     \
                               cof_http_response *response, cof_err *err)                          \
    {                                                                                              \
        return cof_attest_admit_action(context, request, response, action, operation, err);        \
    }                                                                                              \
    struct cof_attest_semicolon_

#endif
