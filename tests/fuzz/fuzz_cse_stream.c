/*
 * A client-side encrypted blob behind its head, in pieces that the input itself chooses: byte 0 is
 * the size of the pieces, less one; bytes 1 to 4 the plaintext's size, little endian. The content
 * key is 1,1,1…, whatever the head wraps, and the digest is that of the input: so the corpus, whose
 * blobs open, starts behind every check.
 */
#include <stdlib.h>
#include <string.h>

#include "tcb/seal/cse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FIRST = 5 };

static cof_status give_key(void *context, const cof_cse_head *head, cof_chunk_key *out,
                           cof_err *err)
{
    uint8_t unwrapped[COF_CSE_KEY_SIZE] = {'2', '.', (uint8_t)('0' + head->minor)};
    (void)context;
    memset(unwrapped + 8, 1, sizeof unwrapped - 8);
    return cof_cse_key(head, cof_view_of(unwrapped, sizeof unwrapped), out, err);
}

static cof_status count_plain(void *context, cof_view plain, cof_err *err)
{
    (void)err;
    if (plain.size == 0 || plain.size > COF_CSE_REGION_HIGH) {
        abort();
    }
    *(uint64_t *)context += plain.size;
    return COF_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < FIRST) {
        return 0;
    }
    uint64_t opened = 0;
    size_t head_size = 0;
    const size_t piece = (size_t)data[0] + 1;
    cof_cse_expect expect = {.size = data[1] | (uint64_t)data[2] << 8 | (uint64_t)data[3] << 16 |
                                     (uint64_t)data[4] << 24};
    const cof_cse_calls calls = {.key = give_key, .sink = count_plain, .context = &opened};
    COF_CLEANUP(cof_cse_stream_drop_) cof_cse_stream *stream = NULL;
    const cof_view object = cof_view_of(data + FIRST, size - FIRST);
    if (cof_cse_head_size(object, &head_size, NULL) == COF_OK && head_size <= object.size &&
        cof_digest_of(cof_view_of(object.data + head_size, object.size - head_size), &expect.digest,
                      NULL) != COF_OK) {
        return 0;
    }
    if (cof_cse_stream_new(&expect, &calls, &stream, NULL) != COF_OK) {
        return 0;
    }
    for (size_t at = 0; at < object.size; at += piece) {
        const size_t left = object.size - at;
        if (cof_cse_stream_feed(stream, cof_view_of(object.data + at, left < piece ? left : piece),
                                NULL) != COF_OK) {
            break;
        }
    }
    if (cof_cse_stream_finish(stream, NULL) == COF_OK && opened != expect.size) {
        abort(); /* a whole blob has given all of its plaintext */
    }
    return 0;
}
