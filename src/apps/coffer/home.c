#include "apps/coffer/home.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cof_status wanted_folder(const char *asked, cof_path *out, cof_err *err)
{
    const char *state = getenv("XDG_STATE_HOME");
    const char *user = getenv("HOME");
    if (asked != NULL) {
        return cof_path_format(out, err, "%s", asked);
    }
    if (state != NULL && state[0] == '/') {
        return cof_path_format(out, err, "%s/coffer", state);
    }
    if (user != NULL && user[0] == '/') {
        return cof_path_format(out, err, "%s/.local/state/coffer", user);
    }
    return COF_FAIL(err, USAGE, "say where the state folder is, with --home DIR");
}

cof_status cof_home_find(const char *asked, char *out, size_t size, cof_err *err)
{
    cof_path wanted;
    char resolved[PATH_MAX];
    COF_TRY(wanted_folder(asked, &wanted, err));
    COF_TRY(cof_make_folders(wanted.text, err));
    if (realpath(wanted.text, resolved) == NULL) {
        return COF_FAIL_ERRNO(err, errno, wanted.text);
    }
    const int length = snprintf(out, size, "%s", resolved);
    if (length < 0 || (size_t)length >= size) {
        return COF_FAIL(err, LIMIT, "the state folder's path is too long");
    }
    return COF_OK;
}

cof_status cof_home_glob(const char *home, const char *pattern, glob_t *out, cof_err *err)
{
    char escaped[2 * PATH_MAX];
    size_t size = 0;
    cof_path whole;
    for (const char *c = home; *c != '\0'; c++) {
        if (size + 3 > sizeof escaped) {
            return COF_FAIL(err, LIMIT, "the state folder's path is too long");
        }
        if (strchr("\\*?[", *c) != NULL) {
            escaped[size++] = '\\';
        }
        escaped[size++] = *c;
    }
    escaped[size] = '\0';
    COF_TRY(cof_path_format(&whole, err, "%s/%s", escaped, pattern));
    const int result = glob(whole.text, 0, NULL, out);
    return result == 0 || result == GLOB_NOMATCH ? COF_OK
                                                 : COF_FAIL(err, IO, "listing %s", whole.text);
}
