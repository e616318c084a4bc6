/*
 * Inside seal/: the header's bytes, the keys made from a data key, nonces. docs/formats/sealed.md.
 */
#ifndef COF_SEAL_LAYOUT_H
#define COF_SEAL_LAYOUT_H

#include "tcb/seal/seal.h"

enum {
    COF_SEAL_COMMITMENT_SIZE = COF_DIGEST_SIZE,
    COF_SEAL_TAG_SIZE = 16,
    COF_SEAL_NONCE_SIZE = 12,
    COF_SEAL_HEADER_MAX = COF_SEAL_FIXED_SIZE + COF_SEAL_NAME_SIZE,
    COF_SEAL_AREA_STEP = 4096 /* recipients_capacity is a multiple of this */
};

/** Authenticates a recipients area. */
typedef struct cof_recipients_key {
    uint8_t bytes[32];
} cof_recipients_key;

/** All that is derived from a data key and a header. */
typedef struct cof_seal_keys {
    cof_chunk_key chunk;
    cof_recipients_key recipients;
    uint8_t commitment[COF_SEAL_COMMITMENT_SIZE];
} cof_seal_keys;

static inline void cof_seal_keys_wipe(cof_seal_keys *keys)
{
    cof_wipe(keys, sizeof *keys);
}

/**
 * Bytes of the front of an object with a name of name_size; fits size_t for a header that was
 * checked.
 */
size_t cof_seal_front_size(const cof_seal_header *header, size_t name_size);

/**
 * The format's rules for all of a header but its name, for writers and readers. @return COF_OK,
 * COF_E_BAD_FORMAT, COF_E_LIMIT.
 */
COF_MUST_USE cof_status cof_seal_header_check_fixed(const cof_seal_header *header, cof_err *err);
/** The same with the name. */
COF_MUST_USE cof_status cof_seal_header_check(const cof_seal_header *header, cof_err *err);
/** Appends the header's bytes. */
COF_MUST_USE cof_status cof_seal_header_write(const cof_seal_header *header, cof_buf *out,
                                              cof_err *err);

/**
 * Makes an object's keys from its data key and SHA-256 of its header's bytes. The caller wipes
 * out_keys, also after a failure.
 */
COF_MUST_USE cof_status cof_seal_keys_derive(const cof_data_key *key, const cof_digest *header_hash,
                                             cof_seal_keys *out_keys, cof_err *err);

/** The nonce of chunk index of count. */
void cof_seal_nonce(uint64_t index, uint64_t count, uint8_t out[static COF_SEAL_NONCE_SIZE]);

#endif
