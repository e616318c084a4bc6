#include "relying/policy/policy.h"

#include <string.h>

cof_status cof_policy_add(cof_policy *policy, const cof_accept *entry, cof_err *err)
{
    if (policy->count == COF_POLICY_ENTRIES_MAX) {
        return COF_FAIL(err, LIMIT, "a policy names at most %d platforms", COF_POLICY_ENTRIES_MAX);
    }
    policy->entries[policy->count++] = *entry;
    return COF_OK;
}

static bool names_type(const cof_policy *policy, cof_tee tee)
{
    for (size_t i = 0; i < policy->count; i++) {
        if (policy->entries[i].tee == tee) {
            return true;
        }
    }
    return false;
}

cof_status cof_policy_from_json(const json_t *accept, cof_policy *out_policy, cof_err *err)
{
    const size_t count = json_array_size(accept);
    if (count == 0 || count > COF_CONTRACT_PLATFORMS) {
        return COF_FAIL(err, BAD_FORMAT, "accept: %zu items, expected 1 to %d", count,
                        COF_CONTRACT_PLATFORMS);
    }
    out_policy->count = 0;
    for (size_t i = 0; i < count; i++) {
        cof_accept entry;
        cof_status status = cof_accept_parse(json_array_get(accept, i), &entry, err);
        if (status == COF_OK && names_type(out_policy, entry.tee)) {
            status = COF_FAIL(err, BAD_FORMAT, "type: stands there twice");
        }
        if (status != COF_OK) {
            out_policy->count = 0;
            cof_err_context(err, "platform.accept[%zu]", i);
            return status;
        }
        COF_TRY(cof_policy_add(out_policy, &entry, err));
    }
    return COF_OK;
}

cof_status cof_policy_from_contract(const cof_contract *contract, cof_policy *out_policy,
                                    cof_err *err)
{
    const json_t *accept = json_object_get(json_object_get(contract->json, "platform"), "accept");
    const cof_status status = cof_policy_from_json(accept, out_policy, err);
    if (status == COF_E_BAD_FORMAT && err != NULL) {
        err->status = COF_E_CONTRACT_INVALID;
    }
    return status == COF_E_BAD_FORMAT ? COF_E_CONTRACT_INVALID : status;
}

/* Adds a root once. */
static void add_root(cof_root_pin *roots, size_t *count, const cof_root_pin *root)
{
    if (*count < COF_POLICY_ROOTS_MAX && cof_root_find(roots, *count, &root->spki) == NULL) {
        roots[(*count)++] = *root;
    }
}

size_t cof_policy_roots(const cof_policy *policy,
                        cof_root_pin out_roots[static COF_POLICY_ROOTS_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < policy->count; i++) {
        const cof_accept *entry = &policy->entries[i];
        if (entry->tee == COF_TEE_SIMULATED) {
            const cof_root_pin root = {.family = COF_ROOT_SIMULATED, .spki = entry->root};
            add_root(out_roots, &count, &root);
        }
        if (entry->tee == COF_TEE_SGX || entry->tee == COF_TEE_TDX ||
            entry->tee == COF_TEE_AZURE_CVM) {
            add_root(out_roots, &count, &cof_root_intel);
        }
        if (entry->tee == COF_TEE_SEV_SNP || entry->tee == COF_TEE_AZURE_CVM) {
            for (size_t k = 0; k < sizeof cof_roots_amd / sizeof cof_roots_amd[0]; k++) {
                add_root(out_roots, &count, &cof_roots_amd[k]);
            }
        }
    }
    return count;
}
