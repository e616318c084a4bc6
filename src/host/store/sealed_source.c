#include "host/store/sealed_source.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

cof_status cof_sealed_source_open(const char *path, bool follow, cof_sealed_source *out,
                                  cof_err *err)
{
    const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW);
    const int fd = open(path, flags);
    if (fd < 0 && errno == ELOOP) {
        return COF_FAIL(err, BAD_ARGUMENT, "the sealed file is a symbolic link");
    }
    if (fd < 0) {
        return COF_FAIL_ERRNO(err, errno, "opening the sealed file");
    }
    struct stat info;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        (void)close(fd);
        return COF_FAIL(err, BAD_ARGUMENT, "the sealed file is not a regular file");
    }
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    *out = (cof_sealed_source){.size = (uint64_t)info.st_size, .fd = fd};
    return COF_OK;
}

cof_status cof_sealed_source_in_store(cof_blob_store *store, const char *name,
                                      cof_sealed_source *out, cof_err *err)
{
    uint64_t size = 0;
    COF_TRY(cof_blob_size(store, name, &size, err));
    *out = (cof_sealed_source){.size = size, .fd = -1, .store = store, .name = name};
    return COF_OK;
}

static cof_status read_file(int fd, uint64_t offset, cof_span out, cof_err *err)
{
    size_t done = 0;
    while (done < out.size) {
        const ssize_t n = pread(fd, out.data + done, out.size - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return COF_FAIL_ERRNO(err, errno, "reading the sealed file");
        }
        if (n == 0) {
            return COF_FAIL(err, TRUNCATED, "the sealed file ends early");
        }
        done += (size_t)n;
    }
    return COF_OK;
}

cof_status cof_sealed_source_read(const cof_sealed_source *source, uint64_t offset, cof_span out,
                                  cof_err *err)
{
    if (source->store != NULL) {
        return cof_blob_read(source->store, source->name, offset, out, err);
    }
    return read_file(source->fd, offset, out, err);
}

/* The plaintext's size in a start that cof_front_size() has accepted. */
static uint64_t plaintext_size(const uint8_t start[static COF_SEAL_FIXED_SIZE])
{
    uint64_t size = 0;
    for (size_t i = 0; i < 8; i++) {
        size |= (uint64_t)start[16 + i] << (8 * i);
    }
    return size;
}

cof_status cof_sealed_source_front_size(const cof_sealed_source *source, size_t *out_size,
                                        cof_err *err)
{
    uint8_t start[COF_SEAL_FIXED_SIZE];
    size_t size = 0;
    COF_TRY(cof_sealed_source_read(source, 0, (cof_span){start, sizeof start}, err));
    COF_TRY(cof_front_size(cof_view_of(start, sizeof start), &size, err));
    const uint64_t due = size + plaintext_size(start);
    if (source->size < due) {
        return COF_FAIL(err, TRUNCATED, "the sealed file has %llu bytes where %llu are due",
                        (unsigned long long)source->size, (unsigned long long)due);
    }
    if (source->size > due) {
        return COF_FAIL(err, TRAILING_BYTES, "the sealed file has %llu bytes where %llu are due",
                        (unsigned long long)source->size, (unsigned long long)due);
    }
    *out_size = size;
    return COF_OK;
}

cof_status cof_sealed_source_front(const cof_sealed_source *source, cof_buf *out, cof_err *err)
{
    size_t size = 0;
    COF_TRY(cof_sealed_source_front_size(source, &size, err));
    const size_t start = out->size;
    uint8_t *place = NULL;
    COF_TRY(cof_buf_extend(out, size, &place, err));
    const cof_status status = cof_sealed_source_read(source, 0, (cof_span){place, size}, err);
    if (status != COF_OK) {
        out->size = start;
    }
    return status;
}

void cof_sealed_source_close(const cof_sealed_source *source)
{
    if (source->fd >= 0) {
        (void)close(source->fd);
    }
}
