/* How often a key was released for a contract, as coffer-local's record of decisions says. */
#ifndef COF_APP_RELEASES_H
#define COF_APP_RELEASES_H

#include "apps/coffer/services.h"

typedef struct cof_releases {
    bool is_known;    /* false: the vault has no such record, or keeps it from us */
    bool is_complete; /* false: there may be more than count */
    size_t count;
    int64_t last_unix_s; /* 0: never */
} cof_releases;

/** @param key  URL of the key; digest: the contract's, in hex. @return COF_OK (also when nothing is
 * known), COF_E_NETWORK, … */
COF_MUST_USE cof_status cof_releases_find(const cof_services *services, const char *key,
                                          const char *digest, cof_releases *out, cof_err *err);

#endif
