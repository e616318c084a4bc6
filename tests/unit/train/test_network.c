/*
 * Gradients against central differences of a plain model in doubles: the differences are exact to
 * about 1e-9, so the tolerance of 2e-5 is what a few dozen roundings of single precision can make.
 */
#include <math.h>
#include <string.h>

#include "tcb/base/arena.h"
#include "tcb/train/network.h"
#include "train_kit.h"

typedef struct test_rig {
    cof_arena arena;
    cof_pool *pool;
    cof_network network;
    cof_standard standard;
    float mean[64];
    float scale[64];
    float class_weights[64];
    float *gradient;
    kit_model model;
    double numbers[8192];
} test_rig;

static void build(test_rig *rig, const cof_train_spec *spec)
{
    memset(rig, 0, sizeof *rig);
    cof_plan plan = {0};
    cof_network_shape(spec, &rig->network);
    assert_ok(cof_network_place(spec, &rig->network, &plan, NULL));
    assert_ok(cof_arena_init(
        &rig->arena, plan.arena_bytes + rig->network.block_count * sizeof(float) + 64, NULL));
    plan = (cof_plan){.arena = &rig->arena};
    assert_ok(cof_network_place(spec, &rig->network, &plan, NULL));
    void *place = NULL;
    assert_ok(cof_arena_take(&rig->arena, rig->network.block_count * sizeof(float), &place, NULL));
    rig->gradient = place;
    assert_ok(cof_pool_new(spec->threads, &rig->pool, NULL));
    assert_ok(cof_kernels_of(spec->path, &rig->network.kernels, NULL));
    for (size_t i = 0; i < 64; i++) {
        rig->mean[i] = 0.0f;
        rig->scale[i] = 1.0f;
        rig->class_weights[i] = 1.0f + 0.25f * (float)i;
    }
    rig->standard = (cof_standard){.count = spec->columns, .mean = rig->mean, .scale = rig->scale};
    rig->network.pool = rig->pool;
    rig->network.standard = &rig->standard;
    rig->network.class_weights = rig->class_weights;
    cof_network_start(spec, &rig->network);
}

static void drop(test_rig *rig)
{
    cof_pool_free(rig->pool);
    cof_arena_free(&rig->arena);
}

/* The network's parameters as a plain model. */
static void read_model(test_rig *rig, const cof_train_spec *spec)
{
    rig->model = (kit_model){.task = spec->task,
                             .activation = spec->activation,
                             .layer_count = rig->network.layer_count};
    double *next = rig->numbers;
    for (size_t l = 0; l < rig->network.layer_count; l++) {
        const cof_layer *from = &rig->network.layers[l];
        kit_layer *to = &rig->model.layers[l];
        *to = (kit_layer){
            .in = from->in, .out = from->out, .w = next, .b = next + from->in * from->out};
        next = to->b + from->out;
        assert_true(next <= rig->numbers + 8192);
        for (size_t o = 0; o < from->out; o++) {
            for (size_t i = 0; i < from->in; i++) {
                to->w[o * from->in + i] =
                    (double)cof_network_weight(from, rig->network.parameters, i, o);
            }
            to->b[o] = (double)cof_network_weight(from, rig->network.parameters, from->in, o);
        }
    }
}

static double row_label(const kit_table *kit, size_t r)
{
    return kit->table.shape.labels == COF_TABLE_NUMBER ? (double)kit->targets[r]
                                                       : (double)kit->classes[r];
}

/* The mean weighted loss of a batch, in doubles. */
static double batch_loss(const test_rig *rig, const kit_table *kit, const cof_batch *batch)
{
    double sum = 0;
    for (size_t i = 0; i < batch->count; i++) {
        const size_t r = cof_batch_row(batch, i);
        double x[64];
        for (size_t c = 0; c < kit->table.shape.columns; c++) {
            x[c] = (double)kit->numbers[r * kit->table.shape.columns + c];
        }
        const double weight = rig->model.task == COF_TASK_REGRESSION
                                  ? 1.0
                                  : (double)rig->class_weights[kit->classes[r]];
        sum += weight * kit_loss(&rig->model, x, row_label(kit, r));
    }
    return sum / (double)batch->count;
}

static void check_slope(double found, double expected, size_t layer)
{
    if (!(fabs(found - expected) < 2e-5 * (1 + fabs(expected)))) {
        fail_msg("layer %zu: gradient %.9g where %.9g is expected", layer, found, expected);
    }
}

static double difference(test_rig *rig, const kit_table *kit, const cof_batch *batch,
                         double *parameter)
{
    const double step = 1e-5;
    const double before = *parameter;
    *parameter = before + step;
    const double above = batch_loss(rig, kit, batch);
    *parameter = before - step;
    const double below = batch_loss(rig, kit, batch);
    *parameter = before;
    return (above - below) / (2 * step);
}

static void check_gradient(const cof_train_spec *spec, size_t rows)
{
    static test_rig rig;
    COF_CLEANUP(kit_table_drop_)
    kit_table *kit = kit_table_new(spec->task, 40, spec->columns, spec->classes, false, 3);
    build(&rig, spec);
    /* Biases start at 0 and linear models too: moved off, so that nothing hides behind a zero. */
    for (size_t l = 0; l < rig.network.layer_count; l++) {
        const cof_layer *layer = &rig.network.layers[l];
        for (size_t i = 0; i <= layer->in; i++) {
            for (size_t o = 0; o < layer->out; o++) {
                const size_t at = layer->place + (o / COF_PANEL * (layer->in + 1) + i) * COF_PANEL +
                                  o % COF_PANEL;
                rig.network.parameters[at] += 0.03f * (float)((int)((i * 7 + o * 3) % 11) - 5);
            }
        }
    }
    cof_network_refresh(&rig.network);
    const uint32_t picked[] = {31, 4,  4,  17, 0, 39, 8, 2, 25, 11, 12,
                               13, 36, 30, 29, 5, 6,  1, 7, 33, 21};
    const cof_batch batch = {.table = &kit->table, .rows = picked, .count = rows};
    /* Some steps first: a gradient is right only if they have kept everything that it uses up to
     * date. */
    for (uint64_t step = 1; step <= 2; step++) {
        const cof_update update = cof_update_of(&spec->optimizer, step);
        (void)cof_network_train(&rig.network, &batch, &update);
    }
    read_model(&rig, spec);
    const double loss = cof_network_gradient(&rig.network, &batch, rig.gradient);
    assert_true(fabs(loss / (double)rows - batch_loss(&rig, kit, &batch)) < 1e-5);
    for (size_t l = 0; l < rig.network.layer_count; l++) {
        const cof_layer *layer = &rig.network.layers[l];
        kit_layer *plain = &rig.model.layers[l];
        for (size_t o = 0; o < layer->out; o++) {
            for (size_t i = 0; i <= layer->in; i++) {
                double *parameter = i < layer->in ? &plain->w[o * layer->in + i] : &plain->b[o];
                check_slope((double)cof_network_weight(layer, rig.gradient, i, o),
                            difference(&rig, kit, &batch, parameter), l);
            }
        }
    }
    drop(&rig);
}

static void gradients_are_the_differences_of_the_loss(void **state)
{
    (void)state;
    static const struct {
        cof_task task;
        size_t classes;
    } tasks[] = {{COF_TASK_REGRESSION, 0},
                 {COF_TASK_BINARY, 2},
                 {COF_TASK_CLASSES, 3},
                 {COF_TASK_CLASSES, 33}};
    for (size_t t = 0; t < 4; t++) {
        for (int hidden = 0; hidden < 4; hidden++) {
            cof_train_spec spec = kit_spec(tasks[t].task, 5, tasks[t].classes, hidden > 0 ? 17 : 0);
            spec.activation = hidden == 2 ? COF_ACTIVATION_RELU : COF_ACTIVATION_TANH;
            if (hidden == 3) {
                spec.hidden_count = 3;
                spec.hidden[0] = 33;
                spec.hidden[1] = 1;
                spec.hidden[2] = 16;
            }
            for (int path = 0; path < COF_PATH_COUNT; path++) {
                spec.path = (cof_kernel_path)path;
                if (cof_path_is_available(spec.path)) {
                    check_gradient(&spec, 21);
                    check_gradient(&spec, 1);
                }
            }
        }
    }
}

/* Wide enough that the work is worth several threads: see run in network.c. */
static void any_number_of_threads_and_any_path_gives_the_same_bits(void **state)
{
    (void)state;
    static test_rig rigs[2];
    COF_CLEANUP(kit_table_drop_)
    kit_table *kit = kit_table_new(COF_TASK_CLASSES, 200, 50, 10, false, 8);
    cof_train_spec spec = kit_spec(COF_TASK_CLASSES, 50, 10, 90);
    spec.hidden_count = 2;
    spec.hidden[1] = 131;
    spec.batch = 101;
    for (int o = 0; o < 2; o++) {
        spec.optimizer.kind = o == 0 ? COF_OPTIMIZER_SGD : COF_OPTIMIZER_ADAMW;
        spec.optimizer.beta1 = 0.9;
        spec.optimizer.beta2 = 0.999;
        spec.optimizer.epsilon = 1e-8;
        spec.optimizer.weight_decay = 0.01;
        spec.path = COF_PATH_SCALAR;
        spec.threads = 1;
        build(&rigs[0], &spec);
        double first_loss[3];
        for (uint64_t step = 0; step < 3; step++) {
            const cof_batch batch = {.table = &kit->table, .first = step * 50, .count = 100 - step};
            const cof_update update = cof_update_of(&spec.optimizer, step + 1);
            first_loss[step] = cof_network_train(&rigs[0].network, &batch, &update);
        }
        for (size_t x = 0; x < (size_t)COF_PATH_COUNT * 4; x++) {
            spec.path = (cof_kernel_path)(x / 4);
            spec.threads = x % 4 + 1;
            if (!cof_path_is_available(spec.path)) {
                continue;
            }
            build(&rigs[1], &spec);
            for (uint64_t step = 0; step < 3; step++) {
                const cof_batch batch = {
                    .table = &kit->table, .first = step * 50, .count = 100 - step};
                const cof_update update = cof_update_of(&spec.optimizer, step + 1);
                assert_true(cof_network_train(&rigs[1].network, &batch, &update) ==
                            first_loss[step]);
            }
            assert_memory_equal(rigs[1].network.parameters, rigs[0].network.parameters,
                                rigs[0].network.block_count * sizeof(float));
            assert_memory_equal(rigs[1].network.first, rigs[0].network.first,
                                rigs[0].network.block_count * sizeof(float));
            drop(&rigs[1]);
        }
        drop(&rigs[0]);
    }
}

/* The formulas of PyTorch's documentation for AdamW, with pow. */
static void a_steps_constants_are_those_of_the_formulas(void **state)
{
    (void)state;
    const cof_optimizer adamw = {.kind = COF_OPTIMIZER_ADAMW,
                                 .learning_rate = 0.02,
                                 .beta1 = 0.9,
                                 .beta2 = 0.995,
                                 .epsilon = 1e-7,
                                 .weight_decay = 0.3};
    static const uint64_t steps[] = {1, 2, 3, 7, 100, 4097, 1000000};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        const cof_update update = cof_update_of(&adamw, steps[i]);
        const double rate = 0.02 / (1 - pow(0.9, (double)steps[i]));
        const double root = 1 / sqrt(1 - pow(0.995, (double)steps[i]));
        assert_true(update.kind == COF_OPTIMIZER_ADAMW);
        assert_true(fabs((double)update.adamw.rate - rate) < 1e-7 * rate);
        assert_true(fabs((double)update.adamw.root - root) < 1e-7 * root);
        assert_true(update.adamw.keep == (float)(1 - 0.02 * 0.3));
        assert_true(update.adamw.beta1 == 0.9f && update.adamw.beta2 == 0.995f &&
                    update.adamw.epsilon == 1e-7f);
    }
    const cof_optimizer sgd = {
        .kind = COF_OPTIMIZER_SGD, .learning_rate = 0.1, .momentum = 0.8, .weight_decay = 0.2};
    const cof_update update = cof_update_of(&sgd, 5);
    assert_true(update.sgd.rate == 0.1f && update.sgd.momentum == 0.8f && update.sgd.decay == 0.2f);
}

static void padding_stays_zero(void **state)
{
    (void)state;
    static test_rig rig;
    COF_CLEANUP(kit_table_drop_)
    kit_table *kit = kit_table_new(COF_TASK_CLASSES, 40, 5, 3, false, 8);
    cof_train_spec spec = kit_spec(COF_TASK_CLASSES, 5, 3, 33);
    spec.optimizer = (cof_optimizer){.kind = COF_OPTIMIZER_ADAMW,
                                     .learning_rate = 0.01,
                                     .beta1 = 0.9,
                                     .beta2 = 0.99,
                                     .epsilon = 1e-8,
                                     .weight_decay = 0.1};
    build(&rig, &spec);
    for (uint64_t step = 0; step < 5; step++) {
        const cof_batch batch = {.table = &kit->table, .first = step, .count = 30};
        const cof_update update = cof_update_of(&spec.optimizer, step + 1);
        (void)cof_network_train(&rig.network, &batch, &update);
    }
    size_t zeros = 0;
    for (size_t i = 0; i < rig.network.block_count; i++) {
        zeros += rig.network.parameters[i] == 0.0f && rig.network.first[i] == 0.0f &&
                 rig.network.second[i] == 0.0f;
    }
    assert_int_equal(zeros, rig.network.block_count - rig.network.parameter_count);
    drop(&rig);
}

static void packing_and_unpacking_gives_the_same_block(void **state)
{
    (void)state;
    static test_rig rig;
    cof_train_spec spec = kit_spec(COF_TASK_CLASSES, 5, 3, 33);
    build(&rig, &spec);
    const size_t size = rig.network.parameter_count * sizeof(float);
    assert_int_equal(rig.network.parameter_count, 6 * 33 + 34 * 3);
    COF_CLEANUP(cof_free_drop_) uint8_t *bytes = calloc(1, size);
    assert_non_null(bytes);
    cof_network_pack(&rig.network, rig.network.parameters, bytes);
    cof_network_unpack(&rig.network, bytes, rig.gradient);
    assert_memory_equal(rig.gradient, rig.network.parameters,
                        rig.network.block_count * sizeof(float));
    drop(&rig);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_are_the_differences_of_the_loss),
        cmocka_unit_test(any_number_of_threads_and_any_path_gives_the_same_bits),
        cmocka_unit_test(a_steps_constants_are_those_of_the_formulas),
        cmocka_unit_test(padding_stays_zero),
        cmocka_unit_test(packing_and_unpacking_gives_the_same_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
