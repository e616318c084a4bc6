/*
 * A blob store in a container of Azure Blob Storage, or of what speaks its protocol (Azurite).
 *
 * Writing: blocks of 4 MiB (larger ones in blobs over 27 GiB), up to eight on their way while the
 * caller goes on; they become the blob, whole, by one request at the commit. Two writers of one
 * name do not mix: the later commit fails as COF_E_BUSY when the earlier one discarded its blocks.
 * What a freed or dead writer has sent is never visible, and the service drops it after a week.
 *
 * Reading: cof_blob_read in order is served from a few requests of 4 MiB that run ahead. The
 * version of a blob is pinned by cof_blob_size, else by the first read; when it is replaced
 * meanwhile, reading fails as COF_E_BUSY, and cof_blob_size begins anew. Four blobs can be read by
 * turns.
 *
 * Listing is in the service's order: that of bytes, but where the account has a hierarchical
 * namespace. Blobs whose names are no names of blob_store.h are passed over.
 */
#ifndef COF_STORE_AZURE_STORE_H
#define COF_STORE_AZURE_STORE_H

#include "host/azure/blob.h"
#include "host/store/blob_store.h"

enum {
    COF_AZURE_BLOCK_SIZE = 4 << 20, /* of the first blocks, and of a read ahead */
    COF_AZURE_WRITER_ID_SIZE = 17,  /* 16 hex digits and a NUL */
    COF_AZURE_BLOCK_ID_SIZE = 33    /* base64 of 24 characters, and a NUL */
};

/** @return COF_OK, or as cof_blob_client_open. The service is asked nothing yet. */
COF_MUST_USE cof_status cof_azure_store_open(const cof_blob_client_options *options,
                                             cof_blob_store **out, cof_err *err);

/** The client of a store that is Azure's; NULL for another. Borrowed. */
cof_blob_client *cof_azure_store_client(cof_blob_store *store);

/** Appends the blob's whole name in the container. */
COF_MUST_USE cof_status cof_azure_store_name(cof_blob_store *store, const char *name, cof_buf *out,
                                             cof_err *err);

/** How a blob is written that may be taken up again: host/store/upload.h. Borrowed. */
typedef struct cof_azure_upload {
    const char *writer_id; /* 16 hex digits: what the ids of its blocks begin with */
    bool only_new;         /* refuse to replace a blob: COF_E_EXISTS */
    /**
     * Told about each block before it is sent, 'b' of the body or 'h' of the head. *out_is_there is
     * false; true: the service has it. NULL: nobody is told.
     */
    cof_status (*before)(void *context, char kind, const char *block_id, cof_view bytes,
                         bool *out_is_there, cof_err *err);
    void *context;
} cof_azure_upload;

/** As cof_blob_begin, for a store that is Azure's. */
COF_MUST_USE cof_status cof_azure_store_begin(cof_blob_store *store, const char *name,
                                              uint64_t head_size, const cof_azure_upload *upload,
                                              cof_blob_writer **out, cof_err *err);

#endif
