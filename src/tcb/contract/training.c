/* How it is trained, what may be told of it, and when it ends. */
#include "tcb/contract/read.h"

cof_status cof_contract_read_model(const json_t *root, cof_contract *contract, cof_err *err)
{
    static const char *const keys[] = {"kind", "hidden", "activation"};
    cof_contract_model *model = &contract->model;
    json_t *object = NULL;
    json_t *hidden = NULL;
    size_t choice = 0;
    COF_TRY(cof_contract_read_object(root, "model", keys, COF_COUNT_OF(keys), &object, err));
    COF_TRY(cof_contract_read_choice(object, "kind", &cof_names_model, &choice, err));
    model->kind = (cof_contract_model_kind)choice;
    if (model->kind == COF_CONTRACT_LINEAR) {
        return cof_json_only(object, keys, 1, err);
    }
    COF_TRY(cof_contract_read_choice(object, "activation", &cof_names_activation, &choice, err));
    model->activation = (cof_contract_activation)choice;
    COF_TRY(cof_contract_read_list(object, "hidden", 1, COF_LIMIT_LAYERS, &hidden, err));
    for (size_t i = 0; i < json_array_size(hidden); i++) {
        const json_t *units = json_array_get(hidden, i);
        if (!json_is_integer(units) || json_integer_value(units) < 1 ||
            json_integer_value(units) > COF_LIMIT_WIDTH) {
            return COF_FAIL(err, BAD_FORMAT, "model.hidden[%zu]: not from 1 to %d", i,
                            COF_LIMIT_WIDTH);
        }
        model->hidden[i] = (uint32_t)json_integer_value(units);
    }
    model->hidden_count = json_array_size(hidden);
    return COF_OK;
}

static cof_status read_optimizer(const json_t *training, cof_contract_optimizer *optimizer,
                                 cof_err *err)
{
    static const char *const sgd_keys[] = {"kind", "learning_rate", "momentum", "weight_decay"};
    static const char *const adamw_keys[] = {"kind",  "learning_rate", "beta1",
                                             "beta2", "epsilon",       "weight_decay"};
    json_t *object = NULL;
    size_t kind = 0;
    COF_TRY(cof_json_get(training, "optimizer", JSON_OBJECT, &object, err));
    COF_TRY(cof_contract_read_choice(object, "kind", &cof_names_optimizer, &kind, err));
    optimizer->kind = (cof_contract_optimizer_kind)kind;
    if (optimizer->kind == COF_CONTRACT_SGD) {
        COF_TRY(cof_json_only(object, sgd_keys, COF_COUNT_OF(sgd_keys), err));
        COF_TRY(cof_contract_read_below(object, "momentum", 0, 1, &optimizer->momentum, err));
    } else {
        COF_TRY(cof_json_only(object, adamw_keys, COF_COUNT_OF(adamw_keys), err));
        COF_TRY(cof_contract_read_below(object, "beta1", 0, 1, &optimizer->beta1, err));
        COF_TRY(cof_contract_read_below(object, "beta2", 0, 1, &optimizer->beta2, err));
        COF_TRY(cof_contract_read_positive(object, "epsilon", 1, &optimizer->epsilon, err));
    }
    COF_TRY(cof_contract_read_positive(object, "learning_rate", COF_CONTRACT_RATE,
                                       &optimizer->learning_rate, err));
    return cof_json_get_number(object, "weight_decay", 0, COF_CONTRACT_RATE,
                               &optimizer->weight_decay, err);
}

static cof_status read_stop(const json_t *training, const cof_contract *contract,
                            cof_contract_training *out, cof_err *err)
{
    static const char *const keys[] = {"metric", "patience"};
    json_t *stop = NULL;
    size_t metric = 0;
    if (json_is_null(json_object_get(training, "stop"))) {
        return COF_OK;
    }
    COF_TRY(cof_contract_read_object(training, "stop", keys, COF_COUNT_OF(keys), &stop, err));
    COF_TRY(cof_contract_read_choice(stop, "metric", &cof_names_stop, &metric, err));
    COF_TRY(cof_contract_read_u32(stop, "patience", 1, COF_LIMIT_EPOCHS, &out->stop_patience, err));
    out->stop = (cof_contract_stop_metric)metric;
    if (out->stop == COF_CONTRACT_STOP_NONE) {
        return COF_FAIL(err, BAD_FORMAT, "stop.metric: not one of its names");
    }
    if ((out->stop == COF_CONTRACT_STOP_AUC && contract->task != COF_CONTRACT_BINARY) ||
        (out->stop == COF_CONTRACT_STOP_ACCURACY && contract->task == COF_CONTRACT_REGRESSION)) {
        return COF_FAIL(err, BAD_FORMAT, "stop.metric: the task has no such metric");
    }
    if (!(out->validation > 0)) {
        return COF_FAIL(err, BAD_FORMAT, "stop: there are no validation rows");
    }
    return COF_OK;
}

static cof_status read_fractions(const json_t *training, const cof_contract *contract,
                                 cof_contract_training *out, cof_err *err)
{
    COF_TRY(cof_json_get_number(training, "validation", 0, COF_CONTRACT_FRACTION, &out->validation,
                                err));
    COF_TRY(cof_json_get_number(training, "test", 0, COF_CONTRACT_FRACTION, &out->test, err));
    if (!(out->validation + out->test < 1)) {
        return COF_FAIL(err, BAD_FORMAT, "validation and test: no rows are left to train on");
    }
    for (size_t i = 0; i < contract->input_count; i++) {
        if (contract->inputs[i].use == COF_CONTRACT_TEST && out->test > 0) {
            return COF_FAIL(err, BAD_FORMAT, "test: must be 0 beside an input for tests");
        }
    }
    return COF_OK;
}

static cof_status read_choices(const json_t *training, cof_contract_training *out, cof_err *err)
{
    size_t weights = 0;
    size_t precision = 0;
    size_t kernel = 0;
    COF_TRY(cof_contract_read_choice(training, "class_weights", &cof_names_weights, &weights, err));
    COF_TRY(cof_contract_read_choice(training, "precision", &cof_names_precision, &precision, err));
    COF_TRY(cof_contract_read_choice(training, "kernel", &cof_names_kernel, &kernel, err));
    COF_TRY(cof_json_get_bool(training, "standardize", &out->standardize, err));
    out->class_weights = (cof_contract_weights)weights;
    out->kernel = (cof_contract_kernel)kernel;
    return COF_OK;
}

static cof_status read_training(const json_t *training, const cof_contract *contract,
                                cof_contract_training *out, cof_err *err)
{
    static const char *const checkpoint_keys[] = {"every_epochs"};
    json_t *checkpoint = NULL;
    int64_t seed = 0;
    COF_TRY(cof_contract_read_u32(training, "epochs", 1, COF_LIMIT_EPOCHS, &out->epochs, err));
    COF_TRY(cof_contract_read_u32(training, "batch", 1, COF_LIMIT_BATCH, &out->batch, err));
    COF_TRY(cof_json_get_int(training, "seed", 0, COF_CONTRACT_SEED, &seed, err));
    out->seed = (uint64_t)seed;
    COF_TRY(cof_contract_read_u32(training, "threads", 1, COF_LIMIT_THREADS, &out->threads, err));
    COF_TRY(read_choices(training, out, err));
    if (out->class_weights == COF_CONTRACT_WEIGHTS_BALANCED &&
        contract->task == COF_CONTRACT_REGRESSION) {
        return COF_FAIL(err, BAD_FORMAT, "class_weights: a regression has no classes");
    }
    COF_TRY(read_fractions(training, contract, out, err));
    COF_TRY(read_optimizer(training, &out->optimizer, err));
    COF_TRY(cof_contract_read_object(training, "checkpoint", checkpoint_keys,
                                     COF_COUNT_OF(checkpoint_keys), &checkpoint, err));
    COF_TRY(cof_contract_read_u32(checkpoint, "every_epochs", 0, COF_LIMIT_EPOCHS,
                                  &out->checkpoint_every_epochs, err));
    return read_stop(training, contract, out, err);
}

cof_status cof_contract_read_training(const json_t *root, cof_contract *contract, cof_err *err)
{
    static const char *const keys[] = {"epochs",     "batch",     "seed",          "validation",
                                       "test",       "optimizer", "class_weights", "standardize",
                                       "checkpoint", "stop",      "threads",       "precision",
                                       "kernel"};
    json_t *training = NULL;
    COF_TRY(cof_contract_read_object(root, "training", keys, COF_COUNT_OF(keys), &training, err));
    const cof_status status = read_training(training, contract, &contract->training, err);
    if (status != COF_OK) {
        cof_err_context(err, "training");
    }
    return status;
}

cof_status cof_contract_read_disclose(const json_t *root, cof_contract *contract, cof_err *err)
{
    json_t *list = NULL;
    COF_TRY(cof_contract_read_list(root, "disclose", 0, cof_names_disclosure.count, &list, err));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        size_t bit = 0;
        if (text == NULL || !cof_names_find(&cof_names_disclosure, text, &bit)) {
            return COF_FAIL(err, BAD_FORMAT, "disclose[%zu]: not one of its names", i);
        }
        /* In the order of the table, so that each set has one form. */
        if (contract->disclose >> bit != 0) {
            return COF_FAIL(err, BAD_FORMAT, "disclose[%zu]: twice or out of order", i);
        }
        contract->disclose |= 1U << bit;
    }
    return COF_OK;
}

cof_status cof_contract_read_limits(const json_t *root, cof_contract *contract, cof_err *err)
{
    static const char *const keys[] = {"expires", "runs", "memory", "wall_time"};
    cof_contract_limits *limits = &contract->limits;
    json_t *object = NULL;
    int64_t memory = 0;
    COF_TRY(cof_contract_read_object(root, "limits", keys, COF_COUNT_OF(keys), &object, err));
    COF_TRY(
        cof_json_get_int(object, "expires", 1, COF_CONTRACT_EXPIRES, &limits->expires_unix_s, err));
    COF_TRY(cof_contract_read_u32(object, "runs", 1, COF_CONTRACT_RUNS, &limits->runs, err));
    COF_TRY(cof_json_get_int(object, "memory", COF_CONTRACT_MEMORY_LOW, COF_CONTRACT_MEMORY_HIGH,
                             &memory, err));
    COF_TRY(cof_contract_read_u32(object, "wall_time", 1, COF_CONTRACT_WALL_TIME_S,
                                  &limits->wall_time_s, err));
    limits->memory_bytes = (uint64_t)memory;
    return COF_OK;
}
