#include "host/executor/simulated.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "host/files/files.h"
#include "host/files/socket_path.h"
#include "tcb/wire/json.h"

enum { MESSAGE_SIZE = 4096, LAUNCH_TIMEOUT_MS = 10000 };

typedef struct simulated {
    cof_executor base; /* first: a simulated is a cof_executor */
    struct sockaddr_un address;
    int folder_fd; /* that the address goes through, or -1 */
    char *worker_path;
} simulated;

typedef struct execution {
    cof_execution base; /* first */
    int control_fd;     /* closing it kills the worker */
    bool is_over;
    cof_exit how;
} execution;

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* One message within timeout_ms. An orderly end of the connection is COF_E_WORKER_DIED. */
static cof_status receive(int fd, int timeout_ms, json_t **out, cof_err *err)
{
    const int64_t deadline = now_ms() + timeout_ms;
    for (;;) {
        const int64_t left = deadline - now_ms();
        struct pollfd one = {.fd = fd, .events = POLLIN};
        const int ready = poll(&one, 1, left > 0 ? (int)left : 0);
        if (ready == 0) {
            return COF_FAIL(err, TIMEOUT, "the platform did not answer in %d ms", timeout_ms);
        }
        if (ready < 0 && errno != EINTR) {
            return COF_FAIL_ERRNO(err, errno, "poll");
        }
        if (ready > 0) {
            break;
        }
    }
    char text[MESSAGE_SIZE];
    const ssize_t size = recv(fd, text, sizeof text, MSG_DONTWAIT | MSG_TRUNC);
    if (size < 0 && errno != ECONNRESET) {
        return COF_FAIL_ERRNO(err, errno, "receive from the platform");
    }
    if (size <= 0) {
        return COF_FAIL(err, WORKER_DIED, "the platform closed the connection");
    }
    if ((size_t)size > sizeof text) {
        return COF_FAIL(err, LIMIT, "the platform sent a message of %zd bytes", size);
    }
    return cof_json_parse(cof_view_of(text, (size_t)size), sizeof text, out, err);
}

/* Sends the request with the executable and the worker's end of the stream. */
static cof_status send_request(int control, const char *text, int executable, int stream,
                               cof_err *err)
{
    const int fds[2] = {executable, stream};
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof fds)];
    } ancillary = {0};
    struct iovec part = {.iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text)};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = ancillary.bytes,
                             .msg_controllen = sizeof ancillary.bytes};
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof fds);
    memcpy(CMSG_DATA(rights), fds, sizeof fds);
    ssize_t sent;
    do {
        sent = sendmsg(control, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) {
        return COF_FAIL(err, NETWORK, "send to the platform: %s", strerror(errno));
    }
    return COF_OK;
}

static cof_status join_namespaces(const json_t *launched, cof_worker_facts *facts, cof_err *err)
{
    json_t *names = NULL;
    COF_TRY(cof_json_get(launched, "namespaces", JSON_ARRAY, &names, err));
    size_t used = 0;
    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));
        const size_t size = name == NULL ? 0 : strlen(name);
        if (size == 0 || used + size + 2 > sizeof facts->namespaces) {
            return COF_FAIL(err, BAD_FORMAT, "the platform's list of namespaces");
        }
        if (used > 0) {
            facts->namespaces[used++] = ' ';
        }
        memcpy(facts->namespaces + used, name, size);
        used += size;
        facts->namespaces[used] = '\0';
    }
    return COF_OK;
}

static cof_status read_answer(const json_t *answer, cof_worker_facts *facts, cof_err *err)
{
    const json_t *failure = json_object_get(answer, "error");
    if (failure != NULL) {
        const char *code = json_string_value(json_object_get(failure, "code"));
        return COF_FAIL(err, REMOTE_ERROR, "the platform refused: %.60s",
                        code == NULL ? "?" : code);
    }
    if (!json_is_object(answer)) {
        return COF_FAIL(err, BAD_FORMAT, "the platform's answer is not an object");
    }
    json_t *launched = NULL;
    COF_TRY(cof_json_get(answer, "launched", JSON_OBJECT, &launched, err));
    COF_TRY(cof_json_get_int(launched, "pid", 1, INT32_MAX, &facts->pid, err));
    const char *measurement = NULL;
    COF_TRY(
        cof_json_get_text(launched, "mrenclave", sizeof facts->measurement - 1, &measurement, err));
    memcpy(facts->measurement, measurement, strlen(measurement) + 1);
    return join_namespaces(launched, facts, err);
}

static cof_status read_exit(const json_t *message, cof_exit *out, cof_err *err)
{
    json_t *exited = NULL;
    if (!json_is_object(message)) {
        return COF_FAIL(err, BAD_FORMAT, "the platform's message is not an object");
    }
    COF_TRY(cof_json_get(message, "exited", JSON_OBJECT, &exited, err));
    int64_t value = 0;
    if (json_object_get(exited, "signal") != NULL) {
        COF_TRY(cof_json_get_int(exited, "signal", 1, 128, &value, err));
        *out = (cof_exit){.signal = (int)value};
        return COF_OK;
    }
    COF_TRY(cof_json_get_int(exited, "code", 0, 255, &value, err));
    *out = (cof_exit){.code = (int)value};
    return COF_OK;
}

static cof_status wait_exit(cof_execution *base, int timeout_ms, cof_exit *out, cof_err *err)
{
    execution *self = (execution *)base;
    if (!self->is_over) {
        COF_JSON json_t *message = NULL;
        COF_TRY(receive(self->control_fd, timeout_ms, &message, err));
        COF_TRY(read_exit(message, &self->how, err));
        self->is_over = true;
    }
    *out = self->how;
    return COF_OK;
}

static void free_execution(cof_execution *base)
{
    execution *self = (execution *)base;
    cof_fd_drop_(&self->base.stream_fd);
    cof_fd_drop_(&self->control_fd);
    free(self);
}

static const cof_execution_ops execution_ops = {.wait = wait_exit, .free = free_execution};

static cof_status connect_platform(const simulated *self, int *out_fd, cof_err *err)
{
    COF_CLEANUP(cof_fd_drop_) int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return COF_FAIL_ERRNO(err, errno, "socket");
    }
    if (connect(fd, (const struct sockaddr *)&self->address, sizeof self->address) != 0) {
        return COF_FAIL(err, NETWORK, "the platform at %.100s: %s", self->address.sun_path,
                        strerror(errno));
    }
    *out_fd = fd;
    fd = -1;
    return COF_OK;
}

static cof_status launch(cof_executor *base, uint64_t memory, cof_execution **out, cof_err *err)
{
    simulated *self = (simulated *)base;
    COF_CLEANUP(cof_fd_drop_) int executable = open(self->worker_path, O_RDONLY | O_CLOEXEC);
    if (executable < 0) {
        return COF_FAIL_ERRNO(err, errno, "the worker's executable");
    }
    COF_CLEANUP(cof_execution_drop_) cof_execution *owner = NULL;
    execution *started = calloc(1, sizeof *started);
    if (started == NULL) {
        return COF_FAIL(err, NO_MEMORY, "execution");
    }
    *started = (execution){.base = {.ops = &execution_ops, .stream_fd = -1}, .control_fd = -1};
    owner = &started->base;
    COF_TRY(connect_platform(self, &started->control_fd, err));
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        return COF_FAIL_ERRNO(err, errno, "socketpair");
    }
    started->base.stream_fd = ends[0];
    COF_CLEANUP(cof_fd_drop_) int worker_end = ends[1];
    if (fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) {
        return COF_FAIL_ERRNO(err, errno, "fcntl");
    }
    char text[160];
    (void)snprintf(text, sizeof text,
                   "{\"launch\":{\"memory\":%" PRIu64 ",\"debug\":false,\"arguments\":[]}}",
                   memory);
    COF_TRY(send_request(started->control_fd, text, executable, worker_end, err));
    COF_JSON json_t *answer = NULL;
    COF_TRY(receive(started->control_fd, LAUNCH_TIMEOUT_MS, &answer, err));
    COF_TRY(read_answer(answer, &started->base.facts, err));
    *out = cof_execution_take(&owner);
    return COF_OK;
}

static void free_simulated(cof_executor *base)
{
    simulated *self = (simulated *)base;
    cof_fd_drop_(&self->folder_fd);
    free(self->worker_path);
    free(self);
}

static const cof_executor_ops executor_ops = {
    .name = "simulated", .launch = launch, .free = free_simulated};

cof_status cof_simulated_executor_new(const char *socket_path, const char *worker_path,
                                      cof_executor **out, cof_err *err)
{
    COF_CLEANUP(cof_executor_drop_) cof_executor *owner = NULL;
    simulated *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return COF_FAIL(err, NO_MEMORY, "executor");
    }
    self->base.ops = &executor_ops;
    owner = &self->base;
    self->folder_fd = -1;
    COF_TRY(cof_socket_address(socket_path, &self->address, &self->folder_fd, err));
    self->worker_path = strdup(worker_path);
    if (self->worker_path == NULL) {
        return COF_FAIL(err, NO_MEMORY, "path");
    }
    *out = cof_executor_take(&owner);
    return COF_OK;
}
