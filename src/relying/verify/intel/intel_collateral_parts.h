/* What the parts of intel_collateral share: for them alone. */
#ifndef COF_VERIFY_INTEL_COLLATERAL_PARTS_H
#define COF_VERIFY_INTEL_COLLATERAL_PARTS_H

#include "relying/verify/crl.h"
#include "relying/verify/intel/intel_collateral.h"

/* A revocation list and its issuer. */
typedef struct cof_issued_list {
    cof_crl *crl;
    X509 *issuer; /* counted */
} cof_issued_list;

struct cof_intel_collateral {
    cof_collateral items;
    cof_root_pin root;
    cof_collateral_digests digests;
    /* Remembered; empty until the first use. */
    cof_chain_top top;
    cof_issued_list root_list;
    cof_issued_list pck_list;
    cof_tcb_signer tcb_signer;
    cof_tcb_signer qe_signer;
    cof_tcb_info *tcb_info;
    cof_qe_identity *qe_identity;
};

/* The checks that lists and documents have in common; names are those of the checks. */

COF_MUST_USE cof_status cof_intel_check_present(const cof_intel_collateral *collateral,
                                                cof_collateral_item item, const char *name,
                                                cof_intel_use *use, cof_err *err);

/* Valid now? Lowers the end of the collateral's validity. */
COF_MUST_USE cof_status cof_intel_check_window(const char *name, int64_t from_unix_s,
                                               int64_t to_unix_s, cof_intel_use *use, cof_err *err);

/* Not older than what was seen; kept to be noted. item->key is set. */
COF_MUST_USE cof_status cof_intel_check_fresh(const cof_freshness_item *item, cof_intel_use *use,
                                              cof_err *err);

COF_MUST_USE cof_status cof_intel_check_serial(const cof_crl *crl, X509 *certificate,
                                               const char *name, cof_intel_use *use, cof_err *err);

void cof_issued_list_free(cof_issued_list *list);

#endif
