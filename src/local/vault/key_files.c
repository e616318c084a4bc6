/*
 * A version's file: {"coffer":"key/v2","meta":{…},"salt","sealed"}; "key/v1" where the version was
 * made before versions had numbers, which it stays. docs/formats/vault.md has the bytes.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "local/vault/key_store_internal.h"
#include "tcb/base/limits.h"
#include "tcb/base/wipe.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum { CONTEXT_BYTES = 512, SEALED_BYTES = COF_KEY_SECRET_BYTES + COF_SEALING_TAG_SIZE };

static const char kind_now[] = "key/v2";
static const char kind_before[] = "key/v1";

cof_status cof_key_file_path(const char *folder, uint32_t number, const char *id, cof_path *out,
                             cof_err *err)
{
    return number == 0 ? cof_path_format(out, err, "%s/%s.json", folder, id)
                       : cof_path_format(out, err, "%s/%08u-%s.json", folder, number, id);
}

/* What the secret belongs to: name, number (since v2), version, and all of the meta data. */
static cof_status make_context(const cof_stored_key *key, const json_t *meta, cof_buf *out,
                               cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf canonical = {.limit = COF_KEY_META_BYTES};
    cof_digest digest;
    char text[2 * COF_DIGEST_SIZE + 1];
    COF_TRY(cof_json_canonical(meta, &canonical, err));
    COF_TRY(cof_digest_of(cof_buf_view(&canonical), &digest, err));
    cof_digest_text(&digest, text);
    if (key->number == 0) {
        return cof_buf_printf(out, err, "coffer-local/%s\n%s\n%s\n%s\n", kind_before, key->name,
                              key->version, text);
    }
    return cof_buf_printf(out, err, "coffer-local/%s\n%s\n%u\n%s\n%s\n", kind_now, key->name,
                          key->number, key->version, text);
}

cof_status cof_key_file_seal(const cof_key_store *store, cof_stored_key *key, const json_t *meta,
                             cof_view secret, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf context = {.limit = CONTEXT_BYTES};
    COF_TRY(make_context(key, meta, &context, err));
    cof_buf_free(&key->sealed_);
    cof_buf_init(&key->sealed_, SEALED_BYTES);
    return cof_sealing_seal(&store->root, cof_buf_view(&context), secret, key->salt_, &key->sealed_,
                            err);
}

cof_status cof_key_file_open(const cof_key_store *store, const cof_stored_key *key, cof_buf *out,
                             cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf context = {.limit = CONTEXT_BYTES};
    COF_TRY(make_context(key, key->meta, &context, err));
    return cof_sealing_open(&store->root, cof_buf_view(&context), key->salt_,
                            cof_buf_view(&key->sealed_), out, err);
}

static cof_status set_base64url(json_t *object, const char *name, cof_view bytes, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = (size_t)2 * SEALED_BYTES};
    COF_TRY(cof_base64url_encode(bytes, &text, err));
    return cof_json_set(object, name, json_stringn((const char *)text.data, text.size), err);
}

cof_status cof_key_file_write(const cof_key_store *store, const char *folder,
                              const cof_stored_key *key, const json_t *meta, cof_err *err)
{
    cof_path file;
    COF_JSON json_t *record =
        json_pack("{s:s,s:O}", "coffer", key->number == 0 ? kind_before : kind_now, "meta", meta);
    if (record == NULL) {
        return COF_FAIL(err, NO_MEMORY, "key");
    }
    COF_TRY(set_base64url(record, "salt", cof_view_of(key->salt_, sizeof key->salt_), err));
    COF_TRY(set_base64url(record, "sealed", cof_buf_view(&key->sealed_), err));
    COF_TRY(cof_key_file_path(folder, key->number, key->version, &file, err));
    return cof_state_write_json(store->state, file.text, record, err);
}

static cof_status parse(const json_t *record, bool is_old, cof_stored_key *key, cof_err *err)
{
    static const char *const members[] = {"coffer", "meta", "salt", "sealed"};
    const char *kind = NULL;
    json_t *meta = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf salt = {.limit = sizeof key->salt_};
    COF_TRY(cof_json_only(record, members, sizeof members / sizeof members[0], err));
    COF_TRY(cof_json_get_text(record, "coffer", COF_LIMIT_NAME_BYTES, &kind, err));
    COF_TRY(cof_json_get(record, "meta", JSON_OBJECT, &meta, err));
    COF_TRY(cof_json_get_base64url(record, "salt", &salt, err));
    cof_buf_init(&key->sealed_, SEALED_BYTES);
    COF_TRY(cof_json_get_base64url(record, "sealed", &key->sealed_, err));
    if (strcmp(kind, is_old ? kind_before : kind_now) != 0 || salt.size != sizeof key->salt_) {
        return COF_FAIL(err, BAD_FORMAT, "key %s is not of this version", key->name);
    }
    memcpy(key->salt_, salt.data, salt.size);
    key->meta = json_incref(meta);
    return COF_OK;
}

cof_status cof_key_file_load(const cof_key_store *store, const char *name, key_version *version,
                             cof_err *err)
{
    cof_path folder;
    cof_path file;
    COF_JSON json_t *record = NULL;
    COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {.number = version->number};
    COF_CLEANUP(cof_buf_free) cof_buf secret = {.limit = COF_KEY_SECRET_BYTES};
    memcpy(key.name, name, strlen(name) + 1);
    memcpy(key.version, version->id, sizeof key.version);
    COF_TRY(cof_path_format(&folder, err, "%s/%s", COF_KEY_FOLDER, name));
    COF_TRY(cof_key_file_path(folder.text, version->number, version->id, &file, err));
    COF_TRY(cof_state_read_json(store->state, file.text, &record, err));
    COF_TRY(parse(record, version->number == 0, &key, err));
    /* Opened once, for the tag: it stands for the public part and the policy too. */
    COF_TRY(cof_key_file_open(store, &key, &secret, err));
    memcpy(version->salt, key.salt_, sizeof version->salt);
    version->sealed = key.sealed_;
    version->meta = key.meta;
    key.sealed_ = (cof_buf){0};
    key.meta = NULL;
    return COF_OK;
}

static cof_status side_mac(const cof_key_store *store, const char *name, const char *file,
                           const json_t *record, char out[static 2 * COF_DIGEST_SIZE + 1],
                           cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf canonical = {.limit = COF_KEY_META_BYTES};
    COF_CLEANUP(cof_buf_free) cof_buf context = {.limit = CONTEXT_BYTES};
    cof_digest mac;
    COF_TRY(cof_json_canonical(record, &canonical, err));
    COF_TRY(cof_buf_printf(&context, err, "coffer-local/%s\n%s\n", file, name));
    COF_TRY(
        cof_sealing_mac(&store->root, cof_buf_view(&context), cof_buf_view(&canonical), &mac, err));
    cof_digest_text(&mac, out);
    return COF_OK;
}

cof_status cof_key_side_write(const cof_key_store *store, const char *folder, const char *name,
                              const char *file, const json_t *record, cof_err *err)
{
    cof_path path;
    char mac[2 * COF_DIGEST_SIZE + 1];
    COF_JSON json_t *written = json_deep_copy(record); /* json_copy leaves out what fails */
    COF_TRY(side_mac(store, name, file, record, mac, err));
    if (written == NULL) {
        return COF_FAIL(err, NO_MEMORY, "key");
    }
    COF_TRY(cof_json_set(written, "mac", json_string(mac), err));
    COF_TRY(cof_path_format(&path, err, "%s/%s", folder, file));
    return cof_state_write_json(store->state, path.text, written, err);
}

cof_status cof_key_side_read(const cof_key_store *store, const char *name, const char *file,
                             json_t **out, cof_err *err)
{
    cof_path path;
    char expected[2 * COF_DIGEST_SIZE + 1];
    const char *found = NULL;
    COF_JSON json_t *record = NULL;
    COF_TRY(cof_path_format(&path, err, "%s/%s/%s", COF_KEY_FOLDER, name, file));
    COF_TRY(cof_state_read_json(store->state, path.text, &record, err));
    COF_TRY(cof_json_get_text(record, "mac", sizeof expected - 1, &found, err));
    COF_JSON json_t *mac = json_incref(json_object_get(record, "mac"));
    (void)json_object_del(record, "mac");
    COF_TRY(side_mac(store, name, file, record, expected, err));
    if (json_string_length(mac) != sizeof expected - 1 ||
        !cof_secret_equal(json_string_value(mac), expected, sizeof expected - 1)) {
        return COF_FAIL(err, TAG_MISMATCH, "%s was changed", path.text);
    }
    *out = json_incref(record);
    return COF_OK;
}

cof_status cof_key_folder_sync(const cof_key_store *store, const char *folder, cof_err *err)
{
    cof_path path;
    COF_TRY(cof_state_path(store->state, folder, &path, err));
    COF_CLEANUP(cof_fd_drop_) int fd = open(path.text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0) {
        return COF_FAIL_ERRNO(err, errno, path.text);
    }
    return COF_OK;
}

void cof_key_folder_remove(const cof_key_store *store, const char *folder)
{
    cof_path path;
    if (cof_state_path(store->state, folder, &path, NULL) != COF_OK) {
        return;
    }
    DIR *files = opendir(path.text);
    const struct dirent *file = NULL;
    while (files != NULL && (file = readdir(files)) != NULL) {
        if (strcmp(file->d_name, ".") != 0 && strcmp(file->d_name, "..") != 0) {
            (void)unlinkat(dirfd(files), file->d_name, 0);
        }
    }
    if (files != NULL) {
        (void)closedir(files);
    }
    (void)rmdir(path.text);
}
