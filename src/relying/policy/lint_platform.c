#include <stdio.h>

#include "relying/policy/lint_internal.h"

typedef struct entry {
    const cof_accept *accept;
    const char *where;
    json_t *findings;
    cof_err *err;
} entry;

static cof_status lint_rating(const entry *e)
{
    const cof_tcb_policy *tcb = &e->accept->tcb;
    const unsigned stale =
        1U << COF_TCB_OUT_OF_DATE | 1U << COF_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED;
    if ((tcb->statuses & stale) != 0) {
        COF_TRY(cof_lint_add(e->findings, "stale-tcb", COF_LINT_WARNING, e->where, e->err,
                             "accepts platforms whose TCB is out of date"));
    }
    if (tcb->any_advisory && tcb->statuses != 1U << COF_TCB_UP_TO_DATE) {
        COF_TRY(cof_lint_add(e->findings, "any-advisory", COF_LINT_WARNING, e->where, e->err,
                             "accepts whatever advisories are open, those of tomorrow too"));
    }
    if (tcb->minimum_evaluation == 0) {
        return cof_lint_add(e->findings, "stale-tcb", COF_LINT_INFO, e->where, e->err,
                            "without tcb.minimum_evaluation, a rating counts until its collateral "
                            "expires");
    }
    return COF_OK;
}

static cof_status lint_sgx(const entry *e)
{
    if (e->accept->measurement_count == 0 && !e->accept->has_signer) {
        COF_TRY(cof_lint_add(e->findings, "any-measurement", COF_LINT_ERROR, e->where, e->err,
                             "accepts any enclave: neither measurements nor a signer"));
    }
    if (e->accept->has_signer && e->accept->minimum_svn == 0) {
        COF_TRY(cof_lint_add(e->findings, "any-svn", COF_LINT_INFO, e->where, e->err,
                             "accepts every version that the signer has ever signed: "
                             "minimum_svn is 0"));
    }
    return lint_rating(e);
}

static cof_status lint_measured(const entry *e)
{
    if (e->accept->measurement_count > 0) {
        return COF_OK;
    }
    return cof_lint_add(e->findings, "any-measurement", COF_LINT_ERROR, e->where, e->err,
                        "accepts any program: no measurements");
}

static cof_status lint_tdx(const entry *e)
{
    COF_TRY(lint_measured(e));
    if (e->accept->rtmr_mask == 0) {
        COF_TRY(cof_lint_add(e->findings, "any-system", COF_LINT_WARNING, e->where, e->err,
                             "accepts any system on this firmware: no rtmrs"));
    }
    return lint_rating(e);
}

static cof_status lint_snp(const entry *e)
{
    COF_TRY(lint_measured(e));
    if (e->accept->has_minimum_tcb) {
        return COF_OK;
    }
    return cof_lint_add(e->findings, "stale-tcb", COF_LINT_WARNING, e->where, e->err,
                        "accepts any firmware, however old: no minimum_tcb");
}

static cof_status lint_cvm(const entry *e)
{
    COF_TRY(lint_measured(e));
    if (e->accept->pcrs.mask == 0) {
        COF_TRY(cof_lint_add(e->findings, "any-measurement", COF_LINT_ERROR, e->where, e->err,
                             "accepts any system on this paravisor: no pcrs"));
    }
    if (e->accept->allows_console) {
        COF_TRY(cof_lint_add(e->findings, "console", COF_LINT_WARNING, e->where, e->err,
                             "whoever has the VM's serial console may log in"));
    }
    return lint_rating(e);
}

static cof_status lint_entry(const entry *e)
{
    switch (e->accept->tee) {
    case COF_TEE_SIMULATED:
        COF_TRY(cof_lint_add(e->findings, "simulated", COF_LINT_WARNING, e->where, e->err,
                             "accepts a simulated platform: it protects nothing from its host"));
        return lint_measured(e);
    case COF_TEE_SGX:
        return lint_sgx(e);
    case COF_TEE_TDX:
        return lint_tdx(e);
    case COF_TEE_SEV_SNP:
        return lint_snp(e);
    case COF_TEE_NONE:
    case COF_TEE_AZURE_CVM:
        break;
    }
    return lint_cvm(e);
}

cof_status cof_lint_platform(const cof_policy *policy, json_t *findings, cof_err *err)
{
    if (policy->count == 0) {
        return cof_lint_add(findings, "never-met", COF_LINT_ERROR, "accept", err,
                            "accepts no platform at all");
    }
    for (size_t i = 0; i < policy->count; i++) {
        char where[32];
        (void)snprintf(where, sizeof where, "accept[%zu]", i);
        const entry e = {
            .accept = &policy->entries[i], .where = where, .findings = findings, .err = err};
        COF_TRY(lint_entry(&e));
    }
    return COF_OK;
}
