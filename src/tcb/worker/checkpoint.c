#include "tcb/worker/checkpoint.h"

#include "tcb/seal/stream.h"

/* A checkpoint's plaintext is a trainer's state, which fits into what the contract allows. */
static size_t state_limit(const cof_worker *worker)
{
    const uint64_t memory = worker->contract->limits.memory_bytes;
    return memory < COF_LIMIT_CHECKPOINT_BYTES ? (size_t)memory : COF_LIMIT_CHECKPOINT_BYTES;
}

static cof_status find_key(void *context, const cof_front *front, cof_data_key *out_key,
                           cof_err *err)
{
    const cof_worker *worker = context;
    return cof_front_key_job(front, worker->job_key, out_key, err);
}

static cof_status keep(void *context, cof_view plain, cof_err *err)
{
    cof_worker *worker = context;
    return cof_buf_append(&worker->checkpoint, plain, err);
}

cof_status cof_worker_get_checkpoint(cof_worker *worker, cof_err *err)
{
    cof_buf_init(&worker->checkpoint, state_limit(worker));
    const cof_stream_expect expect = {.kind = COF_SEAL_CHECKPOINT,
                                      .size_max = worker->checkpoint.limit,
                                      .context = &worker->contract->digest,
                                      .name = COF_WORKER_CHECKPOINT_NAME};
    const cof_stream_calls calls = {.key = find_key, .sink = keep, .context = worker};
    COF_CLEANUP(cof_seal_stream_drop_) cof_seal_stream *stream = NULL;
    COF_TRY(cof_seal_stream_new(&expect, &calls, &stream, err));
    COF_TRY(cof_worker_say(worker, COF_FRAME_ASK_CHECKPOINT, (cof_view){0}, (cof_view){0}, err));
    for (bool is_first = true;; is_first = false) {
        uint8_t type = 0;
        COF_TRY(cof_worker_hear(worker, &type, err));
        if (type == COF_FRAME_END) {
            return is_first ? COF_OK : cof_seal_stream_finish(stream, err);
        }
        COF_TRY(cof_seal_stream_feed(stream, cof_buf_view(&worker->frame), err));
    }
}

cof_status cof_worker_put_checkpoint(cof_worker *worker, cof_buf *state, cof_err *err)
{
    const cof_recipient job = {.kid = "job", .wrap = worker->job_key};
    const cof_worker_seal seal = {.put_kind = COF_PUT_CHECKPOINT,
                                  .kind = COF_SEAL_CHECKPOINT,
                                  .name = COF_WORKER_CHECKPOINT_NAME,
                                  .recipients = &job,
                                  .recipient_count = 1};
    cof_digest digest;
    uint64_t size = 0;
    return cof_worker_put_sealed(worker, &seal, state, &digest, &size, err);
}
