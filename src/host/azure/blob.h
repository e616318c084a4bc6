/*
 * A client of Azure Blob Storage (REST API 2021-12-02), as far as sealed objects and what guards
 * them need it: block blobs, their lists, leases, copies, immutability. Names are whole names in
 * the container. Failures: as cof_blob_call_wait, unless said otherwise.
 */
#ifndef COF_HOST_AZURE_BLOB_H
#define COF_HOST_AZURE_BLOB_H

#include "host/azure/blob_call.h"
#include "host/azure/storage_xml.h"

enum { COF_BLOB_ETAG_SIZE = 80, COF_BLOB_LEASE_SIZE = 40 };

/** Zeroed members get the defaults named. Borrowed. */
typedef struct cof_blob_client_options {
    const char *url;       /* of the container: storage_place.h; may carry a SAS as its query */
    const char *secondary; /* the same container elsewhere; NULL: none */
    const char *credential_path; /* storage_auth.h */
    const char *ca_path;         /* NULL: the system's authorities */
    cof_retry_policy retry;      /* as http_retry.h */
} cof_blob_client_options;

/** Nothing is asked of the service yet. @return COF_OK, COF_E_CONFIG, as cof_storage_auth_open. */
COF_MUST_USE cof_status cof_blob_client_open(const cof_blob_client_options *options,
                                             cof_blob_client **out, cof_err *err);
void cof_blob_client_free(cof_blob_client *client);
COF_OWNED(cof_blob_client, cof_blob_client_free);

/** What a write asks to hold; zeroed: nothing. Borrowed. */
typedef struct cof_blob_condition {
    bool only_new;        /* If-None-Match: *; refused as COF_E_EXISTS */
    const char *if_match; /* an ETag, verbatim */
    const char *lease;    /* of a lease that the caller holds */
} cof_blob_condition;

COF_MUST_USE cof_status cof_blob_container_create(cof_blob_client *client, cof_err *err);

/** A blob at once, with its Content-MD5 kept. */
COF_MUST_USE cof_status cof_blob_client_put(cof_blob_client *client, const char *blob,
                                            cof_view bytes, const cof_blob_condition *condition,
                                            cof_err *err);

/** Starts sending one block. id: base64. bytes: borrowed until the call is done. */
COF_MUST_USE cof_status cof_blob_block_start(cof_blob_client *client, const char *blob,
                                             const char *id, cof_view bytes, cof_blob_call **out,
                                             cof_err *err);
/** Makes the blob of the blocks with these ids (a sequence of texts, each with its NUL). */
COF_MUST_USE cof_status cof_blob_block_commit(cof_blob_client *client, const char *blob,
                                              cof_view ids, const cof_blob_condition *condition,
                                              cof_err *err);
/** Visits the blocks of a blob, or those that were sent and not committed; none when there is no
 * such blob. */
COF_MUST_USE cof_status cof_blob_block_list(cof_blob_client *client, const char *blob,
                                            bool is_committed, cof_storage_block_visit visit,
                                            void *context, cof_err *err);

/** What is known of a blob. */
typedef struct cof_blob_properties {
    uint64_t size;
    char etag[COF_BLOB_ETAG_SIZE];
    char copy_status[16]; /* "", "success", "pending", "failed", "aborted" */
} cof_blob_properties;

COF_MUST_USE cof_status cof_blob_properties_get(cof_blob_client *client, const char *blob,
                                                cof_blob_properties *out, cof_err *err);

/** Appends the value of a blob's metadata (x-ms-meta-NAME). @return COF_OK, COF_E_NOT_FOUND (the
 * blob, or it has none of this name), COF_E_LIMIT. */
COF_MUST_USE cof_status cof_blob_metadata_get(cof_blob_client *client, const char *blob,
                                              const char *name, cof_buf *out, cof_err *err);

/**
 * Starts reading out.size (at least 1) bytes from offset on. etag: what the blob must be, or "".
 */
COF_MUST_USE cof_status cof_blob_range_start(cof_blob_client *client, const char *blob,
                                             uint64_t offset, cof_span out, const char *etag,
                                             cof_blob_call **out_call, cof_err *err);
/**
 * Waits for it and checks that the answer is this range, whole. @return also COF_E_TRUNCATED (the
 * blob ends before), COF_E_BUSY (it is another blob by now).
 * @param out  size (of the whole blob) and etag as the answer has them
 */
COF_MUST_USE cof_status cof_blob_range_finish(cof_blob_call *call, uint64_t offset, size_t size,
                                              cof_blob_properties *out, cof_err *err);

/** "bytes 0-9/100" (RFC 9110 section 14.4): a whole one, of which first <= last < size holds.
 * @return COF_OK, COF_E_BAD_FORMAT. */
COF_MUST_USE cof_status cof_content_range_parse(const char *text, uint64_t *out_first,
                                                uint64_t *out_last, uint64_t *out_size,
                                                cof_err *err);

COF_MUST_USE cof_status cof_blob_client_delete(cof_blob_client *client, const char *blob,
                                               const cof_blob_condition *condition, cof_err *err);

/** Visits the blobs whose whole names begin with prefix, in the service's order. page: 0 for the
 * service's own. */
COF_MUST_USE cof_status cof_blob_client_list(cof_blob_client *client, const char *prefix,
                                             unsigned page, cof_storage_list_visit visit,
                                             void *context, cof_err *err);

/**
 * Copies inside the container, at the service; waits for the end, at most wait_ms. @return also
 * COF_E_TIMEOUT.
 */
COF_MUST_USE cof_status cof_blob_client_copy(cof_blob_client *client, const char *from,
                                             const char *to, unsigned wait_ms, cof_err *err);

/* ---- leases: seconds 15 to 60, or -1 for one without end ---- */
COF_MUST_USE cof_status cof_blob_lease_acquire(cof_blob_client *client, const char *blob,
                                               int seconds, char out_id[static COF_BLOB_LEASE_SIZE],
                                               cof_err *err);
COF_MUST_USE cof_status cof_blob_lease_renew(cof_blob_client *client, const char *blob,
                                             const char *id, cof_err *err);
COF_MUST_USE cof_status cof_blob_lease_change(cof_blob_client *client, const char *blob,
                                              const char *id, const char *new_id, cof_err *err);
COF_MUST_USE cof_status cof_blob_lease_release(cof_blob_client *client, const char *blob,
                                               const char *id, cof_err *err);
/** Ends whoever's lease, at once. */
COF_MUST_USE cof_status cof_blob_lease_break(cof_blob_client *client, const char *blob,
                                             cof_err *err);

/* ---- immutability, of a container with version-level immutability ---- */
COF_MUST_USE cof_status cof_blob_retain_until(cof_blob_client *client, const char *blob,
                                              int64_t unix_s, bool is_locked, cof_err *err);
COF_MUST_USE cof_status cof_blob_retain_end(cof_blob_client *client, const char *blob,
                                            cof_err *err);
COF_MUST_USE cof_status cof_blob_legal_hold(cof_blob_client *client, const char *blob, bool is_held,
                                            cof_err *err);

/**
 * Asks for a user delegation key (bearer tokens alone) for this time. @return also
 * COF_E_BAD_ARGUMENT (more than seven days).
 */
COF_MUST_USE cof_status cof_blob_delegation_key(cof_blob_client *client, int64_t start_unix_s,
                                                int64_t expiry_unix_s, cof_delegation_key *out,
                                                cof_err *err);
/**
 * Appends the URL of a blob with a signature that permits what permissions say until expiry: with
 * the account's key, or a delegation key. @return also COF_E_UNSUPPORTED (the caller itself has but
 * a signature).
 */
COF_MUST_USE cof_status cof_blob_share(cof_blob_client *client, const char *blob,
                                       const char *permissions, int64_t expiry_unix_s, cof_buf *out,
                                       cof_err *err);

#endif
