/* One object of an input: asked for, and opened as it arrives. */
#ifndef COF_WORKER_INPUT_OBJECT_H
#define COF_WORKER_INPUT_OBJECT_H

#include "tcb/worker/state.h"

/** Which object, and who takes its plaintext. */
typedef struct cof_worker_object {
    size_t input;  /* index in the contract */
    size_t object; /* index in that input */
    cof_status (*sink)(void *context, cof_view plain, cof_err *err);
    void *context;
    bool *is_pinned; /* written: whether what the sink has got is known to be of the contract's
                        object; false as long as it is not */
} cof_worker_object;

/**
 * Gets the object that the contract pins. The sealed format is checked before anything is opened;
 * of a client-side encrypted blob it is known only at its end, and so a sink's failure is kept
 * until then: nobody learns how an object that was not agreed to would have been judged.
 *
 * @return COF_OK, as cof_seal_stream_feed, cof_cse_stream_feed, cof_worker_hear, or what the sink
 * returned.
 */
COF_MUST_USE cof_status cof_worker_get_object(cof_worker *worker, const cof_worker_object *object,
                                              cof_err *err);

#endif
