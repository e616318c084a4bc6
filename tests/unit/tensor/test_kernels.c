/*
 * Row operations: against plain double-precision formulas, and every path against the scalar one to
 * the bit, at lengths with every kind of remainder.
 */
#include <math.h>
#include <string.h>

#include "harness/cof_test.h"
#include "tcb/tensor/kernels.h"
#include "tcb/tensor/philox.h"

enum { MOST = 131, GUARD = 20 };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const size_t lengths[] = {1, 2, 7, 15, 16, 17, 31, 32, 33, 47, 100, 127, MOST};

/* Everything an operation can read or write. */
typedef struct bench {
    float x[MOST + GUARD];
    float y[MOST + GUARD];
    float w[MOST + GUARD];
    float loss[MOST + GUARD];
    uint8_t bytes[MOST + GUARD];
    float result;
} bench;

static void fill(bench *b, uint64_t seed, float size)
{
    memset(b, 0, sizeof *b);
    cof_random_stream random = cof_random_stream_of(seed, 0);
    for (size_t i = 0; i < MOST + GUARD; i++) {
        b->x[i] = size * cof_random_signed(&random);
        b->y[i] = cof_random_signed(&random);
        b->w[i] = 1.0f + cof_random_signed(&random);
        b->loss[i] = cof_random_signed(&random);
        b->bytes[i] = (uint8_t)cof_random_below(&random, 256);
    }
}

/* Each operation on a bench, by name. */
typedef void operation(const cof_kernels *k, bench *b, size_t n);

static void do_normalize_f32(const cof_kernels *k, bench *b, size_t n)
{
    k->normalize_f32(b->x, b->y, b->w, b->loss, n);
}
static void do_normalize_u8(const cof_kernels *k, bench *b, size_t n)
{
    k->normalize_u8(b->bytes, 33.3f, 0.0123f, b->x, n);
}
static void do_relu(const cof_kernels *k, bench *b, size_t n)
{
    k->relu(b->x, n);
}
static void do_tanh(const cof_kernels *k, bench *b, size_t n)
{
    k->tanh(b->x, n);
}
static void do_sigmoid(const cof_kernels *k, bench *b, size_t n)
{
    k->sigmoid(b->x, n);
}
static void do_relu_back(const cof_kernels *k, bench *b, size_t n)
{
    k->relu_back(b->y, b->x, n);
}
static void do_tanh_back(const cof_kernels *k, bench *b, size_t n)
{
    k->tanh_back(b->y, b->x, n);
}
static void do_sigmoid_back(const cof_kernels *k, bench *b, size_t n)
{
    k->sigmoid_back(b->y, b->x, n);
}
static void do_softmax(const cof_kernels *k, bench *b, size_t n)
{
    k->softmax(b->x, n);
}
static void do_softmax_loss(const cof_kernels *k, bench *b, size_t n)
{
    b->result = k->softmax_loss(b->x, n, n / 2, 1.7f, 0.31f);
}
static void do_bce_loss(const cof_kernels *k, bench *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        b->y[i] = b->y[i] > 0 ? 1.0f : 0.0f;
    }
    k->bce_loss(b->x, b->y, b->w, 0.31f, b->loss, n);
}
static void do_mse_loss(const cof_kernels *k, bench *b, size_t n)
{
    k->mse_loss(b->x, b->y, 0.31f, b->loss, n);
}
static void do_sgd(const cof_kernels *k, bench *b, size_t n)
{
    const cof_sgd_step step = {.rate = 0.03f, .momentum = 0.9f, .decay = 0.01f};
    k->sgd(&step, b->y, b->x, b->loss, n);
}
static void do_adamw(const cof_kernels *k, bench *b, size_t n)
{
    const cof_adamw_step step = {.rate = 0.02f,
                                 .beta1 = 0.9f,
                                 .beta2 = 0.99f,
                                 .epsilon = 1e-6f,
                                 .keep = 0.999f,
                                 .root = 3.0f};
    k->adamw(&step, b->y, b->x, b->loss, b->w, n);
}
static void do_exp(const cof_kernels *k, bench *b, size_t n)
{
    k->exp(b->x, n);
}
static void do_log(const cof_kernels *k, bench *b, size_t n)
{
    k->log(b->w, n);
}

static operation *const operations[] = {
    do_normalize_f32, do_normalize_u8, do_relu,    do_tanh,         do_sigmoid,  do_relu_back,
    do_tanh_back,     do_sigmoid_back, do_softmax, do_softmax_loss, do_bce_loss, do_mse_loss,
    do_sgd,           do_adamw,        do_exp,     do_log,
};

static const cof_kernels *kernels_of(cof_kernel_path path)
{
    const cof_kernels *kernels = NULL;
    return cof_kernels_of(path, &kernels, NULL) == COF_OK ? kernels : NULL;
}

static void every_path_gives_the_oracles_bits(void **state)
{
    (void)state;
    static bench expected;
    static bench found;
    static const float spans[] = {1.0f, 10.0f, 300.0f};
    for (int p = 1; p < COF_PATH_COUNT; p++) {
        const cof_kernels *kernels = kernels_of((cof_kernel_path)p);
        for (size_t o = 0; kernels != NULL && o < COUNT(operations); o++) {
            for (size_t x = 0; x < COUNT(lengths) * COUNT(spans); x++) {
                fill(&expected, x, spans[x % COUNT(spans)]);
                fill(&found, x, spans[x % COUNT(spans)]);
                operations[o](kernels_of(COF_PATH_SCALAR), &expected, lengths[x / COUNT(spans)]);
                operations[o](kernels, &found, lengths[x / COUNT(spans)]);
                assert_memory_equal(&found, &expected, sizeof found);
            }
        }
    }
}

/* On every path, what is behind the count stays as it was, bit for bit. */
static void nothing_behind_the_count_is_written(void **state)
{
    (void)state;
    static bench before;
    static bench after;
    for (int p = 0; p < COF_PATH_COUNT; p++) {
        const cof_kernels *kernels = kernels_of((cof_kernel_path)p);
        for (size_t o = 0; kernels != NULL && o < COUNT(operations); o++) {
            for (size_t x = 0; x < COUNT(lengths); x++) {
                const size_t n = lengths[x];
                const size_t rest = (MOST + GUARD - n) * sizeof(float);
                fill(&before, 77, 3.0f);
                fill(&after, 77, 3.0f);
                operations[o](kernels, &after, n);
                assert_memory_equal(after.x + n, before.x + n, rest);
                assert_memory_equal(after.y + n, before.y + n, rest);
                assert_memory_equal(after.w + n, before.w + n, rest);
                assert_memory_equal(after.loss + n, before.loss + n, rest);
            }
        }
    }
}

static void close_to(double found, double expected, double tolerance)
{
    if (!(fabs(found - expected) <= tolerance * (1.0 + fabs(expected)))) {
        fail_msg("%.9g where %.9g is expected", found, expected);
    }
}

static double sigmoid(double z)
{
    return 1.0 / (1.0 + exp(-z));
}

/* 2^-21: a few roundings of single precision. */
#define FEW 0x1p-21

static void activations_and_their_slopes_are_right(void **state)
{
    (void)state;
    static bench b;
    static bench in;
    fill(&in, 5, 6.0f);
    const cof_kernels *k = kernels_of(COF_PATH_SCALAR);
    for (size_t o = 2; o <= 7; o++) {
        fill(&b, 5, 6.0f);
        operations[o](k, &b, MOST);
        for (size_t i = 0; i < MOST; i++) {
            const double x = (double)in.x[i];
            const double y = (double)in.y[i];
            const double expected[] = {x > 0 ? x : 0, tanh(x),         sigmoid(x),
                                       y > 0 ? x : 0, x * (1 - y * y), x * y * (1 - y)};
            close_to((double)b.x[i], expected[o - 2], FEW);
        }
    }
}

static void softmax_loss_and_slope_are_right(void **state)
{
    (void)state;
    static bench b;
    static bench in;
    const cof_kernels *k = kernels_of(COF_PATH_SCALAR);
    for (size_t x = 0; x < COUNT(lengths); x++) {
        const size_t n = lengths[x];
        fill(&in, x, 8.0f);
        fill(&b, x, 8.0f);
        do_softmax_loss(k, &b, n);
        double sum = 0;
        for (size_t i = 0; i < n; i++) {
            sum += exp((double)in.x[i]);
        }
        close_to((double)b.result, 1.7 * (log(sum) - (double)in.x[n / 2]), 4 * FEW);
        for (size_t i = 0; i < n; i++) {
            const double p = exp((double)in.x[i]) / sum;
            close_to((double)b.x[i], 1.7 * 0.31 * (p - (i == n / 2 ? 1.0 : 0.0)), FEW);
        }
        fill(&b, x, 8.0f);
        do_softmax(k, &b, n);
        for (size_t i = 0; i < n; i++) {
            close_to((double)b.x[i], exp((double)in.x[i]) / sum, FEW);
        }
    }
}

static void binary_and_squared_losses_are_right(void **state)
{
    (void)state;
    static bench b;
    static bench in;
    const cof_kernels *k = kernels_of(COF_PATH_SCALAR);
    fill(&in, 9, 20.0f);
    fill(&b, 9, 20.0f);
    do_bce_loss(k, &b, MOST);
    for (size_t i = 0; i < MOST; i++) {
        const double z = (double)in.x[i];
        const double y = in.y[i] > 0 ? 1 : 0;
        const double w = (double)in.w[i];
        close_to((double)b.loss[i], w * (log1p(exp(-fabs(z))) + (z > 0 ? z : 0) - z * y), FEW);
        close_to((double)b.x[i], w * 0.31 * (sigmoid(z) - y), FEW);
    }
    fill(&b, 9, 20.0f);
    do_mse_loss(k, &b, MOST);
    for (size_t i = 0; i < MOST; i++) {
        const double off = (double)in.x[i] - (double)in.y[i];
        close_to((double)b.loss[i], off * off, FEW);
        close_to((double)b.x[i], 2 * 0.31 * off, FEW);
    }
}

static void optimizer_steps_are_right(void **state)
{
    (void)state;
    static bench b;
    static bench in;
    const cof_kernels *k = kernels_of(COF_PATH_SCALAR);
    fill(&in, 13, 2.0f);
    fill(&b, 13, 2.0f);
    do_sgd(k, &b, MOST);
    for (size_t i = 0; i < MOST; i++) {
        const double v = 0.9 * (double)in.loss[i] + (double)in.y[i] + 0.01 * (double)in.x[i];
        close_to((double)b.loss[i], v, FEW);
        close_to((double)b.x[i], (double)in.x[i] - 0.03 * v, FEW);
    }
    fill(&b, 13, 2.0f);
    do_adamw(k, &b, MOST);
    for (size_t i = 0; i < MOST; i++) {
        const double m = 0.9 * (double)in.loss[i] + 0.1 * (double)in.y[i];
        const double v = 0.99 * (double)in.w[i] + 0.01 * (double)in.y[i] * (double)in.y[i];
        close_to((double)b.loss[i], m, FEW);
        close_to((double)b.w[i], v, FEW);
        close_to((double)b.x[i], 0.999 * (double)in.x[i] - 0.02 * m / (3 * sqrt(v) + 1e-6), FEW);
    }
}

/* The distance in units of the last place of the right answer. */
static double ulps(float found, double right)
{
    return fabs((double)found - right) / ldexp(1, ilogb(right) - 23);
}

static void exp_log_and_tanh_are_as_exact_as_documented(void **state)
{
    (void)state;
    double worst[3] = {0};
    for (int p = 0; p < COF_PATH_COUNT; p++) {
        const cof_kernels *k = kernels_of((cof_kernel_path)p);
        for (uint32_t i = 1; k != NULL && i < 200000; i++) {
            float x = -86.6f + 174.6f * ((float)i / 200000.0f);
            float y = x;
            k->exp(&y, 1);
            worst[0] = fmax(worst[0], ulps(y, exp((double)x)));
            const uint32_t bits =
                0x00800000U + i * 10639U % 0x7f000000U; /* over all positive normal numbers */
            memcpy(&x, &bits, sizeof x);
            y = x;
            k->log(&y, 1);
            worst[1] = fmax(worst[1], bits == 0x3f800000U ? 0 : ulps(y, log((double)x)));
            x = 12.0f * ((float)i / 200000.0f);
            y = -x;
            k->tanh(&y, 1);
            worst[2] = fmax(worst[2], ulps(-y, tanh((double)x)));
        }
    }
    print_message("# worst ulp: exp %.2f, log %.2f, tanh %.2f\n", worst[0], worst[1], worst[2]);
    assert_true(worst[0] <= 2 && worst[1] <= 2 && worst[2] <= 3);
}

static void the_ends_of_exp_and_tanh_are_finite(void **state)
{
    (void)state;
    for (int p = 0; p < COF_PATH_COUNT; p++) {
        const cof_kernels *k = kernels_of((cof_kernel_path)p);
        float x[4] = {-1e30f, 1e30f, -86.6f, 88.0f};
        if (k == NULL) {
            continue;
        }
        k->exp(x, 4);
        assert_true(x[0] == x[2] && x[1] == x[3] && x[0] > 0 && isfinite(x[1]));
        float y[4] = {-1e30f, 1e30f, 0.0f, -0.0f};
        k->tanh(y, 4);
        assert_true(y[0] == -1.0f && y[1] == 1.0f && y[2] == 0.0f && y[3] == 0.0f);
    }
}

/* A training run that went wrong must not look right: whatever meets NaN gives NaN. */
static void nan_goes_through_everything(void **state)
{
    (void)state;
    static bench b;
    for (int p = 0; p < COF_PATH_COUNT; p++) {
        const cof_kernels *k = kernels_of((cof_kernel_path)p);
        static operation *const forward[] = {do_relu, do_tanh, do_sigmoid, do_exp, do_softmax};
        for (size_t o = 0; k != NULL && o < COUNT(forward); o++) {
            fill(&b, 3, 1.0f);
            b.x[5] = NAN;
            forward[o](k, &b, 33);
            assert_true(isnan(b.x[5]));
        }
        if (k == NULL) {
            continue;
        }
        fill(&b, 3, 1.0f);
        b.w[5] = NAN;
        do_log(k, &b, 33);
        assert_true(isnan(b.w[5]));
        for (size_t at = 0; at < 33; at++) {
            fill(&b, 3, 1.0f);
            b.x[at] = NAN;
            do_softmax_loss(k, &b, 33);
            assert_true(isnan(b.result));
        }
        fill(&b, 3, 1.0f);
        b.x[5] = NAN;
        b.x[6] = INFINITY;
        do_bce_loss(k, &b, 33);
        assert_true(isnan(b.loss[5]) && !isfinite(b.loss[6]));
    }
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_path_gives_the_oracles_bits),
        cmocka_unit_test(nothing_behind_the_count_is_written),
        cmocka_unit_test(activations_and_their_slopes_are_right),
        cmocka_unit_test(softmax_loss_and_slope_are_right),
        cmocka_unit_test(binary_and_squared_losses_are_right),
        cmocka_unit_test(optimizer_steps_are_right),
        cmocka_unit_test(exp_log_and_tanh_are_as_exact_as_documented),
        cmocka_unit_test(the_ends_of_exp_and_tanh_are_finite),
        cmocka_unit_test(nan_goes_through_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
