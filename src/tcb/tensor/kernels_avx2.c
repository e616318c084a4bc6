/* The row operations of ops_body.h on the avx2 path. */
#include "tcb/tensor/vec_avx2.h"

#define KERNELS_NAME cof_kernels_avx2
#define KERNELS_PATH COF_PATH_AVX2
#define KERNELS_GEMM cof_gemm_avx2

#include "tcb/tensor/ops_body.h"
