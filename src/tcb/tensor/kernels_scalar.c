/* The row operations of ops_body.h on the scalar path. */
#include "tcb/tensor/vec_scalar.h"

#define KERNELS_NAME cof_kernels_scalar
#define KERNELS_PATH COF_PATH_SCALAR
#define KERNELS_GEMM cof_gemm_scalar

#include "tcb/tensor/ops_body.h"
