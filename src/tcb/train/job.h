/* What is to be trained and how: plain values, checked once. */
#ifndef COF_TRAIN_JOB_H
#define COF_TRAIN_JOB_H

#include <stdint.h>

#include "tcb/base/limits.h"
#include "tcb/tensor/path.h"

typedef enum cof_task {
    COF_TASK_REGRESSION, /* one number; squared error */
    COF_TASK_BINARY,     /* class 0 or 1; logistic loss on one logit */
    COF_TASK_CLASSES     /* class 0 to classes - 1; cross-entropy of softmax */
} cof_task;

/** Linear: linear, logistic or softmax regression, by the task. */
typedef enum cof_model_kind { COF_MODEL_LINEAR, COF_MODEL_MLP } cof_model_kind;

typedef enum cof_activation { COF_ACTIVATION_RELU, COF_ACTIVATION_TANH } cof_activation;

typedef enum cof_optimizer_kind { COF_OPTIMIZER_SGD, COF_OPTIMIZER_ADAMW } cof_optimizer_kind;

typedef enum cof_class_weights {
    COF_CLASS_WEIGHTS_NONE,
    COF_CLASS_WEIGHTS_BALANCED /* rows / (classes · rows of the class), of the training rows */
} cof_class_weights;

/** What of the validation rows decides when to stop. */
typedef enum cof_stop_metric {
    COF_STOP_NONE,
    COF_STOP_LOSS,
    COF_STOP_ACCURACY,
    COF_STOP_AUC
} cof_stop_metric;

typedef struct cof_optimizer {
    cof_optimizer_kind kind;
    double learning_rate; /* above 0 */
    double momentum;      /* SGD: 0 to below 1 */
    double beta1;         /* AdamW: 0 to below 1 */
    double beta2;         /* AdamW: 0 to below 1 */
    double epsilon;       /* AdamW: above 0 */
    double weight_decay;  /* at least 0; of every parameter, as PyTorch does */
} cof_optimizer;

typedef struct cof_train_spec {
    cof_task task;
    size_t columns; /* features of a row, 1 to COF_LIMIT_FEATURES */
    size_t classes; /* 0 for regression, 2 for binary, 2 to COF_LIMIT_CLASSES else */

    cof_model_kind model;
    size_t hidden_count; /* 0 for linear, 1 to COF_LIMIT_LAYERS for mlp */
    size_t hidden[COF_LIMIT_LAYERS];
    cof_activation activation;

    size_t epochs;
    size_t batch;
    uint64_t seed;
    double validation; /* fraction of the rows held out, 0 to 0.9 */
    double test;       /* likewise; together below 1; 0 when there is a separate test set */
    cof_optimizer optimizer;
    cof_class_weights class_weights;
    bool standardize;

    size_t checkpoint_every_epochs; /* 0: never */
    size_t checkpoint_every_steps;  /* within an epoch; 0: never */
    cof_stop_metric stop;
    size_t patience; /* epochs without improvement; at least 1 when stop is not NONE */

    size_t threads;
    cof_kernel_path path;
    size_t memory_limit; /* bytes, see plan.h */
} cof_train_spec;

/** Checks every value and that they fit together. @return COF_OK, COF_E_BAD_ARGUMENT naming the
 * value. */
COF_MUST_USE cof_status cof_train_spec_check(const cof_train_spec *spec, cof_err *err);

/** Numbers that the model gives for a row: 1, or the number of classes. */
size_t cof_train_outputs(const cof_train_spec *spec);

/* Names as contracts and model files spell them; static. */
const char *cof_task_name(cof_task task);
const char *cof_model_kind_name(cof_model_kind kind);
const char *cof_activation_name(cof_activation activation);

#endif
