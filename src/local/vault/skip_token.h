/*
 * Where a list goes on: $skiptoken of a nextLink. It says after which entry, so that a list stays
 * whole while keys come and go; and a code that only this installation makes says that it is the
 * token of this very list: base64url of HMAC-SHA-256 (first 16 bytes) || the entry's name.
 */
#ifndef COF_LOCAL_SKIP_TOKEN_H
#define COF_LOCAL_SKIP_TOKEN_H

#include "local/vault/sealing.h"

enum { COF_SKIP_PLACE_SIZE = 128 };

/** Appends the token. @param list "keys", "deletedkeys", "keys/NAME/versions", … @param place at
 * most COF_SKIP_PLACE_SIZE - 1 characters */
COF_MUST_USE cof_status cof_skip_token_make(const cof_root_key *root, const char *list,
                                            const char *place, cof_buf *out, cof_err *err);

/** @return COF_OK, COF_E_BAD_FORMAT (any other text than a token of this list). */
COF_MUST_USE cof_status cof_skip_token_read(const cof_root_key *root, const char *list,
                                            const char *token,
                                            char out_place[static COF_SKIP_PLACE_SIZE],
                                            cof_err *err);

#endif
