#include "tcb/worker/talk.h"

#include <string.h>
#include <time.h>

#include "tcb/wire/json.h"
#include "tcb/wire/writer.h"

enum { PIECE_SIZE = COF_FRAME_PUT_DATA_HIGH };

static const cof_view nothing = {NULL, 0};

cof_status cof_worker_hear(cof_worker *worker, uint8_t *out_type, cof_err *err)
{
    return cof_frame_read(&worker->config->port, worker->state->rules, worker->state->rule_count,
                          out_type, &worker->frame, err);
}

cof_status cof_worker_say(cof_worker *worker, uint8_t type, cof_view start, cof_view rest,
                          cof_err *err)
{
    return cof_frame_write(&worker->config->port, type, start, rest, err);
}

static cof_status mark_step(cof_worker *worker, const char *step, cof_err *err)
{
    for (size_t i = 0; i < worker->mark_count; i++) {
        if (strcmp(worker->marks[i].step, step) == 0) {
            return COF_OK;
        }
    }
    if (worker->mark_count == COF_WORKER_STEPS) {
        return COF_FAIL(err, INTERNAL, "more than %d steps", COF_WORKER_STEPS);
    }
    worker->marks[worker->mark_count++] = (cof_worker_mark){step, (int64_t)time(NULL)};
    return COF_OK;
}

/* h(i+1) = SHA-256(h(i) || event i). */
static cof_status extend_log(cof_worker *worker, cof_view event, cof_err *err)
{
    COF_CLEANUP(cof_sha256_drop_) cof_sha256 *hash = NULL;
    COF_TRY(cof_sha256_new(&hash, err));
    COF_TRY(cof_sha256_update(
        hash, cof_view_of(worker->event_head.bytes, sizeof worker->event_head.bytes), err));
    COF_TRY(cof_sha256_update(hash, event, err));
    COF_TRY(cof_sha256_finish(hash, &worker->event_head, err));
    worker->event_count++;
    return COF_OK;
}

cof_status cof_worker_event(cof_worker *worker, const char *step, json_t *members, cof_err *err)
{
    COF_JSON json_t *event = members;
    if (event == NULL) {
        return COF_FAIL(err, NO_MEMORY, "event");
    }
    COF_TRY(cof_json_set(event, "event", json_string(step), err));
    COF_TRY(cof_json_set(event, "n", json_integer((json_int_t)worker->event_count), err));
    COF_CLEANUP(cof_buf_free) cof_buf text;
    cof_buf_init(&text, COF_FRAME_EVENT_HIGH);
    COF_TRY(cof_json_canonical(event, &text, err));
    COF_TRY(mark_step(worker, step, err));
    COF_TRY(extend_log(worker, cof_buf_view(&text), err));
    return cof_worker_say(worker, COF_FRAME_EVENT, cof_buf_view(&text), nothing, err);
}

static cof_status put_bytes(cof_worker *worker, cof_sha256 *hash, cof_view bytes, cof_err *err)
{
    COF_TRY(cof_sha256_update(hash, bytes, err));
    for (size_t at = 0; at < bytes.size; at += PIECE_SIZE) {
        const size_t size = bytes.size - at < PIECE_SIZE ? bytes.size - at : PIECE_SIZE;
        COF_TRY(cof_worker_say(worker, COF_FRAME_PUT_DATA, cof_view_of(bytes.data + at, size),
                               nothing, err));
    }
    return COF_OK;
}

cof_status cof_worker_put(cof_worker *worker, uint8_t kind, const char *name, cof_view front,
                          cof_view body, cof_err *err)
{
    const size_t name_size = strlen(name);
    if (name_size == 0 || name_size > COF_LIMIT_NAME_BYTES) {
        return COF_FAIL(err, INTERNAL, "an object's name has %zu bytes", name_size);
    }
    const uint8_t start[2] = {kind, (uint8_t)name_size};
    COF_TRY(cof_worker_say(worker, COF_FRAME_PUT, cof_view_of(start, sizeof start),
                           cof_view_text(name), err));
    COF_CLEANUP(cof_sha256_drop_) cof_sha256 *hash = NULL;
    COF_TRY(cof_sha256_new(&hash, err));
    COF_TRY(put_bytes(worker, hash, front, err));
    COF_TRY(put_bytes(worker, hash, body, err));
    cof_digest digest;
    COF_TRY(cof_sha256_finish(hash, &digest, err));
    return cof_worker_say(worker, COF_FRAME_PUT_END, cof_view_of(digest.bytes, sizeof digest.bytes),
                          nothing, err);
}

/* Every chunk in its place. An empty object has one chunk, of 0 bytes. */
static cof_status seal_chunks(cof_sealer *sealer, cof_buf *bytes, cof_err *err)
{
    uint8_t none = 0;
    const uint64_t count = cof_seal_chunk_count(bytes->size);
    for (uint64_t i = 0; i < count; i++) {
        uint8_t *place = bytes->size == 0 ? &none : bytes->data + (size_t)i * COF_SEAL_CHUNK_SIZE;
        COF_TRY(cof_sealer_chunk(sealer, cof_view_of(place, cof_seal_chunk_size(bytes->size, i)),
                                 place, err));
    }
    return COF_OK;
}

cof_status cof_worker_put_sealed(cof_worker *worker, const cof_worker_seal *seal, cof_buf *plain,
                                 cof_digest *out_digest, uint64_t *out_size, cof_err *err)
{
    cof_seal_header header = {
        .kind = seal->kind, .plaintext_size = plain->size, .context = worker->contract->digest};
    if (strlen(seal->name) >= sizeof header.name) {
        return COF_FAIL(err, INTERNAL, "an object's name is too long");
    }
    memcpy(header.name, seal->name, strlen(seal->name) + 1);
    COF_CLEANUP(cof_sealer_drop_) cof_sealer *sealer = NULL;
    COF_TRY(cof_sealer_new(&header, seal->recipients, seal->recipient_count, &sealer, err));
    COF_TRY(seal_chunks(sealer, plain, err));
    COF_CLEANUP(cof_buf_free) cof_buf front;
    cof_buf_init(&front, cof_sealer_front_size(sealer));
    COF_TRY(cof_sealer_front(sealer, &front, out_digest, err));
    *out_size = (uint64_t)front.size + plain->size;
    return cof_worker_put(worker, seal->put_kind, seal->name, cof_buf_view(&front),
                          cof_buf_view(plain), err);
}
