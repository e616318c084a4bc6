#include "relying/policy/policy.h"

#include <string.h>

#include "tcb/wire/text.h"

cof_status cof_policy_add(cof_policy *policy, const cof_policy_entry *entry, cof_err *err)
{
    if (policy->count == COF_POLICY_ENTRIES_MAX) {
        return COF_FAIL(err, LIMIT, "a policy names at most %d platforms", COF_POLICY_ENTRIES_MAX);
    }
    policy->entries[policy->count++] = *entry;
    return COF_OK;
}

cof_status cof_policy_from_contract(const cof_contract *contract, cof_policy *out_policy,
                                    cof_err *err)
{
    cof_policy policy = {0};
    for (size_t i = 0; i < contract->platform_count; i++) {
        const cof_contract_platform *platform = &contract->platforms[i];
        const bool is_simulated = platform->type == COF_CONTRACT_SIMULATED;
        const cof_policy_entry entry = {.tee = is_simulated ? COF_TEE_SIMULATED : COF_TEE_SGX,
                                        .root = platform->root,
                                        .measurements = platform->measurements,
                                        .measurement_count = platform->measurement_count};
        COF_TRY(cof_policy_add(&policy, &entry, err));
    }
    *out_policy = policy;
    return COF_OK;
}

size_t cof_policy_roots(const cof_policy *policy,
                        cof_root_pin out_roots[static COF_POLICY_ENTRIES_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < policy->count; i++) {
        const cof_policy_entry *entry = &policy->entries[i];
        if (entry->tee == COF_TEE_SIMULATED) {
            out_roots[count++] = (cof_root_pin){.family = COF_ROOT_SIMULATED, .spki = entry->root};
        } else if (entry->tee == COF_TEE_SGX) {
            out_roots[count++] = cof_root_intel;
        }
    }
    return count;
}

/* Names what the policy accepts, for the reader of a refusal. */
static void list_platforms(const cof_policy *policy, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < policy->count; i++) {
        const char *name = cof_tee_name(policy->entries[i].tee);
        const size_t length = strlen(name);
        if (used + length + 3 > size) {
            return;
        }
        if (used > 0) {
            memcpy(out + used, ", ", 2);
            used += 2;
        }
        memcpy(out + used, name, length + 1);
        used += length;
    }
}

static cof_status judge_platform(const cof_facts *facts, const cof_policy *policy,
                                 cof_checks *checks, cof_err *err)
{
    char accepted[COF_CHECK_TEXT_SIZE];
    list_platforms(policy, accepted, sizeof accepted);
    bool is_named = false;
    for (size_t i = 0; i < policy->count; i++) {
        is_named = is_named || policy->entries[i].tee == facts->tee;
    }
    /* Hardware evidence needs revocation and TCB collateral before anybody may rely on it. */
    const bool is_judged = facts->tee == COF_TEE_SIMULATED;
    const char *reason = is_named && !is_judged
                             ? " (refused: its collateral cannot be checked by this version)"
                             : "";
    if (!cof_check_add(checks, "policy.platform", is_named && is_judged, accepted, "%s%s",
                       cof_tee_name(facts->tee), reason)) {
        return COF_FAIL(err, PLATFORM_REFUSED, "platform %s%s; accepted: %s",
                        cof_tee_name(facts->tee), reason, accepted[0] == '\0' ? "none" : accepted);
    }
    return COF_OK;
}

static cof_status judge_root(const cof_facts *facts, const cof_policy *policy, cof_checks *checks,
                             cof_err *err)
{
    bool is_named = false;
    char expected[2 * COF_DIGEST_SIZE + 1] = "none";
    char actual[2 * COF_DIGEST_SIZE + 1];
    cof_digest_text(&facts->root.spki, actual);
    for (size_t i = 0; i < policy->count; i++) {
        const cof_policy_entry *entry = &policy->entries[i];
        if (entry->tee == facts->tee) {
            cof_digest_text(&entry->root, expected);
            is_named = is_named || cof_digest_equal(&entry->root, &facts->root.spki);
        }
    }
    is_named = is_named && facts->root.family == COF_ROOT_SIMULATED;
    if (!cof_check_add(checks, "policy.root", is_named, is_named ? actual : expected, "%s",
                       actual)) {
        return COF_FAIL(err, EVIDENCE_UNTRUSTED, "root key %s, expected %s", actual, expected);
    }
    return COF_OK;
}

/* The measurement must stand in an entry of this very platform and root. */
static bool is_measurement_accepted(const cof_facts *facts, const cof_policy *policy)
{
    for (size_t i = 0; i < policy->count; i++) {
        const cof_policy_entry *entry = &policy->entries[i];
        if (entry->tee != facts->tee || !cof_digest_equal(&entry->root, &facts->root.spki)) {
            continue;
        }
        for (size_t m = 0; m < entry->measurement_count; m++) {
            if (memcmp(entry->measurements[m].bytes, facts->sgx.mrenclave, COF_DIGEST_SIZE) == 0) {
                return true;
            }
        }
    }
    return false;
}

static cof_status judge_measurement(const cof_facts *facts, const cof_policy *policy,
                                    cof_checks *checks, cof_err *err)
{
    char actual[2 * COF_DIGEST_SIZE + 1];
    char first[2 * COF_DIGEST_SIZE + 1] = "none";
    size_t count = 0;
    cof_hex_text(cof_view_of(facts->sgx.mrenclave, sizeof facts->sgx.mrenclave), actual);
    for (size_t i = 0; i < policy->count; i++) {
        const cof_policy_entry *entry = &policy->entries[i];
        if (entry->tee == facts->tee && entry->measurement_count > 0 && count == 0) {
            cof_digest_text(&entry->measurements[0], first);
        }
        count += entry->tee == facts->tee ? entry->measurement_count : 0;
    }
    const bool is_ok = is_measurement_accepted(facts, policy);
    const char *expected = is_ok ? actual : first;
    if (!cof_check_add(checks, "policy.measurement", is_ok, expected, "%s", actual)) {
        return COF_FAIL(err, MEASUREMENT_REFUSED, "measurement %s; %zu accepted, such as %s",
                        actual, count, first);
    }
    return COF_OK;
}

cof_status cof_policy_judge(const cof_facts *facts, const cof_policy *policy, cof_checks *checks,
                            cof_err *err)
{
    /* The flag is read from the attributes again: a caller that built facts by hand cannot forget
     * it. */
    const bool is_debuggable = facts->is_debuggable || (facts->sgx.flags & COF_SGX_FLAG_DEBUG) != 0;
    if (!cof_check_add(checks, "policy.debug", !is_debuggable, "not debuggable", "%s",
                       is_debuggable ? "debuggable" : "not debuggable")) {
        return COF_FAIL(err, EVIDENCE_DEBUG, "the enclave's DEBUG attribute is set");
    }
    COF_TRY(judge_platform(facts, policy, checks, err));
    COF_TRY(judge_root(facts, policy, checks, err));
    return judge_measurement(facts, policy, checks, err);
}
