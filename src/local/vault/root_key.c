#include "local/vault/root_key.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "local/vault/root_wrap.h"
#include "tcb/base/limits.h"
#include "tcb/crypto/random.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum { RECORD_BYTES = 8 * 1024 };

static const char key_file[] = "vault/root.key";
static const char record_file[] = "vault/root.json";
static const char record_kind[] = "root/v1";
static const char *const kind_names[] = {"file", "passphrase", "pkcs11"};

cof_status cof_root_set_bytes(json_t *object, const char *name, cof_view bytes, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = RECORD_BYTES};
    COF_TRY(cof_base64url_encode(bytes, &text, err));
    return cof_json_set(object, name, json_stringn((const char *)text.data, text.size), err);
}

cof_status cof_root_source_parse(const char *text, cof_root_source *out, cof_err *err)
{
    if (strcmp(text, "file") == 0) {
        *out = (cof_root_source){.kind = COF_ROOT_KIND_FILE};
    } else if (strcmp(text, "passphrase") == 0) {
        *out = (cof_root_source){.kind = COF_ROOT_KIND_PASSPHRASE};
    } else if (strncmp(text, "pkcs11:", 7) == 0) {
        *out = (cof_root_source){.kind = COF_ROOT_KIND_PKCS11, .uri = text};
    } else {
        return COF_FAIL(err, BAD_ARGUMENT,
                        "a root key is kept by \"file\", \"passphrase\" or \"pkcs11:…\"");
    }
    return COF_OK;
}

static cof_status read_kind(const json_t *record, cof_root_kind *out, cof_err *err)
{
    const char *version = NULL;
    const char *kind = NULL;
    COF_TRY(cof_json_get_text(record, "coffer", COF_LIMIT_NAME_BYTES, &version, err));
    COF_TRY(cof_json_get_text(record, "kind", COF_LIMIT_NAME_BYTES, &kind, err));
    if (strcmp(version, record_kind) == 0 &&
        strcmp(kind, kind_names[COF_ROOT_KIND_PASSPHRASE]) == 0) {
        *out = COF_ROOT_KIND_PASSPHRASE;
        return cof_root_passphrase_check(record, err);
    }
    if (strcmp(version, record_kind) == 0 && strcmp(kind, kind_names[COF_ROOT_KIND_PKCS11]) == 0) {
        *out = COF_ROOT_KIND_PKCS11;
        return cof_root_token_check(record, err);
    }
    return COF_FAIL(err, BAD_FORMAT, "%s is not of this version", record_file);
}

cof_status cof_root_record_check(cof_view text, cof_root_kind *out, cof_err *err)
{
    COF_JSON json_t *record = NULL;
    COF_TRY(cof_json_parse(text, RECORD_BYTES, &record, err));
    if (!json_is_object(record)) {
        return COF_FAIL(err, BAD_FORMAT, "%s is not an object", record_file);
    }
    return read_kind(record, out, err);
}

/* What there is on disk. */
typedef struct kept {
    json_t *record; /* of root.json; NULL: there is none */
    cof_root_kind kind;
    bool has_file;
    cof_root_key file;
} kept;

static void free_kept(kept *k)
{
    json_decref(k->record);
    cof_root_key_wipe(&k->file);
}

static cof_status read_file(const cof_state *state, kept *out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {.limit = COF_ROOT_KEY_SIZE};
    const cof_status status = cof_state_read(state, key_file, &bytes, err);
    if (status == COF_E_NOT_FOUND) {
        return COF_OK;
    }
    COF_TRY(status);
    if (bytes.size != COF_ROOT_KEY_SIZE) {
        return COF_FAIL(err, BAD_FORMAT, "%s is not %d bytes", key_file, COF_ROOT_KEY_SIZE);
    }
    memcpy(out->file.bytes, bytes.data, COF_ROOT_KEY_SIZE);
    out->has_file = true;
    return COF_OK;
}

static cof_status read_kept(const cof_state *state, kept *out, cof_err *err)
{
    const cof_status status = cof_state_read_json(state, record_file, &out->record, err);
    if (status != COF_E_NOT_FOUND) {
        COF_TRY(status);
        COF_TRY(read_kind(out->record, &out->kind, err));
    }
    return read_file(state, out, err);
}

static cof_status remove_file(const cof_state *state, const char *name, cof_err *err)
{
    cof_path path;
    cof_path folder;
    COF_TRY(cof_state_path(state, name, &path, err));
    COF_TRY(cof_state_path(state, "vault", &folder, err));
    if (unlink(path.text) != 0 && errno != ENOENT) {
        return COF_FAIL_ERRNO(err, errno, path.text);
    }
    COF_CLEANUP(cof_fd_drop_) int fd = open(folder.text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0) {
        return COF_FAIL_ERRNO(err, errno, folder.text);
    }
    return COF_OK;
}

static cof_status unwrap(const cof_root_source *source, const kept *k, cof_root_key *out,
                         cof_err *err)
{
    if (k->record == NULL) {
        *out = k->file;
        return COF_OK;
    }
    return k->kind == COF_ROOT_KIND_PASSPHRASE
               ? cof_root_passphrase_unwrap(source->secret, k->record, out, err)
               : cof_root_token_unwrap(source, k->record, out, err);
}

/* A token that does not open what it sealed must not become the only one that has the root key. */
static cof_status check_kept(const cof_root_source *source, json_t *record,
                             const cof_root_key *root, cof_err *err)
{
    COF_CLEANUP(free_kept) kept k = {.record = json_incref(record), .kind = source->kind};
    COF_CLEANUP(cof_root_key_wipe) cof_root_key opened = {{0}};
    COF_TRY(unwrap(source, &k, &opened, err));
    return cof_secret_equal(opened.bytes, root->bytes, sizeof opened.bytes)
               ? COF_OK
               : COF_FAIL(err, CRYPTO, "the root key does not come back as it was kept");
}

/* Writes the root key down in the way of the source, before what is there goes. */
static cof_status keep(const cof_state *state, const cof_root_source *source,
                       const cof_root_key *root, cof_err *err)
{
    if (source->kind == COF_ROOT_KIND_FILE) {
        COF_TRY(
            cof_state_write(state, key_file, cof_view_of(root->bytes, sizeof root->bytes), err));
        return remove_file(state, record_file, err);
    }
    COF_JSON json_t *record =
        json_pack("{s:s,s:s}", "coffer", record_kind, "kind", kind_names[source->kind]);
    if (record == NULL) {
        return COF_FAIL(err, NO_MEMORY, "root key");
    }
    COF_TRY(source->kind == COF_ROOT_KIND_PASSPHRASE
                ? cof_root_passphrase_wrap(source->secret, root, record, err)
                : cof_root_token_wrap(source, root, record, err));
    COF_TRY(check_kept(source, record, root, err));
    COF_TRY(cof_state_write_json(state, record_file, record, err));
    return remove_file(state, key_file, err);
}

static cof_status make(const cof_state *state, const cof_root_source *source, cof_root_key *out,
                       cof_err *err)
{
    COF_CLEANUP(cof_root_key_wipe) cof_root_key root = {{0}};
    COF_TRY(cof_random((cof_span){root.bytes, sizeof root.bytes}, err));
    COF_TRY(keep(state, source, &root, err));
    *out = root;
    return COF_OK;
}

/* Is there anything that a root key sealed? Names of keys and secrets do not begin with a dot. */
static cof_status has_sealed(const cof_state *state, bool *out, cof_err *err)
{
    static const char *const folders[] = {"vault/keys", "vault/secrets"};
    *out = false;
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        cof_path path;
        const struct dirent *entry = NULL;
        COF_TRY(cof_state_path(state, folders[i], &path, err));
        DIR *folder = opendir(path.text);
        if (folder == NULL && errno != ENOENT) {
            return COF_FAIL_ERRNO(err, errno, path.text);
        }
        while (folder != NULL && (entry = readdir(folder)) != NULL) {
            *out = *out || entry->d_name[0] != '.';
        }
        if (folder != NULL) {
            (void)closedir(folder);
        }
    }
    return COF_OK;
}

/* At the first start. A new key beside what another one sealed would hide that it is lost. */
static cof_status make_first(const cof_state *state, const cof_root_source *source,
                             cof_root_key *out, cof_err *err)
{
    bool is_late = false;
    COF_TRY(has_sealed(state, &is_late, err));
    return is_late
               ? COF_FAIL(err, CONFIG,
                          "the vault has keys or secrets, and neither %s nor %s that opens them",
                          key_file, record_file)
               : make(state, source, out, err);
}

/* root.json decides; a root.key beside it is what a change that was interrupted left: the file it
 * came from, or the one it was about to move to. */
static cof_status finish_change(const cof_state *state, const kept *k, const cof_root_key *root,
                                cof_err *err)
{
    if (k->record == NULL || !k->has_file) {
        return COF_OK;
    }
    if (!cof_secret_equal(root->bytes, k->file.bytes, sizeof root->bytes)) {
        return COF_FAIL(err, CONFIG, "%s and %s hold two different root keys", key_file,
                        record_file);
    }
    return remove_file(state, key_file, err);
}

cof_status cof_root_key_open(const cof_state *state, const cof_root_source *source,
                             cof_root_key *out, cof_err *err)
{
    static const cof_root_source by_default = {.kind = COF_ROOT_KIND_FILE};
    COF_CLEANUP(free_kept) kept k = {0};
    COF_CLEANUP(cof_root_key_wipe) cof_root_key root = {{0}};
    source = source != NULL ? source : &by_default;
    COF_TRY(cof_state_make_folder(state, "vault", err));
    COF_TRY(read_kept(state, &k, err));
    if (k.record == NULL && !k.has_file) {
        return make_first(state, source, out, err);
    }
    if (source->kind != k.kind) {
        return COF_FAIL(err, CONFIG,
                        "the vault's root key is kept by \"%s\", not by \"%s\": see --root-key",
                        kind_names[k.kind], kind_names[source->kind]);
    }
    COF_TRY(unwrap(source, &k, &root, err));
    COF_TRY(finish_change(state, &k, &root, err));
    *out = root;
    return COF_OK;
}

cof_status cof_root_key_change(const cof_state *state, const cof_root_source *from,
                               const cof_root_source *to, cof_err *err)
{
    COF_CLEANUP(cof_root_key_wipe) cof_root_key root = {{0}};
    COF_TRY(cof_root_key_open(state, from, &root, err));
    return keep(state, to, &root, err);
}
