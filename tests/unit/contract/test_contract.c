/* The enclave's reader of contracts: what it gives for good ones, and how it refuses all others. */
#include <string.h>

#include "contract_case.h"

static void a_contract_is_read_whole(void **state)
{
    (void)state;
    COF_CLEANUP(cof_contract_drop_) cof_contract *c = case_contract("wdbc.contract.json");
    assert_string_equal(c->name, "wdbc-screening");
    assert_string_equal(c->purpose, "research");
    assert_string_equal(c->authority, "https://localhost:8443");
    assert_int_equal(c->platform_count, 1);
    assert_int_equal(c->platforms[0], COF_CONTRACT_SIMULATED);
    assert_int_equal(c->owner_count, 2);
    assert_string_equal(c->owners[1].name, "hospital-b");
    assert_non_null(c->owners[1].sign);
    assert_int_equal(c->input_count, 2);
    assert_int_equal(c->inputs[1].owner, 1);
    assert_int_equal(c->inputs[0].format, COF_CONTRACT_CSV);
    assert_int_equal(c->inputs[0].use, COF_CONTRACT_TRAIN);
    assert_string_equal(c->inputs[0].target, "diagnosis");
    assert_int_equal(c->inputs[0].target_column, 2);
    assert_int_equal(cof_schema_count(c->inputs[0].schema), 4);
    assert_int_equal(c->inputs[0].object_count, 1);
    assert_int_equal(c->inputs[0].objects[0].size, 123865);
    assert_int_equal(c->task, COF_CONTRACT_BINARY);
    assert_int_equal(c->classes, 2);
    assert_int_equal(c->disclose, COF_CONTRACT_DISCLOSE_PROGRESS | COF_CONTRACT_DISCLOSE_LOSS |
                                      COF_CONTRACT_DISCLOSE_ACCURACY | COF_CONTRACT_DISCLOSE_AUC);
    assert_int_equal(c->output_count, 2);
    assert_int_equal(c->outputs[0].recipient_count, 2);
    assert_int_equal(cof_rsa_size(c->outputs[0].recipients[1].key), 256);
    assert_int_equal(c->limits.expires_unix_s, 1798761600);
    assert_int_equal(c->limits.runs, 3);
    assert_int_equal(c->limits.memory_bytes, 268435456);
    assert_int_equal(c->limits.wall_time_s, 3600);
}

static void a_contract_s_training_is_read_whole(void **state)
{
    (void)state;
    COF_CLEANUP(cof_contract_drop_) cof_contract *c = case_contract("wdbc.contract.json");
    const cof_contract_training *t = &c->training;
    assert_int_equal(c->model.kind, COF_CONTRACT_MLP);
    assert_int_equal(c->model.hidden_count, 2);
    assert_int_equal(c->model.hidden[1], 32);
    assert_int_equal(c->model.activation, COF_CONTRACT_RELU);
    assert_int_equal(t->epochs, 40);
    assert_int_equal(t->batch, 32);
    assert_int_equal(t->seed, 7);
    assert_true(t->validation == 0.2 && t->test == 0.2);
    assert_int_equal(t->optimizer.kind, COF_CONTRACT_ADAMW);
    assert_true(t->optimizer.learning_rate == 0.001 && t->optimizer.epsilon == 1e-8);
    assert_true(t->optimizer.beta1 == 0.9 && t->optimizer.beta2 == 0.999 &&
                t->optimizer.weight_decay == 0.01);
    assert_int_equal(t->class_weights, COF_CONTRACT_WEIGHTS_NONE);
    assert_true(t->standardize);
    assert_int_equal(t->checkpoint_every_epochs, 5);
    assert_int_equal(t->stop, COF_CONTRACT_STOP_LOSS);
    assert_int_equal(t->stop_patience, 5);
    assert_int_equal(t->threads, 2);
    assert_int_equal(t->kernel, COF_CONTRACT_KERNEL_ANY);
}

static void a_contract_of_images_is_read_whole(void **state)
{
    (void)state;
    COF_CLEANUP(cof_contract_drop_) cof_contract *c = case_contract("digits.contract.json");
    assert_int_equal(c->platform_count, 2);
    assert_int_equal(c->inputs[0].format, COF_CONTRACT_IDX);
    assert_int_equal(c->inputs[0].classes, 10);
    assert_int_equal(c->inputs[0].object_count, 2);
    assert_string_equal(c->inputs[0].objects[1].part, "labels");
    assert_null(c->inputs[0].schema);
    assert_int_equal(c->inputs[1].use, COF_CONTRACT_TEST);
    assert_int_equal(c->task, COF_CONTRACT_CLASSES);
    assert_int_equal(c->classes, 10);
    assert_int_equal(c->model.hidden_count, 0);
    assert_int_equal(c->training.optimizer.kind, COF_CONTRACT_SGD);
    assert_true(c->training.optimizer.momentum == 0.9);
    assert_int_equal(c->training.stop, COF_CONTRACT_STOP_NONE);
}

static void the_digest_is_that_of_an_independent_implementation(void **state)
{
    (void)state;
    static const char *const names[][2] = {{"wdbc.contract.json", "wdbc.digest"},
                                           {"digits.contract.json", "digits.digest"}};
    for (size_t i = 0; i < 2; i++) {
        COF_CLEANUP(cof_contract_drop_) cof_contract *c = case_contract(names[i][0]);
        COF_CLEANUP(cof_buf_free) cof_buf digest = case_file(names[i][1]);
        char text[2 * COF_DIGEST_SIZE + 1];
        cof_digest_text(&c->digest, text);
        assert_view_text(cof_buf_view(&digest), text);
    }
}

/* Any changed byte either makes the contract invalid or gives it another digest. */
static void a_changed_byte_never_keeps_the_digest(void **state)
{
    (void)state;
    COF_CLEANUP(cof_contract_drop_) cof_contract *original = case_contract("digits.contract.json");
    COF_CLEANUP(cof_buf_free) cof_buf text = case_file("digits.contract.json");
    size_t still_valid = 0;
    for (size_t i = 0; i < text.size; i++) {
        COF_CLEANUP(cof_contract_drop_) cof_contract *changed = NULL;
        text.data[i] ^= 1;
        const cof_status status = cof_contract_parse(cof_buf_view(&text), &changed, NULL);
        assert_true(status == COF_OK || status == COF_E_CONTRACT_INVALID);
        if (status == COF_OK) {
            assert_false(cof_digest_equal(&changed->digest, &original->digest));
            still_valid++;
        }
        text.data[i] ^= 1;
    }
    /* A digit or a letter of a name can change and the contract stays a contract. */
    assert_true(still_valid > 100);
}

static void expect_refusal(const char *text, size_t size, const char *detail)
{
    cof_contract *contract = NULL;
    cof_err err = {0};
    assert_status(cof_contract_parse(cof_view_of(text, size), &contract, &err), CONTRACT_INVALID);
    assert_int_equal(err.status, COF_E_CONTRACT_INVALID);
    assert_null(contract);
    if (detail != NULL && strstr(err.detail, detail) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", detail, err.detail);
    }
}

static void what_is_not_canonical_is_refused(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf text = case_file("wdbc.contract.json");
    COF_CLEANUP(cof_buf_free) cof_buf spaced = {.limit = 8192};
    assert_ok(cof_buf_append_text(&spaced, " ", NULL));
    assert_ok(cof_buf_append(&spaced, cof_buf_view(&text), NULL));
    expect_refusal((const char *)spaced.data, spaced.size, "canonical");
    expect_refusal((const char *)text.data, text.size - 1, NULL);
    assert_ok(cof_buf_append_text(&text, "\n", NULL));
    expect_refusal((const char *)text.data, text.size, "canonical");
    /* The same members in another order. */
    COF_JSON json_t *json = case_json("wdbc.contract.json");
    COF_CLEANUP(cof_buf_free) cof_buf printed = {.limit = 8192};
    COF_JSON json_t *moved = json_incref(json_object_get(json, "attestation"));
    assert_int_equal(json_object_del(json, "attestation"), 0);
    assert_int_equal(json_object_set(json, "attestation", moved), 0);
    assert_ok(cof_json_print(json, &printed, NULL));
    expect_refusal((const char *)printed.data, printed.size, "canonical");
}

static void what_is_no_json_object_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", "null", "[]", "{}", "\"x\"", "{\"coffer\":\"contract/v2\"}", "\xff\xfe"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        expect_refusal(texts[i], strlen(texts[i]), NULL);
    }
}

static void a_contract_over_its_limit_is_refused(void **state)
{
    (void)state;
    const size_t size = COF_LIMIT_CONTRACT_BYTES + 1;
    COF_CLEANUP(cof_free_drop_) char *text = malloc(size);
    assert_non_null(text);
    memset(text, '[', size);
    expect_refusal(text, size, NULL);
    expect_refusal(text, 4096, NULL);
}

/* A duplicate key is valid for some parsers: the second would be what another reader sees. */
static void a_repeated_member_is_refused(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf text = case_file("wdbc.contract.json");
    COF_CLEANUP(cof_buf_free) cof_buf doubled = {.limit = 8192};
    assert_ok(cof_buf_append_text(&doubled, "{\"attestation\":{\"authority\":\"https://evil:1\"},",
                                  NULL));
    assert_ok(cof_buf_append(&doubled, cof_view_of(text.data + 1, text.size - 1), NULL));
    expect_refusal((const char *)doubled.data, doubled.size, NULL);
}

static void a_null_error_is_allowed(void **state)
{
    (void)state;
    cof_contract *contract = NULL;
    assert_status(cof_contract_parse(cof_view_text("{}"), &contract, NULL), CONTRACT_INVALID);
}

static void names_print_as_in_a_contract(void **state)
{
    (void)state;
    assert_string_equal(cof_contract_platform_name(COF_CONTRACT_SGX), "sgx");
    assert_string_equal(cof_contract_format_name(COF_CONTRACT_IDX), "idx");
    assert_string_equal(cof_contract_use_name(COF_CONTRACT_TEST), "test");
    assert_string_equal(cof_contract_task_name(COF_CONTRACT_CLASSES), "classes");
    assert_string_equal(cof_contract_model_name(COF_CONTRACT_MLP), "mlp");
    assert_string_equal(cof_contract_activation_name(COF_CONTRACT_TANH), "tanh");
    assert_string_equal(cof_contract_optimizer_name(COF_CONTRACT_ADAMW), "adamw");
    assert_string_equal(cof_contract_weights_name(COF_CONTRACT_WEIGHTS_BALANCED), "balanced");
    assert_string_equal(cof_contract_stop_name(COF_CONTRACT_STOP_AUC), "auc");
    assert_string_equal(cof_contract_kernel_name(COF_CONTRACT_KERNEL_AVX512), "avx512");
    assert_string_equal(cof_contract_output_format_name(COF_CONTRACT_JSON), "json");
    assert_string_equal(cof_contract_disclosure_name(COF_CONTRACT_DISCLOSE_CONFUSION), "confusion");
    assert_string_equal(cof_contract_disclosure_name((cof_contract_disclosure)0x3), "?");
    assert_string_equal(cof_contract_kernel_name((cof_contract_kernel)9), "?");
}

static void a_contract_expires_at_its_second(void **state)
{
    (void)state;
    COF_CLEANUP(cof_contract_drop_) cof_contract *c = case_contract("wdbc.contract.json");
    assert_false(cof_contract_is_expired(c, 1798761599));
    assert_true(cof_contract_is_expired(c, 1798761600));
}

int main(int argc, char **argv)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    case_folder = argc > 1 ? argv[1] : ".";
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_contract_is_read_whole),
        cmocka_unit_test(a_contract_s_training_is_read_whole),
        cmocka_unit_test(a_contract_of_images_is_read_whole),
        cmocka_unit_test(the_digest_is_that_of_an_independent_implementation),
        cmocka_unit_test(a_changed_byte_never_keeps_the_digest),
        cmocka_unit_test(what_is_not_canonical_is_refused),
        cmocka_unit_test(what_is_no_json_object_is_refused),
        cmocka_unit_test(a_contract_over_its_limit_is_refused),
        cmocka_unit_test(a_repeated_member_is_refused),
        cmocka_unit_test(a_null_error_is_allowed),
        cmocka_unit_test(names_print_as_in_a_contract),
        cmocka_unit_test(a_contract_expires_at_its_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
