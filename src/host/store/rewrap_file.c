#include <errno.h>
#include <sys/stat.h>

#include "host/store/atomic_file.h"
#include "host/store/seal_file.h"
#include "host/store/sealed_source.h"

/* The new front: the old one up to its recipients area, and the new area. */
static cof_status make_front(cof_buf *front_bytes, const cof_front *front, const cof_data_key *key,
                             const cof_recipient *recipients, size_t recipient_count, cof_err *err)
{
    const size_t capacity = cof_front_header(front)->recipients_capacity;
    COF_CLEANUP(cof_buf_free) cof_buf area = {0};
    cof_buf_init(&area, capacity);
    COF_TRY(cof_front_rewrap(front, key, recipients, recipient_count, &area, err));
    front_bytes->size -= capacity;
    return cof_buf_append(front_bytes, cof_buf_view(&area), err);
}

static cof_status write_copy(const char *path, const cof_sealed_source *source, cof_view front,
                             cof_err *err)
{
    struct stat info;
    struct stat after;
    if (fstat(source->fd, &info) != 0) {
        return COF_FAIL_ERRNO(err, errno, "reading the sealed file");
    }
    COF_CLEANUP(cof_atomic_file_drop_) cof_atomic_file *file = NULL;
    COF_TRY(cof_atomic_file_begin_path(path, info.st_mode & 0777, &file, err));
    COF_TRY(cof_atomic_file_write(file, 0, front, err));
    COF_TRY(cof_atomic_file_copy(file, front.size, source->fd, front.size,
                                 source->size - front.size, err));
    /* Somebody else may have re-wrapped it meanwhile: their work must not be lost silently. */
    if (lstat(path, &after) != 0 || after.st_ino != info.st_ino || after.st_dev != info.st_dev ||
        after.st_size != info.st_size || after.st_mtim.tv_sec != info.st_mtim.tv_sec ||
        after.st_mtim.tv_nsec != info.st_mtim.tv_nsec) {
        return COF_FAIL(err, BUSY, "the sealed file changed while it was re-wrapped");
    }
    return cof_atomic_file_commit(file, err);
}

cof_status cof_rewrap_file(const char *path,
                           cof_status (*key)(void *context, const cof_front *front,
                                             cof_data_key *out_key, cof_err *err),
                           void *key_context, const cof_recipient *recipients,
                           size_t recipient_count, cof_err *err)
{
    COF_CLEANUP(cof_sealed_source_close) cof_sealed_source source = {.fd = -1};
    /* Not through a link: the rename would replace the link and leave the old file as it is. */
    COF_TRY(cof_sealed_source_open(path, false, &source, err));
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {0};
    cof_buf_init(&bytes, SIZE_MAX);
    COF_TRY(cof_sealed_source_front(&source, &bytes, err));
    COF_CLEANUP(cof_front_drop_) cof_front *front = NULL;
    COF_TRY(cof_front_parse(cof_buf_view(&bytes), &front, err));
    COF_CLEANUP(cof_data_key_wipe) cof_data_key data_key = {0};
    COF_TRY(key(key_context, front, &data_key, err));
    COF_TRY(make_front(&bytes, front, &data_key, recipients, recipient_count, err));
    return write_copy(path, &source, cof_buf_view(&bytes), err);
}
