/* Inputs that their owner sealed elsewhere: a sealed object's file, or a descriptor of one. */
#ifndef COF_APP_PREPARED_H
#define COF_APP_PREPARED_H

#include "host/store/blob_store.h"
#include "relying/contract/descriptor.h"
#include "tcb/seal/seal.h"

typedef struct cof_prepared {
    cof_descriptor object;
    cof_front *front; /* NULL: the file is a descriptor, and the object is somewhere else */
} cof_prepared;

/** Reads what the file says of itself; nothing is opened. @return COF_OK, COF_E_NOT_FOUND,
 * COF_E_BAD_FORMAT (neither of both), … */
COF_MUST_USE cof_status cof_prepared_read(const char *path, cof_prepared *out, cof_err *err);

/** Copies a sealed object's file into the store, under its digest, unless it is there. @return
 * COF_OK, COF_E_NO_SPACE, … */
COF_MUST_USE cof_status cof_prepared_store(const char *path, const cof_prepared *prepared,
                                           cof_blob_store *store, cof_err *err);

/** Accepts a zeroed one. */
void cof_prepared_drop_(cof_prepared *prepared);

#endif
