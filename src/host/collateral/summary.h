/*
 * What a piece of collateral says of itself: for how long it is good, and for whom. Read to keep
 * caches and to show it; nothing of it is authenticated, and nothing may be decided by it.
 */
#ifndef COF_HOST_COLLATERAL_SUMMARY_H
#define COF_HOST_COLLATERAL_SUMMARY_H

#include <jansson.h>

#include "relying/verify/collateral.h"

enum { COF_SUMMARY_NAME_SIZE = 96 };

typedef struct cof_summary {
    const char *kind;                 /* "TCB info", "revocation list", "certificates"; static */
    char name[COF_SUMMARY_NAME_SIZE]; /* whose: "TDX 00806f050000", a common name, a product */
    int64_t issued_unix_s;            /* issueDate, thisUpdate, notBefore (the latest of a chain) */
    int64_t next_update_unix_s;       /* nextUpdate, notAfter (the earliest): not good afterwards */
    uint64_t number;                  /* tcbEvaluationDataNumber, CRL number; 0: there is none */
    size_t count;                     /* levels, revoked serials, certificates */
    cof_tee tee;                      /* TCB info, QE identity */
    uint8_t fmspc[6];                 /* TCB info */
    cof_snp_product product;          /* AMD leaf */
    uint8_t chip_id[64];              /* AMD leaf, VCEK */
    cof_snp_tcb tcb;                  /* AMD leaf */
} cof_summary;

/** @return COF_OK, COF_E_COLLATERAL_INVALID (not such an item), COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_summarise(cof_collateral_item item, cof_view bytes, cof_summary *out,
                                      cof_err *err);

/** Fills hardware, FMSPC and CA from the items, as far as they say; hardware NONE: they do not. */
void cof_summary_need(const cof_collateral *collateral, cof_collateral_need *out);

/**
 * [{"item","kind","name","issued","next_update","number"?,"count","bytes","sha256","state"}, …] of
 * the items that are there; state at that time: "valid", "expired", "not yet valid", "unreadable"
 * (then without the other facts). The caller owns it.
 * @return COF_OK, COF_E_NO_MEMORY, COF_E_CRYPTO.
 */
COF_MUST_USE cof_status cof_summary_to_json(const cof_collateral *collateral, int64_t now_unix_s,
                                            json_t **out, cof_err *err);

#endif
