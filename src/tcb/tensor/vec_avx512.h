/* Sixteen floats in one AVX-512 register; each operation means what vec_scalar.h says. */
#ifndef COF_TENSOR_VEC_AVX512_H
#define COF_TENSOR_VEC_AVX512_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

enum { LANES = 16 };

typedef __m512 v16;
typedef __m512i u16;

static inline __mmask16 first_lanes(size_t count)
{
    return (__mmask16)((UINT32_C(1) << count) - 1);
}

static inline v16 v_load(const float *place)
{
    return _mm512_loadu_ps(place);
}
static inline void v_store(float *place, v16 a)
{
    _mm512_storeu_ps(place, a);
}
static inline v16 v_load_part(const float *place, size_t count)
{
    return _mm512_maskz_loadu_ps(first_lanes(count), place);
}
static inline void v_store_part(float *place, v16 a, size_t count)
{
    _mm512_mask_storeu_ps(place, first_lanes(count), a);
}
static inline v16 v_load_u8(const uint8_t *place)
{
    return _mm512_cvtepi32_ps(
        _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(const void *)place)));
}
static inline v16 v_all(float a)
{
    return _mm512_set1_ps(a);
}
static inline v16 v_fill(v16 a, size_t count, float fill)
{
    return _mm512_mask_mov_ps(_mm512_set1_ps(fill), first_lanes(count), a);
}
static inline v16 v_add(v16 a, v16 b)
{
    return _mm512_add_ps(a, b);
}
static inline v16 v_sub(v16 a, v16 b)
{
    return _mm512_sub_ps(a, b);
}
static inline v16 v_mul(v16 a, v16 b)
{
    return _mm512_mul_ps(a, b);
}
static inline v16 v_div(v16 a, v16 b)
{
    return _mm512_div_ps(a, b);
}
static inline v16 v_sqrt(v16 a)
{
    return _mm512_sqrt_ps(a);
}
static inline v16 v_fma(v16 a, v16 b, v16 c)
{
    return _mm512_fmadd_ps(a, b, c);
}
static inline v16 v_max(v16 a, v16 b)
{
    return _mm512_max_ps(a, b);
}
static inline v16 v_min(v16 a, v16 b)
{
    return _mm512_min_ps(a, b);
}
static inline v16 v_if_greater(v16 a, v16 b, v16 x, v16 y)
{
    return _mm512_mask_mov_ps(y, _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ), x);
}

static inline u16 v_bits(v16 a)
{
    return _mm512_castps_si512(a);
}
static inline v16 u_floats(u16 a)
{
    return _mm512_castsi512_ps(a);
}
static inline u16 u_all(uint32_t a)
{
    return _mm512_set1_epi32((int)a);
}
static inline u16 u_add(u16 a, u16 b)
{
    return _mm512_add_epi32(a, b);
}
static inline u16 u_sub(u16 a, u16 b)
{
    return _mm512_sub_epi32(a, b);
}
static inline u16 u_and(u16 a, u16 b)
{
    return _mm512_and_si512(a, b);
}
static inline u16 u_or(u16 a, u16 b)
{
    return _mm512_or_si512(a, b);
}
static inline u16 u_left23(u16 a)
{
    return _mm512_slli_epi32(a, 23);
}
static inline u16 u_right23(u16 a)
{
    return _mm512_srai_epi32(a, 23);
}
static inline v16 u_value(u16 a)
{
    return _mm512_cvtepi32_ps(a);
}

/* The upper half of a register onto the lower, then quarters, pairs and single lanes. */
#define FOLD(a, join256, join128, joined)                                                          \
    const __m256 f8 = join256(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));            \
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
