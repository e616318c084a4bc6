#include "tcb/seal/layout.h"

#include <string.h>

#include "tcb/base/limits.h"
#include "tcb/seal/name.h"
#include "tcb/wire/writer.h"

uint64_t cof_seal_chunk_count(uint64_t plaintext_size)
{
    const uint64_t whole = plaintext_size / COF_SEAL_CHUNK_SIZE;
    const uint64_t count = whole + (plaintext_size % COF_SEAL_CHUNK_SIZE != 0);
    return count == 0 ? 1 : count;
}

size_t cof_seal_chunk_size(uint64_t plaintext_size, uint64_t index)
{
    const uint64_t left = plaintext_size - index * COF_SEAL_CHUNK_SIZE;
    return left < COF_SEAL_CHUNK_SIZE ? (size_t)left : COF_SEAL_CHUNK_SIZE;
}

size_t cof_seal_front_size(const cof_seal_header *header, size_t name_size)
{
    return COF_SEAL_FIXED_SIZE + name_size + COF_SEAL_COMMITMENT_SIZE +
           COF_SEAL_TAG_SIZE * (size_t)cof_seal_chunk_count(header->plaintext_size) +
           header->recipients_capacity;
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
    uint8_t any = 0;
    for (size_t i = 0; i < size; i++) {
        any |= bytes[i];
    }
    return any == 0;
}

cof_status cof_seal_header_check_fixed(const cof_seal_header *header, cof_err *err)
{
    if (header->kind < COF_SEAL_DATASET || header->kind > COF_SEAL_LOG) {
        return COF_FAIL(err, BAD_FORMAT, "kind %d of a sealed object", (int)header->kind);
    }
    if (header->plaintext_size > COF_LIMIT_OBJECT_BYTES) {
        return COF_FAIL(err, LIMIT, "a sealed object of %llu bytes",
                        (unsigned long long)header->plaintext_size);
    }
    if (is_zero(header->object_id, sizeof header->object_id)) {
        return COF_FAIL(err, BAD_FORMAT, "the object id of a sealed object is zero");
    }
    if (header->kind == COF_SEAL_DATASET &&
        !is_zero(header->context.bytes, sizeof header->context.bytes)) {
        return COF_FAIL(err, BAD_FORMAT, "a dataset is sealed for a context");
    }
    if (header->recipients_capacity < COF_SEAL_AREA_STEP ||
        header->recipients_capacity > COF_LIMIT_RECIPIENT_BYTES ||
        header->recipients_capacity % COF_SEAL_AREA_STEP != 0) {
        return COF_FAIL(err, BAD_FORMAT, "recipients area of %u bytes",
                        (unsigned)header->recipients_capacity);
    }
    return COF_OK;
}

cof_status cof_seal_header_check(const cof_seal_header *header, cof_err *err)
{
    COF_TRY(cof_seal_header_check_fixed(header, err));
    return cof_seal_name_check(
        cof_view_of(header->name, strnlen(header->name, sizeof header->name)), err);
}

cof_status cof_seal_header_write(const cof_seal_header *header, cof_buf *out, cof_err *err)
{
    const cof_view name = cof_view_text(header->name);
    COF_TRY(cof_buf_append_text(out, "COFSEAL1", err));
    COF_TRY(cof_write_u16le(out, 1, err));
    COF_TRY(cof_write_u16le(out, (uint16_t)header->kind, err));
    COF_TRY(cof_write_u32le(out, COF_SEAL_CHUNK_SIZE, err));
    COF_TRY(cof_write_u64le(out, header->plaintext_size, err));
    COF_TRY(cof_buf_append(out, cof_view_of(header->object_id, sizeof header->object_id), err));
    COF_TRY(
        cof_buf_append(out, cof_view_of(header->context.bytes, sizeof header->context.bytes), err));
    COF_TRY(cof_write_u32le(out, header->recipients_capacity, err));
    COF_TRY(cof_write_u16le(out, (uint16_t)name.size, err));
    return cof_buf_append(out, name, err);
}

cof_status cof_seal_keys_derive(const cof_data_key *key, const cof_digest *header_hash,
                                cof_seal_keys *out_keys, cof_err *err)
{
    const cof_view secret = cof_view_of(key->bytes, sizeof key->bytes);
    const cof_view salt = cof_view_of(header_hash->bytes, sizeof header_hash->bytes);
    COF_TRY(cof_hkdf(secret, salt, cof_view_text("coffer/seal/v1/commitment"),
                     (cof_span){out_keys->commitment, sizeof out_keys->commitment}, err));
    COF_TRY(cof_hkdf(secret, salt, cof_view_text("coffer/seal/v1/chunk"),
                     (cof_span){out_keys->chunk.bytes, sizeof out_keys->chunk.bytes}, err));
    return cof_hkdf(secret, salt, cof_view_text("coffer/seal/v1/recipients"),
                    (cof_span){out_keys->recipients.bytes, sizeof out_keys->recipients.bytes}, err);
}

void cof_seal_nonce(uint64_t index, uint64_t count, uint8_t out[static COF_SEAL_NONCE_SIZE])
{
    memset(out, 0, COF_SEAL_NONCE_SIZE);
    out[3] = index + 1 == count;
    for (size_t i = 0; i < 8; i++) {
        out[4 + i] = (uint8_t)(index >> (56 - 8 * i));
    }
}
