#include "tcb/worker/worker.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <string.h>

#include "tcb/crypto/random.h"
#include "tcb/worker/talk.h"

/*
 * The worker's states, in order. A frame that is not in the present state's list ends the job: the
 * list is all that the agent can do.
 */
static const cof_worker_state states[] = {
    {"start", cof_worker_start, 1, {COF_FRAME_RULE(START)}},
    {"evidence", cof_worker_give_evidence, 1, {COF_FRAME_RULE(ATTESTED)}},
    {"keys", cof_worker_get_keys, 1, {COF_FRAME_RULE(KEY)}},
    {"checkpoint", cof_worker_get_checkpoint, 2, {COF_FRAME_RULE(DATA), COF_FRAME_RULE(END)}},
    {"inputs", cof_worker_get_inputs, 2, {COF_FRAME_RULE(DATA), COF_FRAME_RULE(END)}},
    {"train", cof_worker_train, 0, {{0}}},
    {"results", cof_worker_put_results, 0, {{0}}},
    {"receipt", cof_worker_put_receipt, 0, {{0}}},
};

/* All that libcrypto allocates, keys among it, lives here, locked: a quarter of what an ordinary
 * user may lock. A power of two. */
enum { SECRET_HEAP_SIZE = 2048 * 1024 };

cof_status cof_worker_prepare(cof_err *err)
{
    /* One arena of the C library: threads would each reserve 64 MiB of address space. */
    (void)mallopt(M_ARENA_MAX, 1);
    COF_TRY(cof_secret_heap_start(SECRET_HEAP_SIZE, err));
    if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL) != 1) {
        return COF_FAIL(err, CRYPTO, "the cryptographic library does not start");
    }
    /* The first draw seeds the generator; jansson would otherwise open /dev/urandom for its seed.
     */
    size_t seed = 0;
    COF_TRY(cof_random((cof_span){(uint8_t *)&seed, sizeof seed}, err));
    json_object_seed(seed | 1);
    return COF_OK;
}

static void free_worker(cof_worker *worker)
{
    cof_trainer_free(worker->trainer);
    cof_worker_inputs_free(&worker->inputs);
    for (size_t i = 0; i < COF_LIMIT_OWNERS; i++) {
        cof_rsa_key_free(worker->owners[i]);
    }
    cof_rsa_key_free(worker->transfer);
    cof_ec_key_free(worker->sign);
    cof_wipe(worker->config->secrets.data, worker->config->secrets.size);
    cof_buf_free(&worker->checkpoint);
    cof_buf_free(&worker->token);
    cof_buf_free(&worker->evidence);
    cof_buf_free(&worker->runtime);
    cof_buf_free(&worker->frame);
    cof_contract_free(worker->contract);
    cof_wipe(worker, sizeof *worker);
}

static cof_status run_states(cof_worker *worker, cof_err *err)
{
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        worker->state = &states[i];
        const cof_status status = worker->state->run(worker, err);
        if (status != COF_OK) {
            cof_err_context(err, "%s", worker->state->name);
            return status;
        }
    }
    return cof_worker_say(worker, COF_FRAME_DONE, (cof_view){0}, (cof_view){0}, err);
}

cof_status cof_worker_run(const cof_worker_config *config, cof_err *err)
{
    COF_CLEANUP(free_worker) cof_worker worker = {.config = config};
    cof_buf_init(&worker.frame, COF_LIMIT_FRAME_BYTES);
    cof_buf_init(&worker.runtime, COF_LIMIT_RUNTIME_BYTES);
    cof_buf_init(&worker.evidence, COF_LIMIT_QUOTE_BYTES);
    cof_buf_init(&worker.token, COF_LIMIT_TOKEN_BYTES);
    const cof_status status = run_states(&worker, err);
    if (status != COF_OK) {
        /* The code alone leaves. Nobody may be left to hear it: then the first failure is what
         * counts. */
        const char *name = cof_status_describe(status)->name;
        (void)!cof_worker_say(&worker, COF_FRAME_FAILED, cof_view_text(name), (cof_view){0}, NULL);
    }
    return status;
}
