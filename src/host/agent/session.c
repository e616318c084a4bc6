#include "host/agent/session.h"

#include <string.h>

#include "host/agent/receive.h"
#include "relying/verify/bundle.h"
#include "tcb/wire/reader.h"
#include "tcb/wire/writer.h"

/*
 * Implementation notes. The agent is as strict with the worker as the worker is with it: in each
 * phase there is a list of frames that may come, and each has its handler. A handler that answers
 * may move the conversation to the next phase, never back.
 */
enum { PIECE_SIZE = 256 * 1024 };

typedef enum phase {
    WAITS_FOR_EVIDENCE,
    RELEASES_KEYS,
    SERVES_INPUTS,
    TAKES_RESULTS, /* from the first PUT on */
    TAKES_OBJECT,  /* inside a PUT */
    IS_DONE,
    PHASE_COUNT
} phase;

/* The object that a PUT is bringing. */
typedef struct incoming {
    uint8_t kind;
    size_t output; /* index, of an output */
    uint64_t size;
    cof_blob_writer *writer;
    cof_sha256 *hash;
} incoming;

typedef struct session {
    const cof_session_parts *parts;
    cof_frame_port port;
    phase phase;
    cof_buf frame;
    cof_buf token;
    cof_blob_writer *log;
    incoming incoming;
    size_t next_owner;
    uint64_t sent_bytes; /* of sealed inputs */
    bool has_output[COF_LIMIT_OUTPUTS];
    bool has_receipt;
} session;

typedef struct rule_row {
    cof_frame_rule rule;
    unsigned phases; /* set of 1 << phase */
    cof_status (*handle)(session *self, cof_view payload, cof_err *err);
} rule_row;

static void drop_session(session *self)
{
    cof_blob_writer_free(self->incoming.writer);
    cof_sha256_free(self->incoming.hash);
    cof_blob_writer_free(self->log);
    cof_buf_free(&self->token);
    cof_buf_free(&self->frame);
}

static cof_status say(session *self, uint8_t type, cof_view start, cof_view rest, cof_err *err)
{
    return cof_frame_write(&self->port, type, start, rest, err);
}

/* ---- what the agent carries in ---- */

/* What the evidence can be verified with later, beside the receipt. A vendor that is away is no
 * reason to end a job: a verifier can still ask it. */
static cof_status keep_collateral(session *self, const cof_agent_evidence *evidence, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_BUNDLE_MAX};
    cof_blob_name name;
    cof_err why = {0};
    const cof_status status = cof_agent_collateral(self->parts->services, evidence, &text, &why);
    if (status != COF_OK) {
        return cof_timeline_note(
            self->parts->timeline, "no-collateral",
            json_pack("{s:s,s:s}", "code", cof_status_describe(status)->name, "detail", why.detail),
            err);
    }
    if (text.size == 0) {
        return COF_OK;
    }
    COF_TRY(cof_name_of_run(&self->parts->contract->digest, self->parts->config->run_hex,
                            COF_NAME_COLLATERAL, &name, err));
    return cof_blob_put(self->parts->store, name.text, cof_buf_view(&text), err);
}

static cof_status on_evidence(session *self, cof_view payload, cof_err *err)
{
    cof_agent_evidence evidence;
    COF_TRY(cof_agent_evidence_parse(payload, &evidence, err));
    if (strcmp(evidence.type, self->parts->evidence_type) != 0) {
        return COF_FAIL(err, PROTOCOL, "the worker's evidence is not of this platform");
    }
    if (self->parts->services != NULL) { /* without a service the token is empty */
        COF_TRY(cof_agent_attest(self->parts->services, &evidence, &self->token, err));
        COF_TRY(keep_collateral(self, &evidence, err));
    }
    self->phase = RELEASES_KEYS;
    return say(self, COF_FRAME_ATTESTED, cof_buf_view(&self->token), (cof_view){0}, err);
}

static cof_status on_ask_key(session *self, cof_view payload, cof_err *err)
{
    const size_t owner = payload.data[0] | (size_t)payload.data[1] << 8;
    if (owner != self->next_owner || owner >= self->parts->contract->owner_count) {
        return COF_FAIL(err, PROTOCOL, "the worker asks for the key of owner %zu", owner);
    }
    uint8_t algorithm = 0;
    COF_CLEANUP(cof_buf_free) cof_buf wrapped;
    cof_buf_init(&wrapped, COF_FRAME_KEY_HIGH - 1);
    const cof_status status =
        cof_agent_release(self->parts->services, self->parts->contract->owners[owner].key,
                          cof_buf_view(&self->token), &algorithm, &wrapped, err);
    if (status != COF_OK) {
        cof_err_context(err, "key of %.64s", self->parts->contract->owners[owner].name);
        return status;
    }
    self->next_owner++;
    return say(self, COF_FRAME_KEY, cof_view_of(&algorithm, 1), cof_buf_view(&wrapped), err);
}

/* Sends a blob as DATA frames and END. */
static cof_status serve(session *self, const char *name, cof_err *err)
{
    uint64_t size = 0;
    COF_TRY(cof_blob_size(self->parts->store, name, &size, err));
    COF_CLEANUP(cof_buf_free) cof_buf piece;
    cof_buf_init(&piece, PIECE_SIZE);
    for (uint64_t at = 0; at < size; at += piece.size) {
        COF_TRY(cof_interrupt_wait(self->parts->interrupt, -1, 0, err));
        uint8_t *place = NULL;
        cof_buf_clear(&piece);
        COF_TRY(cof_buf_extend(&piece, size - at < PIECE_SIZE ? (size_t)(size - at) : PIECE_SIZE,
                               &place, err));
        COF_TRY(cof_blob_read(self->parts->store, name, at, (cof_span){place, piece.size}, err));
        COF_TRY(say(self, COF_FRAME_DATA, (cof_view){0}, cof_buf_view(&piece), err));
    }
    self->sent_bytes += size;
    return say(self, COF_FRAME_END, (cof_view){0}, (cof_view){0}, err);
}

static cof_status on_ask_checkpoint(session *self, cof_view payload, cof_err *err)
{
    (void)payload;
    cof_blob_name name;
    bool exists = false;
    COF_TRY(cof_name_of_run(&self->parts->contract->digest, self->parts->config->run_hex,
                            COF_NAME_CHECKPOINT, &name, err));
    COF_TRY(cof_blob_exists(self->parts->store, name.text, &exists, err));
    COF_TRY(cof_timeline_step(self->parts->timeline, COF_STEP_connected,
                              json_pack("{s:b}", "checkpoint", exists), err));
    self->phase = SERVES_INPUTS;
    if (!exists) {
        return say(self, COF_FRAME_END, (cof_view){0}, (cof_view){0}, err);
    }
    COF_TRY(serve(self, name.text, err));
    self->sent_bytes = 0; /* counts inputs */
    return COF_OK;
}

static cof_status give_on(void *context, cof_view bytes, cof_err *err)
{
    return say(context, COF_FRAME_DATA, (cof_view){0}, bytes, err);
}

/* The worker waits while the object comes from its owner. */
static cof_status receive(session *self, const cof_contract_input *input,
                          const cof_contract_object *object, cof_err *err)
{
    const cof_receive_order order = {.config = &self->parts->config->receive,
                                     .contract = self->parts->contract,
                                     .object = object,
                                     .interrupt = self->parts->interrupt,
                                     .worker_fd = self->port.in,
                                     .sink = give_on,
                                     .context = self};
    char digest[2 * COF_DIGEST_SIZE + 1];
    uint64_t size = 0;
    cof_digest_text(&object->digest, digest);
    COF_TRY(
        cof_timeline_note(self->parts->timeline, "waiting-for-sender",
                          json_pack("{s:s,s:s,s:s,s:s}", "input", input->name, "part", object->part,
                                    "digest", digest, "listen", order.config->listen),
                          err));
    COF_TRY(cof_receive(&order, &size, err));
    self->sent_bytes += size;
    COF_TRY(cof_timeline_note(self->parts->timeline, "received",
                              json_pack("{s:s,s:s,s:I}", "input", input->name, "digest", digest,
                                        "bytes", (json_int_t)size),
                              err));
    return say(self, COF_FRAME_END, (cof_view){0}, (cof_view){0}, err);
}

static cof_status get_object(session *self, const cof_contract_input *input,
                             const cof_contract_object *object, cof_err *err)
{
    cof_blob_name name;
    bool exists = true;
    cof_name_input(&object->digest, &name);
    if (self->parts->config->receive.listen != NULL) {
        COF_TRY(cof_blob_exists(self->parts->store, name.text, &exists, err));
    }
    return exists ? serve(self, name.text, err) : receive(self, input, object, err);
}

static cof_status on_ask_input(session *self, cof_view payload, cof_err *err)
{
    const cof_contract *contract = self->parts->contract;
    const size_t input = payload.data[0] | (size_t)payload.data[1] << 8;
    const size_t object = payload.data[2] | (size_t)payload.data[3] << 8;
    if (input >= contract->input_count || object >= contract->inputs[input].object_count) {
        return COF_FAIL(err, PROTOCOL, "the worker asks for object %zu of input %zu", object,
                        input);
    }
    const cof_status status =
        get_object(self, &contract->inputs[input], &contract->inputs[input].objects[object], err);
    if (status != COF_OK) {
        cof_err_context(err, "input %.64s", contract->inputs[input].name);
    }
    return status;
}

/* ---- what the agent carries out ---- */

static cof_status on_event(session *self, cof_view payload, cof_err *err)
{
    COF_JSON json_t *event = NULL;
    const char *name = NULL;
    cof_step step;
    COF_TRY(cof_json_parse(payload, COF_FRAME_EVENT_HIGH, &event, err));
    if (!json_is_object(event) || cof_json_get_text(event, "event", 32, &name, err) != COF_OK ||
        !cof_step_from_name(name, &step) || cof_step_describe(step)->who != COF_BY_WORKER) {
        return COF_FAIL(err, PROTOCOL, "the worker sent an event that is not one of its own");
    }
    COF_TRY(cof_blob_write(self->log, payload, err));
    COF_TRY(cof_blob_write(self->log, cof_view_text("\n"), err));
    COF_TRY(cof_timeline_step(self->parts->timeline, step, json_incref(event), err));
    if (step == COF_STEP_loaded) {
        json_t *sent = json_pack("{s:I}", "bytes", (json_int_t)self->sent_bytes);
        return cof_timeline_step(self->parts->timeline, COF_STEP_transferred, sent, err);
    }
    return COF_OK;
}

static cof_status find_output(session *self, const char *name, size_t *out_index, cof_err *err)
{
    for (size_t i = 0; i < self->parts->contract->output_count; i++) {
        if (strcmp(self->parts->contract->outputs[i].name, name) == 0) {
            *out_index = i;
            return COF_OK;
        }
    }
    return COF_FAIL(err, PROTOCOL, "the worker puts an output that is not in the contract");
}

static cof_status name_incoming(session *self, uint8_t kind, const char *name, cof_blob_name *out,
                                cof_err *err)
{
    const cof_digest *contract = &self->parts->contract->digest;
    const char *run = self->parts->config->run_hex;
    switch (kind) {
    case COF_PUT_CHECKPOINT:
        return cof_name_of_run(contract, run, COF_NAME_CHECKPOINT, out, err);
    case COF_PUT_OUTPUT:
        COF_TRY(find_output(self, name, &self->incoming.output, err));
        return cof_name_output(contract, run, name, out, err);
    case COF_PUT_RECEIPT:
        return cof_name_of_run(contract, run, COF_NAME_RECEIPT, out, err);
    default:
        return COF_FAIL(err, PROTOCOL, "the worker puts an object of kind %u", kind);
    }
}

static cof_status on_put(session *self, cof_view payload, cof_err *err)
{
    cof_reader reader = cof_reader_of(payload);
    uint8_t kind = 0;
    uint8_t size = 0;
    char name[COF_LIMIT_NAME_BYTES + 1] = "";
    cof_blob_name blob;
    COF_TRY(cof_read_u8(&reader, &kind, err));
    COF_TRY(cof_read_u8(&reader, &size, err));
    if (size == 0 || size != cof_reader_left(&reader)) {
        return COF_FAIL(err, PROTOCOL, "the worker puts an object whose name is not well formed");
    }
    COF_TRY(cof_read_copy(&reader, name, size, err));
    self->incoming = (incoming){.kind = kind};
    COF_TRY(name_incoming(self, kind, name, &blob, err));
    COF_TRY(cof_sha256_new(&self->incoming.hash, err));
    COF_TRY(cof_blob_begin(self->parts->store, blob.text, 0, &self->incoming.writer, err));
    self->phase = TAKES_OBJECT;
    return COF_OK;
}

static cof_status on_put_data(session *self, cof_view payload, cof_err *err)
{
    self->incoming.size += payload.size;
    if (self->incoming.size > COF_LIMIT_OBJECT_BYTES) {
        return COF_FAIL(err, LIMIT, "the worker puts an object without end");
    }
    COF_TRY(cof_sha256_update(self->incoming.hash, payload, err));
    return cof_blob_write(self->incoming.writer, payload, err);
}

static cof_status on_put_end(session *self, cof_view payload, cof_err *err)
{
    cof_digest digest;
    COF_TRY(cof_sha256_finish(self->incoming.hash, &digest, err));
    if (!cof_view_equal(payload, cof_view_of(digest.bytes, sizeof digest.bytes))) {
        return COF_FAIL(err, DIGEST_MISMATCH, "an object was altered on its way from the worker");
    }
    COF_TRY(cof_blob_commit(self->incoming.writer, err));
    const incoming done = self->incoming;
    cof_blob_writer_free(done.writer);
    cof_sha256_free(done.hash);
    self->incoming = (incoming){0};
    self->phase = TAKES_RESULTS;
    switch (done.kind) {
    case COF_PUT_CHECKPOINT:
        return cof_journal_checkpointed(self->parts->journal, err);
    case COF_PUT_OUTPUT:
        self->has_output[done.output] = true;
        return COF_OK;
    default:
        self->has_receipt = true;
        return COF_OK;
    }
}

static cof_status on_done(session *self, cof_view payload, cof_err *err)
{
    (void)payload;
    for (size_t i = 0; i < self->parts->contract->output_count; i++) {
        if (!self->has_output[i]) {
            return COF_FAIL(err, PROTOCOL, "the worker ends without output %zu", i);
        }
    }
    if (!self->has_receipt) {
        return COF_FAIL(err, PROTOCOL, "the worker ends without a receipt");
    }
    self->phase = IS_DONE;
    return COF_OK;
}

/* ---- the table ---- */

enum {
    BEFORE_INPUTS = 1 << WAITS_FOR_EVIDENCE | 1 << RELEASES_KEYS,
    BETWEEN_OBJECTS = BEFORE_INPUTS | 1 << SERVES_INPUTS | 1 << TAKES_RESULTS
};

static const rule_row rules[] = {
    {COF_FRAME_RULE(EVIDENCE), 1 << WAITS_FOR_EVIDENCE, on_evidence},
    {COF_FRAME_RULE(ASK_KEY), 1 << RELEASES_KEYS, on_ask_key},
    {COF_FRAME_RULE(ASK_CHECKPOINT), 1 << RELEASES_KEYS, on_ask_checkpoint},
    {COF_FRAME_RULE(ASK_INPUT), 1 << SERVES_INPUTS, on_ask_input},
    {COF_FRAME_RULE(EVENT), BETWEEN_OBJECTS, on_event},
    {COF_FRAME_RULE(PUT), 1 << SERVES_INPUTS | 1 << TAKES_RESULTS, on_put},
    {COF_FRAME_RULE(PUT_DATA), 1 << TAKES_OBJECT, on_put_data},
    {COF_FRAME_RULE(PUT_END), 1 << TAKES_OBJECT, on_put_end},
    {COF_FRAME_RULE(DONE), 1 << TAKES_RESULTS, on_done},
};
enum { RULE_COUNT = sizeof rules / sizeof rules[0] };

/* A name that is no status is the worker's mistake, not a status. */
static cof_status failed_status(cof_view payload, cof_err *err)
{
    char name[COF_FRAME_FAILED_HIGH + 1] = "";
    cof_status status = COF_OK;
    memcpy(name, payload.data, payload.size);
    if (strlen(name) != payload.size || !cof_status_from_name(name, &status) || status == COF_OK) {
        return COF_FAIL(err, PROTOCOL, "the worker failed with an unknown status");
    }
    return cof_err_set(err, status, __FILE__, __LINE__, "the worker said so");
}

/* Reads one frame that the phase allows and handles it. out_said as in cof_session_run. */
static cof_status next(session *self, bool *out_said, cof_err *err)
{
    cof_frame_rule allowed[RULE_COUNT + 1] = {COF_FRAME_RULE(FAILED)};
    size_t count = 1;
    for (size_t i = 0; i < RULE_COUNT; i++) {
        if ((rules[i].phases & 1U << self->phase) != 0) {
            allowed[count++] = rules[i].rule;
        }
    }
    uint8_t type = 0;
    COF_TRY(cof_interrupt_wait(self->parts->interrupt, -1, 0, err));
    COF_TRY(cof_frame_read(&self->port, allowed, count, &type, &self->frame, err));
    if (type == COF_FRAME_FAILED) {
        *out_said = true;
        return failed_status(cof_buf_view(&self->frame), err);
    }
    for (size_t i = 0; i < RULE_COUNT; i++) {
        if (rules[i].rule.type == type) {
            return rules[i].handle(self, cof_buf_view(&self->frame), err);
        }
    }
    return COF_FAIL(err, INTERNAL, "no handler");
}

static cof_status start(session *self, cof_err *err)
{
    uint8_t fixed[COF_START_FIXED_SIZE] = {COF_PROTOCOL_VERSION};
    memcpy(fixed + 1, self->parts->config->run, COF_RUN_ID_SIZE);
    fixed[1 + COF_RUN_ID_SIZE] = self->parts->config->kernel;
    return say(self, COF_FRAME_START, cof_view_of(fixed, sizeof fixed), self->parts->contract_text,
               err);
}

static cof_status converse(session *self, bool *out_said, cof_err *err)
{
    cof_blob_name log;
    COF_TRY(cof_name_of_run(&self->parts->contract->digest, self->parts->config->run_hex,
                            COF_NAME_LOG, &log, err));
    COF_TRY(cof_blob_begin(self->parts->store, log.text, 0, &self->log, err));
    COF_TRY(start(self, err));
    while (self->phase != IS_DONE) {
        COF_TRY(next(self, out_said, err));
    }
    return COF_OK;
}

/*
 * A worker that fails while it is being written to closes the stream: the write fails first, and
 * the reason still stands in what the worker sent before.
 */
static cof_status last_word(session *self, bool *out_said, cof_err *err)
{
    cof_status status = COF_OK;
    while (status == COF_OK && self->phase != IS_DONE) {
        status = next(self, out_said, err);
    }
    if (!*out_said) {
        return COF_FAIL(err, WORKER_DIED, "the stream ended without DONE or FAILED");
    }
    return status;
}

cof_status cof_session_run(const cof_session_parts *parts, int stream_fd, bool *out_said,
                           cof_err *err)
{
    COF_CLEANUP(drop_session)
    session self = {.parts = parts,
                    .port = {.in = stream_fd,
                             .out = stream_fd,
                             .wait = cof_interrupt_wait,
                             .context = parts->interrupt}};
    cof_buf_init(&self.frame, COF_LIMIT_FRAME_BYTES);
    cof_buf_init(&self.token, COF_LIMIT_TOKEN_BYTES);
    bool said = false;
    cof_status status = converse(&self, &said, err);
    if (status == COF_E_PEER_CLOSED) {
        status = last_word(&self, &said, err);
    }
    *out_said = said;
    /* The log of a failed worker is worth keeping too; its loss must not hide why the worker
     * failed. */
    if (self.log != NULL && (status == COF_OK || said)) {
        const cof_status logged = cof_blob_commit(self.log, status == COF_OK ? err : NULL);
        status = status == COF_OK ? logged : status;
    }
    return status;
}
