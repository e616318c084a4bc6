/*
 * Sealing a file straight into Azure storage, so that an upload that broke off is taken up again:
 * the second try makes the same ciphertext and sends the blocks that the service does not have.
 */
#ifndef COF_STORE_UPLOAD_H
#define COF_STORE_UPLOAD_H

#include "host/store/azure_store.h"
#include "host/store/seal_file.h"

/** How the data key is kept meanwhile: wrapped for the owner's key in the vault. */
typedef struct cof_upload_keys {
    cof_status (*wrap)(void *context, const cof_data_key *key, cof_buf *out, cof_err *err);
    cof_status (*unwrap)(void *context, cof_view wrapped, cof_data_key *out, cof_err *err);
    void *context;
} cof_upload_keys;

/** All borrowed. */
typedef struct cof_upload_request {
    const char *source; /* absolute path */
    const char *folder; /* of the states: upload_state.h */
    const char *where;  /* names the store */
    const char *name;
    bool only_new; /* refuse to replace a blob */
    bool restart;  /* forget what broke off */
    cof_seal_request seal;
    cof_upload_keys keys;
} cof_upload_request;

typedef struct cof_upload_result {
    cof_sealed_file sealed;
    bool was_resumed;
    unsigned long blocks_sent;    /* of the ciphertext, without the front */
    unsigned long blocks_skipped; /* that the service had */
} cof_upload_result;

/**
 * A file of at most COF_AZURE_BLOCK_SIZE leaves no state: it is sent by one request.
 *
 * @return COF_OK, COF_E_BUSY (the source or the request changed since the upload broke off, or
 * somebody else uploads it: nothing was sent), as cof_seal_file_to_store, as the callbacks.
 */
COF_MUST_USE cof_status cof_upload_file(cof_blob_store *store, const cof_upload_request *request,
                                        cof_upload_result *out, cof_err *err);

#endif
