#include "tcb/worker/input_object.h"

#include "tcb/seal/cse.h"
#include "tcb/seal/stream.h"
#include "tcb/worker/talk.h"

/* An object on its way. */
typedef struct arrival {
    cof_worker *worker;
    const cof_worker_object *want;
    const cof_contract_input *input;
    cof_status refused; /* by the sink, of a blob that is not known to be the right one yet */
    cof_err reason;
} arrival;

static cof_status find_key(void *context, const cof_front *front, cof_data_key *out_key,
                           cof_err *err)
{
    const arrival *self = context;
    const size_t owner = self->input->owner;
    const char *kid = self->worker->contract->owners[owner].key;
    return cof_front_key_rsa(front, kid, self->worker->owners[owner], out_key, err);
}

static cof_status find_content_key(void *context, const cof_cse_head *head, cof_chunk_key *out_key,
                                   cof_err *err)
{
    const arrival *self = context;
    const cof_rsa_key *owner = self->worker->owners[self->input->owner];
    const cof_oaep_hash hash =
        head->algorithm == COF_CSE_RSA_OAEP ? COF_OAEP_SHA1 : COF_OAEP_SHA256;
    COF_CLEANUP(cof_buf_free) cof_buf unwrapped = {0};
    cof_buf_init(&unwrapped, COF_CSE_WRAPPED_HIGH); /* libcrypto may ask room for a modulus */
    COF_TRY(cof_rsa_decrypt(owner, hash, cof_view_of(head->wrapped, head->wrapped_size), &unwrapped,
                            err));
    return cof_cse_key(head, cof_buf_view(&unwrapped), out_key, err);
}

static cof_status give(void *context, cof_view plain, cof_err *err)
{
    const arrival *self = context;
    *self->want->is_pinned = true; /* the front was the expected one */
    return self->want->sink(self->want->context, plain, err);
}

static cof_status give_unless_refused(void *context, cof_view plain, cof_err *err)
{
    arrival *self = context;
    (void)err;
    if (self->refused == COF_OK) {
        self->refused = self->want->sink(self->want->context, plain, &self->reason);
    }
    return COF_OK;
}

static cof_status ask(arrival *self, cof_err *err)
{
    const cof_worker_object *want = self->want;
    const uint8_t place[4] = {(uint8_t)want->input, (uint8_t)(want->input >> 8),
                              (uint8_t)want->object, (uint8_t)(want->object >> 8)};
    return cof_worker_say(self->worker, COF_FRAME_ASK_INPUT, cof_view_of(place, sizeof place),
                          (cof_view){0}, err);
}

/* The next bytes of what was asked for; none at the end. */
static cof_status hear(arrival *self, cof_view *out, cof_err *err)
{
    uint8_t type = 0;
    COF_TRY(cof_worker_hear(self->worker, &type, err));
    *out = type == COF_FRAME_END ? (cof_view){0} : cof_buf_view(&self->worker->frame);
    return COF_OK;
}

static cof_status get_sealed(arrival *self, const cof_contract_object *object, cof_err *err)
{
    const cof_stream_expect expect = {
        .kind = COF_SEAL_DATASET, .size_max = object->size, .digest = &object->digest};
    const cof_stream_calls calls = {.key = find_key, .sink = give, .context = self};
    COF_CLEANUP(cof_seal_stream_drop_) cof_seal_stream *stream = NULL;
    cof_view bytes = {0};
    COF_TRY(cof_seal_stream_new(&expect, &calls, &stream, err));
    COF_TRY(ask(self, err));
    COF_TRY(hear(self, &bytes, err));
    while (bytes.size > 0) {
        COF_TRY(cof_seal_stream_feed(stream, bytes, err));
        COF_TRY(hear(self, &bytes, err));
    }
    return cof_seal_stream_finish(stream, err);
}

static cof_status get_cse(arrival *self, const cof_contract_object *object, cof_err *err)
{
    const cof_cse_expect expect = {.digest = object->digest, .size = object->size};
    const cof_cse_calls calls = {
        .key = find_content_key, .sink = give_unless_refused, .context = self};
    COF_CLEANUP(cof_cse_stream_drop_) cof_cse_stream *stream = NULL;
    cof_view bytes = {0};
    COF_TRY(cof_cse_stream_new(&expect, &calls, &stream, err));
    COF_TRY(ask(self, err));
    COF_TRY(hear(self, &bytes, err));
    while (bytes.size > 0) {
        COF_TRY(cof_cse_stream_feed(stream, bytes, err));
        COF_TRY(hear(self, &bytes, err));
    }
    COF_TRY(cof_cse_stream_finish(stream, err));
    *self->want->is_pinned = true;
    if (self->refused != COF_OK && err != NULL) {
        *err = self->reason;
    }
    return self->refused;
}

cof_status cof_worker_get_object(cof_worker *worker, const cof_worker_object *want, cof_err *err)
{
    arrival self = {
        .worker = worker, .want = want, .input = &worker->contract->inputs[want->input]};
    const cof_contract_object *object = &self.input->objects[want->object];
    *want->is_pinned = false;
    return object->encryption == COF_CONTRACT_AZURE_CSE_V2 ? get_cse(&self, object, err)
                                                           : get_sealed(&self, object, err);
}
