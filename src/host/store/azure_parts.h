/* Inside store/: what the pieces of azure_store share. */
#ifndef COF_STORE_AZURE_PARTS_H
#define COF_STORE_AZURE_PARTS_H

#include "host/store/azure_store.h"

enum { COF_AZURE_AHEAD = 4, COF_AZURE_READERS = 4 };

/** A range that was asked for. Its memory is kept for the next one. */
typedef struct cof_azure_range {
    uint64_t offset;
    size_t size;
    uint8_t *bytes; /* COF_AZURE_BLOCK_SIZE of them, or NULL */
    cof_blob_call *call;
    bool is_here;
} cof_azure_range;

/** Where somebody reads a blob. Zeroed is free. */
typedef struct cof_azure_reader {
    char *blob;                              /* whole name; NULL: free */
    cof_blob_properties version;             /* pinned; etag "": not known yet */
    cof_azure_range ranges[COF_AZURE_AHEAD]; /* in order of their offsets, without gaps */
    size_t count;
    uint64_t expected; /* where reading in order goes on */
    size_t ahead;      /* ranges to keep under way */
    uint64_t used;     /* when it was last used */
} cof_azure_reader;

/** Fills out from offset on. After a failure the reader is free. */
COF_MUST_USE cof_status cof_azure_reader_read(cof_azure_reader *reader, cof_blob_client *client,
                                              uint64_t offset, cof_span out, cof_err *err);
/** Gives up what is under way, and frees. */
void cof_azure_reader_reset(cof_azure_reader *reader);

/** blob: whole name, copied. upload: NULL for one that is not taken up again. */
COF_MUST_USE cof_status cof_azure_writer_new(cof_blob_client *client, const char *blob,
                                             uint64_t head_size, const cof_azure_upload *upload,
                                             cof_blob_writer **out, cof_err *err);

/** base64 of writer id, kind ('b' or 'h') and index: all of one length, as the service wants. */
COF_MUST_USE cof_status cof_azure_block_id(const char *writer_id, char kind, unsigned index,
                                           char out[static COF_AZURE_BLOCK_ID_SIZE], cof_err *err);

/** As cof_blob_rehead. */
COF_MUST_USE cof_status cof_azure_rehead(cof_blob_client *client, const char *blob, cof_view was,
                                         cof_view head, cof_err *err);

#endif
