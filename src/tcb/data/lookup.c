#include "tcb/data/lookup.h"

#include <string.h>

/* FNV-1a. Who could choose colliding texts is who wrote the schema, and slows down only the own
 * job. */
static uint64_t hash_bytes(cof_view text)
{
    uint64_t hash = 0xcbf29ce484222325ull;
    for (size_t i = 0; i < text.size; i++) {
        hash = (hash ^ text.data[i]) * 0x100000001b3ull;
    }
    return hash ^ (hash >> 32);
}

cof_status cof_lookup_init(cof_lookup *lookup, const char *const *texts, size_t count,
                           size_t *out_repeated, cof_err *err)
{
    size_t slots = 8;
    while (slots < 2 * count) {
        slots *= 2;
    }
    *lookup = (cof_lookup){.texts = texts, .mask = slots - 1};
    lookup->slots = calloc(slots, sizeof *lookup->slots);
    if (lookup->slots == NULL) {
        return COF_FAIL(err, NO_MEMORY, "lookup of %zu texts", count);
    }
    for (size_t i = 0; i < count; i++) {
        const cof_view text = cof_view_text(texts[i]);
        size_t at = hash_bytes(text) & lookup->mask;
        while (lookup->slots[at] != 0) {
            if (cof_view_equal(text, cof_view_text(texts[lookup->slots[at] - 1]))) {
                cof_lookup_free(lookup);
                *out_repeated = i;
                return COF_FAIL(err, EXISTS, "text %zu stands there twice", i);
            }
            at = (at + 1) & lookup->mask;
        }
        lookup->slots[at] = (uint32_t)(i + 1);
    }
    return COF_OK;
}

bool cof_lookup_find(const cof_lookup *lookup, cof_view text, size_t *out_index)
{
    if (lookup->slots == NULL) {
        return false;
    }
    for (size_t at = hash_bytes(text) & lookup->mask; lookup->slots[at] != 0;
         at = (at + 1) & lookup->mask) {
        const size_t index = lookup->slots[at] - 1;
        if (cof_view_equal(text, cof_view_text(lookup->texts[index]))) {
            *out_index = index;
            return true;
        }
    }
    return false;
}

void cof_lookup_free(cof_lookup *lookup)
{
    free(lookup->slots);
    *lookup = (cof_lookup){0};
}

enum { NEAR_BYTES = 64 };

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 'a' - 'A') : c;
}

static size_t smallest(size_t a, size_t b, size_t c)
{
    const size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Optimal string alignment distance, with the last three rows of its table. Sizes are at most
 * NEAR_BYTES. */
static size_t distance(cof_view a, cof_view b)
{
    size_t rows[3][NEAR_BYTES + 1];
    for (size_t j = 0; j <= b.size; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a.size; i++) {
        size_t *now = rows[i % 3];
        const size_t *last = rows[(i + 2) % 3];
        const size_t *before = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= b.size; j++) {
            const uint8_t x = lower(a.data[i - 1]);
            const uint8_t y = lower(b.data[j - 1]);
            now[j] = smallest(last[j] + 1, now[j - 1] + 1, last[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == lower(b.data[j - 2]) && lower(a.data[i - 2]) == y &&
                before[j - 2] + 1 < now[j]) {
                now[j] = before[j - 2] + 1;
            }
        }
    }
    return rows[a.size % 3][b.size];
}

bool cof_lookup_near(const char *const *texts, size_t count, cof_view text, size_t *out_index)
{
    if (text.size == 0 || text.size > NEAR_BYTES) {
        return false;
    }
    size_t best = (text.size + 2) / 3 + 1;
    bool found = false;
    for (size_t i = 0; i < count; i++) {
        const cof_view candidate = cof_view_text(texts[i]);
        if (candidate.size > NEAR_BYTES) {
            continue;
        }
        const size_t far = distance(text, candidate);
        if (far < best) {
            best = far;
            *out_index = i;
            found = true;
        }
    }
    return found;
}
