/*
 * Opens a sealed object while its bytes arrive, in pieces of any size: the front first, then the
 * ciphertext. Memory is bounded by two fronts and two chunks, whatever the other side sends.
 *
 * Nothing is given to the sink before it is authenticated, but that the object is whole is known
 * only when cof_seal_stream_finish() says so.
 */
#ifndef COF_SEAL_STREAM_H
#define COF_SEAL_STREAM_H

#include "tcb/seal/seal.h"

/** What the object must be. Borrowed for cof_seal_stream_new, which copies it. */
typedef struct cof_stream_expect {
    cof_seal_kind kind; /* 0: not compared */
    uint64_t size_max;  /* most bytes of plaintext; bounds the front before it is known */
    const cof_digest
        *digest; /* pinned; NULL where nothing pins it: then only the key speaks for it */
    const cof_digest *context; /* the contract's digest; NULL: not compared */
    const char *name;          /* NULL: not compared */
} cof_stream_expect;

/** What the stream calls; context is passed through. A failure ends the stream with that status. */
typedef struct cof_stream_calls {
    /** Finds the data key. Called once, after the front has been found to be the expected one. */
    cof_status (*key)(void *context, const cof_front *front, cof_data_key *out_key, cof_err *err);
    /**
     * Takes the next opened bytes, in order; borrowed for the call. Called for empty objects too.
     */
    cof_status (*sink)(void *context, cof_view plain, cof_err *err);
    void *context;
} cof_stream_calls;

typedef struct cof_seal_stream cof_seal_stream;

/** @return COF_OK, COF_E_BAD_ARGUMENT (a callback is missing), COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_seal_stream_new(const cof_stream_expect *expect,
                                            const cof_stream_calls *calls, cof_seal_stream **out,
                                            cof_err *err);

/**
 * Takes the next bytes of the object. After a failure the stream stays failed.
 *
 * @return COF_OK, COF_E_DIGEST_MISMATCH (not the pinned object, before any key is used),
 *         COF_E_BAD_FORMAT (another kind or name, or not well formed), COF_E_CONTRACT_MISMATCH
 *         (another context), COF_E_LIMIT, COF_E_KEY_MISMATCH, COF_E_TAG_MISMATCH,
 *         COF_E_TRAILING_BYTES, or what a callback returned.
 */
COF_MUST_USE cof_status cof_seal_stream_feed(cof_seal_stream *stream, cof_view bytes, cof_err *err);

/**
 * The end of the bytes. @return COF_OK when the whole object was opened, COF_E_TRUNCATED, or the
 * earlier failure.
 */
COF_MUST_USE cof_status cof_seal_stream_finish(cof_seal_stream *stream, cof_err *err);

/** The front once it is accepted and the key fits, else NULL. Lives as long as the stream. */
const cof_front *cof_seal_stream_front(const cof_seal_stream *stream);

/** Wipes what is left of plaintext and keys. */
void cof_seal_stream_free(cof_seal_stream *stream);
COF_OWNED(cof_seal_stream, cof_seal_stream_free);

#endif
