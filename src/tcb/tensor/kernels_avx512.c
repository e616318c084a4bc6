/* The row operations of ops_body.h on the avx512 path. */
#include "tcb/tensor/vec_avx512.h"

#define KERNELS_NAME cof_kernels_avx512
#define KERNELS_PATH COF_PATH_AVX512
#define KERNELS_GEMM cof_gemm_avx512

#include "tcb/tensor/ops_body.h"
