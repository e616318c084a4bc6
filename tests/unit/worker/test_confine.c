/* Each forbidden thing is tried in a child of its own: first where it works, then confined. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness/cof_test.h"
#include "tcb/crypto/pages.h"
#include "tcb/crypto/rsa.h"
#include "tcb/worker/confine.h"
#include "tcb/worker/worker.h"

enum { WORKED = 0, REFUSED = 1, NOT_CONFINED = 2 };

/* Exit code of a child that calls attempt, confined or not, or the signal that ended it as a
 * negative number. */
static int try_in_child(int (*attempt)(void), bool is_confined)
{
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        cof_confinement holds;
        if (is_confined && cof_confine(&holds, NULL) != COF_OK) {
            _exit(NOT_CONFINED);
        }
        _exit(attempt());
    }
    int how = 0;
    assert_int_equal(waitpid(child, &how, 0), child);
    return WIFSIGNALED(how) ? -WTERMSIG(how) : WEXITSTATUS(how);
}

static void assert_kills(int (*attempt)(void))
{
    assert_int_equal(try_in_child(attempt, false), WORKED);
    assert_int_equal(try_in_child(attempt, true), -SIGSYS);
}

static int open_file(void)
{
    return open("/dev/null", O_RDONLY) >= 0 ? WORKED : REFUSED;
}

static int make_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM, 0) >= 0 ? WORKED : REFUSED;
}

static int run_program(void)
{
    char *arguments[] = {(char *)(uintptr_t) "true", NULL};
    (void)execve("/bin/true", arguments, NULL);
    return REFUSED;
}

static int make_process(void)
{
    const pid_t child = fork();
    if (child == 0) {
        _exit(0);
    }
    return child > 0 ? WORKED : REFUSED;
}

static int be_traced(void)
{
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 ? WORKED : REFUSED;
}

static int map_executable(void)
{
    void *place = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return place != MAP_FAILED ? WORKED : REFUSED;
}

static int make_executable(void)
{
    void *place = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return place != MAP_FAILED && mprotect(place, 4096, PROT_READ | PROT_EXEC) == 0 ? WORKED
                                                                                    : REFUSED;
}

static int signal_others(void)
{
    return kill(getppid(), 0) == 0 ? WORKED : REFUSED;
}

static int read_another_process(void)
{
    char byte = 0;
    struct iovec here = {&byte, 1};
    return process_vm_readv(getpid(), &here, 1, &here, 1, 0) == 1 ? WORKED : REFUSED;
}

static int limit_another_process(void)
{
    struct rlimit limit;
    return prlimit(getppid(), RLIMIT_CORE, NULL, &limit) == 0 ? WORKED : REFUSED;
}

static void files_sockets_programs_and_processes_are_out_of_reach(void **state)
{
    (void)state;
    assert_kills(open_file);
    assert_kills(make_socket);
    assert_kills(run_program);
    assert_kills(make_process);
    assert_kills(be_traced);
    assert_kills(signal_others);
    assert_kills(read_another_process);
    assert_kills(limit_another_process);
}

static void no_memory_becomes_executable(void **state)
{
    (void)state;
    assert_kills(map_executable);
    assert_kills(make_executable);
}

static void *add_one(void *number)
{
    ++*(int *)number;
    return NULL;
}

/* What training needs. */
static int do_work(void)
{
    pthread_t threads[2];
    int numbers[2] = {0, 0};
    struct timespec now;
    uint8_t random[16];
    void *block = malloc((size_t)8 << 20);
    if (block == NULL || clock_gettime(CLOCK_REALTIME, &now) != 0) {
        return REFUSED;
    }
    memset(block, 1, (size_t)8 << 20);
    free(block);
    for (int i = 0; i < 2; i++) {
        if (pthread_create(&threads[i], NULL, add_one, &numbers[i]) != 0) {
            return REFUSED;
        }
    }
    for (int i = 0; i < 2; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    return numbers[0] + numbers[1] == 2 && getentropy(random, sizeof random) == 0 ? WORKED
                                                                                  : REFUSED;
}

static void memory_threads_time_and_random_bytes_are_left(void **state)
{
    (void)state;
    assert_int_equal(try_in_child(do_work, true), WORKED);
}

static int look_at_limits(void)
{
    struct rlimit core;
    struct rlimit files;
    struct rlimit size;
    if (getrlimit(RLIMIT_CORE, &core) != 0 || getrlimit(RLIMIT_NOFILE, &files) != 0 ||
        getrlimit(RLIMIT_FSIZE, &size) != 0) {
        return NOT_CONFINED;
    }
    return core.rlim_max == 0 && files.rlim_max == 4 && size.rlim_max == 0 ? WORKED : REFUSED;
}

static void no_core_no_further_files_and_no_file_grows(void **state)
{
    (void)state;
    assert_int_equal(try_in_child(look_at_limits, false), REFUSED);
    assert_int_equal(try_in_child(look_at_limits, true), WORKED);
}

static int crash(void)
{
    raise(SIGSEGV);
    return WORKED;
}

static int confine_and_check_dumpable(void)
{
    cof_confinement holds;
    const int before = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
    if (before != 1 || cof_confine(&holds, NULL) != COF_OK) {
        return NOT_CONFINED;
    }
    return holds.no_core_dump && holds.no_new_privileges && holds.no_files && holds.system_calls
               ? WORKED
               : REFUSED;
}

static void every_required_point_is_reported_to_hold(void **state)
{
    (void)state;
    assert_int_equal(try_in_child(confine_and_check_dumpable, false), WORKED);
    /* raise() needs tgkill, which is not on the list either. */
    assert_int_equal(try_in_child(crash, true), -SIGSYS);
}

static int use_an_inherited_descriptor(void)
{
    char byte;
    return read(9, &byte, 1) >= 0 || errno != EBADF ? WORKED : REFUSED;
}

static void descriptors_from_before_are_closed(void **state)
{
    (void)state;
    assert_int_equal(dup2(STDERR_FILENO, 9), 9);
    const int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    assert_int_equal(dup2(fd, 9), 9);
    assert_int_equal(try_in_child(use_an_inherited_descriptor, false), WORKED);
    assert_int_equal(try_in_child(use_an_inherited_descriptor, true), REFUSED);
    (void)close(9);
    (void)close(fd);
}

static int take_too_much(void)
{
    cof_confinement holds;
    const uint64_t in_use = cof_address_space();
    if (in_use == 0 || cof_confine(&holds, NULL) != COF_OK ||
        cof_confine_memory(in_use, (uint64_t)32 << 20, NULL) != COF_OK) {
        return NOT_CONFINED;
    }
    void *fits =
        mmap(NULL, (size_t)16 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    void *over =
        mmap(NULL, (size_t)64 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (fits == MAP_FAILED) {
        return NOT_CONFINED;
    }
    return over == MAP_FAILED ? REFUSED : WORKED;
}

static void the_memory_limit_holds_after_confinement(void **state)
{
    (void)state;
    assert_int_equal(try_in_child(take_too_much, false), REFUSED);
}

/* The kernel itself refuses to read such pages for anyone, where it has memfd_secret. */
static void secret_pages_cannot_be_read_from_outside(void **state)
{
    (void)state;
    cof_secret_pages pages = {0};
    assert_ok(cof_secret_pages_new(1, &pages, NULL));
    char copy[4] = "";
    char plain[4] = "abc";
    struct iovec here = {copy, 3};
    struct iovec readable = {plain, 3};
    struct iovec secret = {pages.data, 3};
    memcpy(pages.data, "key", 3);
    assert_int_equal(process_vm_readv(getpid(), &here, 1, &readable, 1, 0), 3);
    if (strcmp(pages.kind, "memfd_secret") == 0) {
        assert_int_equal(process_vm_readv(getpid(), &here, 1, &secret, 1, 0), -1);
    }
    cof_secret_pages_free(&pages);
}

/* The first thing a worker does: everything that needs files, then the walls, then keys. */
static int prepare_then_make_keys(void)
{
    cof_confinement holds;
    if (cof_worker_prepare(NULL) != COF_OK || cof_confine(&holds, NULL) != COF_OK) {
        return NOT_CONFINED;
    }
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *key = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf cipher = {.limit = 1024};
    COF_CLEANUP(cof_buf_free) cof_buf plain = {.limit = 1024};
    json_t *jwk = NULL;
    if (cof_rsa_generate(2048, &key, NULL) != COF_OK ||
        cof_rsa_encrypt(key, COF_OAEP_SHA256, cof_view_text("secret"), &cipher, NULL) != COF_OK ||
        cof_rsa_decrypt(key, COF_OAEP_SHA256, cof_buf_view(&cipher), &plain, NULL) != COF_OK ||
        cof_rsa_to_jwk(key, &jwk, NULL) != COF_OK) {
        return REFUSED;
    }
    json_decref(jwk);
    return plain.size == 6 ? WORKED : REFUSED;
}

static void keys_are_made_behind_the_walls(void **state)
{
    (void)state;
    assert_int_equal(try_in_child(prepare_then_make_keys, false), WORKED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            keys_are_made_behind_the_walls), /* first: OpenSSL must not be in use before */
        cmocka_unit_test(files_sockets_programs_and_processes_are_out_of_reach),
        cmocka_unit_test(no_memory_becomes_executable),
        cmocka_unit_test(memory_threads_time_and_random_bytes_are_left),
        cmocka_unit_test(no_core_no_further_files_and_no_file_grows),
        cmocka_unit_test(every_required_point_is_reported_to_hold),
        cmocka_unit_test(descriptors_from_before_are_closed),
        cmocka_unit_test(the_memory_limit_holds_after_confinement),
        cmocka_unit_test(secret_pages_cannot_be_read_from_outside),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
