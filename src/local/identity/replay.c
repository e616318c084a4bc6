#include "local/identity/replay.h"

#include <stdio.h>
#include <string.h>

typedef struct used {
    char owner[COF_REPLAY_OWNER_SIZE];
    cof_digest name;
    int64_t expires;
} used;

struct cof_replay {
    size_t count;
    used places[COF_REPLAY_PLACES];
};

cof_status cof_replay_new(cof_replay **out, cof_err *err)
{
    cof_replay *replay = calloc(1, sizeof *replay);
    if (replay == NULL) {
        return COF_FAIL(err, NO_MEMORY, "used assertions");
    }
    *out = replay;
    return COF_OK;
}

cof_status cof_replay_admit(cof_replay *replay, const char *owner, const cof_digest *name,
                            int64_t now, int64_t expires, cof_err *err)
{
    used fresh = {.name = *name, .expires = expires};
    size_t kept = 0;
    size_t own = 0;
    bool is_used = false;
    (void)snprintf(fresh.owner, sizeof fresh.owner, "%s", owner);
    for (size_t i = 0; i < replay->count; i++) {
        const used *place = &replay->places[i];
        if (place->expires > now) {
            const bool is_own = strcmp(place->owner, fresh.owner) == 0;
            is_used = is_used || (is_own && cof_digest_equal(&place->name, name));
            own += is_own ? 1 : 0;
            replay->places[kept++] = *place;
        }
    }
    replay->count = kept;
    if (is_used) {
        return COF_FAIL(err, EXISTS, "it was used before");
    }
    if (kept == COF_REPLAY_PLACES || own >= COF_REPLAY_OF_ONE) {
        return COF_FAIL(err, LIMIT, "more than %d assertions at a time",
                        own >= COF_REPLAY_OF_ONE ? COF_REPLAY_OF_ONE : COF_REPLAY_PLACES);
    }
    replay->places[replay->count++] = fresh;
    return COF_OK;
}

void cof_replay_free(cof_replay *replay)
{
    free(replay);
}
