/*
 * Sealing, opening and re-wrapping whole files with bounded memory: the front (16 bytes for each 64
 * KiB) and a few chunks. A target appears whole or not at all.
 */
#ifndef COF_STORE_SEAL_FILE_H
#define COF_STORE_SEAL_FILE_H

#include "host/store/blob_store.h"
#include "tcb/seal/stream.h"

/** Told about every mebibyte or so, and at the end. Zeroed is valid: nobody is told. */
typedef struct cof_progress {
    void (*report)(void *context, uint64_t done_bytes, uint64_t total_bytes);
    void *context;
} cof_progress;

/** What was sealed. */
typedef struct cof_sealed_file {
    cof_digest digest; /* of the object: what a contract pins */
    uint64_t plaintext_size;
    uint64_t sealed_size;
} cof_sealed_file;

/**
 * What to seal and for whom. header: plaintext_size and object_id are filled in here. All borrowed.
 */
typedef struct cof_seal_request {
    cof_seal_header header;
    const cof_recipient *recipients;
    size_t recipient_count;
    cof_progress progress;
    const cof_data_key *data_key; /* NULL: a fresh one; else as cof_sealer_again, with
                                     header.object_id */
} cof_seal_request;

/**
 * Seals a regular file into target_path (mode 0644: it is ciphertext). The source is read once.
 * @return COF_OK, COF_E_NOT_FOUND, COF_E_PERMISSION, COF_E_BAD_ARGUMENT (not a regular file, or the
 * request), COF_E_BUSY (the file changed while it was read), COF_E_NO_SPACE, COF_E_IO,
 * COF_E_CRYPTO.
 */
COF_MUST_USE cof_status cof_seal_file(const char *source_path, const cof_seal_request *request,
                                      const char *target_path, cof_sealed_file *out, cof_err *err);
/** How a target is begun, once the size of its head is known. */
typedef cof_status (*cof_seal_begin)(void *context, uint64_t head_size, cof_blob_writer **out,
                                     cof_err *err);
/** The same into what begin gives. */
COF_MUST_USE cof_status cof_seal_file_with(const char *source_path, const cof_seal_request *request,
                                           cof_seal_begin begin, void *context,
                                           cof_sealed_file *out, cof_err *err);
/** The same into a store. */
COF_MUST_USE cof_status cof_seal_file_to_store(const char *source_path,
                                               const cof_seal_request *request,
                                               cof_blob_store *store, const char *name,
                                               cof_sealed_file *out, cof_err *err);
/** Seals bytes that are in memory into a store (reports, small data). */
COF_MUST_USE cof_status cof_seal_bytes_to_store(cof_view plain, const cof_seal_request *request,
                                                cof_blob_store *store, const char *name,
                                                cof_sealed_file *out, cof_err *err);

/**
 * The front of a sealed file, whose size must be that of the whole object. @return as
 * cof_front_parse, COF_E_NOT_FOUND, COF_E_IO.
 */
COF_MUST_USE cof_status cof_sealed_file_front(const char *path, cof_front **out, cof_err *err);

/**
 * What an opened file must be, and how its key is found. expect.size_max 0 means: as large as the
 * file says.
 */
typedef struct cof_open_request {
    cof_stream_expect expect;
    /** As in cof_stream_calls, with its own context. */
    cof_status (*key)(void *context, const cof_front *front, cof_data_key *out_key, cof_err *err);
    void *key_context;
    cof_progress progress;
} cof_open_request;

/**
 * Opens a sealed file into target_path (mode 0600). Nothing is at the target before the whole
 * object is verified.
 * @return COF_OK, as cof_seal_stream_feed, COF_E_NO_SPACE, COF_E_PERMISSION, COF_E_IO.
 */
COF_MUST_USE cof_status cof_open_file(const char *sealed_path, const cof_open_request *request,
                                      const char *target_path, cof_err *err);
/** The same from a store. */
COF_MUST_USE cof_status cof_open_file_from_store(cof_blob_store *store, const char *name,
                                                 const cof_open_request *request,
                                                 const char *target_path, cof_err *err);
/**
 * Opens a sealed file into a sink, chunk by chunk. What the sink has got before a failure is a
 * genuine beginning of the object, and must not be used as a whole.
 */
COF_MUST_USE cof_status cof_open_file_to(const char *sealed_path, const cof_open_request *request,
                                         cof_status (*sink)(void *context, cof_view plain,
                                                            cof_err *err),
                                         void *context, cof_err *err);

/**
 * Gives a sealed file new recipients; neither its digest nor its chunks change. A crash leaves the
 * old file or the new one. key finds the data key, as in cof_open_request. @return COF_OK,
 * COF_E_LIMIT (they do not fit), COF_E_KEY_MISMATCH, or as above.
 */
COF_MUST_USE cof_status cof_rewrap_file(const char *path,
                                        cof_status (*key)(void *context, const cof_front *front,
                                                          cof_data_key *out_key, cof_err *err),
                                        void *key_context, const cof_recipient *recipients,
                                        size_t recipient_count, cof_err *err);

/** A new version of a recipient's key in place of older ones. All is borrowed. */
typedef struct cof_rewrap_request {
    const char *key_url; /* "https://…/keys/NAME": every other version of it goes */
    cof_recipient to;    /* the version that comes */
    /** Finds the data key, as in cof_open_request. */
    cof_status (*key)(void *context, const cof_front *front, cof_data_key *out_key, cof_err *err);
    void *key_context;
} cof_rewrap_request;

/**
 * Seals an object in a store for the new version of a key; other recipients stay. Neither its
 * digest nor its chunks change, and they are not sent again. A crash leaves the old object or the
 * new one.
 *
 * @param out_changed  false: it was not sealed for an older version
 * @return COF_OK, COF_E_LIMIT (the new one does not fit), COF_E_KEY_MISMATCH, COF_E_TAG_MISMATCH
 * (somebody altered the recipients), COF_E_BAD_FORMAT (not a sealed object), or as cof_blob_rehead.
 */
COF_MUST_USE cof_status cof_rewrap_in_store(cof_blob_store *store, const char *name,
                                            const cof_rewrap_request *request, bool *out_changed,
                                            cof_err *err);

#endif
