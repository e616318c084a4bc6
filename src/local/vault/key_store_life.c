/* What becomes of whole keys: deleted, recovered, purged, given a rotation policy, restored. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "local/vault/key_store_internal.h"
#include "tcb/crypto/random.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

static cof_status folder_of(const char *name, cof_path *out, cof_err *err)
{
    return cof_path_format(out, err, "%s/%s", COF_KEY_FOLDER, name);
}

/* A name that no key has, in the same folder. */
static cof_status hidden_folder(cof_path *out, cof_err *err)
{
    uint8_t random[16];
    char text[2 * sizeof random + 1];
    COF_TRY(cof_random((cof_span){random, sizeof random}, err));
    cof_hex_text(cof_view_of(random, sizeof random), text);
    return cof_path_format(out, err, "%s/%s%s", COF_KEY_FOLDER, COF_KEY_HIDDEN, text);
}

/* *out_moved even where making it durable failed: memory says what the folder says. */
static cof_status rename_folder(const cof_key_store *store, const char *from, const char *to,
                                bool *out_moved, cof_err *err)
{
    cof_path old_path;
    cof_path new_path;
    COF_TRY(cof_state_path(store->state, from, &old_path, err));
    COF_TRY(cof_state_path(store->state, to, &new_path, err));
    if (rename(old_path.text, new_path.text) != 0) {
        return COF_FAIL_ERRNO(err, errno, new_path.text);
    }
    *out_moved = true;
    return cof_key_folder_sync(store, COF_KEY_FOLDER, err);
}

cof_status cof_key_store_delete(cof_key_store *store, const char *name, int64_t now_unix_s,
                                int64_t purge_unix_s, cof_err *err)
{
    key_entry *entry = NULL;
    cof_path folder;
    COF_TRY(cof_key_index_get(store, name, false, &entry, err));
    COF_TRY(folder_of(entry->name, &folder, err));
    COF_JSON json_t *record = json_pack("{s:s,s:I,s:I}", "coffer", "key-deleted/v1", "deleted",
                                        (json_int_t)now_unix_s, "purge", (json_int_t)purge_unix_s);
    if (record == NULL) {
        return COF_FAIL(err, NO_MEMORY, "key");
    }
    COF_TRY(cof_key_side_write(store, folder.text, entry->name, COF_KEY_DELETED_FILE, record, err));
    entry->is_deleted = true;
    entry->deleted_unix_s = now_unix_s;
    entry->purge_unix_s = purge_unix_s;
    return COF_OK;
}

cof_status cof_key_store_recover(cof_key_store *store, const char *name, cof_err *err)
{
    key_entry *entry = NULL;
    cof_path folder;
    cof_path file;
    cof_path path;
    COF_TRY(cof_key_index_get(store, name, true, &entry, err));
    COF_TRY(folder_of(entry->name, &folder, err));
    COF_TRY(cof_path_format(&file, err, "%s/%s", folder.text, COF_KEY_DELETED_FILE));
    COF_TRY(cof_state_path(store->state, file.text, &path, err));
    if (unlink(path.text) != 0) {
        return COF_FAIL_ERRNO(err, errno, path.text);
    }
    entry->is_deleted = false;
    return cof_key_folder_sync(store, folder.text, err);
}

cof_status cof_key_store_purge(cof_key_store *store, const char *name, cof_err *err)
{
    const key_entry *entry = cof_key_index_find(store, name);
    cof_path folder;
    cof_path hidden;
    bool is_moved = false;
    if (entry == NULL || !entry->is_deleted) {
        return COF_FAIL(err, NOT_FOUND, "there is no such key");
    }
    COF_TRY(folder_of(entry->name, &folder, err));
    COF_TRY(hidden_folder(&hidden, err));
    const cof_status status = rename_folder(store, folder.text, hidden.text, &is_moved, err);
    if (is_moved) {
        cof_key_index_remove(store, entry);
        cof_key_folder_remove(store, hidden.text);
    }
    return status;
}

cof_status cof_key_store_set_rotation(cof_key_store *store, const char *name,
                                      const json_t *rotation, cof_err *err)
{
    key_entry *entry = NULL;
    cof_path folder;
    COF_TRY(cof_key_index_get(store, name, false, &entry, err));
    COF_TRY(folder_of(entry->name, &folder, err));
    COF_JSON json_t *kept = json_deep_copy(rotation);
    if (kept == NULL) {
        return COF_FAIL(err, NO_MEMORY, "rotation policy");
    }
    COF_TRY(cof_key_side_write(store, folder.text, entry->name, COF_KEY_ROTATION_FILE, kept, err));
    json_decref(entry->rotation);
    entry->rotation = json_incref(kept);
    return COF_OK;
}

/* Ids that are ids, each once. */
static cof_status check_copies(const cof_key_copy *copies, size_t count, cof_err *err)
{
    if (count == 0 || count > COF_KEY_VERSIONS_MAX) {
        return COF_FAIL(err, BAD_ARGUMENT, "%zu versions", count);
    }
    for (size_t i = 0; i < count; i++) {
        if (!cof_key_version_is_valid(copies[i].version)) {
            return COF_FAIL(err, BAD_ARGUMENT, "a version is not valid");
        }
        for (size_t j = 0; j < i; j++) {
            if (strcmp(copies[j].version, copies[i].version) == 0) {
                return COF_FAIL(err, BAD_ARGUMENT, "a version is there twice");
            }
        }
    }
    return COF_OK;
}

static cof_status write_copy(const cof_key_store *store, const char *folder, const char *name,
                             const cof_key_copy *copy, uint32_t number, cof_err *err)
{
    COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {.number = number};
    COF_CLEANUP(cof_buf_free) cof_buf plain = {.limit = COF_KEY_SECRET_BYTES};
    memcpy(key.name, name, strlen(name) + 1);
    memcpy(key.version, copy->version, sizeof key.version);
    COF_TRY(cof_key_material_store(copy->material, &plain, err));
    COF_TRY(cof_key_file_seal(store, &key, copy->meta, cof_buf_view(&plain), err));
    return cof_key_file_write(store, folder, &key, copy->meta, err);
}

static cof_status write_copies(const cof_key_store *store, const char *folder, const char *name,
                               const cof_key_copy *copies, size_t count, const json_t *rotation,
                               cof_err *err)
{
    for (size_t i = 0; i < count; i++) {
        COF_TRY(write_copy(store, folder, name, &copies[i], (uint32_t)i + 1, err));
    }
    return rotation != NULL
               ? cof_key_side_write(store, folder, name, COF_KEY_ROTATION_FILE, rotation, err)
               : COF_OK;
}

/* What the folder holds, in memory. */
static cof_status fill_entry(key_entry *entry, const cof_key_copy *copies, size_t count,
                             const json_t *rotation, cof_err *err)
{
    for (size_t i = 0; i < count; i++) {
        key_version *version = NULL;
        COF_TRY(cof_key_index_reserve(entry, &version, err));
        version->number = (uint32_t)i + 1;
        memcpy(version->id, copies[i].version, sizeof version->id);
        entry->count++;
    }
    entry->rotation = rotation != NULL ? json_deep_copy(rotation) : NULL;
    return rotation == NULL || entry->rotation != NULL ? COF_OK : COF_FAIL(err, NO_MEMORY, "key");
}

cof_status cof_key_store_restore(cof_key_store *store, const char *name, const cof_key_copy *copies,
                                 size_t count, const json_t *rotation, cof_err *err)
{
    cof_path folder;
    cof_path hidden;
    key_entry *entry = NULL;
    bool is_moved = false;
    if (!cof_key_name_is_valid(name)) {
        return COF_FAIL(err, BAD_ARGUMENT, "the key's name is not valid");
    }
    if (cof_key_index_find(store, name) != NULL) {
        return COF_FAIL(err, EXISTS, "there is a key of this name");
    }
    COF_TRY(check_copies(copies, count, err));
    COF_TRY(folder_of(name, &folder, err));
    COF_TRY(hidden_folder(&hidden, err));
    COF_TRY(cof_key_index_insert(store, name, &entry, err));
    cof_status status = fill_entry(entry, copies, count, rotation, err);
    if (status == COF_OK) {
        status = cof_state_make_folder(store->state, hidden.text, err);
    }
    if (status == COF_OK) {
        status = write_copies(store, hidden.text, name, copies, count, rotation, err);
    }
    if (status == COF_OK) {
        status = rename_folder(store, hidden.text, folder.text, &is_moved, err);
    }
    if (!is_moved) {
        cof_key_folder_remove(store, hidden.text);
        cof_key_index_remove(store, entry);
    }
    return status;
}
