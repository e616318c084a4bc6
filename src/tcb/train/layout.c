#include "tcb/train/network.h"

#include <math.h>
#include <string.h>

#include "tcb/tensor/philox.h"
#include "tcb/train/streams.h"

/* Rows for which the buffers are at least made: evaluation uses them, however small the batches
 * are. */
enum { LEAST_CAPACITY = 128 };

static size_t panels_of(size_t columns)
{
    return (columns + COF_PANEL - 1) / COF_PANEL;
}

/* Whole panels, then half a panel: rows are an odd number of cache lines apart, so that a column of
 * them does not fall into one set of the cache. Reading a row's last panel whole stays inside the
 * row. */
static size_t stride_of(size_t width)
{
    return panels_of(width + 1) * COF_PANEL + COF_LANES;
}

void cof_network_shape(const cof_train_spec *spec, cof_network *network)
{
    *network = (cof_network){
        .task = spec->task,
        .activation = spec->activation,
        .outputs = cof_train_outputs(spec),
        .layer_count = spec->hidden_count + 1,
        .capacity = spec->batch < LEAST_CAPACITY ? LEAST_CAPACITY : spec->batch,
    };
    size_t in = spec->columns;
    network->stride[0] = stride_of(in);
    for (size_t l = 0; l < network->layer_count; l++) {
        cof_layer *layer = &network->layers[l];
        layer->in = in;
        layer->out = l < spec->hidden_count ? spec->hidden[l] : network->outputs;
        layer->panels = panels_of(layer->out);
        layer->place = network->block_count;
        layer->back_place = network->back_count;
        /* At most 33 layers of 65537 · 65536 floats: no sum here can overflow. */
        network->block_count += layer->panels * (in + 1) * COF_PANEL;
        network->back_count += l > 0 ? panels_of(in) * layer->out * COF_PANEL : 0;
        network->parameter_count += (in + 1) * layer->out;
        in = layer->out;
        network->stride[l + 1] = stride_of(in);
    }
}

static cof_status take_floats(cof_plan *plan, cof_plan_part part, size_t count, float **out,
                              cof_err *err)
{
    void *place = NULL;
    COF_TRY(cof_plan_take(plan, part, count, sizeof(float), &place, err));
    *out = place;
    return COF_OK;
}

static cof_status place_batch(cof_network *network, cof_plan *plan, cof_err *err)
{
    const size_t rows = network->capacity;
    for (size_t l = 0; l <= network->layer_count; l++) {
        const size_t floats = rows * network->stride[l];
        COF_TRY(take_floats(plan, COF_PLAN_ACTIVATIONS, floats, &network->value[l], err));
        if (l > 0 && l < network->layer_count) {
            COF_TRY(take_floats(plan, COF_PLAN_ACTIVATIONS, floats, &network->slope[l], err));
        }
    }
    /* The loss replaces logits by their gradient. */
    network->slope[network->layer_count] = network->value[network->layer_count];
    COF_TRY(take_floats(plan, COF_PLAN_ACTIVATIONS, rows, &network->loss, err));
    COF_TRY(take_floats(plan, COF_PLAN_ACTIVATIONS, rows, &network->label, err));
    COF_TRY(take_floats(plan, COF_PLAN_ACTIVATIONS, rows, &network->weight, err));
    COF_TRY(take_floats(plan, COF_PLAN_ACTIVATIONS, rows, &network->score, err));
    COF_TRY(take_floats(plan, COF_PLAN_ACTIVATIONS, rows, &network->logit, err));
    void *class = NULL;
    COF_TRY(cof_plan_take(plan, COF_PLAN_ACTIVATIONS, rows, sizeof *network->class, &class, err));
    network->class = class;
    return COF_OK;
}

cof_status cof_network_place(const cof_train_spec *spec, cof_network *network, cof_plan *plan,
                             cof_err *err)
{
    const size_t block = network->block_count;
    COF_TRY(take_floats(plan, COF_PLAN_PARAMETERS, block, &network->parameters, err));
    COF_TRY(take_floats(plan, COF_PLAN_PARAMETERS, network->back_count, &network->back, err));
    COF_TRY(take_floats(plan, COF_PLAN_OPTIMIZER, block, &network->first, err));
    if (spec->optimizer.kind == COF_OPTIMIZER_ADAMW) {
        COF_TRY(take_floats(plan, COF_PLAN_OPTIMIZER, block, &network->second, err));
    }
    COF_TRY(take_floats(plan, COF_PLAN_THREADS, spec->threads * COF_UPDATE_ROWS * COF_PANEL,
                        &network->scratch, err));
    return place_batch(network, plan, err);
}

void cof_network_start(const cof_train_spec *spec, cof_network *network)
{
    for (size_t l = 0; l < network->layer_count && spec->model == COF_MODEL_MLP; l++) {
        const cof_layer *layer = &network->layers[l];
        const bool is_relu =
            spec->activation == COF_ACTIVATION_RELU && l + 1 < network->layer_count;
        const double fan = is_relu ? (double)layer->in : (double)layer->in + (double)layer->out;
        const float bound = (float)sqrt(6.0 / fan);
        cof_random_stream random = cof_random_stream_of(spec->seed, COF_STREAM_START | l);
        for (size_t i = 0; i < layer->in; i++) {
            for (size_t o = 0; o < layer->out; o++) {
                cof_network_row(layer, network->parameters, o / COF_PANEL, i)[o % COF_PANEL] =
                    bound * cof_random_signed(&random);
            }
        }
    }
    cof_network_refresh(network);
}

/* base^exponent by squaring: the same steps, so the same bits, on every machine. */
static double power(double base, uint64_t exponent)
{
    double result = 1.0;
    for (; exponent > 0; exponent >>= 1) {
        result *= (exponent & 1) != 0 ? base : 1.0;
        base *= base;
    }
    return result;
}

cof_update cof_update_of(const cof_optimizer *optimizer, uint64_t step)
{
    const double rate = optimizer->learning_rate;
    cof_update update = {.kind = optimizer->kind};
    if (optimizer->kind == COF_OPTIMIZER_SGD) {
        update.sgd = (cof_sgd_step){.rate = (float)rate,
                                    .momentum = (float)optimizer->momentum,
                                    .decay = (float)optimizer->weight_decay};
        return update;
    }
    update.adamw = (cof_adamw_step){
        .rate = (float)(rate / (1.0 - power(optimizer->beta1, step))),
        .beta1 = (float)optimizer->beta1,
        .beta2 = (float)optimizer->beta2,
        .epsilon = (float)optimizer->epsilon,
        .keep = (float)(1.0 - rate * optimizer->weight_decay),
        .root = (float)(1.0 / sqrt(1.0 - power(optimizer->beta2, step))),
    };
    return update;
}

void cof_network_pack(const cof_network *network, const float *block, uint8_t *bytes)
{
    for (size_t l = 0; l < network->layer_count; l++) {
        const cof_layer *layer = &network->layers[l];
        for (size_t i = 0; i <= layer->in; i++) {
            for (size_t o = 0; o < layer->out; o++, bytes += sizeof(float)) {
                const float value = cof_network_weight(layer, block, i, o);
                memcpy(bytes, &value, sizeof value);
            }
        }
    }
}

void cof_network_unpack(const cof_network *network, const uint8_t *bytes, float *block)
{
    for (size_t l = 0; l < network->layer_count; l++) {
        const cof_layer *layer = &network->layers[l];
        for (size_t i = 0; i <= layer->in; i++) {
            for (size_t o = 0; o < layer->out; o++, bytes += sizeof(float)) {
                memcpy(cof_network_row(layer, block, o / COF_PANEL, i) + o % COF_PANEL, bytes,
                       sizeof(float));
            }
        }
    }
}
