#include "tcb/seal/recipients.h"

#include <string.h>

#include "tcb/crypto/keywrap.h"
#include "tcb/seal/name.h"
#include "tcb/wire/reader.h"
#include "tcb/wire/writer.h"

enum { AREA_FIXED = 6, ENTRY_FIXED = 5, RSA_MIN = 256, RSA_MAX = 512 };

static size_t wrapped_size(const cof_recipient *recipient)
{
    if (recipient->wrap != NULL) {
        return COF_WRAPPED_DATA_KEY_SIZE;
    }
    return recipient->rsa != NULL ? cof_rsa_size(recipient->rsa) : recipient->kept.size;
}

static cof_status check_recipient(const cof_recipient *recipients, size_t index, cof_err *err)
{
    const cof_recipient *recipient = &recipients[index];
    const int keys =
        (recipient->rsa != NULL) + (recipient->wrap != NULL) + (recipient->kept.data != NULL);
    if (recipient->kid == NULL || keys != 1) {
        return COF_FAIL(err, BAD_ARGUMENT, "recipient %zu needs an identifier and one key", index);
    }
    if (cof_seal_kid_check(cof_view_text(recipient->kid), err) != COF_OK) {
        return COF_FAIL(err, BAD_ARGUMENT, "key identifier of recipient %zu", index);
    }
    if (recipient->wrap != NULL && strcmp(recipient->kid, "job") != 0) {
        return COF_FAIL(err, BAD_ARGUMENT, "the job's wrap key is not called \"job\"");
    }
    const size_t size = wrapped_size(recipient);
    if (recipient->wrap == NULL && (size < RSA_MIN || size > RSA_MAX)) {
        return COF_FAIL(err, BAD_ARGUMENT, "RSA key of %zu bytes for recipient %zu", size, index);
    }
    for (size_t i = 0; i < index; i++) {
        if (strcmp(recipients[i].kid, recipient->kid) == 0) {
            return COF_FAIL(err, BAD_ARGUMENT, "recipients %zu and %zu are the same key", i, index);
        }
    }
    return COF_OK;
}

/* Bytes of the entries of recipients that are valid. */
static size_t entries_size(const cof_recipient *recipients, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        size += ENTRY_FIXED + strlen(recipients[i].kid) + wrapped_size(&recipients[i]);
    }
    return size;
}

cof_status cof_recipients_capacity(const cof_recipient *recipients, size_t count,
                                   uint32_t *out_capacity, cof_err *err)
{
    if (count < 1 || count > COF_LIMIT_RECIPIENTS) {
        return COF_FAIL(err, BAD_ARGUMENT, "%zu recipients, where 1 to %d are possible", count,
                        COF_LIMIT_RECIPIENTS);
    }
    for (size_t i = 0; i < count; i++) {
        COF_TRY(check_recipient(recipients, i, err));
    }
    const size_t size = AREA_FIXED + entries_size(recipients, count) + COF_DIGEST_SIZE;
    if (size > COF_LIMIT_RECIPIENT_BYTES) {
        return COF_FAIL(err, LIMIT, "recipients need %zu bytes, where %d are possible", size,
                        COF_LIMIT_RECIPIENT_BYTES);
    }
    *out_capacity =
        (uint32_t)((size + COF_SEAL_AREA_STEP - 1) / COF_SEAL_AREA_STEP * COF_SEAL_AREA_STEP);
    return COF_OK;
}

static cof_status write_entry(const cof_recipient *recipient, const cof_data_key *key, cof_buf *out,
                              cof_err *err)
{
    const cof_view kid = cof_view_text(recipient->kid);
    COF_TRY(
        cof_write_u8(out, recipient->wrap == NULL ? COF_SEAL_RSA_OAEP_256 : COF_SEAL_A256KW, err));
    COF_TRY(cof_write_u16le(out, (uint16_t)kid.size, err));
    COF_TRY(cof_buf_append(out, kid, err));
    COF_TRY(cof_write_u16le(out, (uint16_t)wrapped_size(recipient), err));
    if (recipient->rsa != NULL) {
        return cof_rsa_encrypt(recipient->rsa, COF_OAEP_SHA256,
                               cof_view_of(key->bytes, sizeof key->bytes), out, err);
    }
    if (recipient->kept.data != NULL) {
        return cof_buf_append(out, recipient->kept, err);
    }
    uint8_t wrapped[COF_WRAPPED_DATA_KEY_SIZE];
    COF_TRY(cof_data_key_wrap(recipient->wrap, key, wrapped, err));
    return cof_buf_append(out, cof_view_of(wrapped, sizeof wrapped), err);
}

static cof_status compute_mac(const cof_recipients_key *mac_key, const cof_digest *header_hash,
                              cof_view bytes, cof_digest *out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf message = {0};
    cof_buf_init(&message, COF_DIGEST_SIZE + COF_LIMIT_RECIPIENT_BYTES);
    COF_TRY(
        cof_buf_append(&message, cof_view_of(header_hash->bytes, sizeof header_hash->bytes), err));
    COF_TRY(cof_buf_append(&message, bytes, err));
    return cof_hmac_sha256(cof_view_of(mac_key->bytes, sizeof mac_key->bytes),
                           cof_buf_view(&message), out, err);
}

/* The area in a buffer of its own, so that a failure leaves the caller's as it was. */
static cof_status write_area(const cof_recipient *recipients, size_t count, const cof_data_key *key,
                             const cof_recipients_key *mac_key, const cof_digest *header_hash,
                             cof_buf *area, cof_err *err)
{
    COF_TRY(cof_write_u16le(area, (uint16_t)count, err));
    COF_TRY(cof_write_u32le(area, (uint32_t)entries_size(recipients, count), err));
    for (size_t i = 0; i < count; i++) {
        COF_TRY(write_entry(&recipients[i], key, area, err));
    }
    cof_digest mac = {0};
    COF_TRY(compute_mac(mac_key, header_hash, cof_buf_view(area), &mac, err));
    return cof_buf_append(area, cof_view_of(mac.bytes, sizeof mac.bytes), err);
}

cof_status cof_recipients_write(const cof_recipient *recipients, size_t count,
                                const cof_data_key *key, const cof_recipients_key *mac_key,
                                const cof_digest *header_hash, uint32_t capacity, cof_buf *out,
                                cof_err *err)
{
    uint32_t needed = 0;
    COF_TRY(cof_recipients_capacity(recipients, count, &needed, err));
    if (needed > capacity) {
        return COF_FAIL(err, LIMIT, "recipients need %u bytes, and the object has room for %u",
                        (unsigned)needed, (unsigned)capacity);
    }
    COF_CLEANUP(cof_buf_free) cof_buf area = {0};
    cof_buf_init(&area, capacity);
    COF_TRY(write_area(recipients, count, key, mac_key, header_hash, &area, err));
    const size_t rest = capacity - area.size;
    if (rest > 0) {
        uint8_t *zeros = NULL;
        COF_TRY(cof_buf_extend(&area, rest, &zeros, err));
        memset(zeros, 0, rest);
    }
    return cof_buf_append(out, cof_buf_view(&area), err);
}

static cof_status check_wrapped(const cof_recipient_entry *entry, cof_err *err)
{
    const size_t size = entry->wrapped.size;
    switch (entry->algorithm) {
    case COF_SEAL_RSA_OAEP_256:
        if (size < RSA_MIN || size > RSA_MAX) {
            return COF_FAIL(err, BAD_FORMAT, "wrapped key of %zu bytes", size);
        }
        return COF_OK;
    case COF_SEAL_A256KW:
        if (size != COF_WRAPPED_DATA_KEY_SIZE || strcmp(entry->kid, "job") != 0) {
            return COF_FAIL(err, BAD_FORMAT, "wrapped key of the job, %zu bytes", size);
        }
        return COF_OK;
    default:
        return COF_FAIL(err, BAD_FORMAT, "algorithm %u of a recipient", entry->algorithm);
    }
}

static cof_status read_entry(cof_reader *reader, cof_recipient_entry *out, cof_err *err)
{
    uint16_t kid_size = 0;
    uint16_t size = 0;
    cof_view kid = {0};
    COF_TRY(cof_read_u8(reader, &out->algorithm, err));
    COF_TRY(cof_read_u16le(reader, &kid_size, err));
    COF_TRY(cof_read_view(reader, kid_size, &kid, err));
    COF_TRY(cof_read_u16le(reader, &size, err));
    COF_TRY(cof_read_view(reader, size, &out->wrapped, err));
    COF_TRY(cof_seal_kid_check(kid, err));
    memcpy(out->kid, kid.data, kid.size);
    out->kid[kid.size] = 0;
    return check_wrapped(out, err);
}

static cof_status read_entries(cof_view entries, size_t count, cof_recipient_list *out,
                               cof_err *err)
{
    cof_reader reader = cof_reader_of(entries);
    for (size_t i = 0; i < count; i++) {
        if (read_entry(&reader, &out->entries[i], err) != COF_OK) {
            return COF_FAIL(err, BAD_FORMAT, "recipient %zu is not well formed", i);
        }
        for (size_t j = 0; j < i; j++) {
            if (strcmp(out->entries[i].kid, out->entries[j].kid) == 0) {
                return COF_FAIL(err, BAD_FORMAT, "recipients %zu and %zu are the same key", j, i);
            }
        }
    }
    if (cof_reader_left(&reader) != 0) {
        return COF_FAIL(err, BAD_FORMAT, "%zu bytes after the last recipient",
                        cof_reader_left(&reader));
    }
    out->count = count;
    return COF_OK;
}

cof_status cof_recipients_read(cof_view area, cof_recipient_list *out, cof_err *err)
{
    uint16_t count = 0;
    uint32_t used = 0;
    cof_view entries = {0};
    cof_reader reader = cof_reader_of(area);
    COF_TRY(cof_read_u16le(&reader, &count, err));
    COF_TRY(cof_read_u32le(&reader, &used, err));
    if (count < 1 || count > COF_LIMIT_RECIPIENTS) {
        return COF_FAIL(err, BAD_FORMAT, "%u recipients", count);
    }
    const size_t left = cof_reader_left(&reader);
    if (left < COF_DIGEST_SIZE || used > left - COF_DIGEST_SIZE) {
        return COF_FAIL(err, BAD_FORMAT, "recipients of %u bytes in an area of %zu", (unsigned)used,
                        area.size);
    }
    COF_TRY(cof_read_view(&reader, used, &entries, err));
    COF_TRY(read_entries(entries, count, out, err));
    out->signed_size = AREA_FIXED + used;
    for (size_t i = out->signed_size + COF_DIGEST_SIZE; i < area.size; i++) {
        if (area.data[i] != 0) {
            return COF_FAIL(err, BAD_FORMAT, "byte %zu of the recipients area is not zero", i);
        }
    }
    return COF_OK;
}

cof_status cof_recipients_verify(cof_view area, size_t signed_size,
                                 const cof_recipients_key *mac_key, const cof_digest *header_hash,
                                 cof_err *err)
{
    cof_digest mac = {0};
    COF_TRY(compute_mac(mac_key, header_hash, cof_view_of(area.data, signed_size), &mac, err));
    if (!cof_secret_equal(mac.bytes, area.data + signed_size, sizeof mac.bytes)) {
        return COF_FAIL(err, TAG_MISMATCH, "the recipients were altered");
    }
    return COF_OK;
}
