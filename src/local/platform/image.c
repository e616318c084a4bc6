#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "local/platform/launch.h"

enum { CHUNK = 64 * 1024 };

static cof_status write_all(int fd, cof_view bytes, cof_err *err)
{
    while (bytes.size > 0) {
        const ssize_t written = write(fd, bytes.data, bytes.size);
        if (written < 0 && errno != EINTR) {
            return COF_FAIL_ERRNO(err, errno, "copy of the worker");
        }
        if (written > 0) {
            bytes = cof_view_of(bytes.data + written, bytes.size - (size_t)written);
        }
    }
    return COF_OK;
}

/* Reads with pread: the agent keeps the same open file, and may move its position. */
static cof_status copy_bytes(int file_fd, int image_fd, cof_sha256 *hash, cof_err *err)
{
    uint8_t chunk[CHUNK];
    off_t position = 0;
    for (;;) {
        const ssize_t got = pread(file_fd, chunk, sizeof chunk, position);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return COF_FAIL_ERRNO(err, errno, "worker's executable");
        }
        if (got == 0) {
            return position > 0 ? COF_OK
                                : COF_FAIL(err, BAD_ARGUMENT, "the worker's executable is empty");
        }
        position += got;
        if (position > COF_PLATFORM_WORKER_MAX) {
            return COF_FAIL(err, LIMIT, "the worker's executable has more than %d bytes",
                            COF_PLATFORM_WORKER_MAX);
        }
        COF_TRY(cof_sha256_update(hash, cof_view_of(chunk, (size_t)got), err));
        COF_TRY(write_all(image_fd, cof_view_of(chunk, (size_t)got), err));
    }
}

static cof_status fill_image(int file_fd, cof_image *image, cof_err *err)
{
    struct stat info;
    COF_CLEANUP(cof_sha256_drop_) cof_sha256 *hash = NULL;
    if (fstat(file_fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        return COF_FAIL(err, BAD_ARGUMENT, "the worker's executable is not a file");
    }
    COF_TRY(cof_sha256_new(&hash, err));
    COF_TRY(copy_bytes(file_fd, image->fd, hash, err));
    COF_TRY(cof_sha256_finish(hash, &image->mrenclave, err));
    if (fcntl(image->fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) !=
        0) {
        return COF_FAIL_ERRNO(err, errno, "sealing the worker");
    }
    return COF_OK;
}

/* Kernels from 6.3 want to be told that a memfd is for running; older ones do not know the flag. */
static int make_memfd(void)
{
    const unsigned int executable = 0x10U; /* MFD_EXEC */
    const unsigned int flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    const int fd = memfd_create("coffer-worker", flags | executable);
    return fd >= 0 || errno != EINVAL ? fd : memfd_create("coffer-worker", flags);
}

cof_status cof_image_copy(int file_fd, cof_image *out_image, cof_err *err)
{
    COF_CLEANUP(cof_image_close) cof_image image = {.fd = make_memfd()};
    if (image.fd < 0) {
        return COF_FAIL_ERRNO(err, errno, "memfd");
    }
    COF_TRY(fill_image(file_fd, &image, err));
    *out_image = image;
    image.fd = -1;
    return COF_OK;
}

void cof_image_close(cof_image *image)
{
    if (image->fd >= 0) {
        (void)close(image->fd);
        image->fd = -1;
    }
}
