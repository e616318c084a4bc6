/* coffer doctor: what this host can do, and what is missing. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "apps/coffer/commands.h"
#include "apps/coffer/doctor.h"
#include "apps/coffer/services.h"
#include "tcb/wire/json.h"

enum { DETAIL_SIZE = 200, LANDLOCK_VERSION = 1 };

/* weak: Coffer works without it, with less protection or speed. */
void cof_found(cof_findings *f, cof_finding_kind kind, const char *name, const char *detail)
{
    static const char *const names[] = {"ok", "weak", "missing"};
    if (kind == FINDING_WEAK) {
        cof_output_line(f->output, COF_TONE_DIM, "  -- %-14s %s", name, detail);
    } else {
        cof_output_step(f->output, kind == FINDING_GOOD, name, "%s", detail);
    }
    f->missing += kind == FINDING_MISSING ? 1 : 0;
    (void)json_array_append_new(
        f->list, json_pack("{s:s,s:s,s:s}", "name", name, "state", names[kind], "detail", detail));
}

static void look_at_programs(cof_findings *f)
{
    static const char *const programs[] = {"coffer-worker", "coffer-agent", "coffer-local"};
    cof_path folder;
    char detail[DETAIL_SIZE];
    if (cof_program_folder(&folder, NULL) != COF_OK) {
        cof_found(f, FINDING_MISSING, "programs", "this program's folder cannot be found");
        return;
    }
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++) {
        cof_path path;
        const bool there =
            cof_path_format(&path, NULL, "%s/%s", folder.text, programs[i]) == COF_OK &&
            access(path.text, X_OK) == 0;
        (void)snprintf(detail, sizeof detail, "%s %.150s", there ? "in" : "is not in", folder.text);
        cof_found(f, there ? FINDING_GOOD : FINDING_MISSING, programs[i], detail);
    }
}

static void look_at_processor(cof_findings *f)
{
    const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    cof_found(f, avx512 || avx2 ? FINDING_GOOD : FINDING_WEAK, "kernels",
              avx512 ? "scalar, avx2, avx512"
                     : (avx2 ? "scalar, avx2" : "scalar only: training will be slow"));
    cof_found(f, __builtin_cpu_supports("aes") ? FINDING_GOOD : FINDING_WEAK, "aes",
              __builtin_cpu_supports("aes") ? "in hardware" : "in software: sealing will be slow");
}

static void look_at_enclaves(cof_findings *f)
{
    static const struct {
        const char *path;
        const char *name;
    } devices[] = {
        {"/dev/sgx_enclave", "sgx"}, {"/dev/sev-guest", "sev-snp"}, {"/dev/tdx_guest", "tdx"}};
    char names[DETAIL_SIZE] = "";
    char detail[DETAIL_SIZE];
    for (size_t i = 0; i < sizeof devices / sizeof devices[0]; i++) {
        if (access(devices[i].path, F_OK) == 0) {
            const size_t used = strlen(names);
            (void)snprintf(names + used, sizeof names - used, "%s ", devices[i].name);
        }
    }
    if (names[0] == '\0') {
        cof_found(f, FINDING_WEAK, "enclaves",
                  "none here: the simulated platform protects nothing from this machine's "
                  "administrator");
        return;
    }
    (void)snprintf(detail, sizeof detail,
                   "%.60sis here: worker in coffer.yaml says how it is used, else the simulated "
                   "platform is",
                   names);
    cof_found(f, FINDING_GOOD, "enclaves", detail);
}

/* In a child, since a namespace that was entered cannot be left. */
static bool can_unshare(int flags)
{
    const pid_t pid = fork();
    if (pid == 0) {
        _exit(unshare(flags) == 0 ? 0 : 1);
    }
    int state = 0;
    return pid > 0 && waitpid(pid, &state, 0) == pid && WIFEXITED(state) && WEXITSTATUS(state) == 0;
}

static void look_at_confinement(cof_findings *f)
{
    char detail[DETAIL_SIZE];
    const bool namespaces =
        can_unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC);
    cof_found(f, namespaces ? FINDING_GOOD : FINDING_WEAK, "namespaces",
              namespaces ? "user, mount, pid, network, ipc"
                         : "not allowed for this user (sysctl kernel.unprivileged_userns_clone)");
    const long landlock = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_VERSION);
    (void)snprintf(detail, sizeof detail, landlock > 0 ? "ABI %ld" : "not in this kernel",
                   landlock);
    cof_found(f, landlock > 0 ? FINDING_GOOD : FINDING_WEAK, "landlock", detail);
    const bool seccomp = access("/proc/sys/kernel/seccomp/actions_avail", R_OK) == 0;
    cof_found(f, seccomp ? FINDING_GOOD : FINDING_MISSING, "seccomp",
              seccomp ? "filters" : "not in this kernel: the worker refuses to start");
    const long secret = syscall(SYS_memfd_secret, 0);
    if (secret >= 0) {
        (void)close((int)secret);
    }
    struct rlimit locked = {0};
    (void)getrlimit(RLIMIT_MEMLOCK, &locked);
    (void)snprintf(detail, sizeof detail, "%s; this user may lock %llu KiB",
                   secret >= 0 ? "memfd_secret" : "locked pages",
                   (unsigned long long)locked.rlim_cur / 1024);
    cof_found(f, FINDING_GOOD, "key memory", detail);
}

static void look_at_home(cof_findings *f, const char *home)
{
    struct stat info;
    struct statvfs space;
    char detail[DETAIL_SIZE];
    if (stat(home, &info) != 0 || statvfs(home, &space) != 0) {
        cof_found(f, FINDING_MISSING, "home", strerror(errno));
        return;
    }
    const bool private = (info.st_mode & (S_IRWXG | S_IRWXO)) == 0 && info.st_uid == geteuid();
    (void)snprintf(detail, sizeof detail, "%.120s, %llu MiB free%s", home,
                   (unsigned long long)space.f_bavail * space.f_frsize / 1048576,
                   private ? "" : "; others may enter it: chmod 700");
    cof_found(f, private ? FINDING_GOOD : FINDING_WEAK, "home", detail);
}

static void look_at_services(cof_findings *f, const char *home)
{
    COF_JSON json_t *info = NULL;
    char detail[DETAIL_SIZE];
    if (cof_services_running(home, &info, NULL) != COF_OK || info == NULL) {
        cof_found(f, FINDING_GOOD, "services", "not running; coffer run starts them for itself");
        return;
    }
    const char *url = json_string_value(json_object_get(info, "vault"));
    (void)snprintf(detail, sizeof detail, "run at %s", url != NULL ? url : "?");
    cof_found(f, FINDING_GOOD, "services", detail);
}

static void look_at_host(cof_findings *f, const struct utsname *system, const char *home)
{
    char detail[DETAIL_SIZE];
    (void)snprintf(detail, sizeof detail, "%.32s %.64s, %ld cores", system->machine,
                   system->release, sysconf(_SC_NPROCESSORS_ONLN));
    cof_found(f, FINDING_GOOD, "system", detail);
    look_at_processor(f);
    look_at_programs(f);
    look_at_enclaves(f);
    look_at_confinement(f);
    look_at_home(f, home);
    look_at_services(f, home);
}

COF_COMMAND(doctor)
{
    struct utsname system = {0};
    COF_JSON json_t *list = json_array();
    cof_findings f = {.output = app->output, .list = list};
    const bool looks_at_services = cof_args_count(args, "azure") > 0;
    if (list == NULL || uname(&system) != 0) {
        return COF_FAIL(err, INTERNAL, "doctor");
    }
    if (looks_at_services) {
        COF_TRY(cof_doctor_services(&f, app->home, err));
    } else {
        look_at_host(&f, &system, app->home);
    }
    COF_JSON json_t *object =
        json_pack("{s:s,s:O}", "status", f.missing == 0 ? "ready" : "incomplete", "findings", list);
    cof_output_line(app->output, f.missing == 0 ? COF_TONE_GOOD : COF_TONE_BAD,
                    f.missing != 0 ? "Something that Coffer needs is missing."
                                   : (looks_at_services ? "Everything that this home is configured "
                                                          "with answers."
                                                        : "This host can run Coffer."));
    cof_output_json(app->output, object);
    return f.missing == 0 ? COF_OK
                          : COF_FAIL(err, UNSUPPORTED, "%zu things are missing", f.missing);
}
