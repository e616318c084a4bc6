/*
 * Blobs of Azure Storage's client-side encryption, version 2, opened while their bytes arrive: for
 * reading only. docs/formats/cse.md.
 *
 * A blob says nothing of its own size, order or key. Here its size and its digest are pinned, its
 * nonces must count up, and its key must be the one that the head wraps. What the sink has got is
 * the pinned object only once cof_cse_stream_finish() says so: until then it must not be acted on.
 */
#ifndef COF_SEAL_CSE_H
#define COF_SEAL_CSE_H

#include "tcb/crypto/digest.h"
#include "tcb/crypto/keys.h"

enum {
    COF_CSE_FIXED_SIZE = 16,           /* of the head, before the wrapped key */
    COF_CSE_WRAPPED_LOW = 256,         /* a modulus of 2048 bits */
    COF_CSE_WRAPPED_HIGH = 512,        /* of 4096 bits */
    COF_CSE_REGION_LOW = 1024,         /* plaintext of a region */
    COF_CSE_REGION_HIGH = 4194304,     /* as all libraries write by default */
    COF_CSE_KEY_SIZE = 40,             /* what is wrapped: version, then key */
    COF_CSE_REGION_OVERHEAD = 12 + 16, /* nonce and tag */
    COF_CSE_MAGIC_SIZE = 8
};

#define COF_CSE_MAGIC "COFCSEV2" /* without its NUL */

/** How the content key is wrapped. */
typedef enum cof_cse_algorithm {
    COF_CSE_RSA_OAEP = 1,    /* with SHA-1 */
    COF_CSE_RSA_OAEP_256 = 2 /* with SHA-256 */
} cof_cse_algorithm;

/** What a blob's `encryptiondata` says, as far as it matters; a plain value. */
typedef struct cof_cse_head {
    uint8_t minor; /* of the protocol: 2.0 or 2.1 */
    cof_cse_algorithm algorithm;
    uint32_t region_size; /* plaintext of every region but the last */
    size_t wrapped_size;
    uint8_t wrapped[COF_CSE_WRAPPED_HIGH];
} cof_cse_head;

/**
 * Size of the head from its first COF_CSE_FIXED_SIZE bytes, which are checked.
 * @return COF_OK, COF_E_TRUNCATED, COF_E_BAD_FORMAT, COF_E_UNSUPPORTED (algorithm), COF_E_LIMIT.
 */
COF_MUST_USE cof_status cof_cse_head_size(cof_view start, size_t *out_size, cof_err *err);
/** Parses exactly the head. @return as cof_cse_head_size. */
COF_MUST_USE cof_status cof_cse_head_parse(cof_view bytes, cof_cse_head *out, cof_err *err);

/**
 * The content key in what was unwrapped: the version that the head names, padded to 8 bytes with
 * zeros, then the key. @return COF_OK, COF_E_KEY_MISMATCH.
 */
COF_MUST_USE cof_status cof_cse_key(const cof_cse_head *head, cof_view unwrapped,
                                    cof_chunk_key *out, cof_err *err);

/** What the blob must be. A plain value. */
typedef struct cof_cse_expect {
    cof_digest digest; /* SHA-256 of the blob as it is stored, without the head */
    uint64_t size;     /* of the plaintext */
} cof_cse_expect;

/** What the stream calls; context is passed through. A failure ends the stream with that status. */
typedef struct cof_cse_calls {
    /** Finds the content key. Called once. */
    cof_status (*key)(void *context, const cof_cse_head *head, cof_chunk_key *out_key,
                      cof_err *err);
    /** Takes the next opened bytes, in order, at least 1; borrowed for the call. */
    cof_status (*sink)(void *context, cof_view plain, cof_err *err);
    void *context;
} cof_cse_calls;

typedef struct cof_cse_stream cof_cse_stream;

/** @return COF_OK, COF_E_NO_MEMORY, COF_E_CRYPTO. */
COF_MUST_USE cof_status cof_cse_stream_new(const cof_cse_expect *expect, const cof_cse_calls *calls,
                                           cof_cse_stream **out, cof_err *err);

/**
 * Takes the next bytes: the head, then the blob. After a failure the stream stays failed.
 * @return COF_OK, as cof_cse_head_parse, COF_E_BAD_FORMAT (nonces that do not count up),
 * COF_E_TAG_MISMATCH, COF_E_TRAILING_BYTES, or what a callback returned.
 */
COF_MUST_USE cof_status cof_cse_stream_feed(cof_cse_stream *stream, cof_view bytes, cof_err *err);

/**
 * The end of the bytes. @return COF_OK when all was opened and the digest is the pinned one,
 * COF_E_TRUNCATED, COF_E_DIGEST_MISMATCH, or the earlier failure.
 */
COF_MUST_USE cof_status cof_cse_stream_finish(cof_cse_stream *stream, cof_err *err);

/** Wipes what is left of plaintext and keys. */
void cof_cse_stream_free(cof_cse_stream *stream);
COF_OWNED(cof_cse_stream, cof_cse_stream_free);

#endif
