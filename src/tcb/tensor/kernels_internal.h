/* The tables behind cof_kernels_of, one per file compiled with its own instructions. */
#ifndef COF_TENSOR_KERNELS_INTERNAL_H
#define COF_TENSOR_KERNELS_INTERNAL_H

#include "tcb/tensor/kernels.h"

extern const cof_kernels cof_kernels_scalar;
extern const cof_kernels cof_kernels_avx2;
extern const cof_kernels cof_kernels_avx512;

void cof_gemm_scalar(const cof_gemm *gemm, size_t begin, size_t end);
void cof_gemm_avx2(const cof_gemm *gemm, size_t begin, size_t end);
void cof_gemm_avx512(const cof_gemm *gemm, size_t begin, size_t end);

#endif
