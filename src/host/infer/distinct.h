/* The different texts of a column, in order of their bytes, up to a limit. */
#ifndef COF_HOST_DISTINCT_H
#define COF_HOST_DISTINCT_H

#include "tcb/base/buf.h"

/** Zeroed is valid and empty. */
typedef struct cof_distinct {
    char **texts;
    size_t count;
    size_t capacity;
} cof_distinct;

/** Adds a text unless it is there. @return COF_OK, COF_E_LIMIT (more than limit texts),
 * COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_distinct_add(cof_distinct *distinct, cof_view text, size_t limit,
                                         cof_err *err);

void cof_distinct_free(cof_distinct *distinct);

#endif
