#include "apps/coffer/confirm.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static cof_status mismatch(const char *what, const char *digest, const char *given, cof_err *err)
{
    return COF_FAIL(err, DIGEST_MISMATCH, "%s is %s, not %.64s", what, digest, given);
}

static cof_status ask(const char *what, const char *digest, cof_err *err)
{
    char line[128];
    (void)fprintf(stderr, "Type the first %d digits of %s, as you know it from its sender: ",
                  COF_CONFIRM_DIGITS, what);
    (void)fflush(stderr);
    if (fgets(line, sizeof line, stdin) == NULL) {
        return COF_FAIL(err, CANCELLED, "nothing was typed");
    }
    line[strcspn(line, "\n")] = '\0';
    if (line[0] == '\0') {
        return COF_FAIL(err, CANCELLED, "nothing was typed");
    }
    return strlen(line) >= COF_CONFIRM_DIGITS && strncasecmp(line, digest, strlen(line)) == 0
               ? COF_OK
               : mismatch(what, digest, line, err);
}

cof_status cof_confirm_digest(const cof_app *app, const cof_args *args, const char *option,
                              const char *what, const char *digest, cof_err *err)
{
    const char *given = cof_args_value(args, option);
    if (given != NULL) {
        return strcasecmp(given, digest) == 0 ? COF_OK : mismatch(what, digest, given, err);
    }
    if (cof_args_count(args, "yes") > 0) {
        return COF_OK;
    }
    if (isatty(STDIN_FILENO) == 0 || app->output->json) {
        return COF_FAIL(err, USAGE, "say --%s %s after you have compared it, or --yes", option,
                        digest);
    }
    return ask(what, digest, err);
}
