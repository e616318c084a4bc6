#include "seal_kit.h"

#include <string.h>

cof_wrap_key kit_wrap_key(uint8_t number)
{
    cof_wrap_key key;
    memset(key.bytes, number, sizeof key.bytes);
    return key;
}

cof_seal_header kit_header(cof_seal_kind kind, const char *name)
{
    cof_seal_header header = {.kind = kind};
    if (kind != COF_SEAL_DATASET) {
        memset(header.context.bytes, 7, sizeof header.context.bytes);
    }
    assert_true(strlen(name) < sizeof header.name);
    memcpy(header.name, name, strlen(name) + 1);
    return header;
}

void kit_fill(cof_buf *out, size_t size, uint64_t seed)
{
    uint64_t state = seed * 0x9e3779b97f4a7c15u + 1;
    uint8_t *place = NULL;
    assert_ok(cof_buf_extend(out, size, &place, NULL));
    for (size_t i = 0; i < size; i++) {
        state ^= state << 13; /* xorshift64 */
        state ^= state >> 7;
        state ^= state << 17;
        place[i] = (uint8_t)(state >> 32);
    }
}

void kit_seal(const cof_seal_header *header, cof_view plain, cof_buf *out, cof_digest *out_digest)
{
    const cof_wrap_key wrap = kit_wrap_key(1);
    const cof_recipient recipient = {.kid = "job", .wrap = &wrap};
    assert_ok(cof_seal_bytes(header, &recipient, 1, plain, out, out_digest, NULL));
}

/* The front of an object, or the status of its refusal. */
static cof_status parse_front(cof_view object, cof_front **out)
{
    size_t size = 0;
    COF_TRY(cof_front_size(object, &size, NULL));
    if (size > object.size) {
        return COF_E_TRUNCATED;
    }
    return cof_front_parse(cof_view_of(object.data, size), out, NULL);
}

void kit_data_key(cof_view object, cof_data_key *out)
{
    const cof_wrap_key wrap = kit_wrap_key(1);
    COF_CLEANUP(cof_front_drop_) cof_front *front = NULL;
    assert_ok(parse_front(object, &front));
    assert_ok(cof_front_key_job(front, &wrap, out, NULL));
}

cof_status kit_open(cof_view object, uint8_t number, const cof_digest *expected, cof_buf *out)
{
    const cof_wrap_key wrap = kit_wrap_key(number);
    COF_CLEANUP(cof_front_drop_) cof_front *front = NULL;
    COF_TRY(parse_front(object, &front));
    COF_CLEANUP(cof_data_key_wipe) cof_data_key key = {0};
    COF_TRY(cof_front_key_job(front, &wrap, &key, NULL));
    return cof_open_bytes(object, &key, expected, out, NULL);
}

kit_layout kit_layout_of(cof_view object)
{
    size_t front_size = 0;
    assert_ok(cof_front_size(object, &front_size, NULL));
    COF_CLEANUP(cof_front_drop_) cof_front *front = NULL;
    assert_ok(parse_front(object, &front));
    const cof_seal_header *header = cof_front_header(front);
    kit_layout layout = {.commitment = COF_SEAL_FIXED_SIZE + strlen(header->name)};
    layout.tags = layout.commitment + 32;
    layout.area = layout.tags + 16 * (size_t)cof_seal_chunk_count(header->plaintext_size);
    layout.cipher = front_size;
    return layout;
}
