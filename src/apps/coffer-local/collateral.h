/* Collateral of the platforms that an installation attests: folders and bundles, read at the
 * start, one for each platform. */
#ifndef COF_APP_LOCAL_COLLATERAL_H
#define COF_APP_LOCAL_COLLATERAL_H

#include "relying/verify/collateral.h"

enum { COF_LOCAL_COLLATERAL_MAX = 16 };

/**
 * Reads all of them. The source gives the first that is for the platform asked for; one that does
 * not say for whom it is, is for everybody.
 *
 * @param paths  count of them, at most COF_LOCAL_COLLATERAL_MAX
 * @return COF_OK, COF_E_LIMIT, or as cof_collateral_load_bundle.
 */
COF_MUST_USE cof_status cof_local_collateral_open(const char *const *paths, size_t count,
                                                  cof_collateral_source **out, cof_err *err);

#endif
