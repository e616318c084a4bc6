/* One status type for everything that can fail, made from status.def. */
#ifndef COF_BASE_STATUS_H
#define COF_BASE_STATUS_H

#include <stdbool.h>
#include <stddef.h>

typedef enum cof_status {
    COF_OK = 0,
#define COF_X(code, category, http, exit_code, retry, text) COF_E_##code,
#include "tcb/base/status.def"
#undef COF_X
    COF_STATUS_COUNT
} cof_status;

typedef enum cof_category {
    COF_CATEGORY_NONE,
    COF_CATEGORY_INPUT,
    COF_CATEGORY_INTEGRITY,
    COF_CATEGORY_ATTEST,
    COF_CATEGORY_ACCESS,
    COF_CATEGORY_STATE,
    COF_CATEGORY_RESOURCE,
    COF_CATEGORY_REMOTE,
    COF_CATEGORY_INTERNAL
} cof_category;

/** One row of the status table. All strings are static. */
typedef struct cof_status_info {
    const char *name; /* "TAG_MISMATCH": stable, machine readable */
    cof_category category;
    int http;
    int exit_code;
    bool retry;
    const char *text; /* what a user may be told */
} cof_status_info;

enum { COF_ERR_DETAIL_SIZE = 240 };

/**
 * Describes one failure; lives on the caller's stack, needs no allocation.
 * Written only on failure. The detail may hold names, lengths and offsets, never secret data.
 */
typedef struct cof_err {
    cof_status status;
    const char *file;
    int line;
    char detail[COF_ERR_DETAIL_SIZE];
} cof_err;

#define COF_MUST_USE __attribute__((warn_unused_result))

/** The row of a status; for a value outside the table, the row of INTERNAL. */
const cof_status_info *cof_status_describe(cof_status status);

/** The status with this name. @return false when there is none; then *out_status is unchanged. */
bool cof_status_from_name(const char *name, cof_status *out_status);

/** Fills *err (which may be NULL) and returns status: the body of COF_FAIL. */
cof_status cof_err_set(cof_err *err, cof_status status, const char *file, int line,
                       const char *format, ...) __attribute__((format(printf, 5, 6)));

/** Puts "context: " before the detail, so that callers can say where. err may be NULL. */
void cof_err_context(cof_err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Fails with the status that fits errno_value (ENOSPC: NO_SPACE, EACCES: PERMISSION, ENOENT:
 * NOT_FOUND, else IO). */
cof_status cof_err_errno(cof_err *err, int errno_value, const char *file, int line,
                         const char *what);

/* The status stands in the expression itself, so that static analysis knows that it is not COF_OK.
 */
#define COF_FAIL(err, code, ...)                                                                   \
    ((void)cof_err_set((err), COF_E_##code, __FILE__, __LINE__, __VA_ARGS__),                      \
     (cof_status)COF_E_##code)
#define COF_FAIL_ERRNO(err, errno_value, what)                                                     \
    cof_err_errno((err), (errno_value), __FILE__, __LINE__, (what))

/** Returns early with the status of a call that failed: the only macro that hides a return. */
#define COF_TRY(call)                                                                              \
    do {                                                                                           \
        const cof_status cof_try_status_ = (call);                                                 \
        if (cof_try_status_ != COF_OK) {                                                           \
            return cof_try_status_;                                                                \
        }                                                                                          \
    } while (0)

#endif
