#include "host/executor/connect.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "host/files/files.h"
#include "host/files/socket_path.h"

enum { CONNECT_MS = 10000, AGAIN_MS = 200, HOST_SIZE = 256, PORT_SIZE = 6 };

typedef struct connector {
    cof_executor base; /* first */
    cof_executor_ops ops;
    const char *unix_path; /* NULL: host and port */
    char host[HOST_SIZE];
    char port[PORT_SIZE];
} connector;

static int64_t now_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static cof_status wait_exit(cof_execution *self, int timeout_ms, cof_exit *out, cof_err *err)
{
    (void)self, (void)timeout_ms, (void)out;
    return COF_FAIL(err, WORKER_DIED, "how a worker elsewhere ends is not known here");
}

static void free_execution(cof_execution *self)
{
    cof_fd_drop_(&self->stream_fd); /* which ends the worker */
    free(self);
}

static const cof_execution_ops execution_ops = {.wait = wait_exit, .free = free_execution};

/* Connects one socket, non-blocking, until the deadline. */
static bool connect_to(int fd, const struct sockaddr *address, socklen_t size, int64_t deadline_ms)
{
    int failure = 0;
    socklen_t failure_size = sizeof failure;
    if (connect(fd, address, size) == 0) {
        return true;
    }
    if (errno != EINPROGRESS) {
        return false;
    }
    const int64_t left = deadline_ms - now_ms();
    struct pollfd one = {.fd = fd, .events = POLLOUT};
    return poll(&one, 1, left > 0 ? (int)left : 0) == 1 &&
           getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &failure_size) == 0 && failure == 0;
}

/* A VM that is gone says nothing: the connection must notice. */
static void watch(int fd)
{
    const int on = 1;
    const int idle_s = 30;
    const int interval_s = 10;
    const int count = 3;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof interval_s);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
}

static int try_tcp(const connector *self, int64_t deadline_ms)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    int connected = -1;
    if (getaddrinfo(self->host, self->port, &hints, &list) != 0) {
        return -1;
    }
    for (const struct addrinfo *a = list; a != NULL && connected < 0; a = a->ai_next) {
        int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd >= 0 && connect_to(fd, a->ai_addr, a->ai_addrlen, deadline_ms)) {
            watch(fd);
            connected = fd;
        } else {
            cof_fd_drop_(&fd);
        }
    }
    freeaddrinfo(list);
    return connected;
}

static cof_status try_unix(const connector *self, int64_t deadline_ms, int *out_fd, cof_err *err)
{
    struct sockaddr_un address;
    COF_CLEANUP(cof_fd_drop_) int folder = -1;
    const cof_status status = cof_socket_address(self->unix_path, &address, &folder, err);
    if (status != COF_OK) {
        return status == COF_E_NOT_FOUND ? COF_OK : status; /* it may come yet */
    }
    COF_CLEANUP(cof_fd_drop_)
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect_to(fd, (const struct sockaddr *)&address, sizeof address, deadline_ms)) {
        *out_fd = fd;
        fd = -1;
    }
    return COF_OK;
}

/* A VM that is starting accepts nothing yet. */
static cof_status connect_within(const connector *self, int *out_fd, cof_err *err)
{
    const int64_t deadline_ms = now_ms() + CONNECT_MS;
    int fd = -1;
    for (;;) {
        if (self->unix_path != NULL) {
            COF_TRY(try_unix(self, deadline_ms, &fd, err));
        } else {
            fd = try_tcp(self, deadline_ms);
        }
        if (fd >= 0) {
            *out_fd = fd;
            return COF_OK;
        }
        if (now_ms() + AGAIN_MS >= deadline_ms) {
            return COF_FAIL(err, NETWORK, "no worker accepts at %.150s%s%s",
                            self->unix_path != NULL ? self->unix_path : self->host,
                            self->unix_path != NULL ? "" : " port ", self->port);
        }
        (void)poll(NULL, 0, AGAIN_MS);
    }
}

static cof_status launch(cof_executor *base, uint64_t memory, cof_execution **out, cof_err *err)
{
    const connector *self = (const connector *)base;
    COF_CLEANUP(cof_execution_drop_) cof_execution *run = calloc(1, sizeof *run);
    (void)memory; /* the VM's size decides */
    if (run == NULL) {
        return COF_FAIL(err, NO_MEMORY, "execution");
    }
    *run = (cof_execution){.ops = &execution_ops, .stream_fd = -1};
    COF_TRY(connect_within(self, &run->stream_fd, err));
    *out = cof_execution_take(&run);
    return COF_OK;
}

static void free_connector(cof_executor *base)
{
    free(base);
}

static cof_status split(const char *place, connector *out, cof_err *err)
{
    const char *colon = strrchr(place, ':');
    const size_t digits = colon != NULL ? strspn(colon + 1, "0123456789") : 0;
    const char *start = place;
    size_t size = colon != NULL ? (size_t)(colon - place) : 0;
    if (size >= 2 && place[0] == '[' && place[size - 1] == ']') {
        start = place + 1;
        size -= 2;
    } else if (memchr(place, ':', size) != NULL) {
        size = 0;
    }
    if (size == 0 || size >= sizeof out->host || digits == 0 || digits >= sizeof out->port ||
        colon[1 + digits] != '\0' || strtol(colon + 1, NULL, 10) > UINT16_MAX) {
        return COF_FAIL(err, CONFIG, "platform.connect is neither HOST:PORT nor unix:PATH");
    }
    memcpy(out->host, start, size);
    memcpy(out->port, colon + 1, digits);
    return COF_OK;
}

cof_status cof_connect_executor_new(const char *type, const char *place, cof_executor **out,
                                    cof_err *err)
{
    static const char prefix[] = "unix:";
    COF_CLEANUP(cof_executor_drop_) cof_executor *owner = NULL;
    connector *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return COF_FAIL(err, NO_MEMORY, "executor");
    }
    self->ops = (cof_executor_ops){.name = type, .launch = launch, .free = free_connector};
    self->base.ops = &self->ops;
    owner = &self->base;
    if (strncmp(place, prefix, sizeof prefix - 1) == 0) {
        self->unix_path = place + sizeof prefix - 1;
    } else {
        COF_TRY(split(place, self, err));
    }
    *out = cof_executor_take(&owner);
    return COF_OK;
}
