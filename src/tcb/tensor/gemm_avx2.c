/* The matrix product of gemm_body.h on AVX2 and FMA: tiles of 6 rows by 16 columns, 12 of 16
 * registers. */
#include <immintrin.h>

#define vec          __m256
#define vec_zero     _mm256_setzero_ps
#define vec_load     _mm256_load_ps
#define vec_store    _mm256_store_ps
#define vec_all      _mm256_set1_ps
#define vec_fma      _mm256_fmadd_ps
#define VEC_LANES    8
#define TILE_ROWS    6
#define EACH_TILE(X) X(1) X(2) X(3) X(4) X(5) X(6)
#define GEMM_NAME    cof_gemm_avx2

#include "tcb/tensor/gemm_body.h"
