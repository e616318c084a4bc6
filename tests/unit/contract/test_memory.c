/* Each allocation fails once: the answer is NO_MEMORY, nothing leaks, and nothing half-made is
 * given out. */
#include <string.h>

#include "contract_case.h"
#include "harness/cof_alloc_fail.h"
#include "relying/contract/release_policy.h"
#include "relying/contract/schema_file.h"

/*
 * What a failed allocation may look like besides NO_MEMORY; ends with OK. OpenSSL does not always
 * say that it was memory: a key that could not be read is no key, and then the contract is not
 * valid. Either way it is refused.
 */
static const cof_status or_crypto[] = {COF_E_CRYPTO, COF_E_CONTRACT_INVALID, COF_OK};
static const cof_status or_bad_key[] = {COF_E_CRYPTO, COF_E_BAD_KEY, COF_E_CONTRACT_INVALID,
                                        COF_OK};
/* A number that jansson had no memory for reads as no number. */
static const cof_status or_invalid[] = {COF_E_CONTRACT_INVALID, COF_OK};
static const cof_status nothing_else[] = {COF_OK};

static cof_status run_contract(void *context)
{
    const cof_buf *text = context;
    COF_CLEANUP(cof_contract_drop_) cof_contract *contract = NULL;
    cof_err err = {0};
    const cof_status status = cof_contract_parse(cof_buf_view(text), &contract, &err);
    assert_true((status == COF_OK) == (contract != NULL));
    return status;
}

static void a_contract_survives_each_failed_allocation(void **state)
{
    (void)state;
    static const char *const names[] = {"wdbc.contract.json", "digits.contract.json"};
    for (size_t i = 0; i < 2; i++) {
        COF_CLEANUP(cof_buf_free) cof_buf text = case_file(names[i]);
        assert_true(cof_alloc_fail_each(run_contract, &text, or_crypto) > 20);
    }
}

static cof_status run_job(void *context)
{
    const cof_buf *text = context;
    COF_CLEANUP(cof_diagnostics_drop_) cof_diagnostics *problems = NULL;
    COF_CLEANUP(cof_job_drop_) cof_job *job = NULL;
    COF_TRY(cof_diagnostics_new("job.yaml", cof_buf_view(text), &problems, NULL));
    return cof_job_parse(cof_buf_view(text), problems, &job, NULL);
}

static void a_job_survives_each_failed_allocation(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf text = case_file("wdbc.job.yaml");
    assert_true(cof_alloc_fail_each(run_job, &text, or_invalid) > 50);
}

static cof_status run_schema(void *context)
{
    const cof_buf *text = context;
    COF_CLEANUP(cof_diagnostics_drop_) cof_diagnostics *problems = NULL;
    COF_JSON json_t *schema = NULL;
    COF_TRY(cof_diagnostics_new("s.yaml", cof_buf_view(text), &problems, NULL));
    return cof_schema_file_parse(cof_buf_view(text), problems, &schema, NULL);
}

static void a_schema_file_survives_each_failed_allocation(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf text = case_file("wdbc.schema.yaml");
    assert_true(cof_alloc_fail_each(run_schema, &text, or_invalid) > 20);
}

typedef struct resolve_context {
    cof_job *job;
    case_facts facts;
} resolve_context;

static cof_status run_resolve(void *context)
{
    resolve_context *c = context;
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_LIMIT_CONTRACT_BYTES};
    COF_CLEANUP(cof_contract_drop_) cof_contract *contract = NULL;
    /* Problems add up in their list, so each run has its own. */
    COF_CLEANUP(cof_diagnostics_drop_) cof_diagnostics *problems = NULL;
    COF_TRY(cof_diagnostics_new("job.yaml", (cof_view){0}, &problems, NULL));
    return cof_resolve(c->job, &c->facts.facts, problems, &text, &contract, NULL);
}

static void resolving_survives_each_failed_allocation(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf text = case_file("digits.job.yaml");
    COF_JSON json_t *facts = case_json("facts.json");
    COF_CLEANUP(cof_diagnostics_drop_) cof_diagnostics *problems = NULL;
    COF_CLEANUP(cof_job_drop_) cof_job *job = NULL;
    assert_ok(cof_diagnostics_new("job.yaml", cof_buf_view(&text), &problems, NULL));
    assert_ok(cof_job_parse(cof_buf_view(&text), problems, &job, NULL));
    resolve_context context = {.job = job};
    case_facts_read(facts, "digits", NULL, &context.facts);
    assert_true(cof_alloc_fail_each(run_resolve, &context, or_bad_key) > 100);
}

static cof_status run_merge(void *context)
{
    json_t *policy = NULL;
    json_t *tags = NULL;
    json_t *policy_after = NULL;
    json_t *tags_after = NULL;
    cof_contract *const *contracts = context;
    cof_status status = cof_release_policy_merge(NULL, NULL, contracts[0], 1, &policy, &tags, NULL);
    if (status == COF_OK) {
        status = cof_release_policy_merge(policy, tags, contracts[1], 1, &policy_after, &tags_after,
                                          NULL);
    }
    json_decref(policy);
    json_decref(tags);
    json_decref(policy_after);
    json_decref(tags_after);
    return status;
}

static void merging_policies_survives_each_failed_allocation(void **state)
{
    (void)state;
    cof_contract *contracts[] = {case_contract("wdbc.contract.json"),
                                 case_contract("digits.contract.json")};
    assert_true(cof_alloc_fail_each(run_merge, contracts, nothing_else) > 50);
    cof_contract_free(contracts[0]);
    cof_contract_free(contracts[1]);
}

int main(int argc, char **argv)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    case_folder = argc > 1 ? argv[1] : ".";
    if (!cof_alloc_fail_hook_openssl()) {
        return 1;
    }
    cof_alloc_fail_hook_jansson();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_contract_survives_each_failed_allocation),
        cmocka_unit_test(a_job_survives_each_failed_allocation),
        cmocka_unit_test(a_schema_file_survives_each_failed_allocation),
        cmocka_unit_test(resolving_survives_each_failed_allocation),
        cmocka_unit_test(merging_policies_survives_each_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
