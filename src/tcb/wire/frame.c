#include "tcb/wire/frame.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "tcb/base/limits.h"

static cof_status wait_for(const cof_frame_port *port, int fd, short events, cof_err *err)
{
    if (port->wait != NULL) {
        return port->wait(port->context, fd, events, err);
    }
    struct pollfd one = {.fd = fd, .events = events};
    if (poll(&one, 1, -1) < 0 && errno != EINTR) {
        return COF_FAIL_ERRNO(err, errno, "poll");
    }
    return COF_OK;
}

static bool is_not_ready(int errno_value)
{
    return errno_value == EAGAIN || errno_value == EWOULDBLOCK;
}

static bool is_closed(int errno_value)
{
    return errno_value == EPIPE || errno_value == ECONNRESET;
}

static cof_status read_exact(const cof_frame_port *port, uint8_t *place, size_t size, cof_err *err)
{
    size_t have = 0;
    while (have < size) {
        const ssize_t got = read(port->in, place + have, size - have);
        if (got > 0) {
            have += (size_t)got;
        } else if (got == 0 || is_closed(errno)) {
            return COF_FAIL(err, PEER_CLOSED, "the stream ended, %zu of %zu bytes read", have,
                            size);
        } else if (is_not_ready(errno)) {
            COF_TRY(wait_for(port, port->in, POLLIN, err));
        } else if (errno != EINTR) {
            return COF_FAIL_ERRNO(err, errno, "read from the stream");
        }
    }
    return COF_OK;
}

static cof_status write_all(const cof_frame_port *port, cof_view bytes, cof_err *err)
{
    size_t done = 0;
    while (done < bytes.size) {
        const ssize_t put = write(port->out, bytes.data + done, bytes.size - done);
        if (put >= 0) {
            done += (size_t)put;
        } else if (is_closed(errno)) {
            return COF_FAIL(err, PEER_CLOSED, "the stream is closed, %zu of %zu bytes written",
                            done, bytes.size);
        } else if (is_not_ready(errno)) {
            COF_TRY(wait_for(port, port->out, POLLOUT, err));
        } else if (errno != EINTR) {
            return COF_FAIL_ERRNO(err, errno, "write to the stream");
        }
    }
    return COF_OK;
}

cof_status cof_frame_read(const cof_frame_port *port, const cof_frame_rule *rules,
                          size_t rule_count, uint8_t *out_type, cof_buf *payload, cof_err *err)
{
    uint8_t header[COF_FRAME_HEADER_SIZE];
    COF_TRY(read_exact(port, header, sizeof header, err));
    const uint32_t length = (uint32_t)header[0] | (uint32_t)header[1] << 8 |
                            (uint32_t)header[2] << 16 | (uint32_t)header[3] << 24;
    const uint8_t type = header[4];
    for (size_t i = 0; i < rule_count; i++) {
        if (rules[i].type != type) {
            continue;
        }
        if (length == 0 || length - 1 < rules[i].low || length - 1 > rules[i].high) {
            return COF_FAIL(err, PROTOCOL, "a frame of type 0x%02x has length %lu", type,
                            (unsigned long)length);
        }
        cof_buf_clear(payload);
        uint8_t *place = NULL;
        COF_TRY(cof_buf_extend(payload, length - 1, &place, err));
        const cof_status status = read_exact(port, place, length - 1, err);
        if (status != COF_OK) {
            cof_buf_clear(payload);
            return status;
        }
        *out_type = type;
        return COF_OK;
    }
    return COF_FAIL(err, PROTOCOL, "a frame of type 0x%02x was not asked for", type);
}

cof_status cof_frame_write(const cof_frame_port *port, uint8_t type, cof_view start, cof_view rest,
                           cof_err *err)
{
    if (start.size > COF_LIMIT_FRAME_BYTES || rest.size > COF_LIMIT_FRAME_BYTES - start.size) {
        return COF_FAIL(err, LIMIT, "a frame of %zu + %zu bytes", start.size, rest.size);
    }
    const size_t length = 1 + start.size + rest.size;
    /* Small frames leave in one write: an event should not cost its reader two wake-ups. */
    uint8_t joined[512] = {(uint8_t)length, (uint8_t)(length >> 8), (uint8_t)(length >> 16),
                           (uint8_t)(length >> 24), type};
    size_t used = COF_FRAME_HEADER_SIZE;
    if (start.size > sizeof joined - used) {
        COF_TRY(write_all(port, cof_view_of(joined, used), err));
        COF_TRY(write_all(port, start, err));
        return write_all(port, rest, err);
    }
    if (start.size > 0) {
        memcpy(joined + used, start.data, start.size);
        used += start.size;
    }
    if (rest.size > 0 && rest.size <= sizeof joined - used) {
        memcpy(joined + used, rest.data, rest.size);
        used += rest.size;
        rest.size = 0;
    }
    COF_TRY(write_all(port, cof_view_of(joined, used), err));
    return write_all(port, rest, err);
}
