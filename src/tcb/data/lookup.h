/* From a text to its place in a list of different texts: columns by name, values of a category. */
#ifndef COF_DATA_LOOKUP_H
#define COF_DATA_LOOKUP_H

#include <stdint.h>

#include "tcb/base/buf.h"

/** Borrows the texts. Zeroed is valid and finds nothing. */
typedef struct cof_lookup {
    const char *const *texts;
    uint32_t *slots; /* open addressing: index + 1, 0 is free */
    size_t mask;     /* slots - 1, a power of two less one */
} cof_lookup;

/**
 * Makes the lookup of count texts (kept).
 * @return COF_OK, COF_E_NO_MEMORY, COF_E_EXISTS (two texts are the same; *out_repeated is the index
 * of the second).
 */
COF_MUST_USE cof_status cof_lookup_init(cof_lookup *lookup, const char *const *texts, size_t count,
                                        size_t *out_repeated, cof_err *err);

/** @return false when none of the texts has these bytes. */
bool cof_lookup_find(const cof_lookup *lookup, cof_view text, size_t *out_index);

void cof_lookup_free(cof_lookup *lookup);

/**
 * The text that a misspelt one was perhaps meant to be: nearest by edit distance (insert, delete,
 * replace, swap of neighbours; case does not count), at most a third of its length away. Longer
 * texts than 64 bytes are never near.
 * @return false when none is.
 */
bool cof_lookup_near(const char *const *texts, size_t count, cof_view text, size_t *out_index);

#endif
