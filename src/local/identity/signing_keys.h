/*
 * The keys that sign access tokens, and their rollover: a key signs for 90 days; the next one is
 * published a day before it signs; an old one stays published until every token of it has expired.
 *
 * identity/keys.json lists them ({"keys":[{"number","signs_from"}…]}); identity/signing.key and
 * signing.pem are of number 1, signing-N.* of number N. Files of a key are written before the list
 * names it and removed after the list does not: a crash in between leaves the old list, and the
 * same key is found again.
 */
#ifndef COF_LOCAL_SIGNING_KEYS_H
#define COF_LOCAL_SIGNING_KEYS_H

#include "local/state/state.h"
#include "relying/token/jwks.h"

enum {
    COF_SIGNING_LIFE_S = 90 * 24 * 3600,
    COF_SIGNING_AHEAD_S = 24 * 3600,
    COF_SIGNING_AFTER_S = 2 * 3600, /* after the last token: its lifetime, and twice the skew */
    COF_SIGNING_RETRY_S = 600       /* between attempts to make a key that could not be made */
};

typedef struct cof_signing_keys cof_signing_keys;

/** Makes the first key where there is none. kept: state. issuer is copied: the "issuer" of each
 * published key. */
COF_MUST_USE cof_status cof_signing_keys_open(const cof_state *state, const char *issuer,
                                              cof_signing_keys **out, cof_err *err);

/**
 * Does what is due by the state's clock: makes and publishes the next key, takes old ones back.
 *
 * @param out_changed  whether the published set changed
 * @return COF_OK, or why the next key could not be made or the list not be written; then nothing
 * has changed, and it is tried again at the earliest after COF_SIGNING_RETRY_S.
 */
COF_MUST_USE cof_status cof_signing_keys_turn(cof_signing_keys *keys, bool *out_changed,
                                              cof_err *err);

/** The key that signs now, and its kid. Borrowed until the next turn. */
const cof_rsa_key *cof_signing_keys_current(const cof_signing_keys *keys, const char **out_kid);

/** The published set; borrowed until the next turn. */
const json_t *cof_signing_keys_published(const cof_signing_keys *keys);
const cof_jwks *cof_signing_keys_jwks(const cof_signing_keys *keys);

void cof_signing_keys_free(cof_signing_keys *keys);
COF_OWNED(cof_signing_keys, cof_signing_keys_free);

#endif
