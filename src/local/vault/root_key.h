/*
 * The root key: 32 random bytes under which everything of the vault is sealed at rest. They are
 * kept in one of three ways:
 *
 *   file        vault/root.key holds them as they are (the default)
 *   passphrase  vault/root.json holds them under a key made from a passphrase (scrypt)
 *   pkcs11      vault/root.json holds them under an AES-256 key that cannot leave a PKCS#11 token
 *
 * docs/formats/vault.md has the formats. The root key itself never changes: moving from one way to
 * another wraps it anew, so no key or secret is written again.
 */
#ifndef COF_LOCAL_ROOT_KEY_H
#define COF_LOCAL_ROOT_KEY_H

#include "local/state/state.h"
#include "tcb/base/wipe.h"

enum { COF_ROOT_KEY_SIZE = 32, COF_ROOT_SECRET_BYTES = 1024 };

typedef struct cof_root_key {
    uint8_t bytes[COF_ROOT_KEY_SIZE];
} cof_root_key;

static inline void cof_root_key_wipe(cof_root_key *key)
{
    cof_wipe(key, sizeof *key);
}

typedef enum cof_root_kind {
    COF_ROOT_KIND_FILE,
    COF_ROOT_KIND_PASSPHRASE,
    COF_ROOT_KIND_PKCS11
} cof_root_kind;

/** Where the root key comes from. All is borrowed. Zeroed: the file. */
typedef struct cof_root_source {
    cof_root_kind kind;
    const char *uri; /* pkcs11: "pkcs11:token=…;object=…?module-path=…" (RFC 7512) */
    cof_view secret; /* the passphrase, or the token's PIN */
} cof_root_source;

/** "file", "passphrase" or "pkcs11:…". Keeps text. @return COF_OK, COF_E_BAD_ARGUMENT. */
COF_MUST_USE cof_status cof_root_source_parse(const char *text, cof_root_source *out, cof_err *err);

/**
 * Gets the root key; at the first start it is made, and kept in this way. Ends a change that was
 * interrupted.
 *
 * @param source  NULL: the file
 * @return COF_OK, COF_E_CONFIG (it is kept in another way than source says, with which one; or it
 * is gone, and there are keys or secrets), COF_E_UNAUTHORIZED (wrong passphrase or PIN; a token
 * counts its PIN's failures), COF_E_KEY_MISMATCH (the token's key is another one, or the file was
 * changed), COF_E_NOT_FOUND (module, token or key), COF_E_UNSUPPORTED (built without PKCS#11),
 * COF_E_BAD_FORMAT, COF_E_IO, … Nothing was changed then.
 */
COF_MUST_USE cof_status cof_root_key_open(const cof_state *state, const cof_root_source *source,
                                          cof_root_key *out, cof_err *err);

/**
 * Keeps the root key in another way, or under another passphrase. May be interrupted at any time:
 * the old way or the new one holds the key then. @return as cof_root_key_open.
 */
COF_MUST_USE cof_status cof_root_key_change(const cof_state *state, const cof_root_source *from,
                                            const cof_root_source *to, cof_err *err);

/** Checks root.json without its secret: for tools and fuzzing. @return COF_OK, COF_E_BAD_JSON,
 * COF_E_BAD_FORMAT, …. */
COF_MUST_USE cof_status cof_root_record_check(cof_view text, cof_root_kind *out, cof_err *err);

#endif
