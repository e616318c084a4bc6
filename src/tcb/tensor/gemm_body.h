/*
 * Matrix product in registers; included by gemm_avx2.c and gemm_avx512.c, which define
 *
 *   vec, vec_zero, vec_load, vec_store, vec_all, vec_fma   a vector register and its operations
 *   VEC_LANES                                             its floats
 *   TILE_ROWS, EACH_TILE(X)                               rows of the largest tile, and X(1) ..
 * X(TILE_ROWS) GEMM_NAME                                             the function to make
 *
 * Implementation notes: a tile of TILE_ROWS rows by two vectors stays in registers over a block of
 * k; a panel's block (BLOCK x 32 floats: 16 KiB) stays in the first-level cache while all rows pass
 * it. Between blocks the tile rests in C, so that an element stays one chain of multiply-adds. Rows
 * of A are reached three from one pointer, as the addressing modes allow (+0, +4s, +8s), and need
 * no packing: the callers' rows are an odd number of cache lines apart, so they do not fight for
 * the same sets of the cache.
 */
#include <stdbool.h>

#include "tcb/tensor/kernels_internal.h"

enum { BLOCK = 128, TILE_COLUMNS = 2 * VEC_LANES };

typedef struct tile_place {
    const float *a;
    size_t a_row;  /* 1 in an adjacent tile */
    size_t a_step; /* 1 in a tile that is not adjacent */
    const float *b;
    size_t b_step;
    float *c;
    size_t c_row;
    size_t k;
    bool is_first; /* the chains start at 0 instead of C */
} tile_place;

#define EACH_ROW(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)

#define ROW_DECLARE(r)                                                                             \
    vec x##r = vec_zero();                                                                         \
    vec y##r = vec_zero();
#define ROW_LOAD(r)                                                                                \
    if ((r) < rows) {                                                                              \
        x##r = vec_load(t->c + (r)*t->c_row);                                                      \
        y##r = is_wide ? vec_load(t->c + (r)*t->c_row + VEC_LANES) : y##r;                         \
    }
#define ROW_GROUP(r) ((r) < 3 ? a0 : (r) < 6 ? a3 : (r) < 9 ? a6 : a9)
#define ROW_STEP(r)                                                                                \
    if ((r) < rows) {                                                                              \
        const vec q = vec_all(is_adjacent ? a0[r] : ROW_GROUP(r)[(r) % 3 * apart]);                \
        x##r = vec_fma(q, left, x##r);                                                             \
        y##r = is_wide ? vec_fma(q, right, y##r) : y##r;                                           \
    }
#define ROW_STORE(r)                                                                               \
    if ((r) < rows) {                                                                              \
        vec_store(t->c + (r)*t->c_row, x##r);                                                      \
        if (is_wide) {                                                                             \
            vec_store(t->c + (r)*t->c_row + VEC_LANES, y##r);                                      \
        }                                                                                          \
    }

/* rows, is_wide and is_adjacent are constants wherever this is inlined. */
static inline __attribute__((always_inline)) void tile(const tile_place *t, size_t rows,
                                                       bool is_wide, bool is_adjacent)
{
    EACH_ROW(ROW_DECLARE)
    if (!t->is_first) {
        EACH_ROW(ROW_LOAD)
    }
    const size_t apart = t->a_row;
    const size_t step = is_adjacent ? t->a_step : 1;
    const float *a0 = t->a;
    const float *a3 = rows > 3 ? a0 + 3 * apart : a0;
    const float *a6 = rows > 6 ? a0 + 6 * apart : a0;
    const float *a9 = rows > 9 ? a0 + 9 * apart : a0;
    const float *b = t->b;
    for (size_t p = 0; p < t->k; p++) {
        const vec left = vec_load(b);
        const vec right = is_wide ? vec_load(b + VEC_LANES) : left;
        EACH_ROW(ROW_STEP)
        (void)right;
        a0 += step;
        a3 += step;
        a6 += step;
        a9 += step;
        b += t->b_step;
    }
    EACH_ROW(ROW_STORE)
}

#define TILE_FUNCTIONS(r)                                                                          \
    static void narrow_##r(const tile_place *t)                                                    \
    {                                                                                              \
        tile(t, r, false, false);                                                                  \
    }                                                                                              \
    static void narrow_adjacent_##r(const tile_place *t)                                           \
    {                                                                                              \
        tile(t, r, false, true);                                                                   \
    }                                                                                              \
    static void wide_##r(const tile_place *t)                                                      \
    {                                                                                              \
        tile(t, r, true, false);                                                                   \
    }                                                                                              \
    static void wide_adjacent_##r(const tile_place *t)                                             \
    {                                                                                              \
        tile(t, r, true, true);                                                                    \
    }
EACH_TILE(TILE_FUNCTIONS)

#define TILE_ROW(r) [r] = {{narrow_##r, narrow_adjacent_##r}, {wide_##r, wide_adjacent_##r}},
static void (*const tiles[TILE_ROWS + 1][2][2])(const tile_place *t) = {EACH_TILE(TILE_ROW)};

/* Rows begin to end of one column tile, over one block of k. */
static void column_tile(const cof_gemm *g, size_t begin, size_t end, size_t column, size_t k_begin,
                        size_t k)
{
    const bool is_wide = cof_padded(g->n) - column >= TILE_COLUMNS;
    const bool is_adjacent = g->a_row == 1;
    const size_t panel = column / COF_PANEL;
    const size_t lane = column % COF_PANEL;
    tile_place place = {
        .a_row = g->a_row,
        .a_step = g->a_step,
        .b = g->b + panel * g->b_panel + k_begin * g->b_step + lane,
        .b_step = g->b_step,
        .c_row = g->c_row,
        .k = k,
        .is_first = k_begin == 0,
    };
    for (size_t i = begin; i < end; i += TILE_ROWS) {
        const size_t rows = end - i < TILE_ROWS ? end - i : TILE_ROWS;
        place.a = g->a + i * g->a_row + k_begin * g->a_step;
        place.c = g->c + panel * g->c_panel + i * g->c_row + lane;
        tiles[rows][is_wide][is_adjacent](&place);
    }
}

void GEMM_NAME(const cof_gemm *gemm, size_t begin, size_t end)
{
    size_t done = 0;
    do {
        const size_t k = gemm->k - done < BLOCK ? gemm->k - done : BLOCK;
        for (size_t column = 0; column < gemm->n; column += TILE_COLUMNS) {
            column_tile(gemm, begin, end, column, done, k);
        }
        done += k;
    } while (done < gemm->k);
}
