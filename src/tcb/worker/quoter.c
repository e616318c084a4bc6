#include "tcb/worker/quoter.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tcb/base/limits.h"
#include "tcb/worker/confine.h"
#include "tcb/worker/worker.h"

/*
 * Implementation notes. Both ends are this program. Over a SOCK_SEQPACKET pair: the quoter says
 * that it is ready; the worker sends one cof_quote_request; the quoter answers and ends. What it
 * says is one byte, a status, and then what that status says: nothing or evidence with OK, else
 * the detail of the failure. The worker believes none of it more than it must.
 */
enum { SAID_MAX = 1 + COF_LIMIT_QUOTE_BYTES };
_Static_assert(COF_STATUS_COUNT <= UINT8_MAX, "a status fits a byte");

typedef struct quoter_source {
    cof_quote_source base;
    cof_quote_source_ops ops; /* with the back end's name */
    int fd;
} quoter_source;

static ssize_t receive(int fd, void *place, size_t size)
{
    ssize_t got = -1;
    do {
        got = recv(fd, place, size, 0);
    } while (got < 0 && errno == EINTR);
    return got;
}

static bool transmit(int fd, const void *place, size_t size)
{
    ssize_t sent = -1;
    do {
        sent = send(fd, place, size, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)size;
}

/* ---- the quoter ---- */

static bool say(int fd, cof_status status, cof_view content)
{
    COF_CLEANUP(cof_buf_free) cof_buf said = {0};
    uint8_t first = (uint8_t)status;
    cof_buf_init(&said, SAID_MAX);
    return cof_buf_append(&said, cof_view_of(&first, 1), NULL) == COF_OK &&
           cof_buf_append(&said, content, NULL) == COF_OK && transmit(fd, said.data, said.size);
}

/* Nothing of the worker's stays open but its log; the stream must end when the worker does. */
static void close_all_but(int fd)
{
    (void)close(STDIN_FILENO);
    (void)close(STDOUT_FILENO);
    if (fd > STDERR_FILENO + 1) {
        (void)syscall(SYS_close_range, (unsigned)STDERR_FILENO + 1, (unsigned)fd - 1, 0);
    }
    (void)syscall(SYS_close_range, (unsigned)fd + 1, ~0U, 0);
}

static cof_status get_ready(const cof_backend *backend, cof_quote_source **out, cof_err *err)
{
    COF_CLEANUP(cof_quote_source_drop_) cof_quote_source *source = NULL;
    const char *folder = NULL;
    COF_TRY(cof_worker_prepare(err));
    COF_TRY(backend->open(&source, &folder, err));
    COF_TRY(cof_confine_quoter(folder, err));
    *out = cof_quote_source_take(&source);
    return COF_OK;
}

static cof_status quote_once(cof_quote_source *source, int fd, cof_buf *evidence, cof_err *err)
{
    cof_quote_request request;
    if (receive(fd, &request, sizeof request) != (ssize_t)sizeof request) {
        return COF_FAIL(err, PEER_CLOSED, "the worker has gone");
    }
    return cof_quote_source_quote(source, &request, evidence, err);
}

static void be_quoter(const cof_backend *backend, int fd)
{
    COF_CLEANUP(cof_quote_source_drop_) cof_quote_source *source = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf evidence = {0};
    cof_err err = {0};
    cof_buf_init(&evidence, COF_LIMIT_QUOTE_BYTES);
    close_all_but(fd);
    cof_status status = get_ready(backend, &source, &err);
    if (status == COF_OK && say(fd, COF_OK, (cof_view){0})) {
        status = quote_once(source, fd, &evidence, &err);
    }
    (void)say(fd, status, status == COF_OK ? cof_buf_view(&evidence) : cof_view_text(err.detail));
}

/* ---- the worker's end ---- */

static cof_status hear(int fd, cof_buf *out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf said = {0};
    uint8_t *place = NULL;
    cof_buf_init(&said, SAID_MAX);
    COF_TRY(cof_buf_extend(&said, SAID_MAX, &place, err));
    const ssize_t size = receive(fd, place, SAID_MAX);
    if (size < 1) {
        return COF_FAIL(err, PEER_CLOSED, "the quoter ended without an answer");
    }
    const cof_view content = cof_view_of(place + 1, (size_t)size - 1);
    if (place[0] == COF_OK) {
        return cof_buf_append(out, content, err);
    }
    if (place[0] >= COF_STATUS_COUNT) {
        return COF_FAIL(err, INTERNAL, "the quoter's status %u", place[0]);
    }
    return cof_err_set(err, (cof_status)place[0], __FILE__, __LINE__, "quoter: %.*s",
                       (int)content.size, (const char *)content.data);
}

static cof_status quoter_quote(cof_quote_source *self, const cof_quote_request *request,
                               cof_buf *out_quote, cof_err *err)
{
    const quoter_source *source = (const quoter_source *)self;
    if (!transmit(source->fd, request, sizeof *request)) {
        return COF_FAIL(err, PEER_CLOSED, "the quoter has ended");
    }
    return hear(source->fd, out_quote, err);
}

static void quoter_free(cof_quote_source *self)
{
    (void)close(((const quoter_source *)self)->fd);
    free(self);
}

COF_OWNED(quoter_source, free);

/* The worker's end of the pair, on the descriptor that is to be it. */
static cof_status place_at(int end, int fd, cof_err *err)
{
    if (end != fd && (dup3(end, fd, O_CLOEXEC) < 0 || close(end) != 0)) {
        return COF_FAIL_ERRNO(err, errno, "quoter's channel");
    }
    return COF_OK;
}

static cof_status start(const cof_backend *backend, int fd, cof_err *err)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        return COF_FAIL_ERRNO(err, errno, "quoter's channel");
    }
    /* The other end must not stand where the worker's is going to. */
    const int other = ends[1] == fd ? ends[0] : ends[1];
    const int own = ends[1] == fd ? ends[1] : ends[0];
    const pid_t child = fork();
    if (child == 0) {
        be_quoter(backend, other);
        _exit(0);
    }
    const int failure = errno;
    (void)close(other);
    if (child < 0) {
        (void)close(own);
        return COF_FAIL_ERRNO(err, failure, "quoter");
    }
    return place_at(own, fd, err);
}

cof_status cof_quoter_start(const cof_backend *backend, int fd, cof_quote_source **out_source,
                            cof_err *err)
{
    COF_CLEANUP(quoter_source_drop_) quoter_source *source = calloc(1, sizeof *source);
    COF_CLEANUP(cof_buf_free) cof_buf nothing = {0};
    if (source == NULL) {
        return COF_FAIL(err, NO_MEMORY, "quoter");
    }
    source->ops =
        (cof_quote_source_ops){.name = backend->name, .quote = quoter_quote, .free = quoter_free};
    source->base.ops = &source->ops;
    source->fd = fd;
    COF_TRY(start(backend, fd, err));
    const cof_status status = hear(fd, &nothing, err);
    if (status != COF_OK) {
        (void)close(fd);
        return status;
    }
    quoter_source *taken = quoter_source_take(&source);
    *out_source = &taken->base;
    return COF_OK;
}
