/* One file of the cache: a part of collateral as it was fetched, or the answer that there is none.
 */
#ifndef COF_HOST_COLLATERAL_CACHE_ENTRY_H
#define COF_HOST_COLLATERAL_CACHE_ENTRY_H

#include "host/collateral/lifetime.h"
#include "host/files/files.h"
#include "relying/verify/collateral.h"

/** Zeroed is empty; free with cof_cache_entry_free. */
typedef struct cof_cache_entry {
    bool is_there;          /* was found */
    bool is_absent;         /* the service said that it has none; there are no items */
    int64_t fetched_unix_s; /* when the service was asked */
    int64_t refresh_unix_s; /* when to ask again */
    int64_t expires_unix_s; /* the earliest end of validity among the items; from the items */
    cof_collateral items;
} cof_cache_entry;

/** Reads a file; one that is missing, damaged or for another key is as if it were not there (*out
 * is empty): it is fetched again. @return COF_OK, COF_E_IO, COF_E_PERMISSION, COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_cache_entry_read(const char *path, const char *key,
                                             cof_cache_entry *out, cof_err *err);

/** Writes it, whole or not at all. @return COF_OK, COF_E_NO_SPACE, COF_E_PERMISSION, COF_E_IO,
 * COF_E_LIMIT, COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_cache_entry_write(const char *path, const char *key,
                                              const cof_cache_entry *entry, cof_err *err);

/** Reads one from its text. @return COF_OK, COF_E_BAD_JSON, COF_E_BAD_FORMAT, COF_E_LIMIT, … */
COF_MUST_USE cof_status cof_cache_entry_parse(cof_view text, const char *key, cof_cache_entry *out,
                                              cof_err *err);

/**
 * Takes items over (they are empty afterwards) and says when to ask again: when the answer says,
 * else after usual_s; in any case when three quarters of the time until the items expire are over,
 * so that a service that is down for a while is not noticed. Items that have expired already are
 * asked for again soon.
 */
COF_MUST_USE cof_status cof_cache_entry_make(cof_collateral *items, cof_lifetime lifetime,
                                             int64_t usual_s, int64_t now_unix_s,
                                             cof_cache_entry *out, cof_err *err);

void cof_cache_entry_free(cof_cache_entry *entry);

#endif
