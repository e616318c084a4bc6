#include "tcb/evidence/attribute.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PIECE_SIZE = 4096, TEXT_MAX = 64 };

static cof_status fail_with(cof_err *err, int errno_value, const char *name)
{
    if (errno_value == EAGAIN || errno_value == EBUSY) {
        return COF_FAIL(err, BUSY, "%s: %s", name, strerror(errno_value));
    }
    return COF_FAIL_ERRNO(err, errno_value, name);
}

static void close_file(const int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
}

static cof_status open_file(const cof_attribute_folder *folder, const char *name, int flags,
                            int *out_fd, cof_err *err)
{
    cof_attribute_folder file;
    COF_TRY(cof_attribute_folder_set(&file, folder->path, name, err));
    const int fd = open(file.path, flags | O_CLOEXEC);
    if (fd < 0) {
        return fail_with(err, errno, name);
    }
    *out_fd = fd;
    return COF_OK;
}

cof_status cof_attribute_folder_set(cof_attribute_folder *out, const char *path, const char *name,
                                    cof_err *err)
{
    char text[COF_ATTRIBUTE_PATH_SIZE];
    const int size = name == NULL ? snprintf(text, sizeof text, "%s", path)
                                  : snprintf(text, sizeof text, "%s/%s", path, name);
    if (size < 0 || (size_t)size >= sizeof text) {
        return COF_FAIL(err, LIMIT, "a path of %d bytes", size);
    }
    memcpy(out->path, text, sizeof text);
    return COF_OK;
}

static cof_status read_file(int fd, const char *name, cof_buf *out, cof_err *err)
{
    for (;;) {
        uint8_t piece[PIECE_SIZE];
        const ssize_t size = read(fd, piece, sizeof piece);
        if (size == 0) {
            return COF_OK;
        }
        if (size < 0 && errno != EINTR) {
            return fail_with(err, errno, name);
        }
        if (size > 0) {
            COF_TRY(cof_buf_append(out, cof_view_of(piece, (size_t)size), err));
        }
    }
}

cof_status cof_attribute_read(const cof_attribute_folder *folder, const char *name, cof_buf *out,
                              cof_err *err)
{
    COF_CLEANUP(close_file) int fd = -1;
    COF_CLEANUP(cof_buf_free) cof_buf content = {0};
    cof_buf_init(&content, out->limit);
    COF_TRY(open_file(folder, name, O_RDONLY, &fd, err));
    COF_TRY(read_file(fd, name, &content, err));
    return cof_buf_append(out, cof_buf_view(&content), err);
}

cof_status cof_attribute_read_text(const cof_attribute_folder *folder, const char *name, char *out,
                                   size_t out_size, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf content = {0};
    cof_buf_init(&content, TEXT_MAX);
    COF_TRY(cof_attribute_read(folder, name, &content, err));
    size_t size = content.size;
    if (size > 0 && content.data[size - 1] == '\n') {
        size--;
    }
    if (size >= out_size || (size > 0 && memchr(content.data, '\0', size) != NULL)) {
        return COF_FAIL(err, BAD_FORMAT, "%s: a text of %zu bytes", name, size);
    }
    if (size > 0) {
        memcpy(out, content.data, size);
    }
    out[size] = '\0';
    return COF_OK;
}

cof_status cof_attribute_write(const cof_attribute_folder *folder, const char *name, cof_view bytes,
                               cof_err *err)
{
    COF_CLEANUP(close_file) int fd = -1;
    COF_TRY(open_file(folder, name, O_WRONLY, &fd, err));
    const ssize_t written = write(fd, bytes.data, bytes.size);
    if (written < 0) {
        return fail_with(err, errno, name);
    }
    if ((size_t)written != bytes.size) {
        return COF_FAIL(err, IO, "%s took %zd bytes of %zu", name, written, bytes.size);
    }
    /* configfs takes a binary attribute over when it is closed. */
    const int closed = close(fd);
    fd = -1;
    return closed == 0 ? COF_OK : fail_with(err, errno, name);
}
