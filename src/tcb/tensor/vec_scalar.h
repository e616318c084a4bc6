/* Sixteen floats in plain C: the meaning of each operation that vec_avx2.h and vec_avx512.h have.
 */
#ifndef COF_TENSOR_VEC_SCALAR_H
#define COF_TENSOR_VEC_SCALAR_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { LANES = 16 };

typedef struct v16 {
    float lane[LANES];
} v16;
typedef struct u16 {
    uint32_t lane[LANES];
} u16;

#define EACH_LANE(type, expression)                                                                \
    type out;                                                                                      \
    for (size_t i = 0; i < LANES; i++) {                                                           \
        out.lane[i] = (expression);                                                                \
    }                                                                                              \
    return out

static inline v16 v_load(const float *place)
{
    EACH_LANE(v16, place[i]);
}
static inline void v_store(float *place, v16 a)
{
    memcpy(place, a.lane, sizeof a.lane);
}
/* The first count lanes; the others are 0. */
static inline v16 v_load_part(const float *place, size_t count)
{
    EACH_LANE(v16, i < count ? place[i] : 0.0f);
}
static inline void v_store_part(float *place, v16 a, size_t count)
{
    memcpy(place, a.lane, count * sizeof(float));
}
static inline v16 v_load_u8(const uint8_t *place)
{
    EACH_LANE(v16, (float)place[i]);
}
static inline v16 v_all(float a)
{
    EACH_LANE(v16, a);
}
/* Lanes from count on become fill. */
static inline v16 v_fill(v16 a, size_t count, float fill)
{
    EACH_LANE(v16, i < count ? a.lane[i] : fill);
}
static inline v16 v_add(v16 a, v16 b)
{
    EACH_LANE(v16, a.lane[i] + b.lane[i]);
}
static inline v16 v_sub(v16 a, v16 b)
{
    EACH_LANE(v16, a.lane[i] - b.lane[i]);
}
static inline v16 v_mul(v16 a, v16 b)
{
    EACH_LANE(v16, a.lane[i] * b.lane[i]);
}
static inline v16 v_div(v16 a, v16 b)
{
    EACH_LANE(v16, a.lane[i] / b.lane[i]);
}
static inline v16 v_sqrt(v16 a)
{
    EACH_LANE(v16, sqrtf(a.lane[i]));
}
/* a·b + c, rounded once. */
static inline v16 v_fma(v16 a, v16 b, v16 c)
{
    EACH_LANE(v16, fmaf(a.lane[i], b.lane[i], c.lane[i]));
}
/* b when either is NaN, as the instruction has it. */
static inline v16 v_max(v16 a, v16 b)
{
    EACH_LANE(v16, a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i]);
}
static inline v16 v_min(v16 a, v16 b)
{
    EACH_LANE(v16, a.lane[i] < b.lane[i] ? a.lane[i] : b.lane[i]);
}
/* x where a > b, else y (also when either is NaN). */
static inline v16 v_if_greater(v16 a, v16 b, v16 x, v16 y)
{
    EACH_LANE(v16, a.lane[i] > b.lane[i] ? x.lane[i] : y.lane[i]);
}

static inline u16 v_bits(v16 a)
{
    u16 out;
    memcpy(out.lane, a.lane, sizeof out.lane);
    return out;
}
static inline v16 u_floats(u16 a)
{
    v16 out;
    memcpy(out.lane, a.lane, sizeof out.lane);
    return out;
}
static inline u16 u_all(uint32_t a)
{
    EACH_LANE(u16, a);
}
static inline u16 u_add(u16 a, u16 b)
{
    EACH_LANE(u16, a.lane[i] + b.lane[i]);
}
static inline u16 u_sub(u16 a, u16 b)
{
    EACH_LANE(u16, a.lane[i] - b.lane[i]);
}
static inline u16 u_and(u16 a, u16 b)
{
    EACH_LANE(u16, a.lane[i] & b.lane[i]);
}
static inline u16 u_or(u16 a, u16 b)
{
    EACH_LANE(u16, a.lane[i] | b.lane[i]);
}
static inline u16 u_left23(u16 a)
{
    EACH_LANE(u16, a.lane[i] << 23);
}
/* As a signed number, rounded down. */
static inline u16 u_right23(u16 a)
{
    EACH_LANE(u16, (uint32_t)((int32_t)a.lane[i] >> 23));
}
/* The signed numbers as floats. */
static inline v16 u_value(u16 a)
{
    EACH_LANE(v16, (float)(int32_t)a.lane[i]);
}

/* Folds lanes 8, 4, 2, 1 apart: the order is part of the result. */
static inline float v_sum(v16 a)
{
    for (size_t half = LANES / 2; half > 0; half /= 2) {
        for (size_t i = 0; i < half; i++) {
            a.lane[i] = a.lane[i] + a.lane[i + half];
        }
    }
    return a.lane[0];
}
static inline float v_largest(v16 a)
{
    for (size_t half = LANES / 2; half > 0; half /= 2) {
        for (size_t i = 0; i < half; i++) {
            a.lane[i] = a.lane[i] > a.lane[i + half] ? a.lane[i] : a.lane[i + half];
        }
    }
    return a.lane[0];
}

#endif
