/*
 * The receiving end of a direct transfer, over loopback: cof_receive in a thread, requests from
 * here. The worker is a socket pair; what would go to it is kept.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/cof_tempdir.h"
#include "harness/cof_test.h"
#include "host/agent/receive.h"
#include "host/agent/ticket.h"
#include "host/files/files.h"
#include "host/http/http_client.h"

enum { PLAIN = 100000, SIZE = PLAIN + 110 + 4 + 2 * 16 + 4096, SILENCE_MS = 1000 };

static const char first[] = "11111111111111111111111111111111";
static const char second[] = "22222222222222222222222222222222";
static char folder[COF_TEMPDIR_SIZE];
static cof_path paths[3];
static cof_ticket ticket;
static char listen_text[64];
static cof_contract contract = {.input_count = 1, .inputs = {{.object_count = 2}}};
static char digests[2][2 * COF_DIGEST_SIZE + 1];

typedef struct rig {
    cof_receive_config config;
    cof_interrupt interrupt;
    int worker[2];
    int lifeline[2];
    cof_status sink_status;
    pthread_mutex_t lock;
    cof_buf taken;
    pthread_t thread;
    cof_status status;
    uint64_t size;
} rig;

static cof_status keep(void *context, cof_view bytes, cof_err *err)
{
    rig *self = context;
    (void)pthread_mutex_lock(&self->lock);
    const cof_status status =
        self->sink_status != COF_OK ? self->sink_status : cof_buf_append(&self->taken, bytes, err);
    (void)pthread_mutex_unlock(&self->lock);
    return status;
}

static void *wait_for_object(void *context)
{
    rig *self = context;
    const cof_receive_order order = {.config = &self->config,
                                     .contract = &contract,
                                     .object = &contract.inputs[0].objects[0],
                                     .interrupt = &self->interrupt,
                                     .worker_fd = self->worker[0],
                                     .silence_ms = SILENCE_MS,
                                     .sink = keep,
                                     .context = self};
    self->status = cof_receive(&order, &self->size, NULL);
    return NULL;
}

static void rig_start(rig *self)
{
    *self = (rig){.config = {.listen = listen_text,
                             .ticket_path = paths[0].text,
                             .certificate_path = paths[1].text,
                             .key_path = paths[2].text},
                  .taken = {.limit = 1 << 20},
                  .lock = PTHREAD_MUTEX_INITIALIZER};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, self->worker), 0);
    assert_int_equal(
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, self->lifeline), 0);
    self->interrupt = (cof_interrupt){.signal_fd = -1, .lifeline_fd = self->lifeline[0]};
    assert_int_equal(pthread_create(&self->thread, NULL, wait_for_object, self), 0);
}

static void rig_end(rig *self, const char *status)
{
    assert_int_equal(pthread_join(self->thread, NULL), 0);
    assert_string_equal(cof_status_describe(self->status)->name, status);
    for (int i = 0; i < 2; i++) {
        (void)close(self->worker[i]);
        (void)close(self->lifeline[i]);
    }
    cof_buf_free(&self->taken);
}

/* What is asked; zeroed members are what an honest sender says. */
typedef struct wish {
    const char *method; /* "PUT" */
    const char *digest;
    const char *sender;
    const char *secret;
    const char *query; /* NULL: size and at */
    uint64_t size;
    uint64_t at;
    size_t bytes;
} wish;

/* @return the HTTP status, 0 without an answer. */
static int ask(const wish *w, char *out_code, char *out_body)
{
    static const uint8_t bytes[SIZE + 1] = {1, 2, 3};
    COF_CLEANUP(cof_http_client_drop_) cof_http_client *client = NULL;
    COF_CLEANUP(cof_http_answer_free) cof_http_answer answer = {0};
    char pin[COF_TICKET_PIN_SIZE];
    char url[512];
    char query[128];
    const cof_http_pair sender = {"x-coffer-sender", w->sender != NULL ? w->sender : first};
    assert_ok(cof_ticket_pin(&ticket, pin, NULL));
    const cof_http_client_options options = {
        .pin = pin, .retry = {.attempts = 20, .base_ms = 50, .cap_ms = 100, .budget_ms = 3000}};
    assert_ok(cof_http_client_new(&options, &client, NULL));
    (void)snprintf(query, sizeof query, "size=%llu&at=%llu",
                   (unsigned long long)(w->size != 0 ? w->size : SIZE), (unsigned long long)w->at);
    (void)snprintf(url, sizeof url, "https://127.0.0.1:%u/objects/%s?%s", ticket.port,
                   w->digest != NULL ? w->digest : digests[0], w->query != NULL ? w->query : query);
    const cof_http_call call = {.method = w->method != NULL ? w->method : "PUT",
                                .url = url,
                                .headers = &sender,
                                .header_count = sender.value[0] != '\0' ? 1 : 0,
                                .body = cof_view_of(bytes + w->at % 3, w->bytes),
                                .bearer = w->secret != NULL ? w->secret : ticket.secret};
    (void)!cof_http_send(client, &call, &answer, NULL);
    if (out_code != NULL) {
        memcpy(out_code, answer.code, COF_HTTP_CODE_SIZE);
    }
    if (out_body != NULL) {
        (void)snprintf(out_body, 128, "%.*s", (int)answer.body.size,
                       (const char *)answer.body.data);
    }
    return answer.status;
}

static void expect_refusal(const wish *w, int status, const char *code)
{
    char said[COF_HTTP_CODE_SIZE];
    assert_int_equal(ask(w, said, NULL), status);
    assert_string_equal(said, code);
}

static void an_object_comes_in_pieces(void **state)
{
    rig self;
    char body[128];
    (void)state;
    rig_start(&self);
    assert_int_equal(ask(&(wish){.method = "GET"}, NULL, body), 200);
    assert_string_equal(body, "{\"received\":0,\"state\":\"waiting\"}");
    assert_int_equal(ask(&(wish){.bytes = 60000}, NULL, body), 200);
    assert_string_equal(body, "{\"received\":60000,\"state\":\"waiting\"}");
    /* Its answer was lost, and it comes again: counted once. */
    assert_int_equal(ask(&(wish){.bytes = 60000}, NULL, body), 200);
    assert_string_equal(body, "{\"received\":60000,\"state\":\"waiting\"}");
    assert_int_equal(ask(&(wish){.at = 60000, .bytes = SIZE - 60000}, NULL, body), 200);
    (void)pthread_mutex_lock(&self.lock);
    assert_int_equal(self.taken.size, SIZE);
    (void)pthread_mutex_unlock(&self.lock);
    assert_non_null(strstr(body, "\"state\":\"done\""));
    rig_end(&self, "OK");
    assert_int_equal(self.size, SIZE);
}

static void what_is_not_asked_for_is_refused_and_the_wait_goes_on(void **state)
{
    static const char nobodys[] =
        "3333333333333333333333333333333333333333333333333333333333333333";
    rig self;
    (void)state;
    rig_start(&self);
    expect_refusal(&(wish){.secret = "AAAA", .bytes = 10}, 401, "UNAUTHORIZED");
    expect_refusal(&(wish){.method = "GET", .secret = "AAAA"}, 401, "UNAUTHORIZED");
    expect_refusal(&(wish){.digest = nobodys, .bytes = 10}, 404, "NOT_FOUND");
    expect_refusal(&(wish){.digest = digests[1], .bytes = 10}, 409, "BUSY");
    expect_refusal(&(wish){.size = PLAIN, .bytes = 10}, 400, "BAD_ARGUMENT");
    expect_refusal(&(wish){.size = SIZE + 20000, .bytes = 10}, 400, "BAD_ARGUMENT");
    expect_refusal(&(wish){.query = "size=1e5&at=0", .bytes = 10}, 400, "BAD_ARGUMENT");
    expect_refusal(&(wish){.query = "size=104242", .bytes = 10}, 400, "BAD_ARGUMENT");
    expect_refusal(&(wish){.query = "size=1&at=-1", .bytes = 10}, 400, "BAD_ARGUMENT");
    expect_refusal(&(wish){.sender = "1", .bytes = 10}, 400, "BAD_ARGUMENT");
    expect_refusal(&(wish){.sender = "", .bytes = 10}, 400, "BAD_ARGUMENT");
    expect_refusal(&(wish){.bytes = 0}, 400, "BAD_ARGUMENT");
    expect_refusal(&(wish){.at = 5, .bytes = 10}, 409, "BUSY");
    expect_refusal(&(wish){.bytes = SIZE + 1}, 400, "BAD_ARGUMENT");
    expect_refusal(&(wish){.method = "DELETE"}, 405, "NOT_FOUND");
    assert_int_equal(self.taken.size, 0);
    assert_int_equal(ask(&(wish){.bytes = SIZE}, NULL, NULL), 200);
    rig_end(&self, "OK");
}

static void a_second_sender_is_refused_and_may_go_on_after_silence(void **state)
{
    rig self;
    char body[128];
    (void)state;
    rig_start(&self);
    assert_int_equal(ask(&(wish){.bytes = 1000}, NULL, NULL), 200);
    expect_refusal(&(wish){.sender = second, .at = 1000, .bytes = SIZE - 1000}, 409, "BUSY");
    assert_int_equal(ask(&(wish){.method = "GET", .sender = second}, NULL, body), 200);
    assert_string_equal(body, "{\"received\":1000,\"state\":\"taken\"}");
    /* Another size than the first sender said is another object. */
    expect_refusal(&(wish){.size = SIZE + 1, .at = 1000, .bytes = 10}, 400, "BAD_ARGUMENT");
    (void)usleep((SILENCE_MS + 100) * 1000);
    assert_int_equal(ask(&(wish){.sender = second, .at = 1000, .bytes = SIZE - 1000}, NULL, NULL),
                     200);
    rig_end(&self, "OK");
    assert_int_equal(self.size, SIZE);
}

static void a_worker_that_is_gone_ends_the_wait(void **state)
{
    rig self;
    (void)state;
    rig_start(&self);
    assert_int_equal(ask(&(wish){.bytes = 1000}, NULL, NULL), 200);
    (void)shutdown(self.worker[1], SHUT_RDWR);
    rig_end(&self, "PEER_CLOSED");
}

static void the_end_of_the_lifeline_ends_the_wait(void **state)
{
    rig self;
    (void)state;
    rig_start(&self);
    (void)shutdown(self.lifeline[1], SHUT_RDWR);
    rig_end(&self, "CANCELLED");
    assert_true(self.interrupt.is_abandoned);
}

static void a_worker_that_takes_nothing_ends_the_wait_and_the_sender_is_told(void **state)
{
    rig self;
    (void)state;
    rig_start(&self);
    self.sink_status = COF_E_PEER_CLOSED;
    expect_refusal(&(wish){.bytes = 1000}, 409, "CANCELLED");
    rig_end(&self, "PEER_CLOSED");
}

static void only_the_key_of_the_ticket_is_spoken_to(void **state)
{
    rig self;
    (void)state;
    rig_start(&self);
    assert_int_equal(ask(&(wish){.method = "GET"}, NULL, NULL), 200);
    ticket.key.bytes[0] ^= 1;
    assert_int_equal(ask(&(wish){.bytes = SIZE}, NULL, NULL), 0);
    ticket.key.bytes[0] ^= 1;
    assert_int_equal(self.taken.size, 0);
    assert_int_equal(ask(&(wish){.bytes = SIZE}, NULL, NULL), 200);
    rig_end(&self, "OK");
}

static void sizes_are_those_of_the_formats(void **state)
{
    cof_contract_object object = {.size = 2 * 65536 + 1};
    uint64_t low = 0;
    uint64_t high = 0;
    (void)state;
    cof_receive_sizes(&object, &low, &high);
    assert_int_equal(low, object.size + 110 + 1 + 3 * 16 + 4096);
    assert_int_equal(high, object.size + 110 + 128 + 3 * 16 + 16384);
    object.encryption = COF_CONTRACT_AZURE_CSE_V2;
    cof_receive_sizes(&object, &low, &high);
    assert_int_equal(low, object.size + 16 + 256 + 28);
    assert_int_equal(high, object.size + 16 + 512 + 129 * 28);
}

/* A port that was free a moment ago. */
static int make_ticket(void **state)
{
    static const char *const names[] = {"ticket", "pem", "key"};
    cof_url place;
    (void)state;
    cof_tempdir_make(folder);
    for (int i = 0; i < 3; i++) {
        assert_ok(cof_path_format(&paths[i], NULL, "%s/%s", folder, names[i]));
    }
    (void)snprintf(listen_text, sizeof listen_text, "127.0.0.1:%d", 20000 + getpid() % 20000);
    assert_ok(cof_ticket_parse_place(listen_text, &place, NULL));
    const cof_ticket_files files = {
        .ticket = paths[0].text, .certificate = paths[1].text, .key = paths[2].text};
    assert_ok(cof_ticket_make(&place, &files, &ticket, NULL));
    for (int i = 0; i < 2; i++) {
        cof_contract_object *object = &contract.inputs[0].objects[i];
        memset(object->digest.bytes, 0x11 * (i + 1), sizeof object->digest.bytes);
        object->size = PLAIN;
        cof_digest_text(&object->digest, digests[i]);
    }
    return 0;
}

static int remove_ticket(void **state)
{
    (void)state;
    cof_tempdir_remove(folder);
    return 0;
}

int main(void)
{
    (void)signal(SIGPIPE, SIG_IGN); /* as the agent does: senders hang up */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_object_comes_in_pieces),
        cmocka_unit_test(what_is_not_asked_for_is_refused_and_the_wait_goes_on),
        cmocka_unit_test(a_second_sender_is_refused_and_may_go_on_after_silence),
        cmocka_unit_test(a_worker_that_is_gone_ends_the_wait),
        cmocka_unit_test(the_end_of_the_lifeline_ends_the_wait),
        cmocka_unit_test(a_worker_that_takes_nothing_ends_the_wait_and_the_sender_is_told),
        cmocka_unit_test(only_the_key_of_the_ticket_is_spoken_to),
        cmocka_unit_test(sizes_are_those_of_the_formats),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, make_ticket, remove_ticket);
}
