#include "tcb/wire/frame.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/cof_test.h"
#include "tcb/base/limits.h"

static const cof_frame_rule rules[] = {{0x01, 0, 4}, {0x02, 2, 300000}};

static void make_pair(int ends[static 2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
}

/* What reading these bytes, and then the end of the stream, gives. */
static cof_status read_bytes(const void *bytes, size_t size, uint8_t *out_type, cof_buf *payload)
{
    int ends[2];
    make_pair(ends);
    assert_int_equal(write(ends[1], bytes, size), size);
    (void)close(ends[1]);
    const cof_frame_port port = {.in = ends[0], .out = ends[0]};
    const cof_status status = cof_frame_read(&port, rules, 2, out_type, payload, NULL);
    (void)close(ends[0]);
    return status;
}

static void a_frame_is_length_type_payload(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf payload = {.limit = 300000};
    uint8_t type = 0;
    assert_ok(read_bytes("\x04\0\0\0\x01yes", 8, &type, &payload));
    assert_int_equal(type, 1);
    assert_view_text(cof_buf_view(&payload), "yes");
    assert_ok(read_bytes("\x01\0\0\0\x01", 5, &type, &payload));
    assert_int_equal(payload.size, 0);
}

static void lengths_outside_the_types_limits_are_refused(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf payload = {.limit = 300000};
    uint8_t type = 0;
    assert_ok(read_bytes("\x05\0\0\0\x01"
                         "abcd",
                         9, &type, &payload));
    assert_status(read_bytes("\x06\0\0\0\x01"
                             "abcde",
                             10, &type, &payload),
                  PROTOCOL);
    assert_status(read_bytes("\x00\0\0\0\x01", 5, &type, &payload), PROTOCOL);
    assert_status(read_bytes("\x02\0\0\0\x02"
                             "a",
                             6, &type, &payload),
                  PROTOCOL);
    assert_status(read_bytes("\xff\xff\xff\xff\x02", 5, &type, &payload), PROTOCOL);
}

static void types_that_were_not_asked_for_are_refused(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf payload = {.limit = 300000};
    uint8_t type = 7;
    assert_status(read_bytes("\x02\0\0\0\x03"
                             "a",
                             6, &type, &payload),
                  PROTOCOL);
    assert_int_equal(type, 7);
}

static void a_stream_that_ends_anywhere_is_reported_as_closed(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf payload = {.limit = 300000};
    uint8_t type = 0;
    for (size_t size = 0; size < 8; size++) {
        assert_status(read_bytes("\x04\0\0\0\x01yes", size, &type, &payload), PEER_CLOSED);
        assert_int_equal(payload.size, 0);
    }
}

typedef struct writer {
    int fd;
    size_t start;
    size_t rest;
    cof_status status;
} writer;

static void *write_one(void *context)
{
    writer *self = context;
    uint8_t *bytes = malloc(self->start + self->rest + 1);
    for (size_t i = 0; i < self->start + self->rest; i++) {
        bytes[i] = (uint8_t)(i * 31);
    }
    const cof_frame_port port = {.in = self->fd, .out = self->fd};
    self->status = cof_frame_write(&port, 0x02, cof_view_of(bytes, self->start),
                                   cof_view_of(bytes + self->start, self->rest), NULL);
    free(bytes);
    return NULL;
}

static void what_is_written_in_two_parts_is_read_as_one(void **state)
{
    (void)state;
    static const size_t sizes[][2] = {{2, 0},   {0, 2},   {3, 500},    {500, 20},
                                      {507, 1}, {508, 1}, {1, 299999}, {200000, 100000}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        COF_CLEANUP(cof_buf_free) cof_buf payload = {.limit = 300000};
        int ends[2];
        pthread_t thread;
        uint8_t type = 0;
        make_pair(ends);
        assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
        assert_int_equal(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
        writer self = {.fd = ends[1], .start = sizes[i][0], .rest = sizes[i][1]};
        const cof_frame_port port = {.in = ends[0], .out = ends[0]};
        assert_int_equal(pthread_create(&thread, NULL, write_one, &self), 0);
        assert_ok(cof_frame_read(&port, rules, 2, &type, &payload, NULL));
        (void)pthread_join(thread, NULL);
        assert_ok(self.status);
        assert_int_equal(payload.size, self.start + self.rest);
        for (size_t k = 0; k < payload.size; k++) {
            assert_int_equal(payload.data[k], (uint8_t)(k * 31));
        }
        (void)close(ends[0]);
        (void)close(ends[1]);
    }
}

static cof_status give_up(void *context, int fd, short events, cof_err *err)
{
    (void)fd;
    *(short *)context = events;
    return COF_FAIL(err, CANCELLED, "test");
}

static void whoever_waits_can_be_told_to_give_up(void **state)
{
    (void)state;
    static const uint8_t bytes[COF_LIMIT_FRAME_BYTES];
    COF_CLEANUP(cof_buf_free) cof_buf payload = {.limit = 300000};
    int ends[2];
    uint8_t type = 0;
    short events = 0;
    make_pair(ends);
    assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    const cof_frame_port port = {
        .in = ends[0], .out = ends[0], .wait = give_up, .context = &events};
    assert_status(cof_frame_read(&port, rules, 2, &type, &payload, NULL), CANCELLED);
    assert_int_equal(events, POLLIN);
    /* More than a socket's buffer holds, while nobody reads. */
    assert_status(
        cof_frame_write(&port, 0x02, (cof_view){0}, cof_view_of(bytes, sizeof bytes), NULL),
        CANCELLED);
    assert_int_equal(events, POLLOUT);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void a_frame_over_every_limit_is_not_written(void **state)
{
    (void)state;
    static const uint8_t bytes[COF_LIMIT_FRAME_BYTES + 1];
    const cof_frame_port port = {.in = -1, .out = -1};
    assert_status(cof_frame_write(&port, 1, cof_view_of(bytes, sizeof bytes), (cof_view){0}, NULL),
                  LIMIT);
    assert_status(cof_frame_write(&port, 1, cof_view_of(bytes, 1),
                                  cof_view_of(bytes, sizeof bytes - 1), NULL),
                  LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_is_length_type_payload),
        cmocka_unit_test(lengths_outside_the_types_limits_are_refused),
        cmocka_unit_test(types_that_were_not_asked_for_are_refused),
        cmocka_unit_test(a_stream_that_ends_anywhere_is_reported_as_closed),
        cmocka_unit_test(what_is_written_in_two_parts_is_read_as_one),
        cmocka_unit_test(whoever_waits_can_be_told_to_give_up),
        cmocka_unit_test(a_frame_over_every_limit_is_not_written),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
