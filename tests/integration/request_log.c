/*
 * Loaded into a client with LD_PRELOAD: writes down what it sends over TLS, before it is encrypted,
 * so that requests can be held against the services' OpenAPI files. REQUEST_LOG names the file.
 *
 * A record is one line "<process> <connection> <bytes>\n", then the bytes.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static void note(const SSL *connection, const void *bytes, size_t size)
{
    const char *path = getenv("REQUEST_LOG");
    char line[96];
    const int fd = path != NULL ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    if (fd < 0 || SSL_is_server(connection)) {
        if (fd >= 0) {
            (void)close(fd);
        }
        return;
    }
    const int length =
        snprintf(line, sizeof line, "%d %p %zu\n", (int)getpid(), (const void *)connection, size);
    const struct iovec parts[] = {{line, (size_t)length}, {(void *)bytes, size}};
    if (writev(fd, parts, 2) != (ssize_t)((size_t)length + size)) {
        abort(); /* a hole in the record would hide a request */
    }
    (void)close(fd);
}

int SSL_write(SSL *connection, const void *bytes, int size)
{
    int (*next)(SSL *, const void *, int) = NULL;
    *(void **)&next = dlsym(RTLD_NEXT, "SSL_write");
    const int wrote = next(connection, bytes, size);
    if (wrote > 0) {
        note(connection, bytes, (size_t)wrote);
    }
    return wrote;
}

int SSL_write_ex(SSL *connection, const void *bytes, size_t size, size_t *out_written)
{
    int (*next)(SSL *, const void *, size_t, size_t *) = NULL;
    *(void **)&next = dlsym(RTLD_NEXT, "SSL_write_ex");
    const int good = next(connection, bytes, size, out_written);
    if (good == 1) {
        note(connection, bytes, *out_written);
    }
    return good;
}
