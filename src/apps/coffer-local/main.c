/* coffer-local: identity, attestation, vault and simulated platform of one machine, in Azure's wire
 * protocols. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apps/coffer-local/wiring.h"
#include "host/files/files.h"
#include "tcb/wire/json.h"

static const char usage[] =
    "usage: coffer-local --home DIR [--port N] [--ready-fd N] [--lifeline-fd N]\n"
    "                    [--public-url URL] [--collateral PATH]... [--foreground]\n"
    "                    [--root-key WAY] [--passphrase-fd N] [--pin-fd N]\n"
    "       coffer-local --home DIR [--root-key WAY] --change-root-key WAY\n"
    "                    [--new-passphrase-fd N] [--new-pin-fd N]\n"
    "       coffer-local --version | --help\n"
    "\n"
    "  --home DIR        the installation's folder; DIR/local is made at the first start\n"
    "  --port N          of https://localhost; default: that of the last start, a random one at "
    "the first\n"
    "  --public-url URL  https://HOST[:PORT] of what forwards to this server: all identifiers "
    "begin "
    "with it,\n"
    "                    for good; said at the first start\n"
    "  --ready-fd N      write one line of JSON to this descriptor when the services can be used\n"
    "  --lifeline-fd N   stop when this descriptor reaches its end\n"
    "  --collateral PATH a platform's collateral: a folder or a bundle, as coffer evidence "
    "collateral\n"
    "                    makes it; without any, only the simulated platform is attested; up to 16 "
    "times\n"
    "  --root-key WAY    how the key that all keys and secrets are stored under is kept: file "
    "(default),\n"
    "                    passphrase, or pkcs11:token=T;object=O?module-path=M (RFC 7512)\n"
    "  --passphrase-fd N read the passphrase from this descriptor; else from the credential\n"
    "                    coffer-passphrase ($CREDENTIALS_DIRECTORY), else from the terminal\n"
    "  --pin-fd N        the same for the PIN of the token, and the credential coffer-pin\n"
    "  --change-root-key WAY  keep it in this way from now on, and stop\n"
    "  --foreground      stay in the foreground, which is the only way\n"
    "\n"
    "Stops at SIGTERM or SIGINT.\n";

typedef enum action { ACTION_RUN, ACTION_CHANGE_ROOT, ACTION_HELP, ACTION_VERSION } action;

static cof_status parse_number(const char *name, const char *text, long low, long high, long *out,
                               cof_err *err)
{
    char *end = NULL;
    errno = 0;
    const long value = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < low || value > high) {
        return COF_FAIL(err, USAGE, "--%s wants a number from %ld to %ld", name, low, high);
    }
    *out = value;
    return COF_OK;
}

/* Ours, not for the workers that the platform starts. */
static cof_status parse_fd(const char *name, const char *text, int *out, cof_err *err)
{
    long value = 0;
    COF_TRY(parse_number(name, text, 0, INT_MAX, &value, err));
    if (fcntl((int)value, F_SETFD, FD_CLOEXEC) != 0) {
        return COF_FAIL(err, USAGE, "--%s: descriptor %ld is not open", name, value);
    }
    *out = (int)value;
    return COF_OK;
}

static cof_status add_collateral(cof_local_options *options, const char *path, cof_err *err)
{
    if (options->collateral_count == COF_LOCAL_COLLATERAL_MAX) {
        return COF_FAIL(err, USAGE, "--collateral at most %d times", COF_LOCAL_COLLATERAL_MAX);
    }
    options->collateral[options->collateral_count++] = path;
    return COF_OK;
}

/* The options of the root key; *out_known is false for others. */
static cof_status parse_root(int code, cof_local_options *options, action *out_action,
                             bool *out_known, cof_err *err)
{
    *out_known = true;
    switch (code) {
    case 'R':
        options->root.way = optarg;
        return COF_OK;
    case 'P':
        return parse_fd("passphrase-fd", optarg, &options->root.passphrase_fd, err);
    case 'I':
        return parse_fd("pin-fd", optarg, &options->root.pin_fd, err);
    case 'C':
        options->new_root.way = optarg;
        *out_action = ACTION_CHANGE_ROOT;
        return COF_OK;
    case 'N':
        return parse_fd("new-passphrase-fd", optarg, &options->new_root.passphrase_fd, err);
    case 'M':
        return parse_fd("new-pin-fd", optarg, &options->new_root.pin_fd, err);
    default:
        *out_known = false;
        return COF_OK;
    }
}

static cof_status parse(int argc, char **argv, cof_local_options *options, action *out_action,
                        cof_err *err)
{
    static const struct option known[] = {{"home", required_argument, NULL, 'H'},
                                          {"port", required_argument, NULL, 'p'},
                                          {"public-url", required_argument, NULL, 'u'},
                                          {"ready-fd", required_argument, NULL, 'r'},
                                          {"lifeline-fd", required_argument, NULL, 'l'},
                                          {"foreground", no_argument, NULL, 'f'},
                                          {"version", no_argument, NULL, 'v'},
                                          {"help", no_argument, NULL, 'h'},
                                          {"collateral", required_argument, NULL, 'c'},
                                          {"root-key", required_argument, NULL, 'R'},
                                          {"passphrase-fd", required_argument, NULL, 'P'},
                                          {"pin-fd", required_argument, NULL, 'I'},
                                          {"change-root-key", required_argument, NULL, 'C'},
                                          {"new-passphrase-fd", required_argument, NULL, 'N'},
                                          {"new-pin-fd", required_argument, NULL, 'M'},
                                          {NULL, 0, NULL, 0}};
    bool is_known = false;
    long port = 0;
    int code = 0;
    while ((code = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (code) {
        case 'H':
            options->home = optarg;
            break;
        case 'p':
            COF_TRY(parse_number("port", optarg, 1, UINT16_MAX, &port, err));
            options->port = (uint16_t)port;
            break;
        case 'u':
            options->public_url = optarg;
            break;
        case 'r':
            COF_TRY(parse_fd("ready-fd", optarg, &options->ready_fd, err));
            break;
        case 'l':
            COF_TRY(parse_fd("lifeline-fd", optarg, &options->lifeline_fd, err));
            break;
        case 'c':
            COF_TRY(add_collateral(options, optarg, err));
            break;
        case 'f':
            break;
        case 'v':
            *out_action = ACTION_VERSION;
            return COF_OK;
        case 'h':
            *out_action = ACTION_HELP;
            return COF_OK;
        default:
            COF_TRY(parse_root(code, options, out_action, &is_known, err));
            if (!is_known) {
                return COF_FAIL(err, USAGE, "see coffer-local --help");
            }
        }
    }
    if (optind != argc || options->home == NULL) {
        return COF_FAIL(err, USAGE, "--home DIR is needed, and nothing but options");
    }
    return COF_OK;
}

/* Keys are in this process: no core dumps, and no file of ours for anybody else. */
static void keep_private(void)
{
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)umask(077);
}

static cof_status run(cof_local_options *options, action what, cof_err *err)
{
    COF_CLEANUP(cof_local_drop_) cof_local *local = NULL;
    COF_TRY(cof_make_folders(options->home, err));
    /* Absolute: other programs, with other working folders, get paths from local.json. */
    COF_CLEANUP(cof_free_drop_) char *home = realpath(options->home, NULL);
    if (home == NULL) {
        return COF_FAIL_ERRNO(err, errno, options->home);
    }
    options->home = home;
    if (what == ACTION_CHANGE_ROOT) {
        return cof_local_change_root(options, err);
    }
    COF_TRY(cof_local_start(options, &local, err));
    options->ready_fd = -1; /* closed: a failure from here on is not about being ready */
    return cof_local_run(local, err);
}

/* Whoever waits for us to be ready is told why we are not: {"error":{"code","message"}}. */
static void tell_failure(int ready_fd, cof_status status, const char *detail)
{
    COF_JSON json_t *error = json_pack("{s:{s:s,s:s}}", "error", "code",
                                       cof_status_describe(status)->name, "message", detail);
    if (ready_fd >= 0 && error != NULL) {
        (void)json_dumpfd(error, ready_fd, JSON_COMPACT);
        (void)!write(ready_fd, "\n", 1);
    }
}

int main(int argc, char **argv)
{
    cof_local_options options = {.ready_fd = -1,
                                 .lifeline_fd = -1,
                                 .root = {.passphrase_fd = -1, .pin_fd = -1},
                                 .new_root = {.passphrase_fd = -1, .pin_fd = -1, .is_new = true}};
    action what = ACTION_RUN;
    cof_err err = {0};
    cof_status status = parse(argc, argv, &options, &what, &err);
    if (status == COF_OK && (what == ACTION_HELP || what == ACTION_VERSION)) {
        (void)fputs(what == ACTION_HELP ? usage : "coffer-local " COF_VERSION "\n", stdout);
        return fflush(stdout) == 0 ? 0 : cof_status_describe(COF_E_IO)->exit_code;
    }
    if (status == COF_OK) {
        keep_private();
        status = run(&options, what, &err);
    }
    if (status != COF_OK) {
        tell_failure(options.ready_fd, status, err.detail);
        (void)fprintf(stderr, "coffer-local: %s (%s)\n", err.detail,
                      cof_status_describe(status)->name);
        return cof_status_describe(status)->exit_code;
    }
    return 0;
}
