/* Each allocation fails once; nothing is lost, nothing is half made. */
#include <errno.h>
#include <sys/mman.h>

#include "harness/cof_alloc_fail.h"
#include "tcb/train/safetensors.h"
#include "train_kit.h"

/* With 64-bit file offsets mmap is linked as mmap64. */
void *__real_mmap64(void *place, size_t size, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap64(void *place, size_t size, int protection, int flags, int fd, off_t offset);

static bool mmap_fails;
static size_t mapped; /* bytes of arenas */

void *__wrap_mmap64(void *place, size_t size, int protection, int flags, int fd, off_t offset)
{
    if (mmap_fails) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    mapped += size;
    return __real_mmap64(place, size, protection, flags, fd, offset);
}

static kit_table *kit;

static cof_train_spec spec_of(void)
{
    cof_train_spec spec = kit_spec(COF_TASK_BINARY, 4, 2, 6);
    spec.threads = 2;
    spec.stop = COF_STOP_LOSS;
    spec.patience = 2;
    return spec;
}

static cof_status whole_run(void *context)
{
    (void)context;
    const cof_train_spec spec = spec_of();
    const cof_train_hooks hooks = {0};
    COF_CLEANUP(cof_trainer_drop_) cof_trainer *trainer = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {.limit = 1 << 20};
    COF_CLEANUP(cof_buf_free) cof_buf model = {.limit = 1 << 20};
    const cof_model_names names = {.classes = (const char *const[]){"no", "yes"}};
    COF_TRY(cof_trainer_new(&spec, &kit->table, NULL, &trainer, NULL));
    COF_TRY(cof_trainer_run(trainer, &hooks, NULL));
    COF_TRY(cof_trainer_save(trainer, &bytes, NULL));
    COF_TRY(cof_trainer_load(trainer, cof_buf_view(&bytes), NULL));
    return cof_safetensors_write(trainer, &names, &model, NULL);
}

static void each_allocation_of_a_run_may_fail(void **state)
{
    (void)state;
    assert_true(cof_alloc_fail_hook_openssl());
    /* Once before: OpenSSL 3.0's own start does not survive a failing allocation. */
    cof_digest digest;
    assert_ok(cof_digest_of(cof_view_text("start"), &digest, NULL));
    kit = kit_table_new(COF_TASK_BINARY, 60, 4, 2, false, 5);
    /* Where OpenSSL gives no reason, a hash that cannot be made is a CRYPTO failure. */
    assert_true(cof_alloc_fail_each(whole_run, NULL, (const cof_status[]){COF_E_CRYPTO, COF_OK}) >=
                4);
    kit_table_free(kit);
}

static void an_arena_that_cannot_be_had_fails_the_trainer(void **state)
{
    (void)state;
    kit = kit_table_new(COF_TASK_BINARY, 60, 4, 2, false, 5);
    const cof_train_spec spec = spec_of();
    cof_trainer *trainer = NULL;
    mmap_fails = true;
    assert_status(cof_trainer_new(&spec, &kit->table, NULL, &trainer, NULL), NO_MEMORY);
    mmap_fails = false;
    assert_null(trainer);
    kit_table_free(kit);
}

static cof_status train_only(void *context)
{
    const cof_train_hooks hooks = {0};
    return cof_trainer_run(context, &hooks, NULL);
}

/* After creation nothing is allocated: the plan is the peak. */
static void training_allocates_nothing(void **state)
{
    (void)state;
    kit = kit_table_new(COF_TASK_BINARY, 60, 4, 2, false, 5);
    const cof_train_spec spec = spec_of();
    COF_CLEANUP(cof_trainer_drop_) cof_trainer *trainer = NULL;
    mapped = 0;
    assert_ok(cof_trainer_new(&spec, &kit->table, NULL, &trainer, NULL));
    assert_int_equal(mapped, cof_trainer_plan(trainer)->arena_bytes);
    assert_int_equal(cof_alloc_fail_each(train_only, trainer, (const cof_status[]){COF_OK}), 0);
    cof_train_report report;
    cof_alloc_fail_at(1);
    assert_ok(cof_trainer_report(trainer, &report, NULL));
    assert_false(cof_alloc_fail_stop());
    assert_int_equal(mapped, cof_trainer_plan(trainer)->arena_bytes);
    kit_table_free(kit);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_allocation_of_a_run_may_fail),
        cmocka_unit_test(an_arena_that_cannot_be_had_fails_the_trainer),
        cmocka_unit_test(training_allocates_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
