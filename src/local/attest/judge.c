#include "local/attest/judge.h"

#include "relying/verify/runtime.h"

/* Which form the evidence of a kind has, and what may stand behind it. */
typedef struct expectation {
    cof_evidence_form form;
    const char *form_name;
    cof_tee tee;
    cof_tee or_tee;
} expectation;

static const expectation expectations[COF_ATTEST_KINDS] = {
    [COF_ATTEST_SGX] = {COF_EVIDENCE_SGX_QUOTE, "an SGX quote", COF_TEE_SGX, COF_TEE_SIMULATED},
    [COF_ATTEST_OPEN_ENCLAVE] = {COF_EVIDENCE_OPEN_ENCLAVE, "an Open Enclave report", COF_TEE_SGX,
                                 COF_TEE_SIMULATED},
    [COF_ATTEST_SNP] = {COF_EVIDENCE_SNP_JSON, "an SEV-SNP report in JSON", COF_TEE_SEV_SNP,
                        COF_TEE_SEV_SNP},
    [COF_ATTEST_TDX] = {COF_EVIDENCE_TDX_QUOTE, "a TDX quote", COF_TEE_TDX, COF_TEE_TDX},
    [COF_ATTEST_AZURE_GUEST] = {COF_EVIDENCE_AZURE_CVM, "an AttestationInfo", COF_TEE_AZURE_CVM,
                                COF_TEE_AZURE_CVM},
};

static cof_status fetch(const cof_attest_trust *trust, const cof_collateral_need *need,
                        cof_collateral *out, cof_err *err)
{
    return trust->collateral == NULL
               ? COF_OK
               : cof_collateral_source_get(trust->collateral, need, trust->now_unix_s, out, err);
}

static cof_status make_input(const cof_attest_trust *trust, cof_view evidence,
                             const cof_collateral *collateral, cof_evidence_input *out,
                             cof_err *err)
{
    *out = (cof_evidence_input){.evidence = evidence,
                                .collateral = collateral,
                                .roots = trust->roots,
                                .root_count = trust->root_count,
                                .now_unix_s = trust->now_unix_s,
                                .seen = trust->seen};
    return trust->warm == NULL ? COF_OK
                               : cof_attest_warm_get(trust->warm, collateral, trust->roots,
                                                     trust->root_count, &out->intel, err);
}

static cof_status verify_enclave(const cof_attest_trust *trust, const expectation *expected,
                                 cof_view evidence, cof_facts *out, cof_checks *checks,
                                 cof_err *err)
{
    cof_collateral_need need = {0};
    cof_evidence_input input;
    COF_CLEANUP(cof_collateral_free) cof_collateral collateral = {0};
    if (cof_evidence_detect(evidence) != expected->form) {
        return COF_FAIL(err, EVIDENCE_INVALID, "the evidence is not %s", expected->form_name);
    }
    COF_TRY(cof_evidence_need(evidence, &need, err));
    COF_TRY(fetch(trust, &need, &collateral, err));
    COF_TRY(make_input(trust, evidence, &collateral, &input, err));
    return cof_evidence_verify(&input, out, checks, err);
}

static cof_status verify_guest(const cof_attest_trust *trust, cof_view info, cof_guest *guest,
                               cof_facts *out, cof_checks *checks, cof_err *err)
{
    cof_collateral_need need = {0};
    cof_evidence_input input;
    COF_CLEANUP(cof_collateral_free) cof_collateral collateral = {0};
    COF_TRY(cof_guest_read(info, guest, err));
    COF_TRY(cof_azure_evidence_need(&guest->evidence, &need, err));
    COF_TRY(fetch(trust, &need, &collateral, err));
    COF_TRY(make_input(trust, info, &collateral, &input, err));
    COF_TRY(cof_azure_cvm_verify(&guest->evidence, &input, out, checks, err));
    return cof_guest_check_key(guest, out, checks, err);
}

static cof_status check_facts(cof_attest_kind kind, const cof_facts *facts, cof_checks *checks,
                              cof_err *err)
{
    const expectation *expected = &expectations[kind];
    const char *status = cof_tcb_status_name(facts->tcb.status);
    cof_checks_from(checks, "evidence");
    if (!cof_check_add(checks, "platform",
                       facts->tee == expected->tee || facts->tee == expected->or_tee,
                       cof_tee_name(expected->tee), "%s", cof_tee_name(facts->tee))) {
        return COF_FAIL(err, PLATFORM_REFUSED, "evidence of %s", cof_tee_name(facts->tee));
    }
    cof_checks_from(checks, "TCB info");
    if (!cof_check_add(checks, "tcb_status", facts->tcb.status != COF_TCB_REVOKED, "not Revoked",
                       "%s", status)) {
        return COF_FAIL(err, TCB_REVOKED, "the platform's TCB is %s", status);
    }
    return COF_OK;
}

cof_status cof_attest_judge(const cof_attest_trust *trust, cof_attest_kind kind,
                            const cof_submission *s, cof_guest *guest, cof_facts *out_facts,
                            cof_checks *checks, cof_err *err)
{
    cof_facts facts = {0};
    const cof_view evidence = cof_buf_view(&s->evidence);
    COF_TRY(kind == COF_ATTEST_AZURE_GUEST
                ? verify_guest(trust, evidence, guest, &facts, checks, err)
                : verify_enclave(trust, &expectations[kind], evidence, &facts, checks, err));
    COF_TRY(check_facts(kind, &facts, checks, err));
    if (cof_submission_has_runtime(s)) {
        COF_TRY(cof_runtime_check_binding(cof_buf_view(&s->runtime_bytes), facts.report_data,
                                          checks, err));
    }
    COF_TRY(cof_submission_check_init_time(s, &facts, checks, err));
    *out_facts = facts;
    return COF_OK;
}
