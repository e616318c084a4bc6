#include "tcb/train/network.h"

#include <string.h>

/* Copies rows begin to end of W to columns of Wᵀ: Wᵀ(o, i) in panels of 32 columns i. */
static void renew_back(cof_network *network, size_t l, size_t begin, size_t end)
{
    const cof_layer *layer = &network->layers[l];
    end = end < layer->in ? end : layer->in; /* the bias has no place in Wᵀ */
    for (size_t i = begin; i < end; i++) {
        float *column = network->back + layer->back_place + i / COF_PANEL * layer->out * COF_PANEL +
                        i % COF_PANEL;
        for (size_t panel = 0; panel < layer->panels; panel++) {
            const float *row = cof_network_row(layer, network->parameters, panel, i);
            const size_t left = layer->out - panel * COF_PANEL;
            const size_t lanes = left < COF_PANEL ? left : COF_PANEL;
            for (size_t lane = 0; lane < lanes; lane++) {
                column[(panel * COF_PANEL + lane) * COF_PANEL] = row[lane];
            }
        }
    }
}

void cof_network_refresh(cof_network *network)
{
    for (size_t l = 1; l < network->layer_count; l++) {
        renew_back(network, l, 0, network->layers[l].in);
    }
}

typedef enum pass_kind { PASS_TRAIN, PASS_EVALUATE, PASS_PREDICT } pass_kind;

/* What the threads of a round share. */
typedef struct network_pass {
    cof_network *network;
    const cof_batch *batch;
    pass_kind kind;
    const cof_update *update;
    float *gradient; /* without an update, gets the gradient */
    float *out;      /* predictions */
} network_pass;

static void forward(const network_pass *pass, size_t begin, size_t end)
{
    cof_network *network = pass->network;
    const cof_kernels *kernels = network->kernels;
    for (size_t r = begin; r < end; r++) {
        float *x = network->value[0] + r * network->stride[0];
        cof_batch_load(pass->batch, r, network->standard, kernels, x);
        x[network->layers[0].in] = 1.0f;
    }
    for (size_t l = 0; l < network->layer_count; l++) {
        const cof_layer *layer = &network->layers[l];
        const cof_gemm product = {
            .n = layer->out,
            .k = layer->in + 1,
            .a = network->value[l],
            .a_row = network->stride[l],
            .a_step = 1,
            .b = network->parameters + layer->place,
            .b_step = COF_PANEL,
            .b_panel = (layer->in + 1) * COF_PANEL,
            .c = network->value[l + 1],
            .c_row = network->stride[l + 1],
            .c_panel = COF_PANEL,
        };
        kernels->gemm(&product, begin, end);
        for (size_t r = begin; r < end && l + 1 < network->layer_count; r++) {
            float *y = network->value[l + 1] + r * network->stride[l + 1];
            (network->activation == COF_ACTIVATION_RELU ? kernels->relu
                                                        : kernels->tanh)(y, layer->out);
            y[layer->out] = 1.0f;
        }
    }
}

static size_t largest_of(const float *z, size_t count)
{
    size_t best = 0;
    for (size_t c = 1; c < count; c++) {
        best = z[c] > z[best] ? c : best;
    }
    return best;
}

/* Losses of many classes: a row at a time. */
static void class_losses(const network_pass *pass, size_t begin, size_t end, float share)
{
    cof_network *network = pass->network;
    const size_t stride = network->stride[network->layer_count];
    float *logits = network->value[network->layer_count];
    for (size_t r = begin; r < end; r++) {
        float *z = logits + r * stride;
        const size_t label =
            (size_t)cof_table_classes(pass->batch->table)[cof_batch_row(pass->batch, r)];
        const float weight = pass->kind == PASS_TRAIN ? network->class_weights[label] : 1.0f;
        if (pass->kind == PASS_EVALUATE) {
            network->class[r] = (uint32_t)largest_of(z, network->outputs);
        }
        network->loss[r] =
            network->kernels->softmax_loss(z, network->outputs, label, weight, share);
    }
}

/* Losses of one output: gathered, so that the kernels see whole vectors of rows. */
static void number_losses(const network_pass *pass, size_t begin, size_t end, float share)
{
    cof_network *network = pass->network;
    const cof_kernels *kernels = network->kernels;
    const cof_table *table = pass->batch->table;
    const size_t stride = network->stride[network->layer_count];
    float *logits = network->value[network->layer_count];
    const bool is_binary = network->task == COF_TASK_BINARY;
    for (size_t r = begin; r < end; r++) {
        const size_t row = cof_batch_row(pass->batch, r);
        const size_t class = is_binary ? (size_t)cof_table_classes(table)[row] : 0;
        network->label[r] = is_binary ? (float)class : cof_table_numbers(table)[row];
        network->weight[r] =
            is_binary && pass->kind == PASS_TRAIN ? network->class_weights[class] : 1.0f;
        network->score[r] = logits[r * stride];
        network->logit[r] = logits[r * stride];
        network->class[r] = network->score[r] > 0.0f ? 1 : 0;
    }
    const size_t count = end - begin;
    if (is_binary) {
        kernels->bce_loss(network->logit + begin, network->label + begin, network->weight + begin,
                          share, network->loss + begin, count);
    } else {
        kernels->mse_loss(network->logit + begin, network->label + begin, share,
                          network->loss + begin, count);
    }
    for (size_t r = begin; r < end; r++) {
        logits[r * stride] = network->logit[r];
    }
}

static void backward(const network_pass *pass, size_t begin, size_t end)
{
    cof_network *network = pass->network;
    const cof_kernels *kernels = network->kernels;
    for (size_t l = network->layer_count - 1; l > 0; l--) {
        const cof_layer *layer = &network->layers[l];
        const cof_gemm product = {
            .n = layer->in,
            .k = layer->out,
            .a = network->slope[l + 1],
            .a_row = network->stride[l + 1],
            .a_step = 1,
            .b = network->back + layer->back_place,
            .b_step = COF_PANEL,
            .b_panel = layer->out * COF_PANEL,
            .c = network->slope[l],
            .c_row = network->stride[l],
            .c_panel = COF_PANEL,
        };
        kernels->gemm(&product, begin, end);
        for (size_t r = begin; r < end; r++) {
            const float *y = network->value[l] + r * network->stride[l];
            float *dx = network->slope[l] + r * network->stride[l];
            (network->activation == COF_ACTIVATION_RELU ? kernels->relu_back
                                                        : kernels->tanh_back)(y, dx, layer->in);
        }
    }
}

static void predictions(const network_pass *pass, size_t begin, size_t end)
{
    cof_network *network = pass->network;
    const cof_kernels *kernels = network->kernels;
    for (size_t r = begin; r < end; r++) {
        float *z = network->value[network->layer_count] + r * network->stride[network->layer_count];
        if (network->task == COF_TASK_CLASSES) {
            kernels->softmax(z, network->outputs);
        } else if (network->task == COF_TASK_BINARY) {
            kernels->sigmoid(z, 1);
        }
        memcpy(pass->out + r * network->outputs, z, network->outputs * sizeof(float));
    }
}

/* Round 1: a share of the batch's rows. */
static void rows_work(void *context, size_t index, size_t count)
{
    const network_pass *pass = context;
    size_t begin = 0;
    size_t end = 0;
    cof_pool_share(pass->batch->count, 4, index, count, &begin, &end);
    if (begin == end) {
        return;
    }
    forward(pass, begin, end);
    if (pass->kind == PASS_PREDICT) {
        predictions(pass, begin, end);
        return;
    }
    const float share = 1.0f / (float)pass->batch->count;
    (pass->network->task == COF_TASK_CLASSES ? class_losses : number_losses)(pass, begin, end,
                                                                             share);
    if (pass->kind == PASS_TRAIN) {
        backward(pass, begin, end);
    }
}

/* The gradient of rows begin to end of one panel of W, 32 columns to a row. */
static void panel_gradient(const network_pass *pass, size_t l, size_t panel, size_t begin,
                           size_t end, float *gradient)
{
    const cof_network *network = pass->network;
    const cof_gemm product = {
        .n = COF_PANEL, /* whole panels: the columns behind out are zeros in slope, and so here */
        .k = pass->batch->count,
        .a = network->value[l] + begin,
        .a_row = 1,
        .a_step = network->stride[l],
        .b = network->slope[l + 1] + panel * COF_PANEL,
        .b_step = network->stride[l + 1],
        .b_panel = COF_PANEL,
        .c = gradient,
        .c_row = COF_PANEL,
        .c_panel = 0,
    };
    network->kernels->gemm(&product, 0, end - begin);
}

/* Round 2: a share of the rows of each W. */
static void update_work(void *context, size_t index, size_t count)
{
    const network_pass *pass = context;
    cof_network *network = pass->network;
    float *scratch = network->scratch + index * COF_UPDATE_ROWS * COF_PANEL;
    for (size_t l = 0; l < network->layer_count; l++) {
        const cof_layer *layer = &network->layers[l];
        size_t begin = 0;
        size_t end = 0;
        cof_pool_share(layer->in + 1, COF_STRIP, index, count, &begin, &end);
        for (size_t i = begin; i < end; i += COF_UPDATE_ROWS) {
            const size_t next = end - i < COF_UPDATE_ROWS ? end : i + COF_UPDATE_ROWS;
            for (size_t panel = 0; panel < layer->panels; panel++) {
                const size_t floats = (next - i) * COF_PANEL;
                const size_t at = (size_t)(cof_network_row(layer, network->parameters, panel, i) -
                                           network->parameters);
                panel_gradient(pass, l, panel, i, next, scratch);
                if (pass->update == NULL) {
                    memcpy(pass->gradient + at, scratch, floats * sizeof(float));
                } else if (pass->update->kind == COF_OPTIMIZER_SGD) {
                    network->kernels->sgd(&pass->update->sgd, scratch, network->parameters + at,
                                          network->first + at, floats);
                } else {
                    network->kernels->adamw(&pass->update->adamw, scratch, network->parameters + at,
                                            network->first + at, network->second + at, floats);
                }
            }
            if (l > 0 && pass->update != NULL) {
                renew_back(network, l, i, next);
            }
        }
    }
}

/* Waking threads costs about as much as this many multiply-adds; below it one does the work alone.
 */
static void run(network_pass *pass, cof_pool_work work)
{
    const size_t worth_waking = (size_t)1 << 20;
    if (pass->batch->count * pass->network->parameter_count < worth_waking) {
        work(pass, 0, 1);
    } else {
        cof_pool_run(pass->network->pool, work, pass);
    }
}

static double sum_of_losses(const cof_network *network, size_t count)
{
    double sum = 0;
    for (size_t r = 0; r < count; r++) {
        sum += (double)network->loss[r];
    }
    return sum;
}

double cof_network_train(cof_network *network, const cof_batch *batch, const cof_update *update)
{
    network_pass pass = {.network = network, .batch = batch, .kind = PASS_TRAIN, .update = update};
    run(&pass, rows_work);
    run(&pass, update_work);
    return sum_of_losses(network, batch->count);
}

double cof_network_gradient(cof_network *network, const cof_batch *batch, float *gradient)
{
    network_pass pass = {
        .network = network, .batch = batch, .kind = PASS_TRAIN, .gradient = gradient};
    run(&pass, rows_work);
    run(&pass, update_work);
    return sum_of_losses(network, batch->count);
}

void cof_network_evaluate(cof_network *network, const cof_batch *batch)
{
    network_pass pass = {.network = network, .batch = batch, .kind = PASS_EVALUATE};
    run(&pass, rows_work);
}

void cof_network_predict(cof_network *network, const cof_batch *batch, float *out)
{
    network_pass pass = {.network = network, .batch = batch, .kind = PASS_PREDICT, .out = out};
    run(&pass, rows_work);
}
