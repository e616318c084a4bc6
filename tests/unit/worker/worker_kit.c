#include "worker_kit.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tcb/contract/contract.h"
#include "tcb/crypto/aead.h"
#include "tcb/crypto/ec.h"
#include "tcb/crypto/keywrap.h"
#include "tcb/seal/cse.h"
#include "tcb/seal/seal.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum { BIG = 64 * 1024 * 1024 };

kit_keys kit;

int kit_make_keys(void **state)
{
    (void)state;
    return cof_rsa_generate(2048, &kit.owner, NULL) == COF_OK &&
                   cof_rsa_generate(2048, &kit.stranger, NULL) == COF_OK &&
                   cof_rsa_generate(2048, &kit.recipient, NULL) == COF_OK
               ? 0
               : -1;
}

int kit_free_keys(void **state)
{
    (void)state;
    cof_rsa_key_free(kit.owner);
    cof_rsa_key_free(kit.stranger);
    cof_rsa_key_free(kit.recipient);
    return 0;
}

/* ---- the job ---- */

/* Two features that tell the classes apart, one that does not; rows first to first + count - 1. */
static void print_rows(cof_buf *out, int first, int count, const char *cell)
{
    assert_ok(cof_buf_append_text(out, "size,texture,noise,kind\n", NULL));
    for (int i = first; i < first + count; i++) {
        const int class = (i * 7919) % 3 == 0;
        const double size = 10.0 + 4 * class + (i * 31 % 17) / 5.0;
        const double texture = 3.0 - class + (i * 13 % 11) / 7.0;
        if (cell != NULL && i == first + 3) {
            assert_ok(cof_buf_printf(out, NULL, "%s,%.4f,%d,%s\n", cell, texture, i % 9,
                                     class ? "bad" : "good"));
        } else {
            assert_ok(cof_buf_printf(out, NULL, "%.4f,%.4f,%d,%s\n", size, texture, i % 9,
                                     class ? "bad" : "good"));
        }
    }
}

static const char *owner_kid(void)
{
    return kit.owner_kid == NULL ? KIT_OWNER_KID : kit.owner_kid;
}

void kit_seal_dataset(cof_view plain, const char *name, cof_buf *out, cof_digest *out_digest)
{
    cof_seal_header header = {.kind = COF_SEAL_DATASET, .plaintext_size = plain.size};
    const cof_recipient owner = {.kid = owner_kid(), .rsa = kit.owner};
    (void)snprintf(header.name, sizeof header.name, "%s", name);
    cof_buf_init(out, BIG);
    assert_ok(cof_seal_bytes(&header, &owner, 1, plain, out, out_digest, NULL));
}

/* Nonces as the Python library has them; below 256 regions. */
void kit_write_cse(cof_view plain, cof_buf *out, cof_digest *out_digest)
{
    enum { REGION = 1024, HEAD = COF_CSE_FIXED_SIZE };
    static const cof_chunk_key key = {"a content key of 32 bytes, fixed"};
    uint8_t wrapped[COF_CSE_KEY_SIZE] = "2.0";
    const size_t size = cof_rsa_size(kit.owner);
    const uint8_t numbers[8] = {
        0, COF_CSE_RSA_OAEP_256, (uint8_t)size, (uint8_t)(size >> 8), 0, REGION >> 8, 0, 0};
    COF_CLEANUP(cof_aead_drop_) cof_aead *aead = NULL;
    cof_buf_init(out, BIG);
    memcpy(wrapped + 8, key.bytes, sizeof key.bytes);
    assert_ok(cof_aead_new(&key, &aead, NULL));
    assert_ok(cof_buf_append_text(out, COF_CSE_MAGIC, NULL));
    assert_ok(cof_buf_append(out, cof_view_of(numbers, sizeof numbers), NULL));
    assert_ok(cof_rsa_encrypt(kit.owner, COF_OAEP_SHA256, cof_view_of(wrapped, sizeof wrapped), out,
                              NULL));
    for (size_t at = 0; at < plain.size; at += REGION) {
        const size_t part = plain.size - at < REGION ? plain.size - at : REGION;
        const uint8_t nonce[12] = {[11] = (uint8_t)(at / REGION)};
        uint8_t *place = NULL;
        assert_ok(cof_buf_append(out, cof_view_of(nonce, sizeof nonce), NULL));
        assert_ok(cof_buf_extend(out, part + COF_AEAD_TAG_SIZE, &place, NULL));
        assert_ok(cof_aead_seal(aead, nonce, cof_view_of(plain.data + at, part), place,
                                place + part, NULL));
    }
    assert_ok(cof_digest_of(cof_view_of(out->data + HEAD + size, out->size - HEAD - size),
                            out_digest, NULL));
}

static void add_object(kit_job *job, json_t *objects, const char *part, cof_view plain, bool is_cse)
{
    cof_digest digest;
    char hex[2 * COF_DIGEST_SIZE + 1];
    cof_buf *object = &job->objects[job->object_count++];
    if (is_cse) {
        kit_write_cse(plain, object, &digest);
    } else {
        kit_seal_dataset(plain, part, object, &digest);
    }
    cof_digest_text(&digest, hex);
    json_t *item =
        json_pack("{s:s,s:s,s:I}", "part", part, "digest", hex, "size", (json_int_t)plain.size);
    if (is_cse) {
        assert_int_equal(json_object_set_new(item, "encryption", json_string("azure-cse-v2")), 0);
    }
    assert_int_equal(json_array_append_new(objects, item), 0);
}

static json_t *csv_input(kit_job *job, const kit_wish *wish, const char *name, int first, int count)
{
    COF_CLEANUP(cof_buf_free) cof_buf rows = {.limit = BIG};
    json_t *objects = json_array();
    print_rows(&rows, first, count, first == 0 ? wish->cell : NULL);
    add_object(job, objects, "data", cof_buf_view(&rows), wish->is_cse);
    json_t *schema =
        json_loads("{\"columns\":[{\"name\":\"size\",\"type\":\"number\",\"min\":0,\"max\":100,"
                   "\"missing\":\"refuse\"},"
                   "{\"name\":\"texture\",\"type\":\"number\",\"missing\":\"refuse\"},"
                   "{\"name\":\"noise\",\"type\":\"integer\",\"missing\":\"refuse\"},"
                   "{\"name\":\"kind\",\"type\":\"category\",\"values\":[\"good\",\"bad\"]}]}",
                   0, NULL);
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:o,s:o}", "name", name, "owner", "me", "format", "csv",
                     "use", "train", "target", "kind", "schema", schema, "objects", objects);
}

/* KIT_ROWS images of 4 x 4 whose brightness tells two classes apart. */
static json_t *idx_input(kit_job *job, const kit_wish *wish)
{
    uint8_t values[16 + KIT_ROWS * 16] = {0, 0, 8, 3, 0, 0, 0, KIT_ROWS, 0, 0, 0, 4, 0, 0, 0, 4};
    uint8_t labels[8 + KIT_ROWS] = {0, 0, 8, 1, 0, 0, 0, KIT_ROWS};
    for (int i = 0; i < KIT_ROWS; i++) {
        labels[8 + i] = i % 3 == 0;
        for (int k = 0; k < 16; k++) {
            values[16 + i * 16 + k] = (uint8_t)((i % 3 == 0 ? 150 : 50) + (i * 7 + k * 11) % 80);
        }
    }
    json_t *objects = json_array();
    add_object(job, objects, "data", cof_view_of(values, sizeof values), wish->is_cse);
    add_object(job, objects, "labels", cof_view_of(labels, sizeof labels), wish->is_cse);
    return json_pack("{s:s,s:s,s:s,s:s,s:i,s:o}", "name", "cells", "owner", "me", "format", "idx",
                     "use", "train", "classes", 2, "objects", objects);
}

static json_t *inputs_of(kit_job *job, const kit_wish *wish)
{
    json_t *inputs = json_array();
    if (wish->has_idx) {
        (void)json_array_append_new(inputs, idx_input(job, wish));
    } else if (wish->has_two_inputs) {
        (void)json_array_append_new(inputs, csv_input(job, wish, "cells", 0, KIT_ROWS / 2));
        (void)json_array_append_new(inputs,
                                    csv_input(job, wish, "more", KIT_ROWS / 2, KIT_ROWS / 2));
    } else {
        (void)json_array_append_new(inputs, csv_input(job, wish, "cells", 0, KIT_ROWS));
    }
    return inputs;
}

static json_t *outputs_of(void)
{
    COF_JSON json_t *jwk = NULL;
    assert_ok(cof_rsa_to_jwk(kit.recipient, &jwk, NULL));
    return json_pack("[{s:s,s:s,s:[{s:s,s:s,s:O}]},{s:s,s:s,s:[{s:s,s:s,s:O}]}]", "name", "model",
                     "format", "safetensors", "recipients", "name", "me", "kid", KIT_RECIPIENT_KID,
                     "jwk", jwk, "name", "report", "format", "json", "recipients", "name", "me",
                     "kid", KIT_RECIPIENT_KID, "jwk", jwk);
}

static int or_default(int value, int fallback)
{
    return value == 0 ? fallback : value;
}

static const char *or_text(const char *text, const char *fallback)
{
    return text == NULL ? fallback : text;
}

static json_t *training_of(const kit_wish *wish)
{
    const char *stop = wish->stop == NULL ? "null" : wish->stop;
    return json_pack(
        "{s:i,s:i,s:i,s:f,s:f,s:s,s:b,s:{s:s,s:f,s:f,s:f,s:f,s:f},s:{s:i},s:o,s:i,s:s,s:s}",
        "epochs", or_default(wish->epochs, 6), "batch", or_default(wish->batch, 16), "seed", 7,
        "validation", 0.2, "test", 0.2, "class_weights", "none", "standardize", true, "optimizer",
        "kind", "adamw", "learning_rate", 0.01, "beta1", 0.9, "beta2", 0.999, "epsilon", 1e-8,
        "weight_decay", 0.01, "checkpoint", "every_epochs", or_default(wish->every_epochs, 2),
        "stop", json_loads(stop, JSON_DECODE_ANY, NULL), "threads", or_default(wish->threads, 1),
        "precision", "f32", "kernel", wish->kernel == NULL ? "any" : wish->kernel);
}

void kit_job_make(const kit_wish *wish, kit_job *out)
{
    COF_CLEANUP(cof_ec_key_drop_) cof_ec_key *sign = NULL;
    COF_JSON json_t *sign_jwk = NULL;
    static const char zeros[] = "0000000000000000000000000000000000000000000000000000000000000000";
    *out = (kit_job){.object_count = 0};
    assert_ok(cof_ec_generate(&sign, NULL));
    assert_ok(cof_ec_to_jwk(sign, &sign_jwk, NULL));
    const char *disclose = or_text(wish->disclose, "[\"progress\",\"loss\",\"accuracy\",\"auc\"]");
    COF_JSON json_t *contract =
        json_pack("{s:s,s:s,s:s,s:{s:[{s:s,s:[s],s:s}]},s:{s:s},s:[{s:s,s:s,s:O}],s:o,s:s,s:o,s:o,"
                  "s:o,s:o,s:{s:I,s:i,s:I,s:i}}",
                  "coffer", "contract/v1", "name", "screening", "purpose", "research", "platform",
                  "accept", "type", "simulated", "measurements", or_text(wish->measurement, zeros),
                  "root", or_text(wish->root, zeros), "attestation", "authority",
                  or_text(wish->authority, "https://attest.example"), "owners", "name", "me", "key",
                  owner_kid(), "sign", sign_jwk, "inputs", inputs_of(out, wish), "task",
                  wish->has_idx ? "classes" : "binary", "model",
                  json_loads("{\"kind\":\"mlp\",\"hidden\":[8],\"activation\":\"relu\"}", 0, NULL),
                  "training", training_of(wish), "disclose", json_loads(disclose, 0, NULL),
                  "outputs", outputs_of(), "limits", "expires",
                  (json_int_t)(wish->expires == 0 ? 1798761600 : wish->expires), "runs", 3,
                  "memory", (json_int_t)(wish->memory == 0 ? 64 * 1024 * 1024 : wish->memory),
                  "wall_time", or_default(wish->wall_time, 3600));
    assert_non_null(contract);
    cof_buf_init(&out->contract, COF_LIMIT_CONTRACT_BYTES);
    assert_ok(cof_json_canonical(contract, &out->contract, NULL));
    assert_ok(cof_digest_of(cof_buf_view(&out->contract), &out->digest, NULL));
}

void kit_job_free(kit_job *job)
{
    cof_buf_free(&job->contract);
    cof_buf_free(&job->objects[0]);
    cof_buf_free(&job->objects[1]);
}

/* ---- the worker, in a thread ---- */

/* Evidence that a test can look into: "quote over " and the report data. */
static cof_status fake_quote(cof_quote_source *self, const cof_quote_request *request, cof_buf *out,
                             cof_err *err)
{
    (void)self;
    COF_TRY(cof_buf_append_text(out, "quote over ", err));
    return cof_buf_append(out, cof_view_of(request->report_data, 64), err);
}

static void fake_free(cof_quote_source *self)
{
    (void)self;
}

static const cof_quote_source_ops fake_ops = {
    .name = "fake", .quote = fake_quote, .free = fake_free};

typedef struct runner {
    kit_play *play;
    int fd;
    cof_status status;
} runner;

static void *run_worker(void *context)
{
    runner *self = context;
    cof_quote_source quotes = {.ops = &fake_ops};
    cof_secret_pages secrets = {0};
    cof_err err = {0};
    self->status = cof_secret_pages_new(1, &secrets, &err);
    if (self->status == COF_OK) {
        const cof_worker_config config = {
            .port = {.in = self->fd, .out = self->fd}, .quotes = &quotes, .secrets = secrets};
        if (self->play->before != NULL) {
            self->play->before(self->play);
        }
        self->status = cof_worker_run(&config, &err);
        if (self->play->after != NULL) {
            self->play->after(self->play);
        }
    }
    cof_secret_pages_free(&secrets);
    (void)close(self->fd);
    return NULL;
}

/* ---- the worker, as a program ---- */

/* Quotes once, as the simulated platform does, but nothing that a verifier would believe. */
static void *answer_quote(void *context)
{
    const int fd = *(const int *)context;
    uint8_t message[11 + 64] = "quote over ";
    if (recv(fd, message + 11, 64, 0) == 64) {
        (void)!send(fd, message, sizeof message, MSG_NOSIGNAL);
    }
    return NULL;
}

static void become_worker(const char *program, int stream, int quotes)
{
    char *arguments[] = {(char *)(uintptr_t)program, NULL};
    char *environment[] = {NULL};
    /* Away from 0 to 3 first: the two may stand there. */
    const int high_stream = fcntl(stream, F_DUPFD, 10);
    const int high_quotes = fcntl(quotes, F_DUPFD, 11);
    (void)dup2(high_stream, 0);
    (void)dup2(high_stream, 1);
    (void)dup2(high_quotes, 3);
    (void)close(high_stream);
    (void)close(high_quotes);
    (void)execve(program, arguments, environment);
    _exit(127);
}

/* ---- the agent ---- */

static void send_frame(kit_play *play, uint8_t type, cof_view payload)
{
    COF_CLEANUP(cof_buf_free) cof_buf frame = {.limit = BIG};
    const cof_frame_port port = {.in = play->fd, .out = play->fd};
    assert_ok(cof_buf_append(&frame, payload, NULL));
    if (play->tamper != NULL) {
        play->tamper(play, play->sent, &type, &frame);
    }
    play->sent++;
    /* A worker that has refused an earlier frame no longer reads: what it said is read next. */
    (void)!cof_frame_write(&port, type, (cof_view){0}, cof_buf_view(&frame), NULL);
}

static void send_object(kit_play *play, cof_view bytes)
{
    const size_t piece = play->piece == 0 ? 100000 : play->piece;
    for (size_t at = 0; at < bytes.size; at += piece) {
        const size_t size = bytes.size - at < piece ? bytes.size - at : piece;
        send_frame(play, COF_FRAME_DATA, cof_view_of(bytes.data + at, size));
    }
    send_frame(play, COF_FRAME_END, (cof_view){0});
}

void kit_wrap(cof_view runtime, const cof_rsa_key *key, uint8_t algorithm, cof_buf *out)
{
    static const uint8_t aes[32] = "an AES key that a vault has made";
    COF_CLEANUP(cof_buf_free) cof_buf der = {.limit = 8192};
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *transfer = NULL;
    COF_JSON json_t *json = NULL;
    assert_ok(cof_json_parse(runtime, COF_LIMIT_RUNTIME_BYTES, &json, NULL));
    assert_ok(cof_rsa_from_jwk(json_array_get(json_object_get(json, "keys"), 0), &transfer, NULL));
    assert_ok(cof_rsa_to_pkcs8(key, &der, NULL));
    assert_ok(cof_buf_append(out, cof_view_of(&algorithm, 1), NULL));
    assert_ok(cof_rsa_encrypt(transfer, algorithm == 1 ? COF_OAEP_SHA1 : COF_OAEP_SHA256,
                              cof_view_of(aes, 32), out, NULL));
    assert_ok(cof_kwp_wrap(aes, cof_buf_view(&der), out, NULL));
}

static void on_evidence(kit_play *play, cof_view payload)
{
    const size_t runtime = payload.data[0] | (size_t)payload.data[1] << 8;
    const size_t name = payload.data[4 + runtime];
    assert_ok(cof_buf_append(&play->runtime, cof_view_of(payload.data + 4, runtime), NULL));
    assert_memory_equal(payload.data + 5 + runtime, play->program == NULL ? "fake" : "simulated",
                        name);
    const size_t start = 5 + runtime + name;
    assert_ok(cof_buf_append(&play->evidence,
                             cof_view_of(payload.data + start, payload.size - start), NULL));
    if (play->watch != NULL) {
        play->watch(play);
    }
    send_frame(play, COF_FRAME_ATTESTED, cof_view_text("aaaa.bbbb.cccc"));
}

static void on_ask_key(kit_play *play)
{
    COF_CLEANUP(cof_buf_free) cof_buf key = {.limit = COF_LIMIT_RELEASE_BYTES};
    kit_wrap(cof_buf_view(&play->runtime), kit.owner, 1, &key);
    send_frame(play, COF_FRAME_KEY, cof_buf_view(&key));
}

static void on_event(kit_play *play, cof_view payload)
{
    COF_CLEANUP(cof_buf_free) cof_buf chained = {.limit = BIG};
    assert_ok(cof_buf_append(&chained, cof_view_of(play->head.bytes, 32), NULL));
    assert_ok(cof_buf_append(&chained, payload, NULL));
    assert_ok(cof_digest_of(cof_buf_view(&chained), &play->head, NULL));
    assert_true(play->event_count < KIT_EVENTS);
    assert_ok(
        cof_json_parse(payload, COF_LIMIT_JSON_BYTES, &play->events[play->event_count++], NULL));
}

static cof_status read_frame(kit_play *play, uint8_t *out_type, cof_buf *frame)
{
    static const cof_frame_rule all[] = {COF_FRAME_RULE(EVIDENCE),       COF_FRAME_RULE(ASK_KEY),
                                         COF_FRAME_RULE(ASK_CHECKPOINT), COF_FRAME_RULE(ASK_INPUT),
                                         COF_FRAME_RULE(EVENT),          COF_FRAME_RULE(PUT),
                                         COF_FRAME_RULE(PUT_DATA),       COF_FRAME_RULE(PUT_END),
                                         COF_FRAME_RULE(DONE),           COF_FRAME_RULE(FAILED)};
    const cof_frame_port port = {.in = play->fd, .out = play->fd};
    return cof_frame_read(&port, all, sizeof all / sizeof all[0], out_type, frame, NULL);
}

/* Takes one object; keeps it when it is whole. */
static void on_put(kit_play *play, cof_view payload)
{
    COF_CLEANUP(cof_buf_free) cof_buf frame = {.limit = COF_LIMIT_FRAME_BYTES};
    cof_buf bytes = {.limit = BIG};
    cof_digest digest;
    uint8_t type = 0;
    const uint8_t kind = payload.data[0];
    char name[32] = "";
    assert_int_equal(payload.size, 2 + (size_t)payload.data[1]);
    memcpy(name, payload.data + 2, payload.data[1]);
    for (;;) {
        assert_ok(read_frame(play, &type, &frame));
        if (type == COF_FRAME_PUT_END) {
            break;
        }
        assert_int_equal(type, COF_FRAME_PUT_DATA);
        assert_ok(cof_buf_append(&bytes, cof_buf_view(&frame), NULL));
    }
    assert_ok(cof_digest_of(cof_buf_view(&bytes), &digest, NULL));
    assert_memory_equal(frame.data, digest.bytes, 32);
    cof_buf *place = &play->receipt;
    if (kind == COF_PUT_CHECKPOINT) {
        play->checkpoint_count++;
        place = &play->last_checkpoint;
    } else if (kind == COF_PUT_OUTPUT) {
        assert_true(play->output_count < KIT_OUTPUTS);
        memcpy(play->output_names[play->output_count], name, sizeof name);
        place = &play->outputs[play->output_count++];
    }
    cof_buf_free(place);
    *place = bytes;
}

static void handle(kit_play *play, uint8_t type, cof_view payload)
{
    switch (type) {
    case COF_FRAME_EVIDENCE:
        on_evidence(play, payload);
        break;
    case COF_FRAME_ASK_KEY:
        on_ask_key(play);
        break;
    case COF_FRAME_ASK_CHECKPOINT:
        send_object(play, play->checkpoint);
        break;
    case COF_FRAME_ASK_INPUT: {
        const size_t index = (size_t)payload.data[0] + payload.data[2];
        assert_true(index < play->job->object_count);
        send_object(play, cof_buf_view(&play->job->objects[index]));
        break;
    }
    case COF_FRAME_EVENT:
        on_event(play, payload);
        break;
    case COF_FRAME_PUT:
        on_put(play, payload);
        break;
    case COF_FRAME_DONE:
        play->is_done = true;
        break;
    default:
        assert_int_equal(type, COF_FRAME_FAILED);
        memcpy(play->failed, payload.data, payload.size);
        break;
    }
}

static void start(kit_play *play)
{
    COF_CLEANUP(cof_buf_free) cof_buf payload = {.limit = BIG};
    uint8_t fixed[COF_START_FIXED_SIZE] = {COF_PROTOCOL_VERSION};
    memset(fixed + 1, 0xab, COF_RUN_ID_SIZE);
    fixed[COF_START_FIXED_SIZE - 1] = play->kernel;
    assert_ok(cof_buf_append(&payload, cof_view_of(fixed, sizeof fixed), NULL));
    assert_ok(cof_buf_append(&payload, cof_buf_view(&play->job->contract), NULL));
    send_frame(play, COF_FRAME_START, cof_buf_view(&payload));
}

static bool is_over(const kit_play *play)
{
    const bool has_left = play->leave_after_checkpoints > 0 &&
                          play->checkpoint_count >= (size_t)play->leave_after_checkpoints;
    return play->is_done || play->is_closed || play->failed[0] != '\0' || has_left;
}

static void converse(kit_play *play)
{
    COF_CLEANUP(cof_buf_free) cof_buf frame = {.limit = COF_LIMIT_FRAME_BYTES};
    cof_buf_init(&play->runtime, BIG);
    cof_buf_init(&play->evidence, BIG);
    start(play);
    while (!is_over(play)) {
        uint8_t type = 0;
        const cof_status status = read_frame(play, &type, &frame);
        play->is_closed = status == COF_E_PEER_CLOSED;
        if (!play->is_closed) {
            assert_ok(status);
            handle(play, type, cof_buf_view(&frame));
        }
    }
    (void)close(play->fd);
}

static void run_in_thread(kit_play *play, int worker_end)
{
    pthread_t thread;
    runner self = {.play = play, .fd = worker_end};
    assert_int_equal(pthread_create(&thread, NULL, run_worker, &self), 0);
    converse(play);
    assert_int_equal(pthread_join(thread, NULL), 0);
    play->status = self.status;
}

static void run_program(kit_play *play, int worker_end)
{
    int quotes[2];
    pthread_t thread;
    int how = 0;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, quotes), 0);
    play->pid = fork();
    assert_true(play->pid >= 0);
    if (play->pid == 0) {
        become_worker(play->program, worker_end, quotes[1]);
    }
    (void)close(worker_end);
    (void)close(quotes[1]);
    assert_int_equal(pthread_create(&thread, NULL, answer_quote, &quotes[0]), 0);
    converse(play);
    assert_int_equal(pthread_join(thread, NULL), 0);
    (void)close(quotes[0]);
    assert_int_equal(waitpid(play->pid, &how, 0), play->pid);
    play->exit_code = WIFSIGNALED(how) ? -WTERMSIG(how) : WEXITSTATUS(how);
}

void kit_run(kit_play *play)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    play->fd = ends[0];
    if (play->program == NULL) {
        run_in_thread(play, ends[1]);
    } else {
        run_program(play, ends[1]);
    }
}

void kit_play_free(kit_play *play)
{
    cof_buf_free(&play->runtime);
    cof_buf_free(&play->evidence);
    cof_buf_free(&play->last_checkpoint);
    cof_buf_free(&play->receipt);
    for (size_t i = 0; i < KIT_OUTPUTS; i++) {
        cof_buf_free(&play->outputs[i]);
    }
    for (size_t i = 0; i < play->event_count; i++) {
        json_decref(play->events[i]);
    }
}

void kit_open(const kit_play *play, size_t index, cof_buf *out)
{
    const cof_view object = cof_buf_view(&play->outputs[index]);
    COF_CLEANUP(cof_front_drop_) cof_front *front = NULL;
    COF_CLEANUP(cof_data_key_wipe) cof_data_key key = {{0}};
    size_t size = 0;
    assert_true(index < play->output_count);
    assert_ok(cof_front_size(cof_view_of(object.data, COF_SEAL_FIXED_SIZE), &size, NULL));
    assert_ok(cof_front_parse(cof_view_of(object.data, size), &front, NULL));
    assert_memory_equal(cof_front_header(front)->context.bytes, play->job->digest.bytes, 32);
    assert_ok(cof_front_key_rsa(front, KIT_RECIPIENT_KID, kit.recipient, &key, NULL));
    cof_buf_init(out, BIG);
    assert_ok(cof_open_bytes(object, &key, NULL, out, NULL));
}

size_t kit_events(const kit_play *play, const char *step, const json_t **out_last)
{
    size_t count = 0;
    *out_last = NULL;
    for (size_t i = 0; i < play->event_count; i++) {
        if (strcmp(json_string_value(json_object_get(play->events[i], "event")), step) == 0) {
            *out_last = play->events[i];
            count++;
        }
    }
    return count;
}
