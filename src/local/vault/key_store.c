#include "local/vault/key_store.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "local/vault/key_store_internal.h"
#include "tcb/crypto/random.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

cof_status cof_key_store_open(const cof_state *state, const cof_root_key *root, cof_key_store **out,
                              cof_err *err)
{
    COF_CLEANUP(cof_key_store_drop_) cof_key_store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        return COF_FAIL(err, NO_MEMORY, "key store");
    }
    store->state = state;
    store->root = *root;
    COF_TRY(cof_state_make_folder(state, "vault", err));
    COF_TRY(cof_state_make_folder(state, COF_KEY_FOLDER, err));
    COF_TRY(cof_key_scan(store, err));
    *out = cof_key_store_take(&store);
    return COF_OK;
}

const cof_root_key *cof_key_store_root(const cof_key_store *store)
{
    return &store->root;
}

bool cof_key_name_is_valid(const char *name)
{
    const size_t size = strlen(name);
    for (size_t i = 0; i < size; i++) {
        if (!isalnum((unsigned char)name[i]) && name[i] != '-') {
            return false;
        }
    }
    return size > 0 && size < COF_KEY_NAME_SIZE;
}

bool cof_key_version_is_valid(const char *version)
{
    return strlen(version) == COF_KEY_VERSION_SIZE - 1 &&
           strspn(version, "0123456789abcdef") == COF_KEY_VERSION_SIZE - 1;
}

static void show(const key_entry *entry, cof_key_name *out)
{
    *out = (cof_key_name){.name = entry->name,
                          .version_count = entry->count,
                          .is_deleted = entry->is_deleted,
                          .is_damaged = entry->damage != COF_OK,
                          .deleted_unix_s = entry->deleted_unix_s,
                          .purge_unix_s = entry->purge_unix_s,
                          .rotation = entry->rotation};
}

bool cof_key_store_look(const cof_key_store *store, const char *name, cof_key_name *out)
{
    const key_entry *entry = cof_key_index_find(store, name);
    if (entry != NULL) {
        show(entry, out);
    }
    return entry != NULL;
}

bool cof_key_store_next(const cof_key_store *store, const char *after, bool is_deleted,
                        cof_key_name *out)
{
    for (size_t i = cof_key_index_after(store, after); i < store->count; i++) {
        if (store->entries[i]->is_deleted == is_deleted) {
            show(store->entries[i], out);
            return true;
        }
    }
    return false;
}

cof_status cof_key_index_get(const cof_key_store *store, const char *name, bool is_deleted,
                             key_entry **out, cof_err *err)
{
    key_entry *entry = cof_key_index_find(store, name);
    if (entry != NULL && entry->damage != COF_OK) {
        return COF_FAIL(err, TAG_MISMATCH, "a file of key %s was changed", entry->name);
    }
    if (entry == NULL || entry->is_deleted != is_deleted) {
        return COF_FAIL(err, NOT_FOUND, "there is no such key");
    }
    *out = entry;
    return COF_OK;
}

static cof_status read_version(const cof_key_store *store, const key_entry *entry,
                               key_version *version, cof_stored_key *out, cof_err *err)
{
    COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {.number = version->number};
    if (version->meta == NULL) {
        COF_TRY(cof_key_file_load(store, entry->name, version, err));
    }
    memcpy(key.name, entry->name, sizeof key.name);
    memcpy(key.version, version->id, sizeof key.version);
    memcpy(key.salt_, version->salt, sizeof key.salt_);
    cof_buf_init(&key.sealed_, version->sealed.size);
    COF_TRY(cof_buf_append(&key.sealed_, cof_buf_view(&version->sealed), err));
    key.meta = json_incref(version->meta);
    *out = key;
    key = (cof_stored_key){0};
    return COF_OK;
}

static key_version *find_version(const key_entry *entry, const char *id)
{
    for (size_t i = entry->count; i-- > 0;) {
        if (id[0] == '\0' || strcmp(entry->versions[i].id, id) == 0) {
            return &entry->versions[i];
        }
    }
    return NULL;
}

cof_status cof_key_store_get(const cof_key_store *store, const char *name, const char *version,
                             cof_stored_key *out, cof_err *err)
{
    key_entry *entry = NULL;
    COF_TRY(cof_key_index_get(store, name, false, &entry, err));
    key_version *found = find_version(entry, version);
    return found != NULL ? read_version(store, entry, found, out, err)
                         : COF_FAIL(err, NOT_FOUND, "there is no such version");
}

cof_status cof_key_store_at(const cof_key_store *store, const char *name, size_t index,
                            cof_stored_key *out, cof_err *err)
{
    const key_entry *entry = cof_key_index_find(store, name);
    if (entry == NULL || index >= entry->count) {
        return COF_FAIL(err, NOT_FOUND, "there is no such version");
    }
    if (entry->damage != COF_OK) {
        return COF_FAIL(err, TAG_MISMATCH, "a file of key %s was changed", entry->name);
    }
    return read_version(store, entry, &entry->versions[index], out, err);
}

cof_status cof_key_store_material(const cof_key_store *store, const cof_stored_key *key,
                                  cof_key_material **out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf plain = {.limit = COF_KEY_SECRET_BYTES};
    cof_key_kind kind = {0};
    COF_TRY(cof_key_kind_of(key->meta, &kind, err));
    COF_TRY(cof_key_file_open(store, key, &plain, err));
    return cof_key_material_load(&kind, cof_buf_view(&plain), out, err);
}

static cof_status make_version(cof_stored_key *key, const char *name, cof_err *err)
{
    uint8_t random[16];
    memcpy(key->name, name, strlen(name) + 1);
    COF_TRY(cof_random((cof_span){random, sizeof random}, err));
    cof_hex_text(cof_view_of(random, sizeof random), key->version);
    return COF_OK;
}

cof_status cof_key_store_prepare(const cof_key_store *store, const char *name, const json_t *meta,
                                 const cof_key_material *material, cof_stored_key *out,
                                 cof_err *err)
{
    COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {.number = 1};
    COF_CLEANUP(cof_buf_free) cof_buf plain = {.limit = COF_KEY_SECRET_BYTES};
    if (!cof_key_name_is_valid(name)) {
        return COF_FAIL(err, BAD_ARGUMENT, "the key's name is not valid");
    }
    if (cof_key_index_find(store, name) != NULL) {
        key_entry *entry = NULL;
        const cof_status status = cof_key_index_get(store, name, false, &entry, err);
        if (status != COF_OK) {
            return status == COF_E_NOT_FOUND ? COF_FAIL(err, EXISTS, "the name is of a deleted key")
                                             : status;
        }
        if (entry->count == COF_KEY_VERSIONS_MAX) {
            return COF_FAIL(err, LIMIT, "a key has at most %d versions", COF_KEY_VERSIONS_MAX);
        }
        key.number = entry->versions[entry->count - 1].number + 1;
        name = entry->name;
    }
    COF_TRY(make_version(&key, name, err));
    COF_TRY(cof_key_material_store(material, &plain, err));
    COF_TRY(cof_key_file_seal(store, &key, meta, cof_buf_view(&plain), err));
    key.meta = json_incref((json_t *)meta);
    *out = key;
    key = (cof_stored_key){0};
    return COF_OK;
}

/* What a write that failed may have left behind. Best effort: the next start does the rest. */
static void undo_commit(const cof_key_store *store, const char *folder, const cof_stored_key *key,
                        bool is_new)
{
    cof_path file;
    cof_path path;
    if (cof_key_file_path(folder, key->number, key->version, &file, NULL) == COF_OK &&
        cof_state_path(store->state, file.text, &path, NULL) == COF_OK) {
        (void)unlink(path.text);
    }
    if (is_new && cof_state_path(store->state, folder, &path, NULL) == COF_OK) {
        (void)rmdir(path.text);
    }
}

static cof_status fill_version(key_version *version, const cof_stored_key *key, const json_t *meta,
                               cof_err *err)
{
    cof_buf sealed = {.limit = key->sealed_.size};
    COF_TRY(cof_buf_append(&sealed, cof_buf_view(&key->sealed_), err));
    cof_key_version_clear(version);
    memcpy(version->id, key->version, sizeof version->id);
    memcpy(version->salt, key->salt_, sizeof version->salt);
    version->number = key->number;
    version->meta = json_incref((json_t *)meta);
    version->sealed = sealed;
    return COF_OK;
}

static cof_status write_version(const cof_key_store *store, const cof_stored_key *key, bool is_new,
                                cof_err *err)
{
    cof_path folder;
    COF_TRY(cof_path_format(&folder, err, "%s/%s", COF_KEY_FOLDER, key->name));
    if (is_new) {
        COF_TRY(cof_state_make_folder(store->state, folder.text, err));
    }
    const cof_status status = cof_key_file_write(store, folder.text, key, key->meta, err);
    if (status != COF_OK) {
        undo_commit(store, folder.text, key, is_new);
    }
    return status;
}

cof_status cof_key_store_commit(cof_key_store *store, const cof_stored_key *key, cof_err *err)
{
    key_entry *entry = cof_key_index_find(store, key->name);
    const bool is_new = entry == NULL;
    key_version *version = NULL;
    /* The memory first: nothing can fail once the file is there. */
    if (is_new) {
        COF_TRY(cof_key_index_insert(store, key->name, &entry, err));
    }
    cof_status status = cof_key_index_reserve(entry, &version, err);
    if (status == COF_OK) {
        status = fill_version(version, key, key->meta, err);
    }
    if (status == COF_OK) {
        status = write_version(store, key, is_new, err);
        if (status != COF_OK) {
            cof_key_version_clear(version);
        }
    }
    if (status == COF_OK) {
        entry->count++;
    } else if (is_new) {
        cof_key_index_remove(store, entry);
    }
    return status;
}

cof_status cof_key_store_add(cof_key_store *store, const char *name, const json_t *meta,
                             const cof_key_material *material, cof_stored_key *out, cof_err *err)
{
    COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
    COF_TRY(cof_key_store_prepare(store, name, meta, material, &key, err));
    COF_TRY(cof_key_store_commit(store, &key, err));
    *out = key;
    key = (cof_stored_key){0};
    return COF_OK;
}

cof_status cof_key_store_update(cof_key_store *store, cof_stored_key *key, const json_t *meta,
                                cof_err *err)
{
    key_entry *entry = NULL;
    cof_path folder;
    COF_CLEANUP(cof_buf_free) cof_buf plain = {.limit = COF_KEY_SECRET_BYTES};
    COF_CLEANUP(cof_stored_key_free) cof_stored_key changed = {.number = key->number};
    COF_TRY(cof_key_index_get(store, key->name, false, &entry, err));
    key_version *version = find_version(entry, key->version);
    if (version == NULL) {
        return COF_FAIL(err, NOT_FOUND, "there is no such version");
    }
    memcpy(changed.name, key->name, sizeof changed.name);
    memcpy(changed.version, key->version, sizeof changed.version);
    changed.meta = json_incref((json_t *)meta);
    COF_TRY(cof_key_file_open(store, key, &plain, err));
    COF_TRY(cof_key_file_seal(store, &changed, meta, cof_buf_view(&plain), err));
    COF_TRY(cof_path_format(&folder, err, "%s/%s", COF_KEY_FOLDER, key->name));
    key_version next = {0};
    COF_TRY(fill_version(&next, &changed, meta, err));
    const cof_status status = cof_key_file_write(store, folder.text, &changed, meta, err);
    if (status != COF_OK) {
        cof_key_version_clear(&next);
        return status;
    }
    cof_key_version_clear(version);
    *version = next;
    cof_stored_key_free(key);
    *key = changed;
    changed = (cof_stored_key){0};
    return COF_OK;
}

void cof_stored_key_free(cof_stored_key *key)
{
    json_decref(key->meta);
    cof_buf_free(&key->sealed_);
    *key = (cof_stored_key){0};
}
