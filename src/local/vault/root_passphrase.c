/* scrypt (RFC 7914) and AES-256-GCM. Every wrapping has a fresh salt, so its key is used once and
 * the nonce is fixed. */
#include <openssl/evp.h>
#include <string.h>

#include "local/vault/root_wrap.h"
#include "tcb/base/limits.h"
#include "tcb/crypto/aead.h"
#include "tcb/crypto/openssl.h"
#include "tcb/crypto/random.h"
#include "tcb/wire/json.h"

enum {
    SALT_SIZE = 32,
    COST = 1 << 17, /* 128 MiB and about half a second */
    COST_LOW = 1 << 15,
    COST_HIGH = 1 << 20,
    BLOCK = 8,
    SEALED_SIZE = COF_AEAD_TAG_SIZE + COF_ROOT_KEY_SIZE
};

static const uint8_t only_nonce[COF_AEAD_NONCE_SIZE];

static cof_status derive(cof_view passphrase, cof_view salt, int64_t cost, cof_chunk_key *out,
                         cof_err *err)
{
    const uint64_t memory = (uint64_t)cost * 128 * BLOCK + (uint64_t)(1 << 20);
    if (EVP_PBE_scrypt((const char *)passphrase.data, passphrase.size, salt.data, salt.size,
                       (uint64_t)cost, BLOCK, 1, memory, out->bytes, sizeof out->bytes) != 1) {
        return COF_FAIL_OPENSSL(err, CRYPTO, "scrypt");
    }
    return COF_OK;
}

cof_status cof_root_passphrase_wrap(cof_view passphrase, const cof_root_key *root, json_t *record,
                                    cof_err *err)
{
    COF_CLEANUP(cof_chunk_key_wipe) cof_chunk_key key = {{0}};
    COF_CLEANUP(cof_aead_drop_) cof_aead *aead = NULL;
    uint8_t salt[SALT_SIZE];
    uint8_t sealed[SEALED_SIZE];
    COF_JSON json_t *kdf =
        json_pack("{s:s,s:i,s:i,s:i}", "name", "scrypt", "n", COST, "r", BLOCK, "p", 1);
    if (kdf == NULL) {
        return COF_FAIL(err, NO_MEMORY, "root key");
    }
    if (passphrase.size == 0) {
        return COF_FAIL(err, UNAUTHORIZED, "the passphrase is empty");
    }
    COF_TRY(cof_random((cof_span){salt, sizeof salt}, err));
    COF_TRY(derive(passphrase, cof_view_of(salt, sizeof salt), COST, &key, err));
    COF_TRY(cof_aead_openssl_new(&key, &aead, err));
    COF_TRY(cof_aead_seal(aead, only_nonce, cof_view_of(root->bytes, sizeof root->bytes),
                          sealed + COF_AEAD_TAG_SIZE, sealed, err));
    COF_TRY(cof_root_set_bytes(kdf, "salt", cof_view_of(salt, sizeof salt), err));
    COF_TRY(cof_json_set(record, "kdf", json_incref(kdf), err));
    return cof_root_set_bytes(record, "sealed", cof_view_of(sealed, sizeof sealed), err);
}

typedef struct wrapped {
    int64_t cost;
    cof_buf salt;
    cof_buf sealed;
} wrapped;

static void free_wrapped(wrapped *w)
{
    cof_buf_free(&w->salt);
    cof_buf_free(&w->sealed);
}

/* What the file says of the work to do has narrow bounds: a changed one must not be easy to guess
 * the passphrase by, nor take all memory. */
static cof_status read_record(const json_t *record, wrapped *out, cof_err *err)
{
    static const char *const members[] = {"name", "n", "r", "p", "salt"};
    static const char *const outer[] = {"coffer", "kind", "kdf", "sealed"};
    json_t *kdf = NULL;
    const char *name = NULL;
    int64_t fixed = 0;
    COF_TRY(cof_json_only(record, outer, sizeof outer / sizeof outer[0], err));
    COF_TRY(cof_json_get(record, "kdf", JSON_OBJECT, &kdf, err));
    COF_TRY(cof_json_only(kdf, members, sizeof members / sizeof members[0], err));
    COF_TRY(cof_json_get_text(kdf, "name", COF_LIMIT_NAME_BYTES, &name, err));
    COF_TRY(cof_json_get_int(kdf, "n", COST_LOW, COST_HIGH, &out->cost, err));
    COF_TRY(cof_json_get_int(kdf, "r", BLOCK, BLOCK, &fixed, err));
    COF_TRY(cof_json_get_int(kdf, "p", 1, 1, &fixed, err));
    cof_buf_init(&out->salt, SALT_SIZE);
    cof_buf_init(&out->sealed, SEALED_SIZE);
    COF_TRY(cof_json_get_base64url(kdf, "salt", &out->salt, err));
    COF_TRY(cof_json_get_base64url(record, "sealed", &out->sealed, err));
    if (strcmp(name, "scrypt") != 0 || (out->cost & (out->cost - 1)) != 0 ||
        out->salt.size != SALT_SIZE || out->sealed.size != SEALED_SIZE) {
        return COF_FAIL(err, BAD_FORMAT, "vault/root.json: kdf, salt or sealed");
    }
    return COF_OK;
}

cof_status cof_root_passphrase_check(const json_t *record, cof_err *err)
{
    COF_CLEANUP(free_wrapped) wrapped w = {0};
    return read_record(record, &w, err);
}

cof_status cof_root_passphrase_unwrap(cof_view passphrase, const json_t *record, cof_root_key *out,
                                      cof_err *err)
{
    COF_CLEANUP(free_wrapped) wrapped w = {0};
    COF_CLEANUP(cof_chunk_key_wipe) cof_chunk_key key = {{0}};
    COF_CLEANUP(cof_aead_drop_) cof_aead *aead = NULL;
    COF_CLEANUP(cof_root_key_wipe) cof_root_key root;
    COF_TRY(read_record(record, &w, err));
    COF_TRY(derive(passphrase, cof_buf_view(&w.salt), w.cost, &key, err));
    COF_TRY(cof_aead_openssl_new(&key, &aead, err));
    const cof_status status = cof_aead_open(
        aead, only_nonce, cof_view_of(w.sealed.data + COF_AEAD_TAG_SIZE, COF_ROOT_KEY_SIZE),
        w.sealed.data, root.bytes, NULL);
    if (status == COF_E_TAG_MISMATCH) {
        return COF_FAIL(err, UNAUTHORIZED,
                        "the passphrase is not the one of this vault (or root.json was changed)");
    }
    if (status != COF_OK) {
        return COF_FAIL(err, CRYPTO, "root key");
    }
    *out = root;
    return COF_OK;
}
