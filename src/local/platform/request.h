/* The messages between agent and platform (docs/formats/platform.md). */
#ifndef COF_PLATFORM_REQUEST_H
#define COF_PLATFORM_REQUEST_H

#include "local/platform/launch.h"

/** A launch message. Zeroed is empty; free with cof_request_free. */
typedef struct cof_request {
    uint64_t memory_bytes;
    bool debug;
    char *arguments[COF_PLATFORM_ARGUMENTS_MAX + 2]; /* argv, ending in NULL */
} cof_request;

/**
 * Reads {"launch":{"memory","debug","arguments"}}: exactly these members. Arguments are not
 * measured, so they are allowed in debug only.
 * @return COF_OK, COF_E_BAD_JSON, COF_E_BAD_FORMAT, COF_E_LIMIT, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_request_parse(cof_view message, cof_request *out_request, cof_err *err);
void cof_request_free(cof_request *request);

/* The answers; appended. @return as cof_buf_append, COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_answer_launched(const cof_child *child, const cof_digest *mrenclave,
                                            cof_buf *out, cof_err *err);
COF_MUST_USE cof_status cof_answer_exited(const cof_child_exit *how, cof_buf *out, cof_err *err);
COF_MUST_USE cof_status cof_answer_error(cof_status status, const char *message, cof_buf *out,
                                         cof_err *err);

#endif
