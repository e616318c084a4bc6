/*
 * Dense layers, forward and back, on several threads.
 *
 * Implementation notes
 *
 * A layer computes y = [x 1]·W with W (in + 1, out): the last row of W is the bias, and each row of
 * activations carries a 1 behind its values. So the bias needs no code of its own, forward or back.
 *
 * All parameters are one block of floats; a layer's W stands in it as panels of 32 columns
 * (tensor/kernels.h), zero where out is not a multiple of 32. The optimiser's state has the same
 * layout. Zeros stay zeros: their gradients are products with zeros.
 *
 * A step is two rounds of the thread pool:
 *   1. by rows of the batch:  load, forward, loss, back to each layer's input
 *   2. by rows of each W:     gradient of a few rows in first-level cache, and at once the
 * optimiser's step on them; gradients as a whole never go to memory Every element of every product
 * is one chain of multiply-adds in a fixed order, and losses are added in row order, so the number
 * of threads cannot change a bit.
 *
 * Back through W needs Wᵀ in panels; `back` holds it for all layers but the first, renewed in
 * round 2.
 */
#ifndef COF_TRAIN_NETWORK_H
#define COF_TRAIN_NETWORK_H

#include "tcb/tensor/kernels.h"
#include "tcb/tensor/pool.h"
#include "tcb/train/dataset.h"
#include "tcb/train/job.h"
#include "tcb/train/plan.h"

/** Rows of W whose gradient is made at a time: with 32 columns 12 KiB, and whole strips on every
 * path. */
enum { COF_UPDATE_ROWS = 8 * COF_STRIP };

typedef struct cof_layer {
    size_t in;
    size_t out;
    size_t panels;     /* of 32 columns of W */
    size_t place;      /* of W in the parameter block, in floats */
    size_t back_place; /* of Wᵀ in back; the first layer has none */
} cof_layer;

typedef struct cof_network {
    cof_task task;
    cof_activation activation;
    size_t outputs;
    size_t layer_count;
    cof_layer layers[COF_LIMIT_LAYERS + 1];
    size_t block_count;     /* floats of a parameter block, padding included */
    size_t parameter_count; /* floats of it that are weights and biases */
    size_t back_count;
    size_t capacity; /* rows of a batch that the buffers hold */

    const cof_kernels *kernels;
    cof_pool *pool;
    const cof_standard *standard;
    const float *class_weights; /* (classes); NULL for regression */

    float *parameters; /* (block_count) */
    float *first;      /* (block_count) velocity, or first moment */
    float *second;     /* (block_count) second moment; NULL for SGD */
    float *back;       /* (back_count) */

    size_t stride[COF_LIMIT_LAYERS + 2]; /* of a row of value[l] and slope[l] */
    float *value[COF_LIMIT_LAYERS +
                 2]; /* (capacity, stride): value[0] the input, value[layer_count] logits */
    float *slope[COF_LIMIT_LAYERS +
                 2]; /* gradients of the loss by value[l]; for the logits in value's place */
    float *scratch;  /* one gradient block for each thread */

    /* Of each row of the last batch (capacity): */
    float *loss;
    float *label;
    float *weight;
    float *score;    /* the logit, or the value of a regression */
    float *logit;    /* likewise before the loss, its gradient afterwards */
    uint32_t *class; /* the most likely one */
} cof_network;

/** Layer sizes; sets nothing else. spec was checked. */
void cof_network_shape(const cof_train_spec *spec, cof_network *network);

/** Plans (or takes) all arrays of a network that has its shape. @return as cof_plan_take. */
COF_MUST_USE cof_status cof_network_place(const cof_train_spec *spec, cof_network *network,
                                          cof_plan *plan, cof_err *err);

/**
 * First parameters, from the seed: hidden layers uniform within sqrt(6 / in) for ReLU, sqrt(6 / (in
 * + out)) for tanh and for an MLP's output layer (He 2015; Glorot 2010); biases and linear models
 * 0.
 */
void cof_network_start(const cof_train_spec *spec, cof_network *network);

/** Must follow each change of parameters from outside. */
void cof_network_refresh(cof_network *network);

/** One optimiser step's constants, for step t (from 1). */
typedef struct cof_update {
    cof_optimizer_kind kind;
    cof_sgd_step sgd;
    cof_adamw_step adamw;
} cof_update;

cof_update cof_update_of(const cof_optimizer *optimizer, uint64_t step);

/** Forward, back and update. @return the sum of the rows' weighted losses, which may not be finite.
 */
double cof_network_train(cof_network *network, const cof_batch *batch, const cof_update *update);

/** As cof_network_train, but writes the gradient of the mean loss to gradient (block_count) and
 * updates nothing. */
double cof_network_gradient(cof_network *network, const cof_batch *batch, float *gradient);

/** Forward, with the unweighted loss, score and most likely class of each row in network's arrays.
 */
void cof_network_evaluate(cof_network *network, const cof_batch *batch);

/** Forward; row i of out (count, outputs) gets the prediction: a value, a probability of class 1,
 * or of each class. */
void cof_network_predict(cof_network *network, const cof_batch *batch, float *out);

/**
 * A parameter block without its padding, as bytes: for each layer (in + 1, out) row-major floats,
 * the bias last. bytes holds 4 · parameter_count.
 */
void cof_network_pack(const cof_network *network, const float *block, uint8_t *bytes);
void cof_network_unpack(const cof_network *network, const uint8_t *bytes, float *block);

/** Row i of a panel of a layer in a block: 32 floats. */
static inline float *cof_network_row(const cof_layer *layer, float *block, size_t panel, size_t i)
{
    return block + layer->place + (panel * (layer->in + 1) + i) * COF_PANEL;
}

/** W(i, o) of a layer in a block; i = in is the bias. */
static inline float cof_network_weight(const cof_layer *layer, const float *block, size_t i,
                                       size_t o)
{
    return block[layer->place + (o / COF_PANEL * (layer->in + 1) + i) * COF_PANEL + o % COF_PANEL];
}

#endif
