#include <string.h>

#include "harness/cof_test.h"
#include "tcb/tensor/kernels.h"

static void every_name_parses_to_its_path(void **state)
{
    (void)state;
    for (int i = 0; i < COF_PATH_COUNT; i++) {
        cof_kernel_path path = COF_PATH_SCALAR;
        assert_ok(cof_path_parse(cof_path_name((cof_kernel_path)i), &path, NULL));
        assert_int_equal(path, i);
    }
}

static void an_unknown_name_is_refused(void **state)
{
    (void)state;
    cof_kernel_path path = COF_PATH_AVX2;
    assert_status(cof_path_parse("AVX2", &path, NULL), BAD_ARGUMENT);
    assert_status(cof_path_parse("", &path, NULL), BAD_ARGUMENT);
    assert_int_equal(path, COF_PATH_AVX2);
}

static void the_best_path_is_available_and_scalar_always_is(void **state)
{
    (void)state;
    assert_true(cof_path_is_available(COF_PATH_SCALAR));
    assert_true(cof_path_is_available(cof_path_best()));
    /* AVX-512 machines have AVX2. */
    assert_true(!cof_path_is_available(COF_PATH_AVX512) || cof_path_is_available(COF_PATH_AVX2));
}

static void kernels_are_given_for_available_paths_only(void **state)
{
    (void)state;
    const cof_kernels *kernels = NULL;
    for (int i = 0; i < COF_PATH_COUNT; i++) {
        const cof_kernel_path path = (cof_kernel_path)i;
        const cof_status status = cof_kernels_of(path, &kernels, NULL);
        assert_int_equal(status, cof_path_is_available(path) ? COF_OK : COF_E_KERNEL_UNAVAILABLE);
        assert_true(status != COF_OK || kernels->path == path);
    }
    assert_status(cof_kernels_of((cof_kernel_path)COF_PATH_COUNT, &kernels, NULL),
                  KERNEL_UNAVAILABLE);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_name_parses_to_its_path),
        cmocka_unit_test(an_unknown_name_is_refused),
        cmocka_unit_test(the_best_path_is_available_and_scalar_always_is),
        cmocka_unit_test(kernels_are_given_for_available_paths_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
