/*
 * Saving and loading a trainer: docs/formats/checkpoint.md.
 *
 * Loading reads everything once and only looks, then a second time and takes it, so that a refused
 * checkpoint leaves the trainer as it was. What can be derived (best epoch, whether training is
 * over) is derived, not read.
 */
#include <math.h>
#include <string.h>

#include "tcb/train/trainer_internal.h"
#include "tcb/wire/reader.h"
#include "tcb/wire/writer.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "floats are copied as they stand in memory");

static const char magic[8] = {'C', 'O', 'F', 'C', 'K', 'P', 'T', '1'};

enum {
    VERSION = 1,
    PATH_SIZE = 8,
    FIXED_SIZE = 8 + 2 + PATH_SIZE + 2 * COF_DIGEST_SIZE + 4 * 8,
    EPOCH_VALUES = 7
};

static double bits_to_double(uint64_t bits)
{
    double value = 0;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint64_t double_to_bits(double value)
{
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static void path_field(cof_kernel_path path, uint8_t out[static PATH_SIZE])
{
    const char *name = cof_path_name(path);
    memset(out, 0, PATH_SIZE);
    memcpy(out, name, strnlen(name, PATH_SIZE));
}

cof_status cof_train_job_digest(const cof_train_spec *spec, cof_digest *out, cof_err *err)
{
    const cof_optimizer *o = &spec->optimizer;
    const bool is_mlp = spec->model == COF_MODEL_MLP;
    const bool is_sgd = o->kind == COF_OPTIMIZER_SGD;
    const uint64_t values[] = {
        (uint64_t)spec->task,
        spec->columns,
        spec->classes,
        (uint64_t)spec->model,
        is_mlp ? (uint64_t)spec->activation : 0,
        spec->epochs,
        (uint64_t)o->kind,
        double_to_bits(o->learning_rate),
        double_to_bits(o->weight_decay),
        is_sgd ? double_to_bits(o->momentum) : 0,
        is_sgd ? 0 : double_to_bits(o->beta1),
        is_sgd ? 0 : double_to_bits(o->beta2),
        is_sgd ? 0 : double_to_bits(o->epsilon),
        (uint64_t)spec->class_weights,
        spec->standardize ? 1 : 0,
        (uint64_t)spec->stop,
        spec->stop != COF_STOP_NONE ? spec->patience : 0,
        spec->hidden_count,
    };
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {0};
    cof_buf_init(&bytes, 1024);
    COF_TRY(cof_buf_append_text(&bytes, "coffer/training/v1\n", err));
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        COF_TRY(cof_write_u64le(&bytes, values[i], err));
    }
    for (size_t i = 0; i < spec->hidden_count; i++) {
        COF_TRY(cof_write_u64le(&bytes, spec->hidden[i], err));
    }
    return cof_digest_of(cof_buf_view(&bytes), out, err);
}

/* Blocks of parameters that a checkpoint holds. */
static size_t block_count(const cof_trainer *trainer, bool has_best)
{
    return (trainer->network.second != NULL ? 3U : 2U) + (has_best ? 1U : 0U);
}

static size_t state_size(const cof_trainer *trainer, uint64_t epochs, bool has_best)
{
    return FIXED_SIZE + trainer->standard.count * 8 +
           block_count(trainer, has_best) * trainer->network.parameter_count * sizeof(float) +
           (size_t)epochs * EPOCH_VALUES * 8;
}

size_t cof_trainer_save_size(const cof_trainer *trainer)
{
    return state_size(trainer, trainer->spec.epochs, trainer->best != NULL);
}

static cof_status save_front(const cof_trainer *trainer, cof_buf *out, cof_err *err)
{
    const cof_position *position = &trainer->position;
    uint8_t path[PATH_SIZE];
    path_field(trainer->spec.path, path);
    COF_TRY(cof_buf_append(out, cof_view_of(magic, sizeof magic), err));
    COF_TRY(cof_write_u16le(out, VERSION, err));
    COF_TRY(cof_buf_append(out, cof_view_of(path, sizeof path), err));
    COF_TRY(cof_buf_append(out, cof_view_of(trainer->order_digest.bytes, COF_DIGEST_SIZE), err));
    COF_TRY(cof_buf_append(out, cof_view_of(trainer->job_digest.bytes, COF_DIGEST_SIZE), err));
    COF_TRY(cof_write_u64le(out, trainer->network.parameter_count, err));
    COF_TRY(cof_write_u64le(out, position->epoch, err));
    COF_TRY(cof_write_u64le(out, position->step, err));
    return cof_write_u64le(out, double_to_bits(position->loss_sum), err);
}

static cof_status save_block(const cof_trainer *trainer, const float *block, cof_buf *out,
                             cof_err *err)
{
    uint8_t *place = NULL;
    COF_TRY(cof_buf_extend(out, trainer->network.parameter_count * sizeof(float), &place, err));
    cof_network_pack(&trainer->network, block, place);
    return COF_OK;
}

cof_status cof_trainer_save(const cof_trainer *trainer, cof_buf *out, cof_err *err)
{
    const cof_network *network = &trainer->network;
    const cof_standard *standard = &trainer->standard;
    const bool has_best = trainer->position.best_epoch > 0;
    if (trainer->has_failed) {
        return COF_FAIL(err, NUMERIC, "training has failed before");
    }
    /* One allocation of the right size: growing would copy the state about. */
    COF_TRY(cof_buf_reserve(out, state_size(trainer, trainer->position.epoch, has_best), err));
    COF_TRY(save_front(trainer, out, err));
    COF_TRY(cof_buf_append(out, cof_view_of(standard->mean, standard->count * sizeof(float)), err));
    COF_TRY(
        cof_buf_append(out, cof_view_of(standard->scale, standard->count * sizeof(float)), err));
    COF_TRY(save_block(trainer, network->parameters, out, err));
    COF_TRY(save_block(trainer, network->first, out, err));
    if (network->second != NULL) {
        COF_TRY(save_block(trainer, network->second, out, err));
    }
    if (has_best) {
        COF_TRY(save_block(trainer, trainer->best, out, err));
    }
    for (uint64_t e = 0; e < trainer->position.epoch; e++) {
        const cof_train_progress *p = &trainer->history[e];
        const cof_metrics *m = &p->validation;
        const double values[EPOCH_VALUES] = {p->train_loss, m->loss, m->accuracy, m->auc,
                                             m->f1,         m->rmse, m->mae};
        for (size_t i = 0; i < EPOCH_VALUES; i++) {
            COF_TRY(cof_write_u64le(out, double_to_bits(values[i]), err));
        }
    }
    return COF_OK;
}

/* A checkpoint's parts: views into its bytes, and the position they lead to. */
typedef struct checkpoint_parts {
    cof_position position;
    cof_view parameters;
    cof_view first;
    cof_view second;
    cof_view best;
    cof_view history;
} checkpoint_parts;

static cof_status expect(cof_reader *reader, const void *bytes, size_t size, cof_status otherwise,
                         const char *what, cof_err *err)
{
    cof_view found;
    COF_TRY(cof_read_view(reader, size, &found, err));
    if (!cof_view_equal(found, cof_view_of(bytes, size))) {
        return cof_err_set(err, otherwise, __FILE__, __LINE__, "checkpoint: %s", what);
    }
    return COF_OK;
}

static cof_status read_front(const cof_trainer *trainer, cof_reader *reader, cof_position *out,
                             cof_err *err)
{
    uint8_t path[PATH_SIZE];
    uint16_t version = 0;
    uint64_t parameters = 0;
    uint64_t loss_bits = 0;
    cof_position position = {0};
    path_field(trainer->spec.path, path);
    COF_TRY(expect(reader, magic, sizeof magic, COF_E_BAD_FORMAT, "magic", err));
    COF_TRY(cof_read_u16le(reader, &version, err));
    if (version != VERSION) {
        return COF_FAIL(err, BAD_VERSION, "checkpoint version %u", version);
    }
    COF_TRY(expect(reader, path, sizeof path, COF_E_KERNEL_MISMATCH, "made on another kernel path",
                   err));
    COF_TRY(expect(reader, trainer->order_digest.bytes, COF_DIGEST_SIZE, COF_E_CHECKPOINT_MISMATCH,
                   "order of steps", err));
    COF_TRY(expect(reader, trainer->job_digest.bytes, COF_DIGEST_SIZE, COF_E_CHECKPOINT_MISMATCH,
                   "model or training", err));
    COF_TRY(cof_read_u64le(reader, &parameters, err));
    COF_TRY(cof_read_u64le(reader, &position.epoch, err));
    COF_TRY(cof_read_u64le(reader, &position.step, err));
    COF_TRY(cof_read_u64le(reader, &loss_bits, err));
    position.loss_sum = bits_to_double(loss_bits);
    if (parameters != trainer->network.parameter_count || position.epoch > trainer->spec.epochs ||
        position.step >= cof_trainer_steps_per_epoch(trainer)) {
        return COF_FAIL(err, CHECKPOINT_MISMATCH, "checkpoint: counts");
    }
    if (!isfinite(position.loss_sum) || (position.step == 0 && loss_bits != 0)) {
        return COF_FAIL(err, CHECKPOINT_MISMATCH, "checkpoint: sum of losses");
    }
    *out = position;
    return COF_OK;
}

static cof_status read_block(const cof_trainer *trainer, cof_reader *reader, float low,
                             cof_view *out, cof_err *err)
{
    cof_view found;
    COF_TRY(cof_read_view(reader, trainer->network.parameter_count * sizeof(float), &found, err));
    for (size_t i = 0; i < found.size; i += sizeof(float)) {
        float value = 0;
        memcpy(&value, found.data + i, sizeof value);
        if (!isfinite(value) || value < low) {
            return COF_FAIL(err, CHECKPOINT_MISMATCH, "checkpoint: a parameter is not valid");
        }
    }
    *out = found;
    return COF_OK;
}

/* The measures of epoch e. */
static cof_train_progress read_epoch(const cof_trainer *trainer, cof_view history, uint64_t e)
{
    double values[EPOCH_VALUES];
    memcpy(values, history.data + e * sizeof values, sizeof values);
    return (cof_train_progress){
        .epoch = e + 1,
        .epochs = trainer->spec.epochs,
        .steps = (e + 1) * cof_trainer_steps_per_epoch(trainer),
        .train_loss = values[0],
        .learning_rate = trainer->spec.optimizer.learning_rate,
        .validation = {.rows = trainer->split.validation,
                       .loss = values[1],
                       .accuracy = values[2],
                       .auc = values[3],
                       .f1 = values[4],
                       .rmse = values[5],
                       .mae = values[6]},
    };
}

/* Goes through the epochs as training did: where that would have stopped, nothing may follow. */
static cof_status replay(const cof_trainer *trainer, cof_view history, cof_position *position,
                         cof_err *err)
{
    const cof_position said = *position;
    cof_position reached = {0};
    for (uint64_t e = 0; e < said.epoch; e++) {
        const cof_train_progress progress = read_epoch(trainer, history, e);
        const cof_metrics *m = &progress.validation;
        if (reached.is_finished || !isfinite(progress.train_loss) || isinf(m->loss) ||
            isinf(m->accuracy) || isinf(m->auc) || isinf(m->f1) || isinf(m->rmse) ||
            isinf(m->mae)) {
            return COF_FAIL(err, CHECKPOINT_MISMATCH, "checkpoint: history of epoch %llu",
                            (unsigned long long)e + 1);
        }
        cof_position_advance(&trainer->spec, m, &reached);
    }
    if (reached.is_finished && said.step > 0) {
        return COF_FAIL(err, CHECKPOINT_MISMATCH, "checkpoint: a step after the end");
    }
    reached.step = said.step;
    reached.loss_sum = said.loss_sum;
    *position = reached;
    return COF_OK;
}

static cof_status read_parts(const cof_trainer *trainer, cof_view checkpoint, checkpoint_parts *out,
                             cof_err *err)
{
    const cof_standard *standard = &trainer->standard;
    const size_t standard_size = standard->count * sizeof(float);
    cof_reader reader = cof_reader_of(checkpoint);
    checkpoint_parts parts = {.position = {0}};
    COF_TRY(read_front(trainer, &reader, &parts.position, err));
    /* The history stands at the end and decides whether there is a block of best parameters before
     * it. */
    const size_t history_size = (size_t)parts.position.epoch * EPOCH_VALUES * 8;
    if (checkpoint.size < history_size) {
        return COF_FAIL(err, TRUNCATED, "checkpoint: history");
    }
    parts.history = cof_view_of(checkpoint.data + checkpoint.size - history_size, history_size);
    COF_TRY(replay(trainer, parts.history, &parts.position, err));
    COF_TRY(expect(&reader, standard->mean, standard_size, COF_E_CHECKPOINT_MISMATCH,
                   "standardization", err));
    COF_TRY(expect(&reader, standard->scale, standard_size, COF_E_CHECKPOINT_MISMATCH,
                   "standardization", err));
    COF_TRY(read_block(trainer, &reader, -INFINITY, &parts.parameters, err));
    COF_TRY(read_block(trainer, &reader, -INFINITY, &parts.first, err));
    if (trainer->network.second != NULL) {
        COF_TRY(read_block(trainer, &reader, 0.0f, &parts.second, err));
    }
    if (parts.position.best_epoch > 0) {
        COF_TRY(read_block(trainer, &reader, -INFINITY, &parts.best, err));
        if (parts.position.is_finished && !cof_view_equal(parts.best, parts.parameters)) {
            return COF_FAIL(err, CHECKPOINT_MISMATCH, "checkpoint: the end is not the best");
        }
    }
    COF_TRY(cof_read_view(&reader, history_size, &parts.history, err));
    COF_TRY(cof_reader_finish(&reader, err));
    *out = parts;
    return COF_OK;
}

cof_status cof_trainer_load(cof_trainer *trainer, cof_view checkpoint, cof_err *err)
{
    cof_network *network = &trainer->network;
    checkpoint_parts parts = {.position = {0}};
    COF_TRY(read_parts(trainer, checkpoint, &parts, err));
    cof_network_unpack(network, parts.parameters.data, network->parameters);
    cof_network_unpack(network, parts.first.data, network->first);
    if (network->second != NULL) {
        cof_network_unpack(network, parts.second.data, network->second);
    }
    if (parts.position.best_epoch > 0) {
        cof_network_unpack(network, parts.best.data, trainer->best);
    }
    for (uint64_t e = 0; e < parts.position.epoch; e++) {
        trainer->history[e] = read_epoch(trainer, parts.history, e);
    }
    cof_network_refresh(network);
    trainer->position = parts.position;
    trainer->has_failed = false;
    cof_split_order(&trainer->spec, &trainer->split, parts.position.epoch, trainer->order);
    return COF_OK;
}
