/*
 * Frames over a byte stream: u32 length (little endian) | u8 type | payload, length counting type
 * and payload. docs/formats/worker-protocol.md. Both sides use this file.
 */
#ifndef COF_WIRE_FRAME_H
#define COF_WIRE_FRAME_H

#include <stdint.h>

#include "tcb/base/buf.h"

enum { COF_FRAME_HEADER_SIZE = 5 };

/** One type that a reader is ready for, and how large its payload may be. */
typedef struct cof_frame_rule {
    uint8_t type;
    uint32_t low;  /* fewest bytes of payload */
    uint32_t high; /* most bytes of payload */
} cof_frame_rule;

/**
 * Two file descriptors, which may be the same.
 *
 * wait is called when a descriptor is not ready (which happens only to non-blocking ones), with
 * POLLIN or POLLOUT; it returns when it makes sense to try again, or a failure to give up with.
 * NULL: wait for that descriptor alone, as long as it takes.
 */
typedef struct cof_frame_port {
    int in;
    int out;
    cof_status (*wait)(void *context, int fd, short events, cof_err *err);
    void *context;
} cof_frame_port;

/**
 * Reads one frame whose type is among rules. The type is looked at before the payload is read, and
 * the length before memory is taken.
 *
 * @param payload  cleared, then filled; its limit must be at least the largest rule's
 * @return COF_OK, COF_E_PROTOCOL (type not among the rules, or a length that its rule does not
 *         allow), COF_E_PEER_CLOSED (the stream ended, also within a frame), COF_E_IO, or as wait.
 */
COF_MUST_USE cof_status cof_frame_read(const cof_frame_port *port, const cof_frame_rule *rules,
                                       size_t rule_count, uint8_t *out_type, cof_buf *payload,
                                       cof_err *err);

/**
 * Writes one frame whose payload is start, then rest (either may be empty), so that a short header
 * and a large body need not be copied together.
 * @return COF_OK, COF_E_LIMIT, COF_E_PEER_CLOSED, COF_E_IO, or as wait.
 */
COF_MUST_USE cof_status cof_frame_write(const cof_frame_port *port, uint8_t type, cof_view start,
                                        cof_view rest, cof_err *err);

#endif
