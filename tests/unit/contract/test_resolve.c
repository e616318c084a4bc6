/* From a job to its contract: byte for byte what an independent implementation makes. */
#include <string.h>

#include "contract_case.h"
#include "relying/contract/schema_file.h"

/* tests/vectors/contract/make.py made it. */
#define GOLDEN "faab4fe2900354c77e5a832f6fd112b54fa21d7c446155178d0778f46a4e76f4"

typedef struct setting {
    cof_buf text;
    cof_diagnostics *problems;
    cof_job *job;
    json_t *facts_json;
    json_t *schema;
    case_facts facts;
} setting;

static void setting_free(setting *s)
{
    cof_job_free(s->job);
    cof_diagnostics_free(s->problems);
    cof_buf_free(&s->text);
    json_decref(s->facts_json);
    json_decref(s->schema);
}

static json_t *read_schema(void)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = case_file("wdbc.schema.yaml");
    COF_CLEANUP(cof_diagnostics_drop_) cof_diagnostics *problems = NULL;
    json_t *schema = NULL;
    assert_ok(cof_diagnostics_new("wdbc.schema.yaml", cof_buf_view(&text), &problems, NULL));
    assert_ok(cof_schema_file_parse(cof_buf_view(&text), problems, &schema, NULL));
    return schema;
}

/* The job of a file, in which the first from is replaced by to (NULL: nothing is). */
static void set_up(setting *s, const char *job, const char *file, const char *from, const char *to)
{
    COF_CLEANUP(cof_buf_free) cof_buf original = case_file(file);
    const char *all = NULL;
    *s = (setting){.text = {.limit = 64 * 1024}};
    assert_ok(cof_buf_text(&original, &all, NULL));
    const char *place = from == NULL ? all : strstr(all, from);
    assert_non_null(place);
    const size_t skipped = from == NULL ? 0 : strlen(from);
    assert_ok(cof_buf_append(&s->text, cof_view_of(all, (size_t)(place - all)), NULL));
    assert_ok(cof_buf_append_text(&s->text, to == NULL ? "" : to, NULL));
    assert_ok(cof_buf_append_text(&s->text, place + skipped, NULL));
    assert_ok(cof_diagnostics_new("job.yaml", cof_buf_view(&s->text), &s->problems, NULL));
    assert_ok(cof_job_parse(cof_buf_view(&s->text), s->problems, &s->job, NULL));
    s->facts_json = case_json("facts.json");
    s->schema = read_schema();
    case_facts_read(s->facts_json, job, s->schema, &s->facts);
}

static void expect_vector(const char *job, const char *job_file, const char *contract_file)
{
    COF_CLEANUP(setting_free) setting s = {0};
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_LIMIT_CONTRACT_BYTES};
    COF_CLEANUP(cof_buf_free) cof_buf expected = case_file(contract_file);
    COF_CLEANUP(cof_buf_free) cof_buf again = {.limit = COF_LIMIT_CONTRACT_BYTES};
    COF_CLEANUP(cof_contract_drop_) cof_contract *contract = NULL;
    const char *expected_text = NULL;
    cof_err err = {0};
    set_up(&s, job, job_file, NULL, NULL);
    const cof_status status =
        cof_resolve(s.job, &s.facts.facts, s.problems, &text, &contract, &err);
    if (status != COF_OK) {
        fail_msg("%s", err.detail);
    }
    assert_ok(cof_buf_text(&expected, &expected_text, NULL));
    assert_view_text(cof_buf_view(&text), expected_text);
    /* What was read prints as it was: resolve, parse, print is stable. */
    assert_ok(cof_json_canonical(contract->json, &again, NULL));
    assert_true(cof_view_equal(cof_buf_view(&again), cof_buf_view(&text)));
}

static void a_job_becomes_the_contract_of_an_independent_implementation(void **state)
{
    (void)state;
    expect_vector("wdbc", "wdbc.job.yaml", "wdbc.contract.json");
    expect_vector("digits", "digits.job.yaml", "digits.contract.json");
}

static void how_an_object_is_encrypted_stands_in_the_contract(void **state)
{
    (void)state;
    COF_CLEANUP(setting_free) setting s = {0};
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_LIMIT_CONTRACT_BYTES};
    COF_CLEANUP(cof_contract_drop_) cof_contract *contract = NULL;
    set_up(&s, "wdbc", "wdbc.job.yaml", NULL, NULL);
    s.facts.inputs[0].objects[0].encryption = COF_CONTRACT_AZURE_CSE_V2;
    assert_ok(cof_resolve(s.job, &s.facts.facts, s.problems, &text, &contract, NULL));
    assert_int_equal(contract->inputs[0].objects[0].encryption, COF_CONTRACT_AZURE_CSE_V2);
}

static void the_golden_digest_stays(void **state)
{
    (void)state;
    COF_CLEANUP(setting_free) setting s = {0};
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_LIMIT_CONTRACT_BYTES};
    COF_CLEANUP(cof_contract_drop_) cof_contract *contract = NULL;
    char digest[2 * COF_DIGEST_SIZE + 1];
    set_up(&s, "wdbc", "wdbc.job.yaml", NULL, NULL);
    assert_ok(cof_resolve(s.job, &s.facts.facts, s.problems, &text, &contract, NULL));
    cof_digest_text(&contract->digest, digest);
    assert_string_equal(digest, GOLDEN);
}

static void a_changed_word_of_the_job_changes_the_digest(void **state)
{
    (void)state;
    static const char *const changes[][2] = {
        {"seed: 7", "seed: 8"},
        {"hidden: [64, 32]", "hidden: [64, 33]"},
        {"epochs: 40", "epochs: 41"},
        {"purpose: research", "purpose: rebate"},
        {"runs: 3", "runs: 4"},
        {"auc, ", ""},
        {"256MiB", "257MiB"},
        {"[hospital-a]}", "[hospital-b]}"},
        {"0.2", "0.25"},
    };
    COF_CLEANUP(cof_contract_drop_) cof_contract *original = case_contract("wdbc.contract.json");
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        COF_CLEANUP(setting_free) setting s = {0};
        COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_LIMIT_CONTRACT_BYTES};
        COF_CLEANUP(cof_contract_drop_) cof_contract *contract = NULL;
        set_up(&s, "wdbc", "wdbc.job.yaml", changes[i][0], changes[i][1]);
        assert_ok(cof_resolve(s.job, &s.facts.facts, s.problems, &text, &contract, NULL));
        assert_false(cof_digest_equal(&contract->digest, &original->digest));
    }
}

static void words_that_mean_the_same_give_the_same_digest(void **state)
{
    (void)state;
    static const char *const changes[][2] = {
        {"target: diagnosis", "target: 2"},
        {"wall_time: 1h", "wall_time: 60m"},
        {"memory: 256MiB, ", ""},
        {"2027-01-01T01:00:00+01:00", "2027-01-01T00:00:00Z"},
        {"[loss, progress, auc, accuracy]", "[progress, loss, accuracy, auc]"},
        {"1e-3", "0.001"},
        {"model: {kind: mlp, ", "model: {activation: relu, kind: mlp, "},
    };
    COF_CLEANUP(cof_contract_drop_) cof_contract *original = case_contract("wdbc.contract.json");
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        COF_CLEANUP(setting_free) setting s = {0};
        COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_LIMIT_CONTRACT_BYTES};
        COF_CLEANUP(cof_contract_drop_) cof_contract *contract = NULL;
        set_up(&s, "wdbc", "wdbc.job.yaml", changes[i][0], changes[i][1]);
        assert_ok(cof_resolve(s.job, &s.facts.facts, s.problems, &text, &contract, NULL));
        assert_true(cof_digest_equal(&contract->digest, &original->digest));
    }
}

static void keys_lose_what_a_vault_adds_to_them(void **state)
{
    (void)state;
    COF_CLEANUP(setting_free) setting s = {0};
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_LIMIT_CONTRACT_BYTES};
    COF_CLEANUP(cof_buf_free) cof_buf expected = case_file("wdbc.contract.json");
    COF_CLEANUP(cof_contract_drop_) cof_contract *contract = NULL;
    set_up(&s, "wdbc", "wdbc.job.yaml", NULL, NULL);
    case_change(s.facts_json, "identities.hospital-a.result_jwk.kid",
                "\"https://localhost/keys/x\"");
    case_change(s.facts_json, "identities.hospital-a.result_jwk.key_ops", "[\"unwrapKey\"]");
    case_change(s.facts_json, "identities.hospital-a.sign.kid", "\"sign\"");
    assert_ok(cof_resolve(s.job, &s.facts.facts, s.problems, &text, &contract, NULL));
    assert_true(cof_view_equal(cof_buf_view(&text), cof_buf_view(&expected)));
}

static void expect_problem(setting *s, const char *printed)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_LIMIT_CONTRACT_BYTES};
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 64 * 1024};
    cof_contract *contract = NULL;
    const char *got = NULL;
    assert_status(cof_resolve(s->job, &s->facts.facts, s->problems, &text, &contract, NULL),
                  CONTRACT_INVALID);
    assert_null(contract);
    assert_int_equal(text.size, 0);
    assert_ok(cof_diagnostics_print(s->problems, &out, NULL));
    assert_ok(cof_buf_text(&out, &got, NULL));
    if (strncmp(got, printed, strlen(printed)) != 0) {
        fail_msg("expected: %s\ngot: %s", printed, got);
    }
}

typedef struct bad {
    const char *from;
    const char *to;
    const char *printed;
} bad;

static void what_does_not_fit_what_was_looked_up_is_named_with_its_place(void **state)
{
    (void)state;
    static const bad bads[] = {
        {"owner: hospital-a", "owner: hospital-c",
         "job.yaml:6:26: there is no identity \"hospital-c\"; did you mean \"hospital-a\"?\n"},
        {"recipients: [hospital-a]}", "recipients: [auditor]}",
         "job.yaml:21:47: there is no identity \"auditor\"; the identities are hospital-a, "
         "hospital-b, me\n"},
        {"target: diagnosis", "target: diagnose",
         "job.yaml:6:77: there is no column \"diagnose\"; did you mean \"diagnosis\"?\n"},
        {"target: 2", "target: 4",
         "job.yaml:7:82: there are only 4 columns; the first column is 0\n"},
        {"model: {", "task: regression\nmodel: {",
         "job.yaml:6:77: target \"diagnosis\": a category has no regression\n"},
    };
    for (size_t i = 0; i < sizeof bads / sizeof bads[0]; i++) {
        COF_CLEANUP(setting_free) setting s = {0};
        set_up(&s, "wdbc", "wdbc.job.yaml", bads[i].from, bads[i].to);
        expect_problem(&s, bads[i].printed);
    }
}

static void a_stop_that_the_task_does_not_have_is_named(void **state)
{
    (void)state;
    COF_CLEANUP(setting_free) setting s = {0};
    set_up(&s, "digits", "digits.job.yaml", "training: {epochs: 1, ",
           "training: {epochs: 1, stop: {metric: auc, patience: 2}, ");
    expect_problem(&s, "job.yaml:15:38: the task is classes, and has no auc; choose loss\n");
}

static void missing_facts_are_named_with_what_to_do(void **state)
{
    (void)state;
    COF_CLEANUP(setting_free) setting s = {0};
    set_up(&s, "wdbc", "wdbc.job.yaml", NULL, NULL);
    s.facts.facts.root = NULL;
    s.facts.facts.installed[0] = NULL;
    s.facts.identities[0].key = NULL;
    s.facts.identities[1].result_kid = NULL;
    expect_problem(&s, "job.yaml:4:21: no worker for simulated is installed here, so its "
                       "measurement must be given; ");
    assert_int_equal(cof_diagnostics_count(s.problems), 4);
}

static void labels_that_the_job_does_not_cover_are_named(void **state)
{
    (void)state;
    COF_CLEANUP(setting_free) setting s = {0};
    set_up(&s, "digits", "digits.job.yaml", NULL, NULL);
    s.facts.inputs[1].classes = 11;
    expect_problem(&s, "job.yaml:13:95: the labels have 11 classes\n");
}

/* Two inputs that cannot be joined pass each alone; the enclave's reader has the last word. */
static void what_the_enclave_would_refuse_is_not_resolved(void **state)
{
    (void)state;
    COF_CLEANUP(setting_free) setting s = {0};
    set_up(&s, "digits", "digits.job.yaml", "classes: 10, ", "");
    expect_problem(&s, "job.yaml: the contract would not be valid: inputs[1]: not of the same "
                       "shape as inputs[0]\n");
}

int main(int argc, char **argv)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    case_folder = argc > 1 ? argv[1] : ".";
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_becomes_the_contract_of_an_independent_implementation),
        cmocka_unit_test(how_an_object_is_encrypted_stands_in_the_contract),
        cmocka_unit_test(the_golden_digest_stays),
        cmocka_unit_test(a_changed_word_of_the_job_changes_the_digest),
        cmocka_unit_test(words_that_mean_the_same_give_the_same_digest),
        cmocka_unit_test(keys_lose_what_a_vault_adds_to_them),
        cmocka_unit_test(what_does_not_fit_what_was_looked_up_is_named_with_its_place),
        cmocka_unit_test(a_stop_that_the_task_does_not_have_is_named),
        cmocka_unit_test(missing_facts_are_named_with_what_to_do),
        cmocka_unit_test(labels_that_the_job_does_not_cover_are_named),
        cmocka_unit_test(what_the_enclave_would_refuse_is_not_resolved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
