/* The process that quotes: what comes through, and what it cannot do. This program must not use
 * OpenSSL itself: a quoter starts before that. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/cof_tempdir.h"
#include "harness/cof_test.h"
#include "tcb/base/limits.h"
#include "tcb/worker/confine.h"
#include "tcb/worker/quoter.h"
#include "tcb/worker/worker.h"

enum { CHANNEL = 40 };

/* What the quoter of a test does; it is forked with this. */
static struct {
    char folder[COF_TEMPDIR_SIZE];
    bool has_folder;
    cof_status (*quote)(const cof_quote_request *request, cof_buf *out, cof_err *err);
} play;

static cof_status played_quote(cof_quote_source *self, const cof_quote_request *request,
                               cof_buf *out, cof_err *err)
{
    (void)self;
    return play.quote(request, out, err);
}

static void played_free(cof_quote_source *self)
{
    (void)self;
}

static const cof_quote_source_ops played_ops = {
    .name = "played", .quote = played_quote, .free = played_free};

static cof_status open_played(cof_quote_source **out_source, const char **out_folder, cof_err *err)
{
    static cof_quote_source source = {.ops = &played_ops};
    (void)err;
    *out_source = &source;
    *out_folder = play.has_folder ? play.folder : NULL;
    return COF_OK;
}

static cof_status open_nothing(cof_quote_source **out_source, const char **out_folder, cof_err *err)
{
    (void)out_source;
    (void)out_folder;
    return COF_FAIL(err, UNSUPPORTED, "no such platform");
}

static const cof_backend backend = {.name = "played", .open = open_played, .has_quoter = true};

static cof_quote_request request;

static int set_up(void **state)
{
    (void)state;
    cof_tempdir_make(play.folder);
    play.has_folder = false;
    memset(&request, 0x3c, sizeof request);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    cof_tempdir_remove(play.folder);
    while (waitpid(-1, NULL, 0) > 0) { /* every quoter ends */
    }
    return 0;
}

/* One quote by a quoter; how it ended is awaited. */
static cof_status quote(cof_status (*how)(const cof_quote_request *, cof_buf *, cof_err *),
                        cof_buf *out, int *out_how, cof_err *err)
{
    COF_CLEANUP(cof_quote_source_drop_) cof_quote_source *source = NULL;
    play.quote = how;
    assert_ok(cof_quoter_start(&backend, CHANNEL, &source, NULL));
    assert_string_equal(cof_quote_source_name(source), "played");
    const cof_status status = cof_quote_source_quote(source, &request, out, err);
    assert_true(waitpid(-1, out_how, 0) > 0);
    return status;
}

/* ---- what comes through ---- */

static cof_status echo(const cof_quote_request *asked, cof_buf *out, cof_err *err)
{
    return cof_buf_append(out, cof_view_of(asked, sizeof *asked), err);
}

static cof_status fill(const cof_quote_request *asked, cof_buf *out, cof_err *err)
{
    uint8_t *place = NULL;
    COF_TRY(cof_buf_extend(out, COF_LIMIT_QUOTE_BYTES, &place, err));
    memset(place, asked->report_data[0], COF_LIMIT_QUOTE_BYTES);
    return COF_OK;
}

static cof_status be_busy(const cof_quote_request *asked, cof_buf *out, cof_err *err)
{
    (void)asked;
    (void)out;
    return COF_FAIL(err, BUSY, "somebody else");
}

static cof_status die(const cof_quote_request *asked, cof_buf *out, cof_err *err)
{
    (void)asked;
    (void)out;
    (void)err;
    _exit(7);
}

/* As if taken over: says what no status is, on its channel, wherever that stands. */
static cof_status say_nonsense(const cof_quote_request *asked, cof_buf *out, cof_err *err)
{
    (void)asked;
    (void)out;
    (void)err;
    for (int fd = 3; fd < 256; fd++) {
        (void)send(fd, "\xfa nonsense", 10, MSG_NOSIGNAL);
    }
    _exit(8);
}

static void evidence_comes_through_whole(void **state)
{
    (void)state;
    int how = -1;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = COF_LIMIT_QUOTE_BYTES};
    assert_ok(quote(echo, &out, &how, NULL));
    assert_int_equal(out.size, sizeof request);
    assert_memory_equal(out.data, &request, sizeof request);
    assert_int_equal(how, 0);
    cof_buf_clear(&out);
    assert_ok(quote(fill, &out, &how, NULL));
    assert_int_equal(out.size, COF_LIMIT_QUOTE_BYTES);
    assert_int_equal(out.data[out.size - 1], 0x3c);
}

static void a_failure_comes_through_with_its_reason(void **state)
{
    (void)state;
    int how = -1;
    cof_err err = {0};
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = COF_LIMIT_QUOTE_BYTES};
    assert_status(quote(be_busy, &out, &how, &err), BUSY);
    assert_string_equal(err.detail, "quoter: somebody else");
    assert_int_equal(out.size, 0);
    assert_status(quote(die, &out, &how, &err), PEER_CLOSED);
    assert_int_equal(WEXITSTATUS(how), 7);
    assert_status(quote(say_nonsense, &out, &how, &err), INTERNAL);
    assert_string_equal(err.detail, "the quoter's status 250");
}

static void what_cannot_be_opened_fails_at_the_start(void **state)
{
    (void)state;
    static const cof_backend none = {.name = "none", .open = open_nothing, .has_quoter = true};
    cof_quote_source *source = NULL;
    cof_err err = {0};
    assert_status(cof_quoter_start(&none, CHANNEL, &source, &err), UNSUPPORTED);
    assert_string_equal(err.detail, "quoter: no such platform");
    assert_null(source);
    assert_int_equal(fcntl(CHANNEL, F_GETFD), -1);
}

static void it_quotes_once_and_ends(void **state)
{
    (void)state;
    int how = -1;
    COF_CLEANUP(cof_quote_source_drop_) cof_quote_source *source = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = COF_LIMIT_QUOTE_BYTES};
    play.quote = echo;
    assert_ok(cof_quoter_start(&backend, CHANNEL, &source, NULL));
    assert_int_equal(waitpid(-1, &how, WNOHANG), 0);
    assert_ok(cof_quote_source_quote(source, &request, &out, NULL));
    assert_true(waitpid(-1, &how, 0) > 0);
    assert_int_equal(how, 0);
    assert_status(cof_quote_source_quote(source, &request, &out, NULL), PEER_CLOSED);
    assert_int_equal(out.size, sizeof request);
}

static void it_ends_when_the_worker_has_gone(void **state)
{
    (void)state;
    int how = -1;
    cof_quote_source *source = NULL;
    play.quote = echo;
    assert_ok(cof_quoter_start(&backend, CHANNEL, &source, NULL));
    cof_quote_source_free(source);
    assert_true(waitpid(-1, &how, 0) > 0);
    assert_int_equal(how, 0);
}

static void the_channel_stands_where_it_was_asked_for(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = COF_LIMIT_QUOTE_BYTES};
    play.quote = echo;
    /* Occupied, the next free one, and the one after that. */
    const int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_true(next >= 0);
    for (int fd = next; fd < next + 4; fd++) {
        cof_quote_source *source = NULL;
        cof_buf_clear(&out);
        assert_ok(cof_quoter_start(&backend, fd, &source, NULL));
        int type = 0;
        socklen_t size = sizeof type;
        assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size), 0);
        assert_int_equal(type, SOCK_SEQPACKET);
        assert_ok(cof_quote_source_quote(source, &request, &out, NULL));
        cof_quote_source_free(source);
        assert_int_equal(fcntl(fd, F_GETFD), -1);
    }
}

/* As main() does it; the worker's own walls are no different for it. */
static int be_worker(void)
{
    COF_CLEANUP(cof_quote_source_drop_) cof_quote_source *source = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = COF_LIMIT_QUOTE_BYTES};
    cof_confinement holds;
    if (cof_quoter_start(&backend, 3, &source, NULL) != COF_OK ||
        cof_worker_prepare(NULL) != COF_OK || cof_confine(&holds, NULL) != COF_OK ||
        cof_quote_source_quote(source, &request, &out, NULL) != COF_OK) {
        return 1;
    }
    return out.size == sizeof request && memcmp(out.data, &request, sizeof request) == 0 ? 0 : 2;
}

static void a_confined_worker_gets_its_evidence(void **state)
{
    (void)state;
    int how = -1;
    play.quote = echo;
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(be_worker());
    }
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_int_equal(how, 0);
}

/* ---- what it cannot do: each attempt is first seen to work outside ---- */

static cof_status report(bool worked, cof_buf *out, cof_err *err)
{
    return cof_buf_append_text(out, worked ? "worked" : "refused", err);
}

static cof_status open_outside(const cof_quote_request *asked, cof_buf *out, cof_err *err)
{
    (void)asked;
    return report(open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0, out, err);
}

static cof_status write_inside(const cof_quote_request *asked, cof_buf *out, cof_err *err)
{
    (void)asked;
    char entry[COF_TEMPDIR_SIZE + 16];
    char file[COF_TEMPDIR_SIZE + 16];
    (void)snprintf(entry, sizeof entry, "%s/entry", play.folder);
    (void)snprintf(file, sizeof file, "%s/file", play.folder);
    const int fd = open(file, O_WRONLY | O_CLOEXEC);
    const bool worked = mkdir(entry, 0700) == 0 && rmdir(entry) == 0 && fd >= 0 &&
                        write(fd, "x", 1) == 1 && close(fd) == 0;
    return report(worked, out, err);
}

static cof_status make_file_inside(const cof_quote_request *asked, cof_buf *out, cof_err *err)
{
    (void)asked;
    char file[COF_TEMPDIR_SIZE + 16];
    (void)snprintf(file, sizeof file, "%s/new", play.folder);
    return report(open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) >= 0, out, err);
}

static cof_status run_program(const cof_quote_request *asked, cof_buf *out, cof_err *err)
{
    (void)asked;
    char *arguments[] = {(char *)(uintptr_t) "true", NULL};
    (void)execve("/bin/true", arguments, NULL);
    return report(false, out, err);
}

static cof_status make_socket(const cof_quote_request *asked, cof_buf *out, cof_err *err)
{
    (void)asked;
    return report(socket(AF_UNIX, SOCK_STREAM, 0) >= 0, out, err);
}

static cof_status make_process(const cof_quote_request *asked, cof_buf *out, cof_err *err)
{
    (void)asked;
    const pid_t child = fork();
    if (child == 0) {
        _exit(0);
    }
    return report(child > 0, out, err);
}

static cof_status read_the_worker(const cof_quote_request *asked, cof_buf *out, cof_err *err)
{
    (void)asked;
    static char here = 'h';
    struct iovec local = {&here, 1};
    return report(process_vm_readv(getppid(), &local, 1, &local, 1, 0) == 1, out, err);
}

static cof_status use_stream(const cof_quote_request *asked, cof_buf *out, cof_err *err)
{
    (void)asked;
    char byte = 0;
    return report(!(read(0, &byte, 1) < 0 && errno == EBADF && write(1, "", 0) < 0), out, err);
}

static void assert_text(cof_status (*how)(const cof_quote_request *, cof_buf *, cof_err *),
                        const char *text)
{
    int ended = -1;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = COF_LIMIT_QUOTE_BYTES};
    assert_ok(quote(how, &out, &ended, NULL));
    assert_view_text(cof_buf_view(&out), text);
}

static void assert_kills(cof_status (*how)(const cof_quote_request *, cof_buf *, cof_err *))
{
    int ended = 0;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = COF_LIMIT_QUOTE_BYTES};
    assert_status(quote(how, &out, &ended, NULL), PEER_CLOSED);
    assert_true(WIFSIGNALED(ended));
    assert_int_equal(WTERMSIG(ended), SIGSYS);
}

static void without_a_folder_it_opens_nothing(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf outside = {.limit = 64};
    assert_ok(open_outside(&request, &outside, NULL));
    assert_view_text(cof_buf_view(&outside), "worked");
    assert_kills(open_outside);
    assert_kills(write_inside);
}

static void with_a_folder_it_opens_files_of_that_alone(void **state)
{
    (void)state;
    char file[COF_TEMPDIR_SIZE + 16];
    (void)snprintf(file, sizeof file, "%s/file", play.folder);
    const int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    (void)close(fd);
    play.has_folder = true;
    assert_text(write_inside, "worked");
    /* Which files is Landlock's to say, where the kernel has it. */
    const char *by_landlock =
        syscall(SYS_landlock_create_ruleset, NULL, 0, 1) >= 1 ? "refused" : "worked";
    assert_text(open_outside, by_landlock);
    assert_text(make_file_inside, by_landlock);
}

static void it_starts_nothing_and_reaches_nobody(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        play.has_folder = i == 1;
        assert_kills(run_program);
        assert_kills(make_socket);
        assert_kills(make_process);
        assert_kills(read_the_worker);
    }
}

static void it_does_not_hold_the_stream_open(void **state)
{
    (void)state;
    assert_text(use_stream, "refused");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        TEST(evidence_comes_through_whole),
        TEST(a_failure_comes_through_with_its_reason),
        TEST(what_cannot_be_opened_fails_at_the_start),
        TEST(it_quotes_once_and_ends),
        TEST(it_ends_when_the_worker_has_gone),
        TEST(the_channel_stands_where_it_was_asked_for),
        TEST(a_confined_worker_gets_its_evidence),
        TEST(without_a_folder_it_opens_nothing),
        TEST(with_a_folder_it_opens_files_of_that_alone),
        TEST(it_starts_nothing_and_reaches_nobody),
        TEST(it_does_not_hold_the_stream_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
