/*
 * The worker gives up what it does not need, before the first byte from outside is read: new
 * files, sockets, programs, executable memory, other processes, core dumps. What is left is
 * reading and writing the descriptors it was started with, memory, threads, time and random bytes.
 *
 * Namespaces and the user are the platform's part: docs/formats/platform.md.
 */
#ifndef COF_WORKER_CONFINE_H
#define COF_WORKER_CONFINE_H

#include <stdint.h>

#include "tcb/base/status.h"

/** What holds. The first five are required; the others depend on the kernel. */
typedef struct cof_confinement {
    bool no_core_dump;         /* RLIMIT_CORE 0, not dumpable: also no ptrace by the same user */
    bool no_new_privileges;    /* PR_SET_NO_NEW_PRIVS */
    bool no_files;             /* only descriptors 0 to 3 are open, no more can be, none can grow */
    bool system_calls;         /* seccomp allow-list; anything else kills the process */
    bool no_executable_memory; /* mmap and mprotect with PROT_EXEC kill the process */
    bool no_exec_gain;         /* PR_SET_MDWE, Linux 6.3 */
    bool landlock;             /* no access to any file, port or signal, as far as the ABI goes */
    int landlock_abi;          /* 0: none */
} cof_confinement;

/**
 * Confines the calling process, which must have one thread, for ever.
 *
 * Everything that needs a file must have happened: see cof_worker_prepare().
 * @return COF_OK, COF_E_CONFINEMENT when a required point fails: the process must then end.
 */
COF_MUST_USE cof_status cof_confine(cof_confinement *out, cof_err *err);

/**
 * Confines the process that quotes for a worker (quoter.h), which must have one thread, for ever:
 * as a worker, but it may pause, ask the open device of SEV-SNP and, with a folder, open files,
 * make and remove folders. Where the kernel has Landlock, in this folder alone.
 *
 * @param folder  or NULL: no file can be opened any more
 * @return COF_OK, COF_E_CONFINEMENT.
 */
COF_MUST_USE cof_status cof_confine_quoter(const char *folder, cof_err *err);

/**
 * Limits the address space to what is in use now and bytes more; works after cof_confine(). It can
 * only be lowered. in_use_bytes is what cof_address_space() gave before confinement; 0 does
 * nothing.
 * @return COF_OK, COF_E_CONFINEMENT.
 */
COF_MUST_USE cof_status cof_confine_memory(uint64_t in_use_bytes, uint64_t bytes, cof_err *err);

/** Bytes of address space in use, or 0 where /proc does not say. Before cof_confine(). */
uint64_t cof_address_space(void);

#endif
