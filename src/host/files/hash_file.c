#include "host/files/hash_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/files/files.h"

enum { PIECE_BYTES = 1 << 18 };

static cof_status add_bytes(cof_sha256 *hash, int fd, const char *path, cof_err *err)
{
    COF_CLEANUP(cof_free_drop_) uint8_t *piece = malloc(PIECE_BYTES);
    if (piece == NULL) {
        return COF_FAIL(err, NO_MEMORY, "file buffer");
    }
    for (;;) {
        const ssize_t got = read(fd, piece, PIECE_BYTES);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return COF_FAIL_ERRNO(err, errno, path);
        }
        if (got == 0) {
            return COF_OK;
        }
        COF_TRY(cof_sha256_update(hash, cof_view_of(piece, (size_t)got), err));
    }
}

cof_status cof_hash_add_file(cof_sha256 *hash, const char *path, cof_err *err)
{
    struct stat info;
    COF_CLEANUP(cof_fd_drop_) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info) != 0) {
        return COF_FAIL_ERRNO(err, errno, path);
    }
    const int64_t size = info.st_size;
    COF_TRY(cof_sha256_update(hash, cof_view_of(&size, sizeof size), err));
    return add_bytes(hash, fd, path, err);
}

cof_status cof_hash_file(const char *path, cof_digest *out, cof_err *err)
{
    COF_CLEANUP(cof_sha256_drop_) cof_sha256 *hash = NULL;
    COF_CLEANUP(cof_fd_drop_) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return COF_FAIL_ERRNO(err, errno, path);
    }
    COF_TRY(cof_sha256_new(&hash, err));
    COF_TRY(add_bytes(hash, fd, path, err));
    return cof_sha256_finish(hash, out, err);
}
