/*
 * Implementation notes
 *
 * Who frees what, as evhttp has it: while the connection lives, it owns the request, and ending the
 * reply frees both in time. When the connection breaks first, evhttp takes the request off it (its
 * connection becomes NULL), calls our close callback, and leaves the request to us. When the server
 * is freed, the close callback comes while the request is still on the connection, and evhttp frees
 * it.
 */
#include <event2/buffer.h>
#include <event2/bufferevent.h>

#include "host/http/http_server_internal.h"

struct cof_http_stream {
    struct evhttp_request *request;
    struct evhttp_connection *connection;
    const cof_http_stream_ops *ops;
    void *context;
};

static void on_connection_closed(struct evhttp_connection *connection, void *context)
{
    (void)connection;
    cof_http_stream *stream = context;
    stream->ops->closed(stream->context, stream);
    if (evhttp_request_get_connection(stream->request) == NULL) {
        evhttp_send_reply_end(stream->request); /* has no connection: this only frees it */
    }
    free(stream);
}

static void on_sent(struct evhttp_request *request, void *connection)
{
    (void)request;
    cof_http_connection_idle(connection);
}

cof_status cof_http_stream_open(struct evhttp_request *request, cof_http_response *response,
                                const char *phrase, struct evbuffer *first, cof_err *err)
{
    cof_http_stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL) {
        return COF_FAIL(err, NO_MEMORY, "stream");
    }
    *stream = (cof_http_stream){.request = request,
                                .connection = evhttp_request_get_connection(request),
                                .ops = response->stream,
                                .context = response->stream_context};
    evhttp_connection_set_closecb(stream->connection, on_connection_closed, stream);
    evhttp_send_reply_start(request, response->status, phrase);
    if (evbuffer_get_length(first) > 0) {
        evhttp_send_reply_chunk(request, first);
    }
    stream->ops->opened(stream->context, stream);
    return COF_OK;
}

cof_status cof_http_stream_send(cof_http_stream *stream, cof_view bytes, cof_err *err)
{
    struct bufferevent *bev = evhttp_connection_get_bufferevent(stream->connection);
    if (evbuffer_get_length(bufferevent_get_output(bev)) > COF_LIMIT_HTTP_BODY_BYTES) {
        return COF_FAIL(err, BUSY, "the reader is too slow");
    }
    struct evbuffer *chunk = evbuffer_new();
    if (chunk == NULL || evbuffer_add(chunk, bytes.data, bytes.size) != 0) {
        if (chunk != NULL) {
            evbuffer_free(chunk);
        }
        return COF_FAIL(err, NO_MEMORY, "stream");
    }
    if (bytes.size > 0) {
        evhttp_send_reply_chunk(stream->request, chunk);
    }
    evbuffer_free(chunk);
    return COF_OK;
}

void cof_http_stream_close(cof_http_stream *stream)
{
    stream->ops->closed(stream->context, stream);
    evhttp_connection_set_closecb(stream->connection, NULL, NULL);
    cof_http_connection *connection = cof_http_connection_of(stream->request);
    cof_http_connection_answering(connection);
    evhttp_request_set_on_complete_cb(stream->request, on_sent, connection);
    evhttp_send_reply_end(stream->request);
    free(stream);
}
