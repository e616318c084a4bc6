#include "tcb/worker/syscall_filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tcb/evidence/sev_guest.h"

/*
 * Implementation notes. The program is made from the table below: for each row one comparison of
 * the number and, when the row asks for it, one of an argument's low 32 bits (flags and process ids
 * are ints; the kernel ignores or refuses the upper half). The first row whose number fits decides.
 */
#ifndef __x86_64__
#error "the system call filter is written for x86-64"
#endif

typedef enum rule {
    ALWAYS,
    ARGUMENT_LACKS,  /* allowed when (argument & value) == 0 */
    ARGUMENT_HAS,    /* allowed when (argument & value) == value */
    ARGUMENT_IS,     /* allowed when argument == value */
    NOT_IMPLEMENTED, /* answers ENOSYS, so that the C library takes the older call */
} rule;

typedef struct row {
    uint32_t number;
    rule rule;
    uint32_t argument; /* index */
    uint32_t value;
} row;

static const row rows[] = {
    /* The stream and the quote channel, which are open already. */
    {SYS_read, ALWAYS, 0, 0},
    {SYS_write, ALWAYS, 0, 0},
    {SYS_poll, ALWAYS, 0, 0},
    {SYS_ppoll, ALWAYS, 0, 0},
    {SYS_close, ALWAYS, 0, 0},
    {SYS_sendto, ALWAYS, 0, 0},
    {SYS_recvfrom, ALWAYS, 0, 0},
    {SYS_sendmsg, ALWAYS, 0, 0},
    {SYS_recvmsg, ALWAYS, 0, 0},
    /* Memory: never executable, never of a file. */
    {SYS_brk, ALWAYS, 0, 0},
    {SYS_mmap, ARGUMENT_LACKS, 2, PROT_EXEC},
    {SYS_mprotect, ARGUMENT_LACKS, 2, PROT_EXEC},
    {SYS_mremap, ALWAYS, 0, 0},
    {SYS_munmap, ALWAYS, 0, 0},
    {SYS_madvise, ALWAYS, 0, 0},
    {SYS_mlock, ALWAYS, 0, 0},
    {SYS_mlock2, ALWAYS, 0, 0},
    {SYS_munlock, ALWAYS, 0, 0},
    /* Threads of this process; a new process would lack CLONE_THREAD. */
    {SYS_clone, ARGUMENT_HAS, 0, CLONE_VM | CLONE_THREAD},
    {SYS_clone3, NOT_IMPLEMENTED, 0, 0},
    {SYS_futex, ALWAYS, 0, 0},
    {SYS_set_robust_list, ALWAYS, 0, 0},
    {SYS_rseq, ALWAYS, 0, 0},
    {SYS_sched_yield, ALWAYS, 0, 0},
    {SYS_sched_getaffinity, ALWAYS, 0, 0},
    {SYS_gettid, ALWAYS, 0, 0},
    {SYS_getpid, ALWAYS, 0, 0},
    {SYS_rt_sigaction, ALWAYS, 0, 0}, /* the C library, before its first thread */
    {SYS_rt_sigprocmask, ALWAYS, 0, 0},
    {SYS_rt_sigreturn, ALWAYS, 0, 0},
    {SYS_sigaltstack, ALWAYS, 0, 0},
    {SYS_restart_syscall, ALWAYS, 0, 0},
    /* Time, random bytes, own limits (which can only be lowered), the end. */
    {SYS_clock_gettime, ALWAYS, 0, 0},
    {SYS_gettimeofday, ALWAYS, 0, 0},
    {SYS_getrandom, ALWAYS, 0, 0},
    {SYS_prlimit64, ARGUMENT_IS, 0, 0},
    {SYS_exit, ALWAYS, 0, 0},
    {SYS_exit_group, ALWAYS, 0, 0},
};

/* What a quoter may do beside that. */
static const row device_rows[] = {
    {SYS_clock_nanosleep, ALWAYS, 0, 0},
    {SYS_ioctl, ARGUMENT_IS, 1, COF_SEV_GET_REPORT},
    {SYS_ioctl, ARGUMENT_IS, 1, COF_SEV_GET_EXT_REPORT},
};
static const row folder_rows[] = {
    {SYS_openat, ALWAYS, 0, 0}, /* where: Landlock says */
    {SYS_mkdir, ALWAYS, 0, 0},
    {SYS_rmdir, ALWAYS, 0, 0},
};

enum {
    ROW_COUNT = sizeof rows / sizeof rows[0],
    DEVICE_ROW_COUNT = sizeof device_rows / sizeof device_rows[0],
    FOLDER_ROW_COUNT = sizeof folder_rows / sizeof folder_rows[0],
    PROGRAM_SIZE = 6 + 6 * (ROW_COUNT + DEVICE_ROW_COUNT + FOLDER_ROW_COUNT)
};

typedef struct program {
    struct sock_filter code[PROGRAM_SIZE];
    unsigned short size;
} program;

static void add(program *p, struct sock_filter instruction)
{
    p->code[p->size++] = instruction;
}

static void add_load(program *p, size_t offset)
{
    add(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void add_return(program *p, uint32_t action)
{
    add(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

/* Skips the next instructions unless (accumulator op value) holds. */
static void add_unless(program *p, uint16_t op, uint32_t value, uint8_t skip)
{
    add(p, (struct sock_filter)BPF_JUMP((uint16_t)(BPF_JMP | op | BPF_K), value, 0, skip));
}

static void add_row(program *p, const row *r)
{
    const size_t argument = offsetof(struct seccomp_data, args) + 8 * (size_t)r->argument;
    switch (r->rule) {
    case ALWAYS:
    case NOT_IMPLEMENTED:
        add_unless(p, BPF_JEQ, r->number, 1);
        add_return(p, r->rule == ALWAYS ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO | ENOSYS);
        return;
    case ARGUMENT_LACKS:
    case ARGUMENT_HAS:
        add_unless(p, BPF_JEQ, r->number, 4);
        add_load(p, argument);
        add(p, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, r->value));
        add_unless(p, BPF_JEQ, r->rule == ARGUMENT_HAS ? r->value : 0, 1);
        add_return(p, SECCOMP_RET_ALLOW);
        break;
    case ARGUMENT_IS:
        add_unless(p, BPF_JEQ, r->number, 3);
        add_load(p, argument);
        add_unless(p, BPF_JEQ, r->value, 1);
        add_return(p, SECCOMP_RET_ALLOW);
        break;
    }
    /* The number fitted and the argument did not, or the number did not fit: load it again. */
    add_load(p, offsetof(struct seccomp_data, nr));
}

static void add_rows(program *p, const row *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        add_row(p, &list[i]);
    }
}

cof_status cof_syscall_filter_enter(cof_filter who, cof_err *err)
{
    program p = {.size = 0};
    add_load(&p, offsetof(struct seccomp_data, arch));
    add_unless(&p, BPF_JEQ, AUDIT_ARCH_X86_64, 1);
    add(&p, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 1));
    add_return(&p, SECCOMP_RET_KILL_PROCESS);
    add_load(&p, offsetof(struct seccomp_data, nr));
    add_rows(&p, rows, ROW_COUNT);
    if (who != COF_FILTER_WORKER) {
        add_rows(&p, device_rows, DEVICE_ROW_COUNT);
    }
    if (who == COF_FILTER_QUOTER_FOLDER) {
        add_rows(&p, folder_rows, FOLDER_ROW_COUNT);
    }
    add_return(&p, SECCOMP_RET_KILL_PROCESS);
    const struct sock_fprog filter = {.len = p.size, .filter = p.code};
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) != 0) {
        return COF_FAIL(err, CONFINEMENT, "system call filter: errno %d", errno);
    }
    return COF_OK;
}
