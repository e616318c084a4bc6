#include "tcb/tensor/philox.h"

void cof_philox(const uint32_t counter[static 4], const uint32_t key[static 2],
                uint32_t out[static 4])
{
    uint32_t c0 = counter[0];
    uint32_t c1 = counter[1];
    uint32_t c2 = counter[2];
    uint32_t c3 = counter[3];
    uint32_t k0 = key[0];
    uint32_t k1 = key[1];
    for (int round = 0; round < 10; round++) {
        const uint64_t left = UINT64_C(0xD2511F53) * c0;
        const uint64_t right = UINT64_C(0xCD9E8D57) * c2;
        c0 = (uint32_t)(right >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)right;
        c2 = (uint32_t)(left >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)left;
        k0 += UINT32_C(0x9E3779B9);
        k1 += UINT32_C(0xBB67AE85);
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

cof_random_stream cof_random_stream_of(uint64_t seed, uint64_t stream)
{
    return (cof_random_stream){.seed = seed, .stream = stream, .used = 4};
}

uint32_t cof_random_next(cof_random_stream *random)
{
    if (random->used == 4) {
        const uint32_t counter[4] = {(uint32_t)random->block, (uint32_t)(random->block >> 32),
                                     (uint32_t)random->stream, (uint32_t)(random->stream >> 32)};
        const uint32_t key[2] = {(uint32_t)random->seed, (uint32_t)(random->seed >> 32)};
        cof_philox(counter, key, random->words);
        random->block++;
        random->used = 0;
    }
    return random->words[random->used++];
}

uint32_t cof_random_below(cof_random_stream *random, uint32_t bound)
{
    uint64_t product = (uint64_t)cof_random_next(random) * bound;
    if ((uint32_t)product < bound) {
        const uint32_t unfair = (uint32_t)(0U - bound) % bound;
        while ((uint32_t)product < unfair) {
            product = (uint64_t)cof_random_next(random) * bound;
        }
    }
    return (uint32_t)(product >> 32);
}

float cof_random_signed(cof_random_stream *random)
{
    const int32_t value = (int32_t)(cof_random_next(random) >> 8) - (1 << 23);
    return (float)value * (1.0f / (float)(1 << 23));
}

void cof_random_shuffle(cof_random_stream *random, uint32_t *items, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        const size_t j = cof_random_below(random, (uint32_t)i);
        const uint32_t moved = items[i - 1];
        items[i - 1] = items[j];
        items[j] = moved;
    }
}
