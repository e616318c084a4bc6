/* Numbers that only look random, the same in every run: for tests that try many inputs. */
#ifndef COF_HARNESS_PRNG_H
#define COF_HARNESS_PRNG_H

#include <stddef.h>
#include <stdint.h>

typedef struct cof_prng {
    uint64_t state;
} cof_prng;

/** splitmix64 (Steele, Lea, Flood 2014). */
static inline uint64_t cof_prng_next(cof_prng *prng)
{
    uint64_t z = prng->state += 0x9E3779B97F4A7C15;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    return z ^ z >> 31;
}

/** From 0 to bound - 1. */
static inline size_t cof_prng_below(cof_prng *prng, size_t bound)
{
    return (size_t)(cof_prng_next(prng) % bound);
}

static inline void cof_prng_fill(cof_prng *prng, void *out, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        ((uint8_t *)out)[i] = (uint8_t)cof_prng_next(prng);
    }
}

#endif
