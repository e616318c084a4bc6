#include "host/infer/feed_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "host/files/files.h"

enum { PIECE_BYTES = 64 * 1024 };

cof_status cof_feed_file(const char *path, cof_piece_handler handler, void *context, cof_err *err)
{
    COF_CLEANUP(cof_fd_drop_) int fd = open(path, O_RDONLY | O_CLOEXEC);
    COF_CLEANUP(cof_buf_free) cof_buf buffer = {0};
    uint8_t *bytes = NULL;
    if (fd < 0) {
        return COF_FAIL_ERRNO(err, errno, path);
    }
    cof_buf_init(&buffer, PIECE_BYTES);
    COF_TRY(cof_buf_extend(&buffer, PIECE_BYTES, &bytes, err));
    for (;;) {
        const ssize_t size = read(fd, bytes, PIECE_BYTES);
        if (size == 0) {
            return COF_OK;
        }
        if (size < 0 && errno != EINTR) {
            return COF_FAIL_ERRNO(err, errno, path);
        }
        if (size > 0) {
            COF_TRY(handler(context, cof_view_of(bytes, (size_t)size), err));
        }
    }
}
