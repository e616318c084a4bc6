/*
 * Backups of secrets: base64url of
 *
 *   "COFSECB1" || salt (32) || tag (16) || cipher
 *
 * sealed (sealing.h) to "coffer-local/secret-backup/v1" and the tenant. What is sealed: the size of
 * the JSON (u32, big endian), the JSON {"coffer":"secret-backup/v1","name","versions":[{"version",
 * "size","meta"},…]}, the oldest first, and the values in the same order.
 */
#include <string.h>

#include "local/vault/sealing.h"
#include "local/vault/secrets.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"

enum { MAGIC_SIZE = 8, HEAD_SIZE = MAGIC_SIZE + COF_SEALING_SALT_SIZE, SIZE_SIZE = 4 };

static const uint8_t magic[MAGIC_SIZE] = {'C', 'O', 'F', 'S', 'E', 'C', 'B', '1'};
static const char kind[] = "secret-backup/v1";

static cof_status make_context(const char *tenant, cof_buf *out, cof_err *err)
{
    return cof_buf_printf(out, err, "coffer-local/%s\n%s\n", kind, tenant);
}

static cof_status add_version(const cof_secret_store *store, const cof_secret_index *index,
                              size_t at, json_t *list, cof_buf *values, cof_err *err)
{
    COF_CLEANUP(cof_secret_free) cof_secret secret = {0};
    COF_CLEANUP(cof_buf_free) cof_buf value = {.limit = COF_SECRET_VALUE_BYTES};
    COF_TRY(cof_secret_read(store, index, json_string_value(json_array_get(index->versions, at)),
                            &secret, err));
    COF_TRY(cof_secret_value(store, index, &secret, &value, err));
    COF_TRY(cof_buf_append(values, cof_buf_view(&value), err));
    return cof_json_append(list,
                           json_pack("{s:s,s:I,s:O}", "version", secret.version, "size",
                                     (json_int_t)value.size, "meta", secret.meta),
                           err);
}

cof_status cof_secret_backup_make(const cof_secret_store *store, const char *tenant,
                                  const cof_secret_index *index, cof_buf *out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf values = {.limit = COF_SECRET_BACKUP_BYTES};
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_SECRET_BACKUP_BYTES};
    COF_CLEANUP(cof_buf_free) cof_buf plain = {.limit = COF_SECRET_BACKUP_BYTES};
    COF_CLEANUP(cof_buf_free) cof_buf sealed = {.limit = COF_SECRET_BACKUP_BYTES};
    COF_CLEANUP(cof_buf_free) cof_buf context = {.limit = 256};
    COF_JSON json_t *record =
        json_pack("{s:s,s:s,s:[]}", "coffer", kind, "name", index->name, "versions");
    uint8_t salt[COF_SEALING_SALT_SIZE];
    if (record == NULL) {
        return COF_FAIL(err, NO_MEMORY, "backup");
    }
    for (size_t i = 0; i < json_array_size(index->versions); i++) {
        COF_TRY(add_version(store, index, i, json_object_get(record, "versions"), &values, err));
    }
    COF_TRY(cof_json_print(record, &text, err));
    const uint8_t size[SIZE_SIZE] = {(uint8_t)(text.size >> 24), (uint8_t)(text.size >> 16),
                                     (uint8_t)(text.size >> 8), (uint8_t)text.size};
    COF_TRY(cof_buf_append(&plain, cof_view_of(size, sizeof size), err));
    COF_TRY(cof_buf_append(&plain, cof_buf_view(&text), err));
    COF_TRY(cof_buf_append(&plain, cof_buf_view(&values), err));
    COF_TRY(make_context(tenant, &context, err));
    COF_TRY(cof_sealing_seal(store->root, cof_buf_view(&context), cof_buf_view(&plain), salt,
                             &sealed, err));
    COF_TRY(cof_buf_append(out, cof_view_of(magic, sizeof magic), err));
    COF_TRY(cof_buf_append(out, cof_view_of(salt, sizeof salt), err));
    return cof_buf_append(out, cof_buf_view(&sealed), err);
}

static cof_status open_blob(const cof_secret_store *store, const char *tenant, cof_view blob,
                            cof_buf *out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf context = {.limit = 256};
    if (blob.size < HEAD_SIZE || memcmp(blob.data, magic, MAGIC_SIZE) != 0) {
        return COF_FAIL(err, BAD_FORMAT, "not a secret's backup");
    }
    COF_TRY(make_context(tenant, &context, err));
    return cof_sealing_open(store->root, cof_buf_view(&context), blob.data + MAGIC_SIZE,
                            cof_view_of(blob.data + HEAD_SIZE, blob.size - HEAD_SIZE), out, err);
}

static cof_status put_version(const cof_secret_store *store, cof_secret_index *index,
                              const json_t *entry, cof_view *values, cof_err *err)
{
    COF_CLEANUP(cof_secret_free) cof_secret secret = {0};
    const char *version = NULL;
    json_t *meta = NULL;
    int64_t size = 0;
    COF_TRY(cof_json_get_text(entry, "version", COF_KEY_VERSION_SIZE - 1, &version, err));
    COF_TRY(cof_json_get(entry, "meta", JSON_OBJECT, &meta, err));
    COF_TRY(cof_json_get_int(entry, "size", 0, COF_SECRET_VALUE_BYTES, &size, err));
    if (!cof_key_version_is_valid(version) || (size_t)size > values->size) {
        return COF_FAIL(err, BAD_FORMAT, "secret's backup");
    }
    COF_TRY(cof_secret_write(store, index, version, meta, cof_view_of(values->data, (size_t)size),
                             &secret, err));
    values->data += size;
    values->size -= (size_t)size;
    return cof_json_append(index->versions, json_string(version), err);
}

/* What this installation sealed is well formed; it is checked all the same. A failure leaves files
 * that nothing names. */
static cof_status put_all(const cof_secret_store *store, cof_view plain, cof_secret_index *index,
                          cof_err *err)
{
    COF_JSON json_t *record = NULL;
    json_t *versions = NULL;
    const char *name = NULL;
    if (plain.size < SIZE_SIZE) {
        return COF_FAIL(err, BAD_FORMAT, "secret's backup");
    }
    const size_t size = (size_t)plain.data[0] << 24 | (size_t)plain.data[1] << 16 |
                        (size_t)plain.data[2] << 8 | (size_t)plain.data[3];
    if (size > plain.size - SIZE_SIZE) {
        return COF_FAIL(err, BAD_FORMAT, "secret's backup");
    }
    cof_view values = cof_view_of(plain.data + SIZE_SIZE + size, plain.size - SIZE_SIZE - size);
    COF_TRY(cof_json_parse(cof_view_of(plain.data + SIZE_SIZE, size), COF_LIMIT_JSON_BYTES, &record,
                           err));
    COF_TRY(cof_json_get_text(record, "name", COF_SECRET_NAME_SIZE - 1, &name, err));
    COF_TRY(cof_json_get(record, "versions", JSON_ARRAY, &versions, err));
    if (!cof_key_name_is_valid(name) || json_array_size(versions) == 0) {
        return COF_FAIL(err, BAD_FORMAT, "secret's backup");
    }
    const cof_status status = cof_secret_index_read(store, name, index, NULL);
    if (status != COF_E_NOT_FOUND) {
        return status == COF_OK ? COF_FAIL(err, EXISTS, "secret") : COF_FAIL(err, IO, "secret");
    }
    memcpy(index->name, name, strlen(name) + 1);
    index->versions = json_array();
    for (size_t i = 0; i < json_array_size(versions); i++) {
        COF_TRY(put_version(store, index, json_array_get(versions, i), &values, err));
    }
    return COF_OK;
}

cof_status cof_secret_backup_restore(const cof_secret_store *store, const char *tenant,
                                     cof_view blob, cof_secret_index *out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf plain = {.limit = COF_SECRET_BACKUP_BYTES};
    COF_CLEANUP(cof_secret_index_free) cof_secret_index index = {0};
    COF_TRY(open_blob(store, tenant, blob, &plain, err));
    const cof_status status = put_all(store, cof_buf_view(&plain), &index, err);
    if (status == COF_OK || status == COF_E_EXISTS) {
        *out = index;
        index = (cof_secret_index){0};
    }
    return status;
}
