/* Platform policies, as files and as JSON: what is read prints to a form that reads back the same,
 * and nothing that must never be accepted can be said. */
#include <stdlib.h>

#include "relying/contract/policy_file.h"
#include "tcb/wire/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* Fails only where a policy file may leave open what a contract may not. */
static void print_and_read_back(const cof_accept *accept)
{
    COF_JSON json_t *printed = NULL;
    COF_JSON json_t *again = NULL;
    cof_accept read;
    must((accept->tcb.statuses & (1U << COF_TCB_REVOKED)) == 0);
    must(cof_accept_print(accept, &printed, NULL) == COF_OK);
    must(cof_accept_parse(printed, &read, NULL) == COF_OK);
    must(cof_accept_print(&read, &again, NULL) == COF_OK);
    must(json_equal(printed, again) == 1);
}

static void check_policy(const cof_policy *policy)
{
    cof_root_pin roots[COF_POLICY_ROOTS_MAX];
    must(policy->count >= 1 && policy->count <= COF_POLICY_ENTRIES_MAX);
    must(cof_policy_roots(policy, roots) >= 1);
    for (size_t i = 0; i < policy->count; i++) {
        print_and_read_back(&policy->entries[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static cof_policy policy;
    const cof_view text = cof_view_of(data, size);
    COF_CLEANUP(cof_diagnostics_drop_) cof_diagnostics *problems = NULL;
    COF_JSON json_t *value = NULL;
    must(cof_diagnostics_new("policy", text, &problems, NULL) == COF_OK);
    if (cof_policy_file_parse(text, problems, &policy, NULL) == COF_OK) {
        check_policy(&policy);
    }
    if (cof_json_parse(text, COF_LIMIT_JSON_BYTES, &value, NULL) == COF_OK &&
        cof_policy_from_json(value, &policy, NULL) == COF_OK) {
        check_policy(&policy);
    }
    return 0;
}
