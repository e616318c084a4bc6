/*
 * An HTTPS server for our services, on libevent's evhttp: TLS 1.2 and 1.3 only, one thread, one
 * event loop.
 *
 * What it does beside evhttp, and why, is in docs/decisions/008-what-the-http-server-adds.md: it
 * never speaks plain text on the TLS port, gives every request an absolute deadline, refuses
 * requests whose end could be read in two ways, and counts connections.
 */
#ifndef COF_HOST_HTTP_SERVER_H
#define COF_HOST_HTTP_SERVER_H

#include <stdint.h>

#include "host/http/http_message.h"

struct event_base;

typedef struct cof_http_server cof_http_server;

/** What a finished request was, for logs and metrics. Borrowed. */
typedef struct cof_http_record {
    const char *method;
    const char *pattern; /* the route's, "" when none fits */
    const char *peer;
    const char *id;
    int status;
    uint64_t duration_us; /* of the handler */
} cof_http_record;

/** Options; what is zero gets the default named. Texts are copied. */
typedef struct cof_http_server_options {
    const char *address;              /* numeric; NULL: 127.0.0.1, and ::1 where the host has it */
    uint16_t port;                    /* 0: any that is free */
    const char *certificate_path;     /* PEM: leaf, then intermediates */
    const char *key_path;             /* PEM */
    size_t header_bytes;              /* COF_LIMIT_HTTP_HEADER_BYTES */
    size_t body_bytes;                /* COF_LIMIT_HTTP_BODY_BYTES */
    unsigned connections;             /* 512 */
    unsigned connections_per_address; /* 256 */
    unsigned
        request_ms;   /* 10000: from a request's first byte to its last, and again for the answer */
    unsigned idle_ms; /* 60000: between two requests of a connection */

    /* Makes the answer for a failure; NULL: cof_http_response_error with the status table's http,
     * name and text. */
    cof_status (*write_error)(void *context, const cof_http_request *request,
                              cof_http_response *response, int http_status, const cof_err *failure,
                              cof_err *err);
    void (*observe)(void *context, const cof_http_record *record); /* NULL: nobody is told */
    void *context;                                                 /* kept: of the two above */
} cof_http_server_options;

/**
 * Makes a server, its event loop and its listening sockets; connections are accepted once it runs.
 *
 * @return COF_OK, COF_E_BUSY (the port is taken), COF_E_CONFIG (certificate or key), COF_E_NETWORK,
 * COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_http_server_new(const cof_http_server_options *options,
                                            cof_http_server **out, cof_err *err);

/** Adds a table of routes. kept: routes and context, as long as the server. @return COF_OK,
 * COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_http_server_add(cof_http_server *server, const cof_http_route *routes,
                                            size_t count, void *context, cof_err *err);

uint16_t cof_http_server_port(const cof_http_server *server);

/** The event loop, for further sockets, timers and signals of the same program. Borrowed. */
struct event_base *cof_http_server_base(cof_http_server *server);

/** Makes SIGTERM and SIGINT stop the server, and ignores SIGPIPE. */
COF_MUST_USE cof_status cof_http_server_stop_on_signals(cof_http_server *server, cof_err *err);

/** Makes the server stop when this descriptor reaches its end. kept: fd, not closed. */
COF_MUST_USE cof_status cof_http_server_stop_at_end_of(cof_http_server *server, int fd,
                                                       cof_err *err);

/** Serves until something stops it. @return COF_OK, COF_E_INTERNAL. */
COF_MUST_USE cof_status cof_http_server_run(cof_http_server *server, cof_err *err);

/** Ends cof_http_server_run after the event at hand. From the same thread; signals use the function
 * above. */
void cof_http_server_stop(cof_http_server *server);

void cof_http_server_free(cof_http_server *server);
COF_OWNED(cof_http_server, cof_http_server_free);

#endif
