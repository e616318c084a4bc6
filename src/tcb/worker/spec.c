#include "tcb/worker/spec.h"

/* Where an enum of contracts and one of the trainer name the same things: [contract's value] =
 * trainer's. */
static const cof_task tasks[] = {[COF_CONTRACT_REGRESSION] = COF_TASK_REGRESSION,
                                 [COF_CONTRACT_BINARY] = COF_TASK_BINARY,
                                 [COF_CONTRACT_CLASSES] = COF_TASK_CLASSES};
static const cof_model_kind models[] = {
    [COF_CONTRACT_LINEAR] = COF_MODEL_LINEAR, [COF_CONTRACT_MLP] = COF_MODEL_MLP};
static const cof_activation activations[] = {
    [COF_CONTRACT_RELU] = COF_ACTIVATION_RELU, [COF_CONTRACT_TANH] = COF_ACTIVATION_TANH};
static const cof_optimizer_kind optimizers[] = {
    [COF_CONTRACT_SGD] = COF_OPTIMIZER_SGD, [COF_CONTRACT_ADAMW] = COF_OPTIMIZER_ADAMW};
static const cof_class_weights weights[] = {[COF_CONTRACT_WEIGHTS_NONE] = COF_CLASS_WEIGHTS_NONE,
                                            [COF_CONTRACT_WEIGHTS_BALANCED] =
                                                COF_CLASS_WEIGHTS_BALANCED};
static const cof_stop_metric stops[] = {[COF_CONTRACT_STOP_NONE] = COF_STOP_NONE,
                                        [COF_CONTRACT_STOP_LOSS] = COF_STOP_LOSS,
                                        [COF_CONTRACT_STOP_ACCURACY] = COF_STOP_ACCURACY,
                                        [COF_CONTRACT_STOP_AUC] = COF_STOP_AUC};

void cof_worker_spec(const cof_contract *contract, size_t columns, cof_kernel_path path,
                     cof_train_spec *out)
{
    const cof_contract_training *training = &contract->training;
    const cof_contract_optimizer *optimizer = &training->optimizer;
    const uint64_t memory = contract->limits.memory_bytes;
    *out = (cof_train_spec){
        .task = tasks[contract->task],
        .columns = columns,
        .classes = contract->classes,
        .model = models[contract->model.kind],
        .hidden_count = contract->model.hidden_count,
        .activation = activations[contract->model.activation],
        .epochs = training->epochs,
        .batch = training->batch,
        .seed = training->seed,
        .validation = training->validation,
        .test = training->test,
        .optimizer = {.kind = optimizers[optimizer->kind],
                      .learning_rate = optimizer->learning_rate,
                      .momentum = optimizer->momentum,
                      .beta1 = optimizer->beta1,
                      .beta2 = optimizer->beta2,
                      .epsilon = optimizer->epsilon,
                      .weight_decay = optimizer->weight_decay},
        .class_weights = weights[training->class_weights],
        .standardize = training->standardize,
        .checkpoint_every_epochs = training->checkpoint_every_epochs,
        .stop = stops[training->stop],
        .patience = training->stop_patience,
        .threads = training->threads,
        .path = path,
        .memory_limit = memory < SIZE_MAX ? (size_t)memory : SIZE_MAX,
    };
    for (size_t i = 0; i < contract->model.hidden_count; i++) {
        out->hidden[i] = contract->model.hidden[i];
    }
}

uint64_t cof_worker_parameter_count(const cof_train_spec *spec)
{
    uint64_t count = 0;
    uint64_t in = spec->columns;
    for (size_t i = 0; i < spec->hidden_count; i++) {
        count += (in + 1) * spec->hidden[i];
        in = spec->hidden[i];
    }
    return count + (in + 1) * cof_train_outputs(spec);
}
