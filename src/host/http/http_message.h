/*
 * What a handler gets and gives: a request that has passed every check of its form, and an answer.
 */
#ifndef COF_HOST_HTTP_MESSAGE_H
#define COF_HOST_HTTP_MESSAGE_H

#include <jansson.h>

#include "host/http/form.h"
#include "tcb/base/buf.h"
#include "tcb/base/limits.h"

enum { COF_HTTP_ID_SIZE = 37 }; /* a GUID's text and a NUL */

/** A request; everything is borrowed for the call of the handler. */
typedef struct cof_http_request {
    const char *method;          /* "GET" */
    const char *path;            /* as sent, without the query */
    const char *const *segments; /* decoded, for the placeholders of the route's pattern, in order;
                                    "" for one left out */
    size_t segment_count;
    const cof_form *query;
    cof_view body;
    const char *peer;                 /* "127.0.0.1" */
    char id[COF_HTTP_ID_SIZE];        /* made by the server for this request */
    const char *client_id;            /* x-ms-client-request-id when it is sane, else NULL */
    const struct evkeyvalq *headers_; /* use cof_http_request_header */
} cof_http_request;

/** A header field's value (names without regard to case), or NULL. */
const char *cof_http_request_header(const cof_http_request *request, const char *name);

/**
 * An answer that goes on after the handler has returned: server-sent events. Lives until closed is
 * called. Make what the stream needs in opened: a HEAD request, or a lack of memory, ends an answer
 * before it.
 */
typedef struct cof_http_stream cof_http_stream;

typedef struct cof_http_stream_ops {
    void (*opened)(void *context,
                   cof_http_stream *stream); /* once, after the headers are on their way */
    void (*closed)(
        void *context,
        cof_http_stream *stream); /* once, whoever closed it; the stream is gone afterwards */
} cof_http_stream_ops;

/** Sends bytes. @return COF_OK, COF_E_BUSY (the reader is too slow: more than
 * COF_LIMIT_HTTP_BODY_BYTES wait), COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_http_stream_send(cof_http_stream *stream, cof_view bytes, cof_err *err);

/** Ends the answer: calls closed before it returns. */
void cof_http_stream_close(cof_http_stream *stream);

/** An answer. Zeroed by the server before the handler is called, with status 200 and body's limit
 * set. */
typedef struct cof_http_response {
    int status;
    cof_buf body;
    const char *content_type;          /* static; NULL means there is no body */
    const cof_http_stream_ops *stream; /* when set, body is the beginning of a stream */
    void *stream_context;
    cof_http_pair headers_[COF_LIMIT_HTTP_HEADERS]; /* owned; use cof_http_response_header */
    size_t header_count_;
} cof_http_response;

/** Adds a header field. @return COF_OK, COF_E_BAD_ARGUMENT (a name or value that could break the
 * header), COF_E_LIMIT, COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_http_response_header(cof_http_response *response, const char *name,
                                                 const char *value, cof_err *err);

/** Makes the body this JSON, with its content type. Takes body over, which may be NULL
 * (COF_E_NO_MEMORY). */
COF_MUST_USE cof_status cof_http_response_json(cof_http_response *response, int status,
                                               json_t *body, cof_err *err);

/** Makes the body {"error":{"code","message"}} or, with inner,
 * {"error":{…,"innererror":{"code":inner}}}, as Azure's services do. */
COF_MUST_USE cof_status cof_http_response_error(cof_http_response *response, int status,
                                                const char *code, const char *message,
                                                const char *inner, cof_err *err);

/** Empties the answer (wipes the body) so that another can take its place. */
void cof_http_response_clear(cof_http_response *response);

/** One handler. On failure the server's error writer makes the answer from the status. */
typedef cof_status (*cof_http_handler)(void *context, const cof_http_request *request,
                                       cof_http_response *response, cof_err *err);

/**
 * One row of a service's table. pattern is segments of "/": a literal (compared without regard to
 * case), "{name}" for exactly one segment that is not empty, "{name?}" for one that may be empty. A
 * single "/" at the end of a request's path is ignored.
 */
typedef struct cof_http_route {
    const char *method;
    const char *pattern;
    cof_http_handler handler;
} cof_http_route;

/** A random version 4 GUID in lower case. */
COF_MUST_USE cof_status cof_http_make_id(char out[static COF_HTTP_ID_SIZE], cof_err *err);

#endif
