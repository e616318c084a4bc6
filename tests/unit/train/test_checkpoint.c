/* Saving and loading: to the bit at every position, and every wrong checkpoint refused. */
#include <math.h>
#include <string.h>

#include "train_kit.h"

enum {
    FRONT = 8 + 2 + 8 + 64,
    AT_COUNT = FRONT,
    AT_EPOCH = FRONT + 8,
    AT_STEP = FRONT + 16,
    AT_LOSS = FRONT + 24,
    AT_STANDARD = FRONT + 32
};

static cof_train_spec spec_of(size_t kind)
{
    cof_train_spec spec = kit_spec(COF_TASK_BINARY, 5, 2, kind % 2 == 0 ? 0 : 9);
    if (kind >= 2) {
        spec.optimizer = (cof_optimizer){.kind = COF_OPTIMIZER_ADAMW,
                                         .learning_rate = 0.05,
                                         .beta1 = 0.9,
                                         .beta2 = 0.999,
                                         .epsilon = 1e-8,
                                         .weight_decay = 0.01};
        spec.stop = COF_STOP_LOSS;
        spec.patience = 2;
        spec.epochs = 7;
    }
    spec.batch = 33; /* 70 rows: three steps, the last of 4 rows */
    return spec;
}

static cof_trainer *trainer_of(const cof_train_spec *spec, const kit_table *kit)
{
    cof_trainer *trainer = NULL;
    assert_ok(cof_trainer_new(spec, &kit->table, NULL, &trainer, NULL));
    return trainer;
}

static void steps(cof_trainer *trainer, size_t count)
{
    cof_train_event event = COF_TRAIN_STEPPED;
    for (size_t i = 0; i < count; i++) {
        assert_ok(cof_trainer_step(trainer, &event, NULL));
    }
}

static void a_run_broken_off_anywhere_ends_in_the_same_bits(void **state)
{
    (void)state;
    COF_CLEANUP(kit_table_drop_)
    kit_table *kit = kit_table_new(COF_TASK_BINARY, 100, 5, 2, false, 5);
    for (size_t x = 0; x < 4 * (size_t)COF_PATH_COUNT; x++) {
        cof_train_spec spec = spec_of(x % 4);
        spec.path = (cof_kernel_path)(x / 4);
        if (!cof_path_is_available(spec.path)) {
            continue;
        }
        COF_CLEANUP(cof_trainer_drop_) cof_trainer *whole = trainer_of(&spec, kit);
        COF_CLEANUP(cof_buf_free) cof_buf expected = {0};
        kit_train(whole);
        kit_save(whole, &expected);
        const size_t all = (size_t)cof_trainer_steps_done(whole);
        for (size_t cut = 0; cut <= all; cut++) {
            COF_CLEANUP(cof_trainer_drop_) cof_trainer *first = trainer_of(&spec, kit);
            COF_CLEANUP(cof_buf_free) cof_buf middle = {0};
            steps(first, cut);
            kit_save(first, &middle);
            spec.threads = cut % 2 + 1; /* may change between */
            COF_CLEANUP(cof_trainer_drop_) cof_trainer *second = trainer_of(&spec, kit);
            assert_ok(cof_trainer_load(second, cof_buf_view(&middle), NULL));
            COF_CLEANUP(cof_buf_free) cof_buf again = {0};
            kit_save(second, &again);
            assert_true(cof_view_equal(cof_buf_view(&again), cof_buf_view(&middle)));
            kit_train(second);
            COF_CLEANUP(cof_buf_free) cof_buf found = {0};
            kit_save(second, &found);
            assert_true(cof_view_equal(cof_buf_view(&found), cof_buf_view(&expected)));
            cof_train_report reports[2];
            assert_ok(cof_trainer_report(whole, &reports[0], NULL));
            assert_ok(cof_trainer_report(second, &reports[1], NULL));
            assert_memory_equal(&reports[0].validation, &reports[1].validation,
                                sizeof reports[0].validation);
        }
    }
}

static void the_size_is_known_before(void **state)
{
    (void)state;
    COF_CLEANUP(kit_table_drop_)
    kit_table *kit = kit_table_new(COF_TASK_BINARY, 100, 5, 2, false, 5);
    for (size_t kind = 0; kind < 4; kind++) {
        cof_train_spec spec = spec_of(kind);
        spec.patience = 100;
        COF_CLEANUP(cof_trainer_drop_) cof_trainer *trainer = trainer_of(&spec, kit);
        COF_CLEANUP(cof_buf_free) cof_buf bytes = {0};
        kit_train(trainer);
        kit_save(trainer, &bytes);
        assert_int_equal(bytes.size, cof_trainer_save_size(trainer));
        /* Each field in its place: docs/formats/checkpoint.md. */
        const size_t parameters = kind % 2 == 0 ? 6 : 6 * 9 + 10;
        const size_t blocks = kind < 2 ? 2 : 4;
        assert_int_equal(bytes.size,
                         AT_STANDARD + 2 * 5 * 4 + blocks * parameters * 4 + spec.epochs * 56);
        assert_memory_equal(bytes.data, "COFCKPT1\1\0scalar\0\0", 18);
    }
}

/* A trainer two steps into its third epoch, its state, and a second trainer to load it into. */
typedef struct test_rig {
    kit_table *kit;
    cof_trainer *trainer;
    cof_buf good;
    cof_buf before; /* the second trainer's own state */
} test_rig;

static void build(test_rig *rig, const cof_train_spec *spec, const cof_train_spec *other)
{
    *rig = (test_rig){.kit = kit_table_new(COF_TASK_BINARY, 100, 5, 2, false, 5)};
    COF_CLEANUP(cof_trainer_drop_) cof_trainer *from = trainer_of(spec, rig->kit);
    steps(from, 8);
    kit_save(from, &rig->good);
    rig->trainer = trainer_of(other, rig->kit);
    steps(rig->trainer, 1);
    kit_save(rig->trainer, &rig->before);
}

static void drop(test_rig *rig)
{
    cof_trainer_free(rig->trainer);
    cof_buf_free(&rig->good);
    cof_buf_free(&rig->before);
    kit_table_free(rig->kit);
}

/* The state is refused, and the trainer is as it was. */
static void refuse(const test_rig *rig, cof_view bytes, cof_status expected)
{
    cof_err err = {0};
    const cof_status found = cof_trainer_load(rig->trainer, bytes, &err);
    assert_string_equal(cof_status_describe(found)->name, cof_status_describe(expected)->name);
    COF_CLEANUP(cof_buf_free) cof_buf after = {0};
    kit_save(rig->trainer, &after);
    assert_true(cof_view_equal(cof_buf_view(&after), cof_buf_view(&rig->before)));
}

/* The good state with some bytes changed. */
static void refuse_change(const test_rig *rig, size_t at, const void *bytes, size_t size,
                          cof_status expected)
{
    COF_CLEANUP(cof_buf_free) cof_buf changed = {.limit = rig->good.size};
    assert_ok(cof_buf_append(&changed, cof_buf_view(&rig->good), NULL));
    assert_true(at + size <= changed.size && memcmp(changed.data + at, bytes, size) != 0);
    memcpy(changed.data + at, bytes, size);
    refuse(rig, cof_buf_view(&changed), expected);
}

static void refuse_u64(const test_rig *rig, size_t at, uint64_t value, cof_status expected)
{
    refuse_change(rig, at, &value, sizeof value, expected);
}

static void every_field_that_was_changed_is_refused(void **state)
{
    (void)state;
    const cof_train_spec spec = spec_of(3);
    test_rig rig;
    build(&rig, &spec, &spec);
    const uint64_t infinite = UINT64_C(0x7ff0000000000000);
    const float not_finite = INFINITY;
    const float below_zero = -1e-30f;
    const size_t block = (6 * 9 + 10) * 4;
    const size_t blocks = AT_STANDARD + 2 * 5 * 4;
    const size_t history = blocks + 4 * block;
    assert_int_equal(rig.good.size, history + 2 * 56);
    refuse_change(&rig, 0, "cofckpt1", 8, COF_E_BAD_FORMAT);
    refuse_change(&rig, 8, "\2", 1, COF_E_BAD_VERSION);
    refuse_change(&rig, 10, "avx512\0\0", 8, COF_E_KERNEL_MISMATCH);
    refuse_change(&rig, 10, "scalar\0\1", 8, COF_E_KERNEL_MISMATCH);
    refuse_change(&rig, 18 + 31, rig.good.data[18 + 31] == 'x' ? "y" : "x", 1,
                  COF_E_CHECKPOINT_MISMATCH);
    refuse_change(&rig, 50, rig.good.data[50] == 'x' ? "y" : "x", 1, COF_E_CHECKPOINT_MISMATCH);
    refuse_u64(&rig, AT_COUNT, 6 * 9 + 11, COF_E_CHECKPOINT_MISMATCH);
    refuse_u64(&rig, AT_EPOCH, 8, COF_E_CHECKPOINT_MISMATCH);
    refuse_u64(&rig, AT_EPOCH, UINT64_MAX, COF_E_CHECKPOINT_MISMATCH);
    refuse_u64(&rig, AT_EPOCH, 1, COF_E_TRAILING_BYTES);
    refuse_u64(&rig, AT_STEP, 3, COF_E_CHECKPOINT_MISMATCH);
    refuse_u64(&rig, AT_STEP, 0, COF_E_CHECKPOINT_MISMATCH); /* no step, but a sum of losses */
    refuse_u64(&rig, AT_LOSS, infinite, COF_E_CHECKPOINT_MISMATCH);
    refuse_change(&rig, AT_STANDARD, "\1\2\3", 3, COF_E_CHECKPOINT_MISMATCH);
    refuse_change(&rig, AT_STANDARD + 20, "\1\2\3", 3, COF_E_CHECKPOINT_MISMATCH);
    for (size_t b = 0; b < 4; b++) {
        refuse_change(&rig, blocks + b * block, &not_finite, 4, COF_E_CHECKPOINT_MISMATCH);
        refuse_change(&rig, blocks + (b + 1) * block - 4, &not_finite, 4,
                      COF_E_CHECKPOINT_MISMATCH);
    }
    refuse_change(&rig, blocks + 2 * block, &below_zero, 4,
                  COF_E_CHECKPOINT_MISMATCH); /* a second moment */
    refuse_u64(&rig, history, infinite, COF_E_CHECKPOINT_MISMATCH);
    refuse_u64(&rig, history + 56 + 8, infinite, COF_E_CHECKPOINT_MISMATCH);
    assert_ok(cof_trainer_load(rig.trainer, cof_buf_view(&rig.good), NULL));
    drop(&rig);
}

static void every_length_but_the_right_one_is_refused(void **state)
{
    (void)state;
    const cof_train_spec spec = spec_of(3);
    test_rig rig;
    build(&rig, &spec, &spec);
    for (size_t size = 0; size < rig.good.size; size++) {
        const cof_status found =
            cof_trainer_load(rig.trainer, cof_view_of(rig.good.data, size), NULL);
        assert_true(found == COF_E_TRUNCATED || found == COF_E_CHECKPOINT_MISMATCH);
    }
    refuse(&rig, cof_view_of(rig.good.data, rig.good.size - 1), COF_E_TRUNCATED);
    COF_CLEANUP(cof_buf_free) cof_buf longer = {.limit = rig.good.size + 1};
    assert_ok(cof_buf_append(&longer, cof_buf_view(&rig.good), NULL));
    assert_ok(cof_buf_append_text(&longer, "x", NULL));
    assert_true(cof_trainer_load(rig.trainer, cof_buf_view(&longer), NULL) != COF_OK);
    drop(&rig);
}

/* One value of the job changed, and the state is of another job. */
#define OTHER_JOB(status, change)                                                                  \
    do {                                                                                           \
        const cof_train_spec spec = spec_of(3);                                                    \
        cof_train_spec other = spec;                                                               \
        test_rig rig;                                                                              \
        change;                                                                                    \
        build(&rig, &spec, &other);                                                                \
        refuse(&rig, cof_buf_view(&rig.good), status);                                             \
        drop(&rig);                                                                                \
    } while (0)

static void a_state_of_another_job_is_refused(void **state)
{
    (void)state;
    OTHER_JOB(COF_E_CHECKPOINT_MISMATCH, other.seed++);
    OTHER_JOB(COF_E_CHECKPOINT_MISMATCH, other.batch = 32);
    OTHER_JOB(COF_E_CHECKPOINT_MISMATCH, other.test = 0.2);
    OTHER_JOB(COF_E_CHECKPOINT_MISMATCH, other.validation = 0.3);
    OTHER_JOB(COF_E_CHECKPOINT_MISMATCH, other.hidden[0] = 8);
    OTHER_JOB(COF_E_CHECKPOINT_MISMATCH, other.activation = COF_ACTIVATION_RELU);
    OTHER_JOB(COF_E_CHECKPOINT_MISMATCH, other.epochs = 8);
    OTHER_JOB(COF_E_CHECKPOINT_MISMATCH, other.optimizer.learning_rate = 0.051);
    OTHER_JOB(COF_E_CHECKPOINT_MISMATCH, other.optimizer.beta2 = 0.99);
    OTHER_JOB(COF_E_CHECKPOINT_MISMATCH, other.class_weights = COF_CLASS_WEIGHTS_BALANCED);
    OTHER_JOB(COF_E_CHECKPOINT_MISMATCH, other.standardize = false);
    OTHER_JOB(COF_E_CHECKPOINT_MISMATCH, other.stop = COF_STOP_AUC);
    OTHER_JOB(COF_E_CHECKPOINT_MISMATCH, other.patience = 3);
    if (cof_path_is_available(COF_PATH_AVX2)) {
        OTHER_JOB(COF_E_KERNEL_MISMATCH, other.path = COF_PATH_AVX2);
    }
}

static void a_state_of_other_data_is_refused(void **state)
{
    (void)state;
    const cof_train_spec spec = spec_of(3);
    COF_CLEANUP(kit_table_drop_)
    kit_table *other = kit_table_new(COF_TASK_BINARY, 100, 5, 2, false, 6);
    test_rig rig;
    build(&rig, &spec, &spec);
    COF_CLEANUP(cof_trainer_drop_) cof_trainer *trainer = trainer_of(&spec, other);
    assert_status(cof_trainer_load(trainer, cof_buf_view(&rig.good), NULL), CHECKPOINT_MISMATCH);
    drop(&rig);
}

/* A history in which training was over does not go on. */
static void an_epoch_after_the_end_is_refused(void **state)
{
    (void)state;
    const cof_train_spec spec = spec_of(3);
    test_rig rig;
    build(&rig, &spec, &spec);
    COF_CLEANUP(cof_trainer_drop_) cof_trainer *from = trainer_of(&spec, rig.kit);
    steps(from, 12);
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {0};
    kit_save(from, &bytes);
    /* Losses 1, 2, 3 with patience 2: over after the third epoch, yet a fourth is said to be done.
     */
    const size_t history = bytes.size - 4 * 56;
    for (size_t e = 0; e < 4; e++) {
        const double loss = 1.0 + (double)e;
        memcpy(bytes.data + history + e * 56 + 8, &loss, sizeof loss);
    }
    refuse(&rig, cof_buf_view(&bytes), COF_E_CHECKPOINT_MISMATCH);
    drop(&rig);
}

static void a_finished_state_that_is_not_the_best_is_refused(void **state)
{
    (void)state;
    const cof_train_spec spec = spec_of(3);
    test_rig rig;
    build(&rig, &spec, &spec);
    COF_CLEANUP(cof_trainer_drop_) cof_trainer *from = trainer_of(&spec, rig.kit);
    kit_train(from);
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {0};
    kit_save(from, &bytes);
    bytes.data[AT_STANDARD + 2 * 5 * 4] ^= 1;
    refuse(&rig, cof_buf_view(&bytes), COF_E_CHECKPOINT_MISMATCH);
    bytes.data[AT_STANDARD + 2 * 5 * 4] ^= 1;
    assert_ok(cof_trainer_load(rig.trainer, cof_buf_view(&bytes), NULL));
    assert_true(cof_trainer_is_finished(rig.trainer));
    drop(&rig);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_broken_off_anywhere_ends_in_the_same_bits),
        cmocka_unit_test(the_size_is_known_before),
        cmocka_unit_test(every_field_that_was_changed_is_refused),
        cmocka_unit_test(every_length_but_the_right_one_is_refused),
        cmocka_unit_test(a_state_of_another_job_is_refused),
        cmocka_unit_test(a_state_of_other_data_is_refused),
        cmocka_unit_test(an_epoch_after_the_end_is_refused),
        cmocka_unit_test(a_finished_state_that_is_not_the_best_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
