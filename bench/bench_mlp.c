/*
 * How fast the trainer is: an MLP 784-256-128-10 with ReLU, batch 128, SGD with momentum, f32, on
 * 8192 random rows; the same work as torch_mlp.py. Whole epochs through the public interface, so
 * gathering shuffled rows and the bookkeeping of an epoch are in the time. One JSON line.
 *
 * usage: bench_mlp [THREADS [SECONDS [PATH]]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tcb/tensor/philox.h"
#include "tcb/train/trainer.h"

enum { ROWS = 8192, COLUMNS = 784, CLASSES = 10, BATCH = 128, MOST_ROUNDS = 4096 };

static double now_s(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

static cof_status measure(cof_trainer *trainer, double seconds, double *rates, size_t *out_count,
                          cof_err *err)
{
    const size_t steps = cof_trainer_steps_per_epoch(trainer);
    cof_train_event event = COF_TRAIN_STEPPED;
    COF_TRY(cof_trainer_epoch(trainer, &event, err)); /* warms up */
    const double end = now_s() + seconds;
    size_t count = 0;
    while (count < MOST_ROUNDS && (count == 0 || now_s() < end)) {
        const double begin = now_s();
        COF_TRY(cof_trainer_epoch(trainer, &event, err));
        rates[count++] = (double)(steps * BATCH) / (now_s() - begin);
    }
    qsort(rates, count, sizeof *rates, by_value);
    *out_count = count;
    return COF_OK;
}

static cof_status run(size_t threads, double seconds, cof_kernel_path path, cof_err *err)
{
    COF_CLEANUP(cof_free_drop_) float *values = calloc((size_t)ROWS * COLUMNS, sizeof *values);
    COF_CLEANUP(cof_free_drop_) int32_t *labels = calloc(ROWS, sizeof *labels);
    COF_CLEANUP(cof_free_drop_) double *rates = calloc(MOST_ROUNDS, sizeof *rates);
    if (values == NULL || labels == NULL || rates == NULL) {
        return COF_FAIL(err, NO_MEMORY, "rows");
    }
    cof_random_stream random = cof_random_stream_of(1, 1);
    for (size_t i = 0; i < (size_t)ROWS * COLUMNS; i++) {
        values[i] = (cof_random_signed(&random) + 1.0f) / 2.0f;
    }
    for (size_t i = 0; i < ROWS; i++) {
        labels[i] = (int32_t)cof_random_below(&random, CLASSES);
    }
    const cof_table table = {
        .shape = {.values = COF_TABLE_F32,
                  .labels = COF_TABLE_CLASS,
                  .columns = COLUMNS,
                  .classes = CLASSES},
        .rows = ROWS,
        .values = values,
        .labels = labels,
    };
    const cof_train_spec spec = {
        .task = COF_TASK_CLASSES,
        .columns = COLUMNS,
        .classes = CLASSES,
        .model = COF_MODEL_MLP,
        .hidden_count = 2,
        .hidden = {256, 128},
        .activation = COF_ACTIVATION_RELU,
        .epochs = COF_LIMIT_EPOCHS,
        .batch = BATCH,
        .optimizer = {.kind = COF_OPTIMIZER_SGD, .learning_rate = 0.1, .momentum = 0.9},
        .threads = threads,
        .path = path,
        .memory_limit = (size_t)1 << 30,
    };
    COF_CLEANUP(cof_trainer_drop_) cof_trainer *trainer = NULL;
    COF_TRY(cof_trainer_new(&spec, &table, NULL, &trainer, err));
    size_t count = 0;
    COF_TRY(measure(trainer, seconds, rates, &count, err));
    (void)printf("{\"bench\":\"coffer_mlp\",\"threads\":%zu,\"batch\":%d,\"kernel\":\"%s\","
                 "\"samples_per_s_median\":%.0f,"
                 "\"max\":%.0f,\"min\":%.0f,\"planned_bytes\":%zu}\n",
                 threads, BATCH, cof_path_name(path), rates[count / 2], rates[count - 1], rates[0],
                 cof_trainer_plan(trainer)->total_bytes);
    return COF_OK;
}

int main(int argc, char **argv)
{
    cof_err err = {0};
    cof_kernel_path path = cof_path_best();
    const size_t threads = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 1;
    const double seconds = argc > 2 ? strtod(argv[2], NULL) : 4.0;
    cof_status status = argc > 3 ? cof_path_parse(argv[3], &path, &err) : COF_OK;
    if (status == COF_OK) {
        status = run(threads, seconds, path, &err);
    }
    if (status != COF_OK) {
        (void)fprintf(stderr, "bench_mlp: %s: %s\n", cof_status_describe(status)->name, err.detail);
    }
    return cof_status_describe(status)->exit_code;
}
