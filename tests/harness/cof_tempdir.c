#include "harness/cof_tempdir.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#include "harness/cof_test.h"

void cof_tempdir_make(char out_path[static COF_TEMPDIR_SIZE])
{
    const char *base = getenv("TMPDIR");
    if (base == NULL || base[0] == '\0') {
        base = "/tmp";
    }
    const int size = snprintf(out_path, COF_TEMPDIR_SIZE, "%s/coffer-test-XXXXXX", base);
    assert_true(size > 0 && size < COF_TEMPDIR_SIZE);
    assert_non_null(mkdtemp(out_path));
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *place)
{
    (void)info;
    (void)type;
    (void)place;
    return remove(path);
}

void cof_tempdir_remove(const char *path)
{
    if (path[0] != '\0') {
        (void)nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
    }
}
