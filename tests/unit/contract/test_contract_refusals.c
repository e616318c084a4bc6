/* Every member of a contract: taken away, of another type, out of range, in conflict with another.
 */
#include <stdio.h>
#include <string.h>

#include "contract_case.h"

typedef struct change {
    const char *path;
    const char *value;  /* JSON text; NULL takes it away */
    const char *detail; /* in the error; NULL: still valid */
} change;

static void apply(const char *file, const change *changes, size_t count)
{
    COF_JSON json_t *json = case_json(file);
    COF_CLEANUP(cof_contract_drop_) cof_contract *contract = NULL;
    cof_err err = {0};
    for (size_t i = 0; i < count; i++) {
        case_change(json, changes[i].path, changes[i].value);
    }
    COF_CLEANUP(cof_buf_free) cof_buf text = case_canonical(json);
    const cof_status status = cof_contract_parse(cof_buf_view(&text), &contract, &err);
    const char *detail = changes[count - 1].detail;
    if (detail == NULL && status != COF_OK) {
        fail_msg("%s = %s is refused: %s", changes[0].path, changes[0].value, err.detail);
    }
    if (detail != NULL &&
        (status != COF_E_CONTRACT_INVALID || strstr(err.detail, detail) == NULL)) {
        fail_msg("%s = %s: \"%s\" expected, got %s \"%s\"", changes[0].path, changes[0].value,
                 detail, cof_status_describe(status)->name, err.detail);
    }
}

static void apply_each(const char *file, const change *changes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        apply(file, &changes[i], 1);
    }
}

#define EACH(file, changes) apply_each(file, changes, sizeof(changes) / sizeof(changes)[0])
#define ALL(file, changes)  apply(file, changes, sizeof(changes) / sizeof(changes)[0])
#define HEX64               "\"0000000000000000000000000000000000000000000000000000000000000001\""

static void a_member_of_the_head_out_of_its_range_is_refused(void **state)
{
    (void)state;
    static const change changes[] = {
        {"name", "\"a\"", NULL},
        {"name", "\"-a\"", "name"},
        {"name", "\"A\"", "name"},
        {"name", "\"\"", "name"},
        {"name", "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"", "name"},
        {"name", "7", "name"},
        {"name", NULL, "name"},
        {"purpose", "\"\"", "purpose"},
        {"purpose", "\"a\\nb\"", "purpose"},
        {"purpose", "\"a\\u202eb\"", "purpose"},
        {"purpose", "\"Stra\u00dfe\"", NULL},
        {"coffer", "\"contract/v2\"", "coffer"},
        {"extra", "1", "extra"},
        {"attestation.authority", "\"http://localhost\"", "authority"},
        {"attestation.authority", "\"https://localhost/\"", "authority"},
        {"attestation.authority", "\"https://user@host\"", "authority"},
        {"attestation.authority", "\"https://host:\"", "authority"},
        {"attestation.authority", "\"https://sharedeus.eus.attest.azure.net\"", NULL},
        {"attestation.more", "1", "more"},
        {"attestation.others", "[\"https://a:1\",\"https://b\",\"https://c\"]", NULL},
        {"attestation.others", "[]", "others"},
        {"attestation.others", "\"https://a\"", "others"},
        {"attestation.others", "[\"http://a\"]", "others"},
        {"attestation.others", "[1]", "others"},
        {"attestation.others", "[\"https://a\",\"https://a\"]", "others"},
        {"attestation.others", "[\"https://localhost:8443\"]", "others"},
        {"attestation.others", "[\"https://a\",\"https://b\",\"https://c\",\"https://d\"]",
         "others"},
        {"attestation", "[]", "attestation"},
    };
    EACH("wdbc.contract.json", changes);
}

static void a_platform_that_is_not_exact_is_refused(void **state)
{
    (void)state;
    static const change changes[] = {
        {"platform.accept", "[]", "accept"},
        {"platform.more", "1", "more"},
        {"platform.accept.0.type", "\"nitro\"", "type"},
        {"platform.accept.0.type", NULL, "type"},
        {"platform.accept.0", "\"simulated\"", "platform.accept[0]"},
        {"platform.accept.+", "{\"type\":\"sgx\",\"measurements\":[" HEX64 "]}", NULL},
        {"platform.accept.+", "{\"type\":\"azure-cvm\"}", NULL}, /* relying/policy reads the rest */
        {"platform.accept.+",
         "{\"type\":\"simulated\",\"measurements\":[" HEX64 "],\"root\":" HEX64 "}", "twice"},
    };
    EACH("wdbc.contract.json", changes);
}

static void an_owner_that_is_not_exact_is_refused(void **state)
{
    (void)state;
    static const change changes[] = {
        {"owners", "[]", "owners"},
        {"owners.0.name", "\"hospital-b\"", "twice"},
        {"owners.0.name", "\"hospital-c\"", "owner"},
        {"owners.0.key", "\"https://localhost:8443/keys/me/1/\"", "key"},
        {"owners.0.key", "\"https://localhost:8443/keys/me\"", "key"},
        {"owners.0.key", "\"https://localhost:8443/keys/../secrets\"", "key"},
        {"owners.0.key", "\"http://localhost:8443/keys/me/1\"", "key"},
        {"owners.0.key", "\"https://localhost:8443/keys/me/1?x=1\"", "key"},
        {"owners.0.sign", NULL, "sign"},
        {"owners.0.sign.x", "\"AAAA\"", "owners[0]"},
        {"owners.0.sign.crv", "\"P-384\"", "owners[0]"},
        {"owners.0.sign.kid", "\"x\"", "sign"},
        {"owners.0.sign.d", "\"AAAA\"", "sign"},
        {"owners.0", "7", "owners[0]"},
        {"owners.0.extra", "7", "extra"},
        {"owners.1", NULL, "owner"},
    };
    EACH("wdbc.contract.json", changes);
}

static void owners_stand_in_order_of_first_use_and_nobody_else(void **state)
{
    (void)state;
    COF_JSON json_t *json = case_json("wdbc.contract.json");
    char *first = json_dumps(json_array_get(json_object_get(json, "owners"), 0), 0);
    char *second = json_dumps(json_array_get(json_object_get(json, "owners"), 1), 0);
    const change swapped[] = {{"owners.0", second, NULL},
                              {"owners.1", first, "order of first use"}};
    ALL("wdbc.contract.json", swapped);
    static const change idle[] = {{"inputs.1.owner", "\"hospital-a\"", "owns no input"}};
    ALL("wdbc.contract.json", idle);
    free(first);
    free(second);
}

static void an_input_that_is_not_exact_is_refused(void **state)
{
    (void)state;
    static const change changes[] = {
        {"inputs", "[]", "inputs"},
        {"inputs.0", "[]", "inputs[0]"},
        {"inputs.0.name", "\"more-cells\"", "twice"},
        {"inputs.0.owner", "\"nobody\"", "owner"},
        {"inputs.0.format", "\"npy\"", "format"},
        {"inputs.0.format", "\"idx\"", "inputs[0]"},
        {"inputs.0.use", "\"all\"", "use"},
        {"inputs.0.target", "\"radius\"", "radius"},
        {"inputs.0.target", "2", "target"},
        {"inputs.0.target", "\"texture_mean\"", "inputs[1]"},
        {"inputs.0.schema.columns", "[]", "inputs[0]"},
        {"inputs.0.schema.columns.0.type", "\"date\"", "type"},
        {"inputs.0.schema.columns.0.min", "200", "min"},
        {"inputs.0.schema.columns.0.min", "-5", NULL},
        {"inputs.0.schema.columns.0.unit", "\"mm\"", "unit"},
        {"inputs.0.schema.columns.2.values", "[\"benign\"]", "shape"},
        {"inputs.0.schema.columns.2.values", "[\"malignant\",\"benign\"]", "shape"},
        {"inputs.0.schema.more", "1", "more"},
        {"inputs.0.classes", "2", "classes"},
        {"inputs.0.data", "\"/etc/passwd\"", "data"},
        {"inputs.0.objects", "[]", "objects"},
        {"inputs.0.objects.0.part", "\"labels\"", "part"},
        {"inputs.0.objects.0.digest", "\"\"", "digest"},
        {"inputs.0.objects.0.digest",
         "\"3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d\"", "digest"},
        {"inputs.0.objects.0.size", "-1", "size"},
        {"inputs.0.objects.0.size", "17592186044417", "size"},
        {"inputs.0.objects.0.size", "1.5", "size"},
        {"inputs.0.objects.0.path", "\"x\"", "path"},
        {"inputs.0.use", "\"test\"", "test"},
        {"inputs.1.format", NULL, "format"},
    };
    EACH("wdbc.contract.json", changes);
}

static void an_input_of_images_that_is_not_exact_is_refused(void **state)
{
    (void)state;
    static const change changes[] = {
        {"inputs.0.classes", "1", "classes"},
        {"inputs.0.classes", "257", "classes"},
        {"inputs.0.classes", "9", "shape"},
        {"inputs.0.classes", NULL, "classes"},
        {"inputs.0.target", "\"x\"", "target"},
        {"inputs.0.objects.1", NULL, "objects"},
        {"inputs.0.objects.1.part", "\"data\"", "part"},
        {"inputs.0.objects.1.digest",
         "\"2e7d2c03a9507ae265ecf5b5356885a53393a2029d241394997265a1a25aefc6\"", "twice"},
        {"inputs.0.use", "\"test\"", "none to train on"},
        {"inputs.1", NULL, NULL},
        {"task", "\"binary\"", "task"},
        {"task", "\"regression\"", "task"},
        {"training.test", "0.1", "test"},
    };
    EACH("digits.contract.json", changes);
}

static void a_task_that_does_not_fit_its_target_is_refused(void **state)
{
    (void)state;
    static const change changes[] = {
        {"task", "\"classes\"", NULL},
        {"task", "\"regression\"", "target"},
        {"task", "\"ranking\"", "task"},
        {"task", NULL, "task"},
    };
    EACH("wdbc.contract.json", changes);
    static const change number[] = {{"inputs.0.target", "\"radius_mean\"", NULL},
                                    {"inputs.1.target", "\"radius_mean\"", "target"}};
    ALL("wdbc.contract.json", number);
    static const change regression[] = {{"inputs.0.target", "\"radius_mean\"", NULL},
                                        {"inputs.1.target", "\"radius_mean\"", NULL},
                                        {"task", "\"regression\"", NULL}};
    ALL("wdbc.contract.json", regression);
    static const change auc[] = {{"inputs.0.target", "\"radius_mean\"", NULL},
                                 {"inputs.1.target", "\"radius_mean\"", NULL},
                                 {"task", "\"regression\"", NULL},
                                 {"training.stop.metric", "\"accuracy\"", "stop.metric"}};
    ALL("wdbc.contract.json", auc);
    static const change weights[] = {{"inputs.0.target", "\"radius_mean\"", NULL},
                                     {"inputs.1.target", "\"radius_mean\"", NULL},
                                     {"task", "\"regression\"", NULL},
                                     {"training.class_weights", "\"balanced\"", "class_weights"}};
    ALL("wdbc.contract.json", weights);
}

static void a_model_out_of_its_range_is_refused(void **state)
{
    (void)state;
    static const change changes[] = {
        {"model.kind", "\"cnn\"", "kind"},
        {"model.kind", "\"linear\"", "activation"},
        {"model", "{\"kind\":\"linear\"}", NULL},
        {"model.hidden", "[]", "hidden"},
        {"model.hidden", "[0]", "hidden"},
        {"model.hidden", "[65537]", "hidden"},
        {"model.hidden", "[1.5]", "hidden"},
        {"model.hidden", "[\"64\"]", "hidden"},
        {"model.hidden", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]",
         "hidden"},
        {"model.hidden", NULL, "hidden"},
        {"model.activation", "\"gelu\"", "activation"},
        {"model.activation", NULL, "activation"},
        {"model.layers", "1", "layers"},
    };
    EACH("wdbc.contract.json", changes);
}

static void training_out_of_its_range_is_refused(void **state)
{
    (void)state;
    static const change changes[] = {
        {"training.epochs", "0", "epochs"},
        {"training.epochs", "100001", "epochs"},
        {"training.epochs", "100000", NULL},
        {"training.epochs", "\"40\"", "epochs"},
        {"training.batch", "0", "batch"},
        {"training.batch", "65537", "batch"},
        {"training.seed", "-1", "seed"},
        {"training.seed", "9007199254740991", NULL},
        {"training.validation", "0.91", "validation"},
        {"training.validation", "-0.1", "validation"},
        {"training.validation", "0.8", "no rows are left"},
        {"training.validation", "0", "stop"},
        {"training.class_weights", "\"some\"", "class_weights"},
        {"training.standardize", "1", "standardize"},
        {"training.checkpoint", "{}", "every_epochs"},
        {"training.checkpoint.every_epochs", "0", NULL},
        {"training.checkpoint.every_steps", "1", "every_steps"},
        {"training.stop", "null", NULL},
        {"training.stop", NULL, "stop"},
        {"training.stop.metric", "\"none\"", "stop.metric"},
        {"training.stop.metric", "\"f1\"", "metric"},
        {"training.stop.metric", "\"auc\"", NULL},
        {"training.stop.patience", "0", "patience"},
        {"training.threads", "0", "threads"},
        {"training.threads", "65", "threads"},
        {"training.precision", "\"bf16\"", "precision"},
        {"training.kernel", "\"amx\"", "kernel"},
        {"training.kernel", "\"avx512\"", NULL},
        {"training.kernel", NULL, "kernel"},
        {"training.warmup", "1", "warmup"},
    };
    EACH("wdbc.contract.json", changes);
}

static void an_optimizer_out_of_its_range_is_refused(void **state)
{
    (void)state;
    static const change changes[] = {
        {"training.optimizer.kind", "\"adam\"", "kind"},
        {"training.optimizer.kind", "\"sgd\"", "training"},
        {"training.optimizer.learning_rate", "0", "learning_rate"},
        {"training.optimizer.learning_rate", "101", "learning_rate"},
        {"training.optimizer.learning_rate", "1", NULL},
        {"training.optimizer.beta1", "1", "beta1"},
        {"training.optimizer.beta2", "-0.5", "beta2"},
        {"training.optimizer.epsilon", "0", "epsilon"},
        {"training.optimizer.weight_decay", "-1", "weight_decay"},
        {"training.optimizer.weight_decay", "0", NULL},
        {"training.optimizer.momentum", "0.9", "momentum"},
        {"training.optimizer.beta1", NULL, "beta1"},
    };
    EACH("wdbc.contract.json", changes);
    static const change sgd[] = {
        {"training.optimizer.momentum", "1", "momentum"},
        {"training.optimizer.momentum", "0", NULL},
        {"training.optimizer.beta1", "0.9", "beta1"},
    };
    EACH("digits.contract.json", sgd);
}

static void a_disclosure_that_is_not_named_is_refused(void **state)
{
    (void)state;
    static const change changes[] = {
        {"disclose", "[]", NULL},
        {"disclose", "[\"rows\"]", "disclose[0]"},
        {"disclose", "[1]", "disclose[0]"},
        {"disclose", "[\"loss\",\"loss\"]", "disclose[1]"},
        {"disclose", "[\"loss\",\"progress\"]", "disclose[1]"},
        {"disclose", "{}", "disclose"},
        {"disclose", NULL, "disclose"},
    };
    EACH("wdbc.contract.json", changes);
}

static void an_output_that_is_not_exact_is_refused(void **state)
{
    (void)state;
    static const change changes[] = {
        {"outputs", "[]", "outputs"},
        {"outputs.0.name", "\"../model\"", "name"},
        {"outputs.0.name", "\"report\"", "twice"},
        {"outputs.0.format", "\"json\"", "twice"},
        {"outputs.0.format", "\"onnx\"", "format"},
        {"outputs.0.recipients", "[]", "recipients"},
        {"outputs.0.recipients.1.name", "\"hospital-a\"", "twice"},
        {"outputs.0.recipients.0.kid", "\"\"", "kid"},
        {"outputs.0.recipients.0.kid", "\"a b\"", "kid"},
        {"outputs.0.recipients.0.jwk", "{}", "recipients[0]"},
        {"outputs.0.recipients.0.jwk.e", "\"AQ\"", "recipients[0]"},
        {"outputs.0.recipients.0.jwk.n", "\"AAAA\"", "recipients[0]"},
        {"outputs.0.recipients.0.jwk.d", "\"AAAA\"", "jwk"},
        {"outputs.0.recipients.0.jwk.e", "\"AAEAAQ\"", "recipients[0]"},
        {"outputs.0.path", "\"x\"", "path"},
        {"outputs.1", NULL, NULL},
    };
    EACH("wdbc.contract.json", changes);
}

static void a_limit_out_of_its_range_is_refused(void **state)
{
    (void)state;
    static const change changes[] = {
        {"limits.expires", "0", "expires"},
        {"limits.expires", "253402300800", "expires"},
        {"limits.expires", "\"2027-01-01\"", "expires"},
        {"limits.runs", "0", "runs"},
        {"limits.runs", "1001", "runs"},
        {"limits.memory", "1023", "memory"},
        {"limits.memory", "1099511627777", "memory"},
        {"limits.wall_time", "0", "wall_time"},
        {"limits.wall_time", "31622401", "wall_time"},
        {"limits.cost", "1", "cost"},
        {"limits.runs", NULL, "runs"},
        {"limits", "null", "limits"},
    };
    EACH("wdbc.contract.json", changes);
}

int main(int argc, char **argv)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    case_folder = argc > 1 ? argv[1] : ".";
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_member_of_the_head_out_of_its_range_is_refused),
        cmocka_unit_test(a_platform_that_is_not_exact_is_refused),
        cmocka_unit_test(an_owner_that_is_not_exact_is_refused),
        cmocka_unit_test(owners_stand_in_order_of_first_use_and_nobody_else),
        cmocka_unit_test(an_input_that_is_not_exact_is_refused),
        cmocka_unit_test(an_input_of_images_that_is_not_exact_is_refused),
        cmocka_unit_test(a_task_that_does_not_fit_its_target_is_refused),
        cmocka_unit_test(a_model_out_of_its_range_is_refused),
        cmocka_unit_test(training_out_of_its_range_is_refused),
        cmocka_unit_test(an_optimizer_out_of_its_range_is_refused),
        cmocka_unit_test(a_disclosure_that_is_not_named_is_refused),
        cmocka_unit_test(an_output_that_is_not_exact_is_refused),
        cmocka_unit_test(a_limit_out_of_its_range_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
