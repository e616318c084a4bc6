/*
 * Randomness of training: Philox4x32-10, a counter-based generator (Salmon, Moraes, Dror, Shaw:
 * "Parallel random numbers: as easy as 1, 2, 3", SC 2011). Any value can be made at any time from
 * (seed, stream, index), so there is no generator state to save. Not for keys.
 */
#ifndef COF_TENSOR_PHILOX_H
#define COF_TENSOR_PHILOX_H

#include <stddef.h>
#include <stdint.h>

/** The ten-round block function: out = Philox(counter, key). */
void cof_philox(const uint32_t counter[static 4], const uint32_t key[static 2],
                uint32_t out[static 4]);

/** A place in one of the 2^64 streams of a seed. */
typedef struct cof_random_stream {
    uint64_t seed;
    uint64_t stream;
    uint64_t block;    /* next block to make */
    uint32_t words[4]; /* the last block */
    unsigned used;     /* words of it that were given out */
} cof_random_stream;

/** The start of a stream. */
cof_random_stream cof_random_stream_of(uint64_t seed, uint64_t stream);

/** The next 32 bits. */
uint32_t cof_random_next(cof_random_stream *random);

/** Uniform in 0 to bound - 1, without bias (Lemire 2019); bound at least 1. */
uint32_t cof_random_below(cof_random_stream *random, uint32_t bound);

/** Uniform in [-1, 1), a multiple of 2^-23. */
float cof_random_signed(cof_random_stream *random);

/** Puts items into a random order (Fisher and Yates; Knuth, TAOCP 2, algorithm 3.4.2P). */
void cof_random_shuffle(cof_random_stream *random, uint32_t *items, size_t count);

#endif
