#include <stdlib.h>

#include "tcb/crypto/aead.h"
#include "tcb/seal/front.h"

struct cof_opener {
    const cof_front *front;
    uint64_t chunk_count;
    cof_aead *aead;
};

cof_status cof_opener_new(const cof_front *front, const cof_data_key *key, cof_opener **out,
                          cof_err *err)
{
    COF_CLEANUP(cof_seal_keys_wipe) cof_seal_keys keys = {0};
    COF_TRY(cof_front_keys(front, key, &keys, err));
    COF_TRY(cof_recipients_verify(front->area, front->recipients.signed_size, &keys.recipients,
                                  &front->header_hash, err));
    COF_CLEANUP(cof_opener_drop_) cof_opener *opener = calloc(1, sizeof *opener);
    if (opener == NULL) {
        return COF_FAIL(err, NO_MEMORY, "opener");
    }
    opener->front = front;
    opener->chunk_count = cof_seal_chunk_count(front->header.plaintext_size);
    COF_TRY(cof_aead_new(&keys.chunk, &opener->aead, err));
    *out = cof_opener_take(&opener);
    return COF_OK;
}

cof_status cof_opener_chunk(cof_opener *opener, uint64_t index, cof_view cipher, uint8_t *out_plain,
                            cof_err *err)
{
    if (index >= opener->chunk_count) {
        return COF_FAIL(err, BAD_ARGUMENT, "chunk %llu of %llu", (unsigned long long)index,
                        (unsigned long long)opener->chunk_count);
    }
    const size_t size = cof_seal_chunk_size(opener->front->header.plaintext_size, index);
    if (cipher.size != size) {
        return COF_FAIL(err, BAD_ARGUMENT, "chunk of %zu bytes where %zu are due", cipher.size,
                        size);
    }
    uint8_t nonce[COF_SEAL_NONCE_SIZE];
    cof_seal_nonce(index, opener->chunk_count, nonce);
    const uint8_t *tag = opener->front->tags.data + index * COF_SEAL_TAG_SIZE;
    const cof_status status = cof_aead_open(opener->aead, nonce, cipher, tag, out_plain, err);
    if (status != COF_OK) {
        cof_err_context(err, "chunk %llu", (unsigned long long)index);
    }
    return status;
}

void cof_opener_free(cof_opener *opener)
{
    if (opener == NULL) {
        return;
    }
    cof_aead_free(opener->aead);
    free(opener);
}
