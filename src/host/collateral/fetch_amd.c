/* AMD's Key Distribution Service (VCEK Certificate and KDS Interface Specification), and what
 * Azure's metadata service has of it for the VM that asks. */
#include <string.h>

#include "host/collateral/answer.h"
#include "host/collateral/fetch_parts.h"
#include "host/collateral/summary.h"
#include "host/files/files.h"
#include "tcb/wire/text.h"

enum { TURIN_ID_SIZE = 8 };

/* ---- Azure's metadata service ---- */

static cof_status get_metadata(cof_fetcher *fetcher, int64_t now_unix_s, cof_imds_answer *out,
                               cof_lifetime *out_lifetime, cof_err *err)
{
    cof_path url;
    COF_CLEANUP(cof_part_answer_free) cof_part_answer answer = {0};
    COF_TRY(cof_path_format(&url, err, "%s/metadata/THIM/amd/certification",
                            cof_fetcher_origin(fetcher)->imds));
    COF_TRY(cof_part_get(fetcher, url.text, now_unix_s, &answer, err));
    COF_TRY(cof_answer_imds(cof_buf_view(&answer.http.body), out, err));
    const cof_lifetime said = {
        .is_known = out->seconds > 0, .may_store = true, .seconds = out->seconds};
    *out_lifetime = cof_lifetime_shorter(answer.lifetime, said);
    return COF_OK;
}

static void drop_metadata(cof_imds_answer *answer)
{
    cof_collateral_free(&answer->items);
}

static cof_status from_metadata(cof_fetcher *fetcher, cof_collateral_item item,
                                const cof_collateral_need *need, int64_t now_unix_s,
                                cof_fetched *out, cof_err *err)
{
    COF_CLEANUP(drop_metadata) cof_imds_answer answer = {0};
    cof_lifetime lifetime;
    COF_TRY(get_metadata(fetcher, now_unix_s, &answer, &lifetime, err));
    if (item == COF_COLLATERAL_AMD_LEAF && answer.tcb != need->reported_tcb) {
        return COF_FAIL(err, COLLATERAL_MISMATCH,
                        "the metadata service has the certificate for TCB %016llx, the evidence is "
                        "of %016llx: fetch on the VM that made it, or --from intel",
                        (unsigned long long)answer.tcb, (unsigned long long)need->reported_tcb);
    }
    out->lifetime = cof_lifetime_shorter(out->lifetime, lifetime);
    return cof_collateral_set(&out->items, item, cof_collateral_view(&answer.items, item), err);
}

/* A leaf that says which chip it is for, and says another one, must not be kept under this one. */
static cof_status check_chip(const cof_fetched *fetched, const cof_collateral_need *need,
                             cof_err *err)
{
    cof_summary leaf = {0};
    COF_TRY(cof_summarise(COF_COLLATERAL_AMD_LEAF,
                          cof_collateral_view(&fetched->items, COF_COLLATERAL_AMD_LEAF), &leaf,
                          err));
    if (leaf.product != COF_SNP_NONE &&
        memcmp(leaf.chip_id, need->chip_id, sizeof leaf.chip_id) != 0) {
        return COF_FAIL(err, COLLATERAL_MISMATCH, "the certificate is another chip's");
    }
    return COF_OK;
}

/* ---- the KDS ---- */

static cof_status leaf_url(const char *base, cof_snp_product product,
                           const cof_collateral_need *need, cof_path *out, cof_err *err)
{
    char id[2 * sizeof need->chip_id + 1];
    char fmc[16] = "";
    const cof_snp_tcb tcb = cof_snp_tcb_of(need->reported_tcb, product);
    const bool is_turin = product == COF_SNP_TURIN;
    cof_hex_text(cof_view_of(need->chip_id, is_turin ? TURIN_ID_SIZE : sizeof need->chip_id), id);
    if (is_turin) {
        (void)snprintf(fmc, sizeof fmc, "fmcSPL=%02u&", tcb.fmc);
    }
    return cof_path_format(
        out, err, "%s/vcek/v1/%s/%s?%sblSPL=%02u&teeSPL=%02u&snpSPL=%02u&ucodeSPL=%02u", base,
        cof_snp_product_name(product), id, fmc, tcb.bootloader, tcb.tee, tcb.snp, tcb.microcode);
}

static cof_status leaf_from_kds(cof_fetcher *fetcher, cof_snp_product product,
                                const cof_collateral_need *need, int64_t now_unix_s,
                                cof_fetched *out, cof_err *err)
{
    cof_path url;
    COF_TRY(leaf_url(cof_fetcher_origin(fetcher)->amd, product, need, &url, err));
    return cof_part_get_item(fetcher, url.text, COF_COLLATERAL_AMD_LEAF, now_unix_s, out, err);
}

static cof_status find_leaf(cof_fetcher *fetcher, const cof_collateral_need *need,
                            int64_t now_unix_s, cof_fetched *out, cof_err *err)
{
    if (cof_fetcher_origin(fetcher)->imds[0] != '\0') {
        return from_metadata(fetcher, COF_COLLATERAL_AMD_LEAF, need, now_unix_s, out, err);
    }
    if (need->product != COF_SNP_NONE) {
        return leaf_from_kds(fetcher, need->product, need, now_unix_s, out, err);
    }
    /* Reports of version 2 do not name the product; they are older than Turin. */
    const cof_status status = leaf_from_kds(fetcher, COF_SNP_MILAN, need, now_unix_s, out, err);
    return status == COF_E_NOT_FOUND
               ? leaf_from_kds(fetcher, COF_SNP_GENOA, need, now_unix_s, out, err)
               : status;
}

cof_status cof_fetch_amd_leaf(cof_fetcher *fetcher, const cof_collateral_need *need,
                              int64_t now_unix_s, cof_fetched *out, cof_err *err)
{
    COF_TRY(find_leaf(fetcher, need, now_unix_s, out, err));
    return check_chip(out, need, err);
}

static cof_status from_kds(cof_fetcher *fetcher, const cof_collateral_need *need, const char *name,
                           cof_collateral_item item, int64_t now_unix_s, cof_fetched *out,
                           cof_err *err)
{
    cof_path url;
    if (need->product == COF_SNP_NONE) {
        return COF_FAIL(err, NOT_FOUND, "the evidence does not name its AMD product");
    }
    COF_TRY(cof_path_format(&url, err, "%s/%s/v1/%s/%s", cof_fetcher_origin(fetcher)->amd,
                            need->is_vlek ? "vlek" : "vcek", cof_snp_product_name(need->product),
                            name));
    return cof_part_get_item(fetcher, url.text, item, now_unix_s, out, err);
}

cof_status cof_fetch_amd_chain(cof_fetcher *fetcher, const cof_collateral_need *need,
                               int64_t now_unix_s, cof_fetched *out, cof_err *err)
{
    if (cof_fetcher_origin(fetcher)->imds[0] != '\0' && !need->is_vlek) {
        return from_metadata(fetcher, COF_COLLATERAL_AMD_CHAIN, need, now_unix_s, out, err);
    }
    return from_kds(fetcher, need, "cert_chain", COF_COLLATERAL_AMD_CHAIN, now_unix_s, out, err);
}

cof_status cof_fetch_amd_crl(cof_fetcher *fetcher, const cof_collateral_need *need,
                             int64_t now_unix_s, cof_fetched *out, cof_err *err)
{
    return from_kds(fetcher, need, "crl", COF_COLLATERAL_AMD_CRL, now_unix_s, out, err);
}
