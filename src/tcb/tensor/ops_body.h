/*
 * The row operations of cof_kernels, written once over sixteen lanes; included by kernels_scalar.c,
 * kernels_avx2.c and kernels_avx512.c after their vec_*.h, with KERNELS_NAME, KERNELS_PATH and
 * KERNELS_GEMM. One text for all paths is what makes them agree to the bit.
 *
 * exp, log and tanh follow the Cephes library's single-precision polynomials (S. Moshier, netlib
 * cephes/single: expf.c, logf.c, tanhf.c). Comparisons are written so that NaN always comes out as
 * NaN: a training run that went wrong has to be seen.
 */
#include "tcb/tensor/kernels_internal.h"

/* Evaluates the statement for each whole or partial vector: i is its place, n its lanes. */
#define EACH_VECTOR(count)                                                                         \
    for (size_t i = 0, n = LANES; i < (count) && (n = (count)-i < LANES ? (count)-i : LANES) > 0;  \
         i += LANES)

static inline v16 take(const float *place, size_t n)
{
    return n == LANES ? v_load(place) : v_load_part(place, n);
}

static inline void put(float *place, v16 a, size_t n)
{
    if (n == LANES) {
        v_store(place, a);
    } else {
        v_store_part(place, a, n);
    }
}

static inline v16 vec_exp(v16 x)
{
    /* Limits first in v_max and v_min: they give the second argument when it is NaN. */
    x = v_min(v_all(88.0f), v_max(v_all(-86.6f), x));
    const v16 magic = v_all(12582912.0f); /* 1.5 · 2^23: adding it rounds to an integer */
    const v16 shifted = v_fma(x, v_all(1.44269504f), magic);
    const v16 n = v_sub(shifted, magic);
    v16 r = v_fma(n, v_all(-0.693359375f), x);
    r = v_fma(n, v_all(2.12194440e-4f), r);
    v16 p = v_all(1.9875691500e-4f);
    p = v_fma(p, r, v_all(1.3981999507e-3f));
    p = v_fma(p, r, v_all(8.3334519073e-3f));
    p = v_fma(p, r, v_all(4.1665795894e-2f));
    p = v_fma(p, r, v_all(1.6666665459e-1f));
    p = v_fma(p, r, v_all(5.0000001201e-1f));
    p = v_add(v_fma(v_mul(r, r), p, r), v_all(1.0f));
    /* The low bits of shifted are n: added to the exponent they multiply by 2^n. A NaN's exponent
     * has no room for that, so it is brought back by r - r, which is 0 otherwise. */
    return v_add(u_floats(u_add(v_bits(p), u_left23(v_bits(shifted)))), v_sub(r, r));
}

static inline v16 vec_log(v16 x)
{
    /* x = m · 2^e with m in [sqrt(1/2), sqrt(2)). */
    const u16 exponent = u_right23(u_sub(v_bits(x), u_all(0x3f3504f3)));
    const v16 m = v_sub(u_floats(u_sub(v_bits(x), u_left23(exponent))), v_all(1.0f));
    const v16 e = u_value(exponent);
    const v16 z = v_mul(m, m);
    v16 p = v_all(7.0376836292e-2f);
    p = v_fma(p, m, v_all(-1.1514610310e-1f));
    p = v_fma(p, m, v_all(1.1676998740e-1f));
    p = v_fma(p, m, v_all(-1.2420140846e-1f));
    p = v_fma(p, m, v_all(1.4249322787e-1f));
    p = v_fma(p, m, v_all(-1.6668057665e-1f));
    p = v_fma(p, m, v_all(2.0000714765e-1f));
    p = v_fma(p, m, v_all(-2.4999993993e-1f));
    p = v_fma(p, m, v_all(3.3333331174e-1f));
    p = v_mul(v_mul(p, m), z);
    p = v_fma(e, v_all(-2.12194440e-4f), p);
    p = v_fma(z, v_all(-0.5f), p);
    p = v_fma(e, v_all(0.693359375f), v_add(m, p));
    /* x - x is 0 for a finite x, else NaN. */
    return v_add(p, v_sub(x, x));
}

static inline v16 vec_abs(v16 x)
{
    return u_floats(u_and(v_bits(x), u_all(0x7fffffff)));
}

static inline v16 vec_tanh(v16 x)
{
    const v16 size = vec_abs(x);
    const v16 z = v_mul(x, x);
    v16 p = v_all(-5.70498872745e-3f);
    p = v_fma(p, z, v_all(2.06390887954e-2f));
    p = v_fma(p, z, v_all(-5.37397155531e-2f));
    p = v_fma(p, z, v_all(1.33314422036e-1f));
    p = v_fma(p, z, v_all(-3.33332819422e-1f));
    const v16 near = v_fma(v_mul(p, z), x, x);
    const v16 one = v_all(1.0f);
    const v16 far = v_sub(one, v_div(v_all(2.0f), v_add(vec_exp(v_add(size, size)), one)));
    const u16 sign = u_and(v_bits(x), u_all(0x80000000U));
    return v_if_greater(size, v_all(0.625f), u_floats(u_or(v_bits(far), sign)), near);
}

static inline v16 vec_sigmoid(v16 x)
{
    const v16 one = v_all(1.0f);
    return v_div(one, v_add(one, vec_exp(v_sub(v_all(0.0f), x))));
}

static void op_normalize_f32(const float *x, const float *mean, const float *scale, float *y,
                             size_t count)
{
    EACH_VECTOR(count)
    {
        put(y + i, v_mul(v_sub(take(x + i, n), take(mean + i, n)), take(scale + i, n)), n);
    }
}

static void op_normalize_u8(const uint8_t *x, float mean, float scale, float *y, size_t count)
{
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        v_store(y + i, v_mul(v_sub(v_load_u8(x + i), v_all(mean)), v_all(scale)));
    }
    for (; i < count; i++) {
        y[i] = ((float)x[i] - mean) * scale;
    }
}

/* An operation on each element of x. */
#define MAP(name, expression)                                                                      \
    static void name(float *x, size_t count)                                                       \
    {                                                                                              \
        EACH_VECTOR(count)                                                                         \
        {                                                                                          \
            const v16 a = take(x + i, n);                                                          \
            put(x + i, (expression), n);                                                           \
        }                                                                                          \
    }
MAP(op_relu, v_max(v_all(0.0f), a))
MAP(op_tanh, vec_tanh(a))
MAP(op_sigmoid, vec_sigmoid(a))
MAP(op_exp, vec_exp(a))
MAP(op_log, vec_log(a))

/* A derivative, from the activation's output b, times a. */
#define MAP_BACK(name, expression)                                                                 \
    static void name(const float *y, float *dx, size_t count)                                      \
    {                                                                                              \
        EACH_VECTOR(count)                                                                         \
        {                                                                                          \
            const v16 a = take(dx + i, n);                                                         \
            const v16 b = take(y + i, n);                                                          \
            put(dx + i, (expression), n);                                                          \
        }                                                                                          \
    }
MAP_BACK(op_relu_back, v_if_greater(b, v_all(0.0f), a, v_all(0.0f)))
MAP_BACK(op_tanh_back, v_mul(a, v_sub(v_all(1.0f), v_mul(b, b))))
MAP_BACK(op_sigmoid_back, v_mul(a, v_mul(b, v_sub(v_all(1.0f), b))))

/* z becomes exp(z - largest); gives the sum and the largest. */
static float exponentials(float *z, size_t count, float *out_largest)
{
    v16 largest = v_all(z[0]);
    EACH_VECTOR(count)
    {
        largest = v_max(largest, v_fill(take(z + i, n), n, z[0]));
    }
    *out_largest = v_largest(largest);
    v16 sum = v_all(0.0f);
    EACH_VECTOR(count)
    {
        const v16 e = v_fill(vec_exp(v_sub(take(z + i, n), v_all(*out_largest))), n, 0.0f);
        put(z + i, e, n);
        sum = v_add(sum, e);
    }
    return v_sum(sum);
}

static void op_softmax(float *z, size_t count)
{
    float largest = 0.0f;
    const float sum = exponentials(z, count, &largest);
    EACH_VECTOR(count)
    {
        put(z + i, v_div(take(z + i, n), v_all(sum)), n);
    }
}

static float op_softmax_loss(float *z, size_t count, size_t label, float weight, float share)
{
    const float right = z[label];
    float largest = 0.0f;
    const float sum = exponentials(z, count, &largest);
    float log_sum[LANES];
    v_store(log_sum, vec_log(v_all(sum)));
    const v16 factor = v_all(weight * share);
    EACH_VECTOR(count)
    {
        put(z + i, v_mul(v_div(take(z + i, n), v_all(sum)), factor), n);
    }
    z[label] = z[label] - weight * share;
    return weight * (log_sum[0] + (largest - right));
}

static void op_bce_loss(float *z, const float *y, const float *w, float share, float *loss,
                        size_t count)
{
    const v16 zero = v_all(0.0f);
    const v16 one = v_all(1.0f);
    EACH_VECTOR(count)
    {
        const v16 a = take(z + i, n);
        const v16 label = take(y + i, n);
        const v16 weight = take(w + i, n);
        /* max(z, 0) - z·y + log(1 + exp(-|z|)): no term overflows. */
        const v16 tail = vec_log(v_add(one, vec_exp(v_sub(zero, vec_abs(a)))));
        put(loss + i, v_mul(weight, v_add(v_sub(v_max(zero, a), v_mul(a, label)), tail)), n);
        put(z + i, v_mul(v_mul(weight, v_all(share)), v_sub(vec_sigmoid(a), label)), n);
    }
}

static void op_mse_loss(float *z, const float *y, float share, float *loss, size_t count)
{
    EACH_VECTOR(count)
    {
        const v16 off = v_sub(take(z + i, n), take(y + i, n));
        put(loss + i, v_mul(off, off), n);
        put(z + i, v_mul(v_all(2.0f * share), off), n);
    }
}

static void op_sgd(const cof_sgd_step *step, const float *g, float *w, float *v, size_t count)
{
    const v16 decay = v_all(step->decay);
    const v16 momentum = v_all(step->momentum);
    const v16 rate = v_all(-step->rate);
    EACH_VECTOR(count)
    {
        const v16 weight = take(w + i, n);
        const v16 slope = v_fma(decay, weight, take(g + i, n));
        const v16 speed = v_fma(momentum, take(v + i, n), slope);
        put(v + i, speed, n);
        put(w + i, v_fma(rate, speed, weight), n);
    }
}

static void op_adamw(const cof_adamw_step *step, const float *g, float *w, float *m, float *v,
                     size_t count)
{
    const v16 beta1 = v_all(step->beta1);
    const v16 beta2 = v_all(step->beta2);
    const v16 rest1 = v_all(1.0f - step->beta1);
    const v16 rest2 = v_all(1.0f - step->beta2);
    EACH_VECTOR(count)
    {
        const v16 slope = take(g + i, n);
        const v16 first = v_fma(beta1, take(m + i, n), v_mul(rest1, slope));
        const v16 second = v_fma(beta2, take(v + i, n), v_mul(rest2, v_mul(slope, slope)));
        const v16 below = v_fma(v_sqrt(second), v_all(step->root), v_all(step->epsilon));
        const v16 kept = v_mul(take(w + i, n), v_all(step->keep));
        put(m + i, first, n);
        put(v + i, second, n);
        put(w + i, v_fma(v_all(-step->rate), v_div(first, below), kept), n);
    }
}

const cof_kernels KERNELS_NAME = {
    .path = KERNELS_PATH,
    .gemm = KERNELS_GEMM,
    .normalize_f32 = op_normalize_f32,
    .normalize_u8 = op_normalize_u8,
    .relu = op_relu,
    .tanh = op_tanh,
    .sigmoid = op_sigmoid,
    .relu_back = op_relu_back,
    .tanh_back = op_tanh_back,
    .sigmoid_back = op_sigmoid_back,
    .softmax = op_softmax,
    .softmax_loss = op_softmax_loss,
    .bce_loss = op_bce_loss,
    .mse_loss = op_mse_loss,
    .sgd = op_sgd,
    .adamw = op_adamw,
    .exp = op_exp,
    .log = op_log,
};
