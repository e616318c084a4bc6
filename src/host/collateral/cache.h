/*
 * A cache of collateral in a folder, with fetchers behind it (docs/formats/collateral.md,
 * docs/decisions/011-collateral.md). Any number of processes may use one folder: what one is
 * fetching, another waits for. What is kept is not believed either: whoever verifies authenticates
 * it anew.
 */
#ifndef COF_HOST_COLLATERAL_CACHE_H
#define COF_HOST_COLLATERAL_CACHE_H

#include "host/collateral/origin.h"
#include "host/http/http_client.h"
#include "relying/verify/collateral.h"

/** Zeroed: see the members. Nothing is kept of the texts. */
typedef struct cof_collateral_cache_options {
    const char *folder;           /* made when missing */
    cof_collateral_origin origin; /* cof_origin_from */
    bool is_offline;              /* never ask anybody: give what is there, even if it expired */
    cof_http_client_options http; /* see cof_fetcher_options */
} cof_collateral_cache_options;

/** Opens it. @return COF_OK, COF_E_PERMISSION, COF_E_IO, COF_E_CONFIG, COF_E_NO_MEMORY, … */
COF_MUST_USE cof_status cof_collateral_cache_open(const cof_collateral_cache_options *options,
                                                  cof_collateral_source **out, cof_err *err);

/*
 * cof_collateral_source_get of a cache: parts that are fresh are given at once. Others are fetched;
 * when that fails, what has not expired is still given, with a note. What the services do not know
 * stays absent, with a note. @return COF_OK, COF_E_NETWORK, COF_E_TIMEOUT, COF_E_REMOTE_ERROR,
 * COF_E_COLLATERAL_INVALID, COF_E_COLLATERAL_MISMATCH (see cof_fetch_part), COF_E_BUSY (another
 * process fetches for very long), COF_E_IO, …
 */

/** Fetches all parts now, whatever is there, and keeps them. @return as above; also COF_E_NOT_FOUND
 * (a service does not know the platform), COF_E_BAD_ARGUMENT (offline). */
COF_MUST_USE cof_status cof_collateral_cache_refresh(cof_collateral_source *source,
                                                     const cof_collateral_need *need,
                                                     int64_t now_unix_s, cof_collateral *out,
                                                     cof_err *err);

/** What a user should be told of the last call, one line each, without control characters; "" when
 * nothing. Valid until the next call. */
const char *cof_collateral_cache_notes(cof_collateral_source *source);

#endif
