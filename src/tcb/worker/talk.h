/* What the worker's steps say to the agent and hear from it. */
#ifndef COF_WORKER_TALK_H
#define COF_WORKER_TALK_H

#include "tcb/seal/seal.h"
#include "tcb/worker/state.h"

/** Reads the next frame, which must be one that the present state allows, into worker->frame. */
COF_MUST_USE cof_status cof_worker_hear(cof_worker *worker, uint8_t *out_type, cof_err *err);

/** Sends a frame whose payload is start, then rest. */
COF_MUST_USE cof_status cof_worker_say(cof_worker *worker, uint8_t type, cof_view start,
                                       cof_view rest, cof_err *err);

/**
 * Sends an event and adds it to the log's hash and, the first time, its step to the timeline.
 *
 * @param step     static text
 * @param members  further members, taken over, also on failure; NULL means that they could not be
 * made
 */
COF_MUST_USE cof_status cof_worker_event(cof_worker *worker, const char *step, json_t *members,
                                         cof_err *err);

/** Sends an object as PUT, PUT_DATA, PUT_END: front, then body (either may be empty). */
COF_MUST_USE cof_status cof_worker_put(cof_worker *worker, uint8_t kind, const char *name,
                                       cof_view front, cof_view body, cof_err *err);

/** What to seal and for whom; borrowed. */
typedef struct cof_worker_seal {
    uint8_t put_kind; /* COF_PUT_... */
    cof_seal_kind kind;
    const char *name;
    const cof_recipient *recipients;
    size_t recipient_count;
} cof_worker_seal;

/**
 * Seals bytes for this contract and puts the object. plain is encrypted in place, so that there is
 * one copy: it holds ciphertext afterwards.
 *
 * @param out_size  bytes of the sealed object
 */
COF_MUST_USE cof_status cof_worker_put_sealed(cof_worker *worker, const cof_worker_seal *seal,
                                              cof_buf *plain, cof_digest *out_digest,
                                              uint64_t *out_size, cof_err *err);

#endif
