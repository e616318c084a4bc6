/*
 * Loading a checkpoint: whatever the bytes, the trainer takes all of them or none. What it takes it
 * saves again byte by byte, and can go on from.
 */
#include <stdlib.h>

#include "tcb/train/trainer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROWS = 40, COLUMNS = 3, KINDS = 2 };

static float values[ROWS * COLUMNS];
static int32_t labels[ROWS];

static void check(bool claim)
{
    if (!claim) {
        abort();
    }
}

/* Kind 0: linear, SGD. Kind 1: an MLP, AdamW, early stopping. On the scalar path, so that the
 * corpus fits every CPU. */
static cof_trainer *make_trainer(int kind)
{
    const cof_table table = {
        .shape = {.values = COF_TABLE_F32,
                  .labels = COF_TABLE_CLASS,
                  .columns = COLUMNS,
                  .classes = 2},
        .rows = ROWS,
        .values = values,
        .labels = labels,
    };
    cof_train_spec spec = {
        .task = COF_TASK_BINARY,
        .columns = COLUMNS,
        .classes = 2,
        .epochs = 6,
        .batch = 10,
        .seed = 1,
        .validation = 0.25,
        .optimizer = {.kind = COF_OPTIMIZER_SGD, .learning_rate = 0.1, .momentum = 0.9},
        .standardize = true,
        .threads = 1,
        .path = COF_PATH_SCALAR,
        .memory_limit = (size_t)1 << 24,
    };
    if (kind == 1) {
        spec.model = COF_MODEL_MLP;
        spec.hidden_count = 1;
        spec.hidden[0] = 4;
        spec.optimizer = (cof_optimizer){.kind = COF_OPTIMIZER_ADAMW,
                                         .learning_rate = 0.01,
                                         .beta1 = 0.9,
                                         .beta2 = 0.999,
                                         .epsilon = 1e-8};
        spec.stop = COF_STOP_LOSS;
        spec.patience = 2;
    }
    for (size_t i = 0; i < ROWS * COLUMNS; i++) {
        values[i] = (float)(i * 37 % 101) / 50.0f - 1.0f;
        labels[i % ROWS] = values[i % ROWS * COLUMNS] > 0 ? 1 : 0;
    }
    cof_trainer *trainer = NULL;
    check(cof_trainer_new(&spec, &table, NULL, &trainer, NULL) == COF_OK);
    return trainer;
}

static void save(const cof_trainer *trainer, cof_buf *out)
{
    cof_buf_init(out, cof_trainer_save_size(trainer));
    check(cof_trainer_save(trainer, out, NULL) == COF_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int kind = 0; kind < KINDS; kind++) {
        COF_CLEANUP(cof_trainer_drop_) cof_trainer *trainer = make_trainer(kind);
        COF_CLEANUP(cof_buf_free) cof_buf before = {0};
        COF_CLEANUP(cof_buf_free) cof_buf after = {0};
        save(trainer, &before);
        const bool is_loaded = cof_trainer_load(trainer, cof_view_of(data, size), NULL) == COF_OK;
        save(trainer, &after);
        check(cof_view_equal(cof_buf_view(&after),
                             is_loaded ? cof_view_of(data, size) : cof_buf_view(&before)));
        cof_train_event event = COF_TRAIN_STEPPED;
        const cof_status status = cof_trainer_step(trainer, &event, NULL);
        check(status == COF_OK || (is_loaded && status == COF_E_NUMERIC));
    }
    return 0;
}
