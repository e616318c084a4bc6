/*
 * Ownership: a local that owns something cleans itself when it goes out of scope, and gives
 * ownership away only through its _take function.
 */
#ifndef COF_BASE_OWN_H
#define COF_BASE_OWN_H

#include <stdlib.h>

#define COF_CLEANUP(function) __attribute__((cleanup(function)))

/** Makes the typed NAME_drop_ (for COF_CLEANUP) and NAME_take of an opaque type with a free
 * function. */
#define COF_OWNED(type, free_function)                                                             \
    static inline void type##_drop_(type **owner)                                                  \
    {                                                                                              \
        free_function(*owner);                                                                     \
        *owner = NULL;                                                                             \
    }                                                                                              \
    static inline type *type##_take(type **owner)                                                  \
    {                                                                                              \
        type *taken = *owner;                                                                      \
        *owner = NULL;                                                                             \
        return taken;                                                                              \
    }                                                                                              \
    struct cof_owned_semicolon_

/** For plain memory from malloc that holds no secret: COF_CLEANUP(cof_free_drop_) char *text = ...
 */
static inline void cof_free_drop_(void *owner)
{
    free(*(void **)owner);
    *(void **)owner = NULL;
}

#endif
