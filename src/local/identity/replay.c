#include "local/identity/replay.h"

typedef struct used {
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

cof_status cof_replay_admit(cof_replay *replay, const cof_digest *name, int64_t now,
                            int64_t expires, cof_err *err)
{
    size_t kept = 0;
    bool is_used = false;
    for (size_t i = 0; i < replay->count; i++) {
        const used *place = &replay->places[i];
        if (place->expires > now) {
            is_used = is_used || cof_digest_equal(&place->name, name);
            replay->places[kept++] = *place;
        }
    }
    replay->count = kept;
    if (is_used) {
        return COF_FAIL(err, EXISTS, "it was used before");
    }
    if (kept == COF_REPLAY_PLACES) {
        return COF_FAIL(err, LIMIT, "more than %d assertions at a time", COF_REPLAY_PLACES);
    }
    replay->places[replay->count++] = (used){.name = *name, .expires = expires};
    return COF_OK;
}

void cof_replay_free(cof_replay *replay)
{
    free(replay);
}
