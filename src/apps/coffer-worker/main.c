/* coffer-worker and coffer-worker-azure-cvm: the enclave program.
 * docs/formats/worker-protocol.md. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "apps/coffer-worker/backends.h"
#include "tcb/tensor/path.h"
#include "tcb/wire/protocol.h"
#include "tcb/worker/confine.h"
#include "tcb/worker/worker.h"

enum { QUOTE_CHANNEL = 3 };

static const char usage[] =
    "usage: %s [--evidence %s]\n"
    "       %s --version | --help | --kernels | --confinement\n"
    "\n"
    "Speaks the worker protocol on standard input and output; descriptor 3 is its quote channel.\n"
    "A platform starts it: it is of no use in a shell.\n"
    "\n"
    "  --evidence     who quotes for it; without, the first of them\n"
    "  --kernels      the kernel paths of this machine, best last\n"
    "  --confinement  confines itself and says what holds, to a pipe or a terminal: no file can "
    "grow then\n";

static void print_usage(FILE *to)
{
    char names[64] = "";
    size_t size = 0;
    for (const cof_backend *b = cof_worker_backends; b->name != NULL; b++) {
        const int added =
            snprintf(names + size, sizeof names - size, "%s%s", size == 0 ? "" : "|", b->name);
        size += added > 0 && (size_t)added < sizeof names - size ? (size_t)added : 0;
    }
    (void)fprintf(to, usage, cof_worker_name, names, cof_worker_name);
}

static int list_kernels(void)
{
    for (int path = 0; path < COF_PATH_COUNT; path++) {
        if (cof_path_is_available((cof_kernel_path)path)) {
            (void)puts(cof_path_name((cof_kernel_path)path));
        }
    }
    return 0;
}

static int fail(cof_status status, const cof_err *err)
{
    const cof_status_info *info = cof_status_describe(status);
    char line[COF_ERR_DETAIL_SIZE + 64];
    /* The platform's log, if it keeps one; the detail holds places and lengths, never data. */
    const int size =
        snprintf(line, sizeof line, "%s: %s (%s)\n", cof_worker_name, info->name, err->detail);
    if (size > 0) {
        (void)!write(STDERR_FILENO, line,
                     (size_t)size < sizeof line ? (size_t)size : sizeof line - 1);
    }
    return info->exit_code;
}

/* A stream that nobody reads, or a log that may not grow, is a failed write and not the end of the
 * process. */
static void ignore_signals(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN);
}

static int show_confinement(void)
{
    cof_err err = {0};
    cof_confinement holds;
    ignore_signals();
    const cof_status status = cof_confine(&holds, &err);
    if (status != COF_OK) {
        return fail(status, &err);
    }
    char text[256];
    const int size = snprintf(text, sizeof text,
                              "{\"core_dumps\":false,\"files\":false,\"executable_memory\":false,"
                              "\"system_calls\":\"allow-list\","
                              "\"exec_gain_refused\":%s,\"landlock_abi\":%d}\n",
                              holds.no_exec_gain ? "true" : "false", holds.landlock_abi);
    return write(STDOUT_FILENO, text, (size_t)size) == size
               ? 0
               : cof_status_describe(COF_E_IO)->exit_code;
}

static int run_option(const char *option)
{
    if (strcmp(option, "--version") == 0) {
        (void)printf("%s %s\n", cof_worker_name, COF_VERSION);
        return 0;
    }
    if (strcmp(option, "--help") == 0) {
        print_usage(stdout);
        return 0;
    }
    if (strcmp(option, "--kernels") == 0) {
        return list_kernels();
    }
    if (strcmp(option, "--confinement") == 0) {
        return show_confinement();
    }
    print_usage(stderr);
    return cof_status_describe(COF_E_USAGE)->exit_code;
}

/*
 * Everything that needs files, then the walls. Not one byte from outside is read here. A quoter is
 * another process: it leaves before there is anything to know, the state of the generator of random
 * numbers included. In an enclave there is no kernel to ask for walls: the enclave is them, and its
 * manifest says what it may open; nor does a limit of the address space mean anything.
 */
static cof_status get_ready(const cof_backend *backend, cof_secret_pages *secrets,
                            cof_quote_source **out_quotes, uint64_t *out_in_use, cof_err *err)
{
    cof_confinement holds;
    const char *folder = NULL;
    ignore_signals();
    if (backend->has_quoter) {
        COF_TRY(cof_quoter_start(backend, QUOTE_CHANNEL, out_quotes, err));
    }
    COF_TRY(cof_worker_prepare(err));
    COF_TRY(cof_secret_pages_new(1, secrets, err));
    if (!backend->has_quoter) {
        COF_TRY(backend->open(out_quotes, &folder, err));
    }
    if (backend->is_in_enclave) {
        return COF_OK;
    }
    *out_in_use = cof_address_space();
    return cof_confine(&holds, err);
}

static cof_status serve(const cof_backend *backend, cof_err *err)
{
    COF_CLEANUP(cof_secret_pages_free) cof_secret_pages secrets = {0};
    COF_CLEANUP(cof_quote_source_drop_) cof_quote_source *quotes = NULL;
    uint64_t in_use = 0;
    const cof_frame_port port = {.in = STDIN_FILENO, .out = STDOUT_FILENO};
    const cof_status status = get_ready(backend, &secrets, &quotes, &in_use, err);
    if (status != COF_OK) {
        const char *name = cof_status_describe(status)->name;
        (void)!cof_frame_write(&port, COF_FRAME_FAILED, cof_view_text(name), (cof_view){0}, NULL);
        return status;
    }
    const cof_worker_config config = {
        .port = port, .quotes = quotes, .secrets = secrets, .in_use_bytes = in_use};
    return cof_worker_run(&config, err);
}

static int serve_evidence(const cof_backend *backend)
{
    cof_err err = {0};
    const cof_status status = serve(backend, &err);
    return status == COF_OK ? 0 : fail(status, &err);
}

static int choose_evidence(const char *name)
{
    for (const cof_backend *b = cof_worker_backends; b->name != NULL; b++) {
        if (strcmp(name, b->name) == 0) {
            return serve_evidence(b);
        }
    }
    (void)fprintf(stderr, "%s: no evidence \"%s\" here; %s\n", cof_worker_name, name,
                  cof_worker_other_backends);
    return cof_status_describe(COF_E_USAGE)->exit_code;
}

int main(int argc, char **argv)
{
    if (argc == 1) {
        return serve_evidence(&cof_worker_backends[0]);
    }
    if (argc == 3 && strcmp(argv[1], "--evidence") == 0) {
        return choose_evidence(argv[2]);
    }
    return run_option(argv[1]);
}
