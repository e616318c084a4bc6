/* Judging facts by a policy: debug, platform, root and TCB. What runs there: judge_identity.c. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "relying/policy/judge.h"

enum { HEX_SIZE = 2 * COF_REPORT_DATA_SIZE + 1 };

/* Names what the policy accepts, for the reader of a refusal. */
static void list_platforms(const cof_policy *policy, char out[static COF_CHECK_TEXT_SIZE])
{
    size_t used = 0;
    (void)snprintf(out, COF_CHECK_TEXT_SIZE, "%s", policy->count == 0 ? "none" : "");
    for (size_t i = 0; i < policy->count && used < COF_CHECK_TEXT_SIZE; i++) {
        used += (size_t)snprintf(out + used, COF_CHECK_TEXT_SIZE - used, "%s%s", i == 0 ? "" : ", ",
                                 cof_tee_name(policy->entries[i].tee));
    }
}

/* The same root for a simulated entry; vendors' roots were fixed by the verification. */
static bool is_root_of(const cof_facts *facts, const cof_accept *entry)
{
    return entry->tee != COF_TEE_SIMULATED || cof_digest_equal(&entry->root, &facts->root.spki);
}

static cof_status choose_entry(const cof_facts *facts, const cof_policy *policy,
                               const cof_accept **out, cof_checks *checks, cof_err *err)
{
    char accepted[COF_CHECK_TEXT_SIZE];
    const cof_accept *first = NULL;
    const cof_accept *found = NULL;
    list_platforms(policy, accepted);
    for (size_t i = 0; i < policy->count && found == NULL; i++) {
        const cof_accept *entry = &policy->entries[i];
        if (entry->tee == facts->tee && facts->tee != COF_TEE_NONE) {
            first = first == NULL ? entry : first;
            found = is_root_of(facts, entry) ? entry : NULL;
        }
    }
    (void)cof_check_add(checks, "policy.platform", first != NULL, accepted, "%s",
                        cof_tee_name(facts->tee));
    if (first == NULL) {
        return COF_FAIL(err, PLATFORM_REFUSED, "platform %s, accepted: %s",
                        cof_tee_name(facts->tee), accepted);
    }
    *out = found != NULL ? found : first;
    return COF_OK;
}

/* Which family of roots may stand behind evidence of this kind. */
static bool is_family_right(const cof_facts *facts)
{
    const cof_root_family family = facts->root.family;
    switch (facts->hardware) {
    case COF_TEE_SIMULATED:
        return family == COF_ROOT_SIMULATED;
    case COF_TEE_SGX:
    case COF_TEE_TDX:
        return family == COF_ROOT_INTEL;
    case COF_TEE_SEV_SNP:
        return family == COF_ROOT_AMD_MILAN || family == COF_ROOT_AMD_GENOA ||
               family == COF_ROOT_AMD_TURIN;
    case COF_TEE_NONE:
    case COF_TEE_AZURE_CVM:
        break;
    }
    return false;
}

static cof_status judge_root(const cof_facts *facts, const cof_accept *entry, cof_checks *checks,
                             cof_err *err)
{
    char actual[HEX_SIZE];
    char expected[HEX_SIZE];
    const bool is_ok = is_family_right(facts) && is_root_of(facts, entry);
    cof_digest_text(&facts->root.spki, actual);
    cof_digest_text(entry->tee == COF_TEE_SIMULATED ? &entry->root : &facts->root.spki, expected);
    if (!cof_check_add(checks, "policy.root", is_ok,
                       entry->tee == COF_TEE_SIMULATED ? expected : "the vendor's", "%s", actual)) {
        return COF_FAIL(err, EVIDENCE_UNTRUSTED, "root key %s, expected %s", actual, expected);
    }
    return COF_OK;
}

static void list_statuses(const cof_tcb_policy *policy, char out[static COF_CHECK_TEXT_SIZE])
{
    size_t used = 0;
    out[0] = '\0';
    for (unsigned i = COF_TCB_UP_TO_DATE; i < COF_TCB_STATUS_COUNT; i++) {
        if ((policy->statuses >> i & 1U) != 0 && used < COF_CHECK_TEXT_SIZE) {
            used += (size_t)snprintf(out + used, COF_CHECK_TEXT_SIZE - used, "%s%s",
                                     used == 0 ? "" : ", ", cof_tcb_status_name((cof_tcb_status)i));
        }
    }
}

static cof_status judge_revoked(const cof_facts *facts, const char *expected, cof_checks *checks,
                                cof_err *err)
{
    const cof_tcb_status status = facts->tcb.status;
    if (status != COF_TCB_REVOKED) {
        return COF_OK;
    }
    (void)cof_check_add(checks, "policy.tcb", false, expected, "%s", cof_tcb_status_name(status));
    return COF_FAIL(err, TCB_REVOKED, "the platform's TCB level is Revoked");
}

/* Open advisories matter when the platform is not up to date. */
static cof_status judge_advisories(const cof_facts *facts, const cof_tcb_policy *policy,
                                   cof_checks *checks, cof_err *err)
{
    const cof_advisories *open = &facts->tcb.advisories;
    if (facts->tcb.status == COF_TCB_UP_TO_DATE || policy->any_advisory) {
        return COF_OK;
    }
    for (size_t i = 0; i < open->count; i++) {
        if (!cof_advisories_has(&policy->advisories, open->ids[i])) {
            (void)cof_check_add(checks, "policy.advisories", false, "accepted advisories only",
                                "%s", open->ids[i]);
            return COF_FAIL(err, TCB_REFUSED, "%s is open, and the policy does not accept it",
                            open->ids[i]);
        }
    }
    (void)cof_check_add(checks, "policy.advisories", true, "accepted advisories only",
                        "%zu, all accepted", open->count);
    return COF_OK;
}

static cof_status judge_tcb(const cof_facts *facts, const cof_tcb_policy *policy,
                            cof_checks *checks, cof_err *err)
{
    char accepted[COF_CHECK_TEXT_SIZE];
    const cof_tcb_rating *rating = &facts->tcb;
    if (facts->hardware != COF_TEE_SGX && facts->hardware != COF_TEE_TDX) {
        return COF_OK;
    }
    cof_checks_from(checks, "TCB info");
    list_statuses(policy, accepted);
    COF_TRY(judge_revoked(facts, accepted, checks, err));
    if (!cof_check_add(checks, "policy.tcb", (policy->statuses >> rating->status & 1U) != 0,
                       accepted, "%s", cof_tcb_status_name(rating->status))) {
        return COF_FAIL(err, TCB_REFUSED, "TCB %s, accepted: %s",
                        cof_tcb_status_name(rating->status), accepted);
    }
    COF_TRY(judge_advisories(facts, policy, checks, err));
    if (policy->minimum_evaluation == 0) {
        return COF_OK;
    }
    char expected[32];
    (void)snprintf(expected, sizeof expected, "at least %" PRIu32, policy->minimum_evaluation);
    if (!cof_check_add(checks, "policy.evaluation",
                       rating->evaluation_number >= policy->minimum_evaluation, expected,
                       "%" PRIu32, rating->evaluation_number)) {
        return COF_FAIL(err, TCB_REFUSED, "TCB evaluation %" PRIu32 ", expected %s",
                        rating->evaluation_number, expected);
    }
    return COF_OK;
}

/* Each kind's own bit is read again: a caller that built facts by hand cannot forget the flag. */
static bool is_debuggable(const cof_facts *facts)
{
    return facts->is_debuggable || (facts->sgx.flags & COF_SGX_FLAG_DEBUG) != 0 ||
           (facts->td.td_attributes & COF_TD_ATTRIBUTE_DEBUG) != 0 ||
           (facts->snp.policy & COF_SNP_POLICY_DEBUG) != 0;
}

static cof_status judge_debug(const cof_facts *facts, cof_checks *checks, cof_err *err)
{
    const bool is_ok = !is_debuggable(facts);
    cof_checks_from(checks, "evidence");
    return cof_check_add(checks, "policy.debug", is_ok, "not debuggable", "%s",
                         is_ok ? "not debuggable" : "debuggable")
               ? COF_OK
               : COF_FAIL(err, EVIDENCE_DEBUG,
                          "whoever runs the platform can read its memory: "
                          "its debug attribute is set");
}

cof_status cof_policy_judge(const cof_facts *facts, const cof_policy *policy, cof_checks *checks,
                            cof_err *err)
{
    const cof_accept *entry = NULL;
    COF_TRY(judge_debug(facts, checks, err));
    COF_TRY(choose_entry(facts, policy, &entry, checks, err));
    COF_TRY(judge_root(facts, entry, checks, err));
    COF_TRY(judge_tcb(facts, &entry->tcb, checks, err));
    return cof_judge_identity(facts, entry, checks, err);
}

cof_status cof_policy_judge_genuine(const cof_facts *facts, cof_checks *checks, cof_err *err)
{
    COF_TRY(judge_debug(facts, checks, err));
    cof_checks_from(checks, "TCB info");
    COF_TRY(judge_revoked(facts, "any but Revoked", checks, err));
    (void)cof_check_add(checks, "policy.tcb", true, "any but Revoked", "%s",
                        cof_tcb_status_name(facts->tcb.status));
    return COF_OK;
}
