/*
 * Implementation notes
 *
 * An object comes as many small requests over one connection, each with its place in the object.
 * So the HTTP server that every service here has is enough, a broken connection costs one piece,
 * and a worker that reads slowly holds back the sender: the handler writes to the worker before it
 * answers, and the sender waits for the answer.
 *
 * The server lives as long as one object is waited for. A timer looks at what else can end the
 * wait.
 */
#include "host/agent/receive.h"

#include <errno.h>
#include <event2/event.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host/agent/ticket.h"
#include "host/http/http_server.h"
#include "tcb/base/wipe.h"
#include "tcb/seal/cse.h"
#include "tcb/seal/seal.h"

enum { LOOK_MS = 200, LINGER_LOOKS = 2, SENDER_SIZE = 32, CONNECTIONS = 16 };

/* One wait. */
typedef struct waiting {
    const cof_receive_order *order;
    cof_ticket ticket;
    cof_http_server *server;
    char sender[SENDER_SIZE + 1]; /* "" until somebody has sent a piece */
    int64_t heard_ms;             /* when it last did */
    uint64_t size;                /* as the first piece that was taken said */
    uint64_t received;
    unsigned looks_since_end;
    bool is_over;
    cof_status result;
    cof_err reason;
} waiting;

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void end(waiting *self, cof_status result)
{
    self->is_over = true;
    self->result = result;
}

void cof_receive_sizes(const cof_contract_object *object, uint64_t *out_low, uint64_t *out_high)
{
    const uint64_t size = object->size;
    if (object->encryption == COF_CONTRACT_AZURE_CSE_V2) {
        const uint64_t few = (size + COF_CSE_REGION_HIGH - 1) / COF_CSE_REGION_HIGH;
        const uint64_t many = (size + COF_CSE_REGION_LOW - 1) / COF_CSE_REGION_LOW;
        *out_low = COF_CSE_FIXED_SIZE + COF_CSE_WRAPPED_LOW + size + few * COF_CSE_REGION_OVERHEAD;
        *out_high =
            COF_CSE_FIXED_SIZE + COF_CSE_WRAPPED_HIGH + size + many * COF_CSE_REGION_OVERHEAD;
        return;
    }
    /* docs/formats/sealed.md: name, commitment, tags, recipients area. */
    const uint64_t fixed = COF_SEAL_FIXED_SIZE + 32 + 16 * cof_seal_chunk_count(size) + size;
    *out_low = fixed + 1 + 4096;
    *out_high = fixed + COF_SEAL_NAME_SIZE + COF_LIMIT_RECIPIENT_BYTES;
}

/* ---- what a sender says ---- */

static cof_status check_ticket(const waiting *self, const cof_http_request *request, cof_err *err)
{
    static const char bearer[] = "Bearer ";
    const char *said = cof_http_request_header(request, "Authorization");
    if (said == NULL || strncmp(said, bearer, sizeof bearer - 1) != 0 ||
        !cof_ticket_has_secret(&self->ticket, said + sizeof bearer - 1)) {
        return COF_FAIL(err, UNAUTHORIZED, "not the ticket of this run");
    }
    return COF_OK;
}

static bool is_in_contract(const cof_contract *contract, const char *digest)
{
    char text[2 * COF_DIGEST_SIZE + 1];
    for (size_t i = 0; i < contract->input_count; i++) {
        for (size_t k = 0; k < contract->inputs[i].object_count; k++) {
            cof_digest_text(&contract->inputs[i].objects[k].digest, text);
            if (strcmp(text, digest) == 0) {
                return true;
            }
        }
    }
    return false;
}

/* Is the object in the path the one that the worker waits for? */
static cof_status check_object(const waiting *self, const cof_http_request *request, cof_err *err)
{
    char wanted[2 * COF_DIGEST_SIZE + 1];
    const char *offered = request->segments[0];
    cof_digest_text(&self->order->object->digest, wanted);
    if (strcmp(offered, wanted) == 0 && !self->is_over) {
        return COF_OK;
    }
    if (is_in_contract(self->order->contract, offered)) {
        return COF_FAIL(err, BUSY, "not asked for at the moment");
    }
    return COF_FAIL(err, NOT_FOUND, "no input of this contract; %.16s... is waited for", wanted);
}

static cof_status read_sender(const cof_http_request *request, const char **out, cof_err *err)
{
    const char *sender = cof_http_request_header(request, "x-coffer-sender");
    if (sender == NULL || strlen(sender) != SENDER_SIZE ||
        strspn(sender, "0123456789abcdef") != SENDER_SIZE) {
        return COF_FAIL(err, BAD_ARGUMENT, "x-coffer-sender is not 32 hex digits");
    }
    *out = sender;
    return COF_OK;
}

static bool is_taken(const waiting *self, const char *sender)
{
    const unsigned given = self->order->silence_ms;
    return self->sender[0] != '\0' && strcmp(self->sender, sender) != 0 &&
           now_ms() - self->heard_ms < (given != 0 ? given : COF_RECEIVE_SILENCE_MS);
}

static cof_status read_number(const cof_form *query, const char *name, uint64_t *out, cof_err *err)
{
    const char *text = cof_form_get(query, name);
    char *tail = NULL;
    if (text == NULL || text[0] == '\0' || strlen(text) > 18 ||
        strspn(text, "0123456789") != strlen(text)) {
        return COF_FAIL(err, BAD_ARGUMENT, "%s is not a number of bytes", name);
    }
    *out = strtoull(text, &tail, 10);
    return COF_OK;
}

static cof_status check_size(const waiting *self, uint64_t size, cof_err *err)
{
    uint64_t low = 0;
    uint64_t high = 0;
    cof_receive_sizes(self->order->object, &low, &high);
    if (self->received > 0) { /* somebody has begun, and said how large it is */
        low = self->size;
        high = self->size;
    }
    if (size < low || size > high) {
        return COF_FAIL(err, BAD_ARGUMENT, "an object of %llu bytes where %llu to %llu are due",
                        (unsigned long long)size, (unsigned long long)low,
                        (unsigned long long)high);
    }
    return COF_OK;
}

/* ---- the two requests ---- */

static cof_status answer(const waiting *self, const char *sender, cof_http_response *response,
                         cof_err *err)
{
    const char *state = is_taken(self, sender) ? "taken" : self->is_over ? "done" : "waiting";
    return cof_http_response_json(
        response, 200,
        json_pack("{s:I,s:s}", "received", (json_int_t)self->received, "state", state), err);
}

static cof_status on_get(void *context, const cof_http_request *request,
                         cof_http_response *response, cof_err *err)
{
    waiting *self = context;
    const char *sender = NULL;
    COF_TRY(check_ticket(self, request, err));
    COF_TRY(check_object(self, request, err));
    COF_TRY(read_sender(request, &sender, err));
    return answer(self, sender, response, err);
}

/*
 * A piece whose answer was lost is sent again: it is here already, and is only said to be. What is
 * in it then does not matter, for it is not looked at.
 */
static cof_status take_piece(waiting *self, uint64_t at, cof_view bytes, cof_err *err)
{
    if (bytes.size == 0 || bytes.size > COF_RECEIVE_PIECE_BYTES || at > self->size ||
        bytes.size > self->size - at) {
        return COF_FAIL(err, BAD_ARGUMENT, "a piece of %zu bytes at %llu", bytes.size,
                        (unsigned long long)at);
    }
    if (at + bytes.size == self->received) {
        return COF_OK;
    }
    if (at != self->received) {
        return COF_FAIL(err, BUSY, "%llu bytes are here", (unsigned long long)self->received);
    }
    const cof_status status = self->order->sink(self->order->context, bytes, &self->reason);
    if (status != COF_OK) {
        end(self, status);
        return COF_FAIL(err, CANCELLED, "the run does not go on");
    }
    self->received += bytes.size;
    if (self->received == self->size) {
        end(self, COF_OK);
    }
    return COF_OK;
}

static cof_status on_put(void *context, const cof_http_request *request,
                         cof_http_response *response, cof_err *err)
{
    waiting *self = context;
    const char *sender = NULL;
    uint64_t size = 0;
    uint64_t at = 0;
    COF_TRY(check_ticket(self, request, err));
    COF_TRY(check_object(self, request, err));
    COF_TRY(read_sender(request, &sender, err));
    COF_TRY(read_number(request->query, "size", &size, err));
    COF_TRY(read_number(request->query, "at", &at, err));
    COF_TRY(check_size(self, size, err));
    if (is_taken(self, sender)) {
        return COF_FAIL(err, BUSY, "another sender is sending this object");
    }
    memcpy(self->sender, sender, sizeof self->sender);
    self->size = size;
    const cof_status status = take_piece(self, at, request->body, err);
    self->heard_ms = now_ms(); /* after the worker has taken it, which may take long */
    COF_TRY(status);
    return answer(self, sender, response, err);
}

static const cof_http_route routes[] = {{"GET", "/objects/{digest}", on_get},
                                        {"PUT", "/objects/{digest}", on_put}};

/* ---- the wait ---- */

/* What can end a wait beside the last piece; afterwards, time for the last answer to leave. */
static void look(evutil_socket_t fd, short events, void *context)
{
    waiting *self = context;
    struct pollfd worker = {.fd = self->order->worker_fd, .events = POLLIN};
    (void)fd;
    (void)events;
    if (self->is_over) {
        if (self->result != COF_OK || ++self->looks_since_end >= LINGER_LOOKS) {
            cof_http_server_stop(self->server);
        }
        return;
    }
    cof_status status = cof_interrupt_wait(self->order->interrupt, -1, 0, &self->reason);
    if (status == COF_OK && poll(&worker, 1, 0) > 0) {
        status = COF_FAIL(&self->reason, PEER_CLOSED, "the worker waits no longer");
    }
    if (status != COF_OK) {
        end(self, status);
        cof_http_server_stop(self->server);
    }
}

static cof_status serve(waiting *self, cof_err *err)
{
    const struct timeval often = {.tv_usec = LOOK_MS * 1000};
    struct event *timer = event_new(cof_http_server_base(self->server), -1, EV_PERSIST, look, self);
    if (timer == NULL || event_add(timer, &often) != 0) {
        if (timer != NULL) {
            event_free(timer);
        }
        return COF_FAIL(err, NO_MEMORY, "timer");
    }
    const cof_status status = cof_http_server_run(self->server, err);
    event_free(timer);
    return status;
}

static void waiting_drop(waiting *self)
{
    cof_http_server_free(self->server);
    cof_wipe(&self->ticket, sizeof self->ticket);
}

cof_status cof_receive(const cof_receive_order *order, uint64_t *out_size, cof_err *err)
{
    COF_CLEANUP(waiting_drop) waiting self = {.order = order};
    cof_url place;
    COF_TRY(cof_ticket_read(order->config->ticket_path, &self.ticket, err));
    COF_TRY(cof_ticket_parse_place(order->config->listen, &place, err));
    const cof_http_server_options options = {.address = place.host,
                                             .port = place.port,
                                             .certificate_path = order->config->certificate_path,
                                             .key_path = order->config->key_path,
                                             .body_bytes = COF_RECEIVE_PIECE_BYTES,
                                             .connections = CONNECTIONS,
                                             .connections_per_address = CONNECTIONS / 2,
                                             .request_ms = COF_RECEIVE_REQUEST_MS};
    COF_TRY(cof_http_server_new(&options, &self.server, err));
    COF_TRY(cof_http_server_add(self.server, routes, sizeof routes / sizeof routes[0], &self, err));
    COF_TRY(serve(&self, err));
    if (!self.is_over) {
        return COF_FAIL(err, INTERNAL, "the server ended");
    }
    if (self.result != COF_OK && err != NULL) {
        *err = self.reason;
    }
    COF_TRY(self.result);
    *out_size = self.received;
    return COF_OK;
}
