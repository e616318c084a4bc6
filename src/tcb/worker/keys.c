#include "tcb/release/job_key.h"
#include "tcb/release/release.h"
#include "tcb/worker/talk.h"

static cof_status get_key(cof_worker *worker, size_t owner, cof_err *err)
{
    const uint8_t index[2] = {(uint8_t)owner, (uint8_t)(owner >> 8)};
    COF_TRY(cof_worker_say(worker, COF_FRAME_ASK_KEY, cof_view_of(index, sizeof index),
                           (cof_view){0}, err));
    uint8_t type = 0;
    COF_TRY(cof_worker_hear(worker, &type, err));
    const cof_view key = cof_buf_view(&worker->frame);
    const cof_view wrapped =
        cof_view_of(key.data + 1, key.size - 1); /* the rule: at least 2 bytes */
    return cof_release_unwrap(worker->transfer, key.data[0], wrapped, &worker->owners[owner], err);
}

static cof_status make_job_key(cof_worker *worker, cof_err *err)
{
    const cof_rsa_key *owners[COF_LIMIT_OWNERS];
    for (size_t i = 0; i < worker->contract->owner_count; i++) {
        owners[i] = worker->owners[i];
    }
    worker->job_key = (cof_wrap_key *)(void *)worker->config->secrets.data;
    return cof_job_key_derive(owners, worker->contract->owner_count, &worker->contract->digest,
                              worker->job_key, err);
}

cof_status cof_worker_get_keys(cof_worker *worker, cof_err *err)
{
    for (size_t i = 0; i < worker->contract->owner_count; i++) {
        const cof_status status = get_key(worker, i, err);
        if (status != COF_OK) {
            cof_err_context(err, "owner %zu", i);
            return status;
        }
    }
    COF_TRY(make_job_key(worker, err));
    /* Nothing else will be wrapped to the transfer key. */
    cof_rsa_key_free(worker->transfer);
    worker->transfer = NULL;
    return cof_worker_event(worker, "released", json_object(), err);
}
