#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/cof_test.h"
#include "tcb/crypto/pages.h"

/* Whether the kernel's flags of the mapping at place hold all of these two-letter names. */
static bool has_flags(const void *place, const char *flags)
{
    FILE *maps = fopen("/proc/self/smaps", "r");
    assert_non_null(maps);
    char line[512];
    bool is_here = false;
    bool has_all = false;
    while (fgets(line, sizeof line, maps) != NULL) {
        uintptr_t low = 0;
        uintptr_t high = 0;
        if (sscanf(line, "%lx-%lx ", &low, &high) == 2) {
            is_here = (uintptr_t)place >= low && (uintptr_t)place < high;
        } else if (is_here && strncmp(line, "VmFlags:", 8) == 0) {
            has_all = true;
            for (const char *flag = flags; *flag != '\0'; flag += 2) {
                const char name[4] = {' ', flag[0], flag[1], '\0'};
                has_all = has_all && strstr(line, name) != NULL;
            }
        }
    }
    (void)fclose(maps);
    return has_all;
}

static void pages_are_whole_zeroed_locked_and_hidden(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 4096, 4097, 70000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        cof_secret_pages pages = {0};
        assert_ok(cof_secret_pages_new(sizes[i], &pages, NULL));
        assert_true(pages.size >= sizes[i] && pages.size > 0 &&
                    pages.size % (size_t)sysconf(_SC_PAGESIZE) == 0);
        for (size_t k = 0; k < pages.size; k++) {
            assert_int_equal(pages.data[k], 0);
        }
        memset(pages.data, 0x5A, pages.size);
        assert_true(has_flags(pages.data, "lodddc")); /* locked, not dumped, not copied on fork */
        assert_true(strcmp(pages.kind, "memfd_secret") == 0 || strcmp(pages.kind, "locked") == 0);
        cof_secret_pages_free(&pages);
        assert_null(pages.data);
        cof_secret_pages_free(&pages);
    }
}

static void a_child_does_not_have_them(void **state)
{
    (void)state;
    cof_secret_pages pages = {0};
    assert_ok(cof_secret_pages_new(1, &pages, NULL));
    pages.data[0] = 0x5A;
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        /* mincore fails with ENOMEM where nothing is mapped. */
        unsigned char resident = 0;
        _exit(mincore(pages.data, 1, &resident) == 0 ? 1 : 0);
    }
    int status = 0;
    assert_true(waitpid(child, &status, 0) == child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    cof_secret_pages_free(&pages);
}

/* The address sanitizer makes mlock do nothing, and succeed. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MLOCK_IS_FAKED
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define MLOCK_IS_FAKED
#endif

#ifndef MLOCK_IS_FAKED
static void pages_that_cannot_be_locked_are_refused(void **state)
{
    (void)state;
    const pid_t child = fork(); /* what it gives up, it does not get back */
    assert_true(child >= 0);
    if (child == 0) {
        const struct rlimit none = {0, 0};
        cof_secret_pages pages = {0};
        if (setrlimit(RLIMIT_MEMLOCK, &none) != 0 || (geteuid() == 0 && setuid(65534) != 0)) {
            _exit(1); /* root locks as much as it likes */
        }
        _exit(cof_secret_pages_new(4096, &pages, NULL) == COF_E_CONFINEMENT && pages.data == NULL
                  ? 0
                  : 2);
    }
    int status = 0;
    assert_true(waitpid(child, &status, 0) == child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
#endif

static void a_size_that_overflows_is_refused(void **state)
{
    (void)state;
    cof_secret_pages pages = {0};
    assert_status(cof_secret_pages_new(SIZE_MAX, &pages, NULL), LIMIT);
    assert_status(cof_secret_pages_new(SIZE_MAX / 4, &pages, NULL), CONFINEMENT);
    assert_null(pages.data);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_are_whole_zeroed_locked_and_hidden),
        cmocka_unit_test(a_child_does_not_have_them),
        cmocka_unit_test(a_size_that_overflows_is_refused),
#ifndef MLOCK_IS_FAKED
        cmocka_unit_test(pages_that_cannot_be_locked_are_refused),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
