#include "tcb/tensor/path.h"

#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

static const char *const names[COF_PATH_COUNT] = {"scalar", "avx2", "avx512"};

const char *cof_path_name(cof_kernel_path path)
{
    return (unsigned)path < COF_PATH_COUNT ? names[path] : "unknown";
}

cof_status cof_path_parse(const char *name, cof_kernel_path *out_path, cof_err *err)
{
    for (int i = 0; i < COF_PATH_COUNT; i++) {
        if (strcmp(name, names[i]) == 0) {
            *out_path = (cof_kernel_path)i;
            return COF_OK;
        }
    }
    return COF_FAIL(err, BAD_ARGUMENT, "no kernel path has this name");
}

#if defined(__x86_64__)
/* XCR0 says which registers the operating system saves: bits 1, 2 (SSE, AVX), 5 to 7 (AVX-512).
 * Intel SDM volume 1, section 13.3 and 14.3. */
static uint64_t saved_registers(void)
{
    uint32_t low = 0;
    uint32_t high = 0;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

static bool has_path(cof_kernel_path path)
{
    const uint32_t fma = UINT32_C(1) << 12;
    const uint32_t osxsave = UINT32_C(1) << 27;
    const uint32_t avx2 = UINT32_C(1) << 5;
    /* F, DQ, BW, VL */
    const uint32_t avx512 =
        UINT32_C(1) << 16 | UINT32_C(1) << 17 | UINT32_C(1) << 30 | UINT32_C(1) << 31;
    uint32_t a = 0;
    uint32_t b = 0;
    uint32_t c = 0;
    uint32_t d = 0;
    if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & fma) == 0 || (c & osxsave) == 0) {
        return false;
    }
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) {
        return false;
    }
    const uint64_t saved = saved_registers();
    if ((saved & 0x06) != 0x06 || (b & avx2) == 0) {
        return false;
    }
    return path == COF_PATH_AVX2 || ((saved & 0xe0) == 0xe0 && (b & avx512) == avx512);
}
#else
static bool has_path(cof_kernel_path path)
{
    (void)path;
    return false;
}
#endif

bool cof_path_is_available(cof_kernel_path path)
{
    return path == COF_PATH_SCALAR || ((unsigned)path < COF_PATH_COUNT && has_path(path));
}

cof_kernel_path cof_path_best(void)
{
    if (cof_path_is_available(COF_PATH_AVX512)) {
        return COF_PATH_AVX512;
    }
    return cof_path_is_available(COF_PATH_AVX2) ? COF_PATH_AVX2 : COF_PATH_SCALAR;
}
