/* Client and server together: the server is a child process. */
#include "http_server_fixture.h"

/* ---- set-up ---- */

static void make_certificate(fixture *f)
{
    COF_CLEANUP(cof_ec_key_drop_) cof_ec_key *key = NULL;
    COF_CLEANUP(X509_drop_) X509 *certificate = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf pem = {.limit = 8192};
    assert_ok(cof_ec_generate(&key, NULL));
    const cof_cert_request request = {.common_name = "localhost",
                                      .key = cof_ec_evp(key),
                                      .alt_names = "DNS:localhost",
                                      .not_before = (int64_t)time(NULL) - 10,
                                      .days = 1};
    assert_ok(cof_cert_make(&request, &certificate, NULL));
    assert_ok(cof_cert_to_pem(certificate, &pem, NULL));
    assert_ok(cof_path_format(&f->certificate, NULL, "%s/c.pem", f->folder));
    assert_ok(cof_path_format(&f->key, NULL, "%s/k.pem", f->folder));
    assert_ok(cof_write_file(f->certificate.text, cof_buf_view(&pem), 0600, NULL));
    FILE *file = fopen(f->key.text, "w");
    assert_non_null(file);
    assert_int_equal(PEM_write_PKCS8PrivateKey(file, cof_ec_evp(key), NULL, NULL, 0, NULL, NULL),
                     1);
    assert_int_equal(fclose(file), 0);
}

static int start(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    int ready[2];
    cof_tempdir_make(f->folder);
    make_certificate(f);
    assert_int_equal(pipe(ready), 0);
    f->child = fork();
    assert_true(f->child >= 0);
    if (f->child == 0) {
        cof_err err = {0};
        const cof_status status = serve(f, ready[1], &err);
        if (status != COF_OK) {
            (void)fprintf(stderr, "# server: %s\n", err.detail);
        }
        free(f);
        exit(status == COF_OK ? 0 : 1);
    }
    assert_int_equal(read(ready[0], &f->port, sizeof f->port), sizeof f->port);
    (void)close(ready[0]);
    (void)close(ready[1]);
    const cof_http_client_options options = {.ca_path = f->certificate.text, .total_ms = 5000};
    assert_ok(cof_http_client_new(&options, &f->client, NULL));
    *state = f;
    return 0;
}

static int stop(void **state)
{
    fixture *f = *state;
    int status = 0;
    cof_http_client_free(f->client);
    (void)kill(f->child, SIGTERM);
    (void)waitpid(f->child, &status, 0);
    cof_tempdir_remove(f->folder);
    free(f);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

static cof_status send_to(const fixture *f, cof_http_client *client, cof_http_call call,
                          const char *path, cof_http_answer *answer, cof_err *err)
{
    char url[256];
    (void)snprintf(url, sizeof url, "https://localhost:%u%s", (unsigned)f->port, path);
    call.url = url;
    return cof_http_send(client, &call, answer, err);
}

static cof_status get(const fixture *f, const char *path, cof_http_answer *answer)
{
    return send_to(f, f->client, (cof_http_call){.method = "GET"}, path, answer, NULL);
}

/* ---- the client ---- */

static void a_request_arrives_whole(void **state)
{
    COF_CLEANUP(cof_http_answer_free) cof_http_answer answer = {0};
    const cof_http_pair headers[] = {{"X-Said", "hello"}};
    const cof_http_call call = {.method = "POST",
                                .headers = headers,
                                .header_count = 1,
                                .body = cof_view_text("the body"),
                                .content_type = "text/plain"};
    assert_ok(send_to(*state, ((fixture *)*state)->client, call, "/echo/a%20b?word=x%26y", &answer,
                      NULL));
    assert_view_text(cof_buf_view(&answer.body),
                     "{\"method\":\"POST\",\"name\":\"a "
                     "b\",\"said\":\"hello\",\"word\":\"x&y\",\"body\":\"the body\"}");
    assert_string_equal(cof_http_answer_header(&answer, "CONTENT-TYPE"),
                        "application/json; charset=utf-8");
    assert_null(cof_http_answer_header(&answer, "X-None"));
}

static void refusals_carry_status_and_code(void **state)
{
    COF_CLEANUP(cof_http_answer_free) cof_http_answer answer = {0};
    cof_err err = {0};
    assert_status(send_to(*state, ((fixture *)*state)->client, (cof_http_call){.method = "GET"},
                          "/nothing?secret=1", &answer, &err),
                  REMOTE_ERROR);
    assert_int_equal(answer.status, 404);
    assert_string_equal(answer.code, "NOT_FOUND");
    assert_non_null(strstr(err.detail, "404 NOT_FOUND"));
    assert_null(strstr(err.detail, "secret"));
}

static void an_internal_failure_tells_no_detail(void **state)
{
    COF_CLEANUP(cof_http_answer_free) cof_http_answer answer = {0};
    const cof_http_client_options options = {.ca_path = ((fixture *)*state)->certificate.text,
                                             .retry = {.attempts = 1}};
    COF_CLEANUP(cof_http_client_drop_) cof_http_client *client = NULL;
    assert_ok(cof_http_client_new(&options, &client, NULL));
    assert_status(
        send_to(*state, client, (cof_http_call){.method = "GET"}, "/failure", &answer, NULL),
        REMOTE_ERROR);
    assert_int_equal(answer.status, 500);
    assert_null(memmem(answer.body.data, answer.body.size, "detail", 6));
}

static void a_busy_service_is_asked_again(void **state)
{
    COF_CLEANUP(cof_http_answer_free) cof_http_answer answer = {0};
    assert_ok(send_to(*state, ((fixture *)*state)->client, (cof_http_call){.method = "POST"},
                      "/flaky", &answer, NULL));
    assert_int_equal(answer.status, 200);
}

static void an_answer_over_its_limit_is_refused(void **state)
{
    COF_CLEANUP(cof_http_answer_free) cof_http_answer answer = {0};
    const fixture *f = *state;
    assert_status(send_to(f, f->client, (cof_http_call){.method = "GET", .answer_limit = 100000},
                          "/big", &answer, NULL),
                  LIMIT);
    assert_ok(send_to(f, f->client, (cof_http_call){.method = "GET", .answer_limit = 300000},
                      "/big", &answer, NULL));
    assert_int_equal(answer.body.size, 300000);
}

static void a_slow_service_is_a_timeout(void **state)
{
    const fixture *f = *state;
    COF_CLEANUP(cof_http_answer_free) cof_http_answer answer = {0};
    COF_CLEANUP(cof_http_client_drop_) cof_http_client *client = NULL;
    const cof_http_client_options options = {
        .ca_path = f->certificate.text, .total_ms = 200, .retry = {.attempts = 1}};
    assert_ok(cof_http_client_new(&options, &client, NULL));
    assert_status(send_to(f, client, (cof_http_call){.method = "GET"}, "/slow", &answer, NULL),
                  TIMEOUT);
}

static void a_path_is_sent_as_it_was_given(void **state)
{
    COF_CLEANUP(cof_http_answer_free) cof_http_answer answer = {0};
    /* What was checked, and signed, must be what the service sees: this one refuses dot segments.
     */
    assert_status(get(*state, "/redirect/../echo/x", &answer), REMOTE_ERROR);
    assert_int_equal(answer.status, 400);
}

static void redirects_are_not_followed(void **state)
{
    COF_CLEANUP(cof_http_answer_free) cof_http_answer answer = {0};
    assert_status(get(*state, "/redirect", &answer), REMOTE_ERROR);
    assert_int_equal(answer.status, 302);
}

static void proxies_of_the_environment_are_ignored(void **state)
{
    COF_CLEANUP(cof_http_answer_free) cof_http_answer answer = {0};
    COF_CLEANUP(cof_http_client_drop_) cof_http_client *client = NULL;
    const cof_http_client_options options = {.ca_path = ((fixture *)*state)->certificate.text,
                                             .retry = {.attempts = 1}};
    assert_int_equal(setenv("https_proxy", "http://127.0.0.1:1", 1), 0);
    assert_ok(cof_http_client_new(&options, &client, NULL));
    assert_ok(send_to(*state, client, (cof_http_call){.method = "GET"}, "/echo/x", &answer, NULL));
    assert_int_equal(unsetenv("https_proxy"), 0);
}

static void a_certificate_of_nobody_known_is_refused(void **state)
{
    fixture other = {0};
    cof_tempdir_make(other.folder);
    make_certificate(&other);
    COF_CLEANUP(cof_http_answer_free) cof_http_answer answer = {0};
    COF_CLEANUP(cof_http_client_drop_) cof_http_client *client = NULL;
    const cof_http_client_options options = {.ca_path = other.certificate.text,
                                             .retry = {.attempts = 1}};
    assert_ok(cof_http_client_new(&options, &client, NULL));
    assert_status(
        send_to(*state, client, (cof_http_call){.method = "GET"}, "/echo/x", &answer, NULL),
        NETWORK);
    cof_tempdir_remove(other.folder);
}

static void a_certificate_for_another_name_is_refused(void **state)
{
    const fixture *f = *state;
    char url[64];
    COF_CLEANUP(cof_http_answer_free) cof_http_answer answer = {0};
    COF_CLEANUP(cof_http_client_drop_) cof_http_client *client = NULL;
    const cof_http_client_options options = {.ca_path = f->certificate.text,
                                             .retry = {.attempts = 1}};
    assert_ok(cof_http_client_new(&options, &client, NULL));
    (void)snprintf(url, sizeof url, "https://127.0.0.1:%u/echo/x", (unsigned)f->port);
    const cof_http_call call = {.method = "GET", .url = url};
    assert_status(cof_http_send(client, &call, &answer, NULL), NETWORK);
}

static void plain_http_needs_permission(void **state)
{
    const fixture *f = *state;
    COF_CLEANUP(cof_http_answer_free) cof_http_answer answer = {0};
    const cof_http_call call = {.method = "GET", .url = "http://127.0.0.1:1/"};
    assert_status(cof_http_send(f->client, &call, &answer, NULL), BAD_ARGUMENT);
}

static void a_line_break_in_a_header_is_refused(void **state)
{
    COF_CLEANUP(cof_http_answer_free) cof_http_answer answer = {0};
    const cof_http_pair headers[] = {{"X-Said", "a\r\nX-More: b"}};
    const cof_http_call call = {.method = "GET", .headers = headers, .header_count = 1};
    assert_status(send_to(*state, ((fixture *)*state)->client, call, "/echo/x", &answer, NULL),
                  BAD_ARGUMENT);
    const cof_http_call bearer = {.method = "GET", .bearer = "a\nb"};
    assert_status(send_to(*state, ((fixture *)*state)->client, bearer, "/echo/x", &answer, NULL),
                  BAD_ARGUMENT);
}

static void a_missing_ca_file_is_a_mistake_of_configuration(void **state)
{
    (void)state;
    cof_http_client *client = NULL;
    const cof_http_client_options options = {.ca_path = "/nonexistent/ca.pem"};
    assert_status(cof_http_client_new(&options, &client, NULL), CONFIG);
}

/* ---- the server ---- */

static int connect_plain(const fixture *f)
{
    const struct sockaddr_in name = {.sin_family = AF_INET,
                                     .sin_port = htons(f->port),
                                     .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&name, sizeof name), 0);
    return fd;
}

/* Milliseconds until the other side closes; at most 3000. */
static int64_t wait_for_end(int fd)
{
    struct timespec a;
    struct timespec b;
    char ignored[512];
    (void)clock_gettime(CLOCK_MONOTONIC, &a);
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    while (poll(&entry, 1, 3000) > 0 && read(fd, ignored, sizeof ignored) > 0) {
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &b);
    return (int64_t)(b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000;
}

static void without_memory_for_tls_nothing_is_served_in_plain_text(void **state)
{
    const fixture *f = *state;
    COF_CLEANUP(cof_http_answer_free) cof_http_answer answer = {0};
    static const char request[] = "GET /echo/x HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert_ok(
        send_to(f, f->client, (cof_http_call){.method = "POST"}, "/no-memory", &answer, NULL));
    for (int i = 0; i < 3; i++) {
        char text[64] = "";
        const int fd = connect_plain(f);
        assert_int_equal(write(fd, request, sizeof request - 1), sizeof request - 1);
        struct pollfd entry = {.fd = fd, .events = POLLIN};
        if (poll(&entry, 1, 2000) > 0) {
            (void)!read(fd, text, sizeof text - 1);
        }
        assert_null(strstr(text, "HTTP"));
        (void)close(fd);
    }
    /* And when there is memory again, it serves. */
    assert_ok(get(f, "/echo/x", &answer));
}

static void a_silent_client_is_cut_off_at_the_deadline(void **state)
{
    const int fd = connect_plain(*state);
    assert_in_range(wait_for_end(fd), REQUEST_MS - 100, REQUEST_MS + 800);
    (void)close(fd);
}

static void a_full_server_closes_whoever_was_silent_the_longest(void **state)
{
    int held[7];
    for (size_t i = 0; i < 7; i++) {
        held[i] = connect_plain(*state);
    }
    struct pollfd first = {.fd = held[0], .events = POLLIN};
    (void)poll(&first, 1, 200);
    assert_true((first.revents & (POLLIN | POLLHUP)) != 0);
    struct pollfd last = {.fd = held[6], .events = POLLIN};
    assert_int_equal(poll(&last, 1, 50), 0);
    for (size_t i = 0; i < 7; i++) {
        (void)close(held[i]);
    }
}

static void a_stream_goes_on_after_the_deadline_and_ends_when_it_is_closed(void **state)
{
    COF_CLEANUP(cof_http_answer_free) cof_http_answer answer = {0};
    assert_ok(get(*state, "/stream", &answer)); /* 600 ms; a request may take 400 */
    assert_view_text(cof_buf_view(&answer.body),
                     "data: first\n\ndata: tick\n\ndata: tick\n\ndata: tick\n\n");
    assert_ok(get(*state, "/closed", &answer));
    assert_view_text(cof_buf_view(&answer.body), "{\"closed\":1}");
}

static void a_reader_that_leaves_ends_its_stream(void **state)
{
    const fixture *f = *state;
    COF_CLEANUP(cof_http_answer_free) cof_http_answer answer = {0};
    COF_CLEANUP(cof_http_client_drop_) cof_http_client *client = NULL;
    const cof_http_client_options options = {
        .ca_path = f->certificate.text, .total_ms = 300, .retry = {.attempts = 1}};
    assert_ok(cof_http_client_new(&options, &client, NULL));
    assert_status(send_to(f, client, (cof_http_call){.method = "GET"}, "/stream", &answer, NULL),
                  TIMEOUT);
    cof_http_client_free(client);
    client = NULL;
    for (int i = 0; i < 20; i++) {
        assert_ok(get(f, "/closed", &answer));
        if (memmem(answer.body.data, answer.body.size, ":2", 2) != NULL) {
            return;
        }
        (void)poll(NULL, 0, 100);
    }
    fail_msg("the stream was not closed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_arrives_whole),
        cmocka_unit_test(refusals_carry_status_and_code),
        cmocka_unit_test(an_internal_failure_tells_no_detail),
        cmocka_unit_test(a_busy_service_is_asked_again),
        cmocka_unit_test(an_answer_over_its_limit_is_refused),
        cmocka_unit_test(a_slow_service_is_a_timeout),
        cmocka_unit_test(a_path_is_sent_as_it_was_given),
        cmocka_unit_test(redirects_are_not_followed),
        cmocka_unit_test(proxies_of_the_environment_are_ignored),
        cmocka_unit_test(a_certificate_of_nobody_known_is_refused),
        cmocka_unit_test(a_certificate_for_another_name_is_refused),
        cmocka_unit_test(plain_http_needs_permission),
        cmocka_unit_test(a_line_break_in_a_header_is_refused),
        cmocka_unit_test(a_missing_ca_file_is_a_mistake_of_configuration),
        cmocka_unit_test(without_memory_for_tls_nothing_is_served_in_plain_text),
        cmocka_unit_test(a_silent_client_is_cut_off_at_the_deadline),
        cmocka_unit_test(a_full_server_closes_whoever_was_silent_the_longest),
        cmocka_unit_test(a_stream_goes_on_after_the_deadline_and_ends_when_it_is_closed),
        cmocka_unit_test(a_reader_that_leaves_ends_its_stream),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, start, stop);
}
