/* Jobs and tables for tests of training, and a plain model in doubles to compare with. */
#ifndef COF_TEST_TRAIN_KIT_H
#define COF_TEST_TRAIN_KIT_H

#include "harness/cof_test.h"
#include "tcb/train/trainer.h"

/** A table that owns its arrays. */
typedef struct kit_table {
    cof_table table;
    float *numbers;
    uint8_t *bytes;
    int32_t *classes;
    float *targets;
} kit_table;

/**
 * Random rows with labels that can be learned: the class (or value) is a noisy function of the
 * first columns. bytes: U8 values instead of floats.
 */
kit_table *kit_table_new(cof_task task, size_t rows, size_t columns, size_t classes, bool bytes,
                         uint64_t seed);
void kit_table_free(kit_table *table);
COF_OWNED(kit_table, kit_table_free);

/** A job that fits kit_table_new of the same numbers: small, scalar path, one thread, SGD; hidden 0
 * is linear. */
cof_train_spec kit_spec(cof_task task, size_t columns, size_t classes, size_t hidden);

/** The layers of a model file or a network: W (out, in), b (out), in doubles. */
typedef struct kit_layer {
    size_t in;
    size_t out;
    double *w;
    double *b;
} kit_layer;

typedef struct kit_model {
    cof_task task;
    cof_activation activation;
    size_t layer_count;
    kit_layer layers[8];
} kit_model;

/** Output of the model for one standardized row: logits or a value. */
void kit_forward(const kit_model *model, const double *x, double *out);

/** Loss of one row: as cof_task says. */
double kit_loss(const kit_model *model, const double *x, double label);

/** Trains to the end and gives the state. */
void kit_train(cof_trainer *trainer);

/** The saved state of a trainer. */
void kit_save(const cof_trainer *trainer, cof_buf *out);

#endif
