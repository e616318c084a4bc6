/*
 * How the vault keeps secrets on disk: AES-256-GCM under keys that are derived, for each writing
 * anew, from the installation's root key and from what the secret belongs to. A name, a policy or a
 * tag that was changed on disk makes the secret unreadable.
 *
 * What this protects is a copy of the folder without the root key.
 */
#ifndef COF_LOCAL_SEALING_H
#define COF_LOCAL_SEALING_H

#include "local/vault/root_key.h"
#include "tcb/crypto/digest.h"

enum { COF_SEALING_SALT_SIZE = 32, COF_SEALING_TAG_SIZE = 16 };

/**
 * Seals bytes.
 *
 * @param root      the root key
 * @param context   what the bytes are and belong to; whoever opens them must say the same
 * @param out_salt  written: a fresh salt
 * @param out       gets tag || cipher, appended
 * @return COF_OK, COF_E_CRYPTO, or as cof_buf_append.
 */
COF_MUST_USE cof_status cof_sealing_seal(const cof_root_key *root, cof_view context, cof_view plain,
                                         uint8_t out_salt[static COF_SEALING_SALT_SIZE],
                                         cof_buf *out, cof_err *err);

/** Opens what cof_sealing_seal made: appends the bytes. @return COF_OK, COF_E_BAD_FORMAT (shorter
 * than a tag), COF_E_TAG_MISMATCH, COF_E_CRYPTO. */
COF_MUST_USE cof_status cof_sealing_open(const cof_root_key *root, cof_view context,
                                         const uint8_t salt[static COF_SEALING_SALT_SIZE],
                                         cof_view sealed, cof_buf *out, cof_err *err);

/** A code that only this installation can make, of public bytes in a context. */
COF_MUST_USE cof_status cof_sealing_mac(const cof_root_key *root, cof_view context, cof_view bytes,
                                        cof_digest *out, cof_err *err);

#endif
