#include "local/vault/key_store.h"

#include <ctype.h>
#include <string.h>

#include "tcb/base/limits.h"
#include "tcb/base/wipe.h"
#include "tcb/crypto/aead.h"
#include "tcb/crypto/digest.h"
#include "tcb/crypto/random.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum { ROOT_SIZE = 32, PKCS8_BYTES = 8 * 1024, META_BYTES = 192 * 1024 };

static const char root_file[] = "vault/root.key";
static const char file_kind[] = "key/v1";

/* Every sealing has a key of its own (a fresh salt), so one fixed nonce is used once. */
static const uint8_t only_nonce[COF_AEAD_NONCE_SIZE];

struct cof_key_store {
    const cof_state *state;
    uint8_t root[ROOT_SIZE];
};

static cof_status open_root(cof_key_store *store, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {.limit = ROOT_SIZE};
    const cof_status status = cof_state_read(store->state, root_file, &bytes, err);
    if (status == COF_E_NOT_FOUND) {
        COF_TRY(cof_random((cof_span){store->root, ROOT_SIZE}, err));
        return cof_state_write(store->state, root_file, cof_view_of(store->root, ROOT_SIZE), err);
    }
    COF_TRY(status);
    if (bytes.size != ROOT_SIZE) {
        return COF_FAIL(err, BAD_FORMAT, "%s is not %d bytes", root_file, ROOT_SIZE);
    }
    memcpy(store->root, bytes.data, ROOT_SIZE);
    return COF_OK;
}

cof_status cof_key_store_open(const cof_state *state, cof_key_store **out, cof_err *err)
{
    COF_CLEANUP(cof_key_store_drop_) cof_key_store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        return COF_FAIL(err, NO_MEMORY, "key store");
    }
    store->state = state;
    COF_TRY(cof_state_make_folder(state, "vault", err));
    COF_TRY(cof_state_make_folder(state, "vault/keys", err));
    COF_TRY(open_root(store, err));
    *out = cof_key_store_take(&store);
    return COF_OK;
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

static cof_status derive(const cof_key_store *store, const cof_stored_key *key, const json_t *meta,
                         cof_chunk_key *out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf canonical = {.limit = META_BYTES};
    COF_CLEANUP(cof_buf_free) cof_buf info = {.limit = 512};
    cof_digest digest;
    char text[2 * COF_DIGEST_SIZE + 1];
    COF_TRY(cof_json_canonical(meta, &canonical, err));
    COF_TRY(cof_digest_of(cof_buf_view(&canonical), &digest, err));
    cof_digest_text(&digest, text);
    COF_TRY(cof_buf_printf(&info, err, "coffer-local/%s\n%s\n%s\n%s\n", file_kind, key->name,
                           key->version, text));
    return cof_hkdf(cof_view_of(store->root, ROOT_SIZE), cof_view_of(key->salt_, sizeof key->salt_),
                    cof_buf_view(&info), (cof_span){out->bytes, sizeof out->bytes}, err);
}

static cof_status seal(const cof_key_store *store, cof_stored_key *key, const json_t *meta,
                       cof_view plain, cof_err *err)
{
    COF_CLEANUP(cof_chunk_key_wipe) cof_chunk_key chunk = {{0}};
    COF_CLEANUP(cof_aead_drop_) cof_aead *aead = NULL;
    uint8_t *place = NULL;
    cof_buf_free(&key->sealed_);
    cof_buf_init(&key->sealed_, PKCS8_BYTES + COF_AEAD_TAG_SIZE);
    COF_TRY(cof_random((cof_span){key->salt_, sizeof key->salt_}, err));
    COF_TRY(derive(store, key, meta, &chunk, err));
    COF_TRY(cof_aead_openssl_new(&chunk, &aead, err));
    COF_TRY(cof_buf_extend(&key->sealed_, COF_AEAD_TAG_SIZE + plain.size, &place, err));
    return cof_aead_seal(aead, only_nonce, plain, place + COF_AEAD_TAG_SIZE, place, err);
}

static cof_status unseal(const cof_key_store *store, const cof_stored_key *key, cof_buf *out,
                         cof_err *err)
{
    COF_CLEANUP(cof_chunk_key_wipe) cof_chunk_key chunk = {{0}};
    COF_CLEANUP(cof_aead_drop_) cof_aead *aead = NULL;
    uint8_t *place = NULL;
    if (key->sealed_.size <= COF_AEAD_TAG_SIZE) {
        return COF_FAIL(err, BAD_FORMAT, "key %s has no private part", key->name);
    }
    const cof_view cipher =
        cof_view_of(key->sealed_.data + COF_AEAD_TAG_SIZE, key->sealed_.size - COF_AEAD_TAG_SIZE);
    COF_TRY(derive(store, key, key->meta, &chunk, err));
    COF_TRY(cof_aead_openssl_new(&chunk, &aead, err));
    COF_TRY(cof_buf_extend(out, cipher.size, &place, err));
    return cof_aead_open(aead, only_nonce, cipher, key->sealed_.data, place, err);
}

static cof_status set_base64url(json_t *object, const char *name, cof_view bytes, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = (size_t)2 * PKCS8_BYTES};
    COF_TRY(cof_base64url_encode(bytes, &text, err));
    return cof_json_set(object, name, json_stringn((const char *)text.data, text.size), err);
}

static cof_status write_key(const cof_key_store *store, const cof_stored_key *key,
                            const json_t *meta, cof_err *err)
{
    cof_path file;
    COF_JSON json_t *record = json_pack("{s:s,s:O}", "coffer", file_kind, "meta", meta);
    if (record == NULL) {
        return COF_FAIL(err, NO_MEMORY, "key");
    }
    COF_TRY(set_base64url(record, "salt", cof_view_of(key->salt_, sizeof key->salt_), err));
    COF_TRY(set_base64url(record, "sealed", cof_buf_view(&key->sealed_), err));
    COF_TRY(cof_path_format(&file, err, "vault/keys/%s/%s.json", key->name, key->version));
    return cof_state_write_json(store->state, file.text, record, err);
}

static cof_status make_version(cof_stored_key *key, const char *name, cof_err *err)
{
    uint8_t random[16];
    memcpy(key->name, name, strlen(name) + 1);
    COF_TRY(cof_random((cof_span){random, sizeof random}, err));
    cof_hex_text(cof_view_of(random, sizeof random), key->version);
    return COF_OK;
}

cof_status cof_key_store_add(cof_key_store *store, const char *name, const json_t *meta,
                             const cof_rsa_key *rsa, cof_stored_key *out, cof_err *err)
{
    if (!cof_key_name_is_valid(name)) {
        return COF_FAIL(err, BAD_ARGUMENT, "the key's name is not valid");
    }
    COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
    COF_CLEANUP(cof_buf_free) cof_buf plain = {.limit = PKCS8_BYTES};
    cof_path path;
    COF_TRY(make_version(&key, name, err));
    COF_TRY(cof_rsa_to_pkcs8(rsa, &plain, err));
    COF_TRY(seal(store, &key, meta, cof_buf_view(&plain), err));
    COF_TRY(cof_path_format(&path, err, "vault/keys/%s", name));
    COF_TRY(cof_state_make_folder(store->state, path.text, err));
    COF_TRY(write_key(store, &key, meta, err));
    COF_TRY(cof_path_format(&path, err, "vault/keys/%s/current", name));
    COF_TRY(cof_state_write(store->state, path.text, cof_view_text(key.version), err));
    key.meta = json_incref((json_t *)meta);
    *out = key;
    key = (cof_stored_key){0};
    return COF_OK;
}

static cof_status read_current(const cof_key_store *store, cof_stored_key *key, cof_err *err)
{
    cof_path file;
    COF_CLEANUP(cof_buf_free) cof_buf version = {.limit = COF_KEY_VERSION_SIZE - 1};
    COF_TRY(cof_path_format(&file, err, "vault/keys/%s/current", key->name));
    COF_TRY(cof_state_read(store->state, file.text, &version, err));
    if (version.size != COF_KEY_VERSION_SIZE - 1) {
        return COF_FAIL(err, BAD_FORMAT, "key %s has no current version", key->name);
    }
    memcpy(key->version, version.data, version.size);
    return COF_OK;
}

static cof_status read_key(const cof_key_store *store, cof_stored_key *key, cof_err *err)
{
    cof_path file;
    json_t *meta = NULL;
    const char *kind = NULL;
    COF_JSON json_t *record = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf salt = {.limit = sizeof key->salt_};
    COF_TRY(cof_path_format(&file, err, "vault/keys/%s/%s.json", key->name, key->version));
    COF_TRY(cof_state_read_json(store->state, file.text, &record, err));
    COF_TRY(cof_json_get_text(record, "coffer", COF_LIMIT_NAME_BYTES, &kind, err));
    COF_TRY(cof_json_get(record, "meta", JSON_OBJECT, &meta, err));
    COF_TRY(cof_json_get_base64url(record, "salt", &salt, err));
    cof_buf_init(&key->sealed_, PKCS8_BYTES + COF_AEAD_TAG_SIZE);
    COF_TRY(cof_json_get_base64url(record, "sealed", &key->sealed_, err));
    if (strcmp(kind, file_kind) != 0 || salt.size != sizeof key->salt_) {
        return COF_FAIL(err, BAD_FORMAT, "key %s is not of this version", key->name);
    }
    memcpy(key->salt_, salt.data, salt.size);
    key->meta = json_incref(meta);
    return COF_OK;
}

cof_status cof_key_store_get(const cof_key_store *store, const char *name, const char *version,
                             cof_stored_key *out, cof_err *err)
{
    if (!cof_key_name_is_valid(name) ||
        (version[0] != '\0' && !cof_key_version_is_valid(version))) {
        return COF_FAIL(err, NOT_FOUND, "there is no such key");
    }
    COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
    memcpy(key.name, name, strlen(name) + 1);
    if (version[0] == '\0') {
        COF_TRY(read_current(store, &key, err));
    } else {
        memcpy(key.version, version, COF_KEY_VERSION_SIZE);
    }
    COF_TRY(read_key(store, &key, err));
    *out = key;
    key = (cof_stored_key){0};
    return COF_OK;
}

cof_status cof_key_store_private(const cof_key_store *store, const cof_stored_key *key,
                                 cof_rsa_key **out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf plain = {.limit = PKCS8_BYTES};
    COF_TRY(unseal(store, key, &plain, err));
    return cof_rsa_from_pkcs8(cof_buf_view(&plain), out, err);
}

cof_status cof_key_store_update(cof_key_store *store, cof_stored_key *key, const json_t *meta,
                                cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf plain = {.limit = PKCS8_BYTES};
    COF_TRY(unseal(store, key, &plain, err));
    COF_TRY(seal(store, key, meta, cof_buf_view(&plain), err));
    COF_TRY(write_key(store, key, meta, err));
    json_decref(key->meta);
    key->meta = json_incref((json_t *)meta);
    return COF_OK;
}

void cof_stored_key_free(cof_stored_key *key)
{
    json_decref(key->meta);
    cof_buf_free(&key->sealed_);
    *key = (cof_stored_key){0};
}

void cof_key_store_free(cof_key_store *store)
{
    if (store != NULL) {
        cof_wipe(store, sizeof *store);
        free(store);
    }
}
