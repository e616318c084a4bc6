/*
 * Several requests at once over one event loop (libcurl's multi interface), no threads: bodies are
 * sent from and received into the caller's memory. Security settings, limits and repetition are
 * those of http_client.h; a transfer of which less than 1 KiB/s arrives or leaves for 20 s is given
 * up.
 *
 * Transfers go on only inside cof_transfers_step and cof_transfers_wait, so a caller with other
 * work to do calls the first now and then.
 */
#ifndef COF_HOST_HTTP_TRANSFER_H
#define COF_HOST_HTTP_TRANSFER_H

#include "host/http/http_client.h"

typedef struct cof_transfers cof_transfers;

/**
 * One request. Zeroed, then call and into are set; it stays where it is, with all that call
 * borrows, until it is done or cancelled.
 */
typedef struct cof_transfer {
    cof_http_call call;
    cof_span into;   /* not {NULL, 0}: where the body of a 2xx answer goes, at most this much */
    size_t received; /* bytes there */
    cof_http_answer answer; /* freed by cof_transfer_clear */
    bool is_done;
    cof_status status; /* once done: COF_OK for an answer of any HTTP status, else why there is none
                        */
    cof_err err;
    struct transfer_run *run_;
} cof_transfer;

/**
 * Zeroed options get the defaults of http_client.h, but total_ms: 600000. Proxy, pin, breaker and
 * pause are not used. @return COF_OK, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_transfers_new(const cof_http_client_options *options,
                                          cof_transfers **out, cof_err *err);

/**
 * Starts a transfer: at once, however many there are; the caller keeps them few. @return COF_OK,
 * COF_E_BAD_ARGUMENT (URL, header, or http where it is not allowed), COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_transfers_start(cof_transfers *transfers, cof_transfer *transfer,
                                            cof_err *err);

/** Does what can be done within wait_ms (0: without waiting). @return COF_OK, COF_E_INTERNAL. */
COF_MUST_USE cof_status cof_transfers_step(cof_transfers *transfers, unsigned wait_ms,
                                           cof_err *err);

/** Goes on until this one is done. @return COF_OK (look at transfer->status), COF_E_INTERNAL. */
COF_MUST_USE cof_status cof_transfers_wait(cof_transfers *transfers, cof_transfer *transfer,
                                           cof_err *err);

/** Gives a transfer up, done or not. Its memory can go then. */
void cof_transfers_cancel(cof_transfers *transfers, cof_transfer *transfer);

/** Wipes and frees the answer of a transfer that is done or cancelled. */
void cof_transfer_clear(cof_transfer *transfer);

/** Every transfer must be done or cancelled. */
void cof_transfers_free(cof_transfers *transfers);
COF_OWNED(cof_transfers, cof_transfers_free);

#endif
