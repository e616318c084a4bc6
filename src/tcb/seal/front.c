#include "tcb/seal/front.h"

#include <stdlib.h>
#include <string.h>

#include "tcb/crypto/keywrap.h"
#include "tcb/wire/reader.h"

/* The first 78 bytes. Everything that does not need the name is checked here. */
static cof_status read_fixed(cof_reader *reader, cof_seal_header *out, uint16_t *out_name_size,
                             cof_err *err)
{
    cof_view magic = {0};
    uint16_t version = 0;
    uint16_t kind = 0;
    uint32_t chunk_size = 0;
    uint16_t name_size = 0;
    cof_seal_header header = {0};
    COF_TRY(cof_read_view(reader, 8, &magic, err));
    if (!cof_view_equal(magic, cof_view_text("COFSEAL1"))) {
        return COF_FAIL(err, BAD_FORMAT, "not a sealed object");
    }
    COF_TRY(cof_read_u16le(reader, &version, err));
    if (version != 1) {
        return COF_FAIL(err, BAD_VERSION, "version %u of a sealed object", version);
    }
    COF_TRY(cof_read_u16le(reader, &kind, err));
    COF_TRY(cof_read_u32le(reader, &chunk_size, err));
    COF_TRY(cof_read_u64le(reader, &header.plaintext_size, err));
    COF_TRY(cof_read_copy(reader, header.object_id, sizeof header.object_id, err));
    COF_TRY(cof_read_copy(reader, header.context.bytes, sizeof header.context.bytes, err));
    COF_TRY(cof_read_u32le(reader, &header.recipients_capacity, err));
    COF_TRY(cof_read_u16le(reader, &name_size, err));
    if (chunk_size != COF_SEAL_CHUNK_SIZE) {
        return COF_FAIL(err, BAD_FORMAT, "chunks of %u bytes", (unsigned)chunk_size);
    }
    if (name_size < 1 || name_size > COF_SEAL_NAME_SIZE) {
        return COF_FAIL(err, BAD_FORMAT, "name of %u bytes", name_size);
    }
    header.kind = (cof_seal_kind)kind;
    COF_TRY(cof_seal_header_check_fixed(&header, err));
    *out = header;
    *out_name_size = name_size;
    return COF_OK;
}

cof_status cof_front_size(cof_view start, size_t *out_size, cof_err *err)
{
    cof_seal_header header = {0};
    uint16_t name_size = 0;
    cof_reader reader = cof_reader_of(start);
    COF_TRY(read_fixed(&reader, &header, &name_size, err));
    *out_size = cof_seal_front_size(&header, name_size);
    return COF_OK;
}

static cof_status read_header(cof_reader *reader, cof_seal_header *out, cof_err *err)
{
    cof_seal_header header = {0};
    uint16_t name_size = 0;
    COF_TRY(read_fixed(reader, &header, &name_size, err));
    COF_TRY(cof_read_copy(reader, header.name, name_size, err));
    if (memchr(header.name, 0, name_size) != NULL) {
        return COF_FAIL(err, BAD_FORMAT, "name has a NUL");
    }
    COF_TRY(cof_seal_header_check(&header, err));
    *out = header;
    return COF_OK;
}

static cof_status parse(cof_front *front, cof_err *err)
{
    cof_reader reader = cof_reader_of(cof_buf_view(&front->bytes));
    COF_TRY(read_header(&reader, &front->header, err));
    COF_TRY(
        cof_digest_of(cof_view_of(front->bytes.data, reader.position), &front->header_hash, err));
    COF_TRY(cof_read_view(&reader, COF_SEAL_COMMITMENT_SIZE, &front->commitment, err));
    const uint64_t chunk_count = cof_seal_chunk_count(front->header.plaintext_size);
    COF_TRY(cof_read_view(&reader, (size_t)chunk_count * COF_SEAL_TAG_SIZE, &front->tags, err));
    COF_TRY(cof_digest_of(cof_view_of(front->bytes.data, reader.position), &front->digest, err));
    COF_TRY(cof_read_view(&reader, front->header.recipients_capacity, &front->area, err));
    COF_TRY(cof_reader_finish(&reader, err));
    return cof_recipients_read(front->area, &front->recipients, err);
}

cof_status cof_front_parse(cof_view bytes, cof_front **out, cof_err *err)
{
    size_t size = 0;
    COF_TRY(cof_front_size(bytes, &size, err));
    if (bytes.size < size) {
        return COF_FAIL(err, TRUNCATED, "%zu bytes of a front of %zu", bytes.size, size);
    }
    if (bytes.size > size) {
        return COF_FAIL(err, TRAILING_BYTES, "%zu bytes for a front of %zu", bytes.size, size);
    }
    COF_CLEANUP(cof_front_drop_) cof_front *front = calloc(1, sizeof *front);
    if (front == NULL) {
        return COF_FAIL(err, NO_MEMORY, "front");
    }
    cof_buf_init(&front->bytes, size);
    COF_TRY(cof_buf_append(&front->bytes, bytes, err));
    COF_TRY(parse(front, err));
    *out = cof_front_take(&front);
    return COF_OK;
}

const cof_seal_header *cof_front_header(const cof_front *front)
{
    return &front->header;
}

const cof_digest *cof_front_digest(const cof_front *front)
{
    return &front->digest;
}

size_t cof_front_recipient_count(const cof_front *front)
{
    return front->recipients.count;
}

const char *cof_front_recipient(const cof_front *front, size_t index, uint8_t *out_algorithm)
{
    *out_algorithm = front->recipients.entries[index].algorithm;
    return front->recipients.entries[index].kid;
}

static const cof_recipient_entry *find_entry(const cof_front *front, const char *kid)
{
    for (size_t i = 0; i < front->recipients.count; i++) {
        if (strcmp(front->recipients.entries[i].kid, kid) == 0) {
            return &front->recipients.entries[i];
        }
    }
    return NULL;
}

cof_status cof_front_wrapped(const cof_front *front, const char *kid, cof_view *out, cof_err *err)
{
    const cof_recipient_entry *entry = find_entry(front, kid);
    if (entry == NULL) {
        return COF_FAIL(err, NOT_A_RECIPIENT, "%.100s", kid);
    }
    *out = entry->wrapped;
    return COF_OK;
}

cof_status cof_front_key_rsa(const cof_front *front, const char *kid, const cof_rsa_key *key,
                             cof_data_key *out, cof_err *err)
{
    const cof_recipient_entry *entry = find_entry(front, kid);
    if (entry == NULL || entry->algorithm != COF_SEAL_RSA_OAEP_256) {
        return COF_FAIL(err, NOT_A_RECIPIENT, "%.100s", kid);
    }
    COF_CLEANUP(cof_buf_free) cof_buf plain = {0};
    cof_buf_init(&plain, 512); /* the largest modulus, which libcrypto may ask room for */
    COF_TRY(cof_rsa_decrypt(key, COF_OAEP_SHA256, entry->wrapped, &plain, err));
    if (plain.size != sizeof out->bytes) {
        return COF_FAIL(err, KEY_MISMATCH, "the wrapped key is not a data key");
    }
    memcpy(out->bytes, plain.data, sizeof out->bytes);
    return COF_OK;
}

cof_status cof_front_key_job(const cof_front *front, const cof_wrap_key *wrap, cof_data_key *out,
                             cof_err *err)
{
    const cof_recipient_entry *entry = find_entry(front, "job");
    if (entry == NULL || entry->algorithm != COF_SEAL_A256KW) {
        return COF_FAIL(err, NOT_A_RECIPIENT, "not sealed for a job");
    }
    return cof_data_key_unwrap(wrap, entry->wrapped.data, out, err);
}

cof_status cof_front_keys(const cof_front *front, const cof_data_key *key, cof_seal_keys *out_keys,
                          cof_err *err)
{
    COF_TRY(cof_seal_keys_derive(key, &front->header_hash, out_keys, err));
    if (!cof_secret_equal(out_keys->commitment, front->commitment.data, front->commitment.size)) {
        return COF_FAIL(err, KEY_MISMATCH, "the data key is not that of this object");
    }
    return COF_OK;
}

void cof_front_free(cof_front *front)
{
    if (front == NULL) {
        return;
    }
    cof_buf_free(&front->bytes);
    free(front);
}
