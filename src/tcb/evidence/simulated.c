#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tcb/evidence/quote_source.h"

enum { QUOTE_MAX = 16 * 1024 };

typedef struct simulated_source {
    cof_quote_source base;
    int fd;
} simulated_source;

static cof_status
send_report_data(int fd, const uint8_t report_data[static COF_QUOTE_REPORT_DATA_SIZE], cof_err *err)
{
    ssize_t sent = -1;
    do {
        sent = send(fd, report_data, COF_QUOTE_REPORT_DATA_SIZE, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0 && (errno == EPIPE || errno == ECONNRESET)) {
        return COF_FAIL(err, PEER_CLOSED, "the platform closed the quoting channel");
    }
    if (sent < 0) {
        return COF_FAIL_ERRNO(err, errno, "quoting channel");
    }
    /* A datagram goes whole or not at all. */
    return COF_OK;
}

static cof_status simulated_quote(cof_quote_source *self, const cof_quote_request *request,
                                  cof_buf *out_quote, cof_err *err)
{
    const simulated_source *source = (const simulated_source *)self;
    uint8_t quote[QUOTE_MAX];
    struct iovec part = {.iov_base = quote, .iov_len = sizeof quote};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    COF_TRY(send_report_data(source->fd, request->report_data, err));
    ssize_t size = -1;
    do {
        size = recvmsg(source->fd, &message, MSG_CMSG_CLOEXEC);
    } while (size < 0 && errno == EINTR);
    if (size < 0 && errno != ECONNRESET) {
        return COF_FAIL_ERRNO(err, errno, "quoting channel");
    }
    if (size <= 0) {
        return COF_FAIL(err, PEER_CLOSED, "the platform made no quote");
    }
    if ((message.msg_flags & MSG_TRUNC) != 0) {
        return COF_FAIL(err, LIMIT, "a quote of more than %d bytes", QUOTE_MAX);
    }
    return cof_buf_append(out_quote, cof_view_of(quote, (size_t)size), err);
}

static void simulated_free(cof_quote_source *self)
{
    simulated_source *source = (simulated_source *)self;
    (void)close(source->fd);
    free(source);
}

static const cof_quote_source_ops simulated_ops = {
    .name = "simulated", .quote = simulated_quote, .free = simulated_free};

cof_status cof_quote_source_simulated(int fd, cof_quote_source **out_source, cof_err *err)
{
    int type = 0;
    socklen_t size = sizeof type;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_SEQPACKET) {
        return COF_FAIL(err, BAD_ARGUMENT, "fd %d is not the platform's quoting channel", fd);
    }
    simulated_source *source = calloc(1, sizeof *source);
    if (source == NULL) {
        return COF_FAIL(err, NO_MEMORY, "quote source");
    }
    source->base.ops = &simulated_ops;
    source->fd = fd;
    *out_source = &source->base;
    return COF_OK;
}
