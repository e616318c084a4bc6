/*
 * Taking a client-side encrypted blob of Azure Storage as it is: its ciphertext is copied into a
 * store behind the head that workers read (docs/formats/cse.md), after all of it was opened once.
 */
#ifndef COF_STORE_ADOPT_FILE_H
#define COF_STORE_ADOPT_FILE_H

#include "host/store/seal_file.h"
#include "host/store/sealed_source.h"
#include "tcb/seal/cse.h"

/** SHA-256 of the bytes from one on. @return COF_OK, COF_E_IO, COF_E_CRYPTO. */
COF_MUST_USE cof_status cof_source_digest(const cof_sealed_source *source, uint64_t from,
                                          cof_digest *out, cof_err *err);

/**
 * Reads the blob once for what a contract pins of it: its digest and its plaintext's size.
 * @return COF_OK, COF_E_TRUNCATED (it ends within a region), COF_E_LIMIT, COF_E_IO.
 */
COF_MUST_USE cof_status cof_adopt_measure(const cof_sealed_source *blob, const cof_cse_head *head,
                                          cof_cse_expect *out, cof_err *err);

/** How a blob is opened, and where it goes. All borrowed. */
typedef struct cof_adopt_request {
    const cof_cse_head *head;
    cof_cse_expect expect; /* as measured */
    /** As in cof_cse_calls, with its own context. */
    cof_status (*key)(void *context, const cof_cse_head *head, cof_chunk_key *out_key,
                      cof_err *err);
    void *key_context;
    cof_blob_store *store;
    const char *name;
    cof_progress progress;
} cof_adopt_request;

/**
 * Opens the whole blob, throws the plaintext away, and stores head and blob under the name. Nothing
 * is stored of a blob that does not open. @return COF_OK, as cof_cse_stream_feed,
 * cof_cse_stream_finish, cof_blob_begin.
 */
COF_MUST_USE cof_status cof_adopt_blob(const cof_sealed_source *blob,
                                       const cof_adopt_request *request, cof_err *err);

#endif
