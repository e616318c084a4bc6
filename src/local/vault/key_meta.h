/*
 * What a key is besides its private part, as the vault keeps it:
 *
 *   {"kty",<public
 * part>,"key_ops":[…],"attributes":{"enabled","created","updated","exportable"[,"nbf"][,"exp"]},
 *    "tags":{…},"release_policy":{"contentType","data","immutable"} or absent}
 *
 * where the public part is n and e (RSA), crv, x and y (EC) or nothing (oct). Made from a request
 * to create, import or rotate, changed by an update request, shown as a KeyBundle.
 */
#ifndef COF_LOCAL_KEY_META_H
#define COF_LOCAL_KEY_META_H

#include "local/vault/key_policy.h"
#include "local/vault/key_store.h"

/** What a request asks for, without the public key. */
typedef struct cof_key_wish {
    cof_key_kind kind; /* bits 0: as many as the version before has */
    json_t *meta;      /* the caller owns it */
} cof_key_wish;

/** What an import brings. The caller owns both. */
typedef struct cof_key_import {
    json_t *meta;
    cof_key_material *material;
} cof_key_import;

#define COF_KEY_NO_EXPIRY INT64_C(-1)

/** Reads a create request; unknown members are ignored. @return COF_OK, COF_E_BAD_ARGUMENT with
 * what to tell the caller, COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_key_meta_create(const json_t *request, int64_t now_unix_s,
                                            cof_key_wish *out, cof_err *err);

/** Reads an import request, and wipes the private members in it. @return as cof_key_meta_create. */
COF_MUST_USE cof_status cof_key_meta_import(const json_t *request, int64_t now_unix_s,
                                            cof_key_import *out, cof_err *err);

/** What a new version that replaces this one is: the same, but for times, and without the tags of
 * contracts ("coffer.…"). @param expires_unix_s or COF_KEY_NO_EXPIRY */
COF_MUST_USE cof_status cof_key_meta_rotate(const json_t *meta, int64_t now_unix_s,
                                            int64_t expires_unix_s, cof_key_wish *out,
                                            cof_err *err);

/** Adds the public part of a key. */
COF_MUST_USE cof_status cof_key_meta_set_public(json_t *meta, const cof_key_material *material,
                                                cof_err *err);

/** The meta data after an update request. The caller owns *out. @return as cof_key_meta_create. */
COF_MUST_USE cof_status cof_key_meta_update(const json_t *meta, const json_t *request,
                                            int64_t now_unix_s, json_t **out, cof_err *err);

/** The KeyBundle: {"key":{"kid",…},"attributes","tags"[,"release_policy"]}. The caller owns *out.
 */
COF_MUST_USE cof_status cof_key_meta_bundle(const cof_stored_key *key, const char *base,
                                            json_t **out, cof_err *err);

/** The KeyItem of lists: {"kid","attributes","tags"}. The caller owns *out. */
COF_MUST_USE cof_status cof_key_meta_item(const cof_stored_key *key, const char *base,
                                          bool with_version, json_t **out, cof_err *err);

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
