#include "relying/policy/decision.h"

#include <string.h>

#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

static cof_status judge_report_data(const cof_facts *facts, const uint8_t *report_data,
                                    cof_checks *checks, cof_err *err)
{
    char expected[2 * COF_REPORT_DATA_SIZE + 1];
    char actual[2 * COF_REPORT_DATA_SIZE + 1];
    cof_hex_text(cof_view_of(report_data, COF_REPORT_DATA_SIZE), expected);
    cof_hex_text(cof_view_of(facts->report_data, COF_REPORT_DATA_SIZE), actual);
    cof_checks_from(checks, "evidence");
    return cof_check_add(checks, "report_data",
                         memcmp(report_data, facts->report_data, COF_REPORT_DATA_SIZE) == 0,
                         expected, "%s", actual)
               ? COF_OK
               : COF_FAIL(err, EVIDENCE_BINDING, "report data %.24s..., expected %.24s...", actual,
                          expected);
}

static cof_status judge(const cof_policy *policy, const uint8_t *report_data,
                        cof_decision *decision, cof_err *err)
{
    cof_checks *checks = &decision->checks;
    COF_TRY(policy == NULL ? cof_policy_judge_genuine(&decision->facts, checks, err)
                           : cof_policy_judge(&decision->facts, policy, checks, err));
    return report_data == NULL ? COF_OK
                               : judge_report_data(&decision->facts, report_data, checks, err);
}

static cof_tee claimed_by(cof_view evidence)
{
    switch (cof_evidence_detect(evidence)) {
    case COF_EVIDENCE_SGX_QUOTE:
    case COF_EVIDENCE_OPEN_ENCLAVE:
        return COF_TEE_SGX;
    case COF_EVIDENCE_TDX_QUOTE:
        return COF_TEE_TDX;
    case COF_EVIDENCE_SNP_REPORT:
    case COF_EVIDENCE_SNP_JSON:
        return COF_TEE_SEV_SNP;
    case COF_EVIDENCE_AZURE_CVM:
        return COF_TEE_AZURE_CVM;
    case COF_EVIDENCE_UNKNOWN:
        break;
    }
    return COF_TEE_NONE;
}

cof_status cof_decide(const cof_evidence_input *input, const cof_policy *policy,
                      const uint8_t *report_data, cof_decision *out, cof_err *err)
{
    memset(out, 0, sizeof *out);
    cof_err *why = &out->why;
    out->claimed = claimed_by(input->evidence);
    out->status = cof_evidence_verify(input, &out->facts, &out->checks, why);
    out->is_genuine = out->status == COF_OK;
    if (out->is_genuine) {
        out->status = judge(policy, report_data, out, why);
    }
    if (out->status == COF_E_NO_MEMORY) {
        return COF_FAIL(err, NO_MEMORY, "decision");
    }
    if (out->status == COF_OK && !cof_checks_all_ok(&out->checks)) {
        /* A verifier that says yes against its own checks is wrong. */
        out->status = COF_FAIL(why, INTERNAL, "a check failed, and nothing was refused");
    }
    out->is_accepted = out->status == COF_OK;
    return COF_OK;
}

static const char *status_text(const cof_decision *decision)
{
    if (!decision->is_genuine) {
        return cof_status_describe(decision->status)->name;
    }
    return decision->facts.tcb.status == COF_TCB_UNRATED
               ? "Genuine"
               : cof_tcb_status_name(decision->facts.tcb.status);
}

static cof_status add_advisories(json_t *object, const cof_advisories *advisories, cof_err *err)
{
    COF_JSON json_t *list = json_array();
    for (size_t i = 0; i < advisories->count; i++) {
        COF_TRY(cof_json_append(list, json_string(advisories->ids[i]), err));
    }
    return cof_json_set(object, "advisories", json_incref(list), err);
}

cof_status cof_decision_to_json(const cof_decision *decision, const json_t *claims, json_t **out,
                                cof_err *err)
{
    COF_JSON json_t *object = json_object();
    COF_JSON json_t *checks = NULL;
    const cof_facts *facts = &decision->facts;
    COF_TRY(cof_checks_to_json(&decision->checks, &checks, err));
    COF_TRY(cof_json_set(object, "verdict",
                         json_string(decision->is_accepted ? "accepted" : "refused"), err));
    COF_TRY(cof_json_set(
        object, "type",
        json_string(cof_tee_name(decision->is_genuine ? facts->tee : decision->claimed)), err));
    if (facts->hardware != facts->tee) {
        COF_TRY(cof_json_set(object, "hardware", json_string(cof_tee_name(facts->hardware)), err));
    }
    COF_TRY(cof_json_set(object, "status", json_string(status_text(decision)), err));
    COF_TRY(cof_json_set(object, "code", json_string(cof_status_describe(decision->status)->name),
                         err));
    COF_TRY(cof_json_set(object, "reason",
                         json_string(decision->is_accepted ? "" : decision->why.detail), err));
    COF_TRY(add_advisories(object, &facts->tcb.advisories, err));
    COF_TRY(cof_json_set(object, "checks", json_incref(checks), err));
    COF_TRY(cof_json_set(object, "claims", claims == NULL ? json_object() : json_deep_copy(claims),
                         err));
    *out = json_incref(object);
    return COF_OK;
}
