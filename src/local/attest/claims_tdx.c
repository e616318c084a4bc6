/* Claims of a TDX virtual machine. x-ms-compliance-status: see claims_snp.c. */
#include "local/attest/claims_internal.h"

/* As the bytes stand in the report. */
static cof_status add_words(json_t *claims, const cof_td_report *td, cof_err *err)
{
    const cof_claim_number rows[] = {
        {"tdx_seam_attributes", td->seam_attributes},
        {"tdx_td_attributes", td->td_attributes},
        {"tdx_xfam", td->xfam},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t bytes[8];
        for (size_t k = 0; k < sizeof bytes; k++) {
            bytes[k] = (uint8_t)(rows[i].value >> (8 * k));
        }
        COF_TRY(cof_claims_hex(claims, rows[i].name, bytes, sizeof bytes, err));
    }
    return COF_OK;
}

static cof_status add_attributes(json_t *claims, uint64_t attributes, cof_err *err)
{
    const cof_claim_flag rows[] = {
        {"tdx_td_attributes_debug", (attributes & COF_TD_ATTRIBUTE_DEBUG) != 0},
        {"tdx_td_attributes_key_locker", (attributes & COF_TD_ATTRIBUTE_KL) != 0},
        {"tdx_td_attributes_perfmon", (attributes & COF_TD_ATTRIBUTE_PERFMON) != 0},
        {"tdx_td_attributes_protection_keys", (attributes & COF_TD_ATTRIBUTE_PKS) != 0},
        {"tdx_td_attributes_septve_disable", (attributes & COF_TD_ATTRIBUTE_SEPT_VE_DISABLE) != 0},
    };
    return cof_claims_flags(claims, rows, sizeof rows / sizeof rows[0], err);
}

cof_status cof_claims_of_tdx(json_t *claims, const cof_facts *facts, cof_err *err)
{
    static const cof_claim_bytes rows[] = {
        COF_CLAIM_BYTES("tdx_mrconfigid", cof_td_report, mrconfigid),
        COF_CLAIM_BYTES("tdx_mrowner", cof_td_report, mrowner),
        COF_CLAIM_BYTES("tdx_mrownerconfig", cof_td_report, mrownerconfig),
        COF_CLAIM_BYTES("tdx_mrseam", cof_td_report, mrseam),
        COF_CLAIM_BYTES("tdx_mrsignerseam", cof_td_report, mrsignerseam),
        COF_CLAIM_BYTES("tdx_mrtd", cof_td_report, mrtd),
        COF_CLAIM_BYTES("tdx_report_data", cof_td_report, report_data),
        COF_CLAIM_BYTES("tdx_rtmr0", cof_td_report, rtmr[0]),
        COF_CLAIM_BYTES("tdx_rtmr1", cof_td_report, rtmr[1]),
        COF_CLAIM_BYTES("tdx_rtmr2", cof_td_report, rtmr[2]),
        COF_CLAIM_BYTES("tdx_rtmr3", cof_td_report, rtmr[3]),
        COF_CLAIM_BYTES("tdx_tee_tcb_svn", cof_td_report, tee_tcb_svn),
    };
    const cof_td_report *td = &facts->td;
    const bool is_debug = (td->td_attributes & COF_TD_ATTRIBUTE_DEBUG) != 0;
    const int seam_svn = td->tee_tcb_svn[0] | td->tee_tcb_svn[1] << 8;
    COF_TRY(cof_claims_text(claims, "x-ms-attestation-type", "tdxvm", err));
    COF_TRY(cof_claims_text(claims, "eat_profile", "https://aka.ms/maa-eat-profile-tdxvm", err));
    COF_TRY(cof_claims_text(claims, "intuse", "generic", err));
    COF_TRY(cof_claims_text(claims, "dbgstat", is_debug ? "enabled" : "disabled", err));
    COF_TRY(cof_claims_text(claims, "attester_tcb_status", cof_tcb_status_name(facts->tcb.status),
                            err));
    COF_TRY(cof_claims_bytes(claims, td, rows, sizeof rows / sizeof rows[0], err));
    COF_TRY(cof_json_set(claims, "tdx_seamsvn", json_integer(seam_svn), err));
    COF_TRY(add_words(claims, td, err));
    return add_attributes(claims, td->td_attributes, err);
}
