/*
 * Taking an input straight from its owner: the agent waits for a sender, and what it sends goes to
 * the worker as it comes; nothing is written down. docs/formats/transfer.md.
 */
#ifndef COF_AGENT_RECEIVE_H
#define COF_AGENT_RECEIVE_H

#include "host/agent/config.h"
#include "host/agent/interrupt.h"
#include "tcb/contract/contract.h"

enum {
    COF_RECEIVE_PIECE_BYTES = 512 * 1024, /* most bytes of one request */
    COF_RECEIVE_SILENCE_MS = 3000,
    COF_RECEIVE_REQUEST_MS = 30000 /* for a request to arrive whole */
};

/** What is waited for, and who gets it. All borrowed. */
typedef struct cof_receive_order {
    const cof_receive_config *config;
    const cof_contract *contract;
    const cof_contract_object *object; /* of the contract */
    cof_interrupt *interrupt;
    int worker_fd;       /* readable: the worker no longer waits */
    unsigned silence_ms; /* of a sender, until another may go on in its place; 0:
                            COF_RECEIVE_SILENCE_MS */
    /** Takes the next bytes, in order; may block. A failure ends the wait with that status. */
    cof_status (*sink)(void *context, cof_view bytes, cof_err *err);
    void *context;
} cof_receive_order;

/**
 * Waits for the object and hands it on, until all of it has come. Refusals (a wrong ticket, another
 * object, another size, a second sender) do not end the wait; a sender whose connection breaks can
 * go on where it was.
 *
 * @param out_size  bytes that came
 * @return COF_OK, COF_E_CANCELLED, COF_E_TIMEOUT (the contract's wall time), COF_E_PEER_CLOSED (the
 * worker is gone), COF_E_BUSY (the port is taken), COF_E_CONFIG, or what the sink returned.
 */
COF_MUST_USE cof_status cof_receive(const cof_receive_order *order, uint64_t *out_size,
                                    cof_err *err);

/** The sizes that an object of the contract can have on its way: plaintext, overhead and what a
 * writer may choose. */
void cof_receive_sizes(const cof_contract_object *object, uint64_t *out_low, uint64_t *out_high);

#endif
