/* The worker's programs: which evidence they give, and where they cannot. Arguments: coffer-worker,
 * then coffer-worker-azure-cvm where it is built. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/cof_test.h"
#include "tcb/wire/protocol.h"

enum { TEXT_SIZE = 2048, FRAME_HEADER_SIZE = 5 };

static const char *worker;
static const char *azure_worker;

/* How a program ended, and what it said. */
typedef struct ended {
    int exit_code; /* -signal */
    char out[TEXT_SIZE];
    char err[TEXT_SIZE];
    size_t out_size;
} ended;

static size_t read_all(int fd, char *text)
{
    size_t size = 0;
    ssize_t got = 0;
    while (size < TEXT_SIZE - 1 && (got = read(fd, text + size, TEXT_SIZE - 1 - size)) > 0) {
        size += (size_t)got;
    }
    text[size] = '\0';
    (void)close(fd);
    return size;
}

/* The calls that Gramine, in an enclave, does not have (its table of system calls), and those with
 * which walls are built. */
static void lack_what_gramine_lacks(void)
{
    static const long lacking[] = {SYS_madvise, SYS_prctl,        SYS_seccomp, SYS_close_range,
                                   SYS_mremap,  SYS_memfd_secret, SYS_mlock2};
    struct sock_filter code[2 * sizeof lacking / sizeof lacking[0] + 2];
    unsigned short size = 0;
    code[size++] =
        (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < sizeof lacking / sizeof lacking[0]; i++) {
        code[size++] =
            (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)lacking[i], 0, 1);
        code[size++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
    }
    code[size++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    const struct sock_fprog program = {.len = size, .filter = code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) {
        _exit(126);
    }
}

static void run(const char *program, const char *first, const char *second, bool is_in_gramine,
                ended *out)
{
    char *arguments[] = {(char *)(uintptr_t)program, (char *)(uintptr_t)first,
                         (char *)(uintptr_t)second, NULL};
    char *environment[] = {NULL};
    int in[2];
    int said[2];
    int log[2];
    int how = 0;
    assert_true(pipe(in) == 0 && pipe(said) == 0 && pipe(log) == 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)dup2(in[0], 0);
        (void)dup2(said[1], 1);
        (void)dup2(log[1], 2);
        for (int fd = 3; fd < 64; fd++) {
            (void)close(fd);
        }
        if (is_in_gramine) {
            lack_what_gramine_lacks();
        }
        (void)execve(program, arguments, environment);
        _exit(127);
    }
    (void)close(in[0]);
    (void)close(in[1]);
    (void)close(said[1]);
    (void)close(log[1]);
    out->out_size = read_all(said[0], out->out);
    (void)read_all(log[0], out->err);
    assert_int_equal(waitpid(child, &how, 0), child);
    out->exit_code = WIFSIGNALED(how) ? -WTERMSIG(how) : WEXITSTATUS(how);
}

static void assert_failed_frame(const ended *end, const char *status)
{
    assert_int_equal(end->out_size, FRAME_HEADER_SIZE + strlen(status));
    assert_int_equal((uint8_t)end->out[4], COF_FRAME_FAILED);
    assert_string_equal(end->out + FRAME_HEADER_SIZE, status);
}

static void a_worker_without_its_platform_says_so_and_ends(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *files[2]; /* with one of these, the machine is such a platform */
    } platforms[] = {
        {"sgx", {"/dev/attestation", NULL}},
        {"sev-snp", {"/dev/sev-guest", "/sys/kernel/config/tsm/report"}},
        {"tdx", {"/sys/kernel/config/tsm/report", NULL}},
    };
    for (size_t i = 0; i < sizeof platforms / sizeof platforms[0]; i++) {
        ended end;
        const char *const *files = platforms[i].files;
        if (access(files[0], F_OK) == 0 || (files[1] != NULL && access(files[1], F_OK) == 0)) {
            continue;
        }
        run(worker, "--evidence", platforms[i].name, false, &end);
        assert_failed_frame(&end, "NOT_FOUND");
        assert_int_equal(end.exit_code, cof_status_describe(COF_E_NOT_FOUND)->exit_code);
        assert_non_null(strstr(end.err, "coffer-worker: NOT_FOUND ("));
    }
}

static void without_an_option_the_platform_is_the_simulated_one(void **state)
{
    (void)state;
    ended plain;
    ended named;
    run(worker, NULL, NULL, false, &plain);
    run(worker, "--evidence", "simulated", false, &named);
    assert_failed_frame(&plain, "BAD_ARGUMENT");
    assert_non_null(strstr(plain.err, "fd 3 is not the platform's quoting channel"));
    assert_int_equal(plain.exit_code, named.exit_code);
    assert_string_equal(plain.err, named.err);
}

static void evidence_of_another_program_is_refused_by_name(void **state)
{
    (void)state;
    static const char *const others[] = {"azure-cvm", "Sgx", "", "snp"};
    const int usage = cof_status_describe(COF_E_USAGE)->exit_code;
    ended end;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        run(worker, "--evidence", others[i], false, &end);
        assert_int_equal(end.exit_code, usage);
        assert_non_null(strstr(end.err, "coffer-worker-azure-cvm"));
        assert_int_equal(end.out_size, 0);
    }
    run(worker, "--evidence", NULL, false, &end);
    assert_int_equal(end.exit_code, usage);
    assert_non_null(strstr(end.err, "[--evidence simulated|sgx|sev-snp|tdx]"));
}

static void the_program_for_azure_quotes_for_nothing_else(void **state)
{
    (void)state;
    ended end;
    if (azure_worker == NULL) {
        return; /* not built here */
    }
    run(azure_worker, "--evidence", "simulated", false, &end);
    assert_int_equal(end.exit_code, cof_status_describe(COF_E_USAGE)->exit_code);
    assert_non_null(strstr(end.err, "the others are coffer-worker's"));
    run(azure_worker, "--help", NULL, false, &end);
    assert_non_null(strstr(end.out, "usage: coffer-worker-azure-cvm [--evidence azure-cvm]"));
    if (access("/dev/tpmrm0", F_OK) != 0) {
        run(azure_worker, NULL, NULL, false, &end);
        assert_failed_frame(&end, "NOT_FOUND");
        assert_null(strstr(end.err, "tcti-device.c"));
    }
}

/* What it comes to is the search for Gramine's folder: all before it was done. */
static void in_an_enclave_it_does_without_what_gramine_lacks(void **state)
{
    (void)state;
    ended end;
    if (access("/dev/attestation", F_OK) == 0) {
        return;
    }
    run(worker, "--evidence", "sgx", true, &end);
    assert_failed_frame(&end, "NOT_FOUND");
    assert_non_null(strstr(end.err, "attestation_type"));
}

/* The enclave's leniency is the enclave's. */
static void elsewhere_missing_walls_are_a_failure(void **state)
{
    (void)state;
    ended end;
    run(worker, "--confinement", NULL, true, &end);
    assert_int_equal(end.exit_code, cof_status_describe(COF_E_CONFINEMENT)->exit_code);
    assert_int_equal(end.out_size, 0);
}

int main(int argc, char **argv)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    if (argc < 2) {
        return 64;
    }
    worker = argv[1];
    azure_worker = argc > 2 ? argv[2] : NULL;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_worker_without_its_platform_says_so_and_ends),
        cmocka_unit_test(without_an_option_the_platform_is_the_simulated_one),
        cmocka_unit_test(evidence_of_another_program_is_refused_by_name),
        cmocka_unit_test(the_program_for_azure_quotes_for_nothing_else),
        cmocka_unit_test(in_an_enclave_it_does_without_what_gramine_lacks),
        cmocka_unit_test(elsewhere_missing_walls_are_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
