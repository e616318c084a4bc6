/*
 * Sealed objects: docs/formats/sealed.md.
 *
 * Writing: cof_sealer_new, cof_sealer_chunk for each chunk in order, cof_sealer_front. The chunks'
 * ciphertext follows the front in the file, so a writer leaves room of cof_sealer_front_size()
 * first, or keeps the chunks. Reading: cof_front_parse on the bytes before the ciphertext, then a
 * key, then cof_opener_new and cof_opener_chunk for any chunk.
 */
#ifndef COF_SEAL_SEAL_H
#define COF_SEAL_SEAL_H

#include "tcb/crypto/digest.h"
#include "tcb/crypto/keys.h"
#include "tcb/crypto/rsa.h"

enum {
    COF_SEAL_CHUNK_SIZE = 65536,
    COF_SEAL_FIXED_SIZE = 78,
    COF_SEAL_NAME_SIZE = 128,
    COF_SEAL_KID_SIZE = 512
};

typedef enum cof_seal_kind {
    COF_SEAL_DATASET = 1,
    COF_SEAL_CHECKPOINT = 2,
    COF_SEAL_MODEL = 3,
    COF_SEAL_REPORT = 4,
    COF_SEAL_LOG = 5
} cof_seal_kind;

/** What the header says; a plain value. */
typedef struct cof_seal_header {
    cof_seal_kind kind;
    uint64_t plaintext_size;
    uint8_t object_id[16];
    cof_digest context; /* the contract's digest, or zeros */
    uint32_t recipients_capacity;
    char name[COF_SEAL_NAME_SIZE + 1];
} cof_seal_header;

/** Somebody who can open an object; exactly one of rsa, wrap and kept is set. Borrowed. */
typedef struct cof_recipient {
    const char *kid; /* "job" for wrap */
    const cof_rsa_key *rsa;
    const cof_wrap_key *wrap;
    cof_view kept; /* the data key as it is wrapped for an RSA recipient already: stays as it is */
} cof_recipient;

/** Chunks of an object: max(1, ceil(size / 65536)). */
uint64_t cof_seal_chunk_count(uint64_t plaintext_size);
/** Plaintext bytes of chunk index of an object. index below the count. */
size_t cof_seal_chunk_size(uint64_t plaintext_size, uint64_t index);

/* ---- sealing ---- */
typedef struct cof_sealer cof_sealer;

/**
 * Starts an object: draws the data key and the object id (header->object_id is ignored), makes the
 * keys. recipients_capacity 0 means the smallest that holds the recipients.
 * @return COF_OK, COF_E_BAD_ARGUMENT (name, size, recipients), COF_E_CRYPTO, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_sealer_new(const cof_seal_header *header,
                                       const cof_recipient *recipients, size_t recipient_count,
                                       cof_sealer **out, cof_err *err);
/**
 * As cof_sealer_new, but with a data key and header->object_id that were drawn before: makes the
 * same ciphertext of the same plaintext again, for an upload that broke off. Whoever calls this
 * must see to it that no other plaintext is sealed with them: nonces are counters. (Another header
 * or size gives another key.)
 */
COF_MUST_USE cof_status cof_sealer_again(const cof_seal_header *header, const cof_data_key *key,
                                         const cof_recipient *recipients, size_t recipient_count,
                                         cof_sealer **out, cof_err *err);
/** Bytes before the ciphertext. */
size_t cof_sealer_front_size(const cof_sealer *sealer);
/** Seals the next chunk, whose plain.size must be its exact size; in place is allowed. @return
 * COF_OK, COF_E_BAD_ARGUMENT, COF_E_CRYPTO. */
COF_MUST_USE cof_status cof_sealer_chunk(cof_sealer *sealer, cof_view plain, uint8_t *out_cipher,
                                         cof_err *err);
/** After the last chunk: appends the front, and gives the object's digest. @return COF_OK,
 * COF_E_BAD_ARGUMENT (chunks are missing). */
COF_MUST_USE cof_status cof_sealer_front(cof_sealer *sealer, cof_buf *out, cof_digest *out_digest,
                                         cof_err *err);
void cof_sealer_free(cof_sealer *sealer);
COF_OWNED(cof_sealer, cof_sealer_free);

/** Seals bytes that are in memory: appends the whole object. */
COF_MUST_USE cof_status cof_seal_bytes(const cof_seal_header *header,
                                       const cof_recipient *recipients, size_t recipient_count,
                                       cof_view plain, cof_buf *out, cof_digest *out_digest,
                                       cof_err *err);

/* ---- opening ---- */
typedef struct cof_front cof_front; /* a parsed front; owns a copy of it */

/**
 * Size of the front from the first COF_SEAL_FIXED_SIZE bytes, which are checked.
 * @return COF_OK, COF_E_TRUNCATED, COF_E_BAD_FORMAT, COF_E_BAD_VERSION, COF_E_LIMIT.
 */
COF_MUST_USE cof_status cof_front_size(cof_view start, size_t *out_size, cof_err *err);
/** Parses exactly the front. @return as cof_front_size. The recipients' mac cannot be checked
 * before the key is known. */
COF_MUST_USE cof_status cof_front_parse(cof_view front, cof_front **out, cof_err *err);
const cof_seal_header *cof_front_header(const cof_front *front);
const cof_digest *cof_front_digest(const cof_front *front);
size_t cof_front_recipient_count(const cof_front *front);
/** Key identifier of a recipient (borrowed) and its algorithm (1 or 2). */
const char *cof_front_recipient(const cof_front *front, size_t index, uint8_t *out_algorithm);
/** The wrapped data key of the recipient with this kid. @return COF_OK, COF_E_NOT_A_RECIPIENT.
 * Borrowed. */
COF_MUST_USE cof_status cof_front_wrapped(const cof_front *front, const char *kid, cof_view *out,
                                          cof_err *err);
void cof_front_free(cof_front *front);
COF_OWNED(cof_front, cof_front_free);

/** The data key for an RSA recipient. @return COF_OK, COF_E_NOT_A_RECIPIENT, COF_E_KEY_MISMATCH. */
COF_MUST_USE cof_status cof_front_key_rsa(const cof_front *front, const char *kid,
                                          const cof_rsa_key *key, cof_data_key *out, cof_err *err);
/** The data key for the job's own wrap key. @return as above. */
COF_MUST_USE cof_status cof_front_key_job(const cof_front *front, const cof_wrap_key *wrap,
                                          cof_data_key *out, cof_err *err);

typedef struct cof_opener cof_opener;

/** Checks commitment and recipients' mac. front: kept, must outlive the opener. @return COF_OK,
 * COF_E_KEY_MISMATCH, COF_E_TAG_MISMATCH (recipients altered). */
COF_MUST_USE cof_status cof_opener_new(const cof_front *front, const cof_data_key *key,
                                       cof_opener **out, cof_err *err);
/** Opens chunk index, in any order; cipher.size must be its exact size. @return COF_OK,
 * COF_E_TAG_MISMATCH, COF_E_BAD_ARGUMENT. */
COF_MUST_USE cof_status cof_opener_chunk(cof_opener *opener, uint64_t index, cof_view cipher,
                                         uint8_t *out_plain, cof_err *err);
void cof_opener_free(cof_opener *opener);
COF_OWNED(cof_opener, cof_opener_free);

/** A new recipients area for an object whose data key is known: appends exactly
 * header.recipients_capacity bytes. @return COF_OK, COF_E_LIMIT (does not fit). */
COF_MUST_USE cof_status cof_front_rewrap(const cof_front *front, const cof_data_key *key,
                                         const cof_recipient *recipients, size_t recipient_count,
                                         cof_buf *out, cof_err *err);

/** Opens a whole object that is in memory; expected may be NULL, else the digest must be this.
 * Appends the plaintext. */
COF_MUST_USE cof_status cof_open_bytes(cof_view object, const cof_data_key *key,
                                       const cof_digest *expected, cof_buf *out, cof_err *err);

#endif
