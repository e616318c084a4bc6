/* The matrix product of gemm_body.h on AVX-512: tiles of 12 rows by 32 columns, 24 of 32 registers.
 */
#include <immintrin.h>

#define vec          __m512
#define vec_zero     _mm512_setzero_ps
#define vec_load     _mm512_load_ps
#define vec_store    _mm512_store_ps
#define vec_all      _mm512_set1_ps
#define vec_fma      _mm512_fmadd_ps
#define VEC_LANES    16
#define TILE_ROWS    12
#define EACH_TILE(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12)
#define GEMM_NAME    cof_gemm_avx512

#include "tcb/tensor/gemm_body.h"
