/*
 * Implementation notes
 *
 * evhttp asks for a bufferevent after it has accepted a connection, and serves plain text when it
 * gets NULL. So the object of the next connection, TLS state and all, is made *before* it is
 * accepted; while it cannot be made, nothing is accepted.
 *
 * evhttp's time-outs are for a silent peer only: one byte a second holds a connection for ever. So
 * each connection has one timer of ours: the handshake and first request, every later request from
 * its first byte, and every answer must be complete within request_ms; idle_ms is for the time in
 * between. When it fires, the socket is shut down, and evhttp, which owns the connection, sees its
 * end and frees it.
 *
 * A server that is full makes room: whoever has been silent the longest goes, and never a
 * connection whose request is being handled or answered. So connections that do nothing, however
 * many, keep nobody out. The list of connections is in order of their last sign of life, the newest
 * first.
 *
 * evhttp does not say when a connection ends, and does not give its socket when it begins. The end
 * is seen by the TLS object's ex_data, whose free function is called with it; the socket is looked
 * at by an event that is made active at once.
 */
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <string.h>
#include <sys/socket.h>

#include "host/http/http_server_internal.h"

enum { RETRY_MS = 100 };

struct cof_http_connection {
    cof_http_server *server;
    struct bufferevent *bev;
    struct event *accepted;
    struct event *deadline;
    struct in6_addr address;
    bool is_counted;
    bool is_idle;
    bool is_busy; /* a request is handled, or answered */
    bool is_shut; /* its end is on the way */
    cof_http_connection *previous;
    cof_http_connection *following;
};

static int connection_index =
    -1; /* of our ex_data in every TLS object; written once, before any thread */

static void unlink_connection(cof_http_connection *connection)
{
    cof_http_server *server = connection->server;
    if (!connection->is_counted) {
        return;
    }
    if (connection->previous != NULL) {
        connection->previous->following = connection->following;
    } else {
        server->connections = connection->following;
    }
    if (connection->following != NULL) {
        connection->following->previous = connection->previous;
    }
    connection->is_counted = false;
    server->connection_count--;
}

static void link_first(cof_http_connection *connection)
{
    cof_http_server *server = connection->server;
    connection->previous = NULL;
    connection->following = server->connections;
    if (connection->following != NULL) {
        connection->following->previous = connection;
    }
    server->connections = connection;
    connection->is_counted = true;
    server->connection_count++;
}

static void free_connection(cof_http_connection *connection)
{
    if (connection == NULL) {
        return;
    }
    unlink_connection(connection);
    if (connection->accepted != NULL) {
        event_free(connection->accepted);
    }
    if (connection->deadline != NULL) {
        event_free(connection->deadline);
    }
    free(connection);
}
COF_OWNED(cof_http_connection, free_connection);

static void on_tls_freed(void *tls, void *connection, CRYPTO_EX_DATA *data, int index, long argl,
                         void *argp)
{
    (void)tls, (void)data, (void)index, (void)argl, (void)argp;
    free_connection(connection);
}

cof_status cof_http_connection_start(cof_err *err)
{
    if (connection_index < 0) {
        connection_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, on_tls_freed);
    }
    return connection_index < 0 ? COF_FAIL(err, NO_MEMORY, "TLS index") : COF_OK;
}

static void set_deadline(cof_http_connection *connection, unsigned ms)
{
    const struct timeval delay = {.tv_sec = (time_t)(ms / 1000),
                                  .tv_usec = (suseconds_t)(ms % 1000) * 1000};
    (void)evtimer_add(connection->deadline, &delay);
}

static void shut_down(cof_http_connection *connection)
{
    connection->is_shut = true;
    const evutil_socket_t fd = bufferevent_getfd(connection->bev);
    if (fd >= 0) {
        (void)shutdown(fd, SHUT_RDWR);
    }
}

static void on_deadline(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    shut_down(context);
}

static void on_input(struct evbuffer *buffer, const struct evbuffer_cb_info *info, void *context)
{
    (void)buffer;
    cof_http_connection *connection = context;
    if (info->n_added > 0 && connection->is_idle) {
        connection->is_idle = false;
        set_deadline(connection, connection->server->options.request_ms);
    }
}

static bool read_address(evutil_socket_t fd, struct in6_addr *out)
{
    struct sockaddr_storage peer = {0};
    socklen_t size = sizeof peer;
    if (fd < 0 || getpeername(fd, (struct sockaddr *)&peer, &size) != 0) {
        return false;
    }
    *out = (struct in6_addr){0};
    if (peer.ss_family == AF_INET6) {
        memcpy(out, &((struct sockaddr_in6 *)&peer)->sin6_addr, sizeof *out);
    } else if (peer.ss_family == AF_INET) {
        memcpy(out, &((struct sockaddr_in *)&peer)->sin_addr, 4);
    }
    return true;
}

static bool is_same_address(const cof_http_connection *a, const cof_http_connection *b)
{
    return memcmp(&a->address, &b->address, sizeof a->address) == 0;
}

/* The one that has been silent the longest; with one address only, of that address. NULL: all are
 * busy. */
static cof_http_connection *find_silent(const cof_http_server *server,
                                        const cof_http_connection *newcomer, bool same_address)
{
    cof_http_connection *silent = NULL;
    for (cof_http_connection *c = server->connections; c != NULL; c = c->following) {
        if (c != newcomer && !c->is_busy && !c->is_shut &&
            (!same_address || is_same_address(c, newcomer))) {
            silent = c;
        }
    }
    return silent;
}

/* The socket is known now: count it, and make room when there are too many. */
static void on_accepted(evutil_socket_t unused, short what, void *context)
{
    (void)unused, (void)what;
    cof_http_connection *connection = context;
    cof_http_server *server = connection->server;
    unsigned same_address = 1;
    unsigned open = 1;
    if (!read_address(bufferevent_getfd(connection->bev), &connection->address)) {
        return;
    }
    for (const cof_http_connection *c = server->connections; c != NULL; c = c->following) {
        open += !c->is_shut;
        same_address += !c->is_shut && is_same_address(c, connection);
    }
    link_first(connection);
    const bool is_address_full = same_address > server->options.connections_per_address;
    if (is_address_full || open > server->options.connections) {
        cof_http_connection *silent = find_silent(server, connection, is_address_full);
        shut_down(silent != NULL ? silent : connection);
    }
}

static cof_status attach_tls(cof_http_connection *connection, cof_err *err)
{
    SSL *tls = SSL_new(connection->server->tls);
    if (tls == NULL) {
        return COF_FAIL(err, NO_MEMORY, "TLS connection");
    }
    struct bufferevent *bev = bufferevent_openssl_socket_new(
        connection->server->base, -1, tls, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
    if (bev == NULL) {
        SSL_free(tls);
        return COF_FAIL(err, NO_MEMORY, "TLS connection");
    }
    bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
    if (evbuffer_add_cb(bufferevent_get_input(bev), on_input, connection) == NULL ||
        SSL_set_ex_data(tls, connection_index, connection) != 1) {
        bufferevent_free(bev);
        return COF_FAIL(err, NO_MEMORY, "TLS connection");
    }
    connection->bev = bev;
    return COF_OK;
}

cof_status cof_http_connection_prepare(cof_http_server *server, cof_err *err)
{
    COF_CLEANUP(cof_http_connection_drop_)
    cof_http_connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) {
        return COF_FAIL(err, NO_MEMORY, "connection");
    }
    connection->server = server;
    connection->accepted = event_new(server->base, -1, 0, on_accepted, connection);
    connection->deadline = evtimer_new(server->base, on_deadline, connection);
    if (connection->accepted == NULL || connection->deadline == NULL) {
        return COF_FAIL(err, NO_MEMORY, "connection");
    }
    COF_TRY(attach_tls(connection, err));
    server->next = cof_http_connection_take(&connection); /* from here on the TLS object owns it */
    return COF_OK;
}

void cof_http_connection_discard(cof_http_server *server)
{
    if (server->next != NULL) {
        bufferevent_free(server->next->bev);
        server->next = NULL;
    }
}

struct bufferevent *cof_http_connection_accept(struct event_base *base, void *context)
{
    (void)base;
    cof_http_server *server = context;
    cof_http_connection *connection = server->next;
    if (connection == NULL) {
        abort(); /* NULL would make evhttp serve plain text: nothing is accepted without a prepared
                    connection */
    }
    server->next = NULL;
    event_active(connection->accepted, EV_TIMEOUT, 0);
    set_deadline(connection, server->options.request_ms);
    cof_http_connection_retry(-1, 0, server);
    return connection->bev;
}

void cof_http_connection_retry(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    cof_http_server *server = context;
    const bool is_ready = cof_http_connection_prepare(server, NULL) == COF_OK;
    for (size_t i = 0; i < server->listener_count; i++) {
        if (is_ready) {
            (void)evconnlistener_enable(server->listeners[i]);
        } else {
            (void)evconnlistener_disable(server->listeners[i]);
        }
    }
    if (!is_ready) {
        (void)evtimer_add(server->retry_accept, &(struct timeval){.tv_usec = RETRY_MS * 1000});
    }
}

cof_http_connection *cof_http_connection_of(struct evhttp_request *request)
{
    struct bufferevent *bev =
        evhttp_connection_get_bufferevent(evhttp_request_get_connection(request));
    return SSL_get_ex_data(bufferevent_openssl_get_ssl(bev), connection_index);
}

void cof_http_connection_handling(cof_http_connection *connection)
{
    connection->is_busy = true;
    (void)evtimer_del(connection->deadline);
}

void cof_http_connection_answering(cof_http_connection *connection)
{
    /* A handler may have taken a while: the loop's idea of now is from before it. */
    (void)event_base_update_cache_time(connection->server->base);
    set_deadline(connection, connection->server->options.request_ms);
}

void cof_http_connection_idle(cof_http_connection *connection)
{
    connection->is_idle = true;
    connection->is_busy = false;
    if (connection->is_counted) {
        unlink_connection(connection);
        link_first(connection);
    }
    set_deadline(connection, connection->server->options.idle_ms);
}
