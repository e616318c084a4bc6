/* Small whole files: read with a limit, written so that a reader sees the old one or the new one.
 */
#ifndef COF_HOST_FILES_H
#define COF_HOST_FILES_H

#include <limits.h>

#include "tcb/base/buf.h"

/** A path on the stack. */
typedef struct cof_path {
    char text[PATH_MAX];
} cof_path;

/** Formats a path. @return COF_OK, COF_E_LIMIT when it is too long. */
COF_MUST_USE cof_status cof_path_format(cof_path *out, cof_err *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Makes a folder and those above it, mode 0700. An existing folder is fine. @return COF_OK,
 * COF_E_PERMISSION, COF_E_IO, … */
COF_MUST_USE cof_status cof_make_folders(const char *path, cof_err *err);

/** Reads a whole regular file of at most out->limit bytes, appending. @return COF_OK,
 * COF_E_NOT_FOUND, COF_E_LIMIT, COF_E_IO, COF_E_PERMISSION. */
COF_MUST_USE cof_status cof_read_file(const char *path, cof_buf *out, cof_err *err);

/** The same, of a file that nobody but its owner may read. @return also COF_E_PERMISSION. */
COF_MUST_USE cof_status cof_read_secret_file(const char *path, cof_buf *out, cof_err *err);

/** Makes it last that a file was made, or removed, in its folder. @return COF_OK, COF_E_IO, … */
COF_MUST_USE cof_status cof_sync_folder_of(const char *path, cof_err *err);

/**
 * Writes a file at once: a temporary beside it, fsync, rename, fsync of the folder.
 * On failure the old file is as it was and no temporary is left. mode is 0600 or 0644.
 * @return COF_OK, COF_E_NO_SPACE, COF_E_PERMISSION, COF_E_IO, …
 */
COF_MUST_USE cof_status cof_write_file(const char *path, cof_view bytes, unsigned mode,
                                       cof_err *err);

/** The folder of the running program's file, where its sister programs are too. */
COF_MUST_USE cof_status cof_program_folder(cof_path *out, cof_err *err);

/** Closes a file descriptor that is not -1: COF_CLEANUP(cof_fd_drop_) int fd = -1; */
void cof_fd_drop_(int *fd);

#endif
