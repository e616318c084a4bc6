/*
 * What is sealed: the size of the JSON (u32, big endian), the JSON
 *
 *   {"coffer":"key-backup/v1","name","rotation":{…} or null,
 *    "versions":[{"version","size","meta":{…}},…]}                       the oldest first
 *
 * and the secrets of the versions, each of its size, in the same order.
 */
#include "local/vault/backup.h"

#include <string.h>

#include "tcb/base/limits.h"
#include "tcb/wire/json.h"

enum {
    MAGIC_SIZE = 8,
    HEAD_SIZE = MAGIC_SIZE + COF_SEALING_SALT_SIZE,
    SIZE_SIZE = 4,
    SECRET_BYTES = 8 * 1024,
    CONTEXT_BYTES = 256
};

static const uint8_t magic[MAGIC_SIZE] = {'C', 'O', 'F', 'K', 'E', 'Y', 'B', '1'};
static const char kind_now[] = "key-backup/v1";

static cof_status make_context(const char *tenant, cof_buf *out, cof_err *err)
{
    return cof_buf_printf(out, err, "coffer-local/%s\n%s\n", kind_now, tenant);
}

static cof_status add_version(const cof_key_store *store, const char *name, size_t index,
                              json_t *versions, cof_buf *secrets, cof_err *err)
{
    COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
    COF_CLEANUP(cof_key_material_drop_) cof_key_material *material = NULL;
    const size_t before = secrets->size;
    COF_TRY(cof_key_store_at(store, name, index, &key, err));
    COF_TRY(cof_key_store_material(store, &key, &material, err));
    COF_TRY(cof_key_material_store(material, secrets, err));
    return cof_json_append(versions,
                           json_pack("{s:s,s:I,s:O}", "version", key.version, "size",
                                     (json_int_t)(secrets->size - before), "meta", key.meta),
                           err);
}

static cof_status add_size(size_t size, cof_buf *out, cof_err *err)
{
    const uint8_t bytes[SIZE_SIZE] = {(uint8_t)(size >> 24), (uint8_t)(size >> 16),
                                      (uint8_t)(size >> 8), (uint8_t)size};
    return cof_buf_append(out, cof_view_of(bytes, sizeof bytes), err);
}

static cof_status write_plain(const cof_key_store *store, const cof_key_name *name, cof_buf *out,
                              cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf secrets = {.limit = COF_BACKUP_BYTES};
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_BACKUP_BYTES};
    COF_JSON json_t *none = json_null();
    COF_JSON json_t *record =
        json_pack("{s:s,s:s,s:O,s:[]}", "coffer", kind_now, "name", name->name, "rotation",
                  name->rotation != NULL ? name->rotation : none, "versions");
    if (record == NULL) {
        return COF_FAIL(err, NO_MEMORY, "backup");
    }
    for (size_t i = 0; i < name->version_count; i++) {
        COF_TRY(
            add_version(store, name->name, i, json_object_get(record, "versions"), &secrets, err));
    }
    COF_TRY(cof_json_print(record, &text, err));
    COF_TRY(add_size(text.size, out, err));
    COF_TRY(cof_buf_append(out, cof_buf_view(&text), err));
    return cof_buf_append(out, cof_buf_view(&secrets), err);
}

cof_status cof_backup_make(const cof_key_store *store, const char *tenant, const char *name,
                           cof_buf *out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free)
    cof_buf plain = {.limit = COF_BACKUP_BYTES - HEAD_SIZE - COF_SEALING_TAG_SIZE};
    COF_CLEANUP(cof_buf_free) cof_buf sealed = {.limit = COF_BACKUP_BYTES - HEAD_SIZE};
    COF_CLEANUP(cof_buf_free) cof_buf context = {.limit = CONTEXT_BYTES};
    uint8_t salt[COF_SEALING_SALT_SIZE];
    cof_key_name known;
    if (!cof_key_store_look(store, name, &known) || known.is_deleted) {
        return COF_FAIL(err, NOT_FOUND, "there is no such key");
    }
    COF_TRY(write_plain(store, &known, &plain, err));
    COF_TRY(make_context(tenant, &context, err));
    COF_TRY(cof_sealing_seal(cof_key_store_root(store), cof_buf_view(&context),
                             cof_buf_view(&plain), salt, &sealed, err));
    COF_TRY(cof_buf_append(out, cof_view_of(magic, sizeof magic), err));
    COF_TRY(cof_buf_append(out, cof_view_of(salt, sizeof salt), err));
    return cof_buf_append(out, cof_buf_view(&sealed), err);
}

static cof_status read_version(const json_t *entry, cof_view *secrets, cof_key_copy *out,
                               cof_err *err)
{
    const char *version = NULL;
    json_t *meta = NULL;
    int64_t size = 0;
    cof_key_kind kind = {0};
    if (!json_is_object(entry)) {
        return COF_FAIL(err, BAD_FORMAT, "a version is not an object");
    }
    COF_TRY(cof_json_get_text(entry, "version", COF_KEY_VERSION_SIZE - 1, &version, err));
    COF_TRY(cof_json_get(entry, "meta", JSON_OBJECT, &meta, err));
    COF_TRY(cof_json_get_int(entry, "size", 1, SECRET_BYTES, &size, err));
    if ((size_t)size > secrets->size) {
        return COF_FAIL(err, TRUNCATED, "the secrets end too early");
    }
    COF_TRY(cof_key_kind_of(meta, &kind, err));
    COF_TRY(cof_key_material_load(&kind, cof_view_of(secrets->data, (size_t)size), &out->material,
                                  err));
    *secrets = cof_view_of(secrets->data + size, secrets->size - (size_t)size);
    (void)snprintf(out->version, sizeof out->version, "%s", version);
    out->meta = json_incref(meta);
    return COF_OK;
}

static cof_status read_record(const json_t *record, cof_view secrets, cof_backup *out, cof_err *err)
{
    const char *kind = NULL;
    const char *name = NULL;
    json_t *versions = NULL;
    json_t *rotation = json_object_get(record, "rotation");
    COF_TRY(cof_json_get_text(record, "coffer", COF_LIMIT_NAME_BYTES, &kind, err));
    COF_TRY(cof_json_get_text(record, "name", COF_KEY_NAME_SIZE - 1, &name, err));
    COF_TRY(cof_json_get(record, "versions", JSON_ARRAY, &versions, err));
    if (strcmp(kind, kind_now) != 0 || !cof_key_name_is_valid(name) ||
        (!json_is_object(rotation) && !json_is_null(rotation)) ||
        json_array_size(versions) > COF_KEY_VERSIONS_MAX) {
        return COF_FAIL(err, BAD_FORMAT, "the backup is not one of a key");
    }
    (void)snprintf(out->name, sizeof out->name, "%s", name);
    out->rotation = json_is_object(rotation) ? json_incref(rotation) : NULL;
    out->copies = calloc(json_array_size(versions) + 1, sizeof *out->copies);
    if (out->copies == NULL) {
        return COF_FAIL(err, NO_MEMORY, "backup");
    }
    for (size_t i = 0; i < json_array_size(versions); i++) {
        out->count = i + 1; /* also what is half read is freed */
        COF_TRY(read_version(json_array_get(versions, i), &secrets, &out->copies[i], err));
    }
    return secrets.size == 0 ? COF_OK : COF_FAIL(err, TRAILING_BYTES, "more secrets than versions");
}

cof_status cof_backup_parse(cof_view plain, cof_backup *out, cof_err *err)
{
    COF_CLEANUP(cof_backup_free) cof_backup backup = {0};
    COF_JSON json_t *record = NULL;
    if (plain.size < SIZE_SIZE) {
        return COF_FAIL(err, TRUNCATED, "the backup ends too early");
    }
    const size_t size = (size_t)plain.data[0] << 24 | (size_t)plain.data[1] << 16 |
                        (size_t)plain.data[2] << 8 | (size_t)plain.data[3];
    if (size > plain.size - SIZE_SIZE) {
        return COF_FAIL(err, TRUNCATED, "the backup ends too early");
    }
    COF_TRY(
        cof_json_parse(cof_view_of(plain.data + SIZE_SIZE, size), COF_BACKUP_BYTES, &record, err));
    if (!json_is_object(record)) {
        return COF_FAIL(err, BAD_FORMAT, "the backup is not an object");
    }
    COF_TRY(read_record(record,
                        cof_view_of(plain.data + SIZE_SIZE + size, plain.size - SIZE_SIZE - size),
                        &backup, err));
    *out = backup;
    backup = (cof_backup){0};
    return COF_OK;
}

cof_status cof_backup_read(const cof_root_key *root, const char *tenant, cof_view blob,
                           cof_backup *out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf plain = {.limit = COF_BACKUP_BYTES};
    COF_CLEANUP(cof_buf_free) cof_buf context = {.limit = CONTEXT_BYTES};
    if (blob.size < HEAD_SIZE || memcmp(blob.data, magic, sizeof magic) != 0) {
        return COF_FAIL(err, BAD_FORMAT, "not a backup of a key");
    }
    COF_TRY(make_context(tenant, &context, err));
    COF_TRY(cof_sealing_open(root, cof_buf_view(&context), blob.data + MAGIC_SIZE,
                             cof_view_of(blob.data + HEAD_SIZE, blob.size - HEAD_SIZE), &plain,
                             err));
    return cof_backup_parse(cof_buf_view(&plain), out, err);
}

void cof_backup_free(cof_backup *backup)
{
    for (size_t i = 0; i < backup->count; i++) {
        json_decref(backup->copies[i].meta);
        cof_key_material_free(backup->copies[i].material);
    }
    free(backup->copies);
    json_decref(backup->rotation);
    *backup = (cof_backup){0};
}
