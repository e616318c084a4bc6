/* The ways of root.json to keep a root key: each adds its members to a record and opens them. */
#ifndef COF_LOCAL_ROOT_WRAP_H
#define COF_LOCAL_ROOT_WRAP_H

#include "local/vault/root_key.h"

/* {"kdf":{"name":"scrypt","n","r","p","salt"},"sealed"} */
COF_MUST_USE cof_status cof_root_passphrase_wrap(cof_view passphrase, const cof_root_key *root,
                                                 json_t *record, cof_err *err);
COF_MUST_USE cof_status cof_root_passphrase_unwrap(cof_view passphrase, const json_t *record,
                                                   cof_root_key *out, cof_err *err);
COF_MUST_USE cof_status cof_root_passphrase_check(const json_t *record, cof_err *err);

/* {"iv","sealed"}: AES-256-GCM on the token. Makes the token's key when there is none. */
COF_MUST_USE cof_status cof_root_token_wrap(const cof_root_source *source, const cof_root_key *root,
                                            json_t *record, cof_err *err);
COF_MUST_USE cof_status cof_root_token_unwrap(const cof_root_source *source, const json_t *record,
                                              cof_root_key *out, cof_err *err);
COF_MUST_USE cof_status cof_root_token_check(const json_t *record, cof_err *err);

/* object[name] = base64url of bytes. */
COF_MUST_USE cof_status cof_root_set_bytes(json_t *object, const char *name, cof_view bytes,
                                           cof_err *err);

#endif
