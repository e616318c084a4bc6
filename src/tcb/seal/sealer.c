/*
 * Implementation notes
 *
 * The header fixes the plaintext's size before the first chunk, so the number of chunks, and which
 * is the last, are known from the start. All that needs the data key is made in cof_sealer_new:
 * afterwards the sealer holds only the chunk key's schedule.
 */
#include <stdlib.h>
#include <string.h>

#include "tcb/crypto/aead.h"
#include "tcb/crypto/random.h"
#include "tcb/seal/layout.h"
#include "tcb/seal/recipients.h"

struct cof_sealer {
    cof_seal_header header;
    uint64_t chunk_count;
    uint64_t next; /* index of the chunk that comes next */
    uint8_t commitment[COF_SEAL_COMMITMENT_SIZE];
    cof_buf header_bytes;
    cof_buf area;
    uint8_t *tags; /* chunk_count tags */
    cof_aead *aead;
};

/* draw: an object id of its own, else the header's. */
static cof_status choose_header(const cof_seal_header *header, const cof_recipient *recipients,
                                size_t recipient_count, bool draw, cof_seal_header *out,
                                cof_err *err)
{
    uint32_t capacity = 0;
    COF_TRY(cof_recipients_capacity(recipients, recipient_count, &capacity, err));
    cof_seal_header chosen = *header;
    if (chosen.recipients_capacity == 0) {
        chosen.recipients_capacity = capacity;
    }
    if (draw) {
        COF_TRY(cof_random((cof_span){chosen.object_id, sizeof chosen.object_id}, err));
    }
    if (cof_seal_header_check(&chosen, err) != COF_OK) {
        /* What would be a malformed file for a reader is a bad request of this caller. */
        if (err != NULL) {
            err->status = COF_E_BAD_ARGUMENT;
        }
        return COF_E_BAD_ARGUMENT;
    }
    *out = chosen;
    return COF_OK;
}

static cof_status make_keys(cof_sealer *sealer, const cof_data_key *key,
                            const cof_recipient *recipients, size_t recipient_count, cof_err *err)
{
    COF_CLEANUP(cof_seal_keys_wipe) cof_seal_keys keys = {0};
    cof_digest header_hash = {0};
    COF_TRY(cof_digest_of(cof_buf_view(&sealer->header_bytes), &header_hash, err));
    COF_TRY(cof_seal_keys_derive(key, &header_hash, &keys, err));
    memcpy(sealer->commitment, keys.commitment, sizeof keys.commitment);
    COF_TRY(cof_recipients_write(recipients, recipient_count, key, &keys.recipients, &header_hash,
                                 sealer->header.recipients_capacity, &sealer->area, err));
    return cof_aead_new(&keys.chunk, &sealer->aead, err);
}

static cof_status make_sealer(const cof_seal_header *header, const cof_data_key *key, bool draw_id,
                              const cof_recipient *recipients, size_t recipient_count,
                              cof_sealer **out, cof_err *err)
{
    COF_CLEANUP(cof_sealer_drop_) cof_sealer *sealer = calloc(1, sizeof *sealer);
    if (sealer == NULL) {
        return COF_FAIL(err, NO_MEMORY, "sealer");
    }
    cof_buf_init(&sealer->header_bytes, COF_SEAL_HEADER_MAX);
    cof_buf_init(&sealer->area, COF_LIMIT_RECIPIENT_BYTES);
    COF_TRY(choose_header(header, recipients, recipient_count, draw_id, &sealer->header, err));
    COF_TRY(cof_seal_header_write(&sealer->header, &sealer->header_bytes, err));
    sealer->chunk_count = cof_seal_chunk_count(sealer->header.plaintext_size);
    sealer->tags = calloc(sealer->chunk_count, COF_SEAL_TAG_SIZE);
    if (sealer->tags == NULL) {
        return COF_FAIL(err, NO_MEMORY, "tags of %llu chunks",
                        (unsigned long long)sealer->chunk_count);
    }
    COF_TRY(make_keys(sealer, key, recipients, recipient_count, err));
    *out = cof_sealer_take(&sealer);
    return COF_OK;
}

cof_status cof_sealer_new(const cof_seal_header *header, const cof_recipient *recipients,
                          size_t recipient_count, cof_sealer **out, cof_err *err)
{
    COF_CLEANUP(cof_data_key_wipe) cof_data_key key = {0};
    COF_TRY(cof_random((cof_span){key.bytes, sizeof key.bytes}, err));
    return make_sealer(header, &key, true, recipients, recipient_count, out, err);
}

cof_status cof_sealer_again(const cof_seal_header *header, const cof_data_key *key,
                            const cof_recipient *recipients, size_t recipient_count,
                            cof_sealer **out, cof_err *err)
{
    return make_sealer(header, key, false, recipients, recipient_count, out, err);
}

size_t cof_sealer_front_size(const cof_sealer *sealer)
{
    return cof_seal_front_size(&sealer->header, strlen(sealer->header.name));
}

cof_status cof_sealer_chunk(cof_sealer *sealer, cof_view plain, uint8_t *out_cipher, cof_err *err)
{
    if (sealer->next >= sealer->chunk_count) {
        return COF_FAIL(err, BAD_ARGUMENT, "a chunk after the last one");
    }
    const size_t size = cof_seal_chunk_size(sealer->header.plaintext_size, sealer->next);
    if (plain.size != size) {
        return COF_FAIL(err, BAD_ARGUMENT, "chunk of %zu bytes where %zu are due", plain.size,
                        size);
    }
    uint8_t nonce[COF_SEAL_NONCE_SIZE];
    cof_seal_nonce(sealer->next, sealer->chunk_count, nonce);
    /* The index moves on even after a failure: a nonce is never used for two encryptions. */
    uint8_t *tag = sealer->tags + sealer->next * COF_SEAL_TAG_SIZE;
    const cof_status status = cof_aead_seal(sealer->aead, nonce, plain, out_cipher, tag, err);
    if (status != COF_OK) {
        sealer->chunk_count = 0; /* nothing more can be sealed, and no front is given */
        return status;
    }
    sealer->next++;
    return COF_OK;
}

cof_status cof_sealer_front(cof_sealer *sealer, cof_buf *out, cof_digest *out_digest, cof_err *err)
{
    if (sealer->chunk_count == 0 || sealer->next != sealer->chunk_count) {
        return COF_FAIL(err, BAD_ARGUMENT, "the front before the last chunk");
    }
    const size_t start = out->size;
    COF_TRY(cof_buf_reserve(out, cof_sealer_front_size(sealer), err));
    COF_TRY(cof_buf_append(out, cof_buf_view(&sealer->header_bytes), err));
    COF_TRY(cof_buf_append(out, cof_view_of(sealer->commitment, sizeof sealer->commitment), err));
    COF_TRY(cof_buf_append(
        out, cof_view_of(sealer->tags, (size_t)sealer->chunk_count * COF_SEAL_TAG_SIZE), err));
    cof_digest digest = {0};
    const cof_status status =
        cof_digest_of(cof_view_of(out->data + start, out->size - start), &digest, err);
    if (status != COF_OK) {
        out->size = start;
        return status;
    }
    COF_TRY(cof_buf_append(out, cof_buf_view(&sealer->area), err));
    *out_digest = digest;
    return COF_OK;
}

void cof_sealer_free(cof_sealer *sealer)
{
    if (sealer == NULL) {
        return;
    }
    cof_aead_free(sealer->aead);
    free(sealer->tags);
    cof_buf_free(&sealer->area);
    cof_buf_free(&sealer->header_bytes);
    cof_wipe(sealer, sizeof *sealer);
    free(sealer);
}
