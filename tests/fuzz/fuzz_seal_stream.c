/*
 * An object as a stream, in pieces that the input itself chooses: byte 0 is the size of the pieces,
 * less one. The corpus holds whole objects for the job key 1,1,1…, so that the fuzzer starts behind
 * every check.
 */
#include <stdlib.h>
#include <string.h>

#include "tcb/seal/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static cof_status give_key(void *context, const cof_front *front, cof_data_key *out, cof_err *err)
{
    cof_wrap_key wrap;
    (void)context;
    memset(&wrap, 1, sizeof wrap);
    return cof_front_key_job(front, &wrap, out, err);
}

static cof_status count_plain(void *context, cof_view plain, cof_err *err)
{
    (void)err;
    *(uint64_t *)context += plain.size;
    return COF_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    uint64_t opened = 0;
    const size_t piece = (size_t)data[0] + 1;
    const cof_stream_expect expect = {.size_max = 1 << 20};
    const cof_stream_calls calls = {.key = give_key, .sink = count_plain, .context = &opened};
    COF_CLEANUP(cof_seal_stream_drop_) cof_seal_stream *stream = NULL;
    if (cof_seal_stream_new(&expect, &calls, &stream, NULL) != COF_OK) {
        return 0;
    }
    for (size_t at = 1; at < size; at += piece) {
        const size_t left = size - at;
        if (cof_seal_stream_feed(stream, cof_view_of(data + at, left < piece ? left : piece),
                                 NULL) != COF_OK) {
            break;
        }
    }
    if (cof_seal_stream_finish(stream, NULL) == COF_OK &&
        opened != cof_front_header(cof_seal_stream_front(stream))->plaintext_size) {
        abort(); /* a whole object has given all of its plaintext */
    }
    return 0;
}
