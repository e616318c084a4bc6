#include "host/store/adopt_file.h"

#include <stdlib.h>

#include "host/azure/encryption_data.h"
#include "tcb/base/limits.h"

enum { PIECE_SIZE = 1024 * 1024 };

/* Gives every byte of a blob, from one on, to a function, in pieces. */
static cof_status read_all(const cof_sealed_source *blob, uint64_t from,
                           cof_status (*take)(void *context, cof_view piece, cof_err *err),
                           void *context, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf piece;
    cof_buf_init(&piece, PIECE_SIZE);
    for (uint64_t at = from; at < blob->size; at += piece.size) {
        const uint64_t left = blob->size - at;
        uint8_t *place = NULL;
        cof_buf_clear(&piece);
        COF_TRY(cof_buf_extend(&piece, left < PIECE_SIZE ? (size_t)left : PIECE_SIZE, &place, err));
        COF_TRY(cof_sealed_source_read(blob, at, (cof_span){place, piece.size}, err));
        COF_TRY(take(context, cof_buf_view(&piece), err));
    }
    return COF_OK;
}

/* Every region costs the same beside its plaintext, and none is empty. */
static cof_status plaintext_size(uint64_t blob_size, const cof_cse_head *head, uint64_t *out,
                                 cof_err *err)
{
    const uint64_t whole = (uint64_t)head->region_size + COF_CSE_REGION_OVERHEAD;
    const uint64_t rest = blob_size % whole;
    const uint64_t regions = blob_size / whole + (rest > 0);
    if (rest > 0 && rest <= COF_CSE_REGION_OVERHEAD) {
        return COF_FAIL(err, TRUNCATED, "the blob ends within a region of %lu bytes",
                        (unsigned long)head->region_size);
    }
    const uint64_t size = blob_size - regions * COF_CSE_REGION_OVERHEAD;
    if (size > COF_LIMIT_OBJECT_BYTES) {
        return COF_FAIL(err, LIMIT, "a blob of %llu bytes", (unsigned long long)blob_size);
    }
    *out = size;
    return COF_OK;
}

static cof_status add_to_hash(void *context, cof_view piece, cof_err *err)
{
    return cof_sha256_update(context, piece, err);
}

cof_status cof_source_digest(const cof_sealed_source *source, uint64_t from, cof_digest *out,
                             cof_err *err)
{
    COF_CLEANUP(cof_sha256_drop_) cof_sha256 *hash = NULL;
    COF_TRY(cof_sha256_new(&hash, err));
    COF_TRY(read_all(source, from, add_to_hash, hash, err));
    return cof_sha256_finish(hash, out, err);
}

cof_status cof_adopt_measure(const cof_sealed_source *blob, const cof_cse_head *head,
                             cof_cse_expect *out, cof_err *err)
{
    cof_cse_expect measured = {.size = 0};
    COF_TRY(plaintext_size(blob->size, head, &measured.size, err));
    COF_TRY(cof_source_digest(blob, 0, &measured.digest, err));
    *out = measured;
    return COF_OK;
}

/* A blob on its way: opened to see that it opens, and written as it is. */
typedef struct adoption {
    const cof_adopt_request *request;
    cof_cse_stream *stream;
    cof_blob_writer *writer;
    uint64_t done;
    uint64_t total;
} adoption;

static cof_status throw_away(void *context, cof_view plain, cof_err *err)
{
    (void)context;
    (void)plain;
    (void)err;
    return COF_OK;
}

static cof_status find_key(void *context, const cof_cse_head *head, cof_chunk_key *out_key,
                           cof_err *err)
{
    const adoption *self = context;
    return self->request->key(self->request->key_context, head, out_key, err);
}

static cof_status take(void *context, cof_view piece, cof_err *err)
{
    adoption *self = context;
    const cof_progress *progress = &self->request->progress;
    COF_TRY(cof_cse_stream_feed(self->stream, piece, err));
    COF_TRY(cof_blob_write(self->writer, piece, err));
    self->done += piece.size;
    if (progress->report != NULL) {
        progress->report(progress->context, self->done, self->total);
    }
    return COF_OK;
}

static void adoption_drop(adoption *self)
{
    cof_cse_stream_free(self->stream);
    cof_blob_writer_free(self->writer);
}

cof_status cof_adopt_blob(const cof_sealed_source *blob, const cof_adopt_request *request,
                          cof_err *err)
{
    COF_CLEANUP(adoption_drop) adoption self = {.request = request, .total = blob->size};
    const cof_cse_calls calls = {.key = find_key, .sink = throw_away, .context = &self};
    COF_CLEANUP(cof_buf_free) cof_buf head = {0};
    cof_buf_init(&head, COF_CSE_FIXED_SIZE + COF_CSE_WRAPPED_HIGH);
    COF_TRY(cof_cse_head_print(request->head, &head, err));
    COF_TRY(cof_cse_stream_new(&request->expect, &calls, &self.stream, err));
    COF_TRY(cof_cse_stream_feed(self.stream, cof_buf_view(&head), err));
    COF_TRY(cof_blob_begin(request->store, request->name, 0, &self.writer, err));
    COF_TRY(cof_blob_write(self.writer, cof_buf_view(&head), err));
    COF_TRY(read_all(blob, 0, take, &self, err));
    COF_TRY(cof_cse_stream_finish(self.stream, err));
    return cof_blob_commit(self.writer, err);
}
