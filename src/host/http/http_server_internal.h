/* What the server's files share. Nobody else includes this. */
#ifndef COF_HOST_HTTP_SERVER_INTERNAL_H
#define COF_HOST_HTTP_SERVER_INTERNAL_H

#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <openssl/ssl.h>

#include "host/http/http_server.h"

enum { COF_HTTP_TABLES = 16, COF_HTTP_LISTENERS = 2 };

typedef struct cof_http_connection cof_http_connection;

typedef struct cof_http_table {
    const cof_http_route *routes;
    size_t count;
    void *context;
} cof_http_table;

struct cof_http_server {
    cof_http_server_options options; /* texts are not kept */
    struct event_base *base;
    struct evhttp *http;
    SSL_CTX *tls;
    struct evconnlistener *listeners[COF_HTTP_LISTENERS]; /* owned by http once bound */
    size_t listener_count;
    uint16_t port;
    struct event *signals[2];
    struct event *lifeline;
    struct event *retry_accept;
    cof_http_table tables[COF_HTTP_TABLES];
    size_t table_count;
    cof_http_connection *connections; /* all that are open */
    unsigned connection_count;
    cof_http_connection *next; /* made before it is accepted */
};

/* http_connection.c */

/** Makes the object of the next connection, TLS state included. */
COF_MUST_USE cof_status cof_http_connection_prepare(cof_http_server *server, cof_err *err);
/** evhttp's callback: hands out the prepared connection. Never gives NULL. */
struct bufferevent *cof_http_connection_accept(struct event_base *base, void *context);
/** Tries again to prepare a connection, and then to accept. */
void cof_http_connection_retry(evutil_socket_t fd, short what, void *context);
void cof_http_connection_discard(cof_http_server *server);
/** Registers how a connection is found from its TLS object; once in a process. */
COF_MUST_USE cof_status cof_http_connection_start(cof_err *err);

cof_http_connection *cof_http_connection_of(struct evhttp_request *request);
/** A whole request is there: no deadline while it is handled. */
void cof_http_connection_handling(cof_http_connection *connection);
/** The answer is on its way: it must be taken within the deadline. */
void cof_http_connection_answering(cof_http_connection *connection);
/** The answer was taken: the connection may wait for the next request. */
void cof_http_connection_idle(cof_http_connection *connection);

/* http_check.c */

/** Refuses a request whose framing could be read in two ways. @return COF_OK, COF_E_BAD_ARGUMENT.
 */
COF_MUST_USE cof_status cof_http_check_headers(const struct evkeyvalq *headers, cof_err *err);

/* http_route.c */

/** A path, split and decoded. */
typedef struct cof_http_path {
    cof_buf text;
    const char *segments[COF_LIMIT_URL_SEGMENTS];
    size_t count;
} cof_http_path;

/** Splits a path that begins with "/". @return COF_OK, COF_E_BAD_ARGUMENT (".", "..", a slash,
 * backslash or control character in a segment), COF_E_LIMIT. */
COF_MUST_USE cof_status cof_http_path_parse(cof_view text, cof_http_path *path, cof_err *err);
void cof_http_path_free(cof_http_path *path);

/** Does the path fit the pattern? Then out_segments has the placeholders' values. */
bool cof_http_path_match(const cof_http_path *path, const char *pattern,
                         const char *out_segments[static COF_LIMIT_URL_SEGMENTS],
                         size_t *out_count);

/* http_dispatch.c */

/** evhttp's callback for every request. */
void cof_http_dispatch(struct evhttp_request *raw, void *context);

/* http_stream.c */

COF_MUST_USE cof_status cof_http_stream_open(struct evhttp_request *request,
                                             cof_http_response *response, const char *phrase,
                                             struct evbuffer *first, cof_err *err);

#endif
