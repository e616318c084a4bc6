/*
 * Implementation notes
 *
 * The plaintext's size is known, so every region's size is: nothing in the blob is believed about
 * where it ends. A region is gathered whole and opened in place.
 *
 * The libraries of Azure number their regions in three ways; which one a blob has shows in its
 * first two regions. A set of the ways that still fit shrinks as regions come: when it is empty,
 * regions were moved, dropped or doubled. The tags alone would not tell, since each covers only
 * its own region.
 */
#include "tcb/seal/cse.h"

#include <stdlib.h>
#include <string.h>

#include "tcb/base/limits.h"
#include "tcb/base/wipe.h"
#include "tcb/crypto/aead.h"
#include "tcb/wire/reader.h"

enum { VERSION_SIZE = 8 };

/* The ways to number regions; i counts from 0. */
enum {
    NONCE_PYTHON = 1, /* i, 12 bytes big endian */
    NONCE_JAVA = 2,   /* i, 8 bytes big endian, then 4 zeros */
    NONCE_DOTNET = 4, /* 4 zeros, then i + 1, 8 bytes little endian */
    NONCE_ANY = NONCE_PYTHON | NONCE_JAVA | NONCE_DOTNET
};

struct cof_cse_stream {
    cof_cse_expect expect;
    cof_cse_calls calls;
    cof_status failure;                                      /* COF_OK while nothing has failed */
    uint8_t head[COF_CSE_FIXED_SIZE + COF_CSE_WRAPPED_HIGH]; /* as far as it has arrived */
    cof_sha256 *hash;                                        /* of the blob */
    cof_aead *aead;                                          /* NULL: the head is not whole yet */
    uint32_t region_size;
    uint8_t *region; /* nonce, ciphertext, tag */
    size_t gathered; /* bytes in head, later in region */
    uint64_t next;   /* index of the region that comes next */
    uint64_t opened; /* bytes of plaintext */
    unsigned nonces; /* ways to number that fit all regions so far */
};

cof_status cof_cse_head_size(cof_view start, size_t *out_size, cof_err *err)
{
    cof_reader reader = cof_reader_of(start);
    cof_view magic;
    uint8_t minor = 0;
    uint8_t algorithm = 0;
    uint16_t wrapped_size = 0;
    uint32_t region_size = 0;
    COF_TRY(cof_read_view(&reader, COF_CSE_MAGIC_SIZE, &magic, err));
    COF_TRY(cof_read_u8(&reader, &minor, err));
    COF_TRY(cof_read_u8(&reader, &algorithm, err));
    COF_TRY(cof_read_u16le(&reader, &wrapped_size, err));
    COF_TRY(cof_read_u32le(&reader, &region_size, err));
    if (!cof_view_equal(magic, cof_view_text(COF_CSE_MAGIC)) || minor > 1) {
        return COF_FAIL(err, BAD_FORMAT, "not a blob of client-side encryption version 2");
    }
    if (algorithm != COF_CSE_RSA_OAEP && algorithm != COF_CSE_RSA_OAEP_256) {
        return COF_FAIL(err, UNSUPPORTED, "content key wrapped with algorithm %u", algorithm);
    }
    if (wrapped_size < COF_CSE_WRAPPED_LOW || wrapped_size > COF_CSE_WRAPPED_HIGH ||
        region_size < COF_CSE_REGION_LOW || region_size > COF_CSE_REGION_HIGH) {
        return COF_FAIL(err, LIMIT, "a wrapped key of %u bytes, regions of %lu", wrapped_size,
                        (unsigned long)region_size);
    }
    *out_size = COF_CSE_FIXED_SIZE + (size_t)wrapped_size;
    return COF_OK;
}

cof_status cof_cse_head_parse(cof_view bytes, cof_cse_head *out, cof_err *err)
{
    cof_cse_head head = {0};
    size_t size = 0;
    COF_TRY(cof_cse_head_size(bytes, &size, err));
    cof_reader reader = {.bytes = bytes, .position = COF_CSE_FIXED_SIZE - sizeof head.region_size};
    COF_TRY(cof_read_u32le(&reader, &head.region_size, err));
    head.minor = bytes.data[COF_CSE_MAGIC_SIZE];
    head.algorithm = (cof_cse_algorithm)bytes.data[COF_CSE_MAGIC_SIZE + 1];
    head.wrapped_size = size - COF_CSE_FIXED_SIZE;
    COF_TRY(cof_read_copy(&reader, head.wrapped, head.wrapped_size, err));
    COF_TRY(cof_reader_finish(&reader, err));
    *out = head;
    return COF_OK;
}

/* One answer for every wrong content: what is inside is nothing to learn by trying. */
cof_status cof_cse_key(const cof_cse_head *head, cof_view unwrapped, cof_chunk_key *out,
                       cof_err *err)
{
    const uint8_t version[VERSION_SIZE] = {'2', '.', (uint8_t)('0' + head->minor)};
    if (unwrapped.size != COF_CSE_KEY_SIZE ||
        !cof_secret_equal(unwrapped.data, version, sizeof version)) {
        return COF_FAIL(err, KEY_MISMATCH, "the wrapped key is not a content key");
    }
    memcpy(out->bytes, unwrapped.data + VERSION_SIZE, sizeof out->bytes);
    return COF_OK;
}

cof_status cof_cse_stream_new(const cof_cse_expect *expect, const cof_cse_calls *calls,
                              cof_cse_stream **out, cof_err *err)
{
    COF_CLEANUP(cof_cse_stream_drop_) cof_cse_stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL) {
        return COF_FAIL(err, NO_MEMORY, "stream");
    }
    stream->expect = *expect;
    stream->calls = *calls;
    stream->nonces = NONCE_ANY;
    COF_TRY(cof_sha256_new(&stream->hash, err));
    *out = cof_cse_stream_take(&stream);
    return COF_OK;
}

/* Moves bytes of piece to place, until wanted are there. */
static bool gather(cof_cse_stream *stream, uint8_t *place, size_t wanted, cof_view *piece)
{
    const size_t missing = wanted - stream->gathered;
    const size_t take = piece->size < missing ? piece->size : missing;
    memcpy(place + stream->gathered, piece->data, take);
    stream->gathered += take;
    piece->data += take;
    piece->size -= take;
    return stream->gathered == wanted;
}

static cof_status take_head(cof_cse_stream *stream, cof_view *piece, cof_err *err)
{
    COF_CLEANUP(cof_chunk_key_wipe) cof_chunk_key key = {0};
    cof_cse_head head;
    size_t size = 0;
    if (stream->gathered < COF_CSE_FIXED_SIZE &&
        !gather(stream, stream->head, COF_CSE_FIXED_SIZE, piece)) {
        return COF_OK;
    }
    COF_TRY(cof_cse_head_size(cof_view_of(stream->head, COF_CSE_FIXED_SIZE), &size, err));
    if (!gather(stream, stream->head, size, piece)) {
        return COF_OK;
    }
    COF_TRY(cof_cse_head_parse(cof_view_of(stream->head, size), &head, err));
    COF_TRY(stream->calls.key(stream->calls.context, &head, &key, err));
    stream->region_size = head.region_size;
    stream->region = malloc((size_t)head.region_size + COF_CSE_REGION_OVERHEAD);
    if (stream->region == NULL) {
        return COF_FAIL(err, NO_MEMORY, "region");
    }
    stream->gathered = 0;
    return cof_aead_new(&key, &stream->aead, err);
}

/* The ways to number that would give region index this nonce. */
static unsigned nonces_that_fit(const uint8_t nonce[static COF_AEAD_NONCE_SIZE], uint64_t index)
{
    uint8_t python[COF_AEAD_NONCE_SIZE] = {0};
    uint8_t java[COF_AEAD_NONCE_SIZE] = {0};
    uint8_t dotnet[COF_AEAD_NONCE_SIZE] = {0};
    for (unsigned k = 0; k < sizeof index; k++) {
        python[sizeof python - 1 - k] = (uint8_t)(index >> 8 * k);
        java[sizeof index - 1 - k] = (uint8_t)(index >> 8 * k);
        dotnet[4 + k] = (uint8_t)((index + 1) >> 8 * k);
    }
    return (memcmp(nonce, python, sizeof python) == 0 ? NONCE_PYTHON : 0U) |
           (memcmp(nonce, java, sizeof java) == 0 ? NONCE_JAVA : 0U) |
           (memcmp(nonce, dotnet, sizeof dotnet) == 0 ? NONCE_DOTNET : 0U);
}

static cof_status take_region(cof_cse_stream *stream, cof_view *piece, cof_err *err)
{
    const uint64_t left = stream->expect.size - stream->opened;
    const size_t size = left < stream->region_size ? (size_t)left : stream->region_size;
    if (left == 0) {
        return COF_FAIL(err, TRAILING_BYTES, "%zu bytes after the blob", piece->size);
    }
    if (!gather(stream, stream->region, size + COF_CSE_REGION_OVERHEAD, piece)) {
        return COF_OK;
    }
    const uint8_t *nonce = stream->region;
    uint8_t *text = stream->region + COF_AEAD_NONCE_SIZE;
    COF_TRY(cof_sha256_update(stream->hash, cof_view_of(stream->region, stream->gathered), err));
    stream->nonces &= nonces_that_fit(nonce, stream->next);
    if (stream->nonces == 0) {
        return COF_FAIL(err, BAD_FORMAT, "region %llu is not where it was written",
                        (unsigned long long)stream->next);
    }
    COF_TRY(cof_aead_open(stream->aead, nonce, cof_view_of(text, size), text + size, text, err));
    COF_TRY(stream->calls.sink(stream->calls.context, cof_view_of(text, size), err));
    stream->gathered = 0;
    stream->opened += size;
    stream->next++;
    return COF_OK;
}

/* Gives an earlier failure again. */
static cof_status check_alive(const cof_cse_stream *stream, cof_err *err)
{
    if (stream->failure != COF_OK) {
        return cof_err_set(err, stream->failure, __FILE__, __LINE__, "the stream failed before");
    }
    return COF_OK;
}

cof_status cof_cse_stream_feed(cof_cse_stream *stream, cof_view bytes, cof_err *err)
{
    COF_TRY(check_alive(stream, err));
    while (bytes.size > 0 && stream->failure == COF_OK) {
        stream->failure = stream->aead == NULL ? take_head(stream, &bytes, err)
                                               : take_region(stream, &bytes, err);
    }
    return stream->failure;
}

cof_status cof_cse_stream_finish(cof_cse_stream *stream, cof_err *err)
{
    cof_digest digest;
    COF_TRY(check_alive(stream, err));
    stream->failure = COF_E_TRUNCATED; /* whatever comes now: a stream ends once */
    if (stream->aead == NULL || stream->opened != stream->expect.size) {
        return COF_FAIL(err, TRUNCATED, "the blob ends in region %llu",
                        (unsigned long long)stream->next);
    }
    COF_TRY(cof_sha256_finish(stream->hash, &digest, err));
    if (!cof_digest_equal(&digest, &stream->expect.digest)) {
        return COF_FAIL(err, DIGEST_MISMATCH, "another blob than the one that is pinned");
    }
    return COF_OK;
}

void cof_cse_stream_free(cof_cse_stream *stream)
{
    if (stream == NULL) {
        return;
    }
    if (stream->region != NULL) {
        cof_wipe(stream->region, (size_t)stream->region_size + COF_CSE_REGION_OVERHEAD);
    }
    free(stream->region);
    cof_aead_free(stream->aead);
    cof_sha256_free(stream->hash);
    free(stream);
}
