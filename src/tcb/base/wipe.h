/* Wiping and comparing secrets. */
#ifndef COF_BASE_WIPE_H
#define COF_BASE_WIPE_H

#include <stdbool.h>
#include <stddef.h>

/** Overwrites size bytes with zeros; the compiler cannot remove it. data may be NULL when size is
 * 0. */
void cof_wipe(void *data, size_t size);

/** Compares size bytes in time that depends on size alone. */
bool cof_secret_equal(const void *a, const void *b, size_t size);

#endif
