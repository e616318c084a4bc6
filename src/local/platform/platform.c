/*
 * Implementation notes
 *
 * One connection is one worker. A connection waits for its launch message, then holds a running
 * worker, then ends. The process that has ended is seen through its pidfd, the agent that has gone
 * through its socket: both are events, nothing polls. A connection is freed only when its worker
 * has been reaped.
 *
 *   waiting --launch--> running --exit--> (freed, agent told)
 *      |                   \--agent gone--> killed --exit--> (freed)
 *      \--bad message, agent gone, 10 s--> (freed)
 */
#include "local/platform/platform.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "host/files/socket_path.h"
#include "local/platform/request.h"

enum { BACKLOG = 16, LAUNCH_TIMEOUT_S = 10, SENT_FDS = 2, FDS_ROOM = 8, ANSWER_MAX = 4096 };

typedef struct connection {
    struct connection *next;
    cof_platform *platform;
    int fd;      /* to the agent; -1: it has gone */
    int channel; /* quoting, our end; -1: none */
    bool is_running;
    bool debug;
    cof_child child;
    cof_digest mrenclave;
    struct event *agent_event;
    struct event *channel_event;
    struct event *exit_event;
} connection;

struct cof_platform {
    struct event_base *base;
    cof_quoting *quoting;
    struct sockaddr_un address;
    int folder_fd; /* that the address goes through, or -1 */
    int fd;
    struct event *accept_event;
    connection *connections;
    size_t count;
};

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
        *fd = -1;
    }
}

static void free_event(struct event **event)
{
    if (*event != NULL) {
        event_free(*event);
        *event = NULL;
    }
}

static void connection_free(connection *gone)
{
    cof_platform *platform = gone->platform;
    for (connection **at = &platform->connections; *at != NULL; at = &(*at)->next) {
        if (*at == gone) {
            *at = gone->next;
            platform->count--;
            break;
        }
    }
    free_event(&gone->agent_event);
    free_event(&gone->channel_event);
    free_event(&gone->exit_event);
    if (gone->is_running) {
        close_fd(&gone->child.pidfd);
    }
    close_fd(&gone->fd);
    close_fd(&gone->channel);
    free(gone);
}

static void send_message(int fd, const cof_buf *message)
{
    /* An agent or worker that does not read has lost its answer: that is its own affair. */
    (void)!send(fd, message->data == NULL ? (const void *)"" : message->data, message->size,
                MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void send_error(int fd, cof_status status, const cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf message = {0};
    cof_buf_init(&message, ANSWER_MAX);
    if (cof_answer_error(status, err->detail, &message, NULL) == COF_OK) {
        send_message(fd, &message);
    }
}

/* ---- the worker ---- */

static void on_channel(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    connection *self = context;
    uint8_t report_data[64 + 1];
    COF_CLEANUP(cof_buf_free) cof_buf quote = {0};
    const ssize_t size = recv(fd, report_data, sizeof report_data, MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (size <= 0) {
        free_event(&self->channel_event);
        close_fd(&self->channel);
        return;
    }
    cof_buf_init(&quote, COF_QUOTING_QUOTE_MAX);
    /* What cannot be quoted is answered with an empty message. */
    if (size == 64 && cof_quoting_quote(self->platform->quoting, self->mrenclave.bytes, self->debug,
                                        report_data, &quote, NULL) != COF_OK) {
        cof_buf_clear(&quote);
    }
    send_message(fd, &quote);
}

static void on_exit_event(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    connection *self = context;
    cof_child_exit how = {0};
    COF_CLEANUP(cof_buf_free) cof_buf message = {0};
    if (!cof_child_reap(&self->child, false, &how)) {
        return;
    }
    cof_buf_init(&message, ANSWER_MAX);
    if (self->fd >= 0 && cof_answer_exited(&how, &message, NULL) == COF_OK) {
        send_message(self->fd, &message);
    }
    connection_free(self);
}

static cof_status add_event(cof_platform *platform, int fd, event_callback_fn callback,
                            void *context, const struct timeval *timeout, struct event **out_event,
                            cof_err *err)
{
    struct event *event = event_new(platform->base, fd, EV_READ | EV_PERSIST, callback, context);
    if (event == NULL || event_add(event, timeout) != 0) {
        free_event(&event);
        return COF_FAIL(err, NO_MEMORY, "event");
    }
    *out_event = event;
    return COF_OK;
}

/* The events of a worker that has been started; on failure the caller kills it. */
static cof_status watch(connection *self, cof_err *err)
{
    COF_TRY(add_event(self->platform, self->channel, on_channel, self, NULL, &self->channel_event,
                      err));
    return add_event(self->platform, self->child.pidfd, on_exit_event, self, NULL,
                     &self->exit_event, err);
}

static cof_status start_worker(connection *self, const cof_request *request,
                               const int fds[static SENT_FDS], cof_err *err)
{
    COF_CLEANUP(cof_image_close) cof_image image = {.fd = -1};
    COF_CLEANUP(close_fd) int worker_channel = -1;
    int pair[2] = {-1, -1};
    COF_TRY(cof_image_copy(fds[0], &image, err));
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        return COF_FAIL_ERRNO(err, errno, "quoting channel");
    }
    self->channel = pair[0];
    worker_channel = pair[1];
    const cof_launch launch = {.image = &image,
                               .stream_fd = fds[1],
                               .channel_fd = worker_channel,
                               .debug = request->debug,
                               .memory_bytes = request->memory_bytes,
                               .arguments = request->arguments};
    COF_TRY(cof_launch_start(&launch, &self->child, err));
    self->is_running = true;
    self->debug = request->debug;
    self->mrenclave = image.mrenclave;
    return watch(self, err);
}

/* ---- the agent ---- */

/* Takes the file descriptors out of a message; every one of them is now ours to close. */
static size_t take_fds(struct msghdr *message, int out_fds[static FDS_ROOM])
{
    size_t count = 0;
    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part != NULL;
         part = CMSG_NXTHDR(message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        const size_t sent = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < sent && count < FDS_ROOM; i++) {
            memcpy(&out_fds[count++], CMSG_DATA(part) + i * sizeof(int), sizeof(int));
        }
    }
    return count;
}

static cof_status launch_from(connection *self, cof_view text, const int *fds, size_t fd_count,
                              cof_err *err)
{
    COF_CLEANUP(cof_request_free) cof_request request = {0};
    COF_CLEANUP(cof_buf_free) cof_buf answer = {0};
    if (fd_count != SENT_FDS) {
        return COF_FAIL(err, BAD_FORMAT,
                        "%zu file descriptors, expected the executable and the stream", fd_count);
    }
    COF_TRY(cof_request_parse(text, &request, err));
    COF_TRY(start_worker(self, &request, fds, err));
    cof_buf_init(&answer, ANSWER_MAX);
    COF_TRY(cof_answer_launched(&self->child, &self->mrenclave, &answer, err));
    send_message(self->fd, &answer);
    return COF_OK;
}

/* A worker that nobody waits for is killed; its connection goes when it has been reaped. */
static void abandon(connection *self)
{
    free_event(&self->agent_event);
    close_fd(&self->fd);
    if (!self->is_running) {
        connection_free(self);
        return;
    }
    cof_child_kill(&self->child);
    if (self->exit_event == NULL) {
        cof_child_exit ignored = {0};
        (void)cof_child_reap(&self->child, true, &ignored);
        connection_free(self);
    }
}

static void read_launch(connection *self)
{
    uint8_t text[COF_PLATFORM_REQUEST_MAX];
    union {
        char bytes[CMSG_SPACE(FDS_ROOM * sizeof(int))];
        struct cmsghdr aligned;
    } control;
    struct iovec part = {.iov_base = text, .iov_len = sizeof text};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    int fds[FDS_ROOM];
    cof_err err = {0};
    const ssize_t size = recvmsg(self->fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (size <= 0) {
        abandon(self);
        return;
    }
    const size_t fd_count = take_fds(&message, fds);
    cof_status status = COF_OK;
    if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
        status = COF_FAIL(&err, LIMIT, "the launch message is too long");
    } else {
        status = launch_from(self, cof_view_of(text, (size_t)size), fds, fd_count, &err);
    }
    for (size_t i = 0; i < fd_count; i++) {
        close_fd(&fds[i]);
    }
    if (status != COF_OK) {
        send_error(self->fd, status, &err);
        abandon(self);
        return;
    }
    /* From here on only the end of the connection is of interest, and there is no time limit. */
    (void)event_del(self->agent_event);
    (void)event_add(self->agent_event, NULL);
}

static void on_agent(evutil_socket_t fd, short what, void *context)
{
    connection *self = context;
    if ((what & EV_TIMEOUT) != 0) {
        abandon(self);
        return;
    }
    if (!self->is_running) {
        read_launch(self);
        return;
    }
    /* The agent has nothing more to say: a message is as good a reason to stop as its end. */
    char byte = 0;
    const ssize_t size = recv(fd, &byte, 1, MSG_DONTWAIT);
    if (size >= 0 || (errno != EAGAIN && errno != EINTR)) {
        abandon(self);
    }
}

static bool is_same_user(int fd)
{
    struct ucred peer = {0};
    socklen_t size = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == geteuid();
}

static void on_accept(evutil_socket_t listener, short what, void *context)
{
    (void)what;
    cof_platform *platform = context;
    const struct timeval timeout = {.tv_sec = LAUNCH_TIMEOUT_S};
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        return;
    }
    connection *self = NULL;
    if (platform->count < COF_PLATFORM_WORKERS_MAX && is_same_user(fd)) {
        self = calloc(1, sizeof *self);
    }
    if (self == NULL) {
        close_fd(&fd);
        return;
    }
    *self =
        (connection){.platform = platform, .fd = fd, .channel = -1, .next = platform->connections};
    self->child.pidfd = -1;
    platform->connections = self;
    platform->count++;
    if (add_event(platform, fd, on_agent, self, &timeout, &self->agent_event, NULL) != COF_OK) {
        connection_free(self);
    }
}

/* ---- the listener ---- */

/* Only a socket may be in the way: it is what a server that was killed left behind. */
static cof_status clear_path(const char *path, cof_err *err)
{
    struct stat info;
    if (lstat(path, &info) != 0) {
        return errno == ENOENT ? COF_OK : COF_FAIL_ERRNO(err, errno, "platform socket");
    }
    if (!S_ISSOCK(info.st_mode)) {
        return COF_FAIL(err, EXISTS, "platform socket: there is a file that is not a socket");
    }
    return unlink(path) == 0 ? COF_OK : COF_FAIL_ERRNO(err, errno, "platform socket");
}

static cof_status start_listening(cof_platform *platform, cof_err *err)
{
    COF_TRY(clear_path(platform->address.sun_path, err));
    platform->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (platform->fd < 0) {
        return COF_FAIL_ERRNO(err, errno, "platform socket");
    }
    /* The mode is right from the first moment: umask, not a chmod after. */
    const mode_t old = umask(0177);
    const int bound =
        bind(platform->fd, (const struct sockaddr *)&platform->address, sizeof platform->address);
    const int error = errno;
    (void)umask(old);
    if (bound != 0) {
        return COF_FAIL_ERRNO(err, error, "platform socket");
    }
    if (listen(platform->fd, BACKLOG) != 0) {
        return COF_FAIL_ERRNO(err, errno, "platform socket");
    }
    return add_event(platform, platform->fd, on_accept, platform, NULL, &platform->accept_event,
                     err);
}

cof_status cof_platform_start(struct event_base *base, const char *socket_path,
                              cof_quoting *quoting, cof_platform **out_platform, cof_err *err)
{
    COF_CLEANUP(cof_platform_drop_) cof_platform *platform = NULL;
    platform = calloc(1, sizeof *platform);
    if (platform == NULL) {
        return COF_FAIL(err, NO_MEMORY, "platform");
    }
    platform->base = base;
    platform->quoting = quoting;
    platform->fd = -1;
    platform->folder_fd = -1;
    COF_TRY(cof_socket_address(socket_path, &platform->address, &platform->folder_fd, err));
    COF_TRY(start_listening(platform, err));
    *out_platform = cof_platform_take(&platform);
    return COF_OK;
}

size_t cof_platform_workers(const cof_platform *platform)
{
    size_t running = 0;
    for (const connection *at = platform->connections; at != NULL; at = at->next) {
        running += at->is_running ? 1 : 0;
    }
    return running;
}

void cof_platform_free(cof_platform *platform)
{
    if (platform == NULL) {
        return;
    }
    free_event(&platform->accept_event);
    while (platform->connections != NULL) {
        connection *last = platform->connections;
        if (last->is_running) {
            cof_child_exit ignored = {0};
            cof_child_kill(&last->child);
            (void)cof_child_reap(&last->child, true, &ignored);
        }
        connection_free(last);
    }
    if (platform->fd >= 0) {
        close_fd(&platform->fd);
        (void)unlink(platform->address.sun_path);
    }
    close_fd(&platform->folder_fd);
    free(platform);
}
