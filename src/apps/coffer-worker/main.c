/* coffer-worker: the enclave program. docs/formats/worker-protocol.md. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tcb/tensor/path.h"
#include "tcb/wire/protocol.h"
#include "tcb/worker/confine.h"
#include "tcb/worker/worker.h"

enum { QUOTE_CHANNEL = 3 };

static const char usage[] =
    "usage: coffer-worker\n"
    "       coffer-worker --version | --help | --kernels | --confinement\n"
    "\n"
    "Speaks the worker protocol on standard input and output; descriptor 3 is its quote channel.\n"
    "A platform starts it: it is of no use in a shell.\n"
    "\n"
    "  --kernels      the kernel paths of this machine, best last\n"
    "  --confinement  confines itself and says what holds, to a pipe or a terminal: no file can "
    "grow then\n";

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
        snprintf(line, sizeof line, "coffer-worker: %s (%s)\n", info->name, err->detail);
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
        (void)puts("coffer-worker " COF_VERSION);
        return 0;
    }
    if (strcmp(option, "--help") == 0) {
        (void)fputs(usage, stdout);
        return 0;
    }
    if (strcmp(option, "--kernels") == 0) {
        return list_kernels();
    }
    if (strcmp(option, "--confinement") == 0) {
        return show_confinement();
    }
    (void)fputs(usage, stderr);
    return cof_status_describe(COF_E_USAGE)->exit_code;
}

/* Everything that needs files, then the walls. Not one byte from outside is read here. */
static cof_status get_ready(cof_secret_pages *secrets, cof_quote_source **out_quotes,
                            uint64_t *out_in_use, cof_err *err)
{
    cof_confinement holds;
    ignore_signals();
    COF_TRY(cof_worker_prepare(err));
    COF_TRY(cof_secret_pages_new(1, secrets, err));
    COF_TRY(cof_quote_source_simulated(QUOTE_CHANNEL, out_quotes, err));
    *out_in_use = cof_address_space();
    return cof_confine(&holds, err);
}

static cof_status serve(cof_err *err)
{
    COF_CLEANUP(cof_secret_pages_free) cof_secret_pages secrets = {0};
    COF_CLEANUP(cof_quote_source_drop_) cof_quote_source *quotes = NULL;
    uint64_t in_use = 0;
    const cof_frame_port port = {.in = STDIN_FILENO, .out = STDOUT_FILENO};
    const cof_status status = get_ready(&secrets, &quotes, &in_use, err);
    if (status != COF_OK) {
        const char *name = cof_status_describe(status)->name;
        (void)!cof_frame_write(&port, COF_FRAME_FAILED, cof_view_text(name), (cof_view){0}, NULL);
        return status;
    }
    const cof_worker_config config = {
        .port = port, .quotes = quotes, .secrets = secrets, .in_use_bytes = in_use};
    return cof_worker_run(&config, err);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        return run_option(argv[1]);
    }
    cof_err err = {0};
    const cof_status status = serve(&err);
    return status == COF_OK ? 0 : fail(status, &err);
}
