/* Arithmetic on sizes that come from outside: overflow is a status. */
#ifndef COF_BASE_SIZE_H
#define COF_BASE_SIZE_H

#include <stddef.h>

#include "tcb/base/status.h"

/** *out = a + b. @return COF_OK, COF_E_LIMIT on overflow. */
COF_MUST_USE static inline cof_status cof_size_add(size_t a, size_t b, size_t *out, cof_err *err)
{
    if (__builtin_add_overflow(a, b, out)) {
        return COF_FAIL(err, LIMIT, "size overflow");
    }
    return COF_OK;
}

/** *out = a * b. @return COF_OK, COF_E_LIMIT on overflow. */
COF_MUST_USE static inline cof_status cof_size_mul(size_t a, size_t b, size_t *out, cof_err *err)
{
    if (__builtin_mul_overflow(a, b, out)) {
        return COF_FAIL(err, LIMIT, "size overflow");
    }
    return COF_OK;
}

#endif
