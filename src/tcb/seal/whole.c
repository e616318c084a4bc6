/* Objects that are wholly in memory. */
#include <string.h>

#include "tcb/base/size.h"
#include "tcb/seal/seal.h"

static cof_status seal_chunks(cof_sealer *sealer, cof_view plain, uint8_t *cipher, cof_err *err)
{
    const uint64_t count = cof_seal_chunk_count(plain.size);
    for (uint64_t i = 0; i < count; i++) {
        const size_t at = (size_t)i * COF_SEAL_CHUNK_SIZE;
        const size_t size = cof_seal_chunk_size(plain.size, i);
        /* No arithmetic on the null pointer of an empty view. */
        const cof_view chunk = size == 0 ? (cof_view){0} : cof_view_of(plain.data + at, size);
        COF_TRY(cof_sealer_chunk(sealer, chunk, cipher + at, err));
    }
    return COF_OK;
}

cof_status cof_seal_bytes(const cof_seal_header *header, const cof_recipient *recipients,
                          size_t recipient_count, cof_view plain, cof_buf *out,
                          cof_digest *out_digest, cof_err *err)
{
    cof_seal_header sized = *header;
    sized.plaintext_size = plain.size;
    COF_CLEANUP(cof_sealer_drop_) cof_sealer *sealer = NULL;
    COF_TRY(cof_sealer_new(&sized, recipients, recipient_count, &sealer, err));
    const size_t front_size = cof_sealer_front_size(sealer);
    size_t total = 0;
    COF_TRY(cof_size_add(front_size, plain.size, &total, err));
    COF_TRY(cof_buf_reserve(out, total, err));
    /* The ciphertext goes to its place first; the front, which is known last, before it. */
    const size_t start = out->size;
    COF_TRY(seal_chunks(sealer, plain, out->data + start + front_size, err));
    COF_TRY(cof_sealer_front(sealer, out, out_digest, err));
    out->size = start + total;
    return COF_OK;
}

static cof_status open_chunks(cof_opener *opener, cof_view cipher, uint8_t *plain, cof_err *err)
{
    const uint64_t count = cof_seal_chunk_count(cipher.size);
    for (uint64_t i = 0; i < count; i++) {
        const size_t at = (size_t)i * COF_SEAL_CHUNK_SIZE;
        const size_t size = cof_seal_chunk_size(cipher.size, i);
        COF_TRY(cof_opener_chunk(opener, i, cof_view_of(cipher.data + at, size), plain + at, err));
    }
    return COF_OK;
}

cof_status cof_open_bytes(cof_view object, const cof_data_key *key, const cof_digest *expected,
                          cof_buf *out, cof_err *err)
{
    size_t front_size = 0;
    COF_TRY(cof_front_size(object, &front_size, err));
    if (object.size < front_size) {
        return COF_FAIL(err, TRUNCATED, "%zu bytes of a front of %zu", object.size, front_size);
    }
    COF_CLEANUP(cof_front_drop_) cof_front *front = NULL;
    COF_TRY(cof_front_parse(cof_view_of(object.data, front_size), &front, err));
    if (expected != NULL && !cof_digest_equal(expected, cof_front_digest(front))) {
        return COF_FAIL(err, DIGEST_MISMATCH, "another object than the one that is pinned");
    }
    const cof_view cipher = cof_view_of(object.data + front_size, object.size - front_size);
    const uint64_t due = cof_front_header(front)->plaintext_size;
    if (cipher.size < due) {
        return COF_FAIL(err, TRUNCATED, "%zu bytes of ciphertext where %llu are due", cipher.size,
                        (unsigned long long)due);
    }
    if (cipher.size > due) {
        return COF_FAIL(err, TRAILING_BYTES, "%zu bytes of ciphertext where %llu are due",
                        cipher.size, (unsigned long long)due);
    }
    COF_CLEANUP(cof_opener_drop_) cof_opener *opener = NULL;
    COF_TRY(cof_opener_new(front, key, &opener, err));
    COF_CLEANUP(cof_buf_free) cof_buf plain = {0};
    cof_buf_init(&plain, cipher.size > 0 ? cipher.size : 1);
    COF_TRY(cof_buf_reserve(&plain, cipher.size > 0 ? cipher.size : 1, err));
    COF_TRY(open_chunks(opener, cipher, plain.data, err));
    plain.size = cipher.size;
    return cof_buf_append(out, cof_buf_view(&plain), err);
}
