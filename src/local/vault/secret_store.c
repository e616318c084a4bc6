#include "local/vault/secret_store.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "local/vault/sealing.h"
#include "tcb/base/limits.h"
#include "tcb/crypto/random.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum { META_BYTES = 192 * 1024, CONTEXT_BYTES = 512, TEXT_BYTES = 64 * 1024 };

static const char folder_name[] = "vault/secrets";
static const char index_kind[] = "secret-index/v1";
static const char secret_kind[] = "secret/v1";

/* Names compare without regard to case: the folder's is the lower-case one. */
static void fold(const char *name, char out[static COF_SECRET_NAME_SIZE])
{
    size_t i = 0;
    for (; name[i] != '\0' && i + 1 < COF_SECRET_NAME_SIZE; i++) {
        out[i] = (char)tolower((unsigned char)name[i]);
    }
    out[i] = '\0';
}

static cof_status path_of(const char *name, const char *file, cof_path *out, cof_err *err)
{
    char folded[COF_SECRET_NAME_SIZE];
    fold(name, folded);
    return file[0] == '\0' ? cof_path_format(out, err, "%s/%s", folder_name, folded)
                           : cof_path_format(out, err, "%s/%s/%s.json", folder_name, folded, file);
}

static cof_status set_bytes(json_t *object, const char *name, cof_view bytes, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = TEXT_BYTES};
    COF_TRY(cof_base64url_encode(bytes, &text, err));
    return cof_json_set(object, name, json_stringn((const char *)text.data, text.size), err);
}

/* The index. */

static cof_status index_code(const cof_secret_store *store, const json_t *record, cof_digest *out,
                             cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = META_BYTES};
    COF_TRY(cof_json_canonical(record, &text, err));
    return cof_sealing_mac(store->root, cof_view_text("coffer-local/secret-index/v1\n"),
                           cof_buf_view(&text), out, err);
}

static cof_status read_times(const json_t *record, cof_secret_index *out, cof_err *err)
{
    out->is_deleted = json_object_get(record, "deleted") != NULL;
    if (!out->is_deleted) {
        return COF_OK;
    }
    COF_TRY(cof_json_get_int(record, "deleted", 0, INT64_MAX, &out->deleted_unix_s, err));
    return cof_json_get_int(record, "purge", 0, INT64_MAX, &out->purge_unix_s, err);
}

static cof_status check_index(const cof_secret_store *store, json_t *record, const char *name,
                              cof_secret_index *out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf code = {.limit = COF_DIGEST_SIZE};
    const char *kind = NULL;
    const char *spelled = NULL;
    json_t *versions = NULL;
    cof_digest expected;
    COF_TRY(cof_json_get_base64url(record, "mac", &code, err));
    (void)json_object_del(record, "mac");
    COF_TRY(index_code(store, record, &expected, err));
    if (code.size != sizeof expected.bytes ||
        !cof_secret_equal(code.data, expected.bytes, sizeof expected.bytes)) {
        return COF_FAIL(err, TAG_MISMATCH, "the index of secret %s was changed", name);
    }
    COF_TRY(cof_json_get_text(record, "coffer", COF_LIMIT_NAME_BYTES, &kind, err));
    COF_TRY(cof_json_get_text(record, "name", COF_SECRET_NAME_SIZE - 1, &spelled, err));
    COF_TRY(cof_json_get(record, "versions", JSON_ARRAY, &versions, err));
    COF_TRY(read_times(record, out, err));
    if (strcmp(kind, index_kind) != 0 || strcasecmp(spelled, name) != 0 ||
        json_array_size(versions) == 0) {
        return COF_FAIL(err, BAD_FORMAT, "the index of secret %s is not of this version", name);
    }
    memcpy(out->name, spelled, strlen(spelled) + 1);
    out->versions = json_incref(versions);
    return COF_OK;
}

cof_status cof_secret_index_read(const cof_secret_store *store, const char *name,
                                 cof_secret_index *out, cof_err *err)
{
    COF_CLEANUP(cof_secret_index_free) cof_secret_index index = {0};
    COF_JSON json_t *record = NULL;
    cof_path file;
    if (!cof_key_name_is_valid(name)) {
        return COF_FAIL(err, NOT_FOUND, "there is no such secret");
    }
    COF_TRY(path_of(name, "index", &file, err));
    COF_TRY(cof_state_read_json(store->state, file.text, &record, err));
    COF_TRY(check_index(store, record, name, &index, err));
    *out = index;
    index = (cof_secret_index){0};
    return COF_OK;
}

cof_status cof_secret_index_write(const cof_secret_store *store, const cof_secret_index *index,
                                  cof_err *err)
{
    cof_path file;
    cof_digest code;
    COF_JSON json_t *record = json_pack("{s:s,s:s,s:O}", "coffer", index_kind, "name", index->name,
                                        "versions", index->versions);
    if (record == NULL) {
        return COF_FAIL(err, NO_MEMORY, "secret");
    }
    if (index->is_deleted) {
        COF_TRY(cof_json_set(record, "deleted", json_integer(index->deleted_unix_s), err));
        COF_TRY(cof_json_set(record, "purge", json_integer(index->purge_unix_s), err));
    }
    COF_TRY(index_code(store, record, &code, err));
    COF_TRY(set_bytes(record, "mac", cof_view_of(code.bytes, sizeof code.bytes), err));
    COF_TRY(path_of(index->name, "index", &file, err));
    return cof_state_write_json(store->state, file.text, record, err);
}

/* One version. */

static cof_status make_context(const cof_secret_index *index, const char *version,
                               const json_t *meta, cof_buf *out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf canonical = {.limit = META_BYTES};
    char folded[COF_SECRET_NAME_SIZE];
    char text[2 * COF_DIGEST_SIZE + 1];
    cof_digest digest;
    fold(index->name, folded);
    COF_TRY(cof_json_canonical(meta, &canonical, err));
    COF_TRY(cof_digest_of(cof_buf_view(&canonical), &digest, err));
    cof_digest_text(&digest, text);
    return cof_buf_printf(out, err, "coffer-local/%s\n%s\n%s\n%s\n", secret_kind, folded, version,
                          text);
}

static cof_status write_version(const cof_secret_store *store, const cof_secret_index *index,
                                cof_secret *secret, const json_t *meta, cof_view value,
                                cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf context = {.limit = CONTEXT_BYTES};
    COF_JSON json_t *record = json_pack("{s:s,s:O}", "coffer", secret_kind, "meta", meta);
    cof_path path;
    if (record == NULL) {
        return COF_FAIL(err, NO_MEMORY, "secret");
    }
    COF_TRY(make_context(index, secret->version, meta, &context, err));
    cof_buf_free(&secret->sealed_);
    cof_buf_init(&secret->sealed_, COF_SECRET_VALUE_BYTES + COF_SEALING_TAG_SIZE);
    COF_TRY(cof_sealing_seal(store->root, cof_buf_view(&context), value, secret->salt_,
                             &secret->sealed_, err));
    COF_TRY(set_bytes(record, "salt", cof_view_of(secret->salt_, sizeof secret->salt_), err));
    COF_TRY(set_bytes(record, "sealed", cof_buf_view(&secret->sealed_), err));
    COF_TRY(cof_state_make_folder(store->state, folder_name, err));
    COF_TRY(path_of(index->name, "", &path, err));
    COF_TRY(cof_state_make_folder(store->state, path.text, err));
    COF_TRY(path_of(index->name, secret->version, &path, err));
    COF_TRY(cof_state_write_json(store->state, path.text, record, err));
    json_incref((json_t *)meta);
    json_decref(secret->meta);
    secret->meta = (json_t *)meta;
    return COF_OK;
}

cof_status cof_secret_write(const cof_secret_store *store, const cof_secret_index *index,
                            const char *version, const json_t *meta, cof_view value,
                            cof_secret *out, cof_err *err)
{
    COF_CLEANUP(cof_secret_free) cof_secret secret = {0};
    uint8_t random[16];
    if (version[0] != '\0') {
        memcpy(secret.version, version, sizeof secret.version);
    } else {
        COF_TRY(cof_random((cof_span){random, sizeof random}, err));
        cof_hex_text(cof_view_of(random, sizeof random), secret.version);
    }
    COF_TRY(write_version(store, index, &secret, meta, value, err));
    *out = secret;
    secret = (cof_secret){0};
    return COF_OK;
}

cof_status cof_secret_add(const cof_secret_store *store, cof_secret_index *index,
                          const char *version, cof_err *err)
{
    if (json_array_size(index->versions) >= COF_SECRET_VERSIONS_MAX) {
        return COF_FAIL(err, LIMIT, "a secret has at most %d versions", COF_SECRET_VERSIONS_MAX);
    }
    if (index->versions == NULL) {
        index->versions = json_array();
    }
    COF_TRY(cof_json_append(index->versions, json_string(version), err));
    return cof_secret_index_write(store, index, err);
}

static bool holds(const json_t *versions, const char *version)
{
    for (size_t i = 0; i < json_array_size(versions); i++) {
        const char *one = json_string_value(json_array_get(versions, i));
        if (one != NULL && strcmp(one, version) == 0) {
            return true;
        }
    }
    return false;
}

cof_status cof_secret_read(const cof_secret_store *store, const cof_secret_index *index,
                           const char *version, cof_secret *out, cof_err *err)
{
    COF_CLEANUP(cof_secret_free) cof_secret secret = {0};
    COF_CLEANUP(cof_buf_free) cof_buf salt = {.limit = COF_SEALING_SALT_SIZE};
    COF_CLEANUP(cof_buf_free) cof_buf value = {.limit = COF_SECRET_VALUE_BYTES};
    COF_JSON json_t *record = NULL;
    json_t *meta = NULL;
    const char *kind = NULL;
    const size_t count = json_array_size(index->versions);
    cof_path file;
    if (version[0] == '\0' && count > 0) {
        version = json_string_value(json_array_get(index->versions, count - 1));
    }
    if (version == NULL || !cof_key_version_is_valid(version) || !holds(index->versions, version)) {
        return COF_FAIL(err, NOT_FOUND, "there is no such version");
    }
    memcpy(secret.version, version, sizeof secret.version);
    COF_TRY(path_of(index->name, version, &file, err));
    COF_TRY(cof_state_read_json(store->state, file.text, &record, err));
    COF_TRY(cof_json_get_text(record, "coffer", COF_LIMIT_NAME_BYTES, &kind, err));
    COF_TRY(cof_json_get(record, "meta", JSON_OBJECT, &meta, err));
    COF_TRY(cof_json_get_base64url(record, "salt", &salt, err));
    cof_buf_init(&secret.sealed_, COF_SECRET_VALUE_BYTES + COF_SEALING_TAG_SIZE);
    COF_TRY(cof_json_get_base64url(record, "sealed", &secret.sealed_, err));
    if (strcmp(kind, secret_kind) != 0 || salt.size != COF_SEALING_SALT_SIZE) {
        return COF_FAIL(err, BAD_FORMAT, "secret %s is not of this version", index->name);
    }
    memcpy(secret.salt_, salt.data, salt.size);
    secret.meta = json_incref(meta);
    /* Opened for the tag: it stands for what is beside the value too. */
    COF_TRY(cof_secret_value(store, index, &secret, &value, err));
    *out = secret;
    secret = (cof_secret){0};
    return COF_OK;
}

cof_status cof_secret_value(const cof_secret_store *store, const cof_secret_index *index,
                            const cof_secret *secret, cof_buf *out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf context = {.limit = CONTEXT_BYTES};
    COF_TRY(make_context(index, secret->version, secret->meta, &context, err));
    return cof_sealing_open(store->root, cof_buf_view(&context), secret->salt_,
                            cof_buf_view(&secret->sealed_), out, err);
}

cof_status cof_secret_update(const cof_secret_store *store, const cof_secret_index *index,
                             cof_secret *secret, const json_t *meta, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf value = {.limit = COF_SECRET_VALUE_BYTES};
    COF_TRY(cof_secret_value(store, index, secret, &value, err));
    return write_version(store, index, secret, meta, cof_buf_view(&value), err);
}

static void close_folder(DIR **files)
{
    if (*files != NULL) {
        (void)closedir(*files);
    }
}

/* A folder without an index: all that is in it. What cannot be removed stays for the next time. */
static cof_status remove_folder(const cof_secret_store *store, const char *name, cof_err *err)
{
    cof_path relative;
    cof_path path;
    const struct dirent *file = NULL;
    COF_TRY(path_of(name, "", &relative, err));
    COF_TRY(cof_state_path(store->state, relative.text, &path, err));
    COF_CLEANUP(close_folder) DIR *files = opendir(path.text);
    if (files == NULL || fsync(dirfd(files)) != 0) {
        return COF_FAIL_ERRNO(err, errno, path.text);
    }
    while ((file = readdir(files)) != NULL) {
        if (file->d_name[0] != '.') {
            (void)unlinkat(dirfd(files), file->d_name, 0);
        }
    }
    (void)rmdir(path.text);
    return COF_OK;
}

/* Without its index a secret is gone; what is left of its files names nothing. */
cof_status cof_secret_remove(const cof_secret_store *store, const cof_secret_index *index,
                             cof_err *err)
{
    cof_path relative;
    cof_path path;
    COF_TRY(path_of(index->name, "index", &relative, err));
    COF_TRY(cof_state_path(store->state, relative.text, &path, err));
    if (unlink(path.text) != 0 && errno != ENOENT) {
        return COF_FAIL_ERRNO(err, errno, path.text);
    }
    return remove_folder(store, index->name, err);
}

/* Lists. */

typedef struct names {
    char (*list)[COF_SECRET_NAME_SIZE];
    size_t count;
    size_t capacity;
} names;

static void free_names(names *n)
{
    free(n->list);
}

static cof_status add_name(names *n, const char *name, cof_err *err)
{
    if (n->count == n->capacity) {
        const size_t capacity = n->capacity == 0 ? 64 : 2 * n->capacity;
        char(*list)[COF_SECRET_NAME_SIZE] = reallocarray(n->list, capacity, sizeof *list);
        if (list == NULL) {
            return COF_FAIL(err, NO_MEMORY, "secrets");
        }
        n->list = list;
        n->capacity = capacity;
    }
    memcpy(n->list[n->count++], name, strlen(name) + 1); /* a valid name fits */
    return COF_OK;
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(left, right);
}

/* The names of the folder after one ("": all), in their order: read once, for a folder of many. */
static cof_status read_names(const cof_secret_store *store, const char *after, names *out,
                             cof_err *err)
{
    cof_path path;
    const struct dirent *entry = NULL;
    COF_TRY(cof_state_path(store->state, folder_name, &path, err));
    COF_CLEANUP(close_folder) DIR *folder = opendir(path.text);
    if (folder == NULL) {
        return errno == ENOENT ? COF_OK : COF_FAIL_ERRNO(err, errno, path.text);
    }
    while ((entry = readdir(folder)) != NULL) {
        if (cof_key_name_is_valid(entry->d_name) && strcmp(entry->d_name, after) > 0) {
            COF_TRY(add_name(out, entry->d_name, err));
        }
    }
    if (out->count > 0) {
        qsort(out->list, out->count, sizeof *out->list, compare_names);
    }
    return COF_OK;
}

cof_status cof_secret_next(const cof_secret_store *store, const char *after, bool is_deleted,
                           cof_secret_index *out, bool *out_found, cof_err *err)
{
    COF_CLEANUP(free_names) names n = {0};
    char name[COF_SECRET_NAME_SIZE];
    fold(after, name);
    *out_found = false;
    COF_TRY(read_names(store, name, &n, err));
    for (size_t i = 0; i < n.count && !*out_found; i++) {
        COF_CLEANUP(cof_secret_index_free) cof_secret_index index = {0};
        const cof_status status = cof_secret_index_read(store, n.list[i], &index, err);
        if (status == COF_E_NO_MEMORY) {
            return status;
        }
        if (status == COF_OK && index.is_deleted == is_deleted) {
            *out = index;
            index = (cof_secret_index){0};
            *out_found = true;
        }
    }
    return COF_OK;
}

static cof_status purge_if_due(const cof_secret_store *store, cof_trail *trail, const char *name,
                               cof_err *err)
{
    COF_CLEANUP(cof_secret_index_free) cof_secret_index index = {0};
    const cof_status status = cof_secret_index_read(store, name, &index, err);
    if (status == COF_E_NOT_FOUND) {
        return remove_folder(store, name, err);
    }
    COF_TRY(status);
    if (!index.is_deleted || index.purge_unix_s > cof_state_now(store->state)) {
        return COF_OK;
    }
    COF_TRY(cof_trail_add(trail,
                          json_pack("{s:s,s:s,s:s,s:s}", "action", "secret-purge", "secret",
                                    index.name, "decision", "done", "why", "scheduledPurgeDate"),
                          err));
    return cof_secret_remove(store, &index, err);
}

cof_status cof_secret_purge_due(const cof_secret_store *store, cof_trail *trail, cof_err *err)
{
    COF_CLEANUP(free_names) names n = {0};
    cof_status worst = COF_OK;
    COF_TRY(read_names(store, "", &n, err));
    for (size_t i = 0; i < n.count; i++) {
        /* One that cannot be read or removed is no reason to leave the others. */
        const cof_status status = purge_if_due(store, trail, n.list[i], err);
        worst = status != COF_OK ? status : worst;
    }
    return worst;
}

void cof_secret_index_free(cof_secret_index *index)
{
    json_decref(index->versions);
    *index = (cof_secret_index){0};
}

void cof_secret_free(cof_secret *secret)
{
    json_decref(secret->meta);
    cof_buf_free(&secret->sealed_);
    *secret = (cof_secret){0};
}
