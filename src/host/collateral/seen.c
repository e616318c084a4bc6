#include "host/collateral/seen.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "host/files/files.h"
#include "host/store/atomic_file.h"

enum { FILE_BYTES = 256 * 1024 };

static cof_status read_seen(const char *path, cof_buf *text, cof_freshness *out, cof_err *err)
{
    const cof_status status = cof_read_file(path, text, err);
    if (status == COF_E_NOT_FOUND) {
        *out = (cof_freshness){0};
        return COF_OK;
    }
    if (status != COF_OK) {
        return status;
    }
    cof_err reason = {0};
    const cof_status parsed = cof_freshness_parse(cof_buf_view(text), out, &reason);
    if (parsed == COF_OK || parsed == COF_E_NO_MEMORY) {
        return parsed;
    }
    return COF_FAIL(err, BAD_FORMAT,
                    "%s is damaged (%s); without it, older collateral is not noticed: remove it if "
                    "you accept that",
                    path, reason.detail);
}

cof_status cof_seen_load(const char *folder, cof_freshness *out, cof_err *err)
{
    cof_path path;
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = FILE_BYTES};
    COF_TRY(cof_path_format(&path, err, "%s/seen.json", folder));
    return read_seen(path.text, &text, out, err);
}

static cof_status open_lock(const char *folder, int *out_fd, cof_err *err)
{
    cof_path path;
    COF_TRY(cof_make_folders(folder, err));
    COF_TRY(cof_path_format(&path, err, "%s/seen.lock", folder));
    *out_fd = open(path.text, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (*out_fd < 0) {
        return COF_FAIL_ERRNO(err, errno, path.text);
    }
    /* Held for the time of one small write. */
    while (flock(*out_fd, LOCK_EX) != 0) {
        if (errno != EINTR) {
            return COF_FAIL_ERRNO(err, errno, path.text);
        }
    }
    return COF_OK;
}

static cof_status write_seen(const char *path, cof_view text, cof_err *err)
{
    COF_CLEANUP(cof_atomic_file_drop_) cof_atomic_file *file = NULL;
    COF_TRY(cof_atomic_file_begin_path(path, 0600, &file, err));
    COF_TRY(cof_atomic_file_write(file, 0, text, err));
    return cof_atomic_file_commit(file, err);
}

cof_status cof_seen_save(const char *folder, const cof_freshness *seen, cof_err *err)
{
    cof_path path;
    COF_CLEANUP(cof_fd_drop_) int lock = -1;
    COF_CLEANUP(cof_buf_free) cof_buf old = {.limit = FILE_BYTES};
    COF_CLEANUP(cof_buf_free) cof_buf new = {.limit = FILE_BYTES};
    COF_CLEANUP(cof_free_drop_) cof_freshness *all = calloc(1, sizeof *all);
    if (all == NULL) {
        return COF_FAIL(err, NO_MEMORY, "memory of collateral");
    }
    COF_TRY(open_lock(folder, &lock, err));
    COF_TRY(cof_path_format(&path, err, "%s/seen.json", folder));
    COF_TRY(read_seen(path.text, &old, all, err));
    for (size_t i = 0; i < seen->count; i++) {
        cof_freshness_note(all, &seen->items[i]);
    }
    COF_TRY(cof_freshness_print(all, &new, err));
    if (cof_view_equal(cof_buf_view(&old), cof_buf_view(&new))) {
        return COF_OK;
    }
    return write_seen(path.text, cof_buf_view(&new), err);
}
