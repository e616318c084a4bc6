#include "tcb/worker/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tcb/worker/syscall_filter.h"

/*
 * Implementation notes. Numbers and layouts of newer kernels are written here, because the headers
 * of the oldest supported system (Linux 6.1) do not have them: include/uapi/linux/prctl.h and
 * landlock.h of Linux 6.12.
 */
enum {
    PRCTL_SET_MDWE = 65,
    MDWE_REFUSE_EXEC_GAIN = 1,
    LANDLOCK_CREATE_RULESET_VERSION_FLAG = 1,
    LANDLOCK_PATH_BENEATH = 1,
    /* write file, read file, read folder, remove folder, make folder: since the first ABI */
    LANDLOCK_FOLDER_RIGHTS = 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 7,
    FIRST_UNUSED_DESCRIPTOR = 4, /* 0, 1: the stream; 2: its log; 3: the quote channel */
};

struct ruleset_attributes {
    uint64_t files;
    uint64_t ports;
    uint64_t scopes;
};

struct path_rule {
    uint64_t files;
    int32_t folder;
} __attribute__((packed));

/* The access rights that exist from each ABI on: all of them are handled and none is granted. */
static const struct ruleset_attributes rights[] = {
    {0x1fff, 0, 0}, {0x3fff, 0, 0}, {0x7fff, 0, 0}, {0x7fff, 3, 0}, {0xffff, 3, 0}, {0xffff, 3, 3},
};
static const size_t rights_sizes[] = {8, 8, 8, 16, 16, 24};

static cof_status set_limit(__rlimit_resource_t resource, rlim_t value, const char *what,
                            cof_err *err)
{
    const struct rlimit limit = {.rlim_cur = value, .rlim_max = value};
    if (setrlimit(resource, &limit) != 0) {
        return COF_FAIL(err, CONFINEMENT, "%s: errno %d", what, errno);
    }
    return COF_OK;
}

static bool allow_folder(int ruleset, const char *path)
{
    const int folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    const struct path_rule rule = {.files = LANDLOCK_FOLDER_RIGHTS, .folder = folder};
    const bool is_allowed = folder >= 0 && syscall(SYS_landlock_add_rule, ruleset,
                                                   LANDLOCK_PATH_BENEATH, &rule, 0) == 0;
    if (folder >= 0) {
        (void)close(folder);
    }
    return is_allowed;
}

/*
 * Best effort. For a worker, Landlock repeats with another mechanism what the system call filter
 * already says; for a quoter it says which folder (or NULL) the calls are for.
 */
static void enter_landlock(const char *folder, cof_confinement *out)
{
    const long abi =
        syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION_FLAG);
    if (abi < 1) {
        return;
    }
    const size_t known = sizeof rights / sizeof rights[0];
    const size_t row = (size_t)abi < known ? (size_t)abi - 1 : known - 1;
    const long ruleset = syscall(SYS_landlock_create_ruleset, &rights[row], rights_sizes[row], 0);
    if (ruleset < 0) {
        return;
    }
    const bool is_ready = folder == NULL || allow_folder((int)ruleset, folder);
    if (is_ready && syscall(SYS_landlock_restrict_self, (int)ruleset, 0) == 0) {
        out->landlock = true;
        out->landlock_abi = (int)row + 1;
    }
    (void)close((int)ruleset);
}

static cof_status forbid_dumps(cof_confinement *out, cof_err *err)
{
    COF_TRY(set_limit(RLIMIT_CORE, 0, "core size", err));
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        return COF_FAIL(err, CONFINEMENT, "not dumpable: errno %d", errno);
    }
    out->no_core_dump = true;
    return COF_OK;
}

static cof_status forbid_files(cof_confinement *out, cof_err *err)
{
    if (syscall(SYS_close_range, (unsigned)FIRST_UNUSED_DESCRIPTOR, ~0U, 0) != 0) {
        return COF_FAIL(err, CONFINEMENT, "close_range: errno %d", errno);
    }
    COF_TRY(set_limit(RLIMIT_NOFILE, FIRST_UNUSED_DESCRIPTOR, "open files", err));
    COF_TRY(set_limit(RLIMIT_FSIZE, 0, "file size", err));
    out->no_files = true;
    return COF_OK;
}

/* What worker and quoter have in common. */
static cof_status give_up_powers(const char *folder, cof_confinement *holds, cof_err *err)
{
    COF_TRY(forbid_dumps(holds, err));
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return COF_FAIL(err, CONFINEMENT, "no new privileges: errno %d", errno);
    }
    holds->no_new_privileges = true;
    holds->no_exec_gain = prctl(PRCTL_SET_MDWE, MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) == 0;
    enter_landlock(folder, holds);
    return COF_OK;
}

cof_status cof_confine_quoter(const char *folder, cof_err *err)
{
    cof_confinement holds = {0};
    COF_TRY(give_up_powers(folder, &holds, err));
    return cof_syscall_filter_enter(folder == NULL ? COF_FILTER_QUOTER : COF_FILTER_QUOTER_FOLDER,
                                    err);
}

cof_status cof_confine(cof_confinement *out, cof_err *err)
{
    cof_confinement holds = {0};
    COF_TRY(give_up_powers(NULL, &holds, err));
    COF_TRY(forbid_files(&holds, err));
    COF_TRY(cof_syscall_filter_enter(COF_FILTER_WORKER, err));
    holds.system_calls = true;
    holds.no_executable_memory = true;
    *out = holds;
    return COF_OK;
}

cof_status cof_confine_memory(uint64_t in_use_bytes, uint64_t bytes, cof_err *err)
{
    rlim_t limit = 0;
    if (in_use_bytes == 0) {
        return COF_OK;
    }
    if (__builtin_add_overflow(in_use_bytes, bytes, &limit)) {
        return COF_FAIL(err, CONFINEMENT, "address space: overflow");
    }
    struct rlimit now;
    if (getrlimit(RLIMIT_AS, &now) != 0) {
        return COF_FAIL(err, CONFINEMENT, "address space: errno %d", errno);
    }
    if (now.rlim_max != RLIM_INFINITY && now.rlim_max <= limit) {
        return COF_OK; /* the platform's own limit is lower */
    }
    return set_limit(RLIMIT_AS, limit, "address space", err);
}

uint64_t cof_address_space(void)
{
    const int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return 0;
    }
    char text[128] = {0};
    const ssize_t size = read(fd, text, sizeof text - 1);
    (void)close(fd);
    const long page = sysconf(_SC_PAGESIZE);
    if (size <= 0 || page <= 0) {
        return 0;
    }
    return strtoull(text, NULL, 10) * (uint64_t)page;
}
