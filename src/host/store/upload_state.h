/*
 * What is kept of an upload so that it can be taken up again: docs/formats/storage.md.
 *
 *   FOLDER/ID.json    what is sealed, for whom, to where; the data key, wrapped
 *   FOLDER/ID.blocks  a line for each block, written before the block is sent
 *
 * ID is made of place, name and source. Both files are the owner's alone (0600).
 */
#ifndef COF_STORE_UPLOAD_STATE_H
#define COF_STORE_UPLOAD_STATE_H

#include "host/files/files.h"
#include "host/store/azure_store.h"
#include "tcb/crypto/digest.h"
#include "tcb/seal/seal.h"

enum { COF_UPLOAD_WRAPPED_MAX = 1024 };

/** What must be the same when an upload is taken up again. Borrowed. */
typedef struct cof_upload_subject {
    const char *where;
    const char *name;
    const char *source; /* absolute */
    const char *title;  /* of the sealed object */
    uint64_t size;
    int64_t changed_s; /* when the source was written last */
    int64_t changed_ns;
    const cof_recipient *recipients;
    size_t recipient_count;
} cof_upload_subject;

typedef struct cof_upload_state cof_upload_state;

/**
 * Finds or begins the state of an upload, and locks it.
 * @param out_is_new  true: there was none; cof_upload_state_begin comes next
 * @return COF_OK, COF_E_BUSY (another process has it; or what is there is of another subject: err
 * says what changed), COF_E_BAD_FORMAT, COF_E_IO, …
 */
COF_MUST_USE cof_status cof_upload_state_open(const char *folder, const cof_upload_subject *subject,
                                              bool restart, cof_upload_state **out,
                                              bool *out_is_new, cof_err *err);

/** Of a state that was there. */
const char *cof_upload_state_writer(const cof_upload_state *state);
const uint8_t *cof_upload_state_object_id(const cof_upload_state *state); /* 16 bytes */
cof_view cof_upload_state_wrapped(const cof_upload_state *state);

/** Draws writer id and object id, and writes the state. */
COF_MUST_USE cof_status cof_upload_state_begin(cof_upload_state *state,
                                               const cof_upload_subject *subject, cof_view wrapped,
                                               cof_err *err);

/**
 * Before a block is sent: it must be what was sent under this id before, else it is noted, durably.
 * @return COF_OK, COF_E_BUSY (other bytes: the source changed), COF_E_IO, COF_E_NO_SPACE.
 */
COF_MUST_USE cof_status cof_upload_state_block(cof_upload_state *state, const char *block_id,
                                               const cof_digest *digest, cof_err *err);

/** The upload is done: removes both files. */
void cof_upload_state_finish(cof_upload_state *state);
void cof_upload_state_free(cof_upload_state *state);
COF_OWNED(cof_upload_state, cof_upload_state_free);

#endif
