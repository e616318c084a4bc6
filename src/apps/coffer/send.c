/* coffer data send: an object straight to the agent of a run, with no storage between.
 * docs/formats/transfer.md. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "apps/coffer/commands.h"
#include "apps/coffer/store.h"
#include "host/agent/names.h"
#include "host/agent/receive.h"
#include "host/agent/ticket.h"
#include "host/http/http_client.h"
#include "host/store/adopt_file.h"
#include "tcb/base/wipe.h"
#include "tcb/contract/read.h"
#include "tcb/crypto/random.h"
#include "tcb/seal/cse.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum {
    TIMEOUT_S = 600,
    TIMEOUT_HIGH_S = 7 * 24 * 3600,
    WAIT_MS = 500,
    TAKEN_S = 12, /* another sender that is still at it after that is one that lives */
    SENDER_BYTES = 16,
    URL_BYTES = 1024,
    NEVER = 1000000
};

/* What is sent, and where it lies. */
typedef struct parcel {
    cof_sealed_source source;
    cof_blob_store *store; /* NULL: a file */
    cof_blob_name name;
    char digest[2 * COF_DIGEST_SIZE + 1];
} parcel;

/* A transfer. */
typedef struct transfer {
    cof_output *output;
    const parcel *parcel;
    const cof_ticket *ticket;
    cof_http_client *client;
    char sender[2 * SENDER_BYTES + 1];
    int64_t until_s;
    int64_t taken_since_s; /* 0: no other sender was met */
    bool is_waiting;       /* the user was told */
    bool is_done;
} transfer;

static int64_t now_s(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec;
}

/* ---- what is sent ---- */

static void parcel_drop(parcel *self)
{
    if (self->store == NULL) {
        cof_sealed_source_close(&self->source);
    }
    cof_blob_store_free(self->store);
}

/* The digest that a contract pins of an object in either format. */
static cof_status digest_of(const cof_sealed_source *source, cof_digest *out, cof_err *err)
{
    uint8_t start[COF_CSE_FIXED_SIZE];
    size_t size = 0;
    COF_CLEANUP(cof_buf_free) cof_buf front = {0};
    COF_CLEANUP(cof_front_drop_) cof_front *parsed = NULL;
    COF_TRY(cof_sealed_source_read(source, 0, (cof_span){start, sizeof start}, err));
    if (cof_cse_head_size(cof_view_of(start, sizeof start), &size, NULL) == COF_OK) {
        return cof_source_digest(source, size, out, err);
    }
    COF_TRY(cof_sealed_source_front_size(source, &size, err));
    cof_buf_init(&front, size);
    COF_TRY(cof_sealed_source_front(source, &front, err));
    COF_TRY(cof_front_parse(cof_buf_view(&front), &parsed, err));
    *out = *cof_front_digest(parsed);
    return COF_OK;
}

/* A file, or the digest of an object in this home's store. */
static cof_status open_parcel(const cof_app *app, const char *what, parcel *out, cof_err *err)
{
    cof_digest digest;
    cof_digest found;
    const bool is_digest = cof_contract_digest_of_hex(what, "digest", &digest, NULL) == COF_OK;
    if (is_digest) {
        COF_CLEANUP(cof_config_drop_) cof_config *config = NULL;
        COF_TRY(cof_config_read(app->home, &config, err));
        COF_TRY(cof_store_of_home(config, &out->store, err));
        cof_name_input(&digest, &out->name);
        COF_TRY(cof_sealed_source_in_store(out->store, out->name.text, &out->source, err));
    } else {
        COF_TRY(cof_sealed_source_open(what, true, &out->source, err));
    }
    COF_TRY(digest_of(&out->source, &found, err));
    if (is_digest && !cof_digest_equal(&found, &digest)) {
        return COF_FAIL(err, DIGEST_MISMATCH, "the store's %.16s... is another object", what);
    }
    cof_digest_text(&found, out->digest);
    return COF_OK;
}

/* ---- one request ---- */

/* What an agent says of the object. */
typedef struct standing {
    uint64_t received;
    bool is_taken; /* by another sender */
    bool is_done;
} standing;

static cof_status read_standing(cof_view body, standing *out, cof_err *err)
{
    COF_JSON json_t *json = NULL;
    const char *state = NULL;
    int64_t received = 0;
    COF_TRY(cof_json_parse(body, COF_LIMIT_JSON_BYTES, &json, err));
    if (!json_is_object(json)) {
        return COF_FAIL(err, BAD_FORMAT, "the agent's answer is not an object");
    }
    COF_TRY(cof_json_get_text(json, "state", 16, &state, err));
    COF_TRY(cof_json_get_int(json, "received", 0, (int64_t)1 << 50, &received, err));
    *out = (standing){.received = (uint64_t)received,
                      .is_taken = strcmp(state, "taken") == 0,
                      .is_done = strcmp(state, "done") == 0};
    return COF_OK;
}

/* A refusal, as the status that the agent named. */
static cof_status refusal(const cof_http_answer *answer, cof_err *err)
{
    cof_status status = COF_OK;
    if (!cof_status_from_name(answer->code, &status) || status == COF_OK) {
        return COF_FAIL(err, REMOTE_ERROR, "the agent answered with %d", answer->status);
    }
    return cof_err_set(err, status, __FILE__, __LINE__, "the agent refused (%s)", answer->code);
}

static cof_status ask(const transfer *self, const char *method, const char *query, cof_view body,
                      standing *out, cof_err *err)
{
    COF_CLEANUP(cof_http_answer_free) cof_http_answer answer = {0};
    char url[URL_BYTES];
    const bool is_ipv6 = strchr(self->ticket->host, ':') != NULL;
    const cof_http_pair sender = {.name = "x-coffer-sender", .value = self->sender};
    (void)snprintf(url, sizeof url, "https://%s%s%s:%u/objects/%s%s", is_ipv6 ? "[" : "",
                   self->ticket->host, is_ipv6 ? "]" : "", self->ticket->port, self->parcel->digest,
                   query);
    const cof_http_call call = {.method = method,
                                .url = url,
                                .headers = &sender,
                                .header_count = 1,
                                .body = body,
                                .bearer = self->ticket->secret,
                                .content_type = body.size > 0 ? "application/octet-stream" : NULL};
    const cof_status status = cof_http_send(self->client, &call, &answer, err);
    if (status == COF_E_REMOTE_ERROR) {
        return refusal(&answer, err);
    }
    COF_TRY(status);
    return read_standing(cof_buf_view(&answer.body), out, err);
}

/* ---- the whole ---- */

static void show_progress(const transfer *self, uint64_t done)
{
    char text[64];
    const uint64_t total = self->parcel->source.size;
    if (self->output->terminal) {
        (void)snprintf(text, sizeof text, "%.1f of %.1f MiB", (double)done / 1048576,
                       (double)total / 1048576);
        cof_output_progress(self->output, "sent", (double)done / (double)total, text);
    }
}

/* Sends pieces from where the agent is, until all is there or one fails. */
static cof_status send_pieces(transfer *self, standing *at, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf piece;
    const cof_sealed_source *source = &self->parcel->source;
    cof_buf_init(&piece, COF_RECEIVE_PIECE_BYTES);
    while (!at->is_done) {
        char query[64];
        uint8_t *place = NULL;
        if (at->received >= source->size) {
            return COF_FAIL(err, PROTOCOL, "the agent has more than there is");
        }
        const uint64_t left = source->size - at->received;
        cof_buf_clear(&piece);
        COF_TRY(cof_buf_extend(
            &piece, left < COF_RECEIVE_PIECE_BYTES ? (size_t)left : COF_RECEIVE_PIECE_BYTES, &place,
            err));
        COF_TRY(cof_sealed_source_read(source, at->received, (cof_span){place, piece.size}, err));
        (void)snprintf(query, sizeof query, "?size=%llu&at=%llu", (unsigned long long)source->size,
                       (unsigned long long)at->received);
        COF_TRY(ask(self, "PUT", query, cof_buf_view(&piece), at, err));
        show_progress(self, at->received);
    }
    self->is_done = true;
    return COF_OK;
}

static bool may_pass(cof_status status)
{
    return status == COF_E_NETWORK || status == COF_E_TIMEOUT || status == COF_E_BUSY ||
           status == COF_E_CANCELLED; /* this worker takes no more: the next one asks again */
}

/* Looks where the agent is and goes on from there. */
static cof_status attempt(transfer *self, cof_err *err)
{
    standing at = {0};
    const cof_status asked = ask(self, "GET", "", (cof_view){0}, &at, err);
    if (asked != COF_OK || !at.is_taken) {
        self->taken_since_s = 0;
        COF_TRY(asked);
        return send_pieces(self, &at, err);
    }
    self->taken_since_s = self->taken_since_s == 0 ? now_s() : self->taken_since_s;
    return COF_FAIL(err, BUSY, "another sender is sending this object");
}

static void wait_a_moment(transfer *self)
{
    const struct timespec moment = {.tv_nsec = (long)WAIT_MS * 1000000};
    if (!self->is_waiting) {
        cof_output_line(self->output, COF_TONE_DIM, "waiting for the run to ask for %.16s…",
                        self->parcel->digest);
        self->is_waiting = true;
    }
    (void)nanosleep(&moment, NULL);
}

static cof_status run(transfer *self, cof_err *err)
{
    for (;;) {
        const cof_status status = attempt(self, err);
        if (status == COF_OK || !may_pass(status)) {
            return status;
        }
        if (self->taken_since_s != 0 && now_s() - self->taken_since_s >= TAKEN_S) {
            return status;
        }
        if (now_s() >= self->until_s) {
            cof_err_context(err, "given up after --timeout");
            return status;
        }
        wait_a_moment(self);
    }
}

static cof_status read_timeout(const cof_args *args, int64_t *out, cof_err *err)
{
    const char *text = cof_args_value(args, "timeout");
    char *tail = NULL;
    *out = TIMEOUT_S;
    if (text != NULL) {
        const long value = strtol(text, &tail, 10);
        if (text[0] < '0' || text[0] > '9' || *tail != '\0' || value > TIMEOUT_HIGH_S) {
            return COF_FAIL(err, USAGE, "--timeout is a number of seconds, at most %d",
                            TIMEOUT_HIGH_S);
        }
        *out = value;
    }
    return COF_OK;
}

/* A ticket itself, or a file that holds one; --to says another place. */
static cof_status read_ticket(const cof_args *args, cof_ticket *out, cof_err *err)
{
    const char *text = cof_args_value(args, "ticket");
    const char *to = cof_args_value(args, "to");
    cof_url place;
    if (text == NULL) {
        return COF_FAIL(err, USAGE, "say which run, with --ticket TICKET");
    }
    COF_TRY(strncmp(text, "coffer://", 9) == 0 ? cof_ticket_parse(text, out, err)
                                               : cof_ticket_read(text, out, err));
    if (to != NULL) {
        COF_TRY(cof_ticket_parse_place(to, &place, err));
        memcpy(out->host, place.host, sizeof out->host);
        out->port = place.port;
    }
    return COF_OK;
}

static cof_status make_sender(char out[static 2 * SENDER_BYTES + 1], cof_err *err)
{
    uint8_t random[SENDER_BYTES];
    COF_TRY(cof_random((cof_span){random, sizeof random}, err));
    cof_hex_text(cof_view_of(random, sizeof random), out);
    return COF_OK;
}

static void ticket_wipe(cof_ticket *ticket)
{
    cof_wipe(ticket, sizeof *ticket);
}

static void transfer_drop(transfer *self)
{
    cof_http_client_free(self->client);
}

COF_COMMAND(data_send)
{
    COF_CLEANUP(parcel_drop) parcel object = {.source = {.fd = -1}};
    COF_CLEANUP(ticket_wipe) cof_ticket ticket = {0};
    COF_CLEANUP(transfer_drop)
    transfer self = {.output = app->output, .parcel = &object, .ticket = &ticket};
    char pin[COF_TICKET_PIN_SIZE];
    int64_t timeout_s = 0;
    COF_TRY(read_timeout(args, &timeout_s, err));
    COF_TRY(read_ticket(args, &ticket, err));
    COF_TRY(cof_ticket_pin(&ticket, pin, err));
    COF_TRY(open_parcel(app, cof_args_operand(args, 0), &object, err));
    COF_TRY(make_sender(self.sender, err));
    /* Requests are repeated here, where it is known what the agent has already. */
    const cof_http_client_options options = {.pin = pin,
                                             .total_ms = 2 * COF_RECEIVE_REQUEST_MS,
                                             .retry = {.attempts = 1},
                                             .breaker = {.failures = NEVER}};
    COF_TRY(cof_http_client_new(&options, &self.client, err));
    self.until_s = now_s() + timeout_s;
    COF_TRY(run(&self, err));
    cof_output_settle(app->output);
    cof_output_line(app->output, COF_TONE_PLAIN, "sent %.16s… (%llu bytes) to the run",
                    object.digest, (unsigned long long)object.source.size);
    COF_JSON json_t *said = json_pack("{s:s,s:s,s:I}", "status", "sent", "digest", object.digest,
                                      "bytes", (json_int_t)object.source.size);
    cof_output_json(app->output, said);
    return COF_OK;
}
