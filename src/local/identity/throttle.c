#include "local/identity/throttle.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

typedef struct failures {
    char name[COF_THROTTLE_NAME_SIZE];
    unsigned count; /* 0: the place is free */
    int64_t last;
} failures;

struct cof_throttle {
    failures places[COF_THROTTLE_NAMES];
};

cof_status cof_throttle_new(cof_throttle **out, cof_err *err)
{
    cof_throttle *throttle = calloc(1, sizeof *throttle);
    if (throttle == NULL) {
        return COF_FAIL(err, NO_MEMORY, "throttle");
    }
    *out = throttle;
    return COF_OK;
}

static size_t find(const cof_throttle *throttle, const char *name)
{
    for (size_t i = 0; i < COF_THROTTLE_NAMES; i++) {
        const failures *place = &throttle->places[i];
        if (place->count > 0 && strncasecmp(place->name, name, sizeof place->name - 1) == 0) {
            return i;
        }
    }
    return COF_THROTTLE_NAMES;
}

static bool is_forgotten(const failures *place, int64_t now)
{
    return now < place->last || now - place->last >= COF_THROTTLE_FORGET_S;
}

int64_t cof_throttle_wait(const cof_throttle *throttle, const char *name, int64_t now)
{
    const size_t index = find(throttle, name);
    if (index == COF_THROTTLE_NAMES) {
        return 0;
    }
    const failures *place = &throttle->places[index];
    if (place->count < COF_THROTTLE_FREE || is_forgotten(place, now)) {
        return 0;
    }
    int64_t pause = COF_THROTTLE_FIRST_S;
    for (unsigned i = COF_THROTTLE_FREE; i < place->count && pause < COF_THROTTLE_MAX_S; i++) {
        pause *= 2;
    }
    pause = pause < COF_THROTTLE_MAX_S ? pause : COF_THROTTLE_MAX_S;
    const int64_t left = place->last + pause - now;
    return left > 0 ? left : 0;
}

/* A free place, else that of whom nobody has heard longest. */
static failures *make_room(cof_throttle *throttle, const char *name)
{
    failures *best = &throttle->places[0];
    for (size_t i = 0; i < COF_THROTTLE_NAMES && best->count > 0; i++) {
        failures *place = &throttle->places[i];
        best = place->count == 0 || place->last < best->last ? place : best;
    }
    *best = (failures){0};
    (void)snprintf(best->name, sizeof best->name, "%s", name);
    return best;
}

void cof_throttle_failed(cof_throttle *throttle, const char *name, int64_t now)
{
    const size_t index = find(throttle, name);
    failures *place =
        index < COF_THROTTLE_NAMES ? &throttle->places[index] : make_room(throttle, name);
    if (is_forgotten(place, now)) {
        place->count = 0;
    }
    place->count += place->count < 1000 ? 1 : 0;
    place->last = now;
}

void cof_throttle_passed(cof_throttle *throttle, const char *name)
{
    const size_t index = find(throttle, name);
    if (index < COF_THROTTLE_NAMES) {
        throttle->places[index] = (failures){0};
    }
}

void cof_throttle_free(cof_throttle *throttle)
{
    free(throttle);
}
