/*
 * Matrix products: the scalar oracle against doubles, and every other path against the oracle to
 * the bit, at shapes that leave remainders in every direction.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "harness/cof_test.h"
#include "tcb/base/arena.h"
#include "tcb/tensor/kernels.h"
#include "tcb/tensor/philox.h"

static const size_t sizes_m[] = {1, 2, 5, 6, 7, 11, 12, 13, 25, 31};
static const size_t sizes_n[] = {1, 3, 15, 16, 17, 31, 32, 33, 47, 48, 49, 67};
static const size_t sizes_k[] = {0, 1, 2, 7, 127, 128, 129, 257};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { MOST_M = 31, MOST_N = 67, MOST_K = 257, ROW = 96 + 16, GUARD = 64 };

static cof_arena arena;
static float *a_rows;    /* (MOST_M, MOST_K + 1): row-major */
static float *a_columns; /* (MOST_K, MOST_M): the same transposed */
static float *b_rows;    /* (MOST_K, ROW) */
static float *b_panels;  /* three panels of (MOST_K, 32) */
static float *c_found;
static float *c_expected;

static float *take(size_t floats)
{
    void *place = NULL;
    assert_ok(cof_arena_take(&arena, floats * sizeof(float), &place, NULL));
    return place;
}

static int make_matrices(void **state)
{
    (void)state;
    assert_ok(cof_arena_init(&arena, (size_t)1 << 22, NULL));
    a_rows = take((size_t)MOST_M * (MOST_K + 1));
    a_columns = take((size_t)MOST_K * MOST_M);
    b_rows = take((size_t)MOST_K * ROW);
    b_panels = take((size_t)3 * MOST_K * COF_PANEL);
    c_found = take((size_t)MOST_M * ROW + GUARD);
    c_expected = take((size_t)MOST_M * ROW + GUARD);
    cof_random_stream random = cof_random_stream_of(11, 0);
    for (size_t i = 0; i < MOST_M; i++) {
        for (size_t p = 0; p < MOST_K; p++) {
            a_rows[i * (MOST_K + 1) + p] = cof_random_signed(&random);
            a_columns[p * MOST_M + i] = a_rows[i * (MOST_K + 1) + p];
        }
    }
    for (size_t p = 0; p < MOST_K; p++) {
        for (size_t j = 0; j < 96; j++) {
            b_rows[p * ROW + j] = cof_random_signed(&random);
            b_panels[(j / COF_PANEL * MOST_K + p) * COF_PANEL + j % COF_PANEL] =
                b_rows[p * ROW + j];
        }
    }
    return 0;
}

static int drop_matrices(void **state)
{
    (void)state;
    cof_arena_free(&arena);
    return 0;
}

/* form: bit 0 chooses a transposed A, bit 1 a B in panels. */
static cof_gemm product_of(size_t n, size_t k, unsigned form, float *c)
{
    cof_gemm gemm = {.n = n, .k = k, .c = c, .c_row = ROW, .c_panel = COF_PANEL};
    gemm.a = (form & 1) != 0 ? a_columns : a_rows;
    gemm.a_row = (form & 1) != 0 ? 1 : MOST_K + 1;
    gemm.a_step = (form & 1) != 0 ? MOST_M : 1;
    gemm.b = (form & 2) != 0 ? b_panels : b_rows;
    gemm.b_step = (form & 2) != 0 ? COF_PANEL : ROW;
    gemm.b_panel = (form & 2) != 0 ? (size_t)MOST_K * COF_PANEL : COF_PANEL;
    return gemm;
}

static void run(const cof_kernels *kernels, size_t m, size_t n, size_t k, unsigned form, float *c)
{
    for (size_t i = 0; i < (size_t)MOST_M * ROW + GUARD; i++) {
        c[i] = 12345.0f; /* what is not written must stay */
    }
    const cof_gemm gemm = product_of(n, k, form, c);
    kernels->gemm(&gemm, 0, m);
}

static const cof_kernels *scalar_kernels(void)
{
    const cof_kernels *kernels = NULL;
    assert_ok(cof_kernels_of(COF_PATH_SCALAR, &kernels, NULL));
    return kernels;
}

static void the_oracle_agrees_with_doubles(void **state)
{
    (void)state;
    for (unsigned form = 0; form < 4; form++) {
        run(scalar_kernels(), MOST_M, MOST_N, MOST_K, form, c_found);
        for (size_t i = 0; i < MOST_M; i++) {
            for (size_t j = 0; j < MOST_N; j++) {
                double sum = 0;
                double size = 0;
                for (size_t p = 0; p < MOST_K; p++) {
                    const double term =
                        (double)a_rows[i * (MOST_K + 1) + p] * (double)b_rows[p * ROW + j];
                    sum += term;
                    size += fabs(term);
                }
                /* A chain of k roundings is off by at most k · 2^-24 of the sum of sizes. */
                assert_true(fabs((double)c_found[i * ROW + j] - sum) <= MOST_K * 0x1p-24 * size);
            }
        }
    }
}

static void every_path_gives_the_oracles_bits(void **state)
{
    (void)state;
    for (int p = 1; p < COF_PATH_COUNT; p++) {
        const cof_kernels *kernels = NULL;
        if (cof_kernels_of((cof_kernel_path)p, &kernels, NULL) != COF_OK) {
            print_message("# path %s is not available here\n", cof_path_name((cof_kernel_path)p));
            continue;
        }
        for (size_t x = 0; x < COUNT(sizes_m) * COUNT(sizes_n) * COUNT(sizes_k) * 4; x++) {
            const unsigned form = (unsigned)(x % 4);
            const size_t m = sizes_m[x / 4 % COUNT(sizes_m)];
            const size_t n = sizes_n[x / 4 / COUNT(sizes_m) % COUNT(sizes_n)];
            const size_t k = sizes_k[x / 4 / COUNT(sizes_m) / COUNT(sizes_n)];
            run(scalar_kernels(), m, n, k, form, c_expected);
            run(kernels, m, n, k, form, c_found);
            assert_memory_equal(c_found, c_expected,
                                ((size_t)MOST_M * ROW + GUARD) * sizeof(float));
        }
    }
}

static void rows_done_apart_are_the_rows_done_together(void **state)
{
    (void)state;
    for (int p = 0; p < COF_PATH_COUNT; p++) {
        const cof_kernels *kernels = NULL;
        if (cof_kernels_of((cof_kernel_path)p, &kernels, NULL) != COF_OK) {
            continue;
        }
        for (unsigned form = 0; form < 4; form++) {
            run(kernels, MOST_M, MOST_N, MOST_K, form, c_expected);
            run(kernels, 0, MOST_N, MOST_K, form, c_found);
            const cof_gemm gemm = product_of(MOST_N, MOST_K, form, c_found);
            static const size_t cuts[] = {0, 1, 8, 8, 21, MOST_M};
            for (size_t i = 0; i + 1 < COUNT(cuts); i++) {
                kernels->gemm(&gemm, cuts[i], cuts[i + 1]);
            }
            assert_memory_equal(c_found, c_expected,
                                ((size_t)MOST_M * ROW + GUARD) * sizeof(float));
        }
    }
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_oracle_agrees_with_doubles),
        cmocka_unit_test(every_path_gives_the_oracles_bits),
        cmocka_unit_test(rows_done_apart_are_the_rows_done_together),
    };
    return cmocka_run_group_tests(tests, make_matrices, drop_matrices);
}
