/* Evidence of Azure confidential VMs in all its shapes: what is accepted is printed, and is then
 * accepted again as the same. */
#include <stdlib.h>
#include <string.h>

#include "relying/verify/azure/azure_cvm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_true)
{
    if (!is_true) {
        abort();
    }
}

static bool is_same(const cof_buf *a, const cof_buf *b)
{
    return cof_view_equal(cof_buf_view(a), cof_buf_view(b));
}

static void check_round_trip(const cof_azure_evidence *first)
{
    COF_CLEANUP(cof_azure_evidence_free) cof_azure_evidence second = {0};
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = (size_t)4 * COF_EVIDENCE_MAX};
    COF_CLEANUP(cof_buf_free) cof_buf again = {.limit = (size_t)4 * COF_EVIDENCE_MAX};
    if (cof_azure_evidence_print(first, &text, NULL) != COF_OK || text.size > COF_EVIDENCE_MAX ||
        first->quote.size == 0 || first->signature.size == 0) {
        return; /* no HCL report, or empty members, which are left out */
    }
    require(cof_azure_evidence_parse(cof_buf_view(&text), &second, NULL) == COF_OK);
    require(is_same(&first->hcl_report, &second.hcl_report) &&
            is_same(&first->quote, &second.quote) &&
            is_same(&first->signature, &second.signature) &&
            is_same(&first->td_quote, &second.td_quote) && is_same(&first->leaf, &second.leaf) &&
            is_same(&first->chain, &second.chain) &&
            is_same(&first->ak_certificate, &second.ak_certificate) &&
            memcmp(&first->pcrs, &second.pcrs, sizeof first->pcrs) == 0);
    require(cof_azure_evidence_print(&second, &again, NULL) == COF_OK && is_same(&text, &again));
}

static void check_need(const cof_azure_evidence *evidence)
{
    cof_collateral_need need = {0};
    if (cof_azure_evidence_need(evidence, &need, NULL) == COF_OK) {
        require(need.hardware != COF_TEE_NONE && need.hardware != COF_TEE_AZURE_CVM);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const cof_view json = cof_view_of(data, size);
    const cof_evidence_input input = {.evidence = json, .now_unix_s = 1798761600};
    COF_CLEANUP(cof_azure_evidence_free) cof_azure_evidence evidence = {0};
    COF_CLEANUP(cof_azure_evidence_free) cof_azure_evidence info = {0};
    cof_facts facts = {0};
    if (cof_azure_evidence_parse(json, &evidence, NULL) == COF_OK) {
        check_round_trip(&evidence);
        check_need(&evidence);
        require(cof_azure_cvm_verify(&evidence, &input, &facts, NULL, NULL) != COF_OK);
    }
    if (cof_azure_attestation_info_parse(json, &info, NULL) == COF_OK) {
        require(info.hcl_report.size == 0);
        check_need(&info);
        require(cof_azure_cvm_verify(&info, &input, &facts, NULL, NULL) != COF_OK);
    }
    return 0;
}
