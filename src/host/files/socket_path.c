#include "host/files/socket_path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/files/files.h"

cof_status cof_socket_address(const char *path, struct sockaddr_un *out, int *out_folder_fd,
                              cof_err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const size_t size = strlen(path);
    const char *slash = strrchr(path, '/');
    if (size < sizeof address.sun_path) {
        memcpy(address.sun_path, path, size + 1);
        *out = address;
        *out_folder_fd = -1;
        return COF_OK;
    }
    cof_path folder;
    if (slash == NULL) {
        return COF_FAIL(err, BAD_ARGUMENT, "a socket's name of %zu bytes", size);
    }
    COF_TRY(cof_path_format(&folder, err, "%.*s", (int)(slash - path), path));
    COF_CLEANUP(cof_fd_drop_) int fd = open(folder.text, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return COF_FAIL_ERRNO(err, errno, folder.text);
    }
    const int used =
        snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d%s", fd, slash);
    if (used < 0 || (size_t)used >= sizeof address.sun_path) {
        return COF_FAIL(err, BAD_ARGUMENT, "a socket's name of %zu bytes", strlen(slash));
    }
    *out = address;
    *out_folder_fd = fd;
    fd = -1;
    return COF_OK;
}
