#include <ctype.h>
#include <event2/buffer.h>
#include <string.h>
#include <time.h>

#include "host/http/http_server_internal.h"
#include "tcb/base/wipe.h"

typedef struct exchange {
    cof_http_server *server;
    struct evhttp_request *raw;
    cof_http_request request;
    cof_http_response response;
    cof_http_path path;
    cof_form *query;
    const char *segments[COF_LIMIT_URL_SEGMENTS];
    const cof_http_route *route;
    void *route_context;
    char allow[64]; /* the methods of the routes that fit the path */
    uint64_t duration_us;
} exchange;

static const char *method_name(enum evhttp_cmd_type type)
{
    switch (type) {
    case EVHTTP_REQ_GET:
        return "GET";
    case EVHTTP_REQ_HEAD:
        return "HEAD";
    case EVHTTP_REQ_POST:
        return "POST";
    case EVHTTP_REQ_PUT:
        return "PUT";
    case EVHTTP_REQ_PATCH:
        return "PATCH";
    case EVHTTP_REQ_DELETE:
        return "DELETE";
    case EVHTTP_REQ_OPTIONS:
        return "OPTIONS";
    case EVHTTP_REQ_TRACE:
    case EVHTTP_REQ_CONNECT:
    default:
        return "?";
    }
}

static const char *phrase_of(int status)
{
    static const struct {
        int status;
        const char *phrase;
    } phrases[] = {{200, "OK"},
                   {201, "Created"},
                   {202, "Accepted"},
                   {204, "No Content"},
                   {206, "Partial Content"},
                   {304, "Not Modified"},
                   {400, "Bad Request"},
                   {401, "Unauthorized"},
                   {403, "Forbidden"},
                   {404, "Not Found"},
                   {405, "Method Not Allowed"},
                   {409, "Conflict"},
                   {412, "Precondition Failed"},
                   {413, "Content Too Large"},
                   {415, "Unsupported Media Type"},
                   {422, "Unprocessable Content"},
                   {429, "Too Many Requests"},
                   {500, "Internal Server Error"},
                   {502, "Bad Gateway"},
                   {503, "Service Unavailable"},
                   {504, "Gateway Timeout"},
                   {507, "Insufficient Storage"}};
    for (size_t i = 0; i < sizeof phrases / sizeof phrases[0]; i++) {
        if (phrases[i].status == status) {
            return phrases[i].phrase;
        }
    }
    return "Status";
}

static uint64_t now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static const char *sane_client_id(const char *id)
{
    const size_t size = id != NULL ? strnlen(id, COF_LIMIT_NAME_BYTES + 1) : 0;
    if (size == 0 || size > COF_LIMIT_NAME_BYTES) {
        return NULL;
    }
    for (size_t i = 0; i < size; i++) {
        if (!isalnum((unsigned char)id[i]) && strchr("-_.{}", id[i]) == NULL) {
            return NULL;
        }
    }
    return id;
}

/* Splits "path?query". Only what a request to this server may have: no scheme and host, no
 * fragment, no raw control or space. */
static cof_status parse_target(exchange *x, cof_err *err)
{
    const char *target = evhttp_request_get_uri(x->raw);
    const size_t size = strnlen(target, COF_LIMIT_URL_BYTES + 1);
    if (size > COF_LIMIT_URL_BYTES) {
        return COF_FAIL(err, LIMIT, "the target is over %d bytes", COF_LIMIT_URL_BYTES);
    }
    for (size_t i = 0; i < size; i++) {
        if (target[i] <= ' ' || target[i] == 0x7f || target[i] == '#') {
            return COF_FAIL(err, BAD_ARGUMENT, "the target has a character that is not allowed");
        }
    }
    const size_t path_size = strcspn(target, "?");
    COF_TRY(cof_http_path_parse(cof_view_of(target, path_size), &x->path, err));
    x->request.path = target;
    cof_view query = {0};
    if (path_size < size) {
        query = cof_view_of(target + path_size + 1, size - path_size - 1);
    }
    COF_TRY(cof_form_parse(query, &x->query, err));
    x->request.query = x->query;
    return COF_OK;
}

static bool method_fits(const exchange *x, const char *route_method)
{
    return strcmp(route_method, x->request.method) == 0 ||
           (strcmp(x->request.method, "HEAD") == 0 && strcmp(route_method, "GET") == 0);
}

static void add_allowed(exchange *x, const char *method)
{
    const size_t used = strlen(x->allow);
    if (strstr(x->allow, method) == NULL && used + strlen(method) + 3 < sizeof x->allow) {
        (void)snprintf(x->allow + used, sizeof x->allow - used, "%s%s", used > 0 ? ", " : "",
                       method);
    }
}

static cof_status find_route(exchange *x, cof_err *err)
{
    for (size_t t = 0; t < x->server->table_count; t++) {
        const cof_http_table *table = &x->server->tables[t];
        for (size_t i = 0; i < table->count; i++) {
            const cof_http_route *route = &table->routes[i];
            if (!cof_http_path_match(&x->path, route->pattern, x->segments,
                                     &x->request.segment_count)) {
                continue;
            }
            if (method_fits(x, route->method)) {
                x->route = route;
                x->route_context = table->context;
                return COF_OK;
            }
            add_allowed(x, route->method);
        }
    }
    return COF_FAIL(err, NOT_FOUND,
                    x->allow[0] != '\0' ? "this method is not offered here"
                                        : "there is nothing at this path");
}

static cof_status read_request(exchange *x, cof_err *err)
{
    struct evkeyvalq *headers = evhttp_request_get_input_headers(x->raw);
    x->request.method = method_name(evhttp_request_get_command(x->raw));
    x->request.segments = x->segments;
    x->request.headers_ = headers;
    x->request.client_id = sane_client_id(evhttp_find_header(headers, "x-ms-client-request-id"));
    char *peer = NULL;
    ev_uint16_t port = 0;
    evhttp_connection_get_peer(evhttp_request_get_connection(x->raw), &peer, &port);
    x->request.peer = peer != NULL ? peer : "";
    COF_TRY(cof_http_make_id(x->request.id, err));
    COF_TRY(cof_http_check_headers(headers, err));
    COF_TRY(parse_target(x, err));
    struct evbuffer *input = evhttp_request_get_input_buffer(x->raw);
    const size_t size = evbuffer_get_length(input);
    const uint8_t *body = size > 0 ? evbuffer_pullup(input, -1) : NULL;
    if (size > 0 && body == NULL) {
        return COF_FAIL(err, NO_MEMORY, "request body");
    }
    x->request.body = cof_view_of(body, size);
    return COF_OK;
}

static int http_status_of(const exchange *x, cof_status status)
{
    if (status == COF_E_NOT_FOUND && x->route == NULL && x->allow[0] != '\0') {
        return 405;
    }
    return cof_status_describe(status)->http;
}

/* The answer for a failure, by the server's writer or in the form of Azure's services. */
static cof_status write_failure(exchange *x, const cof_err *failure, cof_err *err)
{
    const cof_status_info *info = cof_status_describe(failure->status);
    const int http_status = http_status_of(x, failure->status);
    cof_http_response_clear(&x->response);
    x->response.status = http_status;
    if (http_status == 405) {
        COF_TRY(cof_http_response_header(&x->response, "Allow", x->allow, err));
    }
    const cof_http_server_options *options = &x->server->options;
    if (options->write_error != NULL) {
        return options->write_error(options->context, &x->request, &x->response, http_status,
                                    failure, err);
    }
    /* What went wrong in detail is for our log; the caller is told the table's text, and for its
     * own mistakes the detail too. */
    const bool is_callers = info->category == COF_CATEGORY_INPUT;
    return cof_http_response_error(&x->response, http_status, info->name,
                                   is_callers ? failure->detail : info->text, NULL, err);
}

static void add_headers(exchange *x)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(x->raw);
    for (size_t i = 0; i < x->response.header_count_; i++) {
        (void)evhttp_add_header(headers, x->response.headers_[i].name,
                                x->response.headers_[i].value);
    }
    if (x->response.content_type != NULL) {
        (void)evhttp_add_header(headers, "Content-Type", x->response.content_type);
    }
    if (evhttp_find_header(headers, "Cache-Control") == NULL) {
        (void)evhttp_add_header(headers, "Cache-Control", "no-store");
    }
    (void)evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
    (void)evhttp_add_header(headers, "x-ms-request-id", x->request.id);
    if (x->request.client_id != NULL) {
        (void)evhttp_add_header(headers, "x-ms-client-request-id", x->request.client_id);
    }
}

static void on_sent(struct evhttp_request *raw, void *connection)
{
    (void)raw;
    cof_http_connection_idle(connection);
}

/* evhttp would send the body of an answer that has none, and the client would take it for the next
 * answer. */
static void leave_out_body(exchange *x)
{
    const bool is_head = evhttp_request_get_command(x->raw) == EVHTTP_REQ_HEAD;
    if (is_head) {
        char length[24];
        (void)snprintf(length, sizeof length, "%zu", x->response.body.size);
        (void)evhttp_add_header(evhttp_request_get_output_headers(x->raw), "Content-Length",
                                length);
    }
    if (is_head || x->response.status == 204 || x->response.status == 304) {
        cof_buf_clear(&x->response.body);
        x->response.stream = NULL;
    }
}

static void send_answer(exchange *x)
{
    cof_http_connection *connection = cof_http_connection_of(x->raw);
    add_headers(x);
    leave_out_body(x);
    struct evbuffer *body = evbuffer_new();
    if (body == NULL || evbuffer_add(body, x->response.body.data, x->response.body.size) != 0) {
        if (body != NULL) {
            evbuffer_free(body);
        }
        evhttp_send_error(x->raw, 503, NULL);
        return;
    }
    const int status = x->response.status;
    if (x->response.stream != NULL) {
        if (cof_http_stream_open(x->raw, &x->response, phrase_of(status), body, NULL) != COF_OK) {
            evhttp_send_error(x->raw, 503, NULL);
        }
    } else {
        evhttp_request_set_on_complete_cb(x->raw, on_sent, connection);
        cof_http_connection_answering(connection);
        evhttp_send_reply(x->raw, status, phrase_of(status), body);
    }
    evbuffer_free(body);
}

static void free_exchange(exchange *x)
{
    cof_http_response_clear(&x->response);
    cof_http_path_free(&x->path);
    cof_form_free(x->query);
}

static cof_status handle(exchange *x, cof_err *err)
{
    /* A request whose end is in doubt is the last of its connection: what follows it could be
     * anything. */
    const cof_status read = read_request(x, err);
    if (read != COF_OK) {
        (void)evhttp_add_header(evhttp_request_get_output_headers(x->raw), "Connection", "close");
        return read;
    }
    COF_TRY(find_route(x, err));
    const uint64_t start = now_us();
    const cof_status status = x->route->handler(x->route_context, &x->request, &x->response, err);
    x->duration_us = now_us() - start;
    return status;
}

void cof_http_dispatch(struct evhttp_request *raw, void *context)
{
    exchange x = {.server = context, .raw = raw};
    cof_err failure = {.status = COF_E_INTERNAL};
    cof_http_connection_handling(cof_http_connection_of(raw));
    x.response.status = 200;
    cof_buf_init(&x.response.body, COF_LIMIT_HTTP_ANSWER_BYTES);
    const cof_status status = handle(&x, &failure);
    if (status != COF_OK) {
        failure.status = status;
        if (write_failure(&x, &failure, NULL) != COF_OK) {
            x.response.status = 503; /* no memory even for saying so */
        }
    }
    const cof_http_record record = {.method = x.request.method,
                                    .pattern = x.route != NULL ? x.route->pattern : "",
                                    .peer = x.request.peer,
                                    .id = x.request.id,
                                    .status = x.response.status,
                                    .duration_us = x.duration_us};
    if (x.server->options.observe != NULL) {
        x.server->options.observe(x.server->options.context, &record);
    }
    send_answer(&x);
    free_exchange(&x);
}
