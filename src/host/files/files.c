#include "host/files/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void cof_fd_drop_(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
        *fd = -1;
    }
}

cof_status cof_path_format(cof_path *out, cof_err *err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(out->text, sizeof out->text, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof out->text) {
        return COF_FAIL(err, LIMIT, "a path is too long");
    }
    return COF_OK;
}

static cof_status make_folder(const char *path, cof_err *err)
{
    struct stat info;
    if (mkdir(path, 0700) == 0) {
        return COF_OK;
    }
    const int reason = errno;
    if (reason == EEXIST && stat(path, &info) == 0 && S_ISDIR(info.st_mode)) {
        return COF_OK;
    }
    if (reason == EEXIST || reason == ENOTDIR) {
        return COF_FAIL(err, EXISTS, "%s: a file is where a folder should be", path);
    }
    return COF_FAIL_ERRNO(err, reason, path);
}

cof_status cof_make_folders(const char *path, cof_err *err)
{
    cof_path part;
    COF_TRY(cof_path_format(&part, err, "%s", path));
    for (char *slash = strchr(part.text + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        COF_TRY(make_folder(part.text, err));
        *slash = '/';
    }
    return make_folder(part.text, err);
}

static cof_status read_file(const char *path, bool is_secret, cof_buf *out, cof_err *err)
{
    COF_CLEANUP(cof_fd_drop_) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct stat info;
    if (fd < 0 || fstat(fd, &info) != 0) {
        return COF_FAIL_ERRNO(err, errno, path);
    }
    if (!S_ISREG(info.st_mode)) {
        return COF_FAIL(err, BAD_ARGUMENT, "%s is not a regular file", path);
    }
    if (is_secret && (info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return COF_FAIL(err, PERMISSION,
                        "%.150s holds a secret and can be read by others: chmod 600 it", path);
    }
    if (info.st_size < 0 || (uintmax_t)info.st_size > out->limit - out->size) {
        return COF_FAIL(err, LIMIT, "%s has %lld bytes, at most %zu are allowed", path,
                        (long long)info.st_size, out->limit);
    }
    uint8_t *place = NULL;
    const size_t start = out->size;
    COF_TRY(cof_buf_extend(out, (size_t)info.st_size, &place, err));
    size_t done = 0;
    while (done < (size_t)info.st_size) {
        const ssize_t got = read(fd, place + done, (size_t)info.st_size - done);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            out->size = start;
            return COF_FAIL_ERRNO(err, errno, path);
        }
        if (got == 0) {
            break; /* it shrank while it was read: what is there is the file */
        }
        done += (size_t)got;
    }
    out->size = start + done;
    return COF_OK;
}

cof_status cof_read_file(const char *path, cof_buf *out, cof_err *err)
{
    return read_file(path, false, out, err);
}

cof_status cof_read_secret_file(const char *path, cof_buf *out, cof_err *err)
{
    return read_file(path, true, out, err);
}

static cof_status write_all(int fd, cof_view bytes, const char *path, cof_err *err)
{
    while (bytes.size > 0) {
        const ssize_t wrote = write(fd, bytes.data, bytes.size);
        if (wrote < 0 && errno == EINTR) {
            continue;
        }
        if (wrote < 0) {
            return COF_FAIL_ERRNO(err, errno, path);
        }
        bytes = cof_view_of(bytes.data + wrote, bytes.size - (size_t)wrote);
    }
    return COF_OK;
}

cof_status cof_sync_folder_of(const char *path, cof_err *err)
{
    cof_path folder;
    COF_TRY(cof_path_format(&folder, err, "%s", path));
    char *slash = strrchr(folder.text, '/');
    if (slash == NULL) {
        folder.text[0] = '.';
        folder.text[1] = '\0';
    } else {
        slash[slash == folder.text ? 1 : 0] = '\0';
    }
    COF_CLEANUP(cof_fd_drop_) int fd = open(folder.text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0) {
        return COF_FAIL_ERRNO(err, errno, folder.text);
    }
    return COF_OK;
}

cof_status cof_write_file(const char *path, cof_view bytes, unsigned mode, cof_err *err)
{
    cof_path temporary;
    COF_TRY(cof_path_format(&temporary, err, "%s.%ld.tmp", path, (long)getpid()));
    COF_CLEANUP(cof_fd_drop_)
    int fd = open(temporary.text, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0) {
        return COF_FAIL_ERRNO(err, errno, path);
    }
    cof_status status = write_all(fd, bytes, path, err);
    if (status == COF_OK && fsync(fd) != 0) {
        status = COF_FAIL_ERRNO(err, errno, path);
    }
    if (status == COF_OK && rename(temporary.text, path) != 0) {
        status = COF_FAIL_ERRNO(err, errno, path);
    }
    if (status != COF_OK) {
        (void)unlink(temporary.text);
        return status;
    }
    return cof_sync_folder_of(path, err);
}

cof_status cof_program_folder(cof_path *out, cof_err *err)
{
    const ssize_t length = readlink("/proc/self/exe", out->text, sizeof out->text - 1);
    if (length <= 0) {
        return COF_FAIL_ERRNO(err, errno, "/proc/self/exe");
    }
    size_t end = (size_t)length;
    while (end > 1 && out->text[end - 1] != '/') {
        end--;
    }
    out->text[end - 1] = '\0';
    return COF_OK;
}
