/* The server of test_http.c: its routes, and a fault of memory that a client can ask for. */
#ifndef COF_TEST_HTTP_SERVER_FIXTURE_H
#define COF_TEST_HTTP_SERVER_FIXTURE_H

#include "harness/cof_test.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness/cof_tempdir.h"
#include "host/files/files.h"
#include "host/http/http_client.h"
#include "host/http/http_server.h"
#include "local/ca/cert.h"
#include "tcb/crypto/ec.h"

enum { REQUEST_MS = 400, IDLE_MS = 600 };

typedef struct fixture {
    char folder[COF_TEMPDIR_SIZE];
    cof_path certificate;
    cof_path key;
    pid_t child;
    uint16_t port;
    cof_http_client *client;
} fixture;

/* The next so many TLS objects cannot be made: in the child, by its own request. */
static unsigned failing_tls_objects;

SSL *__real_SSL_new(SSL_CTX *context);
SSL *__wrap_SSL_new(SSL_CTX *context);
SSL *__wrap_SSL_new(SSL_CTX *context)
{
    if (failing_tls_objects > 0) {
        failing_tls_objects--;
        return NULL;
    }
    return __real_SSL_new(context);
}

static cof_status get_echo(void *context, const cof_http_request *request,
                           cof_http_response *response, cof_err *err)
{
    (void)context;
    const char *agent = cof_http_request_header(request, "x-said");
    const char *word = cof_form_get(request->query, "word");
    return cof_http_response_json(
        response, 200,
        json_pack("{s:s,s:s,s:s*,s:s*,s:s%}", "method", request->method, "name",
                  request->segments[0], "said", agent, "word", word, "body",
                  request->body.data != NULL ? (const char *)request->body.data : "",
                  request->body.size),
        err);
}

static cof_status get_failure(void *context, const cof_http_request *request,
                              cof_http_response *response, cof_err *err)
{
    (void)context, (void)response, (void)request;
    return COF_FAIL(err, CRYPTO, "a detail that nobody else is to see");
}

static cof_status get_big(void *context, const cof_http_request *request,
                          cof_http_response *response, cof_err *err)
{
    (void)context, (void)request;
    uint8_t *place = NULL;
    response->content_type = "application/octet-stream";
    COF_TRY(cof_buf_extend(&response->body, 300000, &place, err));
    memset(place, 'x', 300000);
    return COF_OK;
}

/* Fails twice with 503, then answers. */
static cof_status post_flaky(void *context, const cof_http_request *request,
                             cof_http_response *response, cof_err *err)
{
    (void)request;
    unsigned *count = context;
    if ((*count)++ % 3 != 2) {
        COF_TRY(cof_http_response_header(response, "Retry-After-Ms", "10", err));
        return cof_http_response_error(response, 503, "ServerBusy", "later", NULL, err);
    }
    return cof_http_response_json(response, 200, json_object(), err);
}

static cof_status get_slow(void *context, const cof_http_request *request,
                           cof_http_response *response, cof_err *err)
{
    (void)context, (void)request;
    (void)poll(NULL, 0, 700);
    return cof_http_response_json(response, 200, json_object(), err);
}

static cof_status get_redirect(void *context, const cof_http_request *request,
                               cof_http_response *response, cof_err *err)
{
    (void)context, (void)request;
    response->status = 302;
    return cof_http_response_header(response, "Location", "/echo/elsewhere", err);
}

static cof_status post_no_memory(void *context, const cof_http_request *request,
                                 cof_http_response *response, cof_err *err)
{
    (void)context, (void)request;
    failing_tls_objects = 3;
    return cof_http_response_json(response, 200, json_object(), err);
}

/* Three events, one each time the timer fires, then the end. */
typedef struct ticker {
    struct event *timer;
    cof_http_stream *stream;
    int count;
    int closed;
} ticker;

static void on_tick(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    ticker *t = context;
    if (cof_http_stream_send(t->stream, cof_view_text("data: tick\n\n"), NULL) != COF_OK ||
        ++t->count % 3 == 0) {
        cof_http_stream_close(t->stream);
        return;
    }
    (void)evtimer_add(t->timer, &(struct timeval){.tv_usec = 200000});
}

static void on_opened(void *context, cof_http_stream *stream)
{
    ticker *t = context;
    t->stream = stream;
    (void)evtimer_add(t->timer, &(struct timeval){.tv_usec = 200000});
}

static void on_closed(void *context, cof_http_stream *stream)
{
    (void)stream;
    ticker *t = context;
    (void)evtimer_del(t->timer);
    t->closed++;
}

static const cof_http_stream_ops ticker_ops = {on_opened, on_closed};

static cof_status get_stream(void *context, const cof_http_request *request,
                             cof_http_response *response, cof_err *err)
{
    (void)request;
    response->content_type = "text/event-stream";
    response->stream = &ticker_ops;
    response->stream_context = context;
    return cof_buf_append_text(&response->body, "data: first\n\n", err);
}

static cof_status get_closed(void *context, const cof_http_request *request,
                             cof_http_response *response, cof_err *err)
{
    (void)request;
    return cof_http_response_json(response, 200,
                                  json_pack("{s:i}", "closed", ((ticker *)context)->closed), err);
}

static const cof_http_route routes[] = {
    {"GET", "/echo/{name}", get_echo},
    {"POST", "/echo/{name}", get_echo},
    {"GET", "/failure", get_failure},
    {"GET", "/big", get_big},
    {"GET", "/slow", get_slow},
    {"GET", "/redirect", get_redirect},
    {"POST", "/no-memory", post_no_memory},
};
static const cof_http_route flaky_routes[] = {{"POST", "/flaky", post_flaky}};
static const cof_http_route stream_routes[] = {{"GET", "/stream", get_stream},
                                               {"GET", "/closed", get_closed}};

static cof_status serve(const fixture *f, int ready, cof_err *err)
{
    COF_CLEANUP(cof_http_server_drop_) cof_http_server *server = NULL;
    unsigned flaky = 0;
    ticker t = {0};
    const cof_http_server_options options = {.certificate_path = f->certificate.text,
                                             .key_path = f->key.text,
                                             .request_ms = REQUEST_MS,
                                             .idle_ms = IDLE_MS,
                                             .connections = 8,
                                             .connections_per_address = 6};
    COF_TRY(cof_http_server_new(&options, &server, err));
    t.timer = evtimer_new(cof_http_server_base(server), on_tick, &t);
    COF_TRY(cof_http_server_add(server, routes, sizeof routes / sizeof routes[0], NULL, err));
    COF_TRY(cof_http_server_add(server, flaky_routes, 1, &flaky, err));
    COF_TRY(cof_http_server_add(server, stream_routes, 2, &t, err));
    COF_TRY(cof_http_server_stop_on_signals(server, err));
    const uint16_t port = cof_http_server_port(server);
    if (write(ready, &port, sizeof port) != (ssize_t)sizeof port) {
        return COF_E_IO;
    }
    const cof_status status = cof_http_server_run(server, err);
    event_free(t.timer);
    return status;
}

#endif
