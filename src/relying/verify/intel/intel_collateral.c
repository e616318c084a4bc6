/*
 * Implementation notes
 *
 * What is remembered is what cannot change: that these bytes are signed under this root. It is set
 * only when its whole step went well. Times and revocation are looked at again at every use: both
 * cost next to nothing. A revocation list is remembered together with the certificate that issued
 * it; another quote may bring another CA, and then its list is opened anew.
 */
#include "relying/verify/intel/intel_collateral.h"

#include <stdio.h>

#include "relying/verify/intel/intel_collateral_parts.h"
#include "relying/verify/pem.h"
#include "relying/verify/timestamp.h"
#include "relying/verify/x509.h"

void cof_intel_collateral_free(cof_intel_collateral *collateral)
{
    if (collateral != NULL) {
        cof_collateral_free(&collateral->items);
        cof_chain_top_free(&collateral->top);
        cof_issued_list_free(&collateral->root_list);
        cof_issued_list_free(&collateral->pck_list);
        cof_tcb_signer_free(&collateral->tcb_signer);
        cof_tcb_signer_free(&collateral->qe_signer);
        free(collateral->tcb_info);
        free(collateral->qe_identity);
        free(collateral);
    }
}

static cof_status keep(cof_intel_collateral *kept, const cof_collateral *from,
                       cof_collateral_item item, cof_digest *digest, cof_err *err)
{
    const cof_view bytes = cof_collateral_view(from, item);
    if (bytes.size == 0) {
        return COF_OK;
    }
    COF_TRY(cof_digest_of(bytes, digest, err));
    return cof_collateral_set(&kept->items, item, bytes, err);
}

cof_status cof_intel_collateral_new(const cof_collateral *collateral, const cof_root_pin *root,
                                    cof_intel_collateral **out, cof_err *err)
{
    COF_CLEANUP(cof_intel_collateral_drop_) cof_intel_collateral *kept = calloc(1, sizeof *kept);
    if (kept == NULL) {
        return COF_FAIL(err, NO_MEMORY, "collateral");
    }
    cof_collateral_digests *digests = &kept->digests;
    kept->root = *root;
    COF_TRY(keep(kept, collateral, COF_COLLATERAL_TCB_INFO, &digests->tcb_info, err));
    COF_TRY(keep(kept, collateral, COF_COLLATERAL_TCB_CHAIN, &digests->tcb_chain, err));
    COF_TRY(keep(kept, collateral, COF_COLLATERAL_QE_IDENTITY, &digests->qe_identity, err));
    COF_TRY(keep(kept, collateral, COF_COLLATERAL_QE_CHAIN, &digests->qe_chain, err));
    COF_TRY(keep(kept, collateral, COF_COLLATERAL_ROOT_CRL, &digests->root_crl, err));
    COF_TRY(keep(kept, collateral, COF_COLLATERAL_PCK_CRL, &digests->pck_crl, err));
    *out = cof_intel_collateral_take(&kept);
    return COF_OK;
}

const cof_collateral_digests *cof_intel_collateral_digests(const cof_intel_collateral *collateral)
{
    return &collateral->digests;
}

const cof_root_pin *cof_intel_collateral_root(const cof_intel_collateral *collateral)
{
    return &collateral->root;
}

cof_chain_top *cof_intel_collateral_top(cof_intel_collateral *collateral)
{
    return &collateral->top;
}

cof_status cof_intel_check_present(const cof_intel_collateral *collateral, cof_collateral_item item,
                                   const char *name, cof_intel_use *use, cof_err *err)
{
    const size_t size = collateral->items.items[item].size;
    if (!cof_check_add(use->checks, name, size > 0, "present", "%zu bytes", size)) {
        return COF_FAIL(err, COLLATERAL_MISSING, "%s", cof_collateral_file_name(item));
    }
    return COF_OK;
}

cof_status cof_intel_check_window(const char *name, int64_t from_unix_s, int64_t to_unix_s,
                                  cof_intel_use *use, cof_err *err)
{
    char from[COF_TIMESTAMP_SIZE];
    char to[COF_TIMESTAMP_SIZE];
    char now[COF_TIMESTAMP_SIZE];
    char expected[COF_CHECK_TEXT_SIZE];
    const bool is_early = use->now_unix_s < from_unix_s;
    const bool is_old = use->now_unix_s > to_unix_s;
    cof_timestamp_text(from_unix_s, from);
    cof_timestamp_text(to_unix_s, to);
    cof_timestamp_text(use->now_unix_s, now);
    (void)snprintf(expected, sizeof expected, "%s to %s", from, to);
    if (!cof_check_add(use->checks, name, !is_early && !is_old, expected, "now: %s", now)) {
        return is_early ? COF_FAIL(err, COLLATERAL_EARLY, "%s: valid from %s on", name, from)
                        : COF_FAIL(err, COLLATERAL_OLD, "%s: valid until %s", name, to);
    }
    if (to_unix_s < use->expires_unix_s) {
        use->expires_unix_s = to_unix_s;
    }
    return COF_OK;
}

cof_status cof_intel_check_fresh(const cof_freshness_item *item, cof_intel_use *use, cof_err *err)
{
    COF_TRY(cof_freshness_check(use->seen, item, use->checks, err));
    use->items[use->item_count++] = *item;
    return COF_OK;
}
