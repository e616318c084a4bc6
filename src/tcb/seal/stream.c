/*
 * Implementation notes
 *
 * Three states that only move forward: the fixed start of the front (its 78 bytes say how large the
 * front is), the rest of the front, chunks. A failure is kept and given again for every later
 * call, so that a caller who missed it once cannot go on.
 *
 * The front's buffer grows with the bytes that arrive, never to a size that was only announced. A
 * chunk that lies whole in the piece that was fed is opened from there; only one that straddles two
 * pieces is gathered first.
 */
#include "tcb/seal/stream.h"

#include <stdlib.h>
#include <string.h>

#include "tcb/base/limits.h"

typedef enum stream_state { STREAM_START, STREAM_FRONT, STREAM_CHUNKS, STREAM_DONE } stream_state;

struct cof_seal_stream {
    cof_stream_expect expect; /* its pointers point to the copies below */
    cof_digest expected_digest;
    cof_digest expected_context;
    char expected_name[COF_SEAL_NAME_SIZE + 1];
    cof_stream_calls calls;

    stream_state state;
    cof_status failure; /* COF_OK while nothing has failed */
    cof_buf start;      /* the front, as far as it has arrived */
    size_t front_size;  /* known from STREAM_FRONT on */
    cof_front *front;
    cof_opener *opener;
    uint64_t next; /* index of the chunk that comes next */
    uint64_t chunk_count;
    size_t gathered;                     /* bytes in cipher */
    uint8_t cipher[COF_SEAL_CHUNK_SIZE]; /* a chunk that straddles pieces */
    uint8_t plain[COF_SEAL_CHUNK_SIZE];
};

static cof_status copy_expect(const cof_stream_expect *expect, cof_seal_stream *stream,
                              cof_err *err)
{
    stream->expect = *expect;
    if (expect->digest != NULL) {
        stream->expected_digest = *expect->digest;
        stream->expect.digest = &stream->expected_digest;
    }
    if (expect->context != NULL) {
        stream->expected_context = *expect->context;
        stream->expect.context = &stream->expected_context;
    }
    if (expect->name != NULL) {
        const size_t size = strlen(expect->name);
        if (size > COF_SEAL_NAME_SIZE) {
            return COF_FAIL(err, BAD_ARGUMENT, "expected name of %zu bytes", size);
        }
        memcpy(stream->expected_name, expect->name, size + 1);
        stream->expect.name = stream->expected_name;
    }
    return COF_OK;
}

cof_status cof_seal_stream_new(const cof_stream_expect *expect, const cof_stream_calls *calls,
                               cof_seal_stream **out, cof_err *err)
{
    if (calls->key == NULL || calls->sink == NULL) {
        return COF_FAIL(err, BAD_ARGUMENT, "a stream needs a key and a sink");
    }
    COF_CLEANUP(cof_seal_stream_drop_) cof_seal_stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL) {
        return COF_FAIL(err, NO_MEMORY, "stream");
    }
    COF_TRY(copy_expect(expect, stream, err));
    stream->calls = *calls;
    cof_buf_init(&stream->start, COF_SEAL_FIXED_SIZE);
    *out = cof_seal_stream_take(&stream);
    return COF_OK;
}

/* Moves bytes from the piece into the front's buffer until it holds target bytes. */
static cof_status gather_front(cof_seal_stream *stream, size_t target, cof_view *piece,
                               cof_err *err)
{
    const size_t missing = target - stream->start.size;
    const size_t take = piece->size < missing ? piece->size : missing;
    COF_TRY(cof_buf_append(&stream->start, cof_view_of(piece->data, take), err));
    piece->data += take;
    piece->size -= take;
    return COF_OK;
}

static uint64_t read_plaintext_size(cof_view start)
{
    uint64_t size = 0;
    for (size_t i = 0; i < 8; i++) {
        size |= (uint64_t)start.data[16 + i] << (8 * i);
    }
    return size;
}

static cof_status take_start(cof_seal_stream *stream, cof_view *piece, cof_err *err)
{
    COF_TRY(gather_front(stream, COF_SEAL_FIXED_SIZE, piece, err));
    if (stream->start.size < COF_SEAL_FIXED_SIZE) {
        return COF_OK;
    }
    COF_TRY(cof_front_size(cof_buf_view(&stream->start), &stream->front_size, err));
    const uint64_t size = read_plaintext_size(cof_buf_view(&stream->start));
    if (size > stream->expect.size_max) {
        return COF_FAIL(err, LIMIT, "an object of %llu bytes where at most %llu are expected",
                        (unsigned long long)size, (unsigned long long)stream->expect.size_max);
    }
    stream->start.limit = stream->front_size;
    stream->state = STREAM_FRONT;
    return COF_OK;
}

static cof_status check_expected(const cof_stream_expect *expect, const cof_front *front,
                                 cof_err *err)
{
    const cof_seal_header *header = cof_front_header(front);
    if (expect->digest != NULL && !cof_digest_equal(expect->digest, cof_front_digest(front))) {
        return COF_FAIL(err, DIGEST_MISMATCH, "another object than the one that is pinned");
    }
    if (expect->kind != 0 && header->kind != expect->kind) {
        return COF_FAIL(err, BAD_FORMAT, "an object of kind %d where kind %d is expected",
                        (int)header->kind, (int)expect->kind);
    }
    if (expect->context != NULL && !cof_digest_equal(expect->context, &header->context)) {
        return COF_FAIL(err, CONTRACT_MISMATCH, "an object of another contract");
    }
    if (expect->name != NULL && strcmp(expect->name, header->name) != 0) {
        return COF_FAIL(err, BAD_FORMAT, "an object of another name");
    }
    return COF_OK;
}

static cof_status take_front(cof_seal_stream *stream, cof_view *piece, cof_err *err)
{
    COF_TRY(gather_front(stream, stream->front_size, piece, err));
    if (stream->start.size < stream->front_size) {
        return COF_OK;
    }
    COF_CLEANUP(cof_front_drop_) cof_front *front = NULL;
    COF_TRY(cof_front_parse(cof_buf_view(&stream->start), &front, err));
    cof_buf_free(&stream->start);
    COF_TRY(check_expected(&stream->expect, front, err));
    COF_CLEANUP(cof_data_key_wipe) cof_data_key key = {0};
    COF_TRY(stream->calls.key(stream->calls.context, front, &key, err));
    COF_TRY(cof_opener_new(front, &key, &stream->opener, err));
    stream->front = cof_front_take(&front);
    stream->chunk_count = cof_seal_chunk_count(cof_front_header(stream->front)->plaintext_size);
    stream->state = STREAM_CHUNKS;
    return COF_OK;
}

static cof_status give_chunk(cof_seal_stream *stream, cof_view cipher, cof_err *err)
{
    COF_TRY(cof_opener_chunk(stream->opener, stream->next, cipher, stream->plain, err));
    COF_TRY(
        stream->calls.sink(stream->calls.context, cof_view_of(stream->plain, cipher.size), err));
    stream->next++;
    if (stream->next == stream->chunk_count) {
        stream->state = STREAM_DONE;
    }
    return COF_OK;
}

static cof_status take_chunk(cof_seal_stream *stream, cof_view *piece, cof_err *err)
{
    const size_t due =
        cof_seal_chunk_size(cof_front_header(stream->front)->plaintext_size, stream->next);
    if (stream->gathered == 0 && piece->size >= due) {
        const cof_view cipher = cof_view_of(piece->data, due);
        piece->data += due;
        piece->size -= due;
        return give_chunk(stream, cipher, err);
    }
    const size_t missing = due - stream->gathered;
    const size_t take = piece->size < missing ? piece->size : missing;
    memcpy(stream->cipher + stream->gathered, piece->data, take);
    stream->gathered += take;
    piece->data += take;
    piece->size -= take;
    if (stream->gathered < due) {
        return COF_OK;
    }
    stream->gathered = 0;
    return give_chunk(stream, cof_view_of(stream->cipher, due), err);
}

static cof_status take_piece(cof_seal_stream *stream, cof_view *piece, cof_err *err)
{
    while (piece->size > 0) {
        switch (stream->state) {
        case STREAM_START:
            COF_TRY(take_start(stream, piece, err));
            break;
        case STREAM_FRONT:
            COF_TRY(take_front(stream, piece, err));
            break;
        case STREAM_CHUNKS:
            COF_TRY(take_chunk(stream, piece, err));
            break;
        case STREAM_DONE:
            return COF_FAIL(err, TRAILING_BYTES, "%zu bytes after the object", piece->size);
        }
    }
    return COF_OK;
}

/* Gives an earlier failure again. */
static cof_status check_alive(const cof_seal_stream *stream, cof_err *err)
{
    if (stream->failure != COF_OK) {
        return cof_err_set(err, stream->failure, __FILE__, __LINE__, "the stream failed before");
    }
    return COF_OK;
}

cof_status cof_seal_stream_feed(cof_seal_stream *stream, cof_view bytes, cof_err *err)
{
    COF_TRY(check_alive(stream, err));
    cof_status status = take_piece(stream, &bytes, err);
    if (status == COF_OK && stream->state == STREAM_CHUNKS &&
        cof_front_header(stream->front)->plaintext_size == 0) {
        /* The one chunk of an empty object has no bytes that could announce it. */
        status = give_chunk(stream, (cof_view){0}, err);
    }
    stream->failure = status;
    return status;
}

cof_status cof_seal_stream_finish(cof_seal_stream *stream, cof_err *err)
{
    COF_TRY(check_alive(stream, err));
    if (stream->state != STREAM_DONE) {
        stream->failure = COF_E_TRUNCATED;
        return COF_FAIL(err, TRUNCATED, "the object ends in chunk %llu",
                        (unsigned long long)stream->next);
    }
    return COF_OK;
}

const cof_front *cof_seal_stream_front(const cof_seal_stream *stream)
{
    return stream->front;
}

void cof_seal_stream_free(cof_seal_stream *stream)
{
    if (stream == NULL) {
        return;
    }
    cof_opener_free(stream->opener);
    cof_front_free(stream->front);
    cof_buf_free(&stream->start);
    cof_wipe(stream, sizeof *stream);
    free(stream);
}
