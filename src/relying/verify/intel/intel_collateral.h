/*
 * Intel collateral, authenticated: the chains and signatures of TCB info and QE identity, and the
 * revocation lists. Made once, used for many quotes: signatures are verified at the first use and
 * remembered, times are checked at every use.
 */
#ifndef COF_VERIFY_INTEL_COLLATERAL_H
#define COF_VERIFY_INTEL_COLLATERAL_H

#include "relying/policy/checks.h"
#include "relying/verify/collateral.h"
#include "relying/verify/freshness.h"
#include "relying/verify/intel/chain.h"
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

/*
 * What follows is for cof_dcap_verify, in this order. Each records its checks and gives the status
 * of the first one that does not hold; err must not be NULL.
 */

enum { COF_INTEL_ITEMS_MAX = 5 }; /* two lists, two documents, the evaluation */

/** One verification's use of collateral. */
typedef struct cof_intel_use {
    int64_t now_unix_s;
    const cof_freshness *seen; /* may be NULL */
    cof_checks *checks;        /* may be NULL */
    int64_t expires_unix_s;    /* the earliest end of validity so far; INT64_MAX at first */
    size_t item_count;         /* what was used, to be noted when all of it went well */
    cof_freshness_item items[COF_INTEL_ITEMS_MAX];
} cof_intel_use;

/** The root that the collateral must chain to. */
const cof_root_pin *cof_intel_collateral_root(const cof_intel_collateral *collateral);

/** Where the upper part of the PCK chain is remembered. */
cof_chain_top *cof_intel_collateral_top(cof_intel_collateral *collateral);

/** Both revocation lists, and whether CA and leaf of a verified PCK chain are on them. The chain's
 * upper part is the one that is remembered. */
COF_MUST_USE cof_status cof_intel_check_revocation(cof_intel_collateral *collateral, X509 *leaf,
                                                   cof_intel_use *use, cof_err *err);

/** TCB info of the kind that is asked for. After cof_intel_check_revocation. @param out  borrows
 * from the collateral */
COF_MUST_USE cof_status cof_intel_get_tcb_info(cof_intel_collateral *collateral, bool is_tdx,
                                               cof_intel_use *use, const cof_tcb_info **out,
                                               cof_err *err);

/** QE identity of the same kind, and of the same evaluation as the TCB info. After
 * cof_intel_get_tcb_info. */
COF_MUST_USE cof_status cof_intel_get_qe_identity(cof_intel_collateral *collateral, bool is_tdx,
                                                  cof_intel_use *use, const cof_qe_identity **out,
                                                  cof_err *err);

#endif
