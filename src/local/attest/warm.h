/* Intel collateral that was opened before: its signatures are verified once for many quotes. */
#ifndef COF_LOCAL_ATTEST_WARM_H
#define COF_LOCAL_ATTEST_WARM_H

#include "relying/verify/intel/intel_collateral.h"

enum { COF_ATTEST_WARM_MAX = 8 };

/** The last few that were used, by the digest of their bytes. Zeroed is empty; free with
 * cof_attest_warm_free. */
typedef struct cof_attest_warm {
    size_t next; /* whose place is taken next */
    struct {
        cof_digest digest;
        cof_intel_collateral *collateral;
    } places[COF_ATTEST_WARM_MAX];
} cof_attest_warm;

/**
 * Opens Intel's items of collateral, or finds them opened. NULL when there are none, or no Intel
 * root. @param out  borrowed until the next call. @return COF_OK, COF_E_CRYPTO, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_attest_warm_get(cof_attest_warm *warm, const cof_collateral *collateral,
                                            const cof_root_pin *roots, size_t root_count,
                                            cof_intel_collateral **out, cof_err *err);

void cof_attest_warm_free(cof_attest_warm *warm);

#endif
