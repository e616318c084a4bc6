/*
 * The port to where sealed objects are kept: a folder (dir_store.h), later a blob service.
 * Untrusted: it can lose or alter objects, and the sealed format notices.
 *
 * A blob appears whole or not at all, and replaces an older one whole. Names are
 * `component(/component)*`, each `[A-Za-z0-9._-]+` but not "." or "..".
 */
#ifndef COF_STORE_BLOB_STORE_H
#define COF_STORE_BLOB_STORE_H

#include "tcb/base/buf.h"

enum {
    COF_BLOB_NAME_SIZE = 512,      /* most bytes of a name */
    COF_BLOB_COMPONENT_SIZE = 200, /* most bytes of one component */
    COF_BLOB_DEPTH = 8             /* most components */
};

typedef struct cof_blob_store cof_blob_store;
typedef struct cof_blob_writer cof_blob_writer;

/**
 * Called for each blob; name is borrowed for the call. A failure ends the listing with that status.
 */
typedef cof_status (*cof_blob_visit)(void *context, const char *name, uint64_t size, cof_err *err);

/** Every operation is required. Names were checked by the functions below. */
typedef struct cof_blob_store_ops {
    const char *name; /* "dir" */
    COF_MUST_USE cof_status (*begin)(cof_blob_store *self, const char *name, uint64_t head_size,
                                     cof_blob_writer **out, cof_err *err);
    COF_MUST_USE cof_status (*read)(cof_blob_store *self, const char *name, uint64_t offset,
                                    cof_span out, cof_err *err);
    COF_MUST_USE cof_status (*size)(cof_blob_store *self, const char *name, uint64_t *out_size,
                                    cof_err *err);
    COF_MUST_USE cof_status (*remove)(cof_blob_store *self, const char *name, cof_err *err);
    COF_MUST_USE cof_status (*move)(cof_blob_store *self, const char *from, const char *to,
                                    cof_err *err);
    COF_MUST_USE cof_status (*list)(cof_blob_store *self, const char *prefix, cof_blob_visit visit,
                                    void *context, cof_err *err);
    COF_MUST_USE cof_status (*rehead)(cof_blob_store *self, const char *name, cof_view was,
                                      cof_view head, cof_err *err);
    void (*free)(cof_blob_store *self);
} cof_blob_store_ops;

struct cof_blob_store {
    const cof_blob_store_ops *ops;
};

typedef struct cof_blob_writer_ops {
    COF_MUST_USE cof_status (*write)(cof_blob_writer *self, cof_view bytes, cof_err *err);
    COF_MUST_USE cof_status (*head)(cof_blob_writer *self, cof_view bytes, cof_err *err);
    COF_MUST_USE cof_status (*commit)(cof_blob_writer *self, cof_err *err);
    void (*free)(cof_blob_writer *self); /* without a commit: as if nothing had been written */
} cof_blob_writer_ops;

struct cof_blob_writer {
    const cof_blob_writer_ops *ops;
};

/** @return COF_OK, COF_E_BAD_ARGUMENT. */
COF_MUST_USE cof_status cof_blob_name_check(const char *name, cof_err *err);

/**
 * Starts a blob. Its first head_size bytes are given last, by cof_blob_write_head: a sealed
 * object's front is known only after its ciphertext.
 * @return COF_OK, COF_E_BAD_ARGUMENT (name), COF_E_EXISTS (the name of a folder), COF_E_NO_SPACE,
 * COF_E_PERMISSION, COF_E_IO.
 */
COF_MUST_USE cof_status cof_blob_begin(cof_blob_store *store, const char *name, uint64_t head_size,
                                       cof_blob_writer **out, cof_err *err);
/** Adds bytes after those written so far (and after the head). */
COF_MUST_USE cof_status cof_blob_write(cof_blob_writer *writer, cof_view bytes, cof_err *err);
/** Gives the head, whole, once. @return also COF_E_BAD_ARGUMENT (another size than announced). */
COF_MUST_USE cof_status cof_blob_write_head(cof_blob_writer *writer, cof_view bytes, cof_err *err);
/**
 * Makes the blob durable and visible. @return also COF_E_BAD_ARGUMENT (the head is missing). The
 * writer is then only freed.
 */
COF_MUST_USE cof_status cof_blob_commit(cof_blob_writer *writer, cof_err *err);
/** Without a commit before: takes everything back. */
void cof_blob_writer_free(cof_blob_writer *writer);
COF_OWNED(cof_blob_writer, cof_blob_writer_free);

/** A small blob at once. */
COF_MUST_USE cof_status cof_blob_put(cof_blob_store *store, const char *name, cof_view bytes,
                                     cof_err *err);

/**
 * Fills out from offset on. @return COF_OK, COF_E_NOT_FOUND, COF_E_TRUNCATED (it ends before),
 * COF_E_IO.
 */
COF_MUST_USE cof_status cof_blob_read(cof_blob_store *store, const char *name, uint64_t offset,
                                      cof_span out, cof_err *err);
/** Appends a whole blob, as far as out's limit allows. @return also COF_E_LIMIT. */
COF_MUST_USE cof_status cof_blob_get(cof_blob_store *store, const char *name, cof_buf *out,
                                     cof_err *err);
/** @return COF_OK, COF_E_NOT_FOUND. */
COF_MUST_USE cof_status cof_blob_size(cof_blob_store *store, const char *name, uint64_t *out_size,
                                      cof_err *err);
COF_MUST_USE cof_status cof_blob_exists(cof_blob_store *store, const char *name, bool *out_exists,
                                        cof_err *err);
/** @return COF_OK, COF_E_NOT_FOUND. */
COF_MUST_USE cof_status cof_blob_remove(cof_blob_store *store, const char *name, cof_err *err);
/**
 * Gives a blob another name, replacing what had it: an object is named after its digest, which is
 * known only when it is sealed. @return COF_OK, COF_E_NOT_FOUND, COF_E_BAD_ARGUMENT (a name),
 * COF_E_IO.
 */
COF_MUST_USE cof_status cof_blob_move(cof_blob_store *store, const char *from, const char *to,
                                      cof_err *err);
/**
 * Replaces the first head.size bytes of a blob, which has at least as many, as one change: whoever
 * reads sees the old blob or the new one. The rest is not sent again.
 *
 * @param was  those bytes as the new ones were made from them, of the same size: what somebody else
 * wrote since is not lost
 * @return COF_OK, COF_E_NOT_FOUND, COF_E_TRUNCATED (it has fewer bytes), COF_E_BUSY (it is another
 * than it was), COF_E_UNSUPPORTED (it was not written with a head of this size), COF_E_BAD_ARGUMENT
 * (name, sizes), COF_E_IO.
 */
COF_MUST_USE cof_status cof_blob_rehead(cof_blob_store *store, const char *name, cof_view was,
                                        cof_view head, cof_err *err);
/** Visits each blob whose name starts with prefix (may be ""), in byte order of the names. */
COF_MUST_USE cof_status cof_blob_list(cof_blob_store *store, const char *prefix,
                                      cof_blob_visit visit, void *context, cof_err *err);

void cof_blob_store_free(cof_blob_store *store);
COF_OWNED(cof_blob_store, cof_blob_store_free);

#endif
