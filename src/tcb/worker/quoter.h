/*
 * The quoter: where evidence needs files or a device, another process makes it, so that a worker's
 * walls are the same on every platform. It is started before the worker has any key, gets no
 * secret, quotes once, and ends. docs/decisions/010-evidence-back-ends.md.
 */
#ifndef COF_WORKER_QUOTER_H
#define COF_WORKER_QUOTER_H

#include "tcb/evidence/quote_source.h"

/** How a back end is opened. Static. */
typedef struct cof_backend {
    const char *name; /* the evidence's type */
    /* Opens what quotes, and the folder where it will open files later (NULL: none; static). */
    COF_MUST_USE cof_status (*open)(cof_quote_source **out_source, const char **out_folder,
                                    cof_err *err);
    bool has_quoter;    /* false: it needs no files behind the walls */
    bool is_in_enclave; /* there are no walls but the enclave's own */
} cof_backend;

/**
 * Starts the quoter of a back end; before cof_worker_prepare(), in a process of one thread. It
 * stands behind its own walls (cof_confine_quoter) when this returns, and closes its copies of
 * descriptors 0 and 1.
 *
 * @param fd          the descriptor that the worker shall have as its end; closed first, if open
 * @param out_source  quotes once
 * @return COF_OK, COF_E_CONFINEMENT, COF_E_IO, COF_E_NO_MEMORY, or as the back end's open.
 */
COF_MUST_USE cof_status cof_quoter_start(const cof_backend *backend, int fd,
                                         cof_quote_source **out_source, cof_err *err);

#endif
