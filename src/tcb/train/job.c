#include "tcb/train/job.h"

#include <math.h>

static cof_status check_range(double value, double low, double high, const char *name, cof_err *err)
{
    /* Written so that NaN fails. */
    if (!(value >= low && value <= high)) {
        return COF_FAIL(err, BAD_ARGUMENT, "%s is out of range", name);
    }
    return COF_OK;
}

static cof_status check_count(size_t value, size_t low, size_t high, const char *name, cof_err *err)
{
    if (value < low || value > high) {
        return COF_FAIL(err, BAD_ARGUMENT, "%s is %zu where %zu to %zu is allowed", name, value,
                        low, high);
    }
    return COF_OK;
}

static cof_status check_model(const cof_train_spec *spec, cof_err *err)
{
    COF_TRY(check_count(spec->columns, 1, COF_LIMIT_FEATURES, "columns", err));
    switch (spec->task) {
    case COF_TASK_REGRESSION:
        COF_TRY(check_count(spec->classes, 0, 0, "classes", err));
        break;
    case COF_TASK_BINARY:
        COF_TRY(check_count(spec->classes, 2, 2, "classes", err));
        break;
    case COF_TASK_CLASSES:
        COF_TRY(check_count(spec->classes, 2, COF_LIMIT_CLASSES, "classes", err));
        break;
    default:
        return COF_FAIL(err, BAD_ARGUMENT, "task");
    }
    if (spec->model == COF_MODEL_LINEAR) {
        return check_count(spec->hidden_count, 0, 0, "hidden layers", err);
    }
    if (spec->model != COF_MODEL_MLP ||
        (spec->activation != COF_ACTIVATION_RELU && spec->activation != COF_ACTIVATION_TANH)) {
        return COF_FAIL(err, BAD_ARGUMENT, "model");
    }
    COF_TRY(check_count(spec->hidden_count, 1, COF_LIMIT_LAYERS, "hidden layers", err));
    for (size_t i = 0; i < spec->hidden_count; i++) {
        COF_TRY(check_count(spec->hidden[i], 1, COF_LIMIT_WIDTH, "units of a layer", err));
    }
    return COF_OK;
}

static cof_status check_optimizer(const cof_optimizer *optimizer, cof_err *err)
{
    const double below_one = nextafter(1.0, 0.0);
    COF_TRY(check_range(optimizer->learning_rate, 1e-12, 1e6, "learning rate", err));
    COF_TRY(check_range(optimizer->weight_decay, 0, 1e6, "weight decay", err));
    switch (optimizer->kind) {
    case COF_OPTIMIZER_SGD:
        return check_range(optimizer->momentum, 0, below_one, "momentum", err);
    case COF_OPTIMIZER_ADAMW:
        COF_TRY(check_range(optimizer->beta1, 0, below_one, "beta1", err));
        COF_TRY(check_range(optimizer->beta2, 0, below_one, "beta2", err));
        return check_range(optimizer->epsilon, 1e-30, 1, "epsilon", err);
    default:
        return COF_FAIL(err, BAD_ARGUMENT, "optimizer");
    }
}

static cof_status check_stop(const cof_train_spec *spec, cof_err *err)
{
    switch (spec->stop) {
    case COF_STOP_NONE:
        return COF_OK;
    case COF_STOP_LOSS:
        break;
    case COF_STOP_ACCURACY:
        if (spec->task == COF_TASK_REGRESSION) {
            return COF_FAIL(err, BAD_ARGUMENT, "a regression has no accuracy to stop by");
        }
        break;
    case COF_STOP_AUC:
        if (spec->task != COF_TASK_BINARY) {
            return COF_FAIL(err, BAD_ARGUMENT, "only a binary task has an AUC to stop by");
        }
        break;
    default:
        return COF_FAIL(err, BAD_ARGUMENT, "stop metric");
    }
    if (!(spec->validation > 0)) {
        return COF_FAIL(err, BAD_ARGUMENT, "stopping early needs validation rows");
    }
    return check_count(spec->patience, 1, COF_LIMIT_EPOCHS, "patience", err);
}

cof_status cof_train_spec_check(const cof_train_spec *spec, cof_err *err)
{
    COF_TRY(check_model(spec, err));
    COF_TRY(check_optimizer(&spec->optimizer, err));
    COF_TRY(check_count(spec->epochs, 1, COF_LIMIT_EPOCHS, "epochs", err));
    COF_TRY(check_count(spec->batch, 1, COF_LIMIT_BATCH, "batch", err));
    COF_TRY(check_count(spec->threads, 1, COF_LIMIT_THREADS, "threads", err));
    COF_TRY(check_range(spec->validation, 0, 0.9, "validation", err));
    COF_TRY(check_range(spec->test, 0, 0.9, "test", err));
    if (spec->validation + spec->test >= 1) {
        return COF_FAIL(err, BAD_ARGUMENT, "validation and test leave nothing to train on");
    }
    if (spec->class_weights != COF_CLASS_WEIGHTS_NONE &&
        (spec->class_weights != COF_CLASS_WEIGHTS_BALANCED || spec->task == COF_TASK_REGRESSION)) {
        return COF_FAIL(err, BAD_ARGUMENT, "class weights");
    }
    return check_stop(spec, err);
}

size_t cof_train_outputs(const cof_train_spec *spec)
{
    return spec->task == COF_TASK_CLASSES ? spec->classes : 1;
}

const char *cof_task_name(cof_task task)
{
    static const char *const names[] = {"regression", "binary", "classes"};
    return (unsigned)task < 3 ? names[task] : "?";
}

const char *cof_model_kind_name(cof_model_kind kind)
{
    return kind == COF_MODEL_LINEAR ? "linear" : "mlp";
}

const char *cof_activation_name(cof_activation activation)
{
    return activation == COF_ACTIVATION_RELU ? "relu" : "tanh";
}
