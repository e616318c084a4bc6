#include <stdlib.h>

#include "host/store/atomic_file.h"
#include "host/store/seal_file.h"
#include "host/store/sealed_source.h"

/*
 * Sixteen chunks at a time: fewer system calls count for more than staying in the second-level
 * cache.
 */
enum { PIECE_SIZE = 16 * COF_SEAL_CHUNK_SIZE };

/* What the stream's callbacks need: the caller's own callbacks, and how far it has come. */
typedef struct opening {
    const cof_open_request *request;
    cof_status (*sink)(void *context, cof_view plain, cof_err *err);
    void *sink_context;
    uint64_t done;
    uint64_t total;
} opening;

static cof_status find_key(void *context, const cof_front *front, cof_data_key *out_key,
                           cof_err *err)
{
    opening *state = context;
    state->total = cof_front_header(front)->plaintext_size;
    return state->request->key(state->request->key_context, front, out_key, err);
}

static cof_status take_plain(void *context, cof_view plain, cof_err *err)
{
    opening *state = context;
    COF_TRY(state->sink(state->sink_context, plain, err));
    state->done += plain.size;
    const cof_progress *progress = &state->request->progress;
    if (progress->report != NULL &&
        (state->done == state->total || state->done % PIECE_SIZE == 0)) {
        progress->report(progress->context, state->done, state->total);
    }
    return COF_OK;
}

/*
 * Reads the whole source in pieces that end where the front does, so that no chunk straddles two.
 */
static cof_status feed(const cof_sealed_source *source, size_t front_size, cof_seal_stream *stream,
                       cof_err *err)
{
    COF_CLEANUP(cof_free_drop_) uint8_t *piece = malloc(PIECE_SIZE);
    if (piece == NULL) {
        return COF_FAIL(err, NO_MEMORY, "reading a sealed file");
    }
    for (uint64_t at = 0; at < source->size;) {
        const uint64_t left = (at < front_size ? front_size : source->size) - at;
        const size_t size = left < PIECE_SIZE ? (size_t)left : PIECE_SIZE;
        COF_TRY(cof_sealed_source_read(source, at, (cof_span){piece, size}, err));
        COF_TRY(cof_seal_stream_feed(stream, cof_view_of(piece, size), err));
        at += size;
    }
    return cof_seal_stream_finish(stream, err);
}

static cof_status open_source(const cof_sealed_source *source, opening *state, cof_err *err)
{
    size_t front_size = 0;
    COF_TRY(cof_sealed_source_front_size(source, &front_size, err));
    cof_stream_expect expect = state->request->expect;
    if (expect.size_max == 0) {
        expect.size_max = source->size;
    }
    const cof_stream_calls calls = {.key = find_key, .sink = take_plain, .context = state};
    COF_CLEANUP(cof_seal_stream_drop_) cof_seal_stream *stream = NULL;
    COF_TRY(cof_seal_stream_new(&expect, &calls, &stream, err));
    return feed(source, front_size, stream, err);
}

cof_status cof_open_file_to(const char *sealed_path, const cof_open_request *request,
                            cof_status (*sink)(void *context, cof_view plain, cof_err *err),
                            void *context, cof_err *err)
{
    COF_CLEANUP(cof_sealed_source_close) cof_sealed_source source = {.fd = -1};
    COF_TRY(cof_sealed_source_open(sealed_path, true, &source, err));
    opening state = {.request = request, .sink = sink, .sink_context = context};
    return open_source(&source, &state, err);
}

/* A sink that is a file. */
typedef struct file_sink {
    cof_atomic_file *file;
    uint64_t end;
} file_sink;

static cof_status write_plain(void *context, cof_view plain, cof_err *err)
{
    file_sink *sink = context;
    COF_TRY(cof_atomic_file_write(sink->file, sink->end, plain, err));
    sink->end += plain.size;
    return COF_OK;
}

static cof_status open_to_path(const cof_sealed_source *source, const cof_open_request *request,
                               const char *target_path, cof_err *err)
{
    COF_CLEANUP(cof_atomic_file_drop_) cof_atomic_file *file = NULL;
    COF_TRY(cof_atomic_file_begin_path(target_path, 0600, &file, err));
    file_sink sink = {.file = file};
    opening state = {.request = request, .sink = write_plain, .sink_context = &sink};
    COF_TRY(open_source(source, &state, err));
    return cof_atomic_file_commit(file, err);
}

cof_status cof_open_file(const char *sealed_path, const cof_open_request *request,
                         const char *target_path, cof_err *err)
{
    COF_CLEANUP(cof_sealed_source_close) cof_sealed_source source = {.fd = -1};
    COF_TRY(cof_sealed_source_open(sealed_path, true, &source, err));
    return open_to_path(&source, request, target_path, err);
}

cof_status cof_open_file_from_store(cof_blob_store *store, const char *name,
                                    const cof_open_request *request, const char *target_path,
                                    cof_err *err)
{
    COF_CLEANUP(cof_sealed_source_close) cof_sealed_source source = {.fd = -1};
    COF_TRY(cof_sealed_source_in_store(store, name, &source, err));
    return open_to_path(&source, request, target_path, err);
}

cof_status cof_sealed_file_front(const char *path, cof_front **out, cof_err *err)
{
    COF_CLEANUP(cof_sealed_source_close) cof_sealed_source source = {.fd = -1};
    COF_TRY(cof_sealed_source_open(path, true, &source, err));
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {0};
    cof_buf_init(&bytes, SIZE_MAX);
    COF_TRY(cof_sealed_source_front(&source, &bytes, err));
    return cof_front_parse(cof_buf_view(&bytes), out, err);
}
