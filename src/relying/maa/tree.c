#include "relying/maa/tree.h"

typedef struct cof_maa_chunk {
    struct cof_maa_chunk *next;
    max_align_t bytes[];
} cof_maa_chunk;

cof_status cof_maa_take(cof_maa_policy *policy, size_t size, void **out, cof_err *err)
{
    cof_maa_chunk *chunk = calloc(1, sizeof *chunk + size);
    if (chunk == NULL) {
        return COF_FAIL(err, NO_MEMORY, "attestation policy");
    }
    chunk->next = policy->pool;
    policy->pool = chunk;
    *out = chunk->bytes;
    return COF_OK;
}

void cof_maa_policy_free(cof_maa_policy *policy)
{
    if (policy == NULL) {
        return;
    }
    while (policy->pool != NULL) {
        cof_maa_chunk *chunk = policy->pool;
        policy->pool = chunk->next;
        free(chunk);
    }
    free(policy);
}

const char *cof_maa_section_name(cof_maa_section section)
{
    static const char *const names[] = {"configurationrules", "authorizationrules",
                                        "issuancerules"};
    return names[section];
}

const char *cof_maa_property_name(cof_maa_property property)
{
    static const char *const names[] = {"type", "value", "valueType", "issuer"};
    return names[property];
}

const char *cof_maa_operator_name(cof_maa_operator op)
{
    static const char *const names[] = {"==", "!=", "<", "<=", ">", ">="};
    return names[op];
}

const char *cof_maa_verb_name(cof_maa_verb verb)
{
    static const char *const names[] = {"permit", "deny", "add", "issue", "issueproperty"};
    return names[verb];
}

const char *cof_maa_function_name(cof_maa_function function)
{
    static const char *const names[] = {"JmesPath",     "JsonToClaimValue", "IsSubsetOf",
                                        "AppendString", "NegateBool",       "ContainsOnlyValue"};
    return names[function];
}

size_t cof_maa_function_arguments(cof_maa_function function)
{
    static const size_t counts[] = {2, 1, 2, 2, 1, 2};
    return counts[function];
}

bool cof_maa_takes_set(cof_maa_function function, size_t argument)
{
    return function == COF_MAA_IS_SUBSET_OF ||
           (function == COF_MAA_CONTAINS_ONLY_VALUE && argument == 0);
}
