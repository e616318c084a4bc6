/*
 * Memory for long-lived keys: memfd_secret where the kernel has it, else locked pages; never in a
 * core dump, never in a child, wiped when given back.
 */
#ifndef COF_CRYPTO_PAGES_H
#define COF_CRYPTO_PAGES_H

#include "tcb/base/buf.h"

typedef struct cof_secret_pages {
    uint8_t *data;
    size_t size;      /* whole pages */
    const char *kind; /* "memfd_secret" or "locked" */
} cof_secret_pages;

/** At least size bytes, zeroed. @return COF_OK, COF_E_NO_MEMORY, COF_E_CONFINEMENT (the pages
 * cannot be locked). */
COF_MUST_USE cof_status cof_secret_pages_new(size_t size, cof_secret_pages *out, cof_err *err);
void cof_secret_pages_free(cof_secret_pages *pages);

/**
 * Sends all of OpenSSL's own allocations (keys, big numbers, key schedules) to locked pages, not
 * dumped, not in a child, wiped when given back; once, before any other call of OpenSSL in the
 * process. A child must not use OpenSSL. size is a power of two, at least 64 KiB; OpenSSL itself
 * takes about 350 KiB of it. The stack, and what a caller copies out, are not covered:
 * docs/decisions/006.
 * @return COF_OK, COF_E_BAD_ARGUMENT, COF_E_CONFINEMENT (OpenSSL is in use, or the pages cannot be
 * locked).
 */
COF_MUST_USE cof_status cof_secret_heap_start(size_t size, cof_err *err);

#endif
