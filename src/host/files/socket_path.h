/* Addresses of Unix sockets whose path is longer than the 107 bytes that an address holds. */
#ifndef COF_HOST_SOCKET_PATH_H
#define COF_HOST_SOCKET_PATH_H

#include <sys/socket.h>
#include <sys/un.h>

#include "tcb/base/buf.h"

/**
 * The address of a path. A long one is reached through its folder's descriptor
 * (/proc/self/fd/N/NAME).
 *
 * @param out_folder_fd  -1, or a descriptor that must stay open, by the caller, as long as the
 * address is used
 * @return COF_OK, COF_E_BAD_ARGUMENT (the name alone is too long), COF_E_NOT_FOUND,
 * COF_E_PERMISSION (the folder).
 */
COF_MUST_USE cof_status cof_socket_address(const char *path, struct sockaddr_un *out,
                                           int *out_folder_fd, cof_err *err);

#endif
