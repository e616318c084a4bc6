/* One call of the access API, admitted: what its operations share. */
#ifndef COF_LOCAL_ACCESS_CALL_H
#define COF_LOCAL_ACCESS_CALL_H

#include "local/identity/access_api.h"
#include "local/identity/access_edit.h"
#include "local/identity/directory_edit.h"

enum { COF_ACCESS_MEMBERS = 6 };

typedef struct cof_access_call {
    const cof_access_parts *parts;
    const cof_http_request *request;
    cof_http_response *response;
    const char *caller; /* object id */
    const json_t *body; /* of a change: an object with no other members than the row's; else NULL */
} cof_access_call;

/** What a row of the tables shows and changes: whose revision is the ETag. */
typedef enum cof_access_subject { COF_ACCESS_DIRECTORY, COF_ACCESS_GRANTS } cof_access_subject;

/** One operation. */
typedef struct cof_access_operation {
    const char *name; /* in the audit trail, of a change; NULL: it only reads */
    cof_access_subject subject;
    const char *members[COF_ACCESS_MEMBERS]; /* that a body may have, ended by NULL */
    cof_status (*run)(const cof_access_call *call, cof_err *err);
} cof_access_operation;

/** Admits the caller, checks the request's form, records a change, runs it, and answers failures.
 */
COF_MUST_USE cof_status cof_access_run(void *context, const cof_http_request *request,
                                       cof_http_response *response,
                                       const cof_access_operation *operation, cof_err *err);

/** Names a handler of a route. */
#define COF_ACCESS_ROUTE(function, operation)                                                      \
    static cof_status function(void *context, const cof_http_request *request,                     \
                               cof_http_response *response, cof_err *err)                          \
    {                                                                                              \
        return cof_access_run(context, request, response, &(operation), err);                      \
    }                                                                                              \
    struct cof_access_semicolon_

/** The principal of a kind that the path's first placeholder names, by name or object id. @return
 * COF_OK, COF_E_NOT_FOUND. */
COF_MUST_USE cof_status cof_access_find_named(const cof_access_call *call, cof_principal_kind kind,
                                              cof_principal *out, cof_err *err);
/** Of any kind. */
COF_MUST_USE cof_status cof_access_find_anybody(const cof_access_call *call, const char *name,
                                                cof_principal *out, cof_err *err);

/** A member of the body that need not be there: text, or a time. @return COF_OK (out is as it was
 * when the member is missing or null), COF_E_BAD_FORMAT. */
COF_MUST_USE cof_status cof_access_body_text(const cof_access_call *call, const char *key,
                                             size_t limit, const char **out, cof_err *err);
COF_MUST_USE cof_status cof_access_body_time(const cof_access_call *call, const char *key,
                                             int64_t *out, cof_err *err);

/** {"kind","name","object_id",…} without anything to guess a secret by. The caller owns it. */
COF_MUST_USE cof_status cof_access_show(const cof_directory *directory, const cof_principal *who,
                                        json_t **out, cof_err *err);
/** 200, or what is given, with that. */
COF_MUST_USE cof_status cof_access_answer(const cof_access_call *call, int status,
                                          const cof_principal *who, cof_err *err);
/** {"value":[…]} of all of a kind. */
COF_MUST_USE cof_status cof_access_answer_all(const cof_access_call *call, cof_principal_kind kind,
                                              cof_err *err);

/** Removes somebody with all grants, and answers 204. */
COF_MUST_USE cof_status cof_access_delete(const cof_access_call *call, const cof_principal *who,
                                          cof_err *err);

COF_MUST_USE cof_status cof_access_serve_apps(cof_access_parts *parts, cof_http_server *server,
                                              cof_err *err);
COF_MUST_USE cof_status cof_access_serve_people(cof_access_parts *parts, cof_http_server *server,
                                                cof_err *err);
COF_MUST_USE cof_status cof_access_serve_grants(cof_access_parts *parts, cof_http_server *server,
                                                cof_err *err);

#endif
