#include "tcb/tensor/kernels.h"

#include "tcb/tensor/kernels_internal.h"

cof_status cof_kernels_of(cof_kernel_path path, const cof_kernels **out_kernels, cof_err *err)
{
    if (!cof_path_is_available(path)) {
        return COF_FAIL(err, KERNEL_UNAVAILABLE, "kernel path %s", cof_path_name(path));
    }
    *out_kernels = &cof_kernels_scalar;
#if defined(__x86_64__)
    if (path == COF_PATH_AVX2) {
        *out_kernels = &cof_kernels_avx2;
    } else if (path == COF_PATH_AVX512) {
        *out_kernels = &cof_kernels_avx512;
    }
#endif
    return COF_OK;
}
