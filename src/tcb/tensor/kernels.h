/*
 * The arithmetic of training: matrix products and fused row operations, one table per kernel path.
 *
 * Implementation notes
 *
 * Memory. Rows are padded with zeros to whole vectors of COF_LANES floats, and rows begin on a
 * cache line, so no kernel needs a mask. Weights are kept in *panels* of COF_PANEL columns:
 *
 *   panel 0: row 0 [32 floats] row 1 [32 floats] ... | panel 1: row 0 [32 floats] ...
 *
 * which is the order in which the matrix product reads them, so nothing is packed at run time.
 *
 * Order of reduction. An element of a product is one chain of fused multiply-adds, from 0, k
 * ascending. Tiles, cache blocks and threads choose when a link of the chain is made, never its
 * place: they cannot change a bit. Sums along a row run in 16 lanes, folded 8, 4, 2, 1. All paths
 * keep these two orders and the same polynomials, so they agree to the bit
 * (tests/unit/tensor/test_kernels.c); checkpoints still name the path, since that agreement is
 * tested, not proven.
 */
#ifndef COF_TENSOR_KERNELS_H
#define COF_TENSOR_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "tcb/tensor/path.h"

enum { COF_LANES = 16, COF_PANEL = 32, COF_STRIP = 12 /* rows of the largest register tile */ };

/** count rounded up to whole vectors. */
static inline size_t cof_padded(size_t count)
{
    return (count + COF_LANES - 1) / COF_LANES * COF_LANES;
}

/**
 * C = A·B. A is (rows, k), B (k, n), C (rows, n):
 *
 *   A(i, p) = a[i * a_row + p * a_step]                     a_row or a_step is 1
 *   B(p, j) = b[(j / 32) * b_panel + p * b_step + j % 32]
 *   C(i, j) = c[(j / 32) * c_panel + i * c_row + j % 32]
 *
 * b_panel 32 and b_step = row stride is a plain row-major matrix. b, c, their rows and panels begin
 * on 64 bytes; B is read and C written up to cof_padded(n) columns. A is not padded. None overlap.
 */
typedef struct cof_gemm {
    size_t n;
    size_t k;
    const float *a;
    size_t a_row;
    size_t a_step;
    const float *b;
    size_t b_step;
    size_t b_panel;
    float *c;
    size_t c_row;
    size_t c_panel;
} cof_gemm;

/** SGD as PyTorch defines it: g += decay·w; v = momentum·v + g; w -= rate·v. */
typedef struct cof_sgd_step {
    float rate;
    float momentum;
    float decay;
} cof_sgd_step;

/**
 * AdamW (Loshchilov, Hutter 2019): w *= keep; m = b1·m + (1-b1)·g; v = b2·v + (1-b2)·g²;
 * w -= rate · m / (sqrt(v)·root + epsilon), with keep = 1 - lr·decay, rate = lr / (1 - b1^t),
 * root = 1 / sqrt(1 - b2^t).
 */
typedef struct cof_adamw_step {
    float rate;
    float beta1;
    float beta2;
    float epsilon;
    float keep;
    float root;
} cof_adamw_step;

/*
 * Counts are in floats and need not be whole vectors, except where "padded" says so. In-place is
 * meant where one pointer serves for input and output. NaN in gives NaN out.
 */
typedef struct cof_kernels {
    cof_kernel_path path;
    /** Rows begin to end of a product; see cof_gemm. */
    void (*gemm)(const cof_gemm *gemm, size_t begin, size_t end);

    /** y = (x - mean) * scale, element by element. x (count) any alignment, mean and scale (count).
     */
    void (*normalize_f32)(const float *x, const float *mean, const float *scale, float *y,
                          size_t count);
    /** y = (x - mean) * scale of bytes, with one mean and scale for all. */
    void (*normalize_u8)(const uint8_t *x, float mean, float scale, float *y, size_t count);

    /* Activations, in place. The bias is part of the product: see train/network.h. */
    void (*relu)(float *x, size_t count);
    void (*tanh)(float *x, size_t count);
    void (*sigmoid)(float *x, size_t count);
    /* Backward, from the activation's output y: dx *= dy/dx. */
    void (*relu_back)(const float *y, float *dx, size_t count);
    void (*tanh_back)(const float *y, float *dx, size_t count);
    void (*sigmoid_back)(const float *y, float *dx, size_t count);

    /** z = softmax(z), in place; one row of count classes. */
    void (*softmax)(float *z, size_t count);
    /** Returns weight · cross-entropy(softmax(z), label); z becomes weight·share·(softmax(z) -
     * onehot). */
    float (*softmax_loss)(float *z, size_t count, size_t label, float weight, float share);
    /** loss = w·BCE(sigmoid(z), y); z becomes w·share·(sigmoid(z) - y). Arrays (count); y is 0
     * or 1. */
    void (*bce_loss)(float *z, const float *y, const float *w, float share, float *loss,
                     size_t count);
    /** loss = (z - y)²; z becomes 2·share·(z - y). */
    void (*mse_loss)(float *z, const float *y, float share, float *loss, size_t count);

    void (*sgd)(const cof_sgd_step *step, const float *g, float *w, float *v, size_t count);
    void (*adamw)(const cof_adamw_step *step, const float *g, float *w, float *m, float *v,
                  size_t count);

    /*
     * Largest errors, measured against libm in double (test_kernels.c):
     * exp 2 ulp in [-86.6, 88] (outside: the value at the nearer end), log 2 ulp for positive
     * normal numbers, tanh 3 ulp everywhere.
     */
    void (*exp)(float *x, size_t count);
    void (*log)(float *x, size_t count);
} cof_kernels;

/** The table of an available path. @return COF_OK, COF_E_KERNEL_UNAVAILABLE. */
COF_MUST_USE cof_status cof_kernels_of(cof_kernel_path path, const cof_kernels **out_kernels,
                                       cof_err *err);

#endif
