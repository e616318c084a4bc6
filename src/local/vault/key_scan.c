/*
 * The start: which keys there are, by the names of files alone. Their content is read when it is
 * needed, so that a start does not take longer for each key. Only deleted.json and rotation.json
 * are read now, since time passes for them.
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "local/vault/key_store_internal.h"
#include "tcb/wire/json.h"

enum { NUMBER_DIGITS = 8, ID_DIGITS = COF_KEY_VERSION_SIZE - 1 };

/* What a folder turned out to hold. */
typedef struct folder {
    key_entry *entry;
    int fd; /* borrowed */
    bool has_deleted;
    bool has_rotation;
    char current[COF_KEY_VERSION_SIZE]; /* of the format before; else "" */
} folder;

static bool ends_with(const char *text, const char *end)
{
    const size_t size = strlen(text);
    return size >= strlen(end) && strcmp(text + size - strlen(end), end) == 0;
}

/* "<32 hex>.json" (number 0) or "<8 digits>-<32 hex>.json" (number from 1). */
static bool read_name(const char *file, uint32_t *out_number, char out_id[static ID_DIGITS + 1])
{
    const bool is_numbered = strlen(file) == NUMBER_DIGITS + 1 + ID_DIGITS + strlen(".json");
    *out_number = 0;
    if (is_numbered) {
        if (strspn(file, "0123456789") != NUMBER_DIGITS || file[NUMBER_DIGITS] != '-') {
            return false;
        }
        *out_number = (uint32_t)strtoul(file, NULL, 10);
        file += NUMBER_DIGITS + 1;
    }
    if (strlen(file) != ID_DIGITS + strlen(".json")) {
        return false;
    }
    (void)snprintf(out_id, ID_DIGITS + 1, "%.*s", (int)ID_DIGITS, file);
    return cof_key_version_is_valid(out_id) && strcmp(file + ID_DIGITS, ".json") == 0 &&
           is_numbered == (*out_number != 0);
}

static cof_status add_version(key_entry *entry, uint32_t number, const char *id, cof_err *err)
{
    key_version *version = NULL;
    COF_TRY(cof_key_index_reserve(entry, &version, err));
    version->number = number;
    memcpy(version->id, id, sizeof version->id);
    entry->count++;
    return COF_OK;
}

static cof_status read_current(const cof_key_store *store, folder *f, cof_err *err)
{
    cof_path path;
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = ID_DIGITS};
    COF_TRY(cof_path_format(&path, err, "%s/%s/current", COF_KEY_FOLDER, f->entry->name));
    COF_TRY(cof_state_read(store->state, path.text, &text, err));
    (void)snprintf(f->current, sizeof f->current, "%.*s", (int)text.size, (const char *)text.data);
    return COF_OK;
}

static cof_status see_file(const cof_key_store *store, folder *f, const char *file, cof_err *err)
{
    uint32_t number = 0;
    char id[ID_DIGITS + 1];
    if (ends_with(file, ".tmp")) {
        (void)unlinkat(f->fd, file, 0); /* of a writer that was killed */
        return COF_OK;
    }
    if (strcmp(file, "current") == 0) {
        return read_current(store, f, err);
    }
    f->has_deleted = f->has_deleted || strcmp(file, "deleted.json") == 0;
    f->has_rotation = f->has_rotation || strcmp(file, "rotation.json") == 0;
    return read_name(file, &number, id) ? add_version(f->entry, number, id, err) : COF_OK;
}

static int compare_versions(const void *left, const void *right)
{
    const key_version *a = left;
    const key_version *b = right;
    if (a->number != b->number) {
        return a->number < b->number ? -1 : 1;
    }
    return strcmp(a->id, b->id);
}

/* By number; those without one come first, the one that was current the last of them. */
static void sort_versions(const folder *f)
{
    key_entry *entry = f->entry;
    qsort(entry->versions, entry->count, sizeof *entry->versions, compare_versions);
    for (size_t i = 0; i + 1 < entry->count && entry->versions[i + 1].number == 0; i++) {
        if (strcmp(entry->versions[i].id, f->current) == 0) {
            const key_version moved = entry->versions[i];
            entry->versions[i] = entry->versions[i + 1];
            entry->versions[i + 1] = moved;
        }
    }
}

static cof_status read_deleted(const cof_key_store *store, key_entry *entry, cof_err *err)
{
    COF_JSON json_t *record = NULL;
    entry->is_deleted = true;
    COF_TRY(cof_key_side_read(store, entry->name, COF_KEY_DELETED_FILE, &record, err));
    COF_TRY(cof_json_get_int(record, "deleted", 0, INT64_MAX, &entry->deleted_unix_s, err));
    return cof_json_get_int(record, "purge", 0, INT64_MAX, &entry->purge_unix_s, err);
}

static cof_status read_sides(const cof_key_store *store, const folder *f, cof_err *err)
{
    if (f->has_deleted) {
        COF_TRY(read_deleted(store, f->entry, err));
    }
    return f->has_rotation ? cof_key_side_read(store, f->entry->name, COF_KEY_ROTATION_FILE,
                                               &f->entry->rotation, err)
                           : COF_OK;
}

static void close_folder(DIR **files)
{
    if (*files != NULL) {
        (void)closedir(*files);
    }
}

static cof_status scan_key(cof_key_store *store, const char *name, cof_err *err)
{
    cof_path relative;
    cof_path path;
    folder f = {0};
    const struct dirent *file = NULL;
    COF_TRY(cof_path_format(&relative, err, "%s/%s", COF_KEY_FOLDER, name));
    COF_TRY(cof_state_path(store->state, relative.text, &path, err));
    COF_CLEANUP(close_folder) DIR *files = opendir(path.text);
    if (files == NULL) {
        return COF_FAIL_ERRNO(err, errno, path.text);
    }
    COF_TRY(cof_key_index_insert(store, name, &f.entry, err));
    f.fd = dirfd(files);
    cof_status damage = COF_OK;
    while ((file = readdir(files)) != NULL) {
        const cof_status status = see_file(store, &f, file->d_name, err);
        if (status == COF_E_NO_MEMORY) {
            return status;
        }
        damage = damage == COF_OK ? status : damage;
    }
    if (f.entry->count == 0) {
        /* The first version was being made. */
        (void)rmdir(path.text);
        cof_key_index_remove(store, f.entry);
        return COF_OK;
    }
    sort_versions(&f);
    /* One key's file that cannot be read is no reason not to serve the others. */
    const cof_status sides = read_sides(store, &f, err);
    f.entry->damage = damage == COF_OK ? sides : damage;
    return sides == COF_E_NO_MEMORY ? COF_E_NO_MEMORY : COF_OK;
}

cof_status cof_key_scan(cof_key_store *store, cof_err *err)
{
    cof_path path;
    const struct dirent *found = NULL;
    COF_TRY(cof_state_path(store->state, COF_KEY_FOLDER, &path, err));
    COF_CLEANUP(close_folder) DIR *folders = opendir(path.text);
    if (folders == NULL) {
        return COF_FAIL_ERRNO(err, errno, path.text);
    }
    while ((found = readdir(folders)) != NULL) {
        if (cof_key_name_is_valid(found->d_name)) {
            COF_TRY(scan_key(store, found->d_name, err));
        } else if (strncmp(found->d_name, COF_KEY_HIDDEN, strlen(COF_KEY_HIDDEN)) == 0) {
            cof_path left_over;
            COF_TRY(cof_path_format(&left_over, err, "%s/%s", COF_KEY_FOLDER, found->d_name));
            cof_key_folder_remove(store, left_over.text);
        }
    }
    return COF_OK;
}
