/* Inside store/: a sealed object that is read by position, from a file or from a store. */
#ifndef COF_STORE_SEALED_SOURCE_H
#define COF_STORE_SEALED_SOURCE_H

#include "host/store/blob_store.h"
#include "tcb/seal/seal.h"

typedef struct cof_sealed_source {
    uint64_t size;
    int fd;                /* -1 when it is in a store */
    cof_blob_store *store; /* borrowed */
    const char *name;      /* borrowed */
} cof_sealed_source;

/**
 * For a path; follow says whether it may be a symbolic link. @return COF_OK, COF_E_NOT_FOUND,
 * COF_E_PERMISSION, COF_E_BAD_ARGUMENT, COF_E_IO.
 */
COF_MUST_USE cof_status cof_sealed_source_open(const char *path, bool follow,
                                               cof_sealed_source *out, cof_err *err);
COF_MUST_USE cof_status cof_sealed_source_in_store(cof_blob_store *store, const char *name,
                                                   cof_sealed_source *out, cof_err *err);
/** Fills out. @return COF_OK, COF_E_TRUNCATED, COF_E_IO. */
COF_MUST_USE cof_status cof_sealed_source_read(const cof_sealed_source *source, uint64_t offset,
                                               cof_span out, cof_err *err);
/**
 * Size of the front; the source must have exactly the bytes that the front announces. @return also
 * COF_E_TRUNCATED, COF_E_TRAILING_BYTES.
 */
COF_MUST_USE cof_status cof_sealed_source_front_size(const cof_sealed_source *source,
                                                     size_t *out_size, cof_err *err);
/** Appends the front's bytes. */
COF_MUST_USE cof_status cof_sealed_source_front(const cof_sealed_source *source, cof_buf *out,
                                                cof_err *err);
void cof_sealed_source_close(const cof_sealed_source *source);

#endif
