/* Sixteen floats in two AVX registers; each operation means what vec_scalar.h says. */
#ifndef COF_TENSOR_VEC_AVX2_H
#define COF_TENSOR_VEC_AVX2_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { LANES = 16 };

typedef struct v16 {
    __m256 low, high;
} v16;
typedef struct u16 {
    __m256i low, high;
} u16;

#define PAIR(type, operation)                                                                      \
    return (type)                                                                                  \
    {                                                                                              \
        operation(a.low, b.low), operation(a.high, b.high)                                         \
    }

static inline v16 v_load(const float *place)
{
    return (v16){_mm256_loadu_ps(place), _mm256_loadu_ps(place + 8)};
}
static inline void v_store(float *place, v16 a)
{
    _mm256_storeu_ps(place, a.low);
    _mm256_storeu_ps(place + 8, a.high);
}
static inline v16 v_load_part(const float *place, size_t count)
{
    float lanes[LANES] = {0};
    memcpy(lanes, place, count * sizeof(float));
    return v_load(lanes);
}
static inline void v_store_part(float *place, v16 a, size_t count)
{
    float lanes[LANES];
    v_store(lanes, a);
    memcpy(place, lanes, count * sizeof(float));
}
static inline __m256 eight_bytes(const uint8_t *place)
{
    return _mm256_cvtepi32_ps(
        _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)place)));
}
static inline v16 v_load_u8(const uint8_t *place)
{
    return (v16){eight_bytes(place), eight_bytes(place + 8)};
}
static inline v16 v_all(float a)
{
    return (v16){_mm256_set1_ps(a), _mm256_set1_ps(a)};
}
static inline v16 v_fill(v16 a, size_t count, float fill)
{
    float lanes[LANES];
    v_store(lanes, a);
    for (size_t i = count; i < LANES; i++) {
        lanes[i] = fill;
    }
    return v_load(lanes);
}
static inline v16 v_add(v16 a, v16 b)
{
    PAIR(v16, _mm256_add_ps);
}
static inline v16 v_sub(v16 a, v16 b)
{
    PAIR(v16, _mm256_sub_ps);
}
static inline v16 v_mul(v16 a, v16 b)
{
    PAIR(v16, _mm256_mul_ps);
}
static inline v16 v_div(v16 a, v16 b)
{
    PAIR(v16, _mm256_div_ps);
}
static inline v16 v_sqrt(v16 a)
{
    return (v16){_mm256_sqrt_ps(a.low), _mm256_sqrt_ps(a.high)};
}
static inline v16 v_fma(v16 a, v16 b, v16 c)
{
    return (v16){_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
}
static inline v16 v_max(v16 a, v16 b)
{
    PAIR(v16, _mm256_max_ps);
}
static inline v16 v_min(v16 a, v16 b)
{
    PAIR(v16, _mm256_min_ps);
}
static inline v16 v_if_greater(v16 a, v16 b, v16 x, v16 y)
{
    return (v16){_mm256_blendv_ps(y.low, x.low, _mm256_cmp_ps(a.low, b.low, _CMP_GT_OQ)),
                 _mm256_blendv_ps(y.high, x.high, _mm256_cmp_ps(a.high, b.high, _CMP_GT_OQ))};
}

static inline u16 v_bits(v16 a)
{
    return (u16){_mm256_castps_si256(a.low), _mm256_castps_si256(a.high)};
}
static inline v16 u_floats(u16 a)
{
    return (v16){_mm256_castsi256_ps(a.low), _mm256_castsi256_ps(a.high)};
}
static inline u16 u_all(uint32_t a)
{
    return (u16){_mm256_set1_epi32((int)a), _mm256_set1_epi32((int)a)};
}
static inline u16 u_add(u16 a, u16 b)
{
    PAIR(u16, _mm256_add_epi32);
}
static inline u16 u_sub(u16 a, u16 b)
{
    PAIR(u16, _mm256_sub_epi32);
}
static inline u16 u_and(u16 a, u16 b)
{
    PAIR(u16, _mm256_and_si256);
}
static inline u16 u_or(u16 a, u16 b)
{
    PAIR(u16, _mm256_or_si256);
}
static inline u16 u_left23(u16 a)
{
    return (u16){_mm256_slli_epi32(a.low, 23), _mm256_slli_epi32(a.high, 23)};
}
static inline u16 u_right23(u16 a)
{
    return (u16){_mm256_srai_epi32(a.low, 23), _mm256_srai_epi32(a.high, 23)};
}
static inline v16 u_value(u16 a)
{
    return (v16){_mm256_cvtepi32_ps(a.low), _mm256_cvtepi32_ps(a.high)};
}

/* The upper register onto the lower, then quarters, pairs and single lanes. */
#define FOLD(a, join256, join128, joined)                                                          \
    const __m256 f8 = join256((a).low, (a).high);                                                  \
    const __m128 f4 = join128(_mm256_castps256_ps128(f8), _mm256_extractf128_ps(f8, 1));           \
    const __m128 f2 = join128(f4, _mm_movehl_ps(f4, f4));                                          \
    const __m128 joined = join128(f2, _mm_movehdup_ps(f2))

static inline float v_sum(v16 a)
{
    FOLD(a, _mm256_add_ps, _mm_add_ps, sum);
    return _mm_cvtss_f32(sum);
}
static inline float v_largest(v16 a)
{
    FOLD(a, _mm256_max_ps, _mm_max_ps, largest);
    return _mm_cvtss_f32(largest);
}

#endif
