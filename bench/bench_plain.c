/*
 * The trainer alone, on plaintext, in one process: what a whole confidential job is compared with.
 * usage: bench_plain CONTRACT.json FILE...   (the objects' plaintexts in the contract's order; at
 * most one training and one test input) Prints one JSON line with the seconds of reading and of
 * training.
 */
#include <stdio.h>
#include <time.h>

#include "host/files/files.h"
#include "host/infer/feed_file.h"
#include "tcb/data/csv.h"
#include "tcb/data/idx.h"
#include "tcb/tensor/path.h"
#include "tcb/train/safetensors.h"
#include "tcb/worker/spec.h"

static double now_s(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static cof_status feed_csv(void *context, cof_view piece, cof_err *err)
{
    return cof_csv_feed(context, piece, err);
}

static cof_status feed_values(void *context, cof_view piece, cof_err *err)
{
    return cof_idx_values(context, piece, err);
}

static cof_status feed_labels(void *context, cof_view piece, cof_err *err)
{
    return cof_idx_labels(context, piece, err);
}

static cof_status read_rows(const cof_contract *contract, const cof_contract_input *input,
                            char **files, cof_rows **out, cof_err *err)
{
    const size_t limit = (size_t)contract->limits.memory_bytes;
    if (input->format == COF_CONTRACT_CSV) {
        COF_CLEANUP(cof_csv_drop_) cof_csv *csv = NULL;
        const cof_csv_options options = {.schema = input->schema,
                                         .target = input->target_column,
                                         .task = (cof_schema_task)((int)contract->task + 1),
                                         .memory_limit = limit};
        COF_TRY(cof_csv_new(&options, &csv, err));
        COF_TRY(cof_feed_file(files[0], feed_csv, csv, err));
        return cof_csv_finish(csv, out, err);
    }
    COF_CLEANUP(cof_idx_drop_) cof_idx *idx = NULL;
    COF_TRY(cof_idx_new(input->classes, limit, &idx, err));
    COF_TRY(cof_feed_file(files[0], feed_values, idx, err));
    COF_TRY(cof_feed_file(files[1], feed_labels, idx, err));
    return cof_idx_finish(idx, out, err);
}

static cof_status make_table(cof_rows *rows, cof_arena *arena, cof_table *out, cof_err *err)
{
    size_t values = 0;
    size_t labels = 0;
    out->shape = *cof_rows_shape(rows);
    out->rows = cof_rows_count(rows);
    COF_TRY(cof_table_bytes(&out->shape, out->rows, &values, &labels, err));
    COF_TRY(cof_arena_init(arena, values + labels + 2 * COF_ARENA_ALIGN, err));
    COF_TRY(cof_arena_take(arena, values, &out->values, err));
    COF_TRY(cof_arena_take(arena, labels, &out->labels, err));
    return cof_rows_move(rows, out, err);
}

static cof_status run(const char *contract_path, char **files, size_t file_count, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    COF_CLEANUP(cof_buf_free) cof_buf model = {0};
    COF_CLEANUP(cof_contract_drop_) cof_contract *contract = NULL;
    COF_CLEANUP(cof_trainer_drop_) cof_trainer *trainer = NULL;
    cof_arena arenas[2] = {{0}, {0}};
    cof_table tables[2] = {{.rows = 0}, {.rows = 0}};
    cof_train_spec spec;
    const cof_model_names names = {0};
    const cof_train_hooks hooks = {0};
    const double began = now_s();
    cof_buf_init(&text, COF_LIMIT_CONTRACT_BYTES);
    cof_buf_init(&model, (size_t)1 << 30);
    COF_TRY(cof_read_file(contract_path, &text, err));
    COF_TRY(cof_contract_parse(cof_buf_view(&text), &contract, err));
    for (size_t i = 0, file = 0; i < contract->input_count; i++) {
        const cof_contract_input *input = &contract->inputs[i];
        COF_CLEANUP(cof_rows_drop_) cof_rows *rows = NULL;
        const size_t use = input->use == COF_CONTRACT_TRAIN ? 0 : 1;
        if (file + input->object_count > file_count || tables[use].rows > 0) {
            return COF_FAIL(err, USAGE, "one file for each object, one input for each use");
        }
        COF_TRY(read_rows(contract, input, files + file, &rows, err));
        COF_TRY(make_table(rows, &arenas[use], &tables[use], err));
        file += input->object_count;
    }
    const double read = now_s();
    cof_worker_spec(contract, tables[0].shape.columns, cof_path_best(), &spec);
    COF_TRY(
        cof_trainer_new(&spec, &tables[0], tables[1].rows > 0 ? &tables[1] : NULL, &trainer, err));
    COF_TRY(cof_trainer_run(trainer, &hooks, err));
    COF_TRY(cof_safetensors_write(trainer, &names, &model, err));
    const double done = now_s();
    (void)printf(
        "{\"bench\":\"plain\",\"read_s\":%.4f,\"train_s\":%.4f,\"total_s\":%.4f,\"epochs\":%llu}\n",
        read - began, done - read, done - began,
        (unsigned long long)cof_trainer_epochs_done(trainer));
    cof_trainer_free(cof_trainer_take(&trainer));
    cof_arena_free(&arenas[0]);
    cof_arena_free(&arenas[1]);
    return COF_OK;
}

int main(int argc, char **argv)
{
    cof_err err = {0};
    if (argc < 3) {
        (void)fprintf(stderr, "usage: bench_plain CONTRACT.json FILE...\n");
        return cof_status_describe(COF_E_USAGE)->exit_code;
    }
    const cof_status status = run(argv[1], argv + 2, (size_t)argc - 2, &err);
    if (status != COF_OK) {
        (void)fprintf(stderr, "bench_plain: %s (%s)\n", err.detail,
                      cof_status_describe(status)->name);
    }
    return cof_status_describe(status)->exit_code;
}
