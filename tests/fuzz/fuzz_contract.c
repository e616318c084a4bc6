/*
 * Any bytes as a contract. What is accepted is consistent, prints as it was, and can be explained.
 *
 * An input that is JSON but not canonical is made so first: else the fuzzer would hardly pass the
 * first check.
 */
#include <stdlib.h>

#include "relying/contract/explain.h"
#include "relying/contract/release_policy.h"
#include "relying/policy/policy.h"
#include "tcb/contract/contract.h"
#include "tcb/wire/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool claim)
{
    if (!claim) {
        abort();
    }
}

static void check_contract(const cof_contract *contract, cof_view text)
{
    COF_CLEANUP(cof_buf_free) cof_buf printed = {.limit = COF_LIMIT_CONTRACT_BYTES};
    COF_CLEANUP(cof_buf_free) cof_buf explained = {.limit = (size_t)4 * COF_LIMIT_CONTRACT_BYTES};
    COF_JSON json_t *policy = NULL;
    COF_JSON json_t *tags = NULL;
    check(cof_json_canonical(contract->json, &printed, NULL) == COF_OK);
    check(cof_view_equal(cof_buf_view(&printed), text));
    check(contract->input_count >= 1 && contract->owner_count >= 1 && contract->output_count >= 1);
    for (size_t i = 0; i < contract->input_count; i++) {
        check(contract->inputs[i].owner < contract->owner_count);
        check((contract->inputs[i].schema != NULL) ==
              (contract->inputs[i].format == COF_CONTRACT_CSV));
    }
    /* What stands under a platform's type is not the enclave's to read: those who judge evidence
     * refuse it, all of them. */
    cof_policy accepted;
    const cof_status judged = cof_policy_from_contract(contract, &accepted, NULL);
    check(judged == COF_OK || judged == COF_E_CONTRACT_INVALID);
    check(cof_contract_explain(contract, &explained, NULL) == judged);
    check(cof_release_policy_merge(NULL, NULL, contract, 0, &policy, &tags, NULL) == judged);
}

static void read_contract(cof_view text)
{
    COF_CLEANUP(cof_contract_drop_) cof_contract *contract = NULL;
    const cof_status status = cof_contract_parse(text, &contract, NULL);
    check((status == COF_OK) == (contract != NULL));
    check(status == COF_OK || status == COF_E_CONTRACT_INVALID);
    if (contract != NULL) {
        check_contract(contract, text);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    COF_JSON json_t *json = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf canonical = {.limit = COF_LIMIT_CONTRACT_BYTES};
    read_contract(cof_view_of(data, size));
    if (cof_json_parse(cof_view_of(data, size), COF_LIMIT_CONTRACT_BYTES, &json, NULL) == COF_OK &&
        cof_json_canonical(json, &canonical, NULL) == COF_OK) {
        read_contract(cof_buf_view(&canonical));
    }
    return 0;
}
