/* A blob writer whose blob is a file on this machine: what dir_store and seal_file write with. */
#ifndef COF_STORE_FILE_WRITER_H
#define COF_STORE_FILE_WRITER_H

#include "host/store/atomic_file.h"
#include "host/store/blob_store.h"

/**
 * Writes into file, which is taken over when it worked. head_size: as for cof_blob_begin. @return
 * COF_OK, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_file_writer_new(cof_atomic_file *file, uint64_t head_size,
                                            cof_blob_writer **out, cof_err *err);

#endif
