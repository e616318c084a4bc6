/*
 * Memory for long-lived keys: memfd_secret where the kernel has it, else locked pages; never in a
 * core dump, never in a child, wiped when given back.
 */
#ifndef COF_CRYPTO_PAGES_H
#define COF_CRYPTO_PAGES_H

#include "tcb/base/buf.h"

typedef struct cof_secret_pages {
    uint8_t *data;
    size_t size; /* whole pages */
    const char *kind; /* "memfd_secret" or "locked" */
} cof_secret_pages;

/** At least size bytes, zeroed. @return COF_OK, COF_E_NO_MEMORY, COF_E_CONFINEMENT (the pages cannot be locked). */
COF_MUST_USE cof_status cof_secret_pages_new(size_t size, cof_secret_pages *out, cof_err *err);
void cof_secret_pages_free(cof_secret_pages *pages);

/**
 * Sends OpenSSL's own allocations (keys, bignums, contexts) to pages like these, once, before any
 * other call of OpenSSL in the process. size is a power of two. @return COF_OK, COF_E_CONFINEMENT.
 */
COF_MUST_USE cof_status cof_secret_heap_start(size_t size, cof_err *err);

#endif
