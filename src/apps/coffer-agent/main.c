/* coffer-agent: drives one job beside its enclave. docs/formats/agent.md. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>

#include "apps/coffer-agent/wiring.h"
#include "host/files/files.h"

static const char usage[] =
    "usage: coffer-agent --job FILE [--lifeline-fd N]\n"
    "       coffer-agent --version | --help\n"
    "\n"
    "  --job FILE        the job, JSON\n"
    "  --lifeline-fd N   stop, and leave the run to be continued, when this descriptor reaches its "
    "end\n"
    "\n"
    "One JSON line for each event goes to standard output. SIGTERM cancels the job.\n";

typedef struct options {
    const char *job;
    int lifeline_fd;
} options;

static cof_status parse_fd(const char *text, int *out, cof_err *err)
{
    char *end = NULL;
    errno = 0;
    const long value = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < 3 || value > INT_MAX) {
        return COF_FAIL(err, USAGE, "--lifeline-fd wants a descriptor from 3 on");
    }
    /* Not for the worker, and not to block on. */
    if (fcntl((int)value, F_SETFD, FD_CLOEXEC) != 0 ||
        fcntl((int)value, F_SETFL, O_NONBLOCK) != 0) {
        return COF_FAIL(err, USAGE, "--lifeline-fd: descriptor %ld is not open", value);
    }
    *out = (int)value;
    return COF_OK;
}

/* @return false when there is nothing more to do. */
static bool parse_options(int argc, char **argv, options *out, cof_status *out_status, cof_err *err)
{
    static const struct option names[] = {{"job", required_argument, NULL, 'j'},
                                          {"lifeline-fd", required_argument, NULL, 'l'},
                                          {"version", no_argument, NULL, 'v'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    *out = (options){.lifeline_fd = -1};
    *out_status = COF_OK;
    for (int c; (c = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        switch (c) {
        case 'j':
            out->job = optarg;
            break;
        case 'l':
            *out_status = parse_fd(optarg, &out->lifeline_fd, err);
            if (*out_status != COF_OK) {
                return false;
            }
            break;
        case 'v':
            (void)puts("coffer-agent " COF_VERSION);
            return false;
        case 'h':
            (void)fputs(usage, stdout);
            return false;
        default:
            *out_status = COF_FAIL(err, USAGE, "see coffer-agent --help");
            return false;
        }
    }
    if (out->job == NULL || optind != argc) {
        *out_status = COF_FAIL(err, USAGE, "see coffer-agent --help");
        return false;
    }
    return true;
}

/* Signals are read, not handled, so that a job is cancelled between two steps and never within one.
 */
static cof_status block_signals(int *out_fd, cof_err *err)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)signal(SIGPIPE, SIG_IGN);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) {
        return COF_FAIL_ERRNO(err, errno, "signals");
    }
    *out_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return *out_fd < 0 ? COF_FAIL_ERRNO(err, errno, "signalfd") : COF_OK;
}

/* The agent holds its own credentials: they must not end in a core file. */
static void forbid_dumps(void)
{
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

static cof_status run(const options *chosen, cof_err *err)
{
    COF_CLEANUP(cof_fd_drop_) int signal_fd = -1;
    COF_CLEANUP(cof_agent_config_free) cof_agent_config config = {0};
    forbid_dumps();
    COF_TRY(block_signals(&signal_fd, err));
    COF_TRY(cof_agent_config_read(chosen->job, &config, err));
    return cof_agent_wire_and_run(&config, signal_fd, chosen->lifeline_fd, err);
}

int main(int argc, char **argv)
{
    cof_err err = {0};
    options chosen;
    cof_status status;
    if (parse_options(argc, argv, &chosen, &status, &err)) {
        status = run(&chosen, &err);
    }
    if (status != COF_OK) {
        const cof_status_info *info = cof_status_describe(status);
        (void)fprintf(stderr, "coffer-agent: %s: %s (%s)\n", info->name, info->text, err.detail);
    }
    return cof_status_describe(status)->exit_code;
}
