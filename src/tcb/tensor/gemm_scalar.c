#include <math.h>

#include "tcb/tensor/kernels_internal.h"

/* The definition, as plainly as it can be said. */
void cof_gemm_scalar(const cof_gemm *gemm, size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i++) {
        for (size_t j = 0; j < cof_padded(gemm->n); j++) {
            const float *b = gemm->b + j / COF_PANEL * gemm->b_panel + j % COF_PANEL;
            const float *a = gemm->a + i * gemm->a_row;
            float sum = 0.0f;
            for (size_t p = 0; p < gemm->k; p++) {
                sum = fmaf(a[p * gemm->a_step], b[p * gemm->b_step], sum);
            }
            gemm->c[j / COF_PANEL * gemm->c_panel + i * gemm->c_row + j % COF_PANEL] = sum;
        }
    }
}
