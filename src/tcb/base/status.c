#include "tcb/base/status.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const cof_status_info table[COF_STATUS_COUNT] = {
    [COF_OK] = {"OK", COF_CATEGORY_NONE, 200, 0, false, "it worked"},
#define COF_X(code, category, http, exit_code, retry, text)                                        \
    [COF_E_##code] = {#code, COF_CATEGORY_##category, http, exit_code, retry, text},
#include "tcb/base/status.def"
#undef COF_X
};

const cof_status_info *cof_status_describe(cof_status status)
{
    if ((int)status < 0 || status >= COF_STATUS_COUNT) {
        return &table[COF_E_INTERNAL];
    }
    return &table[status];
}

bool cof_status_from_name(const char *name, cof_status *out_status)
{
    for (int i = 0; i < COF_STATUS_COUNT; i++) {
        if (strcmp(table[i].name, name) == 0) {
            *out_status = (cof_status)i;
            return true;
        }
    }
    return false;
}

cof_status cof_err_set(cof_err *err, cof_status status, const char *file, int line,
                       const char *format, ...)
{
    if (err != NULL) {
        err->status = status;
        err->file = file;
        err->line = line;
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(err->detail, sizeof err->detail, format, arguments);
        va_end(arguments);
    }
    return status;
}

void cof_err_context(cof_err *err, const char *format, ...)
{
    if (err == NULL) {
        return;
    }
    char joined[COF_ERR_DETAIL_SIZE];
    va_list arguments;
    va_start(arguments, format);
    int used = vsnprintf(joined, sizeof joined, format, arguments);
    va_end(arguments);
    if (used < 0 || (size_t)used >= sizeof joined - 2) {
        return;
    }
    /* What does not fit is cut at the end: the place matters more than the tail of the detail. */
    joined[used] = ':';
    joined[used + 1] = ' ';
    const size_t start = (size_t)used + 2;
    size_t length = strnlen(err->detail, sizeof err->detail);
    if (length > sizeof joined - start - 1) {
        length = sizeof joined - start - 1;
    }
    memcpy(joined + start, err->detail, length);
    joined[start + length] = '\0';
    memcpy(err->detail, joined, sizeof err->detail);
}

cof_status cof_err_errno(cof_err *err, int errno_value, const char *file, int line,
                         const char *what)
{
    cof_status status = COF_E_IO;
    switch (errno_value) {
    case ENOMEM:
        status = COF_E_NO_MEMORY;
        break;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        status = COF_E_NO_SPACE;
        break;
    case EACCES:
    case EPERM:
    case EROFS:
        status = COF_E_PERMISSION;
        break;
    case ENOENT:
    case ENOTDIR:
        status = COF_E_NOT_FOUND;
        break;
    case EEXIST:
        status = COF_E_EXISTS;
        break;
    default:
        break;
    }
    return cof_err_set(err, status, file, line, "%s: %s", what, strerror(errno_value));
}
