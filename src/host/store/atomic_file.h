/*
 * A file that appears at its place whole or not at all: written under a temporary name in the same
 * folder, made durable, renamed.
 *
 * Temporary names start with COF_ATOMIC_PREFIX, whose '~' no blob's name can hold. A writer holds a
 * lock (flock) on its file, so that cof_atomic_file_sweep can tell what a crash left behind from
 * what is being written.
 */
#ifndef COF_STORE_ATOMIC_FILE_H
#define COF_STORE_ATOMIC_FILE_H

#include <sys/types.h>

#include "tcb/base/buf.h"

#define COF_ATOMIC_PREFIX "~coffer-"

typedef struct cof_atomic_file cof_atomic_file;

/**
 * Starts name in the folder dir_fd, which is kept (duplicated). mode: of the new file, less the
 * umask.
 * @return COF_OK, COF_E_NO_SPACE, COF_E_PERMISSION, COF_E_NOT_FOUND, COF_E_IO, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_atomic_file_begin(int dir_fd, const char *name, mode_t mode,
                                              cof_atomic_file **out, cof_err *err);
/** The same for a path; sweeps its folder first. */
COF_MUST_USE cof_status cof_atomic_file_begin_path(const char *path, mode_t mode,
                                                   cof_atomic_file **out, cof_err *err);
/** Writes all bytes at offset. */
COF_MUST_USE cof_status cof_atomic_file_write(cof_atomic_file *file, uint64_t offset,
                                              cof_view bytes, cof_err *err);
/**
 * Copies size bytes between files, inside the kernel where it can. @return also COF_E_TRUNCATED
 * (the source ends before).
 */
COF_MUST_USE cof_status cof_atomic_file_copy(cof_atomic_file *file, uint64_t offset, int source_fd,
                                             uint64_t source_offset, uint64_t size, cof_err *err);
/**
 * fsync, rename, fsync of the folder. After COF_OK the file is there for good; after a failure a
 * whole file is, old or new. @return also COF_E_EXISTS (a folder has the name).
 */
COF_MUST_USE cof_status cof_atomic_file_commit(cof_atomic_file *file, cof_err *err);
/** Without a commit before: removes what was written. */
void cof_atomic_file_free(cof_atomic_file *file);
COF_OWNED(cof_atomic_file, cof_atomic_file_free);

/**
 * Removes temporary files of writers that are gone from this folder (not its sub-folders). Best
 * effort.
 */
void cof_atomic_file_sweep(int dir_fd);

#endif
