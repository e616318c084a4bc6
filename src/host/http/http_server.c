#include "host/http/http_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "host/http/http_server_internal.h"

enum { BACKLOG = 4096 };

static cof_http_server_options with_defaults(const cof_http_server_options *given)
{
    cof_http_server_options o = *given;
    o.header_bytes = o.header_bytes != 0 ? o.header_bytes : COF_LIMIT_HTTP_HEADER_BYTES;
    o.body_bytes = o.body_bytes != 0 ? o.body_bytes : COF_LIMIT_HTTP_BODY_BYTES;
    o.connections = o.connections != 0 ? o.connections : 512;
    o.connections_per_address = o.connections_per_address != 0 ? o.connections_per_address : 256;
    o.request_ms = o.request_ms != 0 ? o.request_ms : 10000;
    o.idle_ms = o.idle_ms != 0 ? o.idle_ms : 60000;
    return o;
}

static cof_status make_tls(cof_http_server *server, cof_err *err)
{
    server->tls = SSL_CTX_new(TLS_server_method());
    if (server->tls == NULL) {
        return COF_FAIL(err, NO_MEMORY, "TLS");
    }
    SSL_CTX_set_options(server->tls, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                         SSL_OP_CIPHER_SERVER_PREFERENCE |
                                         SSL_OP_IGNORE_UNEXPECTED_EOF);
    if (SSL_CTX_set_min_proto_version(server->tls, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(server->tls, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1) {
        return COF_FAIL(err, CRYPTO, "TLS settings");
    }
    if (SSL_CTX_use_certificate_chain_file(server->tls, server->options.certificate_path) != 1 ||
        SSL_CTX_use_PrivateKey_file(server->tls, server->options.key_path, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(server->tls) != 1) {
        return COF_FAIL(err, CONFIG, "the certificate %s and the key %s are not usable",
                        server->options.certificate_path, server->options.key_path);
    }
    return COF_OK;
}

/* A socket that listens; accepted connections inherit TCP_NODELAY, without which each small TLS
 * answer waits 40 ms. */
static cof_status open_socket(const char *address, uint16_t port, int *out_fd, cof_err *err)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } name = {0};
    socklen_t size = 0;
    if (inet_pton(AF_INET, address, &name.v4.sin_addr) == 1) {
        name.v4.sin_family = AF_INET;
        name.v4.sin_port = htons(port);
        size = sizeof name.v4;
    } else if (inet_pton(AF_INET6, address, &name.v6.sin6_addr) == 1) {
        name.v6.sin6_family = AF_INET6;
        name.v6.sin6_port = htons(port);
        size = sizeof name.v6;
    } else {
        return COF_FAIL(err, BAD_ARGUMENT, "%s is not a numeric address", address);
    }
    const int fd = socket(name.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return COF_FAIL(err, NETWORK, "socket for %s: %s", address, strerror(errno));
    }
    const int on = 1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (name.any.sa_family == AF_INET6) {
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    }
    if (bind(fd, &name.any, size) != 0 || listen(fd, BACKLOG) != 0) {
        const int reason = errno;
        (void)close(fd);
        if (reason == EADDRINUSE) {
            return COF_FAIL(err, BUSY, "port %u of %s is taken", port, address);
        }
        return COF_FAIL(err, NETWORK, "listen on %s port %u: %s", address, port, strerror(reason));
    }
    *out_fd = fd;
    return COF_OK;
}

static cof_status add_listener(cof_http_server *server, const char *address, uint16_t port,
                               cof_err *err)
{
    int fd = -1;
    COF_TRY(open_socket(address, port, &fd, err));
    struct evconnlistener *listener = evconnlistener_new(
        server->base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
    if (listener == NULL) {
        (void)close(fd);
        return COF_FAIL(err, NO_MEMORY, "listener");
    }
    if (evhttp_bind_listener(server->http, listener) == NULL) {
        evconnlistener_free(listener);
        return COF_FAIL(err, NO_MEMORY, "listener");
    }
    server->listeners[server->listener_count++] = listener;
    return COF_OK;
}

static cof_status listen_all(cof_http_server *server, cof_err *err)
{
    const char *address = server->options.address != NULL ? server->options.address : "127.0.0.1";
    COF_TRY(add_listener(server, address, server->options.port, err));
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } name = {.v6 = {0}};
    socklen_t size = sizeof name;
    if (getsockname(evconnlistener_get_fd(server->listeners[0]), &name.any, &size) != 0) {
        return COF_FAIL(err, NETWORK, "socket name: %s", strerror(errno));
    }
    server->port = ntohs(name.any.sa_family == AF_INET6 ? name.v6.sin6_port : name.v4.sin_port);
    if (server->options.address == NULL) {
        /* "localhost" is ::1 first for many clients. A host without IPv6 is served on 127.0.0.1
         * alone; a port that somebody else has on ::1 is refused, else clients would reach that
         * program under our name. */
        cof_err second;
        if (add_listener(server, "::1", server->port, &second) != COF_OK &&
            second.status == COF_E_BUSY) {
            *err = second;
            return COF_E_BUSY;
        }
    }
    return COF_OK;
}

static cof_status make_http(cof_http_server *server, cof_err *err)
{
    const cof_http_server_options *o = &server->options;
    server->base = event_base_new();
    server->http = server->base != NULL ? evhttp_new(server->base) : NULL;
    if (server->http == NULL) {
        return COF_FAIL(err, NO_MEMORY, "event loop");
    }
    server->retry_accept = evtimer_new(server->base, cof_http_connection_retry, server);
    if (server->retry_accept == NULL) {
        return COF_FAIL(err, NO_MEMORY, "event");
    }
    evhttp_set_max_headers_size(server->http, (ev_ssize_t)o->header_bytes);
    evhttp_set_max_body_size(server->http, (ev_ssize_t)o->body_bytes);
    evhttp_set_default_content_type(server->http, NULL);
    evhttp_set_allowed_methods(server->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST |
                                                 EVHTTP_REQ_PUT | EVHTTP_REQ_PATCH |
                                                 EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS);
    /* Longer than ours: evhttp's own time-out is a second line only. */
    evhttp_set_timeout(server->http, (int)((o->idle_ms + o->request_ms) / 1000 + 5));
    evhttp_set_bevcb(server->http, cof_http_connection_accept, server);
    evhttp_set_gencb(server->http, cof_http_dispatch, server);
    return COF_OK;
}

cof_status cof_http_server_new(const cof_http_server_options *options, cof_http_server **out,
                               cof_err *err)
{
    COF_TRY(cof_http_connection_start(err));
    COF_CLEANUP(cof_http_server_drop_) cof_http_server *server = calloc(1, sizeof *server);
    if (server == NULL) {
        return COF_FAIL(err, NO_MEMORY, "server");
    }
    server->options = with_defaults(options);
    COF_TRY(make_tls(server, err));
    COF_TRY(make_http(server, err));
    COF_TRY(cof_http_connection_prepare(server, err));
    COF_TRY(listen_all(server, err));
    server->options.address = server->options.certificate_path = server->options.key_path = NULL;
    *out = cof_http_server_take(&server);
    return COF_OK;
}

cof_status cof_http_server_add(cof_http_server *server, const cof_http_route *routes, size_t count,
                               void *context, cof_err *err)
{
    if (server->table_count == COF_HTTP_TABLES) {
        return COF_FAIL(err, LIMIT, "more than %d route tables", COF_HTTP_TABLES);
    }
    server->tables[server->table_count++] = (cof_http_table){routes, count, context};
    return COF_OK;
}

uint16_t cof_http_server_port(const cof_http_server *server)
{
    return server->port;
}

struct event_base *cof_http_server_base(cof_http_server *server)
{
    return server->base;
}

/* libevent turns signals into events of the loop, so this runs in the loop, not in a signal
 * handler. */
static void on_signal(evutil_socket_t number, short what, void *server)
{
    (void)number, (void)what;
    cof_http_server_stop(server);
}

cof_status cof_http_server_stop_on_signals(cof_http_server *server, cof_err *err)
{
    static const int numbers[2] = {SIGTERM, SIGINT};
    (void)signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < 2; i++) {
        server->signals[i] = evsignal_new(server->base, numbers[i], on_signal, server);
        if (server->signals[i] == NULL || evsignal_add(server->signals[i], NULL) != 0) {
            return COF_FAIL(err, NO_MEMORY, "signal event");
        }
    }
    return COF_OK;
}

static void on_lifeline(evutil_socket_t fd, short what, void *server)
{
    (void)what;
    char ignored[64];
    const ssize_t size = read(fd, ignored, sizeof ignored);
    if (size == 0 || (size < 0 && errno != EINTR && errno != EAGAIN)) {
        cof_http_server_stop(server);
    }
}

cof_status cof_http_server_stop_at_end_of(cof_http_server *server, int fd, cof_err *err)
{
    server->lifeline = event_new(server->base, fd, EV_READ | EV_PERSIST, on_lifeline, server);
    if (server->lifeline == NULL || event_add(server->lifeline, NULL) != 0) {
        return COF_FAIL(err, BAD_ARGUMENT, "descriptor %d cannot be watched", fd);
    }
    return COF_OK;
}

cof_status cof_http_server_run(cof_http_server *server, cof_err *err)
{
    if (event_base_dispatch(server->base) < 0) {
        return COF_FAIL(err, INTERNAL, "event loop");
    }
    return COF_OK;
}

void cof_http_server_stop(cof_http_server *server)
{
    (void)event_base_loopbreak(server->base);
}

void cof_http_server_free(cof_http_server *server)
{
    if (server == NULL) {
        return;
    }
    if (server->http != NULL) {
        evhttp_free(server->http); /* with its listeners and connections */
    }
    cof_http_connection_discard(server);
    struct event *events[] = {server->signals[0], server->signals[1], server->lifeline,
                              server->retry_accept};
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        if (events[i] != NULL) {
            event_free(events[i]);
        }
    }
    if (server->base != NULL) {
        /* bufferevents free themselves in the loop, later: let them, while the server's lists still
         * exist. */
        (void)event_base_loop(server->base, EVLOOP_NONBLOCK);
        event_base_free(server->base);
    }
    SSL_CTX_free(server->tls);
    free(server);
}
