/* Symmetric keys, one type per purpose, so that handing one to the wrong function does not compile.
 */
#ifndef COF_CRYPTO_KEYS_H
#define COF_CRYPTO_KEYS_H

#include "tcb/base/buf.h"
#include "tcb/base/wipe.h"

/** Opens one sealed object. */
typedef struct cof_data_key {
    uint8_t bytes[32];
} cof_data_key;

/** Opens wrapped data keys of a job's own objects (checkpoints). */
typedef struct cof_wrap_key {
    uint8_t bytes[32];
} cof_wrap_key;

/** Encrypts the chunks of one sealed object. */
typedef struct cof_chunk_key {
    uint8_t bytes[32];
} cof_chunk_key;

static inline void cof_data_key_wipe(cof_data_key *key)
{
    cof_wipe(key, sizeof *key);
}
static inline void cof_wrap_key_wipe(cof_wrap_key *key)
{
    cof_wipe(key, sizeof *key);
}
static inline void cof_chunk_key_wipe(cof_chunk_key *key)
{
    cof_wipe(key, sizeof *key);
}

#endif
