/*
 * A whole conversation with one frame that the input decides: byte 0 says which, byte 1 how it is
 * changed, byte 2 whether a checkpoint is given (1) and the data is a client-side encrypted blob
 * (128), the rest is what it is changed with. Whatever
 * comes, the worker ends with DONE, one status, or a closed stream; and no output leaves unless
 * everything was right.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "unit/worker/worker_kit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef enum change { KEEP, RETYPE, REPLACE, FLIP, CUT, EXTEND, CHANGE_COUNT } change;

typedef struct input {
    int index;
    change how;
    cof_view bytes;
} input;

static void tamper(kit_play *play, int index, uint8_t *type, cof_buf *payload)
{
    const input *in = play->context;
    if (index != in->index || in->bytes.size == 0) {
        return;
    }
    switch (in->how) {
    case RETYPE:
        *type = in->bytes.data[0];
        break;
    case REPLACE:
        cof_buf_clear(payload);
        (void)!cof_buf_append(payload, in->bytes, NULL);
        break;
    case FLIP:
        for (size_t i = 0; i < in->bytes.size && payload->size > 0; i++) {
            payload->data[(in->bytes.data[i] * 257U + i * 31U) % payload->size] ^=
                (uint8_t)(1U << (i % 8));
        }
        break;
    case CUT:
        payload->size -= payload->size < in->bytes.data[0] ? payload->size : in->bytes.data[0];
        break;
    case EXTEND:
        (void)!cof_buf_append(payload, in->bytes, NULL);
        break;
    case KEEP:
    case CHANGE_COUNT:
        break;
    }
}

static kit_job job;
static kit_job cse_job; /* the same over a client-side encrypted blob */
static cof_buf checkpoint;

static void make_once(void)
{
    if (job.object_count > 0) {
        return;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    if (kit_make_keys(NULL) != 0) {
        abort();
    }
    kit_job_make(&(kit_wish){.epochs = 2, .every_epochs = 1}, &job);
    kit_job_make(&(kit_wish){.epochs = 2, .every_epochs = 1, .is_cse = true}, &cse_job);
    kit_play play = {.job = &job, .leave_after_checkpoints = 1};
    kit_run(&play);
    checkpoint = play.last_checkpoint;
    play.last_checkpoint = (cof_buf){0};
    kit_play_free(&play);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3) {
        return 0;
    }
    make_once();
    input in = {.index = data[0] % 10,
                .how = data[1] % CHANGE_COUNT,
                .bytes = cof_view_of(data + 3, size - 3)};
    const bool is_cse = (data[2] & 0x80) != 0;
    kit_play play = {.job = is_cse ? &cse_job : &job, .tamper = tamper, .context = &in};
    if ((data[2] & 1) != 0) {
        play.checkpoint = cof_buf_view(&checkpoint);
    }
    kit_run(&play);
    const bool has_failed = play.failed[0] != '\0';
    if (has_failed == play.is_done ||
        (has_failed && (play.output_count > 0 || play.receipt.size > 0)) ||
        (play.status == COF_OK) != play.is_done) {
        abort();
    }
    kit_play_free(&play);
    return 0;
}
