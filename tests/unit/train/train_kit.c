#include "train_kit.h"

#include <math.h>
#include <string.h>

#include "tcb/tensor/philox.h"

static float row_value(const float *x, size_t columns)
{
    return x[0] - 0.5f * x[columns > 1 ? 1 : 0] + (columns > 2 ? x[2] * x[0] : 0.0f);
}

kit_table *kit_table_new(cof_task task, size_t rows, size_t columns, size_t classes, bool bytes,
                         uint64_t seed)
{
    kit_table *kit = calloc(1, sizeof *kit);
    assert_non_null(kit);
    kit->numbers = calloc(rows * columns + 1, sizeof *kit->numbers);
    kit->bytes = calloc(rows * columns + 1, 1);
    kit->classes = calloc(rows + 1, sizeof *kit->classes);
    kit->targets = calloc(rows + 1, sizeof *kit->targets);
    assert_true(kit->numbers != NULL && kit->bytes != NULL && kit->classes != NULL &&
                kit->targets != NULL);
    cof_random_stream random = cof_random_stream_of(seed, 99);
    for (size_t r = 0; r < rows; r++) {
        float *x = kit->numbers + r * columns;
        for (size_t c = 0; c < columns; c++) {
            x[c] = cof_random_signed(&random);
            kit->bytes[r * columns + c] = (uint8_t)(127.5f + 127.0f * x[c]);
        }
        const float value = row_value(x, columns) + 0.05f * cof_random_signed(&random);
        kit->targets[r] = value;
        const float place = (value + 1.0f) / 2.0f * (float)(classes == 0 ? 1 : classes);
        const int32_t most = (int32_t)classes - 1;
        const int32_t class = (int32_t)floorf(place);
        kit->classes[r] = class < 0 ? 0 : class > most ? most : class;
    }
    const bool is_number = task == COF_TASK_REGRESSION;
    kit->table = (cof_table){
        .shape = {.values = bytes ? COF_TABLE_U8 : COF_TABLE_F32,
                  .labels = is_number ? COF_TABLE_NUMBER : COF_TABLE_CLASS,
                  .columns = columns,
                  .classes = classes},
        .rows = rows,
        .values = bytes ? (void *)kit->bytes : (void *)kit->numbers,
        .labels = is_number ? (void *)kit->targets : (void *)kit->classes,
    };
    return kit;
}

void kit_table_free(kit_table *kit)
{
    if (kit != NULL) {
        free(kit->numbers);
        free(kit->bytes);
        free(kit->classes);
        free(kit->targets);
        free(kit);
    }
}

cof_train_spec kit_spec(cof_task task, size_t columns, size_t classes, size_t hidden)
{
    cof_train_spec spec = {
        .task = task,
        .columns = columns,
        .classes = classes,
        .model = hidden > 0 ? COF_MODEL_MLP : COF_MODEL_LINEAR,
        .hidden_count = hidden > 0 ? 1 : 0,
        .hidden = {hidden},
        .activation = COF_ACTIVATION_TANH,
        .epochs = 4,
        .batch = 16,
        .seed = 7,
        .validation = 0.2,
        .test = 0.1,
        .optimizer = {.kind = COF_OPTIMIZER_SGD, .learning_rate = 0.1, .momentum = 0.9},
        .standardize = true,
        .threads = 1,
        .path = COF_PATH_SCALAR,
        .memory_limit = (size_t)1 << 28,
    };
    return spec;
}

void kit_forward(const kit_model *model, const double *x, double *out)
{
    double value[256];
    double next[256];
    memcpy(value, x, model->layers[0].in * sizeof *x);
    for (size_t l = 0; l < model->layer_count; l++) {
        const kit_layer *layer = &model->layers[l];
        for (size_t o = 0; o < layer->out; o++) {
            double sum = layer->b[o];
            for (size_t i = 0; i < layer->in; i++) {
                sum += layer->w[o * layer->in + i] * value[i];
            }
            if (l + 1 < model->layer_count) {
                sum = model->activation == COF_ACTIVATION_TANH ? tanh(sum) : fmax(sum, 0);
            }
            next[o] = sum;
        }
        memcpy(value, next, sizeof value);
    }
    memcpy(out, value, model->layers[model->layer_count - 1].out * sizeof *out);
}

double kit_loss(const kit_model *model, const double *x, double label)
{
    double z[256];
    kit_forward(model, x, z);
    if (model->task == COF_TASK_REGRESSION) {
        return (z[0] - label) * (z[0] - label);
    }
    if (model->task == COF_TASK_BINARY) {
        return log1p(exp(-fabs(z[0]))) + fmax(z[0], 0) - z[0] * label;
    }
    double sum = 0;
    for (size_t c = 0; c < model->layers[model->layer_count - 1].out; c++) {
        sum += exp(z[c]);
    }
    return log(sum) - z[(size_t)label];
}

void kit_train(cof_trainer *trainer)
{
    const cof_train_hooks hooks = {0};
    cof_err err = {0};
    if (cof_trainer_run(trainer, &hooks, &err) != COF_OK) {
        fail_msg("%s", err.detail);
    }
}

void kit_save(const cof_trainer *trainer, cof_buf *out)
{
    cof_buf_init(out, cof_trainer_save_size(trainer));
    assert_ok(cof_trainer_save(trainer, out, NULL));
}
