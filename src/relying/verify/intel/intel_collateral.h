/*
 * Intel collateral, authenticated: the chains and signatures of TCB info and QE identity, and the
 * revocation lists. Made once, used for many quotes: signatures are verified at the first use and
 * remembered, times are checked at every use.
 */
#ifndef COF_VERIFY_INTEL_COLLATERAL_H
#define COF_VERIFY_INTEL_COLLATERAL_H

#include "relying/verify/collateral.h"
#include "relying/verify/intel/tcb_info.h"

/** Used by one thread at a time. */
typedef struct cof_intel_collateral cof_intel_collateral;

/**
 * Keeps a copy of the items' bytes. Nothing is parsed yet: cof_dcap_verify does that in its order,
 * so that a refusal names the first thing that is wrong.
 *
 * @param root  the pinned root that the collateral must chain to; copied
 * @return COF_OK, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_intel_collateral_new(const cof_collateral *collateral,
                                                 const cof_root_pin *root,
                                                 cof_intel_collateral **out, cof_err *err);

/** SHA-256 of each item. */
const cof_collateral_digests *cof_intel_collateral_digests(const cof_intel_collateral *collateral);

void cof_intel_collateral_free(cof_intel_collateral *collateral);
COF_OWNED(cof_intel_collateral, cof_intel_collateral_free);

#endif
