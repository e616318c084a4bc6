/* Workers launched by the simulated platform: measured, confined, quoted for, watched. */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/cof_tempdir.h"
#include "harness/cof_test.h"
#include "harness/cof_verify.h"
#include "local/platform/platform.h"
#include "tcb/wire/json.h"

enum { NOW = 1798761600, LONG_S = 20 };

static const char *worker_path;
static char folder[COF_TEMPDIR_SIZE];
static char socket_path[COF_TEMPDIR_SIZE + 32];
static struct event_base *base;
static cof_quoting *quoting;
static cof_platform *platform;

static int set_up(void **state)
{
    (void)state;
    cof_tempdir_make(folder);
    (void)snprintf(socket_path, sizeof socket_path, "%s/platform.sock", folder);
    base = event_base_new();
    assert_non_null(base);
    assert_ok(cof_quoting_open(folder, NOW, &quoting, NULL));
    assert_ok(cof_platform_start(base, socket_path, quoting, &platform, NULL));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    cof_platform_free(platform);
    cof_quoting_free(quoting);
    event_base_free(base);
    cof_tempdir_remove(folder);
    return 0;
}

/* Turns the loop until fd can be read. The platform and the test share a thread. */
static void turn_until_readable(int fd)
{
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    for (int i = 0; i < LONG_S * 100; i++) {
        (void)event_base_loop(base, EVLOOP_NONBLOCK);
        if (poll(&waiting, 1, 10) > 0) {
            return;
        }
    }
    fail_msg("nothing came");
}

static void turn_until_workers(size_t count)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    for (int i = 0; i < LONG_S * 1000 && cof_platform_workers(platform) != count; i++) {
        (void)event_base_loop(base, EVLOOP_NONBLOCK);
        (void)nanosleep(&pause, NULL);
    }
    assert_int_equal(cof_platform_workers(platform), count);
}

static int connect_agent(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, socket_path, strlen(socket_path) + 1);
    const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void send_launch(int agent, const char *text, const int *fds, size_t fd_count)
{
    union {
        char bytes[CMSG_SPACE(16 * sizeof(int))];
        struct cmsghdr aligned;
    } control = {{0}};
    struct iovec part = {.iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text)};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (fd_count > 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
        struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
        memcpy(CMSG_DATA(rights), fds, fd_count * sizeof(int));
    }
    assert_true(sendmsg(agent, &message, MSG_NOSIGNAL) >= 0);
}

static json_t *receive(int agent)
{
    char text[4096];
    json_t *value = NULL;
    turn_until_readable(agent);
    const ssize_t size = recv(agent, text, sizeof text, 0);
    assert_true(size > 0);
    assert_ok(cof_json_parse(cof_view_of(text, (size_t)size), sizeof text, &value, NULL));
    return value;
}

typedef struct worker {
    int agent;
    int stream;
    json_t *launched;
} worker;

static worker launch(const char *request)
{
    int pair[2];
    worker made = {.agent = connect_agent()};
    const int file = open(worker_path, O_RDONLY | O_CLOEXEC);
    assert_true(file >= 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    const int fds[] = {file, pair[1]};
    send_launch(made.agent, request, fds, 2);
    (void)close(file);
    (void)close(pair[1]);
    made.stream = pair[0];
    made.launched = receive(made.agent);
    assert_non_null(json_object_get(made.launched, "launched"));
    return made;
}

static void command(const worker *running, char what)
{
    assert_int_equal(send(running->stream, &what, 1, MSG_NOSIGNAL), 1);
}

static void hear(const worker *running, void *out, size_t size)
{
    turn_until_readable(running->stream);
    assert_int_equal(recv(running->stream, out, size, MSG_WAITALL), (ssize_t)size);
}

static void leave(worker *running)
{
    (void)close(running->agent);
    (void)close(running->stream);
    json_decref(running->launched);
}

static const char plain[] = "{\"launch\":{\"memory\":268435456,\"debug\":false,\"arguments\":[]}}";
static const char debug[] =
    "{\"launch\":{\"memory\":0,\"debug\":true,\"arguments\":[\"a\",\"b\"]}}";

static cof_digest file_digest(const char *path)
{
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {.limit = COF_PLATFORM_WORKER_MAX};
    cof_digest digest = {0};
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    uint8_t chunk[4096];
    for (size_t got = fread(chunk, 1, sizeof chunk, file); got > 0;
         got = fread(chunk, 1, sizeof chunk, file)) {
        assert_ok(cof_buf_append(&bytes, cof_view_of(chunk, got), NULL));
    }
    (void)fclose(file);
    assert_ok(cof_digest_of(cof_buf_view(&bytes), &digest, NULL));
    return digest;
}

static void quote_of(const worker *running, cof_facts *out_facts)
{
    static uint8_t quote[16 * 1024];
    uint32_t size = 0;
    command(running, 'q');
    hear(running, &size, sizeof size);
    assert_true(size > 0 && size <= sizeof quote);
    hear(running, quote, size);
    const cof_root_pin pin = {.family = COF_ROOT_SIMULATED, .spki = *cof_quoting_root(quoting)};
    assert_ok(verify_quote(cof_view_of(quote, size), &pin, 1, NOW, out_facts, NULL, NULL));
}

static void a_quote_names_the_worker_that_asked(void **state)
{
    (void)state;
    cof_facts facts = {0};
    uint8_t report_data[64];
    worker running = launch(plain);
    const cof_digest measured = file_digest(worker_path);
    quote_of(&running, &facts);
    memset(report_data, 0x5a, sizeof report_data);
    assert_true(memcmp(facts.sgx.mrenclave, measured.bytes, 32) == 0);
    assert_memory_equal(facts.report_data, report_data, sizeof report_data);
    assert_false(facts.is_debuggable);
    char text[65];
    cof_digest_text(&measured, text);
    assert_string_equal(json_string_value(json_object_get(
                            json_object_get(running.launched, "launched"), "mrenclave")),
                        text);
    leave(&running);
    turn_until_workers(0);
}

static void a_request_of_another_size_gets_no_quote(void **state)
{
    (void)state;
    uint32_t size = 1;
    worker running = launch(plain);
    command(&running, 'b');
    hear(&running, &size, sizeof size);
    assert_int_equal(size, 0);
    cof_facts facts = {0};
    quote_of(&running, &facts);
    leave(&running);
    turn_until_workers(0);
}

static void a_worker_has_four_descriptors_and_no_environment(void **state)
{
    (void)state;
    uint8_t facts[8] = {0};
    worker running = launch(plain);
    const json_t *namespaces =
        json_object_get(json_object_get(running.launched, "launched"), "namespaces");
    bool has_pid_namespace = false;
    for (size_t i = 0; i < json_array_size(namespaces); i++) {
        has_pid_namespace = has_pid_namespace ||
                            strcmp(json_string_value(json_array_get(namespaces, i)), "pid") == 0;
    }
    command(&running, 'i');
    hear(&running, facts, sizeof facts);
    assert_int_equal(facts[0], 0x0f);
    assert_int_equal(facts[1], 0);
    assert_int_equal(facts[2], 1);
    assert_int_equal(facts[3], 0);
    assert_int_equal(facts[4], has_pid_namespace ? 1 : 0);
    assert_int_equal(facts[6], 1);
    assert_int_equal(facts[7], 1);
    leave(&running);
    turn_until_workers(0);
}

static void debug_is_in_the_quote_and_allows_arguments(void **state)
{
    (void)state;
    cof_facts facts = {0};
    uint8_t told[8] = {0};
    worker running = launch(debug);
    quote_of(&running, &facts);
    assert_true(facts.is_debuggable);
    command(&running, 'i');
    hear(&running, told, sizeof told);
    assert_int_equal(told[2], 3);
    leave(&running);
    turn_until_workers(0);
}

static void the_agent_hears_how_a_worker_ended(void **state)
{
    (void)state;
    worker first = launch(plain);
    worker second = launch(plain);
    command(&first, 'x');
    COF_JSON json_t *exited = receive(first.agent);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(exited, "exited"), "code")),
                     7);
    command(&second, 'k');
    COF_JSON json_t *killed = receive(second.agent);
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(killed, "exited"), "signal")), SIGSEGV);
    leave(&first);
    leave(&second);
    turn_until_workers(0);
}

static bool is_running(pid_t pid)
{
    return kill(pid, 0) == 0;
}

static void a_worker_is_killed_when_its_agent_goes(void **state)
{
    (void)state;
    worker running = launch(plain);
    const pid_t pid = (pid_t)json_integer_value(
        json_object_get(json_object_get(running.launched, "launched"), "pid"));
    command(&running, 's');
    assert_true(is_running(pid));
    (void)close(running.agent);
    turn_until_workers(0);
    assert_false(is_running(pid));
    running.agent = -1;
    leave(&running);
}

static void several_workers_run_at_once_and_stop_with_the_platform(void **state)
{
    (void)state;
    worker workers[4];
    pid_t pids[4];
    for (size_t i = 0; i < 4; i++) {
        workers[i] = launch(plain);
        pids[i] = (pid_t)json_integer_value(
            json_object_get(json_object_get(workers[i].launched, "launched"), "pid"));
    }
    assert_int_equal(cof_platform_workers(platform), 4);
    cof_facts facts = {0};
    quote_of(&workers[2], &facts);
    quote_of(&workers[0], &facts);
    cof_platform_free(platform);
    platform = NULL;
    assert_int_not_equal(access(socket_path, F_OK), 0);
    for (size_t i = 0; i < 4; i++) {
        assert_false(is_running(pids[i]));
        leave(&workers[i]);
    }
}

static void refused(const char *text, size_t fd_count, const char *code)
{
    const int agent = connect_agent();
    const int file = open(worker_path, O_RDONLY | O_CLOEXEC);
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    const int fds[] = {file, null, null, null, null, null, null, null, null, null, null, null};
    send_launch(agent, text, fds, fd_count);
    COF_JSON json_t *answer = receive(agent);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(answer, "error"), "code")), code);
    (void)close(file);
    (void)close(null);
    (void)close(agent);
    turn_until_workers(0);
}

static void bad_launch_messages_are_refused(void **state)
{
    (void)state;
    static char huge[COF_PLATFORM_REQUEST_MAX + 100];
    refused("{", 2, "BAD_JSON");
    refused("[]", 2, "BAD_FORMAT");
    refused("{\"launch\":{\"memory\":0,\"debug\":false}}", 2, "BAD_FORMAT");
    refused("{\"launch\":{\"memory\":-1,\"debug\":false,\"arguments\":[]}}", 2, "BAD_FORMAT");
    refused("{\"launch\":{\"memory\":0,\"debug\":0,\"arguments\":[]}}", 2, "BAD_FORMAT");
    refused("{\"launch\":{\"memory\":0,\"debug\":false,\"arguments\":[],\"uid\":0}}", 2,
            "BAD_FORMAT");
    refused("{\"launch\":{\"memory\":0,\"debug\":false,\"arguments\":[\"--key\"]}}", 2,
            "BAD_FORMAT");
    refused("{\"launch\":{\"memory\":0,\"debug\":true,\"arguments\":[1]}}", 2, "BAD_FORMAT");
    refused("{\"launch\":{\"memory\":0,\"debug\":true,\"debug\":false,\"arguments\":[]}}", 2,
            "BAD_JSON");
    refused(plain, 0, "BAD_FORMAT");
    refused(plain, 1, "BAD_FORMAT");
    refused(plain, 3, "BAD_FORMAT");
    refused(plain, 12, "LIMIT");
    memset(huge, ' ', sizeof huge - 1);
    refused(huge, 2, "LIMIT");
}

static void what_is_no_program_is_not_started(void **state)
{
    (void)state;
    int pair[2];
    const int agent = connect_agent();
    char path[COF_TEMPDIR_SIZE + 16];
    (void)snprintf(path, sizeof path, "%s/text", folder);
    const int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(write(file, "no program", 10), 10);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    const int fds[] = {file, pair[1]};
    send_launch(agent, plain, fds, 2);
    COF_JSON json_t *answer = receive(agent);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(answer, "error"), "code")),
        "CONFINEMENT");
    (void)close(file);
    (void)close(pair[0]);
    (void)close(pair[1]);
    (void)close(agent);
    turn_until_workers(0);
}

static void a_message_after_the_launch_ends_the_worker(void **state)
{
    (void)state;
    worker running = launch(plain);
    assert_int_equal(send(running.agent, "more", 4, MSG_NOSIGNAL), 4);
    turn_until_workers(0);
    leave(&running);
}

static void the_socket_and_the_keys_are_private(void **state)
{
    (void)state;
    struct stat info;
    char path[COF_TEMPDIR_SIZE + 32];
    assert_int_equal(stat(socket_path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    (void)snprintf(path, sizeof path, "%s/quoting.keys", folder);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    /* Readable by others: refused. */
    assert_int_equal(chmod(path, 0644), 0);
    cof_quoting *again = NULL;
    assert_status(cof_quoting_open(folder, NOW, &again, NULL), PERMISSION);
}

static void the_root_is_the_same_after_a_restart(void **state)
{
    (void)state;
    cof_quoting *again = NULL;
    assert_ok(cof_quoting_open(folder, NOW + 1000, &again, NULL));
    assert_true(cof_digest_equal(cof_quoting_root(again), cof_quoting_root(quoting)));
    assert_string_equal(cof_quoting_root_pem(again), cof_quoting_root_pem(quoting));
    assert_non_null(strstr(cof_quoting_root_pem(again), "BEGIN CERTIFICATE"));
    cof_quoting_free(again);
}

static void a_damaged_key_file_is_refused(void **state)
{
    (void)state;
    char path[COF_TEMPDIR_SIZE + 32];
    (void)snprintf(path, sizeof path, "%s/quoting.keys", folder);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    for (off_t size = info.st_size - 1; size > 0; size /= 2) {
        cof_quoting *again = NULL;
        assert_int_equal(truncate(path, size), 0);
        assert_int_not_equal(cof_quoting_open(folder, NOW, &again, NULL), COF_OK);
    }
}

/* Runs a platform in a child process, kills that, and sees the worker die too. */
static void a_worker_dies_with_a_platform_that_is_killed(void **state)
{
    (void)state;
    int ready[2];
    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    const pid_t server = fork();
    if (server == 0) {
        worker running = launch(plain);
        command(&running, 's');
        const int32_t pid = (int32_t)json_integer_value(
            json_object_get(json_object_get(running.launched, "launched"), "pid"));
        (void)!write(ready[1], &pid, sizeof pid);
        for (;;) {
            (void)pause();
        }
    }
    int32_t pid = 0;
    (void)close(ready[1]); /* so that a child that fails ends the wait */
    assert_int_equal(event_reinit(base), 0);
    assert_int_equal(read(ready[0], &pid, sizeof pid), (ssize_t)sizeof pid);
    assert_true(is_running(pid));
    assert_int_equal(kill(server, SIGKILL), 0);
    assert_int_equal(waitpid(server, NULL, 0), server);
    /* The orphan is killed by the kernel; init reaps it. A zombie that nobody reaps still answers
     * kill(0): look at its state. */
    bool is_gone = false;
    for (int i = 0; i < LONG_S * 100 && !is_gone; i++) {
        char path[64];
        char line[256] = "";
        (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
        FILE *file = fopen(path, "r");
        is_gone = file == NULL || fgets(line, sizeof line, file) == NULL ||
                  strstr(line, ") Z") != NULL || strstr(line, ") X") != NULL;
        if (file != NULL) {
            (void)fclose(file);
        }
        (void)poll(NULL, 0, 10);
    }
    assert_true(is_gone);
    (void)close(ready[0]);
}

int main(int argc, char **argv)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    (void)argc;
    worker_path = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_quote_names_the_worker_that_asked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_request_of_another_size_gets_no_quote, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_worker_has_four_descriptors_and_no_environment, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(debug_is_in_the_quote_and_allows_arguments, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_agent_hears_how_a_worker_ended, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_worker_is_killed_when_its_agent_goes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(several_workers_run_at_once_and_stop_with_the_platform,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(bad_launch_messages_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_program_is_not_started, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_message_after_the_launch_ends_the_worker, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_socket_and_the_keys_are_private, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_root_is_the_same_after_a_restart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_damaged_key_file_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_worker_dies_with_a_platform_that_is_killed, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
