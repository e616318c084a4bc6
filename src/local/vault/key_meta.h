/*
 * What a key is besides its private part, as the vault keeps it:
 *
 *   {"kty","n","e","key_ops":[…],"attributes":{"enabled","created","updated","exportable"[,"nbf"][,"exp"]},
 *    "tags":{…},"release_policy":{"contentType","data","immutable"} or absent}
 *
 * made from a create request, changed by an update request, shown as a KeyBundle.
 */
#ifndef COF_LOCAL_KEY_META_H
#define COF_LOCAL_KEY_META_H

#include "local/vault/key_policy.h"
#include "local/vault/key_store.h"

/** What a create request asks for. */
typedef struct cof_key_wish {
    unsigned bits;
    json_t *meta; /* without n and e; the caller owns it */
} cof_key_wish;

/** Reads a create request; unknown members are ignored. @return COF_OK, COF_E_BAD_ARGUMENT with
 * what to tell the caller, COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_key_meta_create(const json_t *request, int64_t now_unix_s,
                                            cof_key_wish *out, cof_err *err);

/** Adds the public key of a new key. */
COF_MUST_USE cof_status cof_key_meta_set_key(json_t *meta, const cof_rsa_key *key, cof_err *err);

/** The meta data after an update request. The caller owns *out. @return as cof_key_meta_create. */
COF_MUST_USE cof_status cof_key_meta_update(const json_t *meta, const json_t *request,
                                            int64_t now_unix_s, json_t **out, cof_err *err);

/** The KeyBundle: {"key":{"kid",…},"attributes","tags"[,"release_policy"]}. The caller owns *out.
 */
COF_MUST_USE cof_status cof_key_meta_bundle(const cof_stored_key *key, const char *base,
                                            json_t **out, cof_err *err);

/** "<base>/keys/<name>/<version>". */
COF_MUST_USE cof_status cof_key_meta_kid(const cof_stored_key *key, const char *base, cof_buf *out,
                                         cof_err *err);

bool cof_key_meta_allows(const json_t *meta, const char *operation);
bool cof_key_meta_is_enabled(const json_t *meta);
bool cof_key_meta_is_exportable(const json_t *meta);
/** Is now within nbf and exp, where the key has them? */
bool cof_key_meta_is_current(const json_t *meta, int64_t now_unix_s);

/** The release policy, parsed; the caller owns it. @return COF_OK, COF_E_NOT_FOUND (there is none),
 * or as cof_key_policy_parse. */
COF_MUST_USE cof_status cof_key_meta_policy(const json_t *meta, cof_key_policy **out, cof_err *err);

#endif
