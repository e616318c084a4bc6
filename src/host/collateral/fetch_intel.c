/* Intel SGX and TDX Provisioning Certification Service, version 4, and PCCS, which has the same
 * paths. */
#include <string.h>

#include "host/collateral/answer.h"
#include "host/collateral/fetch_parts.h"
#include "host/collateral/summary.h"
#include "host/files/files.h"
#include "tcb/wire/text.h"

/* Two documents of different evaluations: Intel was publishing between the two requests. */
enum { SET_TRIES = 2 };

typedef struct document {
    const char *path; /* after the TEE */
    cof_collateral_item item;
    cof_collateral_item chain;
    const char *chain_fields[2]; /* PCCS and older versions use the second one */
} document;

static const document tcb_info = {
    .path = "tcb",
    .item = COF_COLLATERAL_TCB_INFO,
    .chain = COF_COLLATERAL_TCB_CHAIN,
    .chain_fields = {"TCB-Info-Issuer-Chain", "SGX-TCB-Info-Issuer-Chain"}};
static const document qe_identity = {
    .path = "qe/identity",
    .item = COF_COLLATERAL_QE_IDENTITY,
    .chain = COF_COLLATERAL_QE_CHAIN,
    .chain_fields = {"SGX-Enclave-Identity-Issuer-Chain", "Enclave-Identity-Issuer-Chain"}};

static cof_status document_url(const cof_collateral_origin *origin, const document *what,
                               const cof_collateral_need *need, cof_path *out, cof_err *err)
{
    char query[64] = "";
    char fmspc[2 * sizeof need->fmspc + 1];
    const char *update = origin->has_update_option ? "update=standard" : "";
    cof_hex_text(cof_view_of(need->fmspc, sizeof need->fmspc), fmspc);
    if (what == &tcb_info) {
        (void)snprintf(query, sizeof query, "?fmspc=%s%s%s", fmspc, update[0] != '\0' ? "&" : "",
                       update);
    } else if (update[0] != '\0') {
        (void)snprintf(query, sizeof query, "?%s", update);
    }
    return cof_path_format(out, err, "%s/%s/certification/v4/%s%s", origin->intel,
                           cof_tee_name(need->hardware), what->path, query);
}

static cof_status take_document(const document *what, const cof_part_answer *answer,
                                cof_fetched *out, cof_err *err)
{
    const char *chain = cof_http_answer_header(&answer->http, what->chain_fields[0]);
    if (chain == NULL) {
        chain = cof_http_answer_header(&answer->http, what->chain_fields[1]);
    }
    COF_TRY(cof_answer_item(what->item, cof_buf_view(&answer->http.body), &out->items, err));
    COF_TRY(cof_answer_chain(what->chain, chain, &out->items, err));
    out->lifetime = cof_lifetime_shorter(out->lifetime, answer->lifetime);
    return COF_OK;
}

static cof_status get_document(cof_fetcher *fetcher, const document *what,
                               const cof_collateral_need *need, int64_t now_unix_s,
                               cof_fetched *out, cof_err *err)
{
    cof_path url;
    COF_CLEANUP(cof_part_answer_free) cof_part_answer answer = {0};
    COF_TRY(document_url(cof_fetcher_origin(fetcher), what, need, &url, err));
    COF_TRY(cof_part_get(fetcher, url.text, now_unix_s, &answer, err));
    const cof_status status = take_document(what, &answer, out, err);
    if (status != COF_OK) {
        cof_err_context(err, "%.100s", url.text);
    }
    return status;
}

static uint64_t evaluation_of(const cof_fetched *fetched, cof_collateral_item item)
{
    cof_summary summary = {0};
    return cof_summarise(item, cof_collateral_view(&fetched->items, item), &summary, NULL) == COF_OK
               ? summary.number
               : 0;
}

cof_status cof_fetch_intel_tcb(cof_fetcher *fetcher, const cof_collateral_need *need,
                               int64_t now_unix_s, cof_fetched *out, cof_err *err)
{
    for (int i = 0; i < SET_TRIES; i++) {
        COF_TRY(get_document(fetcher, &tcb_info, need, now_unix_s, out, err));
        COF_TRY(get_document(fetcher, &qe_identity, need, now_unix_s, out, err));
        if (evaluation_of(out, COF_COLLATERAL_TCB_INFO) ==
            evaluation_of(out, COF_COLLATERAL_QE_IDENTITY)) {
            return COF_OK;
        }
    }
    cof_fetcher_note(fetcher, "TCB info and QE identity are of different evaluations "
                              "(tcbEvaluationDataNumber)");
    return COF_OK;
}

cof_status cof_fetch_intel_pck_crl(cof_fetcher *fetcher, const cof_collateral_need *need,
                                   int64_t now_unix_s, cof_fetched *out, cof_err *err)
{
    cof_path url;
    COF_TRY(cof_path_format(&url, err, "%s/sgx/certification/v4/pckcrl?ca=%s&encoding=der",
                            cof_fetcher_origin(fetcher)->intel,
                            need->is_platform_ca ? "platform" : "processor"));
    return cof_part_get_item(fetcher, url.text, COF_COLLATERAL_PCK_CRL, now_unix_s, out, err);
}

cof_status cof_fetch_intel_root_crl(cof_fetcher *fetcher, const cof_collateral_need *need,
                                    int64_t now_unix_s, cof_fetched *out, cof_err *err)
{
    const cof_collateral_origin *origin = cof_fetcher_origin(fetcher);
    (void)need;
    if (origin->is_pccs) {
        cof_path url;
        COF_TRY(cof_path_format(&url, err, "%s/sgx/certification/v4/rootcacrl", origin->intel));
        const cof_status status =
            cof_part_get_item(fetcher, url.text, COF_COLLATERAL_ROOT_CRL, now_unix_s, out, err);
        if (status != COF_E_NOT_FOUND) {
            return status;
        }
    }
    return cof_part_get_item(fetcher, origin->intel_root_crl, COF_COLLATERAL_ROOT_CRL, now_unix_s,
                             out, err);
}
