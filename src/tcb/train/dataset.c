#include "tcb/train/dataset.h"

#include <math.h>
#include <string.h>

#include "tcb/tensor/philox.h"
#include "tcb/train/streams.h"

cof_status cof_dataset_check_shape(const cof_train_spec *spec, const cof_table_shape *shape,
                                   cof_err *err)
{
    const cof_table_labels labels =
        spec->task == COF_TASK_REGRESSION ? COF_TABLE_NUMBER : COF_TABLE_CLASS;
    if (shape->values != COF_TABLE_F32 && shape->values != COF_TABLE_U8) {
        return COF_FAIL(err, SCHEMA_MISMATCH, "type of values");
    }
    if (shape->columns != spec->columns) {
        return COF_FAIL(err, SCHEMA_MISMATCH, "%zu columns where the job says %zu", shape->columns,
                        spec->columns);
    }
    if (shape->labels != labels || shape->classes != spec->classes) {
        return COF_FAIL(err, SCHEMA_MISMATCH, "labels do not fit the task");
    }
    return COF_OK;
}

/* Says how many and where the first is, never what it holds. */
static cof_status check_numbers(const float *values, size_t rows, size_t columns, const char *what,
                                cof_err *err)
{
    size_t count = 0;
    size_t first = 0;
    for (size_t i = 0; i < rows * columns; i++) {
        if (!isfinite(values[i])) {
            first = count == 0 ? i : first;
            count++;
        }
    }
    if (count > 0) {
        return COF_FAIL(err, DATA_INVALID, "%zu %s not finite, first at row %zu, column %zu", count,
                        what, first / columns, first % columns);
    }
    return COF_OK;
}

static cof_status check_classes(const int32_t *labels, size_t rows, size_t classes, cof_err *err)
{
    for (size_t i = 0; i < rows; i++) {
        if (labels[i] < 0 || (size_t)labels[i] >= classes) {
            return COF_FAIL(err, DATA_INVALID, "a label outside the %zu classes, first at row %zu",
                            classes, i);
        }
    }
    return COF_OK;
}

cof_status cof_dataset_check(const cof_train_spec *spec, const cof_table *table, cof_err *err)
{
    COF_TRY(cof_dataset_check_shape(spec, &table->shape, err));
    if (table->rows == 0) {
        return COF_FAIL(err, DATA_EMPTY, "no rows");
    }
    if (table->shape.values == COF_TABLE_F32) {
        COF_TRY(check_numbers(cof_table_f32(table), table->rows, table->shape.columns, "features",
                              err));
    }
    if (spec->task == COF_TASK_REGRESSION) {
        return check_numbers(cof_table_numbers(table), table->rows, 1, "targets", err);
    }
    return check_classes(cof_table_classes(table), table->rows, spec->classes, err);
}

cof_status cof_split_count(const cof_train_spec *spec, size_t rows, cof_split *out_split,
                           cof_err *err)
{
    if (rows > COF_TRAIN_ROWS_LIMIT) {
        return COF_FAIL(err, LIMIT, "%zu rows where at most %u are allowed", rows,
                        COF_TRAIN_ROWS_LIMIT);
    }
    /* Both products are at most 0.9 · rows, and their sum is below rows but for rounding. */
    const size_t validation = (size_t)floor(spec->validation * (double)rows);
    const size_t test = (size_t)floor(spec->test * (double)rows);
    if (validation + test >= rows) {
        return COF_FAIL(err, DATA_EMPTY, "%zu rows leave none to train on", rows);
    }
    if (spec->stop != COF_STOP_NONE && validation == 0) {
        return COF_FAIL(err, DATA_EMPTY, "%zu rows leave none to stop by", rows);
    }
    *out_split =
        (cof_split){.train = rows - validation - test, .validation = validation, .test = test};
    return COF_OK;
}

void cof_split_fill(const cof_train_spec *spec, cof_split *split)
{
    const size_t rows = split->train + split->validation + split->test;
    for (size_t i = 0; i < rows; i++) {
        split->rows[i] = (uint32_t)i;
    }
    cof_random_stream random = cof_random_stream_of(spec->seed, COF_STREAM_SPLIT);
    cof_random_shuffle(&random, split->rows, rows);
    const size_t held_out = split->validation + split->test;
    /* The permuted order begins with what is held out, split->rows with the training rows: rotates
     * one into the other by three reversals, without a second array. */
    const size_t cuts[3][2] = {{0, held_out}, {held_out, rows}, {0, rows}};
    for (size_t cut = 0; cut < 3; cut++) {
        for (size_t i = cuts[cut][0], j = cuts[cut][1]; i + 1 < j; i++, j--) {
            const uint32_t moved = split->rows[i];
            split->rows[i] = split->rows[j - 1];
            split->rows[j - 1] = moved;
        }
    }
}

void cof_split_order(const cof_train_spec *spec, const cof_split *split, uint64_t epoch,
                     uint32_t *out_order)
{
    memcpy(out_order, split->rows, split->train * sizeof *out_order);
    cof_random_stream random = cof_random_stream_of(spec->seed, COF_STREAM_ORDER | epoch);
    cof_random_shuffle(&random, out_order, split->train);
}

cof_status cof_split_digest(const cof_train_spec *spec, const cof_split *split, cof_digest *out,
                            cof_err *err)
{
    static const char label[] = "coffer/order/v1\n";
    uint8_t bytes[sizeof label - 1 + 5 * sizeof(uint64_t)];
    const uint64_t values[5] = {spec->seed, split->train, split->validation, split->test,
                                spec->batch};
    memcpy(bytes, label, sizeof label - 1);
    for (size_t i = 0; i < 5 * sizeof(uint64_t); i++) {
        bytes[sizeof label - 1 + i] = (uint8_t)(values[i / 8] >> 8 * (i % 8));
    }
    return cof_digest_of(cof_view_of(bytes, sizeof bytes), out, err);
}

size_t cof_standard_count(const cof_table_shape *shape)
{
    return shape->values == COF_TABLE_U8 ? 1 : shape->columns;
}

/* sums[j] += (value - center[j])^power for the columns j of a row; bytes all go to j = 0. */
static void add_row(const cof_table *table, size_t row, const double *center, double *sums,
                    bool is_square)
{
    const size_t columns = table->shape.columns;
    const bool is_bytes = table->shape.values == COF_TABLE_U8;
    for (size_t i = 0; i < columns; i++) {
        const size_t at = row * columns + i;
        const double value =
            is_bytes ? (double)cof_table_u8(table)[at] : (double)cof_table_f32(table)[at];
        const size_t j = is_bytes ? 0 : i;
        const double off = is_square ? value - center[j] : value;
        sums[j] += is_square ? off * off : off;
    }
}

cof_status cof_standard_fit(const cof_train_spec *spec, const cof_table *table,
                            const cof_split *split, double *sums, cof_standard *standard,
                            cof_err *err)
{
    const size_t count = standard->count;
    const bool is_bytes = table->shape.values == COF_TABLE_U8;
    if (!spec->standardize) {
        for (size_t j = 0; j < count; j++) {
            standard->mean[j] = 0.0f;
            standard->scale[j] = is_bytes ? 1.0f / 255.0f : 1.0f;
        }
        return COF_OK;
    }
    double *mean = sums;
    double *square = sums + count;
    memset(sums, 0, 2 * count * sizeof *sums);
    const double values = (double)split->train * (is_bytes ? (double)table->shape.columns : 1.0);
    for (size_t i = 0; i < split->train; i++) {
        add_row(table, split->rows[i], mean, mean, false);
    }
    for (size_t j = 0; j < count; j++) {
        mean[j] /= values;
    }
    for (size_t i = 0; i < split->train; i++) {
        add_row(table, split->rows[i], mean, square, true);
    }
    for (size_t j = 0; j < count; j++) {
        const double deviation = sqrt(square[j] / values);
        const float scale = deviation > 0 ? (float)(1.0 / deviation) : 1.0f;
        standard->mean[j] = (float)mean[j];
        /* A deviation far below single precision's spacing is rounding, not variation. */
        standard->scale[j] = deviation > 1e-9 * fabs(mean[j]) ? scale : 1.0f;
        if (!isfinite(standard->mean[j]) || !isfinite(standard->scale[j])) {
            return COF_FAIL(err, NUMERIC, "standardization of column %zu", j);
        }
    }
    return COF_OK;
}

void cof_class_weights_fit(const cof_train_spec *spec, const cof_table *table,
                           const cof_split *split, float *weights)
{
    uint32_t counts[COF_LIMIT_CLASSES] = {0};
    for (size_t i = 0; i < split->train; i++) {
        counts[cof_table_classes(table)[split->rows[i]]]++;
    }
    for (size_t c = 0; c < spec->classes; c++) {
        const double share = (double)spec->classes * (double)counts[c];
        const float balanced = counts[c] > 0 ? (float)((double)split->train / share) : 0.0f;
        weights[c] = spec->class_weights == COF_CLASS_WEIGHTS_BALANCED ? balanced : 1.0f;
    }
}

void cof_batch_load(const cof_batch *batch, size_t i, const cof_standard *standard,
                    const cof_kernels *kernels, float *x)
{
    const size_t columns = batch->table->shape.columns;
    const size_t at = cof_batch_row(batch, i) * columns;
    if (batch->table->shape.values == COF_TABLE_U8) {
        kernels->normalize_u8(cof_table_u8(batch->table) + at, standard->mean[0],
                              standard->scale[0], x, columns);
    } else {
        kernels->normalize_f32(cof_table_f32(batch->table) + at, standard->mean, standard->scale, x,
                               columns);
    }
}
