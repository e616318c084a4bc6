/* What was used once and must not be used again while it is valid: names of client assertions
 * (jti). In memory: an assertion lives for minutes. */
#ifndef COF_LOCAL_REPLAY_H
#define COF_LOCAL_REPLAY_H

#include <stdint.h>

#include "tcb/crypto/digest.h"

enum {
    COF_REPLAY_PLACES = 4096,
    COF_REPLAY_OF_ONE = 1024, /* owner: so that one does not keep out all others */
    COF_REPLAY_OWNER_SIZE = 37
};

typedef struct cof_replay cof_replay;

COF_MUST_USE cof_status cof_replay_new(cof_replay **out, cof_err *err);

/**
 * Is this new? Then it is remembered until it has expired.
 *
 * @param owner  whose it is: a GUID's text
 * @return COF_OK, COF_E_EXISTS (used before), COF_E_LIMIT (too many are remembered: refuse, do not
 * forget one)
 */
COF_MUST_USE cof_status cof_replay_admit(cof_replay *replay, const char *owner,
                                         const cof_digest *name, int64_t now, int64_t expires,
                                         cof_err *err);

void cof_replay_free(cof_replay *replay);
COF_OWNED(cof_replay, cof_replay_free);

#endif
