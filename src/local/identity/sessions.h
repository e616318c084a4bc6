/*
 * Sessions of people, by refresh token: 32 random bytes, of which only the SHA-256 is kept. Each
 * use gives a new token and ends the old one; an old one that is used again ends the session, for
 * then two have it.
 *
 * identity/sessions.json: {"sessions":[{"id","sha256","user","client_id","credential","created",
 * "expires"}…]}; a token's text is "<id>.<secret>".
 */
#ifndef COF_LOCAL_SESSIONS_H
#define COF_LOCAL_SESSIONS_H

#include "local/state/state.h"
#include "tcb/crypto/digest.h"

enum {
    COF_SESSION_LIFE_S = 90 * 24 * 3600, /* from the last use */
    COF_SESSIONS_MAX = 400,              /* of all; the one that expires first makes room */
    COF_SESSIONS_PER_USER = 16,
    COF_SESSION_TOKEN_BYTES = 128
};

typedef struct cof_sessions cof_sessions;

/** Whose session it is. Borrowed until the sessions change. */
typedef struct cof_session {
    const char *user;      /* object id */
    const char *client_id; /* of the application that was signed in to */
    cof_digest credential; /* of what the user signed in with: another one ends the session */
} cof_session;

/** @return COF_OK, COF_E_BAD_FORMAT, or as the state's functions. kept: state. */
COF_MUST_USE cof_status cof_sessions_open(const cof_state *state, cof_sessions **out, cof_err *err);

/** Starts a session, durably, and appends its token to out. */
COF_MUST_USE cof_status cof_sessions_start(cof_sessions *sessions, const cof_session *session,
                                           cof_buf *out_token, cof_err *err);

/**
 * The session of a token.
 *
 * @return COF_OK; COF_E_NOT_FOUND (none, or expired); COF_E_FORBIDDEN: the token was used before,
 * and the session is over now; or as the state's functions.
 */
COF_MUST_USE cof_status cof_sessions_find(cof_sessions *sessions, const char *token,
                                          cof_session *out, cof_err *err);

/** Gives a session that was found a new token, durably: the old one is of no use any more. */
COF_MUST_USE cof_status cof_sessions_renew(cof_sessions *sessions, const char *token,
                                           cof_buf *out_token, cof_err *err);

/** Ends the session of a token, current or old. None is fine. */
COF_MUST_USE cof_status cof_sessions_end(cof_sessions *sessions, const char *token, cof_err *err);

void cof_sessions_free(cof_sessions *sessions);
COF_OWNED(cof_sessions, cof_sessions_free);

#endif
