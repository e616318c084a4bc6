#include "host/store/atomic_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tcb/crypto/random.h"

enum { TEMPORARY_NAME_SIZE = sizeof COF_ATOMIC_PREFIX + 32, COPY_SIZE = 256 * 1024 };

struct cof_atomic_file {
    int dir_fd;
    int fd;
    char *name;
    char temporary[TEMPORARY_NAME_SIZE];
    bool is_named; /* the temporary name is in the folder */
};

static cof_status choose_temporary(char out[static TEMPORARY_NAME_SIZE], cof_err *err)
{
    uint8_t random[8];
    COF_TRY(cof_random((cof_span){random, sizeof random}, err));
    uint64_t number = 0;
    memcpy(&number, random, sizeof number);
    (void)snprintf(out, TEMPORARY_NAME_SIZE, COF_ATOMIC_PREFIX "%016llx",
                   (unsigned long long)number);
    return COF_OK;
}

/*
 * Makes and locks the temporary file. Between the two a sweep may take it for a leftover and remove
 * it: then it has no link any more, and another is made.
 */
static cof_status make_temporary(cof_atomic_file *file, mode_t mode, cof_err *err)
{
    for (;;) {
        COF_TRY(choose_temporary(file->temporary, err));
        file->fd = openat(file->dir_fd, file->temporary,
                          O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
        if (file->fd < 0) {
            return COF_FAIL_ERRNO(err, errno, "making a temporary file");
        }
        file->is_named = true;
        struct stat info;
        if (flock(file->fd, LOCK_EX | LOCK_NB) != 0 || fstat(file->fd, &info) != 0) {
            return COF_FAIL_ERRNO(err, errno, "locking a temporary file");
        }
        if (info.st_nlink > 0) {
            return COF_OK;
        }
        (void)close(file->fd);
        file->fd = -1;
        file->is_named = false;
    }
}

cof_status cof_atomic_file_begin(int dir_fd, const char *name, mode_t mode, cof_atomic_file **out,
                                 cof_err *err)
{
    COF_CLEANUP(cof_atomic_file_drop_) cof_atomic_file *file = calloc(1, sizeof *file);
    if (file == NULL) {
        return COF_FAIL(err, NO_MEMORY, "file");
    }
    file->fd = -1;
    file->dir_fd = fcntl(dir_fd, F_DUPFD_CLOEXEC, 3);
    if (file->dir_fd < 0) {
        return COF_FAIL_ERRNO(err, errno, "opening a folder");
    }
    file->name = strdup(name);
    if (file->name == NULL) {
        return COF_FAIL(err, NO_MEMORY, "file name");
    }
    COF_TRY(make_temporary(file, mode, err));
    *out = cof_atomic_file_take(&file);
    return COF_OK;
}

/* The folder of a path and the name in it; both point into copy, which is changed. */
static cof_status split_path(char *copy, const char **out_folder, const char **out_name,
                             cof_err *err)
{
    char *slash = strrchr(copy, '/');
    *out_name = slash == NULL ? copy : slash + 1;
    if (slash == NULL) {
        *out_folder = ".";
    } else if (slash == copy) {
        *out_folder = "/";
    } else {
        *slash = 0;
        *out_folder = copy;
    }
    const char *name = *out_name;
    if (name[0] == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        return COF_FAIL(err, BAD_ARGUMENT, "not the path of a file");
    }
    return COF_OK;
}

cof_status cof_atomic_file_begin_path(const char *path, mode_t mode, cof_atomic_file **out,
                                      cof_err *err)
{
    COF_CLEANUP(cof_free_drop_) char *copy = strdup(path);
    if (copy == NULL) {
        return COF_FAIL(err, NO_MEMORY, "path");
    }
    const char *folder = NULL;
    const char *name = NULL;
    COF_TRY(split_path(copy, &folder, &name, err));
    const int dir_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir_fd < 0) {
        return COF_FAIL_ERRNO(err, errno, "opening the folder of the file");
    }
    cof_atomic_file_sweep(dir_fd);
    const cof_status status = cof_atomic_file_begin(dir_fd, name, mode, out, err);
    (void)close(dir_fd);
    return status;
}

cof_status cof_atomic_file_write(cof_atomic_file *file, uint64_t offset, cof_view bytes,
                                 cof_err *err)
{
    size_t done = 0;
    while (done < bytes.size) {
        const ssize_t n =
            pwrite(file->fd, bytes.data + done, bytes.size - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return COF_FAIL_ERRNO(err, n == 0 ? EIO : errno, "writing");
        }
        done += (size_t)n;
    }
    return COF_OK;
}

/* The plain way of copying, for file systems without copy_file_range. */
static cof_status copy_bytes(cof_atomic_file *file, uint64_t offset, int source_fd,
                             uint64_t source_offset, uint64_t size, cof_err *err)
{
    COF_CLEANUP(cof_free_drop_) uint8_t *piece = malloc(COPY_SIZE);
    if (piece == NULL) {
        return COF_FAIL(err, NO_MEMORY, "copying");
    }
    while (size > 0) {
        const ssize_t n = pread(source_fd, piece, size < COPY_SIZE ? (size_t)size : COPY_SIZE,
                                (off_t)source_offset);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return COF_FAIL_ERRNO(err, errno, "reading");
        }
        if (n == 0) {
            return COF_FAIL(err, TRUNCATED, "the file became shorter while it was copied");
        }
        COF_TRY(cof_atomic_file_write(file, offset, cof_view_of(piece, (size_t)n), err));
        offset += (uint64_t)n;
        source_offset += (uint64_t)n;
        size -= (uint64_t)n;
    }
    return COF_OK;
}

cof_status cof_atomic_file_copy(cof_atomic_file *file, uint64_t offset, int source_fd,
                                uint64_t source_offset, uint64_t size, cof_err *err)
{
    off_t from = (off_t)source_offset;
    off_t to = (off_t)offset;
    while (size > 0) {
        const size_t piece = size < (1u << 30) ? (size_t)size : (size_t)1 << 30;
        const ssize_t n = copy_file_range(source_fd, &from, file->fd, &to, piece, 0);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 && (errno == ENOSPC || errno == EFBIG || errno == EDQUOT || errno == EIO)) {
            return COF_FAIL_ERRNO(err, errno, "copying");
        }
        if (n <= 0) {
            /* Not possible here, or the end: the plain way tells which. */
            return copy_bytes(file, (uint64_t)to, source_fd, (uint64_t)from, size, err);
        }
        size -= (uint64_t)n;
    }
    return COF_OK;
}

cof_status cof_atomic_file_commit(cof_atomic_file *file, cof_err *err)
{
    if (!file->is_named) {
        return COF_FAIL(err, BAD_ARGUMENT, "the file was committed before");
    }
    if (fsync(file->fd) != 0) {
        return COF_FAIL_ERRNO(err, errno, "writing");
    }
    if (renameat(file->dir_fd, file->temporary, file->dir_fd, file->name) != 0) {
        if (errno == EISDIR || errno == ENOTEMPTY || errno == EEXIST) {
            return COF_FAIL(err, EXISTS, "a folder has this name");
        }
        return COF_FAIL_ERRNO(err, errno, "renaming");
    }
    file->is_named = false;
    if (fsync(file->dir_fd) != 0) {
        return COF_FAIL_ERRNO(err, errno, "writing a folder");
    }
    return COF_OK;
}

void cof_atomic_file_free(cof_atomic_file *file)
{
    if (file == NULL) {
        return;
    }
    if (file->is_named) {
        (void)unlinkat(file->dir_fd, file->temporary, 0);
    }
    if (file->fd >= 0) {
        (void)close(file->fd);
    }
    if (file->dir_fd >= 0) {
        (void)close(file->dir_fd);
    }
    free(file->name);
    free(file);
}

static void sweep_one(int dir_fd, const char *name)
{
    const int fd = openat(dir_fd, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return;
    }
    struct stat info;
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && flock(fd, LOCK_EX | LOCK_NB) == 0) {
        (void)unlinkat(dir_fd, name, 0);
    }
    (void)close(fd);
}

void cof_atomic_file_sweep(int dir_fd)
{
    const int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return;
    }
    DIR *folder = fdopendir(fd);
    if (folder == NULL) {
        (void)close(fd);
        return;
    }
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (strncmp(entry->d_name, COF_ATOMIC_PREFIX, sizeof COF_ATOMIC_PREFIX - 1) == 0) {
            sweep_one(dir_fd, entry->d_name);
        }
    }
    (void)closedir(folder);
}
