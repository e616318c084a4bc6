/*
 * Kernel paths: which instructions the arithmetic of training uses. The path is chosen once, is
 * part of the evidence and of every checkpoint.
 */
#ifndef COF_TENSOR_PATH_H
#define COF_TENSOR_PATH_H

#include <stdbool.h>

#include "tcb/base/status.h"

typedef enum cof_kernel_path {
    COF_PATH_SCALAR, /* plain C: the oracle, kept for ever */
    COF_PATH_AVX2,   /* AVX2 and FMA3 */
    COF_PATH_AVX512  /* AVX-512 F, BW, DQ, VL */
} cof_kernel_path;

enum { COF_PATH_COUNT = 3 };

/** "scalar", "avx2" or "avx512"; static. */
const char *cof_path_name(cof_kernel_path path);

/** The path with this name. @return COF_OK, COF_E_BAD_ARGUMENT when there is none. */
COF_MUST_USE cof_status cof_path_parse(const char *name, cof_kernel_path *out_path, cof_err *err);

/** True when this CPU has the instructions and the operating system saves their registers. */
bool cof_path_is_available(cof_kernel_path path);

/** The fastest available path. */
cof_kernel_path cof_path_best(void);

#endif
