/* The worker's system calls: an allow-list as a BPF program for seccomp. */
#ifndef COF_WORKER_SYSCALL_FILTER_H
#define COF_WORKER_SYSCALL_FILTER_H

#include "tcb/base/status.h"

/** Who is confined; each may do what those before it may. */
typedef enum cof_filter {
    COF_FILTER_WORKER,        /* no files, no devices */
    COF_FILTER_QUOTER,        /* also: pauses, requests to a device that is open already */
    COF_FILTER_QUOTER_FOLDER, /* also: opens files, makes and removes folders */
} cof_filter;

/**
 * From now on any system call that is not on the list, or not with the listed arguments, kills the
 * process. PR_SET_NO_NEW_PRIVS must be set. @return COF_OK, COF_E_CONFINEMENT.
 */
COF_MUST_USE cof_status cof_syscall_filter_enter(cof_filter who, cof_err *err);

#endif
